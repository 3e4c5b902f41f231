"""expm1, exp2, log1p, log2, log10, cbrt, sinh, cosh, asinh, acosh, atanh as vector code, on the parts of exp and log.

What is marked `by_double` computes f32 in f64, whose error vanishes in the rounding: at most 0.51 ulp.  The others, largest errors found
(tests/compiler/test_math.py):

    ulp       expm1  exp2  log1p  log2  log10  cbrt  sinh  cosh  asinh  acosh  atanh
    f32        1.5   1.0    1.5    -      -     -    1.5   1.5     -      -      -
    f64        1.9   1.0    1.5   0.6    0.6   0.6   1.7   1.5    2.0    2.0    2.0
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.coefficients import SINH
from gradwerk.compiler.llvm.formats import FORMATS, SINGLE
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import (
    at_least,
    at_most,
    exp,
    fused_sub,
    horner,
    log,
    one_plus,
    reduce_exponent,
    rounded_exponent,
    scaled,
)
from gradwerk.compiler.llvm.power import log_pair

Code = Callable[..., Lanes]
LN2 = (0.6931471805599453, 2.3190468138462996e-17)
PER_LN2 = (1.4426950408889634, 2.0355273740931033e-17)
PER_LN10 = (0.4342944819032518, 1.098319650216765e-17)
LARGE = 2.0**60
"""From here x + 1 and sqrt(x**2 + 1) are x."""


def by_double(function: Code) -> Code:
    """The function, computed in f64 and rounded to what it is given."""

    @functools.wraps(function)
    def compute(e: LaneCode, *xs: Lanes) -> Lanes:
        made = function(e, *(e.cast(x, dtypes.float64) for x in xs))
        return made if dtypes.is_bool(made.dtype) else e.cast(made, xs[0].dtype)

    return compute


def keeping_zero(e: LaneCode, y: Lanes, x: Lanes) -> Lanes:
    """y, and where x is 0 x itself, of its sign."""
    return e.select(e.compare("eq", x, e.const(0.0, x.dtype)), x, y)


def expm1(e: LaneCode, x: Lanes) -> Lanes:
    """e**x - 1 = 2 (2**(n - 1) (r + t) + (2**(n - 1) - 1/2)): exact but for two roundings where n is 0."""
    form = FORMATS[x.dtype]
    high, low = (88.9, -30.0) if form is SINGLE else (709.9, -60.0)
    n, r, t = reduce_exponent(e, at_least(e, at_most(e, x, high), low), form)
    half = e.bitcast(e.shift_left(e.add(n, e.const(form.bias - 1, form.integer)), form.mantissa), x.dtype)
    y = e.fma(half, e.add(r, t), e.sub(half, e.const(0.5, x.dtype)))
    small = e.compare("lt", e.intrinsic("fabs", x), e.const(2.0 ** -(form.mantissa + 3), x.dtype))  # half of a denormal loses its last bit
    return e.select(small, x, e.add(y, y))


def exp2(e: LaneCode, x: Lanes) -> Lanes:
    """2**x, exact where x is whole: x = n + r, 2**r = e**(r ln 2), the product carried in two numbers."""
    form = FORMATS[x.dtype]
    high, low = (129.0, -152.0) if form is SINGLE else (1025.0, -1080.0)
    n, near = rounded_exponent(e, at_least(e, at_most(e, x, high), low), 1.0, form)
    r = e.sub(at_least(e, at_most(e, x, high), low), near)
    first, second = (e.const(part, x.dtype) for part in parts_of_ln2(x.dtype))
    h = e.mul(r, first)
    rest = e.fma(r, second, e.fma(r, first, e.neg(h)))
    t = e.mul(e.mul(h, h), horner(e, h, form.exp))
    return scaled(e, one_plus(e, h, e.add(t, rest)), n, form)


def parts_of_ln2(dtype: dtypes.DType) -> tuple[float, float]:
    """ln 2 as a number of the dtype and what is left of it."""
    return LN2 if dtype == dtypes.float64 else (0.693147182464599609375, -1.904654299957767e-09)


def log1p(e: LaneCode, x: Lanes) -> Lanes:
    """log(1 + x) = log u + lost / u, where u + lost = 1 + x exactly."""
    one = e.const(1.0, x.dtype)
    u = e.add(x, one)
    lost = e.select(e.compare("gt", x, one), e.sub(one, e.sub(u, x)), e.sub(x, e.sub(u, one)))
    more = e.select(ordinary(e, u), e.div(lost, u), e.const(0.0, x.dtype))
    return keeping_zero(e, e.add(log(e, u), more), x)


def ordinary(e: LaneCode, x: Lanes) -> Lanes:
    """Whether a number is positive and finite."""
    return e.bit_and(e.compare("gt", x, e.const(0.0, x.dtype)), e.compare("lt", x, e.const(math.inf, x.dtype)))


def _logarithm(e: LaneCode, x: Lanes, scale: tuple[float, float]) -> Lanes:
    """log x times a number in two parts, in f64.  The logarithm in two parts too where the result is f64: powers of the base are exact."""
    if x.dtype == dtypes.float32:
        wide = log(e, e.cast(x, dtypes.float64))
        return e.cast(e.mul(wide, e.const(scale[0], wide.dtype)), x.dtype)
    first, second = (e.const(part, x.dtype) for part in scale)
    high, low = log_pair(e, x)
    y = e.mul(high, first)
    rest = e.fma(low, first, e.fma(high, second, e.fma(high, first, e.neg(y))))
    return e.select(ordinary(e, x), e.add(y, rest), y)


def log2(e: LaneCode, x: Lanes) -> Lanes:
    """The logarithm to base 2."""
    return _logarithm(e, x, PER_LN2)


def log10(e: LaneCode, x: Lanes) -> Lanes:
    """The logarithm to base 10."""
    return _logarithm(e, x, PER_LN10)


@by_double
def cbrt(e: LaneCode, x: Lanes) -> Lanes:
    """The cube root: e**(log|x| / 3), and one step of Newton's with the cube carried in two numbers."""
    size = e.intrinsic("fabs", x)
    tiny = e.compare("lt", size, e.const(2.0**-900, x.dtype))
    raised = e.select(tiny, e.mul(size, e.const(2.0**300, x.dtype)), size)
    y = exp(e, e.mul(log(e, raised), e.const(1.0 / 3.0, x.dtype)))
    square = e.mul(y, y)
    rest = e.fma(e.fma(y, y, e.neg(square)), y, fused_sub(e, e.neg(square), y, e.neg(raised)))
    better = e.sub(y, e.div(rest, e.mul(square, e.const(3.0, x.dtype))))
    y = e.select(ordinary(e, raised), better, raised)
    y = e.select(tiny, e.mul(y, e.const(2.0**-100, x.dtype)), y)
    return e.intrinsic("copysign", y, x)


