"""Hyperbolic functions and their inverses; tanh is in transcendental.py."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Grads, Interval, Operand, Unary
from gradwerk.ops.arithmetic import add, div, mul, sub
from gradwerk.ops.transcendental import rsqrt


@final
@dataclass(frozen=True)
class Sinh(Unary):
    """Hyperbolic sine, (e**x - e**-x) / 2.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 1.7 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, cosh(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("sinh", x)

    def reference(self, x: Array) -> Array:
        return np.sinh(x)


@final
@dataclass(frozen=True)
class Cosh(Unary):
    """Hyperbolic cosine, (e**x + e**-x) / 2.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 1.7 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sinh(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("cosh", x)

    def reference(self, x: Array) -> Array:
        return np.cosh(x)


@final
@dataclass(frozen=True)
class Asinh(Unary):
    """Inverse of the hyperbolic sine.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 2.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, rsqrt(add(mul(x, x), 1))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("asinh", x)

    def reference(self, x: Array) -> Array:
        return np.arcsinh(x)


@final
@dataclass(frozen=True)
class Acosh(Unary):
    """Inverse of the hyperbolic cosine; NaN below 1.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 2.
    """

    accepts = dtypes.FLOATS
    domain = Interval(1.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, rsqrt(sub(mul(x, x), 1))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("acosh", x)

    def reference(self, x: Array) -> Array:
        return np.arccosh(x)


@final
@dataclass(frozen=True)
class Atanh(Unary):
    """Inverse of the hyperbolic tangent; infinite at 1 and -1, NaN beyond.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 0.6 ulp, f64 within 2.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-0.75, 0.75)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, sub(1, mul(x, x))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("atanh", x)

    def reference(self, x: Array) -> Array:
        return np.arctanh(x)


sinh, cosh, asinh, acosh, atanh = Sinh(), Cosh(), Asinh(), Acosh(), Atanh()
