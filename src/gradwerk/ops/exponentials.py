"""Powers and logarithms to other bases and beside 1, cube roots, logarithms of sums and products with logarithms."""
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
from gradwerk.ops.arithmetic import add, div, mul, sub, where
from gradwerk.ops.compare import equal, greater_equal, less_equal, logical_and
from gradwerk.ops.functions import clip
from gradwerk.ops.transcendental import log, sigmoid


@final
@dataclass(frozen=True)
class Expm1(Unary):
    """e**x - 1, with the digits of small results.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 within 1.5 ulp, f64 within 1.9.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, add(y, 1)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("expm1", x)

    def reference(self, x: Array) -> Array:
        return np.expm1(x)


@final
@dataclass(frozen=True)
class Exp2(Unary):
    """2**x, exact where x is whole.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 1 ulp.
    """

    accepts = dtypes.FLOATS

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(ct, mul(y, math.log(2))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("exp2", x)

    def reference(self, x: Array) -> Array:
        return np.exp2(x)


@final
@dataclass(frozen=True)
class Log1p(Unary):
    """log(1 + x), with the digits of small results; -inf at -1, NaN below.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(-0.5, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, add(x, 1)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("log1p", x)

    def reference(self, x: Array) -> Array:
        return np.log1p(x)


@final
@dataclass(frozen=True)
class Log2(Unary):
    """Logarithm to base 2, exact of powers of 2; -inf at 0, NaN below.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 0.6 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, mul(x, math.log(2))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("log2", x)

    def reference(self, x: Array) -> Array:
        return np.log2(x)


@final
@dataclass(frozen=True)
class Log10(Unary):
    """Logarithm to base 10, exact of powers of 10; -inf at 0, NaN below.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 0.6 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, mul(x, math.log(10))),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("log10", x)

    def reference(self, x: Array) -> Array:
        return np.log10(x)


@final
@dataclass(frozen=True)
class Cbrt(Unary):
    """Cube root, of negative numbers too.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 0.6 ulp.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.25, 4.0)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (div(ct, mul(mul(y, y), 3)),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("cbrt", x)

    def reference(self, x: Array) -> Array:
        return np.cbrt(x)


@final
@dataclass(frozen=True)
class LogAddExp(Binary):
    """log(e**a + e**b), which does not overflow.

    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 and f64 within 2 ulp of the larger of |a|, |b| and the result.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.0, 1.5), Interval(0.0, 1.5))

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return mul(ct, sigmoid(sub(a, b))), mul(ct, sigmoid(sub(b, a)))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.add(e.maximum(a, b), e.math("log1p", e.math("exp", _apart(e, a, b))))

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.logaddexp(a, b))


@final
@dataclass(frozen=True)
class LogAddExp2(Binary):
    """log2(2**a + 2**b), which does not overflow.

    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 and f64 within 2 ulp of the larger of |a|, |b| and the result.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.0, 2.0), Interval(0.0, 2.0))

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return div(ct, add(exp2(sub(b, a)), 1)), div(ct, add(exp2(sub(a, b)), 1))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        more = e.math("log1p", e.math("exp2", _apart(e, a, b)))
        return e.add(e.maximum(a, b), e.mul(more, e.const(1 / math.log(2), e.dtype(a))))

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.logaddexp2(a, b))


def _apart(e: Emitter, a: Scalar, b: Scalar) -> Scalar:
    """-|a - b|, and 0 of equal infinities."""
    size = e.neg(e.math("abs", e.sub(a, b)))
    return e.select(e.compare("eq", a, b), e.const(0, e.dtype(a)), size)


@final
@dataclass(frozen=True)
class Xlogy(Binary):
    """x log y, and 0 where x is 0, unless y is NaN.

    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 and f64 within 2 ulp.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(-2.0, 2.0), Interval(0.25, 4.0))

    def vjp(self, ct: Operand, y: Operand, x: Operand, of: Operand) -> Grads:
        hidden = logical_and(equal(x, 0), less_equal(of, 0))
        return mul(ct, where(hidden, 0, log(of))), div(mul(ct, x), of)

    def emit(self, e: Emitter, x: Scalar, of: Scalar) -> Scalar:
        return _product(e, x, e.math("log", of), of)

    def reference(self, x: Array, of: Array) -> Array:
        return np.asarray(np.where((x == 0) & ~np.isnan(of), x.dtype.type(0), x * np.log(of)))


@final
@dataclass(frozen=True)
class Xlog1py(Binary):
    """x log(1 + y), and 0 where x is 0, unless y is NaN.

    Shape: broadcast.  Dtype: floating, equal, kept.  Error: f32 and f64 within 3 ulp.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(-2.0, 2.0), Interval(-0.5, 4.0))

    def vjp(self, ct: Operand, y: Operand, x: Operand, of: Operand) -> Grads:
        hidden = logical_and(equal(x, 0), less_equal(of, -1))
        return mul(ct, where(hidden, 0, log1p(of))), div(mul(ct, x), add(of, 1))

    def emit(self, e: Emitter, x: Scalar, of: Scalar) -> Scalar:
        return _product(e, x, e.math("log1p", of), of)

    def reference(self, x: Array, of: Array) -> Array:
        return np.asarray(np.where((x == 0) & ~np.isnan(of), x.dtype.type(0), x * np.log1p(of)))


def _product(e: Emitter, x: Scalar, logarithm: Scalar, of: Scalar) -> Scalar:
    """x times the logarithm; 0 where x is 0 and what it is of no NaN."""
    zero = e.const(0, e.dtype(x))
    hidden = e.bit_and(e.compare("eq", x, zero), e.compare("eq", of, of))
    return e.select(hidden, zero, e.mul(x, logarithm))


@final
@dataclass(frozen=True)
class Logit(Unary):
    """log(x / (1 - x)), the inverse of sigmoid; infinite at 0 and 1, NaN beyond, the gradient too.

    Shape: that of x.  Dtype: floating, kept.  Error: f32 and f64 within 2 ulp of the larger of 1 and the result.
    """

    accepts = dtypes.FLOATS
    domain = Interval(0.1, 0.4)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        inside = logical_and(greater_equal(x, 0), less_equal(x, 1))
        return (where(inside, div(ct, mul(x, sub(1, x))), math.nan),)

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        return e.math("log", e.div(x, e.sub(e.const(1, e.dtype(x)), x)))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.log(x / (x.dtype.type(1) - x)))


logit = Logit()


def logit_within(x: Operand, epsilon: float | None) -> Operand:
    """logit of x held to at least epsilon from 0 and 1, where it is given.  Shape, dtype: those of x, floating."""
    return logit(x if epsilon is None else clip(x, epsilon, 1 - epsilon))


expm1, exp2, log1p, log2, log10, cbrt = Expm1(), Exp2(), Log1p(), Log2(), Log10(), Cbrt()
logaddexp, logaddexp2, xlogy, xlog1py = LogAddExp(), LogAddExp2(), Xlogy(), Xlog1py()
