"""torch's scheduler that is told a metric."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.torch.optim.groups import number
from gradwerk.torch.optim.optimizers import Optimizer
from gradwerk.torch.optim.scheduler import LRScheduler, check_outside, checked_optimizer, for_groups, put, rates_of
from gradwerk.torch.options import as_recorded

MODES: Mapping[tuple[str, str], Callable[[float, float, float], bool]] = {
    ("min", "rel"): lambda value, best, threshold: value < best * (1.0 - threshold),
    ("min", "abs"): lambda value, best, threshold: value < best - threshold,
    ("max", "rel"): lambda value, best, threshold: value > best * (threshold + 1.0),
    ("max", "abs"): lambda value, best, threshold: value > best + threshold,
}
"""When a metric is better than the best so far."""


class ReduceLROnPlateau(LRScheduler):
    """rate <- max(rate * factor, min_lr), when a metric was no better for more than `patience` epochs.

    Raises: ArgumentError for a factor of 1 or more, and other modes.
    """

    @as_recorded()
    def __init__(
        self, optimizer: Optimizer, mode: str = "min", factor: float = 0.1, patience: int = 10, threshold: float = 1e-4,
        threshold_mode: str = "rel", cooldown: int = 0, min_lr: float | list[float] = 0, eps: float = 1e-8,
    ) -> None:  # fmt: skip
        if factor >= 1.0:
            raise ArgumentError("Factor should be < 1.0.")
        if mode not in ("min", "max"):
            raise ArgumentError(f"mode {mode} is unknown!")
        if threshold_mode not in ("rel", "abs"):
            raise ArgumentError(f"threshold mode {threshold_mode} is unknown!")
        self.factor, self.optimizer = factor, checked_optimizer(optimizer)
        self.default_min_lr = None if isinstance(min_lr, list | tuple) else min_lr
        self.min_lrs = for_groups("min_lr", optimizer, min_lr)
        self.patience, self.cooldown, self.eps, self.last_epoch = patience, cooldown, eps, 0
        self._last_lr = rates_of(optimizer)
        self.mode, self.threshold, self.threshold_mode = mode, threshold, threshold_mode
        self.mode_worse = math.inf if mode == "min" else -math.inf
        self._reset()

    def _reset(self) -> None:
        self.best, self.cooldown_counter, self.num_bad_epochs = self.mode_worse, 0, 0

    @property
    def in_cooldown(self) -> bool:
        """Whether it waits after a reduction."""
        return self.cooldown_counter > 0

    def step(self, metrics: Any, epoch: int | None = None) -> None:  # type: ignore[override]  # noqa: ANN401  torch's, told a metric
        """Looks at the metric of an epoch."""
        check_outside(type(self).__name__)
        if epoch is not None:
            warn("The epoch parameter in `scheduler.step()` is being deprecated: `scheduler.step()` counts by itself")
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        value = float(metrics)
        if MODES[self.mode, self.threshold_mode](value, self.best, self.threshold):
            self.best, self.num_bad_epochs = value, 0
        else:
            self.num_bad_epochs += 1
        if self.in_cooldown:
            self.cooldown_counter, self.num_bad_epochs = self.cooldown_counter - 1, 0
        if self.num_bad_epochs > self.patience:
            self.reduce()
            self.cooldown_counter, self.num_bad_epochs = self.cooldown, 0
        self._last_lr = rates_of(self.optimizer)

    def reduce(self) -> None:
        """Lower rates.  Raises: ArgumentError where groups were added and there is no least rate for them."""
        groups = self.optimizer.param_groups
        if len(groups) != len(self.min_lrs):
            self.min_lrs = for_groups("min_lrs", self.optimizer, self.min_lrs if self.default_min_lr is None else self.default_min_lr)
        for group, least in zip(groups, self.min_lrs, strict=True):
            before = number("learning rate", group["lr"])
            after = max(before * self.factor, least)
            if before - after > self.eps:
                put(group, after)
