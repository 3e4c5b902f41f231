"""exp, log, tanh, sigmoid, erf, sin, cos, sqrt, rsqrt, floor, abs as vector code, any number of lanes, the same bits for all.

No library is called.  Largest errors, tested over samples of all bit patterns with infinities, NaN, signed zeros and denormals:

    ulp       exp   log   tanh  sigmoid  erf   sin   cos   sqrt  rsqrt
    f32       1.0   1.0   1.5   1.6      1.1   1.6   1.6   0.5   1.5
    f64       1.0   1.0   2.0   2.0      2.0   1.6   1.6   0.5   1.5

sin and cos hold that for every number: angles beyond FAST_ANGLE are reduced by integers (angles.py), where a lane has one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.angles import far_angle
from gradwerk.compiler.llvm.formats import (
    DOUBLE,
    ERF_LARGE_DOUBLE,
    ERF_LARGE_SINGLE,
    ERF_SMALL_DOUBLE,
    ERF_SMALL_SINGLE,
    FORMATS,
    SINGLE,
    Format,
)
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes

FAST_ANGLE = {dtypes.float32: 2.0**17, dtypes.float64: 2.0**40}
"""Angles up to here are reduced by three parts of pi / 2."""


def horner(e: LaneCode, x: Lanes, coefficients: Sequence[float]) -> Lanes:
    """The polynomial with the highest coefficient first."""
    total = e.const(coefficients[0], x.dtype)
    for c in coefficients[1:]:
        total = e.fma(total, x, e.const(c, x.dtype))
    return total


def at_most(e: LaneCode, x: Lanes, high: float) -> Lanes:
    """The value limited from above; NaN stays."""
    return e.minimum(x, e.const(high, x.dtype))


def at_least(e: LaneCode, x: Lanes, low: float) -> Lanes:
    """The value limited from below; NaN stays."""
    return e.maximum(x, e.const(low, x.dtype))


def fused_sub(e: LaneCode, a: Lanes, b: Lanes, c: Lanes) -> Lanes:
    """The difference c - a * b, rounded once."""
    return e.fma(e.neg(a), b, c)


def reduce_exponent(e: LaneCode, x: Lanes, form: Format) -> tuple[Lanes, Lanes, Lanes]:
    """Splits x = n ln 2 + r, |r| <= ln 2 / 2: the integer n, r, and t(r) = exp(r) - 1 - r.  No conversion, which is poison on NaN."""
    whole, n = rounded_exponent(e, x, 1 / math.log(2), form)
    r = e.fma(n, e.const(-form.ln2[0], x.dtype), x)
    r = e.fma(n, e.const(-form.ln2[1], x.dtype), r)
    return whole, r, e.mul(e.mul(r, r), horner(e, r, form.exp))


def rounded_exponent(e: LaneCode, x: Lanes, scale: float, form: Format) -> tuple[Lanes, Lanes]:
    """The whole number next to x times scale, as an integer and as it is."""
    shifted = e.fma(x, e.const(scale, x.dtype), e.const(form.round, x.dtype))
    start = (form.bias + form.mantissa << form.mantissa) + (1 << form.mantissa - 1)  # the bits of form.round
    whole = e.sub(e.bitcast(shifted, form.integer), e.const(start, form.integer))
    return whole, e.sub(shifted, e.const(form.round, x.dtype))


def one_plus(e: LaneCode, r: Lanes, t: Lanes) -> Lanes:
    """1 + r + t rounded once: the rounding error of 1 + r is carried into the small term."""
    one = e.const(1.0, r.dtype)
    high = e.add(r, one)
    low = e.add(e.sub(one, high), r)
    return e.add(high, e.add(low, t))


def power_of_two(e: LaneCode, n: Lanes, form: Format) -> Lanes:
    """2**n for n in the normal range."""
    return e.bitcast(e.shift_left(e.add(n, e.const(form.bias, form.integer)), form.mantissa), form.dtype)


def exp(e: LaneCode, x: Lanes) -> Lanes:
    """e**x; infinity and 0 beyond the range, denormal results rounded once more."""
    form = FORMATS[x.dtype]
    n, r, t = reduce_exponent(e, at_least(e, at_most(e, x, form.exp_range[1]), form.exp_range[0]), form)
    return scaled(e, one_plus(e, r, t), n, form)


def scaled(e: LaneCode, y: Lanes, n: Lanes, form: Format) -> Lanes:
    """y 2**n by two factors, so that denormals and the last binade come out right."""
    half = e.shift_right(n, 1)
    return e.mul(e.mul(y, power_of_two(e, half, form)), power_of_two(e, e.sub(n, half), form))


def exp_negative(e: LaneCode, x: Lanes) -> Lanes:
    """e**x for x <= 0, not below e**-87: for callers that add 1 to it."""
    form = FORMATS[x.dtype]
    n, r, t = reduce_exponent(e, at_least(e, x, -87.0), form)
    scale = power_of_two(e, n, form)
    return e.fma(e.add(r, t), scale, scale)


def log(e: LaneCode, x: Lanes) -> Lanes:
    """Natural logarithm: -inf at 0, NaN below."""
    form = FORMATS[x.dtype]
    tiny = e.compare("lt", x, e.const(form.smallest, x.dtype))
    lift = form.mantissa
    raw = e.bitcast(e.select(tiny, e.mul(x, e.const(2.0**lift, x.dtype)), x), form.integer)
    root = (form.bias << form.mantissa) - (1 << form.mantissa) + int((math.sqrt(2.0) - 1.0) * 2.0**form.mantissa)  # sqrt(1/2)
    exponent = e.shift_right(e.sub(raw, e.const(root, form.integer)), form.mantissa)
    m = e.bitcast(e.sub(raw, e.shift_left(exponent, form.mantissa)), x.dtype)  # in [sqrt 1/2, sqrt 2)
    n = e.cast(exponent, x.dtype)
    n = e.select(tiny, e.sub(n, e.const(float(lift), x.dtype)), n)
    r = e.sub(m, e.const(1.0, x.dtype))
    y = _log_single(e, r, n) if form is SINGLE else _log_double(e, r, n)
    y = e.select(e.compare("lt", x, e.const(math.inf, x.dtype)), y, x)  # infinity and NaN are themselves
    y = e.select(e.compare("eq", x, e.const(0.0, x.dtype)), e.const(-math.inf, x.dtype), y)
    return e.select(e.compare("lt", x, e.const(0.0, x.dtype)), e.const(math.nan, x.dtype), y)


def _log_single(e: LaneCode, r: Lanes, n: Lanes) -> Lanes:
    """The sum n ln 2 + log(1 + r)."""
    z = e.mul(r, r)
    low = e.fma(e.mul(r, z), horner(e, r, SINGLE.log), e.mul(n, e.const(SINGLE.ln2[1], r.dtype)))
    low = e.fma(z, e.const(-0.5, r.dtype), low)
    return e.fma(n, e.const(SINGLE.ln2[0], r.dtype), e.add(r, low))


def _log_double(e: LaneCode, r: Lanes, n: Lanes) -> Lanes:
    """The sum n ln 2 + log(1 + r), by s = r / (2 + r): log(1 + r) = r - (h - s (h + R)), h = r**2 / 2 (fdlibm)."""
    s = e.div(r, e.add(r, e.const(2.0, r.dtype)))
    z = e.mul(s, s)
    h = e.mul(e.mul(r, r), e.const(0.5, r.dtype))
    rest = e.mul(z, horner(e, z, DOUBLE.log))
    low = e.fma(s, e.add(h, rest), e.mul(n, e.const(DOUBLE.ln2[1], r.dtype)))
    return e.fma(n, e.const(DOUBLE.ln2[0], r.dtype), e.sub(r, e.sub(h, low)))


def tanh(e: LaneCode, x: Lanes) -> Lanes:
    """Odd polynomial for |x| <= 0.625, 1 - 2 / (exp(2|x|) + 1) beyond: one exponential and one division."""
    form = FORMATS[x.dtype]
    one, two = e.const(1.0, x.dtype), e.const(2.0, x.dtype)
    z = e.mul(x, x)
    small = e.fma(e.mul(x, z), horner(e, z, form.tanh), x)
    size = e.intrinsic("fabs", x)
    limited = at_most(e, size, form.tanh_one)
    n, r, t = reduce_exponent(e, e.add(limited, limited), form)
    scale = power_of_two(e, n, form)
    large = e.sub(one, e.div(two, e.fma(e.add(r, t), scale, e.add(scale, one))))
    y = e.select(e.compare("gt", size, e.const(0.625, x.dtype)), large, small)
    return e.intrinsic("copysign", y, x)  # also brings back -0.0


def sigmoid(e: LaneCode, x: Lanes) -> Lanes:
    """1 / (1 + q) for x >= 0, q / (1 + q) below, q = exp(-|x|): small results keep their digits."""
    one = e.const(1.0, x.dtype)
    q = exp(e, e.neg(e.intrinsic("fabs", x)))
    top = e.select(e.compare("ge", x, e.const(0.0, x.dtype)), one, q)
    d = e.add(q, one)
    lost = e.sub(q, e.sub(d, one))  # d + lost = 1 + q exactly; one Newton step puts it back
    inverse = e.div(one, d)
    y = e.mul(top, inverse)
    rest = fused_sub(e, y, lost, fused_sub(e, y, d, top))
    return e.fma(rest, inverse, y)


def erf(e: LaneCode, x: Lanes) -> Lanes:
    """Odd polynomial near 0, 1 - exp(polynomial) beyond."""
    s, size = e.mul(x, x), e.intrinsic("fabs", x)
    if x.dtype == dtypes.float32:
        border, small = 0.927734375, e.fma(horner(e, s, ERF_SMALL_SINGLE), x, x)
        t = at_most(e, size, 4.0)
        exponent = e.fma(horner(e, t, ERF_LARGE_SINGLE), t, e.neg(t))
    else:
        border, small = 1.0, e.fma(horner(e, s, ERF_SMALL_DOUBLE), x, x)
        t = at_most(e, size, 6.0)
        u = e.mul(e.sub(t, e.const(3.5, x.dtype)), e.const(0.4, x.dtype))
        exponent = fused_sub(e, t, t, horner(e, u, ERF_LARGE_DOUBLE))
    large = e.sub(e.const(1.0, x.dtype), exp_negative(e, exponent))
    return e.select(e.compare("gt", size, e.const(border, x.dtype)), e.intrinsic("copysign", large, x), small)


def sin(e: LaneCode, x: Lanes) -> Lanes:
    """Sine; keeps -0.0."""
    y = _wave(e, x, quarter=0)
    return e.select(e.compare("eq", x, e.const(0.0, x.dtype)), x, y)


def cos(e: LaneCode, x: Lanes) -> Lanes:
    """Cosine."""
    return _wave(e, x, quarter=1)


def _wave(e: LaneCode, x: Lanes, *, quarter: int) -> Lanes:
    """sin(x + quarter * pi / 2): x = n pi / 2 + r, |r| <= pi / 4; the lowest bits of n choose polynomial and sign."""
    form = FORMATS[x.dtype]
    odd, even, n = quarter_turns(e, x)
    n = e.add(n, e.const(quarter, form.integer))
    uses_odd = e.compare("eq", e.bit_and(n, e.const(1, form.integer)), e.const(0, form.integer))
    sign = e.shift_left(e.bit_and(n, e.const(2, form.integer)), form.mantissa + (7 if form is SINGLE else 10))
    y = e.select(uses_odd, odd, even)
    return e.bitcast(e.bit_xor(e.bitcast(y, form.integer), sign), x.dtype)


def quarter_turns(e: LaneCode, x: Lanes) -> tuple[Lanes, Lanes, Lanes]:
    """Sine and cosine of the rest of x = n pi / 2 + r, |r| <= pi / 4, and n as integers."""
    form = FORMATS[x.dtype]
    r, n = _reduced_angle(e, x, form)
    z = e.mul(r, r)
    odd = e.fma(e.mul(r, z), horner(e, z, form.sin), r)
    even = e.fma(z, e.const(-0.5, x.dtype), e.const(1.0, x.dtype))
    return odd, e.fma(e.mul(z, z), horner(e, z, form.cos), even), n


def _reduce_angle(e: LaneCode, x: Lanes, form: Format) -> tuple[Lanes, Lanes]:
    """The rest r and the number n as integers, by three parts of pi / 2 and fused products: the first difference is exact."""
    shifted = e.fma(x, e.const(2 / math.pi, x.dtype), e.const(form.round, x.dtype))
    n = e.sub(shifted, e.const(form.round, x.dtype))
    r = x
    for part in form.half_pi:
        r = e.fma(n, e.const(-part, x.dtype), r)
    return r, e.bitcast(shifted, form.integer)


def _reduced_angle(e: LaneCode, x: Lanes, form: Format) -> tuple[Lanes, Lanes]:
    """The rest and n of any angle.  Only where a lane is far the other reduction is made, and taken for the lanes that are."""
    f = e.function
    near, n = _reduce_angle(e, x, form)
    far = e.compare("gt", e.intrinsic("fabs", x), e.const(FAST_ANGLE[x.dtype], x.dtype))

    def slow() -> Sequence[Lanes]:
        rest, quarters = far_angle(e, e.cast(x, dtypes.float64))
        return e.select(far, e.cast(rest, x.dtype), near), e.select(far, e.cast(quarters, form.integer), n)

    found = f.either(any_lane(e, far), slow, lambda: (near, n))
    return e.wrap(found[0], x.dtype), e.wrap(found[1], form.integer)


def any_lane(e: LaneCode, flags: Lanes) -> Lanes:
    """Whether a bool holds in one lane at least, as one i1."""
    if e.count == 1:
        return flags
    f = e.function
    bits = f.emit(f"bitcast {flags.type} {flags.name} to i{e.count}", f"i{e.count}")
    return e.wrap(f.emit(f"icmp ne i{e.count} {bits}, 0", "i1"), dtypes.bool_)


def sqrt(e: LaneCode, x: Lanes) -> Lanes:
    """Square root, correctly rounded; NaN below 0."""
    return e.intrinsic("sqrt", x)


def rsqrt(e: LaneCode, x: Lanes) -> Lanes:
    """1 / sqrt(x) by a square root and a division."""
    return e.div(e.const(1.0, x.dtype), sqrt(e, x))


def floor(e: LaneCode, x: Lanes) -> Lanes:
    """The largest whole number not above x."""
    return e.intrinsic("floor", x)


def magnitude(e: LaneCode, x: Lanes) -> Lanes:
    """|x|."""
    return e.intrinsic("fabs", x)
