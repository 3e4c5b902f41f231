"""Tangent, inverse trigonometric functions, angles and lengths of vectors; sine and cosine are in transcendental.py."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Grads, Interval, Operand, Unary
from gradwerk.ops.arithmetic import add, div, mul, neg, sub, where
from gradwerk.ops.compare import equal
from gradwerk.ops.transcendental import cos, rsqrt, sin


@final
@dataclass(frozen=True)
class Tan(Unary):
    """Tangent, x in radians; NaN of infinity.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 3.2, however large x is.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-1.25, 1.25)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, add(mul(y, y), 1)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("tan", x)

    def reference(self, x: Array) -> Array:
        return np.tan(x)


@final
@dataclass(frozen=True)
class Asin(Unary):
    """Arc sine, -pi / 2 to pi / 2; NaN beyond 1.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-0.75, 0.75)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, rsqrt(sub(1, mul(x, x)))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("asin", x)

    def reference(self, x: Array) -> Array:
        return np.arcsin(x)


@final
@dataclass(frozen=True)
class Acos(Unary):
    """Arc cosine, 0 to pi; NaN beyond 1.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 1.5 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-0.75, 0.75)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (neg(mul(ct, rsqrt(sub(1, mul(x, x))))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("acos", x)

    def reference(self, x: Array) -> Array:
        return np.arccos(x)


@final
@dataclass(frozen=True)
class Atan(Unary):
    """Arc tangent, -pi / 2 to pi / 2.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 1.8 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, add(mul(x, x), 1)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("atan", x)

    def reference(self, x: Array) -> Array:
        return np.arctan(x)


@final
@dataclass(frozen=True)
class Atan2(Binary):
    """(y, x) -> the angle of the point (x, y), -pi to pi, as C's atan2.

    Where both are 0 so is the gradient, as in PyTorch.
    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 within 0.6 ulp, f64 within 2.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.25, 2.0), Interval(-2.0, 2.0))

    def vjp(self, ct: Operand, angle: Operand, y: Operand, x: Operand) -> Grads:
        square = add(mul(x, x), mul(y, y))
        scale = where(equal(square, 0), 0, div(ct, square))
        return mul(scale, x), neg(mul(scale, y))

    def emit(self, e: Emitter, y: Scalar, x: Scalar) -> Scalar:
        return e.math("atan2", y, x)

    def reference(self, y: Array, x: Array) -> Array:
        return np.asarray(np.arctan2(y, x))


@final
@dataclass(frozen=True)
class Hypot(Binary):
    """sqrt(a**2 + b**2), which does not overflow between; infinite where one is, though the other be NaN.

    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 within 0.6 ulp, f64 within 1.2.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.5, 2.0), Interval(0.5, 2.0))

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return mul(ct, div(a, y)), mul(ct, div(b, y))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.math("hypot", a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.hypot(a, b))


@final
@dataclass(frozen=True)
class Sinc(Unary):
    """sin(pi x) / (pi x), and 1 where x is 0, with a gradient of 0 there and where the square of x is 0.

    Shape: that of x.  Dtype: floating, kept.  Error: that of pi x, rounded.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 0.75)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        angle, square = mul(x, math.pi), mul(mul(x, x), math.pi)
        none = equal(square, 0)
        return (mul(ct, where(none, 0, div(sub(mul(angle, cos(angle)), sin(angle)), where(none, 1, square)))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        zero, one = e.const(0, e.dtype(x)), e.const(1, e.dtype(x))
        angle = e.mul(x, e.const(math.pi, e.dtype(x)))
        none = e.compare("eq", angle, zero)
        return e.select(none, one, e.div(e.math("sin", angle), e.select(none, one, angle)))

    def reference(self, x: Array) -> Array:
        angle = x * x.dtype.type(math.pi)
        none = angle == 0
        return np.asarray(np.where(none, x.dtype.type(1), np.sin(angle) / np.where(none, x.dtype.type(1), angle)))


tan, asin, acos, atan, atan2, hypot, sinc = Tan(), Asin(), Acos(), Atan(), Atan2(), Hypot(), Sinc()


def deg2rad(x: Operand) -> Operand:
    """Degrees as radians.  Shape, dtype: those of x, floating."""
    return mul(x, math.pi / 180)


def rad2deg(x: Operand) -> Operand:
    """Radians as degrees.  Shape, dtype: those of x, floating."""
    return mul(x, 180 / math.pi)
