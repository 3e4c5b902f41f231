"""Rows put together by the number of their segment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import movement
from gradwerk.ops.arithmetic import cast, where
from gradwerk.tensor.state import mode
from gradwerk.tf.calls import op, to
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.tensors import as_tensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers


def _mean(data: Any, ids: Any, count: int) -> Any:
    """The mean of the rows of each segment; of none 0."""
    total, many = ops.segment_sum(data, ids, count), _counts(data, ids, count)
    divisor = ops.maximum(many, 1)
    return total / divisor if core.has_gradient(data._type.dtype) else ops.floor_divide(total, divisor)


def _root(data: Any, ids: Any, count: int) -> Any:
    """The sum of the rows of each segment over the square root of their number."""
    return ops.segment_sum(data, ids, count) / ops.sqrt(ops.maximum(_counts(data, ids, count), 1))


def _counts(data: Any, ids: Any, count: int) -> Any:
    many = to(ops.segment_sum(ops.ones_like(ids), ids, count), data._type.dtype)
    return movement.reshape(many, (count, *(1,) * (len(data.shape) - 1)))


def _empty_is_zero(function: Callable[..., Any]) -> Callable[..., Any]:
    """As the function; segments without rows are 0."""

    def call(data: Any, ids: Any, count: int) -> Any:
        found = function(data, ids, count)
        many = movement.broadcast_to(_counts(data, ids, count), found.shape)
        return where(ops.greater(many, 0), found, ops.zeros_like(found))

    return call


def _flat(data: Any, ids: Any) -> tuple[Any, Any]:
    """Data and numbers as rows: numbers may have several axes, the first of data."""
    data, ids = as_tensor(data), as_tensor(ids)
    if tuple(ids.shape) != tuple(data.shape[: len(ids.shape)]):
        raise InvalidArgumentError(f"data.shape = {tuple(data.shape)} does not start with segment_ids.shape = {tuple(ids.shape)}")
    rest = tuple(data.shape[len(ids.shape) :])
    return movement.reshape(data, (-1, *rest)), movement.reshape(cast(ids, core.int64), (-1,))


def _sorted(kind: str, name: str, function: Callable[..., Any], what: str) -> Any:
    def call(data: Any, segment_ids: Any, name: Any = None) -> Any:
        data, ids = _flat(data, segment_ids)
        held = ids.contents("a number of segments")
        if held.size and (np.diff(held) < 0).any():
            raise InvalidArgumentError("segment ids are not increasing")
        return function(data, ids, int(held[-1]) + 1 if held.size else 0)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{what} of the rows of each segment; of none 0.\n\nArgs:\n    segment_ids: the number of each row's segment, in order.\n\n"
        "Shape: (segments, ...).  Raises: InvalidArgumentError where the numbers are not in order."
    )
    return op(kind)(call)


def _unsorted(kind: str, name: str, function: Callable[..., Any], what: str) -> Any:
    def call(data: Any, segment_ids: Any, num_segments: Any, name: Any = None) -> Any:
        rows, ids = _flat(data, segment_ids)
        count = int(num_segments)
        if mode.trace is None and (held := ids.contents("the numbers of segments")).size and held.max() >= count:
            raise InvalidArgumentError(f"segment_ids[{int(held.argmax())}] = {held.max()} is out of range [0, {count})")
        return function(rows, ids, count)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = (
        f"{what} of the rows of each segment, whose numbers may stand in any order; those below 0 are left out.\n\nArgs:\n"
        "    num_segments: how many there are.\n\nShape: (num_segments, ...).  "
        "Raises: InvalidArgumentError for numbers above them, where they are known."
    )
    return op(kind)(call)


def _product(data: Any, ids: Any, count: int) -> Any:
    return ops.segment_prod(data, ids, count)


segment_sum = _sorted("SegmentSum", "segment_sum", ops.segment_sum, "The sum")
segment_mean = _sorted("SegmentMean", "segment_mean", _mean, "The mean")
segment_max = _sorted("SegmentMax", "segment_max", _empty_is_zero(ops.segment_max), "The largest")
segment_min = _sorted("SegmentMin", "segment_min", _empty_is_zero(ops.segment_min), "The smallest")
segment_prod = _sorted("SegmentProd", "segment_prod", _product, "The product")
unsorted_segment_sum = _unsorted("UnsortedSegmentSum", "unsorted_segment_sum", ops.segment_sum, "The sum")
unsorted_segment_mean = _unsorted("UnsortedSegmentMean", "unsorted_segment_mean", _mean, "The mean")
unsorted_segment_max = _unsorted("UnsortedSegmentMax", "unsorted_segment_max", ops.segment_max, "The largest")
unsorted_segment_min = _unsorted("UnsortedSegmentMin", "unsorted_segment_min", ops.segment_min, "The smallest")
unsorted_segment_prod = _unsorted("UnsortedSegmentProd", "unsorted_segment_prod", _product, "The product")
unsorted_segment_sqrt_n = _unsorted(
    "UnsortedSegmentSqrtN", "unsorted_segment_sqrt_n", _root, "The sum over the root of their number"
)  # fmt: skip

__all__ = [
    "segment_max", "segment_mean", "segment_min", "segment_prod", "segment_sum", "unsorted_segment_max", "unsorted_segment_mean",
    "unsorted_segment_min", "unsorted_segment_prod", "unsorted_segment_sqrt_n", "unsorted_segment_sum",
]  # fmt: skip
