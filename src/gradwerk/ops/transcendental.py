"""Functions of one element that no finite number of additions and products gives.

The errors named are those of compiled code (compiler/llvm/math.py); the reference is NumPy's.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Example, Grads, Interval, Operand, Unary, typed
from gradwerk.ops.arithmetic import add, div, floor, maximum, mul, neg, stop_gradient, sub, where
from gradwerk.ops.compare import equal, greater, greater_equal, logical_and


@final
@dataclass(frozen=True)
class Exp(Unary):
    """Exponential, e**x.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 2 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, y),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("exp", x)

    def reference(self, x: Array) -> Array:
        return np.exp(x)


@final
@dataclass(frozen=True)
class Log(Unary):
    """Natural logarithm; -inf at 0, NaN below.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, x),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("log", x)

    def reference(self, x: Array) -> Array:
        return np.log(x)


@final
@dataclass(frozen=True)
class Tanh(Unary):
    """Hyperbolic tangent.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 3 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sub(1, mul(y, y))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("tanh", x)

    def reference(self, x: Array) -> Array:
        return np.tanh(x)


@final
@dataclass(frozen=True)
class Sigmoid(Unary):
    """Logistic function, 1 / (1 + e**-x).

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 3 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, mul(y, sub(1, y))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("sigmoid", x)

    def reference(self, x: Array) -> Array:
        one, small = x.dtype.type(1), np.exp(-np.abs(x))  # never overflows
        return np.asarray(np.where(x >= 0, one, small) / (one + small))


@final
@dataclass(frozen=True)
class Sqrt(Unary):
    """Square root; NaN below 0.

    Shape: that of x.  Dtype: floating, kept.  Error: correctly rounded.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(mul(ct, 0.5), y),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("sqrt", x)

    def reference(self, x: Array) -> Array:
        return np.sqrt(x)


@final
@dataclass(frozen=True)
class Rsqrt(Unary):
    """1 / sqrt(x).

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(mul(ct, -0.5), mul(y, mul(y, y))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("rsqrt", x)

    def reference(self, x: Array) -> Array:
        return np.asarray(x.dtype.type(1) / np.sqrt(x))


@final
@dataclass(frozen=True)
class Erf(Unary):
    """Error function, 2/sqrt(pi) times the integral of e**-t**2 from 0 to x.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 4 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(mul(ct, 2 / math.sqrt(math.pi)), exp(neg(mul(x, x)))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("erf", x)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.vectorize(math.erf, otypes=[np.float64])(x))


