"""Pooling to given extents: window i of an axis covers what lies from floor(i n / count) to before ceil((i + 1) n / count).

Where the count divides the extent all windows are alike, and they are those of pool.py; else each axis is gathered by places and reduced.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn import pool
from gradwerk.ops.arithmetic import mul, where
from gradwerk.ops.compare import equal
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import expand_dims, transpose
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.reduction import argmax, reduce_sum
from gradwerk.ops.source import arange

Operand = Any
"""An array, a Value or a Tensor."""
Array = np.ndarray[Any, np.dtype[Any]]


def _windows(extent: int, count: int) -> tuple[Array, Array]:
    """The places that each window covers, the last one again where it is shorter than others, and which count.  Shape: (count, longest)."""
    windows = np.arange(count)
    first, end = windows * extent // count, -(-(windows + 1) * extent // count)
    places = first[:, None] + np.arange(max((end - first).max(initial=1), 1))
    return np.minimum(places, end[:, None] - 1), places < end[:, None]


def _even(x: Operand, extents: Sequence[int]) -> tuple[int, ...] | None:
    """The one window of all places, where there is one."""
    space = x.shape[1:-1]
    divides = all(count and extent and not extent % count for extent, count in zip(space, extents, strict=True))
    return tuple(extent // count for extent, count in zip(space, extents, strict=True)) if divides else None


def _gathered(x: Operand, axis: int, places: Array) -> Operand:
    """x with an axis as (windows, places in the window), both in front."""
    return gather(transpose(x, (axis, *(k for k in range(x.ndim) if k != axis))), places)


def _back(x: Operand, axis: int) -> Operand:
    """x with its first axis at its place again."""
    return transpose(x, (*range(1, axis + 1), 0, *range(axis + 1, x.ndim)))


@rounded_once
def adaptive_average_pool(x: Operand, extents: Sequence[int]) -> Operand:
    """The mean of each window.  Shape: x (batch, *space, channels), result (batch, *extents, channels).  Raises: ShapeError."""
    _check(x, extents)
    window = _even(x, extents)
    if window is not None:
        return pool.average_pool(x, window, strides=window, padding=((0, 0),) * len(window))
    for axis, count in enumerate(extents, 1):
        if x.shape[axis] == count:
            continue
        places, counted = _windows(x.shape[axis], count)
        beside = (*places.shape, *(1,) * (x.ndim - 1))
        rows = _gathered(x, axis, places)
        total = reduce_sum(rows if counted.all() else where(counted.reshape(beside), rows, 0), 1)
        shares = (1 / counted.sum(1)).astype(dtypes.accumulator(x.dtype))
        x = _back(mul(total, shares.reshape((count, *(1,) * (x.ndim - 1)))), axis)
    return x


def adaptive_max_pool(x: Operand, extents: Sequence[int]) -> tuple[Operand, Operand]:
    """The largest of each window, the first of equals, and its place in space, row-major.

    Shape: x (batch, *space, channels), results (batch, *extents, channels).  Dtype: kept; places int64.  Raises: ShapeError.
    """
    _check(x, extents)
    window = _even(x, extents)
    if window is not None:
        pads, ones = ((0, 0),) * len(window), (1,) * len(window)
        return pool.max_pool_with_places(x, window, strides=window, padding=pads, dilation=ones)
    space = x.shape[1:-1]
    found = pool.positions(x, dtypes.int64)
    for axis, count in reversed(list(enumerate(extents, 1))):
        if space[axis - 1] == count:
            continue
        places, _ = _windows(space[axis - 1], count)
        rows, numbers = _gathered(x, axis, places), _gathered(found, axis, places)
        chosen = equal(expand_dims(argmax(rows, 1), 1), _along(places.shape[1], x))
        x, found = (_back(reduce_sum(where(chosen, part, 0), 1), axis) for part in (rows, numbers))
    return x, found


def _along(count: int, x: Operand) -> Operand:
    """0 .. count - 1 along axis 1 of what has one axis more than x."""
    numbers = arange(count, dtypes.int64, like=x)
    for _ in range(x.ndim - 1):
        numbers = expand_dims(numbers, -1)
    return numbers


def _check(x: Operand, extents: Sequence[int]) -> None:
    if x.ndim != len(extents) + 2 or min(extents) < 0:
        facts = (f"input {tuple(x.shape)}  extents {tuple(extents)}",)
        raise ShapeError("adaptive pooling: the input is (batch, *space, channels), with one extent for each axis of space", facts=facts)
    if any(count and not extent for extent, count in zip(x.shape[1:-1], extents, strict=True)):
        raise ShapeError("adaptive pooling of no places", facts=(f"input {tuple(x.shape)}  extents {tuple(extents)}",))
