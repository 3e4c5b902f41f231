"""keras.ops: functions of one element."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, counted, floating, tensor, truths
from gradwerk.ops import (
    bessel,
    bits,
    complexes,
    elementwise,
    exponentials,
    functions,
    hyperbolic,
    logic,
    movement,
    rounding,
    signs,
    trigonometry,
)
from gradwerk.ops.compare import equal
from gradwerk.ops.compare import logical_not as elementwise_not
from gradwerk.ops.conjugate import conj as conj_
from gradwerk.ops.conjugate import real as real_

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers

op = Family("numpy")


@op()
def arccos(x: Operand) -> Any:
    """The angle, from 0 to pi, of which x is the cosine.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.acos(floating(x))


@op()
def arccosh(x: Operand) -> Any:
    """The number from 0 on of which x is the hyperbolic cosine.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return hyperbolic.acosh(floating(x))


@op()
def arcsin(x: Operand) -> Any:
    """The angle, from -pi/2 to pi/2, of which x is the sine.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.asin(floating(x))


@op()
def arcsinh(x: Operand) -> Any:
    """The number of which x is the hyperbolic sine.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return hyperbolic.asinh(floating(x))


@op()
def arctan(x: Operand) -> Any:
    """The angle, from -pi/2 to pi/2, of which x is the tangent.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.atan(floating(x))


@op()
def arctanh(x: Operand) -> Any:
    """The number of which x is the hyperbolic tangent.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return hyperbolic.atanh(floating(x))


@op()
def cbrt(x: Operand) -> Any:
    """The cube root.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return exponentials.cbrt(floating(x))


@op()
def ceil(x: Operand) -> Any:
    """The smallest whole number that is not below x, as a float.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return rounding.ceil(floating(x))


@op()
def cos(x: Operand) -> Any:
    """The cosine, x in radians.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.cos(floating(x))


@op()
def cosh(x: Operand) -> Any:
    """The hyperbolic cosine.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return hyperbolic.cosh(floating(x))


@op()
def deg2rad(x: Operand) -> Any:
    """Degrees as radians.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.deg2rad(floating(x))


@op()
def exp(x: Operand) -> Any:
    """e**x.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.exp(floating(x))


@op()
def exp2(x: Operand) -> Any:
    """2**x.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return exponentials.exp2(floating(x))


@op()
def expm1(x: Operand) -> Any:
    """e**x - 1, without loss of small results.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return exponentials.expm1(floating(x))


@op()
def fabs(x: Operand) -> Any:
    """|x|, as a float.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.abs_(floating(x))


@op()
def floor(x: Operand) -> Any:
    """The largest whole number that is not above x, as a float.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.floor(floating(x))


@op()
def i0(x: Operand) -> Any:
    """The modified Bessel function of order 0.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return bessel.i0(floating(x))


@op()
def log(x: Operand) -> Any:
    """The natural logarithm.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.log(floating(x))


@op()
def log10(x: Operand) -> Any:
    """The logarithm to base 10.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return exponentials.log10(floating(x))


@op()
def log1p(x: Operand) -> Any:
    """log(1 + x), without loss of small results.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return exponentials.log1p(floating(x))


@op()
def log2(x: Operand) -> Any:
    """The logarithm to base 2.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return exponentials.log2(floating(x))


@op()
def rad2deg(x: Operand) -> Any:
    """Radians as degrees.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.rad2deg(floating(x))


@op()
def reciprocal(x: Operand) -> Any:
    """1 / x.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.div(1, floating(x))


@op()
def sin(x: Operand) -> Any:
    """The sine, x in radians.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.sin(floating(x))


@op()
def sinc(x: Operand) -> Any:
    """sin(pi x) / (pi x), 1 at 0.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.sinc(floating(x))


@op()
def sinh(x: Operand) -> Any:
    """The hyperbolic sine.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return hyperbolic.sinh(floating(x))


@op()
def sqrt(x: Operand) -> Any:
    """The square root.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.sqrt(floating(x))


