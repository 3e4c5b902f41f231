"""keras.ops: orders, counts, quantiles, and the places of elements."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, counted, extents, floating, tensor, tensors, whole
from gradwerk.ops import movement, quantiles, scattering, sorting
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.axes import normal_axes, normal_axis
from gradwerk.ops.compare import logical_not
from gradwerk.ops.functions import floor_divide, remainder
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: A002, ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("numpy")


@op()
def sort(x: Operand, axis: int | None = -1) -> Any:
    """x in order along an axis, of the flat Tensor without one.  Shape, dtype: kept."""
    return _ordered(lambda x, axis: sorting.sort(x, axis)[0], x, axis)


@op()
def argsort(x: Operand, axis: int | None = -1) -> Any:
    """The places of elements in the order of `sort`.  Shape: that of x, or flat.  Dtype: int32."""
    return cast(_ordered(sorting.argsort, x, axis), dtypes.int32)


@op()
def argpartition(x: Operand, kth: int, axis: int = -1) -> Any:
    """The places of elements such that the smaller ones stand before place kth; here all in order.  Shape: that of x.  Dtype: int32."""
    whole("argpartition", "kth", kth)
    return argsort(x, axis)


def _ordered(function: Any, x: Operand, axis: int | None) -> Any:
    x = tensor(x)
    if not x.ndim or axis is None:
        x, axis = movement.reshape(x, (-1,)), 0
    if dtypes.is_bool(x.dtype):
        found = function(cast(x, dtypes.uint8), axis)
        return cast(found, dtypes.bool_) if found.dtype == dtypes.uint8 else found
    return function(x, axis)


@op(eager=True)
def nonzero(x: Operand) -> tuple[Any, ...]:
    """The places of elements other than 0, an array for each axis; eager only.  Shape: (count,) each.  Dtype: int32."""
    return tuple([Tensor(one, dtypes.int32) for one in np.nonzero(tensor(x).contents("ops.nonzero"))])


@op(2, "SearchSorted")
def searchsorted(sorted_sequence: Operand, values: Operand, side: str = "left") -> Any:
    """Before which element of what is in order each value stands; behind its equals with side="right".  Shape: that of values.

    Dtype: int32.  Raises: ArgumentError for another side, ShapeError for what is no vector.
    """
    if side not in {"left", "right"}:
        raise ArgumentError(f"ops.searchsorted: side is 'left' or 'right', this is {side!r}")
    ordered, values = tensors(tensor(sorted_sequence), values)
    if ordered.ndim != 1:
        raise ShapeError("ops.searchsorted takes a vector that is in order", facts=(f"sorted_sequence {tuple(ordered.shape)}",))
    return cast(quantiles.searchsorted(ordered, values, right=side == "right"), dtypes.int32)


@op(2)
def digitize(x: Operand, bins: Operand) -> Any:
    """In which of the intervals between bins each element lies: bins[i - 1] <= x < bins[i].  Shape: that of x.  Dtype: int32."""
    return searchsorted(bins, x, "right")


@op(eager=True)
def bincount(x: Operand, weights: Operand = None, minlength: int = 0, sparse: bool = False) -> Any:
    """How often each whole number from 0 on stands in x, or the sum of its weights; along the last axis.  Eager only.

    Shape: (..., n) -> (..., count).  Dtype: int32, or that of the weights.  Raises: ArgumentError for sparse results and negative numbers.
    """
    if sparse:
        raise ArgumentError("ops.bincount: sparse Tensors are not here", likely="sparse=False")
    x = cast(tensor(x), dtypes.int32)
    held = x.contents("ops.bincount")
    if held.size and held.min() < 0:
        raise ArgumentError(f"ops.bincount counts numbers from 0 on, there is {held.min()}")
    count = max(whole("bincount", "minlength", minlength), int(held.max()) + 1 if held.size else 0)
    rows = 1 if x.ndim == 1 else x.shape[0]
    flat = movement.reshape(x + Tensor(np.arange(rows)[:, None] * count, dtypes.int32) if x.ndim == 2 else x, (-1,))
    own = None if weights is None else movement.reshape(tensor(weights), (-1,))
    found = scattering.counted(cast(flat, dtypes.int64), rows * count, own)
    found = cast(found, dtypes.int32) if own is None else found
    return movement.reshape(found, (rows, count)) if x.ndim == 2 else found


@op()
def histogram(x: Operand, bins: int = 10, range: Any = None) -> tuple[Any, Any]:
    """How many elements lie in each of equal parts between two numbers, by default the smallest and largest; and the edges.

    Shape: (bins,) and (bins + 1,).  Dtype: that of x.  Raises: ArgumentError for less than one part, and for exchanged ends.
    """
    x, count = counted(x), whole("histogram", "bins", bins)
    if count < 1:
        raise ArgumentError(f"ops.histogram: bins is a positive integer, this is {count}")
    flat = movement.reshape(x, (-1,)).contents("ops.histogram")
    low, high = (flat.min(), flat.max()) if range is None else range
    if low > high:
        raise ArgumentError(f"ops.histogram: the range goes from its lower end to its upper, this is {range}")
    edges = dtypes.converted(np.linspace(low, high, count + 1), x.dtype)
    inside = flat[(flat >= low) & (flat <= high)]
    found = np.bincount(np.searchsorted(edges[1:-1], inside, "right"), minlength=count)
    return Tensor(found, x.dtype), Tensor(edges, x.dtype)


@op(eager=True)
def unique(
    x: Operand, sorted: bool = True, return_index: bool = False, return_inverse: bool = False, return_counts: bool = False,
    axis: int | None = None, size: int | None = None, fill_value: Any = None,
) -> Any:
    """The different elements, or slices along an axis, in order; eager only.  Dtype: kept; of places and counts int32.

    Shape: (count,), or x with fewer along the axis; `size` of them, filled up with `fill_value` or the smallest.

    Args:
        x: of any shape.
        sorted: here always so.
        return_index, return_inverse, return_counts: also where each stands first, where the elements of x stand among them, how often.
        axis: of slices.
        size: how many there shall be.
        fill_value: what fills up.
    """
    x = tensor(x)
    held = x.contents("ops.unique")
    found, index, inverse, counts = np.unique(held, return_index=True, return_inverse=True, return_counts=True, axis=axis)
    place = 0 if axis is None else normal_axis("unique", axis, x.ndim)
    inverse = inverse.reshape(held.shape if axis is None else (held.shape[place],))
    if size is not None:
        more = size - found.shape[place]
        rows = np.concatenate([np.arange(found.shape[place]), np.zeros(max(more, 0), int)])[:size]
        found, index, counts = np.take(found, rows, place), index[rows], counts[rows]
        if more > 0:
            counts[-more:] = 0
            if fill_value is not None:
                np.moveaxis(found, place, 0)[-more:] = fill_value
    made = [Tensor(found, x.dtype)]
    asked = ((return_index, index), (return_inverse, inverse), (return_counts, counts))
    made += [Tensor(one, dtypes.int32) for wants, one in asked if wants]
    return made[0] if len(made) == 1 else tuple(made)


@op(2, "IsIn")
def isin(x1: Operand, x2: Operand, assume_unique: bool = False, invert: bool = False) -> Any:
    """Whether each element of x1 stands in x2, or with `invert` does not.  Shape: that of x1.  Dtype: bool."""
    a, b = tensors(tensor(x1), tensor(x2))
    a, b = counted(a), counted(b)
    found = quantiles.is_in(a, movement.reshape(b, (-1,)))
    return logical_not(found) if invert else found


@op()
def unravel_index(indices: Operand, shape: Any) -> tuple[Any, ...]:
    """The place along each axis of a shape of elements that are counted row by row.  Shape: that of indices, each.  Dtype: kept."""
    left = tensor(indices)
    found = []
    for n in reversed(extents("unravel_index", shape)):
        found.append(remainder(left, n))
        left = floor_divide(left, n)
    return tuple(reversed(found))


# ---- quantiles


@op(2)
def quantile(x: Operand, q: Operand, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """The quantiles q, one number or several, along axes, None for all; between two elements by the method.  Dtype: floating.

    Shape: that of q, and then x without the axes, or with extents of 1.
    """
    return _quantile("quantile", x, tensor(q), axis, method, keepdims)


@op(2)
def nanquantile(x: Operand, q: Operand, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of what is not NaN.  Shape: that of q, and then x without the axes, or with extents of 1.  Dtype: floating."""
    return _quantile("nanquantile", x, tensor(q), axis, method, keepdims, ignores_nan=True)


