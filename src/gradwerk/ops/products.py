"""Products along axes, and folds that pass over NaN."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType, int64
from gradwerk.base.errors import DTypeError
from gradwerk.ir.emit import Emitter, Scalar
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Grads, Operand, Reduction
from gradwerk.ops.axes import normal_axes
from gradwerk.ops.compare import equal, not_equal
from gradwerk.ops.cumulative import cumprod, shifted
from gradwerk.ops.elementwise import cast, div, mul, where
from gradwerk.ops.functions import Axes
from gradwerk.ops.movement import reshape, slice_axis, transpose, unchanged
from gradwerk.ops.reduction import kept_shape, reduce_sum


@final
@dataclass(frozen=True)
class Prod(Reduction):
    """Product along `axes`; 1 of nothing.  Integers wrap.  The gradient is the product of the others: elements may be 0.

    Shape: that of x without `axes` (extent 1 with `keepdims`).  Dtype: numbers, kept.
    """

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if not dtypes.is_numeric(x.dtype):
            raise DTypeError(f"prod does not take {dtypes.name(x.dtype)}", facts=(str(x),), likely="cast to an integer first")
        return Reduction.infer(self, *types)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        order = (*(k for k in range(x.ndim) if k not in self.axes), *self.axes)
        row = transpose(x, order)
        flat = reshape(row, (*row.shape[: x.ndim - len(self.axes)], math.prod(x.shape[k] for k in self.axes)))
        last = flat.ndim - 1
        before, behind = (shifted(cumprod(flat, last, reverse=r), last, 1, backward=r) for r in (False, True))
        others = transpose(reshape(mul(before, behind), row.shape), tuple(order.index(k) for k in range(x.ndim)))
        return (mul(reshape(ct, kept_shape(x.shape, self.axes)), others),)

    def reference(self, x: Array) -> Array:
        return np.asarray(np.prod(x, axis=self.axes, keepdims=self.keepdims, dtype=x.dtype))

    def combine(self, e: Emitter, a: Scalar, b: Scalar) -> Scalar:
        return e.mul(a, b)

    def identity(self, dtype: DType) -> float:
        return 1


def reduce_prod(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """The product along `axes`, None for all.  Raises: ShapeError, DTypeError."""
    named = normal_axes("prod", axes, x.ndim)
    return Prod(named, keepdims)(x) if named else unchanged(x)


def nansum(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """The sum of what is not NaN along `axes`, None for all.  Dtype: kept."""
    return reduce_sum(where(equal(x, x), x, 0), axes, keepdims=keepdims)


def nanmean(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """The mean of what is not NaN along `axes`, None for all; NaN of nothing else.  Dtype: floating, kept."""
    held = reduce_sum(cast(equal(x, x), x.dtype), axes, keepdims=keepdims)
    return div(nansum(x, axes, keepdims=keepdims), held)


def count_nonzero(x: Operand, axes: Axes = None, *, keepdims: bool = False) -> Operand:
    """How many along `axes`, None for all, are others than 0; NaN is one.  Dtype: int64."""
    return reduce_sum(cast(not_equal(x, np.zeros((), x.dtype)), int64), axes, keepdims=keepdims)


def differences(x: Operand, axis: int = -1, *, times: int = 1) -> Operand:
    """Each element less the one before it along `axis`, so many times; of bools whether they differ.  Shape: so many fewer along it."""
    place = normal_axes("differences", axis, x.ndim)[0]
    for _ in range(min(times, x.shape[place])):
        n = x.shape[place]
        later, earlier = slice_axis(x, place, 1, n), slice_axis(x, place, 0, n - 1)
        x = not_equal(later, earlier) if dtypes.is_bool(x.dtype) else later - earlier
    return x
