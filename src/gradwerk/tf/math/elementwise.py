"""Functions of each element: exponentials, roots, angles, signs, what rounds, special functions."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import bessel, bits, complexes, elementwise, gammas
from gradwerk.ops.arithmetic import cast, stop_gradient
from gradwerk.ops.gammas import polygamma as _polygamma
from gradwerk.tf.calls import ARITHMETIC, FLOATS, REALS, of_kind, op, unary
from gradwerk.tf.tensors import as_tensor, operands

# ruff: noqa: A001, A002, ANN401  TensorFlow's names; operands are Tensors, arrays, lists and numbers



def _exp(x: Any) -> Any:
    """Of complex numbers by size and angle."""
    if not core.is_complex(x._type.dtype):
        return elementwise.exp(x)
    return complexes.polar(elementwise.exp(complexes.real(x)), complexes.imag(x))


def _whole(function: Any) -> Any:
    """A function without a gradient."""
    return lambda x: stop_gradient(function(x))


def _sign(x: Any) -> Any:
    """What is no number keeps being none."""
    if not core.is_float(x._type.dtype):
        return ops.sign(x)
    return elementwise.where(ops.isnan(x), stop_gradient(x), ops.sign(x))


exp = unary("Exp", "exp", _exp, "e ** x, element by element.")
expm1 = unary("Expm1", "expm1", ops.expm1, "e ** x - 1, exact near 0.")
log = unary("Log", "log", ops.log, "The natural logarithm.")
log1p = unary("Log1p", "log1p", ops.log1p, "log(1 + x), exact near 0.")
sqrt = unary("Sqrt", "sqrt", ops.sqrt, "The square root.")
rsqrt = unary("Rsqrt", "rsqrt", ops.rsqrt, "1 / sqrt(x).")
square = unary("Square", "square", ops.square, "x * x.", ARITHMETIC)
sin = unary("Sin", "sin", ops.sin, "The sine, x in radians.")
cos = unary("Cos", "cos", ops.cos, "The cosine, x in radians.")
tan = unary("Tan", "tan", ops.tan, "The tangent, x in radians.")
asin = unary("Asin", "asin", ops.arcsin, "The angle whose sine is x.")
acos = unary("Acos", "acos", ops.arccos, "The angle whose cosine is x.")
atan = unary("Atan", "atan", ops.arctan, "The angle whose tangent is x.")
sinh = unary("Sinh", "sinh", ops.sinh, "The hyperbolic sine.")
cosh = unary("Cosh", "cosh", ops.cosh, "The hyperbolic cosine.")
tanh = unary("Tanh", "tanh", ops.tanh, "The hyperbolic tangent.")
asinh = unary("Asinh", "asinh", ops.arcsinh, "The inverse of the hyperbolic sine.")
acosh = unary("Acosh", "acosh", ops.arccosh, "The inverse of the hyperbolic cosine.")
atanh = unary("Atanh", "atanh", ops.arctanh, "The inverse of the hyperbolic tangent.")
sigmoid = unary("Sigmoid", "sigmoid", elementwise.sigmoid, "1 / (1 + e ** -x).")
log_sigmoid = unary("LogSigmoid", "log_sigmoid", ops.log_sigmoid, "log(1 / (1 + e ** -x)).", REALS)
negative = unary("Neg", "negative", lambda x: -x, "-x.", ARITHMETIC)
reciprocal = unary("Reciprocal", "reciprocal", ops.reciprocal, "1 / x.")
sign = unary("Sign", "sign", _sign, "-1, 0 or 1; of a complex number x / |x|.", ARITHMETIC)
floor = unary("Floor", "floor", _whole(ops.floor), "The largest whole number not above x.", REALS)
ceil = unary("Ceil", "ceil", _whole(ops.ceil), "The smallest whole number not below x.", REALS)
rint = unary("Rint", "rint", _whole(ops.round), "The nearest whole number; of two the even one.", REALS)
erf = unary("Erf", "erf", ops.erf, "The error function.", REALS)
erfc = unary("Erfc", "erfc", ops.erfc, "1 - erf(x), exact where that is small.", REALS)
erfinv = unary("Erfinv", "erfinv", ops.erfinv, "The inverse of the error function.", REALS)
lgamma = unary("Lgamma", "lgamma", gammas.lgamma, "The logarithm of |gamma(x)|.", REALS)
digamma = unary("Digamma", "digamma", gammas.digamma, "The derivative of lgamma.", REALS)
bessel_i0 = unary("BesselI0", "bessel_i0", bessel.i0, "The modified Bessel function of order 0.", REALS)
bessel_i1 = unary("BesselI1", "bessel_i1", bessel.i1, "The modified Bessel function of order 1.", REALS)
bessel_i0e = unary("BesselI0e", "bessel_i0e", bessel.i0e, "bessel_i0(x) * e ** -|x|.", REALS)
bessel_i1e = unary("BesselI1e", "bessel_i1e", bessel.i1e, "bessel_i1(x) * e ** -|x|.", REALS)
is_nan = unary("IsNan", "is_nan", ops.isnan, "Where x is no number.", REALS)
is_inf = unary("IsInf", "is_inf", ops.isinf, "Where x is infinite.", REALS)
is_finite = unary("IsFinite", "is_finite", ops.isfinite, "Where x is neither infinite nor no number.", REALS)
invert = unary("Invert", "invert", bits.invert, "Each bit the other way.", core.INTEGERS)
logical_not = unary("LogicalNot", "logical_not", ops.logical_not, "Where x is false.", core.BOOLS)
ndtri = unary("Ndtri", "ndtri", lambda x: ops.erfinv(x * 2 - 1) * 2**0.5, "The quantile of the standard normal distribution.", REALS)
erfcinv = unary("Erfcinv", "erfcinv", lambda x: ops.erfinv(1 - x), "The inverse of erfc.", REALS)


@op("Abs")
def abs(x: Any, name: Any = None) -> Any:
    """|x|, element by element; of complex numbers their size, which is floating.

    Shape: that of x.
    """
    return ops.abs(of_kind(x, ARITHMETIC, "Abs"))


@op("Round")
def round(x: Any, name: Any = None) -> Any:
    """The nearest whole number, of two the even one; whole numbers stay.

    Shape and dtype: those of x.
    """
    x = of_kind(x, ARITHMETIC, "Round")
    return stop_gradient(ops.round(x)) if core.has_gradient(x._type.dtype) else x


@op("Real")
def real(input: Any, name: Any = None) -> Any:
    """The real part; of real numbers themselves.

    Shape: that of the input.
    """
    x = as_tensor(input)
    return complexes.real(x) if core.is_complex(x._type.dtype) else x


@op("Imag")
def imag(input: Any, name: Any = None) -> Any:
    """The imaginary part; of real numbers zeros.

    Shape: that of the input.
    """
    x = as_tensor(input)
    return complexes.imag(x) if core.is_complex(x._type.dtype) else ops.zeros_like(x)


@op("Conj")
def conj(x: Any, name: Any = None) -> Any:
    """The complex conjugate; of real numbers themselves.

    Shape and dtype: those of x.
    """
    x = as_tensor(x)
    return ops.conj(x) if core.is_complex(x._type.dtype) else x


@op("Angle")
def angle(input: Any, name: Any = None) -> Any:
    """The angle of a complex number in the plane.

    Shape: that of the input.
    """
    x = of_kind(input, FLOATS, "Angle")
    return ops.angle(x) if core.is_complex(x._type.dtype) else stop_gradient(ops.angle(x))


@op("Polygamma")
def polygamma(a: Any, x: Any, name: Any = None) -> Any:
    """The derivative of this order of digamma at x; the order a is one whole number.

    Shape and dtype: those of x.  Raises: InvalidArgumentError for several orders.
    """
    orders = {float(one) for one in as_tensor(a).numpy().reshape(-1)}
    if len(orders) != 1 or not next(iter(orders)).is_integer():
        raise ValueError("polygamma: one whole order is taken")
    return _polygamma(int(orders.pop()), as_tensor(x))


@op("ReciprocalNoNan")
def reciprocal_no_nan(x: Any, name: Any = None) -> Any:
    """1 / x; 0 where x is 0.

    Shape and dtype: those of x.
    """
    x = of_kind(x, FLOATS, "DivNoNan")
    return ops.divide_no_nan(ops.ones_like(x), x)


@op("ScalarMul")
def scalar_mul(scalar: Any, x: Any, name: Any = None) -> Any:
    """A number times a Tensor.

    Shape and dtype: those of x.
    """
    x = as_tensor(x)
    scalar, x = operands(cast(as_tensor(scalar), x._type.dtype) if not hasattr(scalar, "dtype") else scalar, x)
    return scalar * x


__all__ = [
    "abs", "acos", "acosh", "angle", "asin", "asinh", "atan", "atanh", "bessel_i0", "bessel_i0e", "bessel_i1", "bessel_i1e", "ceil",
    "conj", "cos", "cosh", "digamma", "erf", "erfc", "erfcinv", "erfinv", "exp", "expm1", "floor", "imag", "invert", "is_finite",
    "is_inf", "is_nan", "lgamma", "log", "log1p", "log_sigmoid", "logical_not", "ndtri", "negative", "polygamma", "real", "reciprocal",
    "reciprocal_no_nan", "rint", "round", "rsqrt", "scalar_mul", "sigmoid", "sign", "sin", "sinh", "sqrt", "square", "tan", "tanh",
]  # fmt: skip
