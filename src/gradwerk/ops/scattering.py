"""Functions made of take_along and scatter_along: means at places, whole slices, sums of segments, counts."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.dtypes import int32, int64
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.along import scatter_along, take_along
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import greater_equal, less_equal, logical_and
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.elementwise import add, cast, div, floor, maximum, mul, sub, where
from gradwerk.ops.functions import clip, floor_divide
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import broadcast_to, reshape, transpose
from gradwerk.ops.quantiles import searchsorted
from gradwerk.ops.reduction import highest, lowest
from gradwerk.ops.source import arange, full

NOTHING = {"add": lambda dtype: 0, "mean": lambda dtype: 0, "mul": lambda dtype: 1, "max": lowest, "min": highest}
"""What changes nothing, by the way in which updates are combined."""
SEGMENTS = {"sum": "add", "mean": "mean", "max": "max", "min": "min", "prod": "mul"}
"""The ways of `segment_reduce`."""


def scattered(base: Operand, indices: Operand, updates: Operand, axis: int, way: str, *, own: bool = True) -> Operand:
    """base with updates at indices along `axis` (see `scatter_along`), or with their mean; without base's own elements there unless `own`.

    Shape: that of base.  Raises: IndexDataError, ShapeError, DTypeError, ArgumentError.
    """
    place = normal_axis("scattered", axis, base.ndim)
    if dtypes.is_bool(base.dtype) and way != "set":  # as numbers, of which any but 0 is true
        made = scattered(cast(base, int32), indices, cast(updates, int32), place, way, own=own)
        return cast(made, dtypes.bool_)
    if not own:
        ones = full(indices.shape, 1, dtypes.bool_, like=(base,))
        met = scatter_along(full(base.shape, 0, dtypes.bool_, like=(base,)), indices, ones, place, "set")
        base = where(met, NOTHING[way](base.dtype), base)
    if way != "mean":
        return scatter_along(base, indices, updates, place, way)
    total = scatter_along(base, indices, updates, place, "add")
    ones = full(indices.shape, 1, base.dtype, like=(base,))
    count = scatter_along(full(base.shape, int(own), base.dtype, like=(base,)), indices, ones, place, "add")
    count = maximum(count, 1)
    return div(total, count) if dtypes.is_float(base.dtype) else floor_divide(total, count)


def taken(x: Operand, numbers: Operand, axis: int = 0) -> Operand:
    """The slices of x at numbers (n,) along `axis`.  Shape: that of x, n along `axis`.  Raises: IndexDataError, ShapeError, DTypeError."""
    place = normal_axis("taken", axis, x.ndim)
    order = (place, *(k for k in range(x.ndim) if k != place))
    back = tuple(order.index(k) for k in range(x.ndim))
    return transpose(gather(transpose(x, order), numbers), back)


def filled(x: Operand, numbers: Operand, value: Operand, axis: int = 0) -> Operand:
    """x with its slices at numbers (n,) along `axis` filled with one value.  Shape, dtype: kept.  Raises: IndexDataError, DTypeError."""
    place = normal_axis("filled", axis, x.ndim)
    n = x.shape[place]
    if 0 in numbers.shape:
        return add(x, 0) if dtypes.is_numeric(x.dtype) else where(x, x, x)
    ones = full(numbers.shape, 1, dtypes.bool_, like=(x,))
    named = scatter_along(full((n,), 0, dtypes.bool_, like=(x,)), numbers, ones, 0, "set")
    return where(reshape(named, tuple(n if k == place else 1 for k in range(x.ndim))), value, x)


def masked_scatter(x: Operand, mask: Operand, source: Operand) -> Operand:
    """x where the mask does not hold, elsewhere the elements of source (m,) in order.

    Shape: that of x and mask.  Dtype: kept.  Raises: IndexDataError where source has too few.
    """
    flat = reshape(mask, (-1,))
    if 0 in flat.shape or 0 in source.shape:
        return where(mask, x, x)
    number = where(flat, sub(cumsum(cast(flat, int64), 0), 1), 0)
    return where(mask, reshape(take_along(source, number, 0), x.shape), x)


def segment_reduce(x: Operand, lengths: Operand, way: str = "sum", axis: int = 0, *, initial: float | None = None) -> Operand:
    """The sum, mean, largest, smallest or product of each segment along `axis`: so many elements as `lengths` says, one behind the other.

    Of an empty segment `initial`, without it what changes nothing (NaN as a mean).
    Shape: lengths (..., segments) has the axes of x before `axis`; the result has segments along it.  Dtype: that of x.
    Raises: ShapeError, ArgumentError for another way.
    """
    if way not in SEGMENTS:
        raise ArgumentError(f"segment_reduce: {way!r} is no way to reduce", facts=(f"known: {', '.join(SEGMENTS)}",))
    place = normal_axis("segment_reduce", axis, x.ndim)
    if tuple(lengths.shape[:-1]) != tuple(x.shape[:place]) or lengths.ndim != place + 1:
        raise ShapeError("segment_reduce: lengths must have the axes of x before the axis, and one of segments", facts=(
            f"x {tuple(x.shape)}", f"lengths {tuple(lengths.shape)}", f"axis {place}",
        ))  # fmt: skip
    count, n, rest = lengths.shape[-1], x.shape[place], x.shape[place + 1 :]
    ends = cumsum(cast(lengths, int64), -1)
    number = broadcast_to(arange(n, int64, like=x), (*x.shape[:place], n))
    segment = searchsorted(ends, number, right=True)
    at = broadcast_to(reshape(segment, (*segment.shape, *(1 for _ in rest))), x.shape)
    first = NOTHING[SEGMENTS[way]](x.dtype) if initial is None else initial
    base = full((*x.shape[:place], count, *rest), first, x.dtype, like=(x,))
    if way != "mean":
        return scatter_along(base, at, x, place, SEGMENTS[way])
    many = reshape(cast(lengths, x.dtype), (*lengths.shape, *(1 for _ in rest)))
    total = scatter_along(base, at, x, place, "add")
    return where(greater_equal(many, 1), div(total, maximum(many, 1)), float("nan") if initial is None else initial)


def counted(numbers: Operand, count: int, weights: Operand | None = None) -> Operand:
    """How often each of 0..count-1 stands among numbers (n,), or the sum of their weights.

    Shape: (count,).  Dtype: int64, or that of the weights.  Raises: IndexDataError for any other number.
    """
    return scatter_add(full(numbers.shape, 1, int64, like=(numbers,)) if weights is None else weights, numbers, count)


def histogram(x: Operand, edges: Any, bins: int, weights: Operand | None = None) -> Operand:  # noqa: ANN401  two operands
    """How many elements of x (n,) are in each of `bins` equal parts between two edges, the upper one in the last; or their weights.

    Shape: (bins,).  Dtype: that of x, or of the weights.
    """
    low, high = edges
    inside = logical_and(greater_equal(x, low), less_equal(x, high))
    at = clip(floor(mul(div(sub(where(inside, x, low), low), sub(high, low)), bins)), 0, bins - 1)
    ones = full(x.shape, 1, x.dtype, like=(x,)) if weights is None else weights
    return scatter_add(where(inside, ones, 0), cast(at, int32), bins)
