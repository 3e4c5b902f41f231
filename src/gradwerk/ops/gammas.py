"""The logarithm of the gamma function and its derivatives."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Example, Grads, Interval, Operand, Unary, typed
from gradwerk.ops.arithmetic import add, mul, sub
from gradwerk.ops.precision import rounded_once

BERNOULLI = (1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6, -3617 / 510, 43867 / 798, -174611 / 330)
"""Of even number, from the second on."""
STEPS = 10
"""Terms of a series before Euler's and Maclaurin's formula says the rest."""


@final
@dataclass(frozen=True)
class Lgamma(Unary):
    """log|gamma(x)|; infinite at 0 and where x is negative and whole.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 4 where x > 0.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, digamma(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("lgamma", x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.vectorize(_lgamma, otypes=[np.float64])(x))


@final
@dataclass(frozen=True)
class Digamma(Unary):
    """The derivative of log(gamma(x)); infinite at 0, of the other sign, NaN where x is negative and whole.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 4 where x > 0.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, Polygamma(1)(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("digamma", x)

    def reference(self, x: Array) -> Array:
        return _digamma(x)


@final
@dataclass(frozen=True)
class Polygamma(Unary):
    """The derivative of digamma, of order n >= 1: (-1)**(n + 1) n! times the sum of (x + k)**-(n + 1), k = 0, 1, ...

    The first terms, and Euler's and Maclaurin's formula for the rest; of negative x the reflection by derivatives of the cotangent.
    Infinite where x is whole and not positive.
    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 1 ulp, f64 within 16 where x > 0.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.5, 4.0)
    n: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(n), (typed(2, 3),)) for n in (1, 2, 4))

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, Polygamma(self.n + 1)(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        kept, x = e.dtype(x), e.cast(x, dtypes.float64)
        zero, one = (e.const(value, dtypes.float64) for value in (0, 1))
        negative = e.compare("lt", x, zero)
        p = e.select(negative, e.sub(one, x), x)
        total = _whole_power(e, e.div(one, p), self.n + 1)
        for k in range(1, STEPS):
            total = e.add(total, _whole_power(e, e.div(one, e.add(p, e.const(k, dtypes.float64))), self.n + 1))
        inverse = e.div(one, e.add(p, e.const(STEPS, dtypes.float64)))
        square = e.mul(inverse, inverse)
        *others, last = self._rest()
        rest = e.const(last, dtypes.float64)
        for c in reversed(others):
            rest = e.fma(rest, square, e.const(c, dtypes.float64))
        rest = e.fma(rest, inverse, e.const(0.5, dtypes.float64))
        rest = e.fma(rest, inverse, e.const(1 / self.n, dtypes.float64))
        sign = -1.0 if self.n % 2 == 0 else 1.0
        y = e.mul(e.fma(rest, _whole_power(e, inverse, self.n), total), e.const(sign * math.factorial(self.n), dtypes.float64))
        cot = e.math("cot_pi", x)
        wave = zero
        for c in reversed(self._reflection()):
            wave = e.fma(wave, cot, e.const(c, dtypes.float64))
        reflected = e.sub(e.mul(y, e.const(-sign, dtypes.float64)), wave)
        pole = e.bit_and(e.compare("eq", e.math("floor", x), x), e.compare("gt", x, e.const(-math.inf, dtypes.float64)))
        reflected = e.select(pole, e.const(sign * math.inf, dtypes.float64), reflected)
        return e.cast(e.select(negative, reflected, y), kept)

    def _rest(self) -> list[float]:
        """The factors of w**-(n + 2 j), j = 1, 2, ..., in the rest of the series from w on, over w**-(n + 2)."""
        return [b * math.prod(range(self.n + 1, self.n + 2 * j)) / math.factorial(2 * j) for j, b in enumerate(BERNOULLI, 1)]

    def _reflection(self) -> list[float]:
        """The n-th derivative of pi cot(pi x) as a polynomial in cot(pi x), lowest power first."""
        found = [0.0, math.pi]
        for _ in range(self.n):
            slope = [-math.pi * k * c for k, c in enumerate(found)][1:]
            found = [a + b for a, b in zip([*slope, 0.0, 0.0], [0.0, 0.0, *slope], strict=True)]
        return found

    def reference(self, x: Array) -> Array:
        wide = np.asarray(x, np.longdouble)
        p = np.where(wide < 0, 1 - wide, wide)
        total, w = np.zeros_like(p), p
        for _ in range(2 * STEPS):
            total, w = total + w ** -(self.n + 1.0), w + 1
        rest = sum((c * w ** -(2.0 * j) for j, c in enumerate(self._rest(), 1)), 1 / (2 * w) + np.longdouble(1) / self.n)
        sign = -1 if self.n % 2 == 0 else 1
        y = (total + rest * w**-self.n) * (sign * math.factorial(self.n))
        wave = np.polyval(self._reflection()[::-1], _cot_pi(wide))
        pole = (np.floor(wide) == wide) & np.isfinite(wide)
        return np.asarray(np.where(wide < 0, np.where(pole, sign * np.inf, -sign * y - wave), y))


def _whole_power(e: Emitter, x: Scalar, exponent: int) -> Scalar:
    """x multiplied so many times, by repeated squaring."""
    if exponent == 1:
        return x
    half = _whole_power(e, x, exponent // 2)
    square = e.mul(half, half)
    return e.mul(square, x) if exponent % 2 else square


def _lgamma(x: float) -> float:
    """math.lgamma, infinite where that raises."""
    try:
        return math.lgamma(x)
    except (ValueError, OverflowError):
        return math.inf


def _digamma(x: Array) -> Array:
    """By the recurrence and Stirling's series, with a few more digits, as the parts cancel at the root."""
    wide = np.asarray(x, np.longdouble)
    p = np.where(wide < 0, 1 - wide, wide)
    total, w = np.zeros_like(p), p
    for _ in range(2 * STEPS):
        total, w = total + 1 / w, w + 1
    series = sum(b / (2 * j) * w ** -(2.0 * j) for j, b in enumerate(BERNOULLI, 1))
    y = np.log(w) - 1 / (2 * w) - series - total
    y = np.where(np.isinf(p), p, y)
    return np.asarray(np.where(wide < 0, y - np.longdouble(np.pi) * _cot_pi(wide), y))


def _cot_pi(x: Array) -> Array:
    """1 / tan(pi x), NaN where x is whole."""
    rest = x - np.rint(x)
    return np.asarray(np.where(rest == 0, np.nan, 1 / np.tan(np.pi * rest)))


lgamma, digamma = Lgamma(), Digamma()


def polygamma(n: int, x: Operand) -> Operand:
    """The derivative of order n of digamma, itself for 0.  Shape, dtype: those of x, floating.  Raises: ArgumentError for a negative n."""
    if n < 0:
        raise ArgumentError(f"polygamma: an order is not negative, this is {n}")
    return digamma(x) if n == 0 else Polygamma(n)(x)


@rounded_once
def mvlgamma(x: Operand, p: int) -> Operand:
    """The logarithm of the gamma function of p dimensions, the sum of lgamma(x - j / 2), j < p, and p (p - 1) / 4 log pi.

    Shape, dtype: those of x, floating.  Raises: ArgumentError for less than one dimension.
    """
    if p < 1:
        raise ArgumentError(f"mvlgamma: there is at least one dimension, this is {p}")
    total = add(lgamma(x), p * (p - 1) / 4 * math.log(math.pi))
    for j in range(1, p):
        total = add(total, lgamma(sub(x, j / 2)))
    return total