@final
@dataclass(frozen=True)
class Sin(Unary):
    """Sine, x in radians.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 2 ulp, however large x is; NaN of infinity.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-8.0, 8.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, cos(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("sin", x)

    def reference(self, x: Array) -> Array:
        return np.sin(x)


@final
@dataclass(frozen=True)
class Cos(Unary):
    """Cosine, x in radians.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 2 ulp, however large x is; NaN of infinity.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-8.0, 8.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (neg(mul(ct, sin(x))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("cos", x)

    def reference(self, x: Array) -> Array:
        return np.cos(x)


@final
@dataclass(frozen=True)
class Pow(Binary):
    """a to the power b, as C's pow: NaN for a negative base unless b is whole, 1 where b is 0 or a is 1.

    The gradient for a is 0 where b is 0, that for b is 0 where a is 0 and b is not negative.
    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 within 1 ulp, f64 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.25, 4.0), Interval(-2.0, 2.0))

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        slope = where(equal(b, 0), 0, mul(ct, mul(b, pow_(a, sub(b, 1)))))
        flat = logical_and(equal(a, 0), greater_equal(b, 0))
        return slope, mul(ct, where(flat, 0, mul(y, log(a))))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.power(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return _power(a, b)


@final
@dataclass(frozen=True)
class PowNumber(Unary):
    """x to the power of a number, as C's pow, but by the root where the exponent is 1/2 or -1/2: NaN of -inf, -0.0 of -0.0.

    An op and not Pow of a constant, which has the derivative of any exponent: here that of x**1.5 is 1.5 sqrt(x), as in PyTorch.
    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 1 ulp, f64 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)
    exponent: float

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return tuple((cls(exponent), (typed(2, 3),)) for exponent in (1.5, -0.5, 0.5, -2.0, 0.25))

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, mul(PowNumber(self.exponent - 1)(x), self.exponent)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        if abs(self.exponent) == 0.5:
            return e.math("sqrt" if self.exponent > 0 else "rsqrt", x)
        return e.power(x, e.const(self.exponent, e.dtype(x)))

    def reference(self, x: Array) -> Array:
        if abs(self.exponent) == 0.5:
            return sqrt.reference(x) if self.exponent > 0 else rsqrt.reference(x)
        return _power(x, np.asarray(self.exponent, x.dtype))


def _power(a: Array, b: Array) -> Array:
    """a ** b as C has it; NumPy takes the root where b is one number 0.5, which has other special points."""
    return np.power(a, b.reshape((1,) * max(a.ndim, 1))).reshape(a.shape) if b.ndim == 0 else np.asarray(np.power(a, b))


@final
@dataclass(frozen=True)
class Softplus(Unary):
    """log(1 + e**x), which does not overflow and keeps the digits of small results.

    An op and not max(x, 0) + log(1 + e**-|x|): that is smooth at 0, its parts are not.
    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 3 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, sigmoid(x)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        zero, one = e.const(0, e.dtype(x)), e.const(1, e.dtype(x))
        small = e.math("exp", e.neg(e.math("abs", x)))
        raised = e.add(small, one)
        lost = e.sub(small, e.sub(raised, one))  # raised + lost = 1 + small exactly
        return e.add(e.maximum(x, zero), e.add(e.math("log", raised), e.div(lost, raised)))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.logaddexp(x, x.dtype.type(0)))


def whole(quotient: Operand) -> Operand:
    """The whole number next to a quotient that is one but for rounding.

    Not floor(q + 0.5): odd numbers of 24 bits would become even.
    """
    lower = floor(quotient)
    return where(greater(sub(quotient, lower), 0.5), add(lower, 1), lower)


@final
@dataclass(frozen=True)
class Fmod(Binary):
    """a - b trunc(a / b), exact, of the sign of a, as C's fmod; NaN where b is 0 or a infinite.

    An op and not the formula, which is wrong wherever a / b rounds to a whole number: 1 // 0.1 is 9, and 1 / 0.1 is 10.
    The gradient for b is the whole quotient, which is flat.
    Shape: broadcast.  Dtype: floating, equal, kept.  Error: exact.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(-7.0, 7.0), Interval(0.5, 2.0))

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        quotient = div(where(equal(b, 0), a, sub(a, y)), b)  # where b is 0 the plain one, as in PyTorch
        return ct, neg(mul(ct, stop_gradient(whole(quotient))))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.fmod(a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.fmod(a, b))


LEAST_LOG = -100.0
LEAST_SPREAD = 1e-12


@final
@dataclass(frozen=True)
class LogLoss(Binary):
    """-(y log(p) + (1 - y) log(1 - p)), logarithms held at -100: binary cross-entropy of a probability p and a target y.

    The gradient for p is (p - y) / max(p (1 - p), 1e-12): bounded, and not 0 where p is 0 or 1 and y is not.  Both limits are PyTorch's.
    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 within 4 ulp of the larger term.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.1, 0.9), Interval(0.0, 1.0))

    def vjp(self, ct: Operand, y: Operand, p: Operand, target: Operand) -> Grads:
        spread = maximum(mul(p, sub(1, p)), LEAST_SPREAD)
        return mul(ct, div(sub(p, target), spread)), mul(ct, sub(log(sub(1, p)), log(p)))

    def emit(self, e: Emitter, p: Scalar, target: Scalar) -> Scalar:
        one, least = e.const(1, e.dtype(p)), e.const(LEAST_LOG, e.dtype(p))
        yes, no = e.maximum(e.math("log", p), least), e.maximum(e.math("log", e.sub(one, p)), least)
        return e.neg(e.add(e.mul(target, yes), e.mul(e.sub(one, target), no)))

    def reference(self, p: Array, target: Array) -> Array:
        one, least = p.dtype.type(1), p.dtype.type(LEAST_LOG)
        yes, no = (np.maximum(np.log(q), least) for q in (p, one - p))
        return np.asarray(-(target * yes + (one - target) * no))


exp, log, tanh, sigmoid = Exp(), Log(), Tanh(), Sigmoid()
sqrt, rsqrt, erf, sin, cos, pow_, softplus, log_loss, fmod = Sqrt(), Rsqrt(), Erf(), Sin(), Cos(), Pow(), Softplus(), LogLoss(), Fmod()
