"""Modified Bessel functions of the first kind, of orders 0 and 1: plain, and times e**-|x|."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Grads, Interval, Operand, Unary
from gradwerk.ops.arithmetic import add, div, mul, sign, sub, where
from gradwerk.ops.compare import equal

BORDER = 30.0
TERMS = 80


@final
@dataclass(frozen=True)
class I0(Unary):
    """I0(x), the sum of (x/2)**2k / k!**2.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, i1(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("i0", x)

    def reference(self, x: Array) -> Array:
        return _grown(_falling(x, 0), x)


@final
@dataclass(frozen=True)
class I1(Unary):
    """I1(x), the sum of (x/2)**(2k+1) / (k! (k+1)!).

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sub(i0(x), _by(y, x))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("i1", x)

    def reference(self, x: Array) -> Array:
        return _grown(_falling(x, 1), x)


@final
@dataclass(frozen=True)
class I0e(Unary):
    """e**-|x| I0(x).

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sub(i1e(x), mul(sign(x), y))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("i0e", x)

    def reference(self, x: Array) -> Array:
        return _falling(x, 0)


@final
@dataclass(frozen=True)
class I1e(Unary):
    """e**-|x| I1(x).

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sub(i0e(x), add(mul(sign(x), y), _by(y, x)))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("i1e", x)

    def reference(self, x: Array) -> Array:
        return _falling(x, 1)


def _by(y: Operand, x: Operand) -> Operand:
    """y / x of what is about x / 2 near 0, and 1/2 there."""
    none = equal(x, 0)
    return where(none, 0.5, div(y, where(none, 1, x)))


def _falling(x: Array, order: int) -> Array:
    """e**-|x| times the series, beyond 30 Hankel's."""
    wide = np.asarray(x, np.float64)
    size = np.abs(wide)
    near, far = np.minimum(size, BORDER), np.maximum(size, BORDER)
    term = total = (near / 2) ** order
    for k in range(1, TERMS):
        term = term * (near / 2) ** 2 / (k * (k + order))
        total = total + term
    more = ending = np.ones_like(far)
    for k in range(1, 16):
        more = more * ((2 * k - 1) ** 2 - 4 * order**2) / (8 * k * far)
        ending = ending + more
    made = np.where(size > BORDER, ending / (np.sqrt(2 * np.pi) * np.sqrt(far)), total * np.exp(-near))
    made = np.where(np.isnan(wide), wide, made)
    return np.asarray(np.copysign(made, wide) if order else made)


def _grown(y: Array, x: Array) -> Array:
    """y e**|x|, which may be finite where e**|x| is not."""
    size = np.abs(np.asarray(x, np.float64))
    half = np.exp(np.where(size > 700, size / 2, size))
    made = np.where(size > 700, y * half * half, y * half)
    return np.asarray(np.where(size > 720, np.copysign(np.inf, y), made))


i0, i1, i0e, i1e = I0(), I1(), I0e(), I1e()
