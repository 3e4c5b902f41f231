"""Ragged values from rows, lists, rectangles and the layout of packed sequences, and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, GradwerkError, ShapeError
from gradwerk.ops.compare import less
from gradwerk.ops.elementwise import add, where
from gradwerk.ops.indexing import gather
from gradwerk.ops.look import in_range
from gradwerk.ops.movement import concatenate, pad, reshape, slice_axis
from gradwerk.ops.source import arange, full
from gradwerk.ragged.value import Array, Ragged
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

LEAST = 16
"""The smallest capacity."""


def bucket(count: int) -> int:
    """The capacity that values of so many elements get: the smallest of 4, 5, 6 and 7 times a power of two that holds them, from 16 on."""
    return rounded_up(max(count, LEAST), 4)


def rounded_up(count: int, parts: int) -> int:
    """The smallest of `parts` to 2 parts - 1 times a power of two from `count` on: an octave has so many of them."""
    unit = 1
    while parts * 2 * unit < count:
        unit *= 2
    return -(-count // unit) * unit


def from_rows(rows: Iterable[Any], dtype: Any = None, *, capacity: int | None = None) -> Ragged:  # noqa: ANN401
    """A ragged value of these rows: arrays, Tensors or nested lists, (length, ...) each, of one dtype and one shape of elements.

    Of Tensors gradients flow back into each.  Empty rows are rows too; where all are empty lists the elements are float32 numbers.

    Args:
        rows: as many as there are.
        dtype: of the elements; that of the rows unless given.
        capacity: room for so many elements; `bucket` of their number unless given.
    Raises: ShapeError, DTypeError naming the row that does not fit, ArgumentError where the capacity is too small.
    """
    if isinstance(rows, Ragged):
        return rows
    rows = rows if isinstance(rows, list) else list(rows)
    if dtype is None and {type(row) for row in rows} == {np.ndarray} and _alike(rows):
        return from_lengths(np.concatenate(rows), [len(row) for row in rows], capacity=capacity)
    made = _checked(rows, dtype)
    full_rows = [row for row in made if len(row)]
    if any(isinstance(row, Tensor) for row in full_rows):
        flat: Any = concatenate([row if isinstance(row, Tensor) else Tensor(row) for row in full_rows])
    else:
        flat = np.concatenate(full_rows or made) if made else np.zeros(0, np.float32)
    return from_lengths(flat, [len(row) for row in made], capacity=capacity)


def _alike(rows: Sequence[Array]) -> bool:
    """Whether arrays are rows of elements of one shape and dtype, as nearly all that are given are."""
    first = rows[0]
    return dtypes.is_data(first.dtype) and first.ndim > 0 and len({(row.dtype, row.shape[1:], row.ndim) for row in rows}) == 1


def _checked(rows: Sequence[Any], dtype: Any) -> list[Array | Tensor]:  # noqa: ANN401
    """Each row as an array or Tensor, all of elements of one shape and dtype.  Raises: ShapeError, DTypeError, which name the row."""
    made = [row if isinstance(row, Tensor) else _array(number, row, dtype) for number, row in enumerate(rows)]
    like = next((row for row in made if row.shape != (0,)), made[0] if made else np.zeros(0, np.float32))
    for number, row in enumerate(made):
        if not row.shape:
            raise ShapeError(f"row {number} is a single number", likely="each row is a sequence, also one of one element")
        if row.shape[1:] != like.shape[1:] and row.shape != (0,):
            facts = (f"elements of row {number} {tuple(row.shape[1:])}", f"those of the others {tuple(like.shape[1:])}")
            raise ShapeError(f"row {number} has elements of another shape", facts=facts)
        if row.dtype != like.dtype and row.shape[0]:
            facts = (f"row {number} {dtypes.name(row.dtype)}", f"the others {dtypes.name(like.dtype)}")
            raise DTypeError(f"row {number} has another dtype", facts=facts, likely="give from_rows the dtype")
    return [row if row.shape[0] else np.zeros((0, *like.shape[1:]), like.dtype) for row in made]


def _array(number: int, row: Any, dtype: Any) -> Array:  # noqa: ANN401
    """A row as an array of a dtype that Tensors have.  Raises: ShapeError, DTypeError, which name it."""
    try:
        if isinstance(row, np.ndarray) and dtype is None:
            return row if dtypes.is_data(row.dtype) else Tensor(row).numpy()
        return Tensor(row, dtype).numpy()
    except GradwerkError as error:
        raise type(error)(f"row {number}: {error.message}", facts=error.facts, likely=error.likely) from None
    except ValueError as error:
        raise ShapeError(f"row {number} is no row of elements of one shape", facts=(str(error),)) from None


def from_lengths(flat: Any, lengths: Any, *, capacity: int | None = None) -> Ragged:  # noqa: ANN401
    """A ragged value of rows that stand one behind the other: the first `lengths[0]` elements are row 0.

    Gradients flow back into `flat`.
    Shape: flat (n, ...), lengths (rows,), whole numbers with the sum n.
    Raises: ShapeError, DTypeError, ArgumentError where lengths are below 0, do not add up, or the capacity is too small.
    """
    counts = np.asarray(lengths.numpy() if isinstance(lengths, Tensor) else lengths)
    if counts.size and not dtypes.is_integer(counts.dtype):
        raise DTypeError("lengths of rows are whole numbers", facts=(dtypes.name(counts.dtype),))
    if counts.ndim != 1:
        raise ShapeError("lengths of rows are one number each", facts=(f"given {counts.shape}",))
    if counts.size and counts.min() < 0:
        raise ArgumentError(f"the length of row {int(counts.argmin())} is {int(counts.min())}")
    splits = np.zeros(len(counts) + 1, np.int64)
    np.cumsum(counts, dtype=np.int64, out=splits[1:])
    return _held_as(flat, splits, capacity)


def from_splits(flat: Any, splits: Any, *, capacity: int | None = None) -> Ragged:  # noqa: ANN401
    """A ragged value of rows that stand one behind the other: row r from `splits[r]` to `splits[r + 1]`.

    Shape: flat (n, ...), splits (rows + 1,), whole numbers from 0 to n that do not fall.
    Raises: ShapeError, DTypeError, ArgumentError for other splits, or where the capacity is too small.
    """
    given = np.asarray(splits.numpy() if isinstance(splits, Tensor) else splits)
    if given.size and not dtypes.is_integer(given.dtype):
        raise DTypeError("row splits are whole numbers", facts=(dtypes.name(given.dtype),))
    if given.ndim != 1 or not given.size:
        raise ShapeError("row splits are one number more than there are rows", facts=(f"given {given.shape}",))
    places = given.astype(np.int64)
    if places[0] != 0:
        raise ArgumentError(f"row splits begin at 0, not at {places[0]}")
    falls = np.flatnonzero(np.diff(places) < 0)
    if falls.size:
        row = int(falls[0])
        raise ArgumentError(f"row splits fall at row {row}, from {places[row]} to {places[row + 1]}")
    return _held_as(flat, places, capacity)


def _held_as(flat: Any, splits: Array, capacity: int | None) -> Ragged:  # noqa: ANN401
    """The ragged value of splits that do not fall.  Raises: ShapeError, ArgumentError where they do not fit the flat values."""
    if not flat.shape:
        raise ShapeError("the flat values of rows have at least one axis")
    total, count = int(splits[-1]), int(flat.shape[0])
    if total != count:
        facts = (f"rows {total}", f"flat values {count}")
        raise ArgumentError("the rows and their flat values have not as many elements", facts=facts)
    room = bucket(total) if capacity is None else capacity
    if room < max(total, 1):
        raise ArgumentError(f"a capacity of {room} does not hold {total} elements")
    return Ragged(_with_tail(flat, room), _held(splits), _held(np.array(total)))


def _held(array: Array) -> Tensor:
    return Tensor.sharing(array) if mode.trace is None else Tensor(array)


def _with_tail(flat: Any, capacity: int) -> Tensor:  # noqa: ANN401
    """The values with zeros behind them."""
    missing = capacity - flat.shape[0]
    if isinstance(flat, Tensor):
        rest = flat.ndim - 1
        padded: Tensor = pad(flat, (0,) * (rest + 1), (missing, *(0,) * rest)) if missing else flat
        return padded
    whole = np.empty((capacity, *flat.shape[1:]), flat.dtype)
    whole[: len(flat)], whole[len(flat) :] = flat, 0
    return _held(whole)


def longest_of(x: Ragged) -> int:
    """The length of the longest row.  Raises: TraceError under trace."""
    return int(np.diff(x.splits.numpy()).max(initial=0))


def padded(x: Ragged, longest: int | None = None, value: float = 0) -> tuple[Tensor, Tensor]:
    """The rows as a rectangle, `value` behind the end of each, and the mask that is true within them.

    Gradients flow through it.
    Shape: (rows, longest, ...) and (rows, longest).  Dtype: that of x, and bool.

    Args:
        x: the ragged value.
        longest: the extent for the elements of a row: under trace it has to be given.
        value: what stands where there is no element.
    Raises: TraceError under trace without `longest`; IndexDataError, compiled too, where a row is longer.
    """
    extent = longest_of(x) if longest is None else longest
    lengths = in_range(x.lengths, extent + 1, "length of a row")
    step = reshape(arange(extent, dtypes.int64, like=x.flat), (1, extent))
    mask = less(step, reshape(lengths, (-1, 1)))
    at = where(mask, add(reshape(slice_axis(x.splits, 0, 0, x.row_count), (-1, 1)), step), 0)
    wide = reshape(mask, (x.row_count, extent, *(1 for _ in x.element_shape)))
    return where(wide, gather(x.flat, at), full((), value, x.dtype, like=(x.flat,))), mask


def from_padded(rectangle: Any, lengths: Any, *, capacity: int | None = None) -> Ragged:  # noqa: ANN401
    """The first `lengths[r]` elements of each row of a rectangle.  Gradients flow back into it.

    Shape: rectangle (rows, longest, ...), lengths (rows,).  Raises: ShapeError, DTypeError, ArgumentError for lengths outside of it.
    """
    counts = np.asarray(lengths.numpy() if isinstance(lengths, Tensor) else lengths)
    shape = tuple(rectangle.shape)
    if len(shape) < 2 or counts.shape != shape[:1]:
        facts = (f"rectangle {shape}", f"lengths {counts.shape}")
        raise ShapeError("padded rows are (rows, longest, ...), with one length a row", facts=facts)
    if counts.size and counts.max() > shape[1]:
        raise ArgumentError(f"row {int(counts.argmax())} has {int(counts.max())} elements, the rectangle has room for {shape[1]}")
    within = np.arange(shape[1]) < counts[:, None]
    if isinstance(rectangle, Tensor):
        flat: Any = gather(reshape(rectangle, (-1, *shape[2:])), Tensor(np.flatnonzero(within)))
    else:
        flat = np.asarray(rectangle)[within]
    return from_lengths(flat, counts, capacity=capacity)


class Packed(NamedTuple):
    """The layout of PyTorch's PackedSequence: step by step the elements of all rows that are as long, longest row first."""

    data: Tensor
    """(total, ...)."""
    batch_sizes: Tensor
    """(longest,) int64: how many rows have a step."""
    sorted_indices: Tensor
    """(rows,) int64: the row that stands at each place."""
    unsorted_indices: Tensor
    """(rows,) int64: the place of each row."""


