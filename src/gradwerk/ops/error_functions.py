"""The error function's complement and inverse; erf is in transcendental.py."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Grads, Interval, Operand, Unary
from gradwerk.ops.arithmetic import mul, neg
from gradwerk.ops.transcendental import exp


@final
@dataclass(frozen=True)
class Erfc(Unary):
    """1 - erf(x), with the digits of small results.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(mul(ct, -2 / math.sqrt(math.pi)), exp(neg(mul(x, x)))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("erfc", x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.vectorize(math.erfc, otypes=[np.float64])(x))


@final
@dataclass(frozen=True)
class Erfinv(Unary):
    """The inverse of erf; infinite at 1 and -1, NaN beyond.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-0.75, 0.75)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(mul(ct, math.sqrt(math.pi) / 2), exp(mul(y, y))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("erfinv", x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.vectorize(_erfinv, otypes=[np.float64])(x))


def _erfinv(x: float) -> float:
    """By the quantiles of the normal distribution; near 0, where those know 1/2 more than x, one step of Newton's."""
    size = abs(float(x))
    if not 0 < size < 1:
        return math.nan if not size <= 1 else math.copysign(math.inf, x) if size else float(x)
    y = -NormalDist().inv_cdf((1 - size) / 2) * math.sqrt(0.5) if 1 - size < 1 else size * math.sqrt(math.pi) / 2
    if size < 0.5:
        y -= (math.erf(y) - size) * math.exp(y * y) * math.sqrt(math.pi) / 2
    return math.copysign(y, x)


erfc, erfinv = Erfc(), Erfinv()
