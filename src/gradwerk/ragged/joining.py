"""Ragged values one behind the other."""

from __future__ import annotations

from collections.abc import Sequence

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ops.compare import less
from gradwerk.ops.elementwise import add, maximum, sub, where
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import concatenate, reshape, slice_axis
from gradwerk.ops.source import arange, full
from gradwerk.ragged.value import Ragged, row_numbers
from gradwerk.tensor.tensor import Tensor


def concatenated(values: Sequence[Ragged], axis: int = 0) -> Ragged:
    """Ragged values one after the other: along axis 0 their rows, along 1 the elements of each row, behind that the axes of an element.

    The capacity along 0 and 1 is the sum of theirs.
    Raises: ShapeError, ArgumentError for no value; as `Ragged.map` where rows have to agree.
    """
    if not values:
        raise ArgumentError("there is nothing to concatenate")
    first, *rest = values
    if axis < 0 or axis > 1:
        place = axis if axis < 0 else axis - 1
        return first.map(lambda *flats: concatenate(flats, place), *rest)
    joined = first
    for value in rest:
        joined = _rows_behind(joined, value) if axis == 0 else _elements_behind(joined, value)
    return joined


def _rows_behind(a: Ragged, b: Ragged) -> Ragged:
    """The rows of b behind those of a."""
    number = arange(a.capacity + b.capacity, dtypes.int64, like=a.flat)
    own = less(number, a.total)
    total = add(a.total, b.total)
    behind = where(less(number, total), sub(add(number, a.capacity), a.total), 0)
    flat = _selected(concatenate([a.flat, b.flat]), where(own, number, behind), number, total)
    splits = concatenate([a.splits, add(slice_axis(b.splits, 0, 1, b.row_count + 1), a.total)])
    return Ragged(flat, splits, total)


def _elements_behind(a: Ragged, b: Ragged) -> Ragged:
    """The elements of each row of b behind those of the same row of a.  Raises: ShapeError."""
    if a.row_count != b.row_count:
        raise ShapeError("ragged values joined row by row must have as many rows", facts=tuple(f"{x.row_count} rows" for x in (a, b)))
    splits, total = add(a.splits, b.splits), add(a.total, b.total)
    number = arange(a.capacity + b.capacity, dtypes.int64, like=a.flat)
    both = concatenate([a.flat, b.flat])
    if not a.row_count:
        return Ragged(both, splits, total)
    row = row_numbers(Ragged(both, splits, total))
    inside = less(row, a.row_count)
    row = where(inside, row, 0)
    starts = slice_axis(splits, 0, 0, a.row_count)
    within = sub(number, gather(starts, row))
    own = gather(a.lengths, row)
    from_a = add(gather(slice_axis(a.splits, 0, 0, a.row_count), row), within)
    from_b = add(add(gather(slice_axis(b.splits, 0, 0, b.row_count), row), sub(within, own)), a.capacity)
    at = where(less(within, own), from_a, from_b)
    return Ragged(_selected(both, where(inside, at, 0), number, total), splits, total)


def _selected(both: Tensor, at: Tensor, number: Tensor, total: Tensor) -> Tensor:
    """The elements at these places, in the tail 0, so that no gradient of the tail reaches them."""
    taken = gather(both, maximum(at, 0))
    mask = reshape(less(number, total), (number.shape[0], *(1 for _ in both.shape[1:])))
    found: Tensor = where(mask, taken, full((), 0, both.dtype, like=(both,)))
    return found
