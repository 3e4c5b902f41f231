"""torch.optim: parameter groups over `nn.optimizer`, one core optimizer per group."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.base.origin import warn
from gradwerk.nn import optimizer as core
from gradwerk.nn.module import Module
from gradwerk.tensor.grad import enable_grad
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.creation import zeros_like
from gradwerk.torch.optim.groups import Group, listed, settings_of
from gradwerk.torch.options import accepts

# ruff: noqa: FBT001, FBT002  torch's signatures


@ORIGINAL.completes("torch.optim.Optimizer")
class Optimizer:
    """The base: `param_groups`, `step`, `zero_grad`, `state_dict`.

    `params` is an iterable of parameters, of (name, parameter), or of dicts with 'params' and options of their own.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, (Module, Tensor)):
            raise ArgumentTypeError(
                f"params argument given to the optimizer should be an iterable of Tensors or dicts, but got {type(params).__name__}",
                likely="model.parameters()" if isinstance(params, Module) else "[parameter], a list of it",
            )
        given = list(params)
        if not given:
            likely = "" if isinstance(params, (list, tuple)) else "the module has none, or a generator of them was used up: list(...)"
            raise ArgumentError("optimizer got an empty parameter list", likely=likely)
        groups = given if isinstance(given[0], dict) else [{"params": given}]
        self.defaults = defaults
        self.param_groups: list[Group] = []
        for group in groups:
            self.add_param_group(group)

    rule: type[core.Optimizer]
    """The core optimizer of a group."""

    def settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """torch's options as settings of the core optimizer.  A subclass writes it."""
        raise StateError(f"{type(self).__name__} defines no settings", likely="write `def settings(self, options): ...` and `rule`")

    def __gradwerk_guarded__(self) -> tuple[Any, ...]:
        """What a compiled step depends on beside Tensors: the groups' core optimizers, which know their settings."""
        return tuple([group.optimizer for group in self.param_groups])

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """One more group, with the defaults for what it does not say.  Raises: ArgumentError for a parameter that is in another group."""
        if not isinstance(param_group, dict):
            raise ArgumentTypeError(f"param_group must be a dict, but got {type(param_group).__name__}", likely='{"params": [...]}')
        params, names = listed(param_group["params"])
        before = {id(parameter) for group in self.param_groups for parameter in group["params"]}
        if any(id(parameter) in before for parameter in params):
            raise ArgumentError("some parameters appear in more than one parameter group")
        if len({id(parameter) for parameter in params}) != len(params):
            warn("optimizer contains a parameter group with duplicate parameters")
        options = {"params": params, **{key: value for key, value in param_group.items() if key != "params"}}
        options |= {key: value for key, value in self.defaults.items() if key not in options}
        if names:
            options["param_names"] = names
        settings_of(options, self.settings)
        self.param_groups.append(Group(options, self.rule, self.settings))

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forgets the gradients of all parameters, or makes them zeros."""
        for group in self.param_groups:
            if set_to_none:
                group.optimizer.zero_grad()
                continue
            for parameter in group["params"]:
                parameter.grad = None if parameter.grad is None else zeros_like(parameter.grad)

    def step(self, closure: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401
        """One update from the parameters' `.grad`; the closure's loss, if one is given."""
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        for group in self.param_groups:
            group.optimizer.apply()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State and options as plain data: arrays by path, per group."""
        number, groups = 0, []
        for group in self.param_groups:
            places = list(range(number, number := number + len(group["params"])))
            groups.append({**{k: v for k, v in group.items() if k != "params"}, "params": places})
        return {
            "state": [{path: np.array(tensor.numpy()) for path, tensor in group.optimizer.state().items()} for group in self.param_groups],
            "param_groups": groups,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` gave.  Raises: ArgumentError where groups or their numbers of parameters differ."""
        if len(state_dict["param_groups"]) != len(self.param_groups):
            raise ArgumentError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(self.param_groups, state_dict["param_groups"], strict=True))
        if any("params" in options and len(options["params"]) != len(group["params"]) for group, options in pairs):
            raise ArgumentError("loaded state dict contains a parameter group that doesn't match the size of optimizer's group")
        for (group, options), state in zip(pairs, state_dict["state"], strict=True):
            given = {key: value.clone() if isinstance(value, Tensor) else value for key, value in options.items() if key != "params"}
            group.update(given)
            group.optimizer.load_state(state)
            if "lr" in given:  # what stands there, which somebody may have edited, and not what the last step used
                group["lr"] = given["lr"]

    def __repr__(self) -> str:
        lines = [f"{type(self).__name__} ("]
        for number, group in enumerate(self.param_groups):
            lines.append(f"Parameter Group {number}")
            lines += [f"    {key}: {group[key]}" for key in sorted(group) if key not in ("params", "param_names")]
        return "\n".join([*lines, ")"])


def in_range(name: str, value: Any, low: float = 0.0, high: float = math.inf) -> Any:  # noqa: ANN401
    """A number of low <= value < high.  Raises: ArgumentError, ArgumentTypeError."""
    try:
        held = float(value)
    except (TypeError, ValueError):
        raise ArgumentTypeError(f"Invalid {name}: {value!r}", likely="give a number") from None
    if not low <= held < high:
        raise ArgumentError(f"Invalid {name}: {value}")
    return value


class SGD(Optimizer):
    """Gradient descent: v <- momentum v + (1 - dampening) g; w <- w - lr v (see `nn.optimizer.momentum_of_gradients`)."""

    rule = core.SGD

    @accepts("maximize", "foreach", "differentiable", "fused")
    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0, dampening: float = 0, weight_decay: float = 0,
        nesterov: bool = False,
    ) -> None:  # fmt: skip
        in_range("learning rate", lr)
        in_range("momentum value", momentum)
        in_range("weight_decay value", weight_decay)
        if nesterov and (momentum <= 0 or dampening):
            raise ArgumentError("Nesterov momentum requires a momentum and zero dampening", facts=(f"momentum {momentum}",))
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
        super().__init__(params, {**defaults, "maximize": False, "foreach": None, "differentiable": False, "fused": None})

    def settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.optimizer.SGD`."""
        return {
            "momentum": options["momentum"], "nesterov": options["nesterov"], "dampening": options["dampening"],
            "decay": core.Decay(options["weight_decay"]), "velocity_of_steps": False,
        }  # fmt: skip


class Adam(Optimizer):
    """Adam (see `nn.optimizer.adam`); weight decay is added to the gradient."""

    rule = core.Adam
    decoupled = False

    @accepts(
        "amsgrad", "foreach", "maximize", "capturable", "differentiable", "fused", "decoupled_weight_decay",
        order="params lr betas eps weight_decay amsgrad",
    )  # fmt: skip
    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0,
    ) -> None:  # fmt: skip
        in_range("learning rate", lr)
        in_range("epsilon value", eps)
        for place, beta in enumerate(betas):
            in_range(f"beta parameter at index {place}", beta, high=1.0)
        in_range("weight_decay value", weight_decay)
        defaults = {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay, "amsgrad": False, "maximize": False}
        plain = {"foreach": None, "capturable": False, "differentiable": False, "fused": None}
        super().__init__(params, {**defaults, **plain, "decoupled_weight_decay": self.decoupled})

    def settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.optimizer.Adam`."""
        return {
            "beta_1": options["betas"][0], "beta_2": options["betas"][1], "epsilon": options["eps"], "epsilon_hat": False,
            "decay": core.Decay(options["weight_decay"], decoupled=bool(options["decoupled_weight_decay"])),
        }  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled weight decay."""

    decoupled = True

    @accepts(
        "amsgrad", "maximize", "foreach", "capturable", "differentiable", "fused", order="params lr betas eps weight_decay amsgrad"
    )
    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay)
