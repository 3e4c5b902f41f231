"""Parameter groups: what a user sets in `param_groups` takes effect at the next step, also in a step compiled before.

A group is a dict of options over one core optimizer.  'lr' is a Tensor of that optimizer, the user's own where a Tensor was given: a
compiled step reads it.  All other options are its settings, and changing one traces a compiled step again; so does a change of `params`, a
list that tells its group, for which the core optimizer is made anew with the state of the parameters that stay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, TraceError
from gradwerk.nn import optimizer as core
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.torch.options import refuse_special

Settings = Callable[[dict[str, Any]], dict[str, Any]]
NO_SETTING = frozenset({"params", "lr", "initial_lr", "param_names"})
"""Items of a group that are no settings of the rule."""
UNSUPPORTED = ("maximize", "amsgrad", "capturable", "differentiable")
"""Options of torch's groups that change what a step does, and are not here."""


def _telling(name: str) -> Callable[..., Any]:
    """A method of list after which the group looks at its parameters again."""
    plain: Callable[..., Any] = getattr(list, name)

    def change(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        result = plain(self, *args, **kwargs)
        self.group.renew()
        return self if name == "__iadd__" else result

    return change


class Params(list[Any]):
    """The parameters of a group."""

    def __init__(self, items: Iterable[Any], group: Group) -> None:
        super().__init__(items)
        self.group = group

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


for _name in ("append", "clear", "extend", "insert", "pop", "remove", "reverse", "__delitem__", "__iadd__", "__setitem__"):
    setattr(Params, _name, _telling(_name))


class Group(dict[str, Any]):
    """One entry of `param_groups`."""

    def __init__(self, options: dict[str, Any], rule: type[core.Optimizer], settings: Settings) -> None:
        super().__init__(options)
        self.rule, self.settings = rule, settings
        self.optimizer = self._made()
        dict.__setitem__(self, "params", Params(options["params"], self))

    def _made(self) -> core.Optimizer:
        found = settings_of(self, self.settings)
        made = self.rule(_numbered(self["params"]), float(self["lr"]), **found)
        if isinstance(self["lr"], Tensor):
            made.rate = _rate(self["lr"])
        return made

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        """An option; while a step is traced the learning rate as the Tensor that it reads, because the number may be another next time."""
        return self.optimizer.rate if key == "lr" and mode.trace is not None else super().__getitem__(key)

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        if mode.trace is not None:
            likely = "set it outside; a compiled step follows"
            problem = f"param_groups: {key!r} is set inside a compiled function, which happens only while it is traced"
            raise TraceError(problem, likely=likely)
        if key == "params":
            super().__setitem__(key, Params(value, self))
            self.renew()
            return
        if key == "lr":
            if isinstance(value, Tensor) or isinstance(self["lr"], Tensor):
                self.optimizer.rate = _rate(value)
            else:
                self.optimizer.learning_rate = value
        elif key not in NO_SETTING:
            self.optimizer.configure(**settings_of({**self, key: value}, self.settings))
        super().__setitem__(key, value)

    def update(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Sets each item."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other: Any) -> Group:  # type: ignore[override, misc]  # noqa: ANN401
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled whole: items set one by one would be settings that are not complete."""
        options = {**self, "params": list(self["params"])}
        return _restored, (options, self.rule, self.settings, self.optimizer)

    def renew(self) -> None:
        """The core optimizer for the present parameters; those that were there keep their state."""
        before = self.optimizer
        if len(before.targets) == len(self["params"]) and all(map(_same, before.targets.values(), self["params"])):
            return
        self.optimizer = made = self._made()
        places = {id(parameter): place for place, parameter in enumerate(before.targets.values())}
        for name, tensor in before.numbers():
            if tensor is not made.rate:
                getattr(made, name).assign(tensor)
        for slot, tensors in made.slots.items():
            for tensor, parameter in zip(tensors, made.targets.values(), strict=True):
                if id(parameter) in places and slot in before.slots:
                    tensor.assign(before.slots[slot][places[id(parameter)]])


def _same(one: object, other: object) -> bool:
    return one is other


def _rate(value: Any) -> Tensor:  # noqa: ANN401
    """A learning rate as a rule reads it: a Tensor of one float32 itself, so that writing to it takes effect."""
    given = isinstance(value, Tensor) and value.shape == () and value.dtype == dtypes.float32
    return value if given else Tensor(np.asarray(float(value), np.float32))


def _numbered(params: list[Any]) -> dict[str, Any]:
    return {str(number): parameter for number, parameter in enumerate(params)}


def _restored(options: dict[str, Any], rule: type[core.Optimizer], settings: Settings, optimizer: core.Optimizer) -> Group:
    group = Group.__new__(Group)
    dict.update(group, options)
    group.rule, group.settings, group.optimizer = rule, settings, optimizer
    dict.__setitem__(group, "params", Params(options["params"], group))
    return group


def settings_of(options: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """A group's options as settings of its rule.  Raises: ArgumentError for one that is missing, and for what no rule here can do."""
    for name in UNSUPPORTED:
        refuse_special("param_groups", name, options.get(name, False))
    try:
        return settings(options)
    except KeyError as error:
        raise ArgumentError(f"the parameter group has no option {error.args[0]!r}", facts=(f"given: {', '.join(options)}",)) from None


def listed(params: Any) -> tuple[list[Any], list[str]]:  # noqa: ANN401
    """The parameters of a group, and their names where they were given.  Raises: ArgumentTypeError, ArgumentError."""
    if isinstance(params, Tensor):
        return [params], []
    if isinstance(params, (set, frozenset)):
        raise ArgumentTypeError("optimizer parameters need to be organized in ordered collections", likely="pass a list")
    items = list(params)
    named = [item for item in items if isinstance(item, tuple)]
    if named and len(named) != len(items):
        raise ArgumentError("all optimizer params should be with/without names", likely="pass model.parameters()")
    parameters = [item[1] for item in named] if named else items
    for parameter in parameters:
        if not isinstance(parameter, Tensor):
            raise ArgumentTypeError(f"optimizer can only optimize Tensors, but one of the params is {type(parameter).__name__}")
        if not isinstance(parameter, Parameter) and not parameter.is_leaf:
            raise ArgumentError("can't optimize a non-leaf Tensor", facts=(str(parameter._type),), likely="pass the leaf it was made from")
    return parameters, [item[0] for item in named]
