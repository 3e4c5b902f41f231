"""Learning rates that rise before they fall, as functions of the number of steps before: warm-up, one cycle, many cycles, and milestones.

schedules.py says what a schedule is.  Numbers out of range are refused where one is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.ranges import count, positive, share
from gradwerk.nn.schedules import Schedule
from gradwerk.ops.compare import greater, greater_equal, less
from gradwerk.ops.elementwise import add, cast, cos, div, floor, minimum, mul, sub, where
from gradwerk.ops.functions import power

Operand = Any
F = np.float32


def _real(step: Operand) -> Operand:
    return cast(np.asarray(step) if isinstance(step, int | float | np.generic) else step, dtypes.float32)


def _line(start: Operand, end: Operand, passed: Operand) -> Operand:
    return add(mul(passed, sub(end, start)), start)


def _wave(start: Operand, end: Operand, passed: Operand) -> Operand:
    return add(mul(add(cos(mul(passed, F(np.pi))), 1.0), mul(sub(start, end), F(0.5))), end)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """rate = behind(0) * (first + (1 - first) * step / length) up to the length, then that of another schedule, which begins there.

    Source: Goyal et al., 2017, "Accurate, large minibatch SGD".
    """

    behind: Schedule | float
    length: int
    first: float = 0.0

    def __post_init__(self) -> None:
        count("WarmUp", "length", self.length)
        positive("WarmUp", "first", self.first, zero=True)

    def __call__(self, step: Operand) -> Operand:
        steps, length = _real(step), F(self.length)
        later = sub(steps, minimum(steps, length))
        behind: Operand = self.behind(later) if isinstance(self.behind, Schedule) else F(self.behind)
        return mul(behind, where(less(steps, length), _line(F(self.first), F(1.0), div(steps, length)), F(1.0)))


@dataclass(frozen=True)
class MultiStep(Schedule):
    """rate = first * factor^k behind k of the milestones: from the step on that has so many before it.

    Raises: ArgumentError for milestones out of order.
    """

    first: float
    milestones: tuple[int, ...]
    factor: float = 0.1

    def __post_init__(self) -> None:
        positive("MultiStep", "factor", self.factor)
        if list(self.milestones) != sorted(self.milestones):
            raise ArgumentError("MultiStep: the milestones stand in order", facts=(f"milestones {self.milestones}",))

    def __call__(self, step: Operand) -> Operand:
        rate: Operand = F(self.first)
        steps = _real(step)
        for passed, milestone in enumerate(self.milestones, 1):
            rate = where(greater_equal(steps, F(milestone)), F(self.first * self.factor**passed), rate)
        return rate


@dataclass(frozen=True)
class OneCycle(Schedule):
    """From top / `below` up to the top within `rise` of the length, then down to an `end`-th of where it began, on waves or straight lines.

    Source: Smith and Topin, 2017, "Super-convergence: very fast training of neural networks using large learning rates".
    """

    top: float
    length: int
    rise: float = 0.3
    below: float = 25.0
    end: float = 1e4
    straight: bool = False

    def __post_init__(self) -> None:
        count("OneCycle", "length", self.length, 2)
        share("OneCycle", "rise", self.rise)
        positive("OneCycle", "below", self.below)
        positive("OneCycle", "end", self.end)

    def __call__(self, step: Operand) -> Operand:
        steps, turn, last = _real(step), self.rise * self.length - 1.0, self.length - 1.0
        between, start = _line if self.straight else _wave, self.top / self.below
        up = between(F(start), F(self.top), div(steps, F(turn if turn > 0 else 1.0)))
        down = between(F(self.top), F(start / self.end), div(sub(minimum(steps, F(last)), F(turn)), F(last - turn)))
        return where(greater(steps, F(turn)), down, up)


@dataclass(frozen=True)
class Cyclic(Schedule):
    """From `first` up to the top in `up` steps and down in `down`, again and again.

    halving: each cycle is half as high as the one before.  exponential: at step t the height is factor^t.
    Source: Smith, 2015, "Cyclical learning rates for training neural networks".  Raises: ArgumentError for another shape.
    """

    first: float
    top: float
    up: int = 2000
    down: int | None = None
    shape: Literal["equal", "halving", "exponential"] = "equal"
    factor: float = 1.0

    def __post_init__(self) -> None:
        count("Cyclic", "up", self.up)
        count("Cyclic", "down", self.up if self.down is None else self.down)
        positive("Cyclic", "factor", self.factor)
        if self.shape not in ("equal", "halving", "exponential"):
            raise ArgumentError(f"Cyclic: the shape is equal, halving or exponential, this is {self.shape!r}")

    def __call__(self, step: Operand) -> Operand:
        steps, up, down = _real(step), F(self.up), F(self.up if self.down is None else self.down)
        cycles = floor(div(steps, up + down))
        within = sub(steps, mul(cycles, up + down))
        height = where(greater(within, up), div(sub(up + down, within), down), div(within, up))
        if self.shape == "halving":
            height = mul(height, power(F(0.5), cycles))
        elif self.shape == "exponential":
            height = mul(height, power(F(self.factor), steps))
        return add(mul(height, F(self.top) - F(self.first)), F(self.first))
