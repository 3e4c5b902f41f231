"""torch's functions element by element that are methods of Tensors, and those whose first operand may be a number."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from gradwerk.base.python_numbers import is_number
from gradwerk.torch import arguments
from gradwerk.torch.functions import function_of
from gradwerk.torch.options import as_recorded
from gradwerk.torch.tensors import Tensor

# ruff: noqa: A001, A002  torch's names

expm1, exp2, log1p, log2 = function_of(Tensor.expm1), function_of(Tensor.exp2), function_of(Tensor.log1p), function_of(Tensor.log2)
log10, tan, asin, acos = function_of(Tensor.log10), function_of(Tensor.tan), function_of(Tensor.asin), function_of(Tensor.acos)
atan, sinh, cosh, asinh = function_of(Tensor.atan), function_of(Tensor.sinh), function_of(Tensor.cosh), function_of(Tensor.asinh)
acosh, atanh, erf, erfc = function_of(Tensor.acosh), function_of(Tensor.atanh), function_of(Tensor.erf), function_of(Tensor.erfc)
erfinv, lgamma, digamma, i0 = function_of(Tensor.erfinv), function_of(Tensor.lgamma), function_of(Tensor.digamma), function_of(Tensor.i0)
sinc, deg2rad, rad2deg = function_of(Tensor.sinc), function_of(Tensor.deg2rad), function_of(Tensor.rad2deg)
isnan, isinf, isfinite = function_of(Tensor.isnan), function_of(Tensor.isinf), function_of(Tensor.isfinite)
isposinf, isneginf, isreal = function_of(Tensor.isposinf), function_of(Tensor.isneginf), function_of(Tensor.isreal)
signbit, logical_not, ceil = function_of(Tensor.signbit), function_of(Tensor.logical_not), function_of(Tensor.ceil)
trunc, round, frac = function_of(Tensor.trunc), function_of(Tensor.round), function_of(Tensor.frac)
positive, bitwise_not, logit = function_of(Tensor.positive), function_of(Tensor.bitwise_not), function_of(Tensor.logit)
mvlgamma, nan_to_num, clamp_min = function_of(Tensor.mvlgamma), function_of(Tensor.nan_to_num), function_of(Tensor.clamp_min)
clamp_max = function_of(Tensor.clamp_max)
floor = function_of(Tensor.floor)
reciprocal, rsqrt, neg = function_of(Tensor.reciprocal), function_of(Tensor.rsqrt), function_of(Tensor.neg)
sign, square = function_of(Tensor.sign), function_of(Tensor.square)
atan2, hypot, copysign = function_of(Tensor.atan2), function_of(Tensor.hypot), function_of(Tensor.copysign)
logaddexp, logaddexp2, fmod = function_of(Tensor.logaddexp), function_of(Tensor.logaddexp2), function_of(Tensor.fmod)
fmax, fmin, gcd, lcm = function_of(Tensor.fmax), function_of(Tensor.fmin), function_of(Tensor.gcd), function_of(Tensor.lcm)
logical_and, logical_or, logical_xor = function_of(Tensor.logical_and), function_of(Tensor.logical_or), function_of(Tensor.logical_xor)
heaviside, ldexp, isclose = function_of(Tensor.heaviside), function_of(Tensor.ldexp), function_of(Tensor.isclose)
nextafter = function_of(Tensor.nextafter)
lerp, addcmul, addcdiv = function_of(Tensor.lerp), function_of(Tensor.addcmul), function_of(Tensor.addcdiv)
true_divide, add, sub, mul = function_of(Tensor.true_divide), function_of(Tensor.add), function_of(Tensor.sub), function_of(Tensor.mul)
div, floor_divide, eq, ne = function_of(Tensor.div), function_of(Tensor.floor_divide), function_of(Tensor.eq), function_of(Tensor.ne)
lt, le, gt, ge = function_of(Tensor.lt), function_of(Tensor.le), function_of(Tensor.gt), function_of(Tensor.ge)
arcsin = function_of(Tensor.asin, "arcsin")
arccos = function_of(Tensor.acos, "arccos")
arctan = function_of(Tensor.atan, "arctan")
arcsinh = function_of(Tensor.asinh, "arcsinh")
arccosh = function_of(Tensor.acosh, "arccosh")
arctanh = function_of(Tensor.atanh, "arctanh")
fix = function_of(Tensor.trunc, "fix")
absolute = function_of(Tensor.abs, "absolute")
negative = function_of(Tensor.neg, "negative")
sgn = function_of(Tensor.sign, "sgn")
clip = function_of(Tensor.clamp, "clip")
arctan2 = function_of(Tensor.atan2, "arctan2")
greater = function_of(Tensor.gt, "greater")
greater_equal = function_of(Tensor.ge, "greater_equal")
less = function_of(Tensor.lt, "less")
less_equal = function_of(Tensor.le, "less_equal")
not_equal = function_of(Tensor.ne, "not_equal")
multiply = function_of(Tensor.mul, "multiply")
subtract = function_of(Tensor.sub, "subtract")
divide = function_of(Tensor.div, "divide")


def of_either(method: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    """torch's function of two operands of which one may be a number, the first too: that of the method."""
    name = method.__name__

    @functools.wraps(method)
    def call(input: Any, other: Any) -> Any:  # noqa: ANN401  a Tensor or a number
        if is_number(input):
            arguments.tensor(name, other, "other")
            input = Tensor.of(input)
        arguments.tensor(name, input)
        return method(input, other)

    del call.__wrapped__  # its own arguments are those of the function
    call.__module__, call.__qualname__ = __name__, name
    return as_recorded(name=name)(call)


xlogy = of_either(Tensor.xlogy)
remainder = of_either(Tensor.remainder)
bitwise_and = of_either(Tensor.bitwise_and)
bitwise_or = of_either(Tensor.bitwise_or)
bitwise_xor = of_either(Tensor.bitwise_xor)
bitwise_left_shift = of_either(Tensor.bitwise_left_shift)
bitwise_right_shift = of_either(Tensor.bitwise_right_shift)


@as_recorded()
def float_power(input: Any, exponent: Any) -> Tensor:  # noqa: ANN401
    """x ** exponent in float64; one of the two may be a number."""
    return (Tensor.of(input) if is_number(input) else input).float_power(exponent)


@as_recorded()
def rsub(input: Tensor, other: Any, *, alpha: Any = 1) -> Tensor:  # noqa: ANN401
    """other - alpha * input."""
    arguments.tensor("rsub", input)
    result: Tensor = other - (input if alpha == 1 else input * alpha)
    return result


@as_recorded()
def polygamma(n: int, input: Tensor) -> Tensor:
    """The derivative of order n of digamma."""
    arguments.tensor("polygamma", input)
    return input.polygamma(n)
