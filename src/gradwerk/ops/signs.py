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


copysign, signbit, fmax, fmin = Copysign(), Signbit(), FMax(), FMin()