def to_packed(x: Ragged) -> Packed:
    """The rows as a packed sequence.  Gradients flow through it.  Raises: TraceError under trace, ArgumentError for an empty row."""
    splits = x.splits.numpy()
    lengths = np.diff(splits)
    if lengths.size and lengths.min() == 0:
        raise ArgumentError(f"row {int(lengths.argmin())} is empty, which a packed sequence cannot say")
    order = np.argsort(-lengths, kind="stable")
    alive = np.arange(lengths.max(initial=0))[:, None] < lengths[order]
    at = (splits[:-1][order] + np.arange(len(alive))[:, None])[alive]
    back = np.empty_like(order)
    back[order] = np.arange(len(order))
    return Packed(gather(x.flat, Tensor(at)), Tensor(alive.sum(1)), Tensor(order), Tensor(back))


def from_packed(packed: Any, *, capacity: int | None = None) -> Ragged:  # noqa: ANN401
    """The rows of a packed sequence, in their order before they were sorted.  Gradients flow back into its data.

    Raises: ArgumentTypeError for what has no data and batch_sizes, ArgumentError where they do not fit.
    """
    data, sizes, order = (getattr(packed, name, None) for name in ("data", "batch_sizes", "unsorted_indices"))
    if data is None or sizes is None:
        raise ArgumentTypeError(f"a packed sequence has data and batch_sizes, this {type(packed).__name__} has not")
    counts = np.asarray(sizes.numpy() if hasattr(sizes, "numpy") else sizes)
    if counts.sum() != data.shape[0] or (np.diff(counts) > 0).any():
        facts = (f"batch_sizes {counts.tolist()[:8]}", f"data {tuple(data.shape)}")
        raise ArgumentError("the batch sizes of a packed sequence do not rise, and add up to its data", facts=facts)
    rows = int(counts.max(initial=0))
    places = np.arange(rows) if order is None else np.asarray(order.numpy() if hasattr(order, "numpy") else order)
    alive = np.arange(rows) < counts[:, None]
    number = np.where(alive, np.cumsum(alive.ravel()).reshape(alive.shape) - 1, -1)
    at = number.T[places]
    flat = gather(data if isinstance(data, Tensor) else Tensor(np.asarray(data)), Tensor(at[at >= 0]))
    return from_lengths(flat, (at >= 0).sum(1), capacity=capacity)
