"""torch.optim.lr_scheduler.CyclicLR over nn.annealing."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn import annealing
from gradwerk.torch.optim.optimizers import Optimizer
from gradwerk.torch.optim.scheduler import LRScheduler, Rates, checked_optimizer, for_groups
from gradwerk.torch.options import as_recorded


class CyclicLR(LRScheduler):
    """Between base_lr and max_lr, up in `step_size_up` steps and down in `step_size_down`, again and again.  Momentum goes against it, and
    another momentum traces a compiled step again: `cycle_momentum=False` does not.

    Source: Smith, 2015, "Cyclical learning rates for training neural networks".
    Raises: ArgumentError for steps of 0, another mode, or an optimizer without momentum to cycle.
    """

    @as_recorded()
    def __init__(
        self, optimizer: Optimizer, base_lr: float | list[float], max_lr: float | list[float], step_size_up: int = 2000,
        step_size_down: int | None = None, mode: str = "triangular", gamma: float = 1.0, scale_fn: Callable[[float], float] | None = None,
        scale_mode: str = "cycle", cycle_momentum: bool = True,  # noqa: FBT001, FBT002
        base_momentum: float | list[float] = 0.8, max_momentum: float | list[float] = 0.9, last_epoch: int = -1,
    ) -> None:  # fmt: skip
        self.optimizer = checked_optimizer(optimizer)
        base_lrs = for_groups("base_lr", optimizer, base_lr)
        for rate, group in zip(base_lrs, optimizer.param_groups if last_epoch == -1 else (), strict=last_epoch == -1):
            group["lr"] = rate
        self.max_lrs = for_groups("max_lr", optimizer, max_lr)
        up, down = float(step_size_up), float(step_size_up if step_size_down is None else step_size_down)
        if up <= 0 or down < 0:
            raise ArgumentError("CyclicLR: step_size_up is above 0, and step_size_down not below it", facts=(f"{up:g} and {down:g}",))
        self.total_size = up + down
        self.step_ratio = up / self.total_size
        if mode not in annealing.CYCLES and scale_fn is None:
            raise ArgumentError("mode is invalid and scale_fn is None", facts=(f"mode {mode!r}, known: {', '.join(annealing.CYCLES)}",))
        self.mode, self.gamma, self._scale_fn_custom = mode, gamma, scale_fn
        self.scale_mode = scale_mode if scale_fn is not None else annealing.CYCLES[mode][0]
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            defaults = optimizer.defaults
            if "momentum" not in defaults and "betas" not in defaults:
                raise ArgumentError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
            self.use_beta1 = "betas" in defaults
            self.base_momentums = for_groups("base_momentum", optimizer, base_momentum)
            self.max_momentums = for_groups("max_momentum", optimizer, max_momentum)
            for place, group in enumerate(optimizer.param_groups if last_epoch == -1 else ()):
                self.set_momentum(group, self.max_momentums[place])
                group["max_momentum"], group["base_momentum"] = self.max_momentums[place], self.base_momentums[place]
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def set_momentum(self, group: Any, value: float) -> None:  # noqa: ANN401
        """Another momentum of a group: another setting of its rule."""
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value

    def scale_fn(self, x: float) -> float:
        """The height of a cycle, or at a step."""
        custom = self._scale_fn_custom
        return annealing.CYCLES[self.mode][1](x, self.gamma) if custom is None else custom(x)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`; sets the momentum."""
        self.rates()  # warns where somebody else asks
        cycle, height = annealing.in_cycle(self.last_epoch, self.total_size, self.step_ratio)
        height *= self.scale_fn(cycle if self.scale_mode == "cycle" else self.last_epoch)
        for place, group in enumerate(self.optimizer.param_groups if self.cycle_momentum else ()):
            self.set_momentum(group, annealing.line(self.max_momentums[place], self.base_momentums[place], height))
        return [annealing.line(low, high, height) for low, high in zip(self.base_lrs, self.max_lrs, strict=True)]

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer and a function; of an object that is called, its attributes."""
        custom = self._scale_fn_custom
        held = None if custom is None or isinstance(custom, FunctionType) else dict(vars(custom))
        return super().state_dict() | {"_scale_fn_custom": held}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Goes on from what `state_dict` gave, with the function that is here."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None:
            vars(self._scale_fn_custom).update(state_dict["_scale_fn_custom"])
