"""torch.optim: parameter groups over `nn.optimizer`, one core optimizer per group."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.nn import optimizer as core
from gradwerk.nn.module import Module
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.creation import zeros_like
from gradwerk.torch.options import accepts

# ruff: noqa: FBT001, FBT002  torch's signatures


class Group(dict[str, Any]):
    """One entry of `param_groups`.  Setting 'lr' assigns the learning rate's Tensor: a compiled step follows without tracing again."""

    def __init__(self, options: dict[str, Any], optimizer: core.Optimizer, settings: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        super().__init__(options)
        self.optimizer, self.settings = optimizer, settings

    def __setitem__(self, key: str, value: Any) -> None:  # noqa: ANN401
        super().__setitem__(key, value)
        if key == "lr":
            self.optimizer.learning_rate = value
        elif key != "initial_lr":
            self.optimizer.configure(**self.settings(self))

    def __reduce__(self) -> tuple[Any, ...]:
        """Copied and pickled whole: items set one by one would be settings that are not complete."""
        return Group, (dict(self), self.optimizer, self.settings)

    def update(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        """Sets each item."""
        for key, value in dict(*args, **kwargs).items():
            self[key] = value


@ORIGINAL.completes("torch.optim.Optimizer")
class Optimizer:
    """The base: `param_groups`, `step`, `zero_grad`, `state_dict`.

    `params` is an iterable of parameters, or of dicts with 'params' and options of their own.
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        if isinstance(params, (Module, Tensor)):
            raise ArgumentTypeError(
                f"the optimizer's params are an iterable of Tensors or dicts, this is one {type(params).__name__}",
                likely="model.parameters()" if isinstance(params, Module) else "[parameter], a list of it",
            )
        given = list(params)
        if not given:
            raise ArgumentError("optimizer got an empty parameter list")
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

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """One more group, with the defaults for what it does not say."""
        params = param_group["params"]
        listed = [params] if isinstance(params, Parameter) else list(params)
        options = {**self.defaults, **param_group, "params": listed}
        settings = self.settings(options)
        optimizer = self.rule(listed, options["lr"], **settings)
        self.param_groups.append(Group(options, optimizer, self.settings))

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
        loss = closure() if closure is not None else None
        for group in self.param_groups:
            group.optimizer.apply()
        return loss

    def state_dict(self) -> dict[str, Any]:
        """State and options as plain data: arrays by path, per group."""
        return {
            "state": [{path: tensor.numpy().copy() for path, tensor in group.optimizer.state().items()} for group in self.param_groups],
            "param_groups": [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups],
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restores what `state_dict` gave."""
        if len(state_dict["param_groups"]) != len(self.param_groups):
            raise ArgumentError("loaded state dict has a different number of parameter groups")
        for group, options, state in zip(self.param_groups, state_dict["param_groups"], state_dict["state"], strict=True):
            group.update(options)
            group.optimizer.load_state(state)


class SGD(Optimizer):
    """Gradient descent: v <- momentum v + (1 - dampening) g; w <- w - lr v (see `nn.optimizer.momentum_of_gradients`)."""

    rule = core.SGD

    @accepts("maximize", "foreach", "differentiable", "fused")
    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, momentum: float = 0.0, dampening: float = 0.0, weight_decay: float = 0.0,
        nesterov: bool = False,
    ) -> None:  # fmt: skip
        defaults = {"lr": lr, "momentum": momentum, "dampening": dampening, "weight_decay": weight_decay, "nesterov": nesterov}
        super().__init__(params, defaults)

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

    @accepts("amsgrad", "foreach", "maximize", "capturable", "differentiable", "fused", "decoupled_weight_decay")
    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.0,
    ) -> None:  # fmt: skip
        super().__init__(params, {"lr": lr, "betas": betas, "eps": eps, "weight_decay": weight_decay})

    def settings(self, options: dict[str, Any]) -> dict[str, Any]:
        """See `nn.optimizer.Adam`."""
        return {
            "beta_1": options["betas"][0], "beta_2": options["betas"][1], "epsilon": options["eps"], "epsilon_hat": False,
            "decay": core.Decay(options["weight_decay"], decoupled=self.decoupled),
        }  # fmt: skip


class AdamW(Adam):
    """Adam with decoupled weight decay."""

    decoupled = True

    @accepts("amsgrad", "maximize", "foreach", "capturable", "differentiable", "fused")
    def __init__(
        self, params: Iterable[Any], lr: float = 1e-3, betas: tuple[float, float] = (0.9, 0.999), eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:  # fmt: skip
        super().__init__(params, lr, betas, eps, weight_decay)
