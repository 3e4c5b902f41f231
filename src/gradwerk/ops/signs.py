"""Signs, and the larger and smaller of two that pass over NaN."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Grads, Interval, Operand, Unary, no_gradient
from gradwerk.ops.arithmetic import div, mul, where
from gradwerk.ops.compare import equal, greater_equal, less_equal, logical_or, not_equal
from gradwerk.ops.source import full

BITS = {dtypes.float32: dtypes.int32, dtypes.float64: dtypes.int64}
"""The signed integers of the width of a float: the lowest of them is the sign."""


@final
@dataclass(frozen=True)
class Copysign(Binary):
    """(a, b) -> |a| with the sign of b, that of zeros and NaN too.

    The gradient goes to a, and is 0 where a is 0; that for b is 0.
    Shape: broadcast.  Dtype: floating, equal, kept.
    """

    accepts = dtypes.FLOATS
    domain = (Interval(0.25, 2.0), Interval(0.25, 2.0))

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return mul(ct, where(equal(a, 0), 0, div(y, a))), full(b.shape, 0, b.dtype, like=(ct, b))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        whole = BITS[e.dtype(a)]
        lowest, highest = dtypes.extremes(whole)
        size = e.bit_and(e.bitcast(a, whole), e.const(highest, whole))
        return e.bitcast(e.bit_or(size, e.bit_and(e.bitcast(b, whole), e.const(lowest, whole))), e.dtype(a))

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.copysign(a, b))


@final
@dataclass(frozen=True)
class Signbit(Unary):
    """Whether x is negative, -0.0 and NaN with that bit too.

    Shape: that of x.  Dtype: numbers, bool comes out.
    """

    accepts = dtypes.NUMBERS
    vjp = no_gradient

    def result_dtype(self, dtype: DType) -> DType:
        return dtypes.bool_

    def emit(self, e: Emitter, x: Scalar) -> Scalar:
        dtype = e.dtype(x)
        whole = e.bitcast(x, BITS[dtype]) if dtypes.is_float(dtype) else x
        return e.compare("lt", whole, e.const(0, e.dtype(whole)))

    def reference(self, x: Array) -> Array:
        return np.asarray(np.signbit(x) if dtypes.is_float(x.dtype) else x < 0)


@final
@dataclass(frozen=True)
class FMax(Binary):
    """The larger of a and b, a at a tie; of NaN and a number the number.

    The gradient goes to the one that is taken.
    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.NUMBERS

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        first = logical_or(greater_equal(a, b), not_equal(b, b))
        return where(first, ct, 0), where(first, 0, ct)

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.select(e.bit_or(e.compare("ge", a, b), e.compare("ne", b, b)), a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.where((a >= b) | (b != b), a, b))


@final
@dataclass(frozen=True)
class FMin(Binary):
    """The smaller of a and b, a at a tie; of NaN and a number the number.

    The gradient goes to the one that is taken.
    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.NUMBERS

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        first = logical_or(less_equal(a, b), not_equal(b, b))
        return where(first, ct, 0), where(first, 0, ct)

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.select(e.bit_or(e.compare("le", a, b), e.compare("ne", b, b)), a, b)

    def reference(self, a: Array, b: Array) -> Array:
        return np.asarray(np.where((a <= b) | (b != b), a, b))


@final
@dataclass(frozen=True)
class NextAfter(Binary):
    """The number next to a in the direction of b, of the dtype itself, narrow ones too; b where the two are equal.

    The gradient goes to a where the two differ; that for b is 0.
    Shape: broadcast.  Dtype: floating, equal, kept.
    """

    accepts = dtypes.FLOATS
    rounds = False

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        return where(equal(a, b), 0, ct), full(b.shape, 0, b.dtype, like=(ct, b))

    def emit(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        dtype = e.dtype(a)
        whole = {2: dtypes.int16, 4: dtypes.int32, 8: dtypes.int64}[dtype.itemsize]
        one = e.const(1, whole)
        wide = dtypes.accumulator(dtype)
        x, y = e.cast(a, wide), e.cast(b, wide)
        bits, sign = e.bitcast(a, whole), e.const(dtypes.extremes(whole)[0], whole)
        outward = e.compare("eq", e.compare("lt", x, y), e.compare("gt", x, e.const(0, wide)))
        moved = e.select(outward, e.add(bits, one), e.sub(bits, one))
        least = e.bit_or(e.bit_and(e.bitcast(b, whole), sign), one)
        moved = e.select(e.compare("eq", x, e.const(0, wide)), least, moved)
        y_or_moved = e.select(e.compare("eq", x, y), e.bitcast(b, whole), moved)
        strange = e.select(e.compare("ne", x, x), bits, e.bitcast(b, whole))
        return e.bitcast(e.select(e.bit_or(e.compare("ne", x, x), e.compare("ne", y, y)), strange, y_or_moved), dtype)

    def reference(self, a: Array, b: Array) -> Array:
        if not dtypes.is_narrow(a.dtype):
            return np.asarray(np.nextafter(a, b))
        x, y = np.broadcast_arrays(dtypes.widened(a), dtypes.widened(b))
        bits, there = (np.asarray(dtypes.converted(np.array(v), a.dtype), order="C").view(np.int16) for v in (x, y))
        moved = np.where((x < y) == (x > 0), bits + np.int16(1), bits - np.int16(1)).astype(np.int16)
        moved = np.where(x == 0, (there & np.int16(-32768)) | np.int16(1), moved)
        made = np.where(x == y, there, moved)
        return np.where(np.isnan(x), bits, np.where(np.isnan(y), there, made)).astype(np.int16).view(a.dtype)


copysign, signbit, fmax, fmin, nextafter = Copysign(), Signbit(), FMax(), FMin(), NextAfter()
