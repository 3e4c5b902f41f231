"""Numbers of classes as rows, and numbers as those of bins, inside compiled steps."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.ops.compare import less, logical_not
from gradwerk.ops.elementwise import cast, mul
from gradwerk.ops.functions import one_hot
from gradwerk.ops.movement import expand_dims, reshape, squeeze
from gradwerk.ops.reduction import reduce_max, reduce_sum

Operand = Any
"""An array, a Value or a Tensor."""


def encode(indices: Operand, mode: str, depth: int, weights: Operand | None = None) -> Operand:
    """Rows of `depth` numbers: one_hot, multi_hot, or count, each times its weight; an index outside of 0 .. depth - 1 counts for nothing.

    Shape: one_hot (..., n) -> (..., n, depth), (..., 1) -> (..., depth); the others (batch, n, ...) -> (batch, ..., depth), (n,) ->
    (depth,).
    Dtype: float32.
    """
    if indices.ndim == 0:
        indices = reshape(indices, (1,))
    if mode == "one_hot" and indices.ndim > 1 and indices.shape[-1] == 1:
        indices = squeeze(indices, -1)
    whole = indices if dtypes.is_integer(indices.dtype) else cast(indices, dtypes.int64)
    hot = one_hot(whole, depth)
    if mode == "one_hot":
        return hot
    axis = 1 if indices.ndim > 1 else 0
    if mode == "count":
        return reduce_sum(hot if weights is None else mul(hot, expand_dims(cast(weights, dtypes.float32), -1)), axis)
    return reduce_max(hot, axis)


def bin_of(x: Operand, boundaries: Any) -> Operand:  # noqa: ANN401  an array
    """How many of the boundaries, which rise, are at or below each number; all for NaN.  Shape: that of x.  Dtype: int32."""
    return reduce_sum(cast(logical_not(less(expand_dims(x, -1), dtypes.converted(boundaries, x.dtype))), dtypes.int32), -1)
