"""torch.optim.lr_scheduler: PyTorch's names over nn.annealing."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn import annealing
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.optim.cyclic import CyclicLR
from gradwerk.torch.optim.optimizers import Optimizer
from gradwerk.torch.optim.plateau import ReduceLROnPlateau
from gradwerk.torch.optim.scheduler import (
    ByFunction,
    ChainedScheduler,
    Lambda,
    LRScheduler,
    Rates,
    SequentialLR,
    check_outside,
    checked_optimizer,
    counted_steps,
    for_groups,
)
from gradwerk.torch.options import as_recorded


class LambdaLR(ByFunction):
    """rate = base * lr_lambda(epoch)."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, lr_lambda: Lambda | list[Lambda], last_epoch: int = -1) -> None:
        self.take(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        return [base * function(self.last_epoch) for function, base in zip(self.lr_lambdas, self.bases(), strict=True)]


class MultiplicativeLR(ByFunction):
    """rate <- rate * lr_lambda(epoch)."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, lr_lambda: Lambda | list[Lambda], last_epoch: int = -1) -> None:
        self.take(optimizer, lr_lambda)
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        if self._is_initial:
            return self.rates()
        return [rate * function(self.last_epoch) for function, rate in zip(self.lr_lambdas, self.rates(), strict=True)]


class StepLR(LRScheduler):
    """rate <- rate * gamma, every `step_size` epochs."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, step_size: int, gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.step_size, self.gamma = step_size, gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        return self.rates() if self.last_epoch == 0 or self.last_epoch % self.step_size else self.times(self.gamma)

    def _get_closed_form_lr(self) -> Rates:
        return [base * self.gamma ** (self.last_epoch // self.step_size) for base in self.bases()]


class MultiStepLR(LRScheduler):
    """rate <- rate * gamma, at each milestone; one that is named twice counts twice."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, milestones: Iterable[int], gamma: float = 0.1, last_epoch: int = -1) -> None:
        self.milestones, self.gamma = Counter(milestones), gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        return self.times(self.gamma ** self.milestones[self.last_epoch]) if self.last_epoch in self.milestones else self.rates()

    def _get_closed_form_lr(self) -> Rates:
        passed = bisect_right(sorted(self.milestones.elements()), self.last_epoch)
        return [base * self.gamma**passed for base in self.bases()]


class ConstantLR(LRScheduler):
    """rate = base * factor, and base from epoch `total_iters` on.  Raises: ArgumentError for a factor outside 0..1."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, factor: float = 1.0 / 3, total_iters: int = 5, last_epoch: int = -1) -> None:
        if not 0 <= factor <= 1.0:
            raise ArgumentError("Constant multiplicative factor expected to be between 0 and 1.")
        self.factor, self.total_iters = factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        if self.last_epoch == 0:
            return self.times(self.factor)
        return self.rates() if self.last_epoch != self.total_iters else self.times(1.0 / self.factor)

    def _get_closed_form_lr(self) -> Rates:
        return [base * (self.factor + (self.last_epoch >= self.total_iters) * (1 - self.factor)) for base in self.bases()]


class LinearLR(LRScheduler):
    """From base * start_factor to base * end_factor on a straight line of `total_iters` epochs.

    Raises: ArgumentError for factors outside 0..1.
    """

    @as_recorded()
    def __init__(
        self, optimizer: Optimizer, start_factor: float = 1.0 / 3, end_factor: float = 1.0, total_iters: int = 5, last_epoch: int = -1
    ) -> None:
        if not 0 < start_factor <= 1.0:
            raise ArgumentError("Starting multiplicative factor expected to be greater than 0 and less or equal to 1.")
        if not 0 <= end_factor <= 1.0:
            raise ArgumentError("Ending multiplicative factor expected to be between 0 and 1.")
        self.start_factor, self.end_factor, self.total_iters = start_factor, end_factor, total_iters
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        if self.last_epoch == 0:
            return self.times(self.start_factor)
        if self._is_initial or self.last_epoch > self.total_iters:
            return self.rates()
        return self.times(annealing.line_factor(self.last_epoch, self.total_iters, self.start_factor, self.end_factor))

    def _get_closed_form_lr(self) -> Rates:
        share = min(self.total_iters, self.last_epoch) / self.total_iters
        return [base * annealing.line(self.start_factor, self.end_factor, share) for base in self.bases()]


class ExponentialLR(LRScheduler):
    """rate <- rate * gamma."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, gamma: float, last_epoch: int = -1) -> None:
        self.gamma = gamma
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        return self.rates() if self._is_initial else self.times(self.gamma)

    def _get_closed_form_lr(self) -> Rates:
        return [base * self.gamma**self.last_epoch for base in self.bases()]


class PolynomialLR(LRScheduler):
    """rate = base * (1 - epoch / total_iters)^power."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, total_iters: int = 5, power: float = 1.0, last_epoch: int = -1) -> None:
        self.total_iters, self.power = total_iters, power
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        if self._is_initial or self.last_epoch > self.total_iters:
            return self.rates()
        return self.times(annealing.power_factor(self.last_epoch, self.total_iters, self.power))

    def _get_closed_form_lr(self) -> Rates:
        return [base * (1.0 - min(self.total_iters, self.last_epoch) / self.total_iters) ** self.power for base in self.bases()]


class CosineAnnealingLR(LRScheduler):
    """Down to `eta_min` and up again on a cosine wave of half the period `T_max`."""

    @as_recorded()
    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:  # noqa: N803  torch's
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`."""
        if self._is_initial:
            return self.rates()
        if self._step_count == 1 and self.last_epoch > 0:
            return self._get_closed_form_lr()
        pairs = zip(self.rates(), self.bases(), strict=True)
        return [annealing.next_on_wave(rate, base, self.eta_min, self.last_epoch, self.T_max) for rate, base in pairs]

    def _get_closed_form_lr(self) -> Rates:
        return [annealing.wave(base, self.eta_min, self.last_epoch / self.T_max) for base in self.bases()]


class CosineAnnealingWarmRestarts(LRScheduler):
    """Down to `eta_min` on half a cosine wave of `T_0` epochs, again and again, each `T_mult` times as long as the last.

    Raises: ArgumentError for a T_0 or T_mult below 1.
    """

    @as_recorded()
    def __init__(
        self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1  # noqa: N803  torch's
    ) -> None:  # fmt: skip
        if not isinstance(T_0, int) or T_0 <= 0:
            raise ArgumentError(f"Expected positive integer T_0, but got {T_0}")
        if not isinstance(T_mult, int) or T_mult < 1:
            raise ArgumentError(f"Expected integer T_mult >= 1, but got {T_mult}")
        self.T_0, self.T_i, self.T_mult, self.eta_min = T_0, T_0, T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def get_lr(self) -> Rates:
        """The rates at `T_cur`."""
        return [annealing.wave(base, self.eta_min, self.T_cur / self.T_i) for base in self.bases()]

    def step(self, epoch: float | None = None) -> None:
        """The next epoch; or this one, which may be a part of one (`epoch + batch / batches`)."""
        check_outside(type(self).__name__)
        self._update_lr(0 if epoch is None and self.last_epoch < 0 else epoch)

    def _update_lr(self, epoch: float | None = None) -> None:
        if epoch is None:
            epoch, self.T_cur = self.last_epoch + 1, self.T_cur + 1
            if self.T_cur >= self.T_i:
                self.T_cur, self.T_i = self.T_cur % self.T_i, self.T_i * self.T_mult
        elif epoch < 0:
            raise ArgumentError(f"Expected non-negative epoch, but got {epoch}")
        else:
            self.T_cur, self.T_i = annealing.since_restart(epoch, self.T_0, self.T_mult)
        self.last_epoch = math.floor(epoch)
        with self.within_step():
            values = self.get_lr()
        self.set_rates(values)


class OneCycleLR(LRScheduler):
    """Up from max_lr / div_factor to max_lr, and down to a `final_div_factor`-th of the beginning.  Momentum goes against it, and another
    momentum traces a compiled step again: `cycle_momentum=False` does not.

    Source: Smith and Topin, 2017, "Super-convergence: very fast training of neural networks using large learning rates".
    Raises: ArgumentError for a share outside 0..1, another strategy, or an optimizer without momentum to cycle.
    """

    @as_recorded()
    def __init__(
        self, optimizer: Optimizer, max_lr: float | list[float], total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: str = "cos", cycle_momentum: bool = True,  # noqa: FBT001, FBT002
        base_momentum: float | list[float] = 0.85, max_momentum: float | list[float] = 0.95, div_factor: float = 25.0,
        final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        self.optimizer = checked_optimizer(optimizer)
        self.total_steps = counted_steps(total_steps, epochs, steps_per_epoch)
        if not isinstance(pct_start, float) or not 0 <= pct_start <= 1:
            raise ArgumentError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in ("cos", "linear"):
            raise ArgumentError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        rise = pct_start * self.total_steps
        turns = [rise - 1.0, *([2 * rise - 2.0] if three_phase else []), self.total_steps - 1]
        rates = ["initial_lr", "max_lr", *(["initial_lr"] if three_phase else []), "min_lr"]
        momenta = ["max_momentum", "base_momentum", "max_momentum", *(["max_momentum"] if three_phase else [])]
        self._schedule_phases: list[dict[str, Any]] = [
            {"end_step": turn, "start_lr": rates[k], "end_lr": rates[k + 1], "start_momentum": momenta[k], "end_momentum": momenta[k + 1]}
            for k, turn in enumerate(turns)
        ]
        self._anneal_func_type, self.cycle_momentum = anneal_strategy, cycle_momentum
        defaults = optimizer.defaults
        if cycle_momentum and "momentum" not in defaults and "betas" not in defaults:
            raise ArgumentError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
        if cycle_momentum:
            self.use_beta1 = "betas" in defaults
        limits = {"max_lr": max_lr} | ({"max_momentum": max_momentum, "base_momentum": base_momentum} if cycle_momentum else {})
        options = {name: for_groups(name, optimizer, value) for name, value in limits.items()}
        for place, group in enumerate(optimizer.param_groups if last_epoch == -1 else ()):
            group.update({name: values[place] for name, values in options.items()})
            group["initial_lr"] = group["max_lr"] / div_factor
            group["min_lr"] = group["initial_lr"] / final_div_factor
            if cycle_momentum:
                self.set_momentum(group, group["max_momentum"])
        super().__init__(optimizer, last_epoch)

    def set_momentum(self, group: Any, value: float) -> None:  # noqa: ANN401
        """Another momentum of a group: another setting of its rule."""
        if self.use_beta1:
            group["betas"] = (value, *group["betas"][1:])
        else:
            group["momentum"] = value

    def get_lr(self) -> Rates:
        """The rates at `last_epoch`; sets the momentum."""
        self.rates()  # warns where somebody else asks
        if self.last_epoch > self.total_steps:
            problem = f"Tried to step {self.last_epoch} times. The specified number of total steps is {self.total_steps}"
            raise ArgumentError(problem)
        between = annealing.wave if self._anneal_func_type == "cos" else annealing.line
        starts = [0.0, *[float(phase["end_step"]) for phase in self._schedule_phases]]
        place = next((k for k, end in enumerate(starts[1:]) if self.last_epoch <= end), len(self._schedule_phases) - 1)
        phase, share = self._schedule_phases[place], (self.last_epoch - starts[place]) / (starts[place + 1] - starts[place])
        for group in self.optimizer.param_groups if self.cycle_momentum else ():
            self.set_momentum(group, between(group[phase["start_momentum"]], group[phase["end_momentum"]], share))
        return [between(group[phase["start_lr"]], group[phase["end_lr"]], share) for group in self.optimizer.param_groups]


__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR", "LRScheduler",
    "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR", "ReduceLROnPlateau", "SequentialLR", "StepLR",
]  # fmt: skip

__getattr__ = ORIGINAL.module("torch.optim.lr_scheduler", __name__)
