"""The ragged value: rows of different lengths, one behind the other in one Tensor.  Why so: docs/decisions/0020-ragged-values.md."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from operator import index
from typing import Any, NamedTuple, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentTypeError, OutOfRangeError, ShapeError
from gradwerk.ops.compare import greater, less
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.elementwise import add, div, mul, neg, stop_gradient, sub, where
from gradwerk.ops.indexing import scatter_add
from gradwerk.ops.look import in_range
from gradwerk.ops.movement import reshape, slice_axis
from gradwerk.ops.source import arange, full
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]
SHOWN = 6
"""Rows that are printed; of more, the first and the last."""


class Lanes(NamedTuple):
    """Where the elements of a ragged value stand while a loop goes through its rows (`ragged.in_lanes`).

    The loop takes `steps` steps, each of one element of every lane.  A lane runs through one row, and then through the next that it holds.
    """

    source: Tensor
    """(steps, lanes) int64: the number in `flat` of the element in each cell; -1 where there is none."""
    place: Tensor
    """(capacity,) int64: the cell of each element, counted row-major; -1 in the tail."""
    first: Tensor
    """(steps, lanes) bool: whether a row begins in a cell, or there is no element in it."""


class Ragged(NamedTuple):
    """Rows of different lengths: row r is flat[splits[r]:splits[r + 1]].  What is behind the last of them is the tail, which says nothing.

    A tuple of Tensors, which `compile`, `grad` and `scan` take apart as any other; `from_rows` and the like make it.  So it is iterated
    over as the fields below; `value[k]` is row k, and `rows()` all of them.
    Arithmetic with `+ - * /` is that of the elements: with a number, a Tensor that broadcasts against one element, or another ragged value
    of the same rows; elements of different shapes broadcast against each other as NumPy's arrays do.
    """

    flat: Tensor
    """(capacity, ...): the rows one behind the other."""
    splits: Tensor
    """(rows + 1,) int64, from 0, never falling."""
    total: Tensor
    """() int64: the elements in use, splits[-1]."""
    lanes: Lanes | None = None
    """How a loop over steps goes through the rows, where that was asked for."""

    @property
    def capacity(self) -> int:
        """How many elements there is room for."""
        return int(self.flat.shape[0])

    @property
    def row_count(self) -> int:
        """The number of rows."""
        return int(self.splits.shape[0]) - 1

    @property
    def dtype(self) -> dtypes.DType:
        """The dtype of the elements."""
        return self.flat.dtype

    @property
    def element_shape(self) -> tuple[int, ...]:
        """The shape of one element of a row."""
        return tuple(self.flat.shape[1:])

    @property
    def lengths(self) -> Tensor:
        """(rows,) int64: the elements of each row."""
        rows = self.row_count
        lengths: Tensor = sub(slice_axis(self.splits, 0, 1, rows + 1), slice_axis(self.splits, 0, 0, rows))
        return lengths

    @property
    def in_use(self) -> Tensor:
        """(capacity,) bool: whether an element of `flat` is of a row and not of the tail.  As weights of a metric it leaves that out."""
        mask: Tensor = less(arange(self.capacity, dtypes.int64, like=self.flat), self.total)
        return mask

    def with_flat(self, flat: Tensor) -> Ragged:
        """The same rows of other elements.  Shape: flat (capacity, ...).  Raises: ShapeError."""
        if not flat.shape or flat.shape[0] != self.capacity:
            raise ShapeError(
                f"ragged: flat values of these rows have {self.capacity} elements", facts=(f"given {tuple(flat.shape)}",),
                likely="a function of ragged values keeps their first axis, which counts the elements",
            )  # fmt: skip
        return Ragged(flat, self.splits, self.total, self.lanes)

    def map(self, function: Callable[..., Tensor], *others: Ragged) -> Ragged:
        """`function` of the flat values of this and the others, which computes each element from those at its place alone.

        Elementwise functions, dense layers, embeddings and losses do.  `function` gets (capacity, ...) and keeps that axis; there the tail
        repeats the first element, and its gradient is 0, so that it is seen neither in a result nor in a gradient of what `function` reads
        from outside.  In the result the tail is 0.
        Raises: ShapeError where the others have other rows, IndexDataError (compiled too) where these are of other lengths.
        """
        rows = self
        for other in others:
            rows = of_same_rows(rows, other)
        made = rows.with_flat(function(*(without_tail(rows.with_flat(x.flat), first_of(rows.with_flat(x.flat))) for x in (self, *others))))
        return made.with_flat(without_tail(made, 0))

    def __add__(self, other: Any) -> Ragged:  # noqa: ANN401  not that of tuples
        return _arithmetic(add, self, other)

    def __radd__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(lambda a, b: add(b, a), self, other)

    def __sub__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(sub, self, other)

    def __rsub__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(lambda a, b: sub(b, a), self, other)

    def __mul__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(mul, self, other)

    def __rmul__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(lambda a, b: mul(b, a), self, other)

    def __truediv__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(div, self, other)

    def __rtruediv__(self, other: Any) -> Ragged:  # noqa: ANN401
        return _arithmetic(lambda a, b: div(b, a), self, other)

    def __neg__(self) -> Ragged:
        return self.map(neg)

    def rows(self) -> list[Tensor]:
        """Each row, (length, ...).  Gradients flow through them.  Raises: TraceError under trace, where nobody knows lengths."""
        splits = self.splits.tolist()
        return [slice_axis(self.flat, 0, start, stop) for start, stop in pairwise(splits)]

    def __getitem__(self, row: Any) -> Tensor:  # type: ignore[override]  # noqa: ANN401  a tuple gives fields
        """Row number `row`, from the end where below 0.  Raises: OutOfRangeError, ArgumentTypeError, TraceError under trace."""
        try:
            number = index(row)
        except TypeError:
            raise ArgumentTypeError(f"a ragged value is asked for a row by its number, not by {row!r}") from None
        if not -self.row_count <= number < self.row_count:
            raise OutOfRangeError(f"there is no row {number}", facts=(f"{self.row_count} rows",))
        start, stop = self.splits.tolist()[number % self.row_count :][:2]
        found: Tensor = slice_axis(self.flat, 0, start, stop)
        return found

    def tolist(self) -> list[Any]:
        """Nested lists of Python numbers, one a row.  Raises: TraceError under trace."""
        return [row.tolist() for row in self.rows()]

    def __repr__(self) -> str:
        what = f"{dtypes.name(self.dtype)}{list(self.element_shape)}"
        if mode.trace is not None or self.flat._array is None:
            return f"Ragged(traced, {self.row_count} rows in {self.capacity} elements of {what})"
        rows = [row.numpy() for row in self.rows()]
        texts = [np.array2string(dtypes.widened(row), precision=5, threshold=12, edgeitems=2, prefix="  ") for row in rows]
        if len(texts) > SHOWN:
            texts[SHOWN // 2 : -(SHOWN // 2)] = ["..."]
        tail = f"{self.row_count} rows, {int(self.total)} elements of {what}, room for {self.capacity}"
        return "Ragged([\n  " + ",\n  ".join(texts) + f"\n], {tail})" if texts else f"Ragged([], {tail})"

    @classmethod
    def of(cls, value: Any) -> Self:  # noqa: ANN401
        """The value, which is ragged.  Raises: ArgumentTypeError."""
        if not isinstance(value, cls):
            raise ArgumentTypeError(f"expected a ragged value, not {type(value).__name__}", likely="gradwerk.ragged.from_rows makes one")
        return value


def _arithmetic(function: Callable[..., Tensor], x: Ragged, other: Any) -> Ragged:  # noqa: ANN401
    """Of each element of x and what stands beside it.  Raises: ArgumentTypeError for a plain tuple, ShapeError."""
    if isinstance(other, Ragged):
        axes = max(len(x.element_shape), len(other.element_shape))
        return with_axes(x, axes).map(function, with_axes(other, axes))
    if isinstance(other, tuple | list):
        raise ArgumentTypeError("arithmetic of ragged values takes numbers, Tensors and ragged values", facts=(type(other).__name__,))
    shape = tuple(getattr(other, "shape", ()))
    if len(shape) > len(x.element_shape):
        raise ShapeError(
            "ragged: a Tensor beside a ragged value must broadcast against one element",
            facts=(f"element {x.element_shape}", f"Tensor {shape}"), likely="with_flat, or from_lengths, makes a ragged value of it",
        )  # fmt: skip
    return x.map(lambda flat: function(flat, other))


def with_axes(x: Ragged, axes: int) -> Ragged:
    """The value with elements of so many axes, new ones of extent 1 before their own, so that elements broadcast and not the capacity."""
    missing = axes - len(x.element_shape)
    return x.with_flat(reshape(x.flat, (x.capacity, *(1,) * missing, *x.element_shape))) if missing > 0 else x


def of_same_rows(a: Ragged, b: Ragged) -> Ragged:
    """The first, whose rows are known to be those of the second; in the lanes of either.

    Raises: ShapeError for other numbers of rows or elements, IndexDataError (compiled too) where a row has another length.
    """
    if a.lanes is None:
        a = a._replace(lanes=b.lanes)
    if a.splits is b.splits:
        return a
    if a.row_count != b.row_count or a.capacity != b.capacity:
        facts = tuple(f"{x.row_count} rows in {x.capacity} elements" for x in (a, b))
        likely = "make one with_flat of the other"
        raise ShapeError("ragged values that are used together must have the same rows", facts=facts, likely=likely)
    apart = in_range(sub(b.splits, a.splits), 1, "splits of ragged values that are used together are apart by")
    splits = add(a.splits, apart)
    return Ragged(a.flat, splits, reshape(slice_axis(splits, 0, a.row_count, a.row_count + 1), ()), a.lanes)


def living(x: Ragged) -> Tensor:
    """(capacity, 1, ...) bool, as many axes as the flat values: whether an element is in use."""
    shaped: Tensor = reshape(x.in_use, (x.capacity, *(1 for _ in x.element_shape)))
    return shaped


def without_tail(x: Ragged, value: Any) -> Tensor:  # noqa: ANN401  a number or Tensor
    """The flat values, with `value` in the tail: what stood there is not read, and its gradient is 0."""
    beside = value if isinstance(value, Tensor) else full((), value, x.dtype, like=(x.flat,))
    selected: Tensor = where(living(x), x.flat, beside)
    return selected


def first_of(x: Ragged) -> Tensor:
    """(1, ...): the first element, without its gradient; ones where there is none.

    What computes with it instead of the tail meets nothing that it does not meet anyway: no infinity, no label out of range.
    """
    ones = full((), 1 if dtypes.has_gradient(x.dtype) else 0, x.dtype, like=(x.flat,))
    element: Tensor = where(greater(x.total, 0), stop_gradient(slice_axis(x.flat, 0, 0, 1)), ones)
    return element


def row_numbers(x: Ragged) -> Tensor:
    """(capacity,) int64: the row of each element; in the tail the number of rows."""
    return numbers_of(slice_axis(x.splits, 0, 1, x.row_count + 1), x.capacity)


def numbers_of(ends: Tensor, count: int) -> Tensor:
    """(count,) int64: how many of the ends are not behind each of 0..count-1, which is the row of that element."""
    ones = full(ends.shape, 1, dtypes.int64, like=(ends,))
    numbers: Tensor = slice_axis(cumsum(scatter_add(ones, ends, count + 1), 0), 0, 0, count)
    return numbers
