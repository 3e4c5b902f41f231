"""The remainder of a truncated division, exact however large the quotient: C's fmod, any number of lanes.

Near numbers take three steps of floating division, each of which leaves 2**-52 of the quotient.  Far ones, whose quotient is above 2**100,
are divided as whole numbers: of a = m 2**s and b = n 2**t the rest is (m 2**(s - t) mod n) 2**t, the power taken in a few bits at a time.
"""

from __future__ import annotations

import math

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes
from gradwerk.compiler.llvm.math import any_lane
from gradwerk.compiler.llvm.values import Value

STEPS = 3
MOST_QUOTIENT = 2.0**100
NAME = "far_remainder"
MANTISSA = 52
BITS = 64 - MANTISSA - 2
"""So many at a time: a rest below 2**53 moved by them stays positive."""


def fmod(e: LaneCode, a: Lanes, b: Lanes) -> Lanes:
    """a - b trunc(a / b), of the sign of a; NaN where b is 0 or a infinite.  In f64, which holds f32's rests."""
    kept, wide, f = a.dtype, dtypes.float64, e.function
    zero = e.const(0.0, wide)
    x, y = (e.intrinsic("fabs", e.cast(side, wide)) for side in (a, b))
    rest = x
    for _ in range(STEPS):  # fma leaves nothing behind
        rest = e.fma(e.neg(e.intrinsic("floor", e.div(rest, y))), y, rest)
    rest = e.select(e.compare("lt", rest, zero), e.add(rest, y), rest)
    rest = e.select(e.compare("ge", rest, y), e.sub(rest, y), rest)
    rest = e.select(e.compare("lt", x, y), x, rest)  # where y is infinite, too
    near = rest
    far = e.compare("gt", x, e.mul(y, e.const(MOST_QUOTIENT, wide)))
    far = e.bit_and(far, e.bit_and(e.compare("gt", y, zero), e.compare("lt", x, e.const(math.inf, wide))))
    (found,) = f.either(any_lane(e, far), lambda: [e.select(far, _far(e, x, y), near)], lambda: [near])
    rest = e.wrap(found, wide)
    return e.cast(e.intrinsic("copysign", rest, e.cast(a, wide)), kept)


def _far(e: LaneCode, x: Lanes, y: Lanes) -> Lanes:
    """The rest of finite x above positive y, of other lanes anything: a call, which goes lane by lane, as far quotients are rare."""
    f, module = e.function, e.function.module
    if all(made.name != NAME for made in module.functions):
        function = module.function(NAME, [("ptr", "x"), ("ptr", "y"), ("i64", "count")], internal=True)
        one = type(e)(function, 1)
        with function.loop(0, function.params[2]) as loop:
            places = [function.at(place, loop.index, element="double") for place in function.params[:2]]
            one.store(_divided(one, *(one.load(place, dtypes.float64) for place in places)), places[0])
    places = [f.on_stack("double", e.count) for _ in range(2)]
    for value, place in zip((x, y), places, strict=True):
        e.store(value, place)
    f.do(f"call void @{NAME}({', '.join(f'ptr {place}' for place in places)}, i64 {e.count})")
    return e.load(places[0], dtypes.float64)


def _divided(e: LaneCode, x: Lanes, y: Lanes) -> Lanes:
    """The same of one lane."""
    f = e.function
    (m, s), (n, t) = _parts(e, x), _parts(e, y)
    n = e.maximum(n, _whole(e, 1))  # of a lane that is not far
    rest = f.emit(f"urem i64 {m}, {n}", "i64")
    with f.repeat(lambda _, rest, left: f.compare("sgt", left, 0), rest, e.sub(s, t)) as loop:
        now, left = (e.wrap(value, dtypes.int64) for value in loop.carried)
        bits = e.minimum(left, _whole(e, BITS))
        moved = f.emit(f"shl i64 {now}, {bits}", "i64")
        loop.following = [f.emit(f"urem i64 {moved}, {n}", "i64"), e.sub(left, bits)]
    whole: Value = loop.results[0]
    return e.mul(e.cast(e.wrap(whole, dtypes.int64), dtypes.float64), _power_of_two(e, t))


def _parts(e: LaneCode, x: Lanes) -> tuple[Lanes, Lanes]:
    """m and s of x = m 2**(s - 1075), m below 2**53, s at least 1: a denormal has no leading bit, and the smallest exponent."""
    bits = e.bitcast(x, dtypes.int64)
    exponent, fraction = e.shift_right(bits, MANTISSA), e.bit_and(bits, _whole(e, (1 << MANTISSA) - 1))
    normal = e.compare("gt", exponent, _whole(e, 0))
    return e.select(normal, e.bit_or(fraction, _whole(e, 1 << MANTISSA)), fraction), e.maximum(exponent, _whole(e, 1))


def _power_of_two(e: LaneCode, s: Lanes) -> Lanes:
    """2**(s - 1075), s from 1 to 2046: the denormal ones by their one bit."""
    normal = e.shift_left(e.maximum(e.sub(s, _whole(e, MANTISSA)), _whole(e, 1)), MANTISSA)
    f = e.function
    place = e.minimum(e.sub(s, _whole(e, 1)), _whole(e, MANTISSA - 1))
    denormal = e.wrap(f.emit(f"shl i64 1, {place}", "i64"), dtypes.int64)
    return e.bitcast(e.select(e.compare("gt", s, _whole(e, MANTISSA)), normal, denormal), dtypes.float64)


def _whole(e: LaneCode, value: int) -> Lanes:
    return e.const(value, dtypes.int64)
