"""Parameter groups: what a user sets in `param_groups` takes effect at the next step, also in a step compiled before.

A group is a dict of options that counts its changes, its parameters a list that does.  At each step, and whenever a compiled step looks at
what it depends on, the core optimizer of a group that has changed is brought in line with what the dict says then (`followed`): no way to
change a dict needs an answer of its own.  'lr' is a Tensor of the core optimizer, the user's own where a Tensor was given: a compiled step
reads it.  All other options are its settings, and another value traces a compiled step again; so do other parameters, for which a core
optimizer is made anew.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import reduce
from operator import is_
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, MissingOptionError, TraceError
from gradwerk.jit.trace import Moved
from gradwerk.nn import optimizer as core
from gradwerk.nn.optimizer import Step
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.torch.optim.state import Former, recall, remember
from gradwerk.torch.options import refuse_special

Rule = Callable[..., core.Optimizer]
"""What makes the core optimizer of a group."""
Settings = Callable[[dict[str, Any]], dict[str, Any]]
"""torch's options as settings of a core optimizer.  Raises: KeyError for one that is missing."""
UNSUPPORTED = ("capturable", "differentiable")
"""Options of torch's groups that change what a step does, and are not here."""
_FIXED = (bool, int, float, str, type(None), np.generic)
"""What cannot change while it is the same object."""


class Params(list[Any]):
    """The parameters of a group, and how often the list was changed."""

    changes = 0

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