@op(2)
def percentile(x: Operand, q: Operand, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`quantile` of q / 100.  Shape: that of q, and then x without the axes, or with extents of 1.  Dtype: floating."""
    return _quantile("percentile", x, floating(q) / 100, axis, method, keepdims)


@op(2)
def nanpercentile(x: Operand, q: Operand, axis: Axes = None, method: str = "linear", keepdims: bool = False) -> Any:
    """`percentile` of what is not NaN.  Shape: that of q, and then x without the axes, or with extents of 1.  Dtype: floating."""
    return _quantile("nanpercentile", x, floating(q) / 100, axis, method, keepdims, ignores_nan=True)


@op()
def median(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The middle element along axes, of two their mean.  Shape: x without the axes, or with extents of 1.  Dtype: floating."""
    return _quantile("median", x, tensor(0.5), axis, "linear", keepdims)


@op()
def nanmedian(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """`median` of what is not NaN.  Shape: x without the axes, or with extents of 1.  Dtype: floating."""
    return _quantile("nanmedian", x, tensor(0.5), axis, "linear", keepdims, ignores_nan=True)


def _quantile(name: str, x: Operand, q: Any, axis: Axes, method: str, keepdims: bool, *, ignores_nan: bool = False) -> Any:
    x = floating(x)
    named = normal_axes(name, axes_of(name, axis), x.ndim)
    kept = [k for k in np.arange(x.ndim).tolist() if k not in named]
    row = movement.reshape(movement.transpose(x, [*kept, *named]), (*[x.shape[k] for k in kept], -1))
    found = quantiles.quantile(row, movement.reshape(cast(q, x.dtype), (-1,)), -1, interpolation=method, ignores_nan=ignores_nan)
    extents_ = [1 if k in named else n for k, n in enumerate(x.shape)] if keepdims else [x.shape[k] for k in kept]
    return movement.reshape(found, (*q.shape, *extents_))

