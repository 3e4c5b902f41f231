"""Reductions over the rows of a ragged value, and softmax over each.

A row is added up in pieces of `PIECE` elements from its own beginning, and its pieces in order: its bits are the same in any batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ops.bits import right_shift
from gradwerk.ops.compare import less
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.elementwise import abs_, add, cast, div, exp, log, mul, stop_gradient, sub, where
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import broadcast_to, concatenate, reshape, slice_axis
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.scatter_extremes import scatter_max, scatter_min
from gradwerk.ops.source import arange, full
from gradwerk.ragged.value import Ragged, numbers_of, row_numbers, with_axes, without_tail
from gradwerk.tensor.tensor import Tensor

SHIFT = 6
PIECE = 1 << SHIFT
"""Elements that are added one after the other."""


def row_sum(x: Ragged) -> Tensor:
    """The sum of each row; 0 of an empty one.

    Shape: (rows, ...).  Dtype: that of x, a number; of narrow floats rounded once.  Raises: DTypeError for bool.
    """
    _check_numbers("row_sum", x)
    total = _sums(_wide(x))
    made: Tensor = cast(total, x.dtype)
    return made


def row_mean(x: Ragged) -> Tensor:
    """The mean of each row; NaN of an empty one.  Shape: (rows, ...).  Dtype: floating, that of x.  Raises: DTypeError for others."""
    _check_floats("row_mean", x)
    wide = _wide(x)
    counts = reshape(cast(x.lengths, wide.dtype), (x.row_count, *(1 for _ in x.element_shape)))
    made: Tensor = cast(div(_sums(wide), counts), x.dtype)
    return made


def row_max(x: Ragged) -> Tensor:
    """The largest element of each row, NaN where there is one; of an empty row the lowest value of the dtype.

    The gradient is shared evenly by those that are equal; none where that is NaN.  Shape: (rows, ...).  Dtype: that of x, a number.
    """
    _check_numbers("row_max", x)
    return _extreme(x, scatter_max)


def row_min(x: Ragged) -> Tensor:
    """The smallest element of each row, as `row_max`; of an empty row the highest value of the dtype."""
    _check_numbers("row_min", x)
    return _extreme(x, scatter_min)


def row_logsumexp(x: Ragged) -> Tensor:
    """log(sum(exp(x))) of each row, minus infinity of an empty one.  Shape: (rows, ...).  Dtype: floating, that of x."""
    _check_floats("row_logsumexp", x)
    wide = _wide(x)
    centre = _centre(wide)
    total = _sums(_exponentials(wide, centre))
    made: Tensor = cast(add(log(total), centre), x.dtype)
    return made


def row_softmax(x: Ragged) -> Ragged:
    """exp(x) divided by its sum over the row, for each element.  Dtype: floating, kept."""
    _check_floats("row_softmax", x)
    wide = _wide(x)
    powers = _exponentials(wide, _centre(wide))
    shares = powers.with_flat(div(powers.flat, _spread(_sums(powers), x, 1)))
    return x.with_flat(cast(without_tail(shares, 0), x.dtype))


def row_log_softmax(x: Ragged) -> Ragged:
    """The logarithm of `row_softmax`, without the loss of digits.  Dtype: floating, kept."""
    _check_floats("row_log_softmax", x)
    wide = _wide(x)
    centre = _centre(wide)
    level = add(log(_sums(_exponentials(wide, centre))), centre)
    made = wide.with_flat(sub(without_tail(wide, 0), _spread(level, x, 0)))
    return x.with_flat(cast(without_tail(made, 0), x.dtype))


def to_elements(rows: Tensor, like: Ragged) -> Ragged:
    """What each row has, (rows, ...), at every element of it: the ragged value to compute with beside `like`.  Raises: ShapeError."""
    if not rows.shape or rows.shape[0] != like.row_count:
        facts = (f"given {tuple(rows.shape)}", f"the ragged value {like.row_count} rows")
        raise ShapeError("to_elements takes one entry for each row", facts=facts)
    return like.with_flat(_spread(rows, like, 0))


def sum_of_all(x: Ragged) -> Tensor:
    """The sum of all elements of all rows, a Tensor of no axes: row by row, then in order of the rows.  Raises: DTypeError for bool."""
    _check_numbers("sum_of_all", x)
    total: Tensor = cast(reduce_sum(_sums(_wide(x))), x.dtype)
    return total


def mean_of_all(x: Ragged, weights: Ragged | None = None) -> Tensor:
    """The mean of all elements of all rows, a Tensor of no axes: what a loss of ragged predictions is reduced by.

    With weights sum(weight * value) / sum(weight).  NaN where there is no element.  Dtype: floating, that of x.
    Raises: DTypeError; as `Ragged.map` where the weights have other rows.
    """
    _check_floats("mean_of_all", x)
    if weights is not None:
        both = x * weights
        weights = with_axes(weights, len(both.element_shape))
        weighted: Tensor = div(sum_of_all(both), sum_of_all(weights.map(lambda w: broadcast_to(w, both.flat.shape))))
        return weighted
    wide = _wide(x)
    count = cast(mul(x.total, math.prod(x.element_shape)), wide.dtype)
    mean: Tensor = cast(div(reduce_sum(_sums(wide)), count), x.dtype)
    return mean


def _check_numbers(name: str, x: Ragged) -> None:
    if not dtypes.is_numeric(x.dtype):
        raise DTypeError(f"{name} does not take {dtypes.name(x.dtype)}", likely="cast it")


def _check_floats(name: str, x: Ragged) -> None:
    if not dtypes.is_float(x.dtype):
        raise DTypeError(f"{name} takes floats, not {dtypes.name(x.dtype)}", likely="cast it")


def _wide(x: Ragged) -> Ragged:
    """The value in the dtype that it is added up in."""
    return x.with_flat(cast(x.flat, dtypes.accumulator(x.dtype))) if dtypes.is_narrow(x.dtype) else x


def _sums(x: Ragged) -> Tensor:
    """The sum of each row.  The tail is added to a piece, and that to a row, which nobody reads."""
    rows, starts = x.row_count, slice_axis(x.splits, 0, 0, x.row_count)
    pieces = (x.capacity >> SHIFT) + rows + 1
    ends = cumsum(right_shift(add(x.lengths, PIECE - 1), SHIFT), 0)
    row = row_numbers(x)
    number = arange(x.capacity, dtypes.int64, like=x.flat)
    none = full((1,), 0, dtypes.int64, like=(x.flat,))
    before = concatenate([none, ends])
    begin = gather(concatenate([starts, none]), row)
    piece = where(less(row, rows), add(gather(before, row), right_shift(sub(number, begin), SHIFT)), pieces - 1)
    parts = scatter_add(x.flat, piece, pieces)
    sums: Tensor = slice_axis(scatter_add(parts, numbers_of(ends, pieces), rows + 1), 0, 0, rows)
    return sums


def _extreme(x: Ragged, scatter: Callable[[Tensor, Tensor, int], Tensor]) -> Tensor:
    """The extreme of each row; that of the tail is thrown away."""
    rows = x.row_count
    found: Tensor = slice_axis(scatter(x.flat, row_numbers(x), rows + 1), 0, 0, rows)
    return found


def _centre(x: Ragged) -> Tensor:
    """The largest of each row, without a gradient; 0 where that is not finite."""
    top = stop_gradient(_extreme(x, scatter_max))
    finite: Tensor = where(less(abs_(top), float("inf")), top, full((), 0, x.dtype, like=(x.flat,)))
    return finite


def _exponentials(x: Ragged, centre: Tensor) -> Ragged:
    """exp(x - centre of its row); 1 in the tail, which has no gradient."""
    return x.with_flat(exp(sub(without_tail(x, 0), _spread(centre, x, 0))))


def _spread(rows: Tensor, like: Ragged, beyond: float) -> Tensor:
    """What each row has, at its elements; in the tail `beyond`."""
    more = full((1, *rows.shape[1:]), beyond, rows.dtype, like=(rows,))
    spread: Tensor = gather(concatenate([rows, more]), row_numbers(like))
    return spread