def _counting(name: str) -> Callable[..., Any]:
    """A method of list that changes it."""
    plain: Callable[..., Any] = getattr(list, name)

    def change(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        try:
            result = plain(self, *args, **kwargs)
        finally:
            self.changes += 1
        return self if name in ("__iadd__", "__imul__") else result

    return change


for _name in (
    "append", "clear", "extend", "insert", "pop", "remove", "reverse", "sort", "__delitem__", "__iadd__", "__imul__", "__setitem__",
):  # fmt: skip
    setattr(Params, _name, _counting(_name))


class Group(dict[str, Any]):
    """One entry of `param_groups`.  Without a rule (an optimizer of the user's own) it is a dict and nothing else."""

    def __init__(self, options: dict[str, Any], rule: Rule | None, settings: Settings) -> None:
        super().__init__(options)
        self.rule, self.settings = rule, settings
        self.optimizer: core.Optimizer | None = None
        self.rate = Tensor(np.zeros((), np.float32))
        """The learning rate of the core optimizer, where it is a number."""
        self.members: tuple[Any, ...] = ()
        """The parameters that the core optimizer is of; one that stands there twice is updated twice."""
        self.rounds: list[tuple[bool, ...]] = []
        """Which of the core optimizer's parameters each of its updates in a step is for."""
        self.changes, self.changes_followed = 0, -1
        """How often an option was set, 'lr' apart, and how often when the core optimizer was brought in line; -1 for never in line."""
        self.listed, self.list_followed = Params(), -1
        """The list of the parameters, and its changes then."""
        self.read: frozenset[str] = frozenset()
        """The options that compiled functions have read by themselves."""
        if rule is not None and "params" in options:
            self.take(options["params"])

    def take(self, params: Iterable[Any]) -> None:
        """Makes a list that counts its changes the group's parameters."""
        self.listed = params if isinstance(params, Params) else Params(params)
        super().__setitem__("params", self.listed)
        self.changes += 1

    def in_line(self) -> bool:
        """Whether nothing has changed since `follow`."""
        return self.counted() == (self.changes_followed, self.list_followed)

    # ---- a dict, which is not changed while a step is traced, and whose learning rate is then the Tensor that the step reads

    def __getitem__(self, key: str) -> Any:  # noqa: ANN401
        value = super().__getitem__(key)
        if mode.trace is None or self.optimizer is None:
            return value
        self.note_read({key})
        if key != "lr":
            return value
        self.follow_rate(value)
        return self.optimizer.rate

    def note_read(self, keys: Iterable[str]) -> None:
        """Options are read while a function is traced: from now on they are guards, with which it is traced again."""
        unknown = frozenset(keys) - self.read - {"lr", "params"}
        if unknown:
            self.read |= unknown
            self.changes += 1
            raise Moved

    def __gradwerk_guarded__(self) -> tuple[Any, ...]:
        """What a compiled function depends on that holds the group and not the optimizer."""
        return tuple(super().values()) if self.rule is None else (self.optimizer, self.listed, *self.options_read())

    def options_read(self) -> list[Any]:
        """The values that compiled functions have read by themselves."""
        return [dict.get(self, key) for key in sorted(self.read)]

    def get(self, key: str, default: Any = None) -> Any:  # noqa: ANN401
        """The value of an option, or the default."""
        return self[key] if super().__contains__(key) else default

    def values(self) -> Any:  # noqa: ANN401  as `dict.values`
        """The options' values."""
        return super().values() if mode.trace is None else dict(self.items()).values()

    def items(self) -> Any:  # noqa: ANN401  as `dict.items`
        """The options."""
        if mode.trace is None:
            return super().items()
        if self.optimizer is not None:
            self.note_read(self)
        return [(key, self[key]) for key in self]

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        with self.change(key) as counted:
            if self.rule is None:
                super().__setitem__(key, value)
            elif key == "params":
                self.take(value)
            elif key == "lr":
                number("learning rate", value)
                super().__setitem__(key, value)
                self.follow_rate(value)
                if _is_fixed(value) or isinstance(value, Tensor):  # followed already: a rate may be set before each step
                    counted.clear()
            else:
                with suppress(MissingOptionError):  # of a group that is not complete, which the next step says
                    settings_of({**self, key: value}, self.settings)
                super().__setitem__(key, value)

    @contextmanager
    def change(self, key: str) -> Iterator[list[int]]:
        """Around a change of an option, which is counted when it is made: no thread follows what is not there yet.

        What is taken out of the list that it gives is not counted: the count never goes back, threads compare it.

        Raises: TraceError while a step is traced.
        """
        if mode.trace is not None:
            problem = f"param_groups: {key!r} is set inside a compiled function, which happens only while it is traced"
            raise TraceError(problem, likely="set it outside; a compiled step follows")
        counted = [1]
        try:
            yield counted
        finally:
            self.changes += sum(counted)

    def __delitem__(self, key: str) -> None:
        with self.change(key):
            super().__delitem__(key)

    def pop(self, key: str, *default: Any) -> Any:  # noqa: ANN401
        """Takes an option away."""
        with self.change(key):
            return super().pop(key, *default)

    def popitem(self) -> tuple[str, Any]:
        """Takes the last option away."""
        with self.change("the last option"):
            return super().popitem()

    def clear(self) -> None:
        """Takes all options away."""
        with self.change("every option"):
            super().clear()

    def setdefault(self, key: str, default: Any = None) -> Any:  # noqa: ANN401
        """The value of an option, set where it is missing."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Sets each item."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value

    def __ior__(self, other: Any) -> Group:  # type: ignore[override, misc]  # noqa: ANN401  dict's is overloaded
        self.update(other)
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled whole: items set one by one would be settings that are not complete."""
        return _restored, (dict(self), {name: value for name, value in vars(self).items() if name != "listed"})

    # ---- the core optimizer

    def is_of(self, params: list[Any]) -> bool:
        """Whether the core optimizer is one of these parameters."""
        return len(params) == len(self.members) and all(map(is_, params, self.members))

    def release(self, former: Former) -> None:
        """Gives the state of all parameters away, and the core optimizer with it."""
        if self.optimizer is not None:
            remember(self.optimizer, former)
        self.optimizer, self.members, self.rounds, self.changes_followed = None, (), [], -1

    def renew(self, params: list[Any], former: Former) -> None:
        """A core optimizer of these parameters, with the state that they had."""
        self.members, times = tuple(params), Counter(params)
        if self.rule is None or not params:
            return
        made = self.rule(list(times), 0.0, count_each=True)
        recall(made, former)
        made.rate = self.rate = Tensor(np.zeros((), reduce(dtypes.promoted, [p.dtype for p in times], dtypes.float32)))
        self.rounds = [tuple([often > k for often in times.values()]) for k in range(max(times.values()))]
        self.optimizer = made

    def succeed(self, group: Group) -> None:
        """Takes the place of another group of the same parameters, which nobody follows any more."""
        self.optimizer, self.members, self.rounds, self.rate = group.optimizer, group.members, group.rounds, group.rate
        group.optimizer, group.rate = None, Tensor(np.zeros((), group.rate.dtype))

    def counted(self) -> tuple[int, int]:
        """How often options were set, and the list of parameters changed."""
        return self.changes, self.listed.changes

    def follow(self, counted: tuple[int, int]) -> None:
        """Brings the core optimizer in line with the options.

        `counted` is from before anybody looked at them: another thread may change some meanwhile, which the next step then follows.
        Raises: MissingOptionError; ArgumentError for what no rule here can do.
        """
        changes, listed = counted
        options = dict(super().items())
        if self.optimizer is not None:
            with untraced():
                settings = settings_of(options, self.settings)
            self.optimizer.configure(**settings)
            rate = None
            while rate is not (rate := super().__getitem__("lr")):
                self.follow_rate(rate)
        fixed = all(key == "params" or (key == "lr" and isinstance(value, Tensor)) or _is_fixed(value) for key, value in options.items())
        self.changes_followed, self.list_followed = changes if fixed else -1, listed

    def follow_rate(self, value: Any) -> None:  # noqa: ANN401
        """The learning rate of the core optimizer: the user's Tensor, or the number, written where no trace sees it."""
        if self.optimizer is None:
            return
        self.optimizer.rate = value if isinstance(value, Tensor) else self.rate
        if isinstance(value, Tensor):
            return
        with untraced():
            self.rate.assign(np.asarray(number("learning rate", value), self.rate.dtype))

    def updates(self) -> list[Step]:
        """One step with the gradients that are there: several updates where parameters stand in the list several times."""
        found: list[Step] = []
        if self.optimizer is None:
            return found
        for taking in self.rounds:
            given = [p.grad if takes else None for p, takes in zip(self.optimizer.targets.values(), taking, strict=True)]
            if any(gradient is not None for gradient in given):
                found.append(Step(self.optimizer, given))
        return found


@contextmanager
def untraced() -> Iterator[None]:
    """What options are now is no part of what is traced."""
    trace, mode.under_way = mode.under_way, None
    try:
        yield
    finally:
        mode.under_way = trace


def _restored(options: dict[str, Any], attributes: dict[str, Any]) -> Group:
    group = Group.__new__(Group)
    dict.update(group, options)
    vars(group).update(attributes, listed=Params())
    if group.rule is not None and "params" in options:
        group.take(options["params"])
    return group


def _is_fixed(value: Any) -> bool:  # noqa: ANN401
    return isinstance(value, _FIXED) or (isinstance(value, tuple) and all(isinstance(item, _FIXED) for item in value))


def _missing(key: str, options: Iterable[str]) -> MissingOptionError:
    return MissingOptionError(f"the parameter group has no option {key!r}", facts=(f"given: {', '.join(map(str, options))}",))


def in_line(groups: list[Any], known: list[Group]) -> bool:
    """Whether these are the groups of the last time, and nothing in them has changed."""
    return len(groups) == len(known) and all(map(is_, groups, known)) and all(map(Group.in_line, known))


def followed(groups: list[Any], known: list[Group], former: Former, rule: Rule, settings: Settings) -> None:
    """Brings the core optimizers of all groups in line.

    `known` are the groups of the last time: parameters may have changed from one to another since, and take their state along, which is
    kept in `former` while they are in none.

    Raises: TraceError where other parameters came while a step is traced; MissingOptionError, ArgumentError.
    """
    for place, group in enumerate(groups):
        if not isinstance(group, Group):
            groups[place] = Group(group, rule, settings)
    counts = [group.counted() for group in groups]
    if incomplete := [group for group in groups if "params" not in group]:
        raise _missing("params", incomplete[0])
    changed = [group for group in groups if not group.is_of(group.listed)]
    gone = [group for group in known if not _stands_in(group, groups)]
    if changed or gone:
        if mode.trace is not None and (gone or any(_stands_in(group, known) for group in changed)):
            for group in known:
                list.__setitem__(group.listed, slice(None), group.members)
            problem = "the parameters of an optimizer are changed inside a compiled function, which happens only while it is traced"
            raise TraceError(problem, likely="change them outside; a compiled step follows")
        for group in (*changed, *gone):
            group.release(former)
        for group in changed:
            group.renew(group.listed, former)
        known[:] = groups
    for group, counted in zip(groups, counts, strict=True):
        if not group.in_line():
            group.follow(counted)


def _stands_in(group: Group, groups: Iterable[Group]) -> bool:
    return any(group is other for other in groups)


def settings_of(options: dict[str, Any], settings: Settings) -> dict[str, Any]:
    """A group's options as settings of its rule.  Raises: MissingOptionError; ArgumentError for what no rule here can do."""
    for name in UNSUPPORTED:
        refuse_special("param_groups", name, options.get(name, False), default=False)
    try:
        number("learning rate", options["lr"])
        return settings(options)
    except KeyError as error:
        raise _missing(error.args[0], options) from None


def number(name: str, value: Any) -> float:  # noqa: ANN401
    """An option that is a number: Python's, NumPy's, or a Tensor of one element.  Raises: ArgumentTypeError."""
    try:
        held = float(value)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"Invalid {name}: {value!r}", likely="give a number") from None
    if isinstance(value, (str, bytes)):
        raise ArgumentTypeError(f"Invalid {name}: {value!r}", likely=f"write {held}")
    return held


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
