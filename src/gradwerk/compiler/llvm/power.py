"""a ** b as vector code, any number of lanes, the same bits for all: exp(b log |a|), the logarithm carried in two numbers.

f32 goes through f64, whose logarithm and exponential are exact enough: at most 1 ulp.  In f64 the rounding error of b log |a| is as large
as the result's own when the logarithm is one number (700 ulp at the edge of the range), so it is a sum of two, by Dekker's products.
"""

from __future__ import annotations

import math

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.formats import DOUBLE
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import exp, fused_sub, horner, log

Pair = tuple["Lanes", "Lanes"]
"""A number as an unevaluated sum; the second is below half an ulp of the first."""
TWO_THIRDS = (2.0 / 3.0, 2.0**-54 * 2.0 / 3.0)
SERIES = tuple(2.0 / k for k in range(25, 3, -2))
"""log((1 + s) / (1 - s)) = 2 s + 2/3 s**3 + s**5 times this in s**2: the series itself, as log's polynomial is right to one number."""


def power(e: LaneCode, a: Lanes, b: Lanes) -> Lanes:
    """a ** b with the special cases of C's pow."""
    size = e.intrinsic("fabs", a)
    y = _single(e, size, b) if a.dtype == dtypes.float32 else _double(e, size, b)
    zero, one = e.const(0.0, a.dtype), e.const(1.0, a.dtype)
    half = e.mul(b, e.const(0.5, a.dtype))
    whole = e.compare("eq", e.intrinsic("floor", b), b)
    odd = e.bit_and(whole, e.compare("ne", e.intrinsic("floor", half), half))
    y = e.select(odd, e.intrinsic("copysign", y, a), y)
    finite_negative = e.bit_and(e.compare("lt", a, zero), e.compare("gt", a, e.const(-math.inf, a.dtype)))
    y = e.select(e.bit_and(finite_negative, e.compare("ne", e.intrinsic("floor", b), b)), e.const(math.nan, a.dtype), y)
    endless = e.compare("eq", e.intrinsic("fabs", b), e.const(math.inf, a.dtype))
    always_one = e.bit_or(e.compare("eq", a, one), e.compare("eq", b, zero))
    always_one = e.bit_or(always_one, e.bit_and(endless, e.compare("eq", size, one)))
    return e.select(always_one, one, y)


def _single(e: LaneCode, size: Lanes, b: Lanes) -> Lanes:
    """|a| ** b in f64."""
    exponent = e.mul(e.cast(b, dtypes.float64), log(e, e.cast(size, dtypes.float64)))
    return e.cast(exp(e, exponent), dtypes.float32)


def _double(e: LaneCode, size: Lanes, b: Lanes) -> Lanes:
    """|a| ** b with the logarithm as a pair: exp(h + l) = exp(h) (1 + l)."""
    high, low = log_pair(e, size)
    exponent = e.mul(b, high)
    rest = e.fma(b, low, fused_sub(e, e.neg(b), high, e.neg(exponent)))
    y = exp(e, exponent)
    better = e.fma(y, rest, y)
    ordinary = e.bit_and(e.compare("lt", y, e.const(math.inf, y.dtype)), e.compare("gt", y, e.const(0.0, y.dtype)))
    return e.select(e.bit_and(ordinary, e.compare("eq", rest, rest)), better, y)


def log_pair(e: LaneCode, x: Lanes) -> Pair:
    """log x for x >= 0: n ln 2 + log((1 + s) / (1 - s)), s = (m - 1) / (m + 1) as a pair; one number where x is 0, infinite or NaN."""
    n, r = _split(e, x)
    two = e.const(2.0, x.dtype)
    divisor = e.add(r, two)
    lost = e.sub(r, e.sub(divisor, two))  # divisor + lost = r + 2 exactly
    s = e.div(r, divisor)
    s_low = e.div(fused_sub(e, s, lost, fused_sub(e, s, divisor, r)), divisor)
    z = e.mul(s, s)
    cube = e.mul(s, z)
    cube_low = e.fma(s, e.fma(e.add(s, s), s_low, e.fma(s, s, e.neg(z))), e.fma(s_low, z, e.fma(s, z, e.neg(cube))))
    third, third_low = (e.const(part, x.dtype) for part in TWO_THIRDS)
    lead = e.mul(cube, third)
    rest = e.fma(cube, third_low, e.fma(cube_low, third, e.fma(cube, third, e.neg(lead))))
    rest = e.fma(e.mul(cube, z), horner(e, z, SERIES), rest)
    high, low = _sum(e, e.mul(n, e.const(DOUBLE.ln2[0], x.dtype)), e.add(s, s))  # the product is exact
    high, error = _sum(e, high, lead)
    low = e.add(e.add(low, error), e.fma(n, e.const(DOUBLE.ln2[1], x.dtype), e.fma(e.const(2.0, x.dtype), s_low, rest)))
    high, low = _sum(e, high, low)
    ordinary = e.bit_and(e.compare("gt", x, e.const(0.0, x.dtype)), e.compare("lt", x, e.const(math.inf, x.dtype)))
    return e.select(ordinary, high, log(e, x)), e.select(ordinary, low, e.const(0.0, x.dtype))


def _split(e: LaneCode, x: Lanes) -> Pair:
    """x = 2**n (1 + r), 1 + r in [sqrt 1/2, sqrt 2), for x > 0."""
    form, one = DOUBLE, e.const(1.0, x.dtype)
    tiny = e.compare("lt", x, e.const(form.smallest, x.dtype))
    raw = e.bitcast(e.select(tiny, e.mul(x, e.const(2.0**form.mantissa, x.dtype)), x), form.integer)
    root = (form.bias << form.mantissa) - (1 << form.mantissa) + int((math.sqrt(2.0) - 1.0) * 2.0**form.mantissa)  # sqrt(1/2)
    exponent = e.shift_right(e.sub(raw, e.const(root, form.integer)), form.mantissa)
    m = e.bitcast(e.sub(raw, e.shift_left(exponent, form.mantissa)), x.dtype)
    n = e.cast(exponent, x.dtype)
    return e.select(tiny, e.sub(n, e.const(float(form.mantissa), x.dtype)), n), e.sub(m, one)


def _sum(e: LaneCode, a: Lanes, b: Lanes) -> Pair:
    """a + b and its rounding error (Knuth)."""
    total = e.add(a, b)
    part = e.sub(total, a)
    return total, e.add(e.sub(a, e.sub(total, part)), e.sub(b, part))
