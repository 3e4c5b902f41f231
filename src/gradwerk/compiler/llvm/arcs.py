"""tan, asin, acos, atan, atan2, hypot as vector code.  Largest errors found (tests/compiler/test_math.py):

    ulp   tan   asin  acos  atan  atan2  hypot
    f32   0.6   2.0   1.5   1.8    0.6    0.6
    f64   3.2   2.0   1.5   1.8    2.0    1.2
"""

from __future__ import annotations

import math

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.coefficients import ASIN, ATAN
from gradwerk.compiler.llvm.exponentials import by_double, keeping_zero
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import horner, quarter_turns

HALF_PI = {
    dtypes.float32: (1.57079637050628662109375, -4.37113900018624283e-8),
    dtypes.float64: (1.5707963267948966, 6.123233995736766e-17),
}
"""pi / 2 as a number of the dtype and what is left of it."""


@by_double
def tan(e: LaneCode, x: Lanes) -> Lanes:
    """Sine by cosine of the rest, and of odd quarter turns minus cosine by sine."""
    odd, even, n = quarter_turns(e, x)
    whole = e.compare("eq", e.bit_and(n, e.const(1, n.dtype)), e.const(0, n.dtype))
    y = e.div(e.select(whole, odd, e.neg(even)), e.select(whole, even, odd))
    return keeping_zero(e, y, x)


def _arc(e: LaneCode, size: Lanes) -> tuple[Lanes, Lanes]:
    """Whether 0 <= size <= 1 is above 1/2, and asin(size), there asin(sqrt((1 - size) / 2)): half of what is left to pi / 2."""
    half = e.const(0.5, size.dtype)
    far = e.compare("gt", size, half)
    z = e.select(far, e.mul(e.sub(e.const(1.0, size.dtype), size), half), e.mul(size, size))
    s = e.select(far, e.intrinsic("sqrt", z), size)
    return far, e.fma(e.mul(s, z), horner(e, z, ASIN[size.dtype]), s)


def asin(e: LaneCode, x: Lanes) -> Lanes:
    """Arc sine; NaN beyond 1."""
    first, second = (e.const(part, x.dtype) for part in HALF_PI[x.dtype])
    far, arc = _arc(e, e.intrinsic("fabs", x))
    y = e.select(far, e.sub(first, e.sub(e.add(arc, arc), second)), arc)
    return e.intrinsic("copysign", y, x)


def acos(e: LaneCode, x: Lanes) -> Lanes:
    """Arc cosine; NaN beyond 1."""
    first, second = (e.const(part, x.dtype) for part in HALF_PI[x.dtype])
    far, arc = _arc(e, e.intrinsic("fabs", x))
    twice = e.add(arc, arc)
    left = e.sub(e.add(first, first), e.sub(twice, e.add(second, second)))
    outer = e.select(e.compare("lt", x, e.const(0.0, x.dtype)), left, twice)
    inner = e.sub(first, e.sub(e.intrinsic("copysign", arc, x), second))
    return e.select(far, outer, inner)


def atan(e: LaneCode, x: Lanes) -> Lanes:
    """Arc tangent."""
    return e.intrinsic("copysign", _atan_of(e, e.intrinsic("fabs", x)), x)


def _atan_of(e: LaneCode, size: Lanes) -> Lanes:
    """atan of size >= 0, as an eighth or quarter turn and the arc of (size - 1) / (size + 1) or -1 / size: at most tan(pi / 8)."""
    zero, one = e.const(0.0, size.dtype), e.const(1.0, size.dtype)
    first, second = HALF_PI[size.dtype]
    far = e.compare("gt", size, e.const(math.sqrt(2.0) + 1.0, size.dtype))
    middle = e.compare("gt", size, e.const(math.sqrt(2.0) - 1.0, size.dtype))
    above = e.select(far, e.const(-1.0, size.dtype), e.select(middle, e.sub(size, one), size))
    below = e.select(far, size, e.select(middle, e.add(size, one), one))
    q = e.div(above, below)
    z = e.mul(q, q)
    high, low = (
        e.select(far, e.const(part, size.dtype), e.select(middle, e.const(part / 2, size.dtype), zero)) for part in (first, second)
    )
    return e.add(high, e.add(q, e.fma(e.mul(q, z), horner(e, z, ATAN[size.dtype]), low)))


@by_double
def atan2(e: LaneCode, y: Lanes, x: Lanes) -> Lanes:
    """The angle of (x, y), with C's special cases."""
    zero, one, infinite = (e.const(value, x.dtype) for value in (0.0, 1.0, math.inf))
    height, width = e.intrinsic("fabs", y), e.intrinsic("fabs", x)
    slope = e.select(e.compare("eq", height, zero), zero, e.div(height, width))
    slope = e.select(e.bit_and(e.compare("eq", height, infinite), e.compare("eq", width, infinite)), one, slope)
    angle = _atan_of(e, slope)
    first, second = (e.const(2 * part, x.dtype) for part in HALF_PI[x.dtype])
    behind = e.compare("lt", e.intrinsic("copysign", one, x), zero)
    angle = e.select(behind, e.sub(first, e.sub(angle, second)), angle)
    return e.select(e.compare("ne", x, x), x, e.intrinsic("copysign", angle, y))


def hypot(e: LaneCode, a: Lanes, b: Lanes) -> Lanes:
    """sqrt(a**2 + b**2) without overflow between; infinity where one is infinite, though the other be NaN."""
    wide = dtypes.float64
    x, y = (e.intrinsic("fabs", e.cast(side, wide)) for side in (a, b))
    if a.dtype == wide:
        scale = _scale(e, e.select(e.compare("gt", x, y), x, y))
        x, y = e.mul(x, scale), e.mul(y, scale)
    made = e.intrinsic("sqrt", e.fma(x, x, e.mul(y, y)))
    if a.dtype == wide:
        made = e.div(made, scale)
    infinite = e.const(math.inf, wide)
    endless = e.bit_or(e.compare("eq", x, infinite), e.compare("eq", y, infinite))
    return e.cast(e.select(endless, infinite, made), a.dtype)


def _scale(e: LaneCode, largest: Lanes) -> Lanes:
    """A power of two that keeps squares in range."""
    down, up, one = (e.const(value, largest.dtype) for value in (2.0**-600, 2.0**600, 1.0))
    large, small = (
        e.compare(relation, largest, e.const(border, largest.dtype)) for relation, border in (("gt", 2.0**500), ("lt", 2.0**-400))
    )
    return e.select(large, down, e.select(small, up, one))
