"""Learning rates as functions of the number of steps before: a step computes its own, and no new rate traces it again.

A schedule is called with a count, a number or 0-d Tensor, and gives a 0-d rate in float32, in which it computes, as Keras does.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ops.compare import equal, greater, less
from gradwerk.ops.elementwise import add, cast, cos, div, floor, log, minimum, mul, neg, sub, where
from gradwerk.ops.functions import power

Operand = Any
F = np.float32


class Schedule(ABC):
    """A learning rate for each step."""

    @abstractmethod
    def __call__(self, step: Operand) -> Operand:
        """The rate of the step that comes behind so many."""


def _real(step: Operand) -> Operand:
    return cast(np.asarray(step) if isinstance(step, int | float | np.generic) else step, dtypes.float32)


def _periods(step: Operand, length: float, *, whole: bool) -> Operand:
    """How many periods have passed, or how many whole ones."""
    passed = div(_real(step), F(length))
    return floor(passed) if whole else passed


@dataclass(frozen=True)
class ExponentialDecay(Schedule):
    """rate = first * base^(step / length), of whole periods where it goes in stairs."""

    first: float
    length: float
    base: float
    stairs: bool = False

    def __call__(self, step: Operand) -> Operand:
        return mul(F(self.first), power(F(self.base), _periods(step, self.length, whole=self.stairs)))


@dataclass(frozen=True)
class InverseTimeDecay(Schedule):
    """rate = first / (1 + speed * step / length), of whole periods where it goes in stairs."""

    first: float
    length: float
    speed: float
    stairs: bool = False

    def __call__(self, step: Operand) -> Operand:
        return div(F(self.first), add(mul(_periods(step, self.length, whole=self.stairs), F(self.speed)), 1.0))


@dataclass(frozen=True)
class PiecewiseConstant(Schedule):
    """rate = values[k] of the first k with step <= boundaries[k], behind all boundaries the last value."""

    boundaries: tuple[int, ...]
    values: tuple[float, ...]

    def __call__(self, step: Operand) -> Operand:
        rate: Operand = F(self.values[0])
        for boundary, value in zip(self.boundaries, self.values[1:], strict=True):
            rate = where(greater(step, boundary), F(value), rate)
        return rate


@dataclass(frozen=True)
class PolynomialDecay(Schedule):
    """rate = (first - last) * (1 - step / length)^exponent + last, at most to the end of the length.

    With `cycle` the length is the least multiple of itself that holds the step.
    """

    first: float
    last: float
    length: float
    exponent: float = 1.0
    cycle: bool = False

    def __call__(self, step: Operand) -> Operand:
        count, length = _real(step), F(self.length)
        if self.cycle:
            rounds = neg(floor(neg(div(count, length))))
            span = mul(where(equal(count, 0.0), F(1.0), rounds), length)
        else:
            count, span = minimum(count, length), length
        left = sub(1.0, div(count, span))
        return add(mul(power(left, F(self.exponent)), F(self.first) - F(self.last)), F(self.last))


@dataclass(frozen=True)
class CosineDecay(Schedule):
    """rate = first * ((1 - share) * (1 + cos(pi * step / length)) / 2 + share), at most to the end of the length.

    With a `target` the rate first rises to it in `warmup` steps, on a straight line, and decays from there.
    Source: Loshchilov and Hutter, 2016, "SGDR: stochastic gradient descent with warm restarts"; Goyal et al., 2017, for the warm-up.
    """

    first: float
    length: float
    share: float = 0.0
    target: float | None = None
    warmup: int = 0

    def __call__(self, step: Operand) -> Operand:
        count, warmup = _real(step), self.warmup if self.target is not None else 0
        behind = minimum(sub(count, F(warmup)), F(self.length))
        top = self.first if self.target is None else self.target
        decayed = _cosine(div(behind, F(self.length)), top, self.share)
        if self.target is None or not warmup:
            return decayed
        rising = add(mul(div(count, F(warmup)), F(self.target) - F(self.first)), F(self.first))
        return where(less(count, F(warmup)), rising, decayed)


@dataclass(frozen=True)
class CosineRestarts(Schedule):
    """The cosine decay again and again: each round is `longer` times as long as the last, and begins `higher` times as high."""

    first: float
    length: float
    longer: float = 2.0
    higher: float = 1.0
    share: float = 0.0

    def __call__(self, step: Operand) -> Operand:
        passed = div(_real(step), F(self.length))
        if self.longer == 1.0:
            rounds = floor(passed)
            within = sub(passed, rounds)
        else:
            ratio = F(self.longer)
            rounds = floor(div(log(sub(1.0, mul(passed, F(1.0) - ratio))), np.log(ratio)))
            size = power(ratio, rounds)
            within = div(sub(passed, div(sub(1.0, size), F(1.0) - ratio)), size)
        return _cosine(within, self.first, self.share, power(F(self.higher), rounds))


def _cosine(passed: Operand, top: float, share: float, height: Operand = 1.0) -> Operand:
    """From `top` to `top * share` on half a wave."""
    wave = mul(mul(add(cos(mul(passed, F(math.pi))), 1.0), F(0.5)), height)
    return mul(add(mul(wave, F(1 - share)), F(share)), F(top))
