"""torch.optim: parameter groups over `nn.optimizer`, one core optimizer per group."""

from __future__ import annotations

import copy
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, MutableMapping
from itertools import chain
from typing import Any, ClassVar

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.base.origin import warn
from gradwerk.jit.guards import forbid_mutation
from gradwerk.nn import optimizer as core
from gradwerk.nn.module import Module
from gradwerk.nn.updates import Decay
from gradwerk.tensor.grad import enable_grad
from gradwerk.tensor.state import mode, outside
from gradwerk.tensor.tensor import Tensor
from gradwerk.tensor.whole import update_all
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.optim.groups import Group, Rule, followed, in_line, listed, number, settings_of, untraced
from gradwerk.torch.optim.state import COUNT, Former, Names, State, fitting, grow
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import clear_gradient

# ruff: noqa: FBT001, FBT002  torch's signatures


@ORIGINAL.completes("torch.optim.Optimizer")
class Optimizer:
    """The base: `param_groups`, `state`, `step`, `zero_grad`, `state_dict`.

    `params` is an iterable of parameters, of (name, parameter), or of dicts with 'params' and options of their own.  A subclass of one's
    own writes `step`, as in torch, and keeps what it likes in `state`.

    Raises: ArgumentError for no parameters, ArgumentTypeError for a module or a single Tensor.
    """

    rule: Rule | None = None
    """What makes the core optimizer of a group."""
    names: ClassVar[Names] = {}
    """What torch calls its slots."""
    old_defaults: ClassVar[dict[str, Any]] = {}
    """Options that state dicts of older versions lack, and what they are then."""
    __gradwerk_own__ = frozenset({"param_groups", "_known", "_guarded", "_former", "_shown", "_own_state", "_waits"})
    """Attributes that compiled steps follow in other ways.  All others are guards where code names them."""

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        outside("an optimizer is made")
        if isinstance(params, (Module, Tensor)):
            raise ArgumentTypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {type(params).__name__}",
                likely="model.parameters()" if isinstance(params, Module) else "[parameter], a list of it",
            )
        if callable(params) and not isinstance(params, Iterable):
            name = getattr(params, "__name__", "params")
            raise ArgumentTypeError(f"{type(params).__name__} object is not iterable", likely=f"call it: model.{name}()")
        given = list(params)
        if not given:
            likely = "" if isinstance(params, (list, tuple)) else "the module has none, or a generator of them was used up: list(...)"
            raise ArgumentError("optimizer got an empty parameter list", likely=likely)
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.defaults = defaults
        self.param_groups: list[Any] = []
        self._known: list[Group] = []
        self._guarded: tuple[Any, ...] = ()
        self._former: Former = {}
        self._waits = False
        """Whether a parameter has no elements yet, nor slots."""
        self._shown: set[Any] = set()
        self._own_state: defaultdict[Any, Any] = defaultdict(dict)
        for group in groups:
            self.add_param_group(group)

    def __setattr__(self, name: str, value: object) -> None:
        if mode.trace is not None and (name not in self.__gradwerk_own__ or not vars(self)):
            mode.trace.forbid(self, name)
        object.__setattr__(self, name, value)

    def __delattr__(self, name: str) -> None:
        forbid_mutation(self, name)
        object.__delattr__(self, name)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """torch's options as settings of the core optimizer.  Raises: KeyError for one that is missing."""
        return options

    def followed(self) -> list[Group]:
        """The groups, each with its core optimizer as its parameters and options are now."""
        if self.rule is None:
            raise StateError(f"{type(self).__name__} defines no step", likely="write `def step(self, closure=None): ...`")
        if not in_line(self.param_groups, self._known):
            followed(self.param_groups, self._known, self._former, self.rule, self.settings)
            self._guarded = (*[group.optimizer for group in self._known], *chain(*[group.options_read() for group in self._known]))
        if self._waits:
            with untraced():
                self._waits = True in [grow(group.optimizer) for group in self._known if group.optimizer is not None]
        return self._known

    def __gradwerk_guarded__(self) -> tuple[Any, ...]:
        """What a compiled step depends on beside Tensors: the groups' core optimizers, with their settings, and options it has read."""
        if self.rule is None:
            return (vars(self),)
        self.followed()
        return self._guarded

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """One more group, with the defaults for what it does not say.  Raises: ArgumentError for a parameter that is in another group."""
        if not isinstance(param_group, dict):
            raise ArgumentTypeError(f"param_group must be a dict, but got {type(param_group).__name__}", likely='{"params": [...]}')
        params, names = listed(param_group["params"])
        before = {id(parameter) for group in self.param_groups for parameter in group["params"]}
        if any(id(parameter) in before for parameter in params):
            raise ArgumentError("some parameters appear in more than one parameter group")
        if any(("param_names" in group) is not bool(names) for group in self.param_groups):
            raise ArgumentError("all optimizer param groups should be with/without names", likely="give names for all parameters, or none")
        if len({id(parameter) for parameter in params}) != len(params):
            warn("optimizer contains a parameter group with duplicate parameters")
        options = {**param_group, "params": params} | ({"param_names": names} if names else {})
        options |= {key: value for key, value in self.defaults.items() if key not in options}
        if self.rule is not None:
            settings_of(options, self.settings)
        self.param_groups.append(Group(options, self.rule, self.settings))
        if self.rule is not None:
            self._waits = self._waits or not all(parameter.numel() for parameter in params)
            self.followed()

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of all parameters, or makes them zeros."""
        for group in self.param_groups:
            for parameter in group["params"]:
                clear_gradient(parameter, set_to_none=set_to_none)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401
        """One update from the parameters' `.grad`; the closure's loss, if one is given."""
        if hasattr(self, "_opt_called"):  # a scheduler wants to know; of a compiled step it looks at what was written
            vars(self)["_opt_called"] = True
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        update_all([update for group in self.followed() for update in group.updates()])
        return loss

    # ---- state

    @property
    def state(self) -> MutableMapping[Any, Any]:
        """What each parameter that had a step or was given some has, by torch's names: the Tensors that the next step reads."""
        if self.rule is None:
            return self._own_state
        optimizers = [group.optimizer for group in self.followed() if group.optimizer is not None]
        return State(optimizers, self._former, self.names, self._shown)

    @state.setter
    def state(self, value: Mapping[Any, Any]) -> None:
        if self.rule is None:
            self._own_state = value if isinstance(value, defaultdict) else defaultdict(dict, value)
            return
        entries, state = dict(value), self.state
        state.clear()
        for parameter, held in entries.items():
            state[parameter] = held

    def state_dict(self) -> dict[str, Any]:
        """State and options as plain data, parameters by number.  The Tensors are those of the optimizer, not copies."""
        places: dict[int, int] = {}
        groups, number = [], 0
        for group in self.param_groups:
            for place, parameter in enumerate(group["params"], number):
                places.setdefault(id(parameter), place)
            number += len(group["params"])
            held = {key: value for key, value in group.items() if key != "params"}
            groups.append({**held, "params": [places[id(parameter)] for parameter in group["params"]]})
        kept = {places.get(id(owner), owner): dict(held) if self.rule is not None else held for owner, held in self.state.items()}
        return {"state": {owner: held for owner, held in kept.items() if not isinstance(owner, Tensor)}, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` gave.

        Raises: ArgumentError where groups or their numbers of parameters differ, ShapeError for the state of other parameters; then
        nothing is restored.
        """
        saved = [dict(group) for group in state_dict["param_groups"]]
        if len(saved) != len(self.param_groups):
            raise ArgumentError("loaded state dict has a different number of parameter groups")
        if any(len(group["params"]) != len(own["params"]) for group, own in zip(saved, self.param_groups, strict=True)):
            raise ArgumentError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        owners = dict(
            zip(chain.from_iterable(g["params"] for g in saved), chain.from_iterable(g["params"] for g in self.param_groups), strict=True)
        )
        state = {owners.get(place, place): held for place, held in state_dict["state"].items()}
        groups = [self._loaded(own, group) for own, group in zip(self.param_groups, saved, strict=True)]
        if self.rule is None:
            self.param_groups, self.state = groups, {owner: copy.deepcopy(held) for owner, held in state.items()}
            return
        entries = {owner: fitting(owner, held, self.names) for owner, held in state.items() if isinstance(owner, Tensor)}
        for own, group in zip(self.followed(), groups, strict=True):
            group.succeed(own)
        self.param_groups, self._known = [*groups], groups
        self.state = entries

    def _loaded(self, own: Any, group: dict[str, Any]) -> Group:  # noqa: ANN401  a Group
        """A saved group with the parameters and names of the present one."""
        held = {key: copy.deepcopy(value) for key, value in group.items() if key != "params"} | {"params": own["params"]}
        if "param_names" in own:
            held.setdefault("param_names", own["param_names"])
        held = self.old_defaults | held
        if self.rule is not None:
            settings_of(held, self.settings)
        return Group(held, self.rule, self.settings)

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for place, group in enumerate(self.param_groups):
            lines += [""] * bool(place) + [f"Parameter Group {place}"]
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key != "params"]
        return "\n".join([*lines, ")"])


def in_range(name: str, value: Any, high: float = math.inf, *, strictly: bool = False) -> None:  # noqa: ANN401
    """A number of 0 <= value < high, infinity where there is no `high`.  NaN is refused `strictly` only, as torch's rules differ.

    Raises: ArgumentError, ArgumentTypeError.
    """
    held = number(name, value)
    if held < 0.0 or (strictly and held != held) or held >= high < math.inf:
        raise ArgumentError(f"Invalid {name}: {value}")


def check_rate(lr: Any, *, strictly: bool) -> None:  # noqa: ANN401
    """A learning rate from 0, a Tensor of one element at most.  Raises: ArgumentError, ArgumentTypeError."""
    if isinstance(lr, Tensor) and lr._type.size != 1:
        raise ArgumentError("Tensor lr must be 1-element", facts=(f"Tensor {lr._type}",))
    in_range("learning rate", lr, strictly=strictly)


def hinted(options: dict[str, Any], *names: str) -> None:
    """Options that ask for speed have to be there, and change nothing here.  Raises: KeyError."""
    for name in names:
        options[name]


def _check_ways(options: dict[str, Any]) -> None:
    if options["fused"] and options["differentiable"]:
        raise ArgumentError("`fused` does not support `differentiable`")
    if options["fused"] and options["foreach"]:
        raise ArgumentError("`fused` and `foreach` cannot be `True` together.")


class SGD(Optimizer):
    """Gradient descent: v <- momentum v + (1 - dampening) g; w <- w - lr v (see `nn.optimizer.momentum_of_gradients`).

    Raises: ArgumentError for Nesterov's form without momentum, or with dampening.
    """

    rule = core.SGD
    names = {"momentum_buffer": "velocity"}
    old_defaults = {"nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": False}

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        check_rate(options["lr"], strictly=False)
        in_range("momentum value", options["momentum"])
        in_range("weight_decay value", options["weight_decay"])
        if options["nesterov"] and (options["momentum"] <= 0 or options["dampening"] != 0):
            raise ArgumentError("Nesterov momentum requires a momentum and zero dampening", facts=(f"momentum {options['momentum']}",))
        _check_ways(options)
        super().__init__(params, options)

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.optimizer.SGD`."""
        hinted(options, "foreach", "fused")
        return {
            "momentum": number("momentum value", options["momentum"]), "dampening": number("dampening value", options["dampening"]),
            "nesterov": bool(options["nesterov"]), "decay": Decay(number("weight_decay value", options["weight_decay"])),
            "maximize": bool(options["maximize"]), "velocity_of_steps": False,
        }  # fmt: skip


class Adam(Optimizer):
    """Adam (see `nn.optimizer.adam`); weight decay is added to the gradient.

    Raises: ArgumentError for betas of two kinds, or a Tensor as the rate where it is not capturable.
    """

    rule = core.Adam
    names = {"step": COUNT, "exp_avg": "first_moment", "exp_avg_sq": "second_moment", "max_exp_avg_sq": "largest_moment"}
    old_defaults = {
        "amsgrad": False, "maximize": False, "foreach": None, "capturable": False, "differentiable": False,
        "decoupled_weight_decay": False, "fused": None,
    }  # fmt: skip

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        if isinstance(options["lr"], Tensor) and options["foreach"] and not options["capturable"]:
            raise ArgumentError("lr as a Tensor is not supported for capturable=False and foreach=True")
        check_rate(options["lr"], strictly=True)
        in_range("epsilon value", options["eps"], strictly=True)
        betas = options["betas"]
        for place in (0, 1):
            in_range(f"beta parameter at index {place}", betas[place], high=1.0, strictly=True)
        in_range("weight_decay value", options["weight_decay"], strictly=True)
        if {isinstance(beta, float) for beta in betas[:2]} != {True} and {isinstance(beta, Tensor) for beta in betas[:2]} != {True}:
            raise ArgumentError("betas must be either both floats or both Tensors", facts=(f"betas {betas}",))
        _check_ways(options)
        super().__init__(params, options | {"betas": tuple(betas)})

    @staticmethod
    def settings(options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.optimizer.Adam`."""
        hinted(options, "foreach", "fused")
        beta_1, beta_2 = options["betas"]
        decay = number("weight_decay value", options["weight_decay"])
        return {
            "beta_1": number("beta parameter at index 0", beta_1), "beta_2": number("beta parameter at index 1", beta_2),
            "epsilon": number("epsilon value", options["eps"]), "epsilon_hat": False, "amsgrad": bool(options["amsgrad"]),
            "decay": Decay(decay, decoupled=bool(options["decoupled_weight_decay"])), "maximize": bool(options["maximize"]),
        }  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled weight decay."""

    @as_recorded()
    def __init__(self, params: Iterable[Any], **options: Any) -> None:  # noqa: ANN401  each of its own kind
        super().__init__(params, **options, decoupled_weight_decay=True)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """As Adam's; the decay is decoupled, whatever was saved."""
        super().load_state_dict(state_dict)
        self.__setstate__({})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """As torch's: copied, unpickled or loaded, it is an AdamW again."""
        vars(self).update(state)
        for group in self.param_groups:
            group["decoupled_weight_decay"] = True