def half_exp(e: LaneCode, x: Lanes) -> Lanes:
    """e**x / 2 for x >= 0, which is finite where e**x is just too large."""
    form = FORMATS[x.dtype]
    n, r, t = reduce_exponent(e, at_most(e, x, 90.0 if form is SINGLE else 712.0), form)
    return scaled(e, one_plus(e, r, t), e.sub(n, e.const(1, form.integer)), form)


def sinh(e: LaneCode, x: Lanes) -> Lanes:
    """Odd polynomial for |x| < 1, (e**|x| - e**-|x|) / 2 beyond."""
    size, z = e.intrinsic("fabs", x), e.mul(x, x)
    small = e.fma(e.mul(size, z), horner(e, at_most(e, z, 1.0), SINH[x.dtype]), size)
    half = half_exp(e, size)
    large = e.sub(half, e.div(e.const(0.25, x.dtype), half))
    return e.intrinsic("copysign", e.select(e.compare("gt", size, e.const(1.0, x.dtype)), large, small), x)


def cosh(e: LaneCode, x: Lanes) -> Lanes:
    """(e**|x| + e**-|x|) / 2."""
    half = half_exp(e, e.intrinsic("fabs", x))
    return e.add(half, e.div(e.const(0.25, x.dtype), half))


@by_double
def asinh(e: LaneCode, x: Lanes) -> Lanes:
    """log1p(|x| + x**2 / (1 + sqrt(1 + x**2))); log|x| + ln 2 of the largest."""
    size, one = e.intrinsic("fabs", x), e.const(1.0, x.dtype)
    z = e.mul(size, size)
    y = e.add(size, e.div(z, e.add(one, e.intrinsic("sqrt", e.add(z, one)))))
    return e.intrinsic("copysign", _log1p_of(e, y, size), x)


@by_double
def acosh(e: LaneCode, x: Lanes) -> Lanes:
    """log1p(u + sqrt(u (u + 2))), u = x - 1; log x + ln 2 of the largest; NaN below 1."""
    u = e.sub(x, e.const(1.0, x.dtype))
    y = e.add(u, e.intrinsic("sqrt", e.fma(u, u, e.add(u, u))))
    return e.select(e.compare("lt", u, e.const(0.0, x.dtype)), e.const(math.nan, x.dtype), _log1p_of(e, y, x))


def _log1p_of(e: LaneCode, y: Lanes, size: Lanes) -> Lanes:
    """log1p(y), but log(size) + ln 2 where the square of size would overflow."""
    large = e.compare("gt", size, e.const(LARGE, size.dtype))
    more = e.select(large, e.const(LN2[0], size.dtype), e.const(0.0, size.dtype))
    made = log1p(e, e.select(large, size, y))
    return e.select(large, e.add(made, more), made)


@by_double
def atanh(e: LaneCode, x: Lanes) -> Lanes:
    """log1p(2|x| / (1 - |x|)) / 2: infinity at 1, NaN beyond."""
    size = e.intrinsic("fabs", x)
    y = e.div(e.add(size, size), e.sub(e.const(1.0, x.dtype), size))
    y = e.select(e.compare("gt", size, e.const(1.0, x.dtype)), e.const(math.nan, x.dtype), y)
    return e.intrinsic("copysign", e.mul(log1p(e, y), e.const(0.5, x.dtype)), x)
