"""A value held at a bound, with PyTorch's gradients: they pass at the bound, and not where the value or the bound is NaN.

Ops and not maximum and minimum, which share the gradient at a tie and hand it on at NaN, nor choices by a comparison, which is false of a
NaN bound and so would hide it.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.op import Array, Binary, Grads, Operand
from gradwerk.ops.arithmetic import where
from gradwerk.ops.compare import greater, greater_equal, less, less_equal


@final
@dataclass(frozen=True)
class ClampMin(Binary):
    """(x, low) -> x where it is not below `low`, else `low`; NaN if either is NaN.

    The gradient goes to x where x >= low, to `low` where x < low.
    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.NUMBERS

    def vjp(self, ct: Operand, y: Operand, x: Operand, low: Operand) -> Grads:
        return where(greater_equal(x, low), ct, 0), where(less(x, low), ct, 0)

    def emit(self, e: Emitter, x: Scalar, low: Scalar) -> Scalar:
        return e.maximum(low, x)

    def reference(self, x: Array, low: Array) -> Array:
        return np.maximum(low, x)


@final
@dataclass(frozen=True)
class ClampMax(Binary):
    """(x, high) -> x where it is not above `high`, else `high`; NaN if either is NaN.

    The gradient goes to x where x <= high, to `high` where x > high.
    Shape: broadcast.  Dtype: equal numbers, kept.
    """

    accepts = dtypes.NUMBERS

    def vjp(self, ct: Operand, y: Operand, x: Operand, high: Operand) -> Grads:
        return where(less_equal(x, high), ct, 0), where(greater(x, high), ct, 0)

    def emit(self, e: Emitter, x: Scalar, high: Scalar) -> Scalar:
        return e.minimum(high, x)

    def reference(self, x: Array, high: Array) -> Array:
        return np.minimum(high, x)


clamp_min, clamp_max = ClampMin(), ClampMax()
