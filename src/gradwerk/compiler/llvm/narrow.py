"""Narrow floats (base/dtypes.py) in registers: their bits as i16, made float32 and rounded back by arithmetic on bits.

The formulas read only how many bits a format's exponent and fraction have, so a row of the table is all that a format needs.  They call
nothing: LLVM's own conversions of `half` and `bfloat` are calls of a runtime library wherever a CPU has no instruction for them, and the
instruction of AVX512-BF16 takes denormal numbers for zero.
"""

from __future__ import annotations

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm.lane_code import LaneCode, Lanes

SINGLE_FRACTION, SINGLE_BIAS, SIGN = 23, 127, 0x80000000
INFINITY = 0x7F800000


def bits(value: float, dtype: DType) -> int:
    """A literal as the unsigned whole number that has its bits."""
    return int(dtypes.of_value(value, dtype).view(np.uint16))


def widened(e: LaneCode, x: Lanes) -> Lanes:
    """Narrow numbers as float32, exactly.

    The bits are moved to where float32 has them, and the exponent is counted from float32's bias.  The largest exponent (infinity, NaN)
    becomes the largest; the smallest (zero, denormal numbers) is a fixed point, which a subtraction makes floating.
    """
    row = dtypes.ROWS[x.dtype]
    shift, bias = _layout(row)
    raw = _zero_extended(e, x)
    sign = e.shift_left(e.bit_and(raw, _whole(e, 1 << 15)), 16)
    moved = e.shift_left(e.bit_and(raw, _whole(e, 0x7FFF)), shift)
    if bias != SINGLE_BIAS:
        further, first = SINGLE_BIAS - bias, _at_exponent(e, SINGLE_BIAS - bias + 1)
        counted = e.add(moved, _at_exponent(e, further))
        fixed = e.sub(_floating(e, e.add(moved, first)), _floating(e, first))
        small = e.select(e.compare("lt", moved, _at_exponent(e, 1)), e.bitcast(fixed, dtypes.uint32), counted)
        unbounded = e.compare("ge", moved, _at_exponent(e, (1 << row.exponent) - 1))
        moved = e.select(unbounded, e.add(counted, _at_exponent(e, further)), small)
    return _floating(e, e.bit_or(sign, moved))


def rounded(e: LaneCode, x: Lanes, dtype: DType) -> Lanes:
    """float32 rounded to nearest even; NaN stays NaN, what is too large becomes infinity.

    Half of the last place is added below it (a little less where that is even), and the carry does the rest, into the exponent too.  A
    number below the smallest normal one is added to a number whose last place is that of the denormal ones: the sum is rounded.
    """
    row = dtypes.ROWS[dtype]
    shift, bias = _layout(row)
    infinity, half = ((1 << row.exponent) - 1) << row.fraction, 1 << (shift - 1)
    raw = e.bitcast(x, dtypes.uint32)
    sign = e.bit_and(raw, _whole(e, SIGN))
    size = e.bit_xor(raw, sign)
    cut = e.shift_right(size, shift)
    counted = size if bias == SINGLE_BIAS else e.sub(size, _at_exponent(e, SINGLE_BIAS - bias))
    kept = e.shift_right(e.add(counted, e.add(e.bit_and(cut, _whole(e, 1)), _whole(e, half - 1))), shift)
    if bias != SINGLE_BIAS:
        beyond = _whole(e, ((SINGLE_BIAS + bias + 1) << SINGLE_FRACTION) - half)  # halfway from the largest to what would follow it
        kept = e.select(e.compare("ge", size, beyond), _whole(e, infinity), kept)
        step = _at_exponent(e, SINGLE_BIAS - bias + 1 + shift)
        fixed = e.sub(e.bitcast(e.add(_floating(e, size), _floating(e, step)), dtypes.uint32), step)
        kept = e.select(e.compare("lt", size, _at_exponent(e, SINGLE_BIAS - bias + 1)), fixed, kept)
    payload = e.bit_and(cut, _whole(e, (1 << row.fraction) - 1))
    quiet = e.bit_or(payload, _whole(e, infinity | (1 << (row.fraction - 1))))
    kept = e.select(e.compare("gt", size, _whole(e, INFINITY)), quiet, kept)
    return _truncated(e, e.bit_or(kept, e.shift_right(sign, 16)), dtype)


def _layout(row: dtypes.Row) -> tuple[int, int]:
    """How far a format's fraction lies from float32's, and the bias of its exponent."""
    return SINGLE_FRACTION - row.fraction, (1 << (row.exponent - 1)) - 1


def _whole(e: LaneCode, value: int) -> Lanes:
    return e.const(value, dtypes.uint32)


def _at_exponent(e: LaneCode, value: int) -> Lanes:
    """A number where float32 has its exponent."""
    return _whole(e, value << SINGLE_FRACTION)


def _floating(e: LaneCode, raw: Lanes) -> Lanes:
    return e.bitcast(raw, dtypes.float32)


def _zero_extended(e: LaneCode, x: Lanes) -> Lanes:
    type_ = e.type(dtypes.uint32)
    return e.wrap(e.function.emit(f"zext {x.type} {x.name} to {type_}", type_), dtypes.uint32)


def _truncated(e: LaneCode, raw: Lanes, dtype: DType) -> Lanes:
    type_ = e.type(dtype)
    return e.wrap(e.function.emit(f"trunc {raw.type} {raw.name} to {type_}", type_), dtype)