@op()
def tan(x: Operand) -> Any:
    """The tangent, x in radians.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return trigonometry.tan(floating(x))


@op()
def tanh(x: Operand) -> Any:
    """The hyperbolic tangent.  Shape: that of x.  Dtype: floating; floatx of whole numbers."""
    return elementwise.tanh(floating(x))


@op()
def absolute(x: Operand) -> Any:
    """|x|; of complex numbers the size.  Shape, dtype: kept."""
    return _magnitude(tensor(x))


@op()
def negative(x: Operand) -> Any:
    """-x.  Shape, dtype: kept."""
    return elementwise.neg(tensor(x))


@op()
def sign(x: Operand) -> Any:
    """-1, 0 or 1.  Shape, dtype: kept."""
    return _signed(tensor(x))


@op()
def trunc(x: Operand) -> Any:
    """x without its fraction.  Shape, dtype: kept."""
    return _if_float(rounding.trunc, x)


@op()
def square(x: Operand) -> Any:
    """x * x; of truths as int32.  Shape, dtype: kept."""
    return functions.square(counted(x))


@op()
def conjugate(x: Operand) -> Any:
    """The conjugate of complex numbers; others are their own.  Shape, dtype: kept."""
    return conj_(tensor(x))


@op()
def real(x: Operand) -> Any:
    """The real part; of real numbers themselves.  Shape, dtype: kept."""
    return real_(tensor(x))


@op()
def imag(x: Operand) -> Any:
    """The imaginary part; of real numbers 0.  Shape, dtype: kept."""
    return _imaginary(tensor(x))


@op()
def copy(x: Operand) -> Any:
    """A copy.  Shape, dtype: kept."""
    return movement.unchanged(tensor(x))


@op()
def bitwise_invert(x: Operand) -> Any:
    """Of whole numbers the other bits; of truths the other.  Shape, dtype: kept."""
    return bits.invert(tensor(x))


@op()
def bitwise_not(x: Operand) -> Any:
    """Of whole numbers the other bits; of truths the other.  Shape, dtype: kept."""
    return bits.invert(tensor(x))


@op()
def isfinite(x: Operand) -> Any:
    """Whether x is neither infinite nor NaN.  Shape: that of x.  Dtype: bool."""
    return logic.isfinite(tensor(x))


@op()
def isinf(x: Operand) -> Any:
    """Whether x is infinite.  Shape: that of x.  Dtype: bool."""
    return logic.isinf(tensor(x))


@op()
def isnan(x: Operand) -> Any:
    """Whether x is no number.  Shape: that of x.  Dtype: bool."""
    return logic.isnan(tensor(x))


@op()
def isneginf(x: Operand) -> Any:
    """Whether x is infinite and negative.  Shape: that of x.  Dtype: bool."""
    return logic.isneginf(tensor(x))


@op()
def isposinf(x: Operand) -> Any:
    """Whether x is infinite and positive.  Shape: that of x.  Dtype: bool."""
    return logic.isposinf(tensor(x))


@op()
def isreal(x: Operand) -> Any:
    """Whether x has no imaginary part.  Shape: that of x.  Dtype: bool."""
    return _is_real(tensor(x))


@op()
def signbit(x: Operand) -> Any:
    """Whether x has a minus sign: -0.0 has.  Shape: that of x.  Dtype: bool."""
    return signs.signbit(tensor(x))


@op()
def logical_not(x: Operand) -> Any:
    """Whether x is 0.  Shape: that of x.  Dtype: bool."""
    return elementwise_not(truths(x))


@op()
def angle(x: Operand) -> Any:
    """The angle of complex numbers; of real ones 0, or pi below 0.  Shape: that of x.  Dtype: floating."""
    x = floating(x)
    if dtypes.is_complex(x.dtype):
        return complexes.angle(x)
    return elementwise.where(elementwise.sub(0, elementwise.add(x, 0)) > 0, math.pi, elementwise.mul(x, 0))


@op()
def round(x: Operand, decimals: int = 0) -> Any:  # noqa: A001  Keras' name
    """x rounded to so many decimals, half to even.  Shape, dtype: kept; of truths int32."""
    x = counted(x)
    if dtypes.is_float(x.dtype):
        return rounding.round_to(x, int(decimals))
    return movement.unchanged(x) if decimals >= 0 else elementwise.cast(rounding.round_to(floating(x), int(decimals)), x.dtype)


@op()
def nan_to_num(x: Operand, nan: float = 0.0, posinf: float | None = None, neginf: float | None = None) -> Any:
    """x with numbers for NaN and the infinities, by default the largest and the smallest of the dtype.  Shape, dtype: kept."""
    x = tensor(x)
    if not dtypes.is_float(x.dtype):
        return movement.unchanged(x)
    most = dtypes.limits(x.dtype).max
    return logic.nan_to_num(x, nan, most if posinf is None else posinf, -most if neginf is None else neginf)


def _magnitude(x: Any) -> Any:
    if dtypes.is_complex(x.dtype):
        return complexes.magnitude(x)
    return movement.unchanged(x) if dtypes.is_bool(x.dtype) or dtypes.is_unsigned(x.dtype) else elementwise.abs_(x)


def _signed(x: Any) -> Any:
    if dtypes.is_bool(x.dtype) or dtypes.is_unsigned(x.dtype):
        return elementwise.cast(elementwise.cast(x, dtypes.bool_), x.dtype)
    return elementwise.sign(x)


def _if_float(function: Callable[[Any], Any], x: Operand) -> Any:
    """What the function makes of floats; whole numbers stay."""
    x = tensor(x)
    return function(x) if dtypes.is_float(x.dtype) else movement.unchanged(x)


def _imaginary(x: Any) -> Any:
    return complexes.imag(x) if dtypes.is_complex(x.dtype) else elementwise.where(equal(x, x), elementwise.cast(0, x.dtype), 0)


def _is_real(x: Any) -> Any:
    return equal(complexes.imag(x), 0) if dtypes.is_complex(x.dtype) else logic.always(x)


abs, conj = absolute, conjugate  # noqa: A001  Keras' names
