"""Angles of any size as n quarter turns and a rest, |rest| <= pi / 4: by products of integers with as many bits of 2 / pi as it takes.

Of x = m 2**s, m of 53 bits, x 2 / pi modulo 4 is wanted, so the bits of 2 / pi above 2**(2 - s) play no part: 192 of those behind them
times m are 2 bits of n and 190 of a fraction, which begins with at most 62 zeros (the double nearest to a multiple of pi / 2): of the
others the first 64 are taken.
Source: Payne, Hanek, "Radian reduction for trigonometric functions", SIGNUM Newsletter 18 (1983) 19.
"""

from __future__ import annotations

import itertools
import math

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes

TWO_OVER_PI = int(
    "A2F9836E4E441529FC2757D1F534DDC0DB6295993C439041FE5163ABDEBBC561B7246E3A424DD2E006492EEA09D1921CFE1DEB1CB129A73EE88235F52EBB4484"
    "E99C7026B45F7E413991D639835339F49C845F8BBDF9283B1FF897FFDE05980FEF2F118B5A0A6D1F6D367ECF27CB09B74F463F669E5FEA2D7527BAC7EBE5F17B"
    "3D0739F78A5292EA6BFB5FB11F8D5D0856033046",
    16,
)  # fmt: skip
"""Its first 1184 bits behind the point."""
BITS = 1184
AHEAD = 64
"""Zeros in front of them: angles of 2**17 and more begin there."""
NAME, ELEMENTS = "far_angle", ("double", "double", "i64")
HALF_PI = (1.5707963267948966, 6.123233995736766e-17)


def words() -> list[int]:
    """The zeros and the bits, by 64, as signed integers; zeros behind."""
    count = -(-(AHEAD + BITS) // 64)
    whole = TWO_OVER_PI << 64 * count - AHEAD - BITS
    found = [whole >> 64 * (count - 1 - k) & (1 << 64) - 1 for k in range(count)]
    return [word - (word >> 63 << 64) for word in found]


def far_angle(e: LaneCode, x: Lanes) -> tuple[Lanes, Lanes]:
    """The rest and n of f64 angles of at least 2**17 (of nearer ones anything); NaN of infinity.

    A call, which goes lane by lane: far angles are rare, and code for vectors takes three times as long to compile.
    """
    f, module = e.function, e.function.module
    if all(made.name != NAME for made in module.functions):
        function = module.function(NAME, [("ptr", "x"), ("ptr", "r"), ("ptr", "n"), ("i64", "count")], internal=True)
        one = type(e)(function, 1)
        with function.loop(0, function.params[3]) as loop:
            angle, rest, quarters = (
                function.at(place, loop.index, element=element) for place, element in zip(function.params, ELEMENTS, strict=False)
            )
            made, n = _reduced(one, one.load(angle, dtypes.float64))
            one.store(made, rest)
            one.store(n, quarters)
    places = [f.on_stack(element, e.count) for element in ELEMENTS]
    e.store(x, places[0])
    f.do(f"call void @{NAME}({', '.join(f'ptr {place}' for place in places)}, i64 {e.count})")
    return e.load(places[1], dtypes.float64), e.load(places[2], dtypes.int64)


def _reduced(e: LaneCode, x: Lanes) -> tuple[Lanes, Lanes]:
    """The same of one lane."""
    size = e.intrinsic("fabs", x)
    bits = e.bitcast(size, dtypes.int64)
    exponent = e.shift_right(bits, 52)
    mantissa = e.bit_or(e.bit_and(bits, _whole(e, (1 << 52) - 1)), _whole(e, 1 << 52))
    place = e.maximum(e.sub(exponent, _whole(e, 1075 + 2 - AHEAD)), _whole(e, 0))  # of the first bit that counts; near lanes have none
    place = e.select(e.compare("lt", exponent, _whole(e, 2047)), place, _whole(e, 0))
    top, middle = _quarters(e, mantissa, place)
    n = _logical(e, e.add(top, _whole(e, 1 << 61)), 62)
    rest = _times_half_pi(e, *_fraction(e, e.sub(top, e.shift_left(n, 62)), middle))
    negative = e.compare("lt", x, e.const(0.0, x.dtype))
    rest = e.select(negative, e.neg(rest), rest)
    finite = e.compare("lt", size, e.const(math.inf, x.dtype))
    return e.select(finite, rest, e.sub(x, x)), e.select(negative, e.neg(n), n)


def _quarters(e: LaneCode, mantissa: Lanes, place: Lanes) -> tuple[Lanes, Lanes]:
    """The mantissa times the 192 bits from this place on, modulo 2**192: the upper 64 bits and the next 64."""
    f = e.function
    table, first = f.module.table("i64", words()), e.shift_right(place, 6)
    found = [f.load("i64", f.at(table, e.add(first, _whole(e, k)), element="i64")) for k in range(4)]
    high, middle, low = (f.call("llvm.fshl.i64", "i64", *pair, place) for pair in itertools.pairwise(found))
    wide = [f.emit(f"zext i64 {word} to i128", "i128") for word in (mantissa, middle, low)]
    products = [f.emit(f"mul i128 {wide[0]}, {word}", "i128") for word in wide[1:]]
    carry = f.emit(f"lshr i128 {products[1]}, 64", "i128")
    behind = f.emit(f"add i128 {products[0]}, {carry}", "i128")
    above = f.emit(f"trunc i128 {f.emit(f'lshr i128 {behind}, 64', 'i128')} to i64", "i64")
    top = e.add(e.mul(mantissa, e.wrap(high, dtypes.int64)), e.wrap(above, dtypes.int64))
    return top, e.wrap(f.emit(f"trunc i128 {behind} to i64", "i64"), dtypes.int64)


def _fraction(e: LaneCode, top: Lanes, middle: Lanes) -> tuple[Lanes, Lanes]:
    """top 2**-62 + middle 2**-126 as a sum of two numbers; the parts of top may cancel."""
    low = e.bit_and(top, _whole(e, (1 << 32) - 1))
    parts = ((e.shift_right(top, 32), -30), (low, -62), (_logical(e, middle, 1), -125))
    a, b, c = (e.mul(e.cast(part, dtypes.float64), e.const(2.0**power, dtypes.float64)) for part, power in parts)
    high, error = _sum(e, a, b)
    return _sum(e, high, e.add(error, c))


def _times_half_pi(e: LaneCode, high: Lanes, low: Lanes) -> Lanes:
    """(high + low) pi / 2."""
    first, second = (e.const(part, dtypes.float64) for part in HALF_PI)
    product = e.mul(high, first)
    error = e.fma(high, first, e.neg(product))
    return e.add(product, e.fma(high, second, e.fma(low, first, error)))


def _sum(e: LaneCode, a: Lanes, b: Lanes) -> tuple[Lanes, Lanes]:
    """a + b and its rounding error, |a| >= |b| or a = 0 (Dekker)."""
    total = e.add(a, b)
    return total, e.sub(b, e.sub(total, a))


def _whole(e: LaneCode, value: int) -> Lanes:
    return e.const(value, dtypes.int64)


def _logical(e: LaneCode, x: Lanes, bits: int) -> Lanes:
    """Moved toward the lowest bit, zeros moving in."""
    return e.wrap(e.function.emit(f"lshr i64 {x}, {bits}", "i64"), dtypes.int64)
