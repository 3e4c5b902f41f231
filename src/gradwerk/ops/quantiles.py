"""What stands at a place of a sorted axis: medians, quantiles, modes; and where values would stand in one."""

from __future__ import annotations

import math
from collections.abc import Callable

from gradwerk.base import dtypes
from gradwerk.base.dtypes import int32, int64
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.along import scatter_along, take_along
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import equal, less, logical_and, logical_or, not_equal
from gradwerk.ops.cumulative import cummax, cumsum
from gradwerk.ops.elementwise import abs_, add, cast, floor, mul, neg, stop_gradient, sub, where
from gradwerk.ops.functions import clip
from gradwerk.ops.movement import broadcast_to, concatenate, reshape, slice_axis, transpose
from gradwerk.ops.reduction import argmax, reduce_max, reduce_sum
from gradwerk.ops.sorting import argsort, sort
from gradwerk.ops.source import arange, full

WAYS = ("linear", "lower", "higher", "midpoint", "nearest")
"""How a quantile between two elements is found."""


def _held(x: Operand, axis: int) -> Operand:
    """How many elements along the axis are not NaN: int64, extent 1 there."""
    return reduce_sum(cast(equal(x, x), int64), axis, keepdims=True)


def median(x: Operand, axis: int = -1, *, ignores_nan: bool = False) -> tuple[Operand, Operand]:
    """The lower median along `axis` and its place: the element number (n - 1) // 2 of the sorted; NaN where there is one.

    `ignores_nan` takes that of the others, NaN of nothing else.
    Shape: 1 along `axis`.  Dtype: that of x; int64.  Raises: ShapeError for an empty axis.
    """
    place = normal_axis("median", axis, x.ndim)
    n = x.shape[place]
    if not n:
        raise ShapeError("median: an empty axis has none", facts=(f"input {tuple(x.shape)}, axis {place}",))
    values, indices = sort(x, place)
    if not dtypes.is_float(x.dtype):
        middle = (n - 1) // 2
        return slice_axis(values, place, middle, middle + 1), slice_axis(indices, place, middle, middle + 1)
    held = _held(x, place)
    if ignores_nan:
        at = cast(clip(floor(mul(sub(cast(held, dtypes.float64), 1), 0.5)), 0, n - 1), int64)
    else:
        at = where(equal(held, n), (n - 1) // 2, held)  # behind all numbers the first NaN stands
    return take_along(values, at, place), take_along(indices, at, place)


def median_of_all(x: Operand, *, ignores_nan: bool = False) -> Operand:
    """The lower median of all elements, as `median`; its gradient is shared among those that are equal to it.  Shape: ()."""
    flat = reshape(x, (-1,))
    middle = reshape(median(flat, 0, ignores_nan=ignores_nan)[0], ())
    if not dtypes.is_float(x.dtype):
        return middle
    middle = stop_gradient(middle)
    same = logical_or(equal(flat, middle), logical_and(not_equal(flat, flat), not_equal(middle, middle)))
    return reduce_max(where(same, flat, -math.inf), 0, nan_shares=True)


def quantile(x: Operand, q: Operand, axis: int = -1, *, interpolation: str = "linear", ignores_nan: bool = False) -> Operand:
    """The quantiles q (m,) of x along `axis`: at place q (n - 1) of the sorted, between two elements by the interpolation.

    NaN where there is one; `ignores_nan` takes the others.
    Shape: (m,) and then that of x with extent 1 along `axis`.  Dtype: floating, kept.  Raises: ShapeError, ArgumentError.
    """
    if interpolation not in WAYS:
        raise ArgumentError(f"quantile: {interpolation!r} is no interpolation", facts=(f"known: {', '.join(WAYS)}",))
    place = normal_axis("quantile", axis, x.ndim)
    n = x.shape[place]
    if not n:
        raise ShapeError("quantile: an empty axis has none", facts=(f"input {tuple(x.shape)}, axis {place}",))
    values, held = sort(x, place)[0], cast(_held(x, place), x.dtype)
    shares = reshape(cast(q, x.dtype), tuple(-1 if k == place else 1 for k in range(x.ndim)))
    last = clip(sub(held, 1), 0, None) if ignores_nan else full(held.shape, n - 1, x.dtype, like=(x,))
    at = mul(shares, last)
    if not ignores_nan:
        at = where(equal(held, n), at, n - 1)
    return _in_front(_between(values, at, place, interpolation), place)


def _between(values: Operand, at: Operand, axis: int, interpolation: str) -> Operand:
    """The values at places that are no whole numbers."""
    rounds: dict[str, Callable[[Operand], Operand]] = {"lower": floor, "higher": _ceil, "nearest": _nearest}
    at = rounds.get(interpolation, lambda at: at)(at)
    below = take_along(values, cast(at, int64), axis)
    if interpolation in rounds:
        return below
    above = take_along(values, cast(_ceil(at), int64), axis)
    weight = sub(at, floor(at)) if interpolation == "linear" else full(at.shape, 0.5, at.dtype, like=(at,))
    distance = sub(above, below)
    mixed = where(less(weight, 0.5), add(below, mul(weight, distance)), sub(above, mul(distance, sub(1, weight))))
    return where(logical_and(equal(above, below), equal(abs_(below), math.inf)), below, mixed)


def _ceil(x: Operand) -> Operand:
    return neg(floor(neg(x)))


def _nearest(x: Operand) -> Operand:
    """The nearest whole number, of two the even one."""
    up = floor(add(x, 0.5))
    tie = logical_and(equal(sub(up, x), 0.5), not_equal(mul(floor(mul(up, 0.5)), 2), up))
    return where(tie, sub(up, 1), up)


def _in_front(x: Operand, axis: int) -> Operand:
    """The axis moved to the front, and an axis of extent 1 in its place."""
    rest = [k for k in range(x.ndim) if k != axis]
    moved = transpose(x, (axis, *rest))
    shape = [moved.shape[0], *(x.shape[k] for k in rest)]
    shape.insert(axis + 1, 1)
    return reshape(moved, shape)


def mode(x: Operand, axis: int = -1) -> tuple[Operand, Operand]:
    """The most frequent element along `axis`, of several the smallest, and the last place where it stands.

    Shape: 1 along `axis`.  Dtype: that of x; int64.  Raises: ShapeError for an empty axis.
    """
    place = normal_axis("mode", axis, x.ndim)
    n = x.shape[place]
    if not n:
        raise ShapeError("mode: an empty axis has none", facts=(f"input {tuple(x.shape)}, axis {place}",))
    values, indices = sort(x, place)
    number = _numbers(values, place)
    changes = not_equal(slice_axis(values, place, 1, n), slice_axis(values, place, 0, n - 1))
    edge = full(tuple(1 if k == place else m for k, m in enumerate(values.shape)), 1, dtypes.bool_, like=(x,))
    first, last = concatenate([edge, changes], place), concatenate([changes, edge], place)
    begin = cummax(where(first, number, 0), place)[0]
    length = where(last, sub(number, begin), -1)
    at = argmax(length, place, keepdims=True)
    return take_along(values, at, place), take_along(indices, at, place)


def _numbers(x: Operand, axis: int) -> Operand:
    """0, 1, 2, ... along the axis, as int32 of the shape of x."""
    n = x.shape[axis]
    return broadcast_to(reshape(arange(n, int32, like=x), tuple(n if k == axis else 1 for k in range(x.ndim))), x.shape)


def searchsorted(ordered: Operand, values: Operand, *, right: bool = False) -> Operand:
    """How many elements of the last axis of `ordered` come before each value: those smaller, with `right` those not larger.

    Both are sorted together, stable, and what came before is counted.
    Shape: that of values; ordered has the same axes but the last, or one alone.  Dtype: int64; both have one dtype, of which NaN is the
    largest.  Raises: ShapeError, DTypeError.
    """
    shape = tuple(values.shape)
    if ordered.ndim == 1:
        values = reshape(values, (-1,))
    if tuple(ordered.shape[:-1]) != tuple(values.shape[:-1]) or not ordered.ndim:
        raise ShapeError("searchsorted: all axes but the last must agree", facts=(f"ordered {tuple(ordered.shape)}", f"values {shape}"))
    n, m, axis = ordered.shape[-1], values.shape[-1], ordered.ndim - 1
    order = argsort(concatenate([ordered, values] if right else [values, ordered], axis), axis)
    counted = less(order, n) if right else logical_or(equal(order, m), less(m, order))
    before = scatter_along(full(order.shape, 0, int64, like=(order,)), order, cumsum(cast(counted, int64), axis), axis, "set")
    return reshape(slice_axis(before, axis, n, n + m) if right else slice_axis(before, axis, 0, m), shape)


def is_in(x: Operand, among: Operand) -> Operand:
    """Whether each element is one of these.  Shape: that of x.  Dtype: bool; both have one dtype.  Raises: DTypeError."""
    ordered = sort(reshape(among, (-1,)), 0)[0]
    flat = reshape(x, (-1,))
    if not ordered.shape[0]:
        return full(x.shape, 0, dtypes.bool_, like=(x,))
    at = clip(searchsorted(ordered, flat), 0, ordered.shape[0] - 1)
    return reshape(equal(take_along(ordered, at, 0), flat), x.shape)
