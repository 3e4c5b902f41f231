"""keras.ops: sums, means, extremes and their places along axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, counted, floating, tensor, tensors, wanted
from gradwerk.ops import cumulative, functions, norms, products, reduction, truths
from gradwerk.ops.arithmetic import cast, div, mul, where
from gradwerk.ops.axes import normal_axes
from gradwerk.ops.logic import isnan
from gradwerk.ops.movement import broadcast_to, reshape, unchanged

# ruff: noqa: A001, ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("numpy")
SHORT = {dtypes.bool_: dtypes.int32, dtypes.int8: dtypes.int32, dtypes.int16: dtypes.int32, dtypes.uint8: dtypes.uint32,
         dtypes.uint16: dtypes.uint32}  # fmt: skip
"""In what sums and products of narrow whole numbers are formed."""


def _wide(x: Operand) -> Any:
    x = tensor(x)
    return cast(x, SHORT.get(x.dtype, x.dtype))


@op()
def sum(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The sum along axes, None for all.  Shape: x without them, or with extents of 1.  Dtype: kept; of narrow whole ones 32 bits."""
    return reduction.reduce_sum(_wide(x), axes_of("sum", axis), keepdims=bool(keepdims))


@op()
def prod(x: Operand, axis: Axes = None, keepdims: bool = False, dtype: Any = None) -> Any:
    """The product along axes, None for all.  Shape: x without them, or with extents of 1.  Dtype: as `sum`."""
    x = _wide(x)
    return products.reduce_prod(cast(x, wanted(dtype, x.dtype)), axes_of("prod", axis), keepdims=bool(keepdims))


@op()
def mean(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean along axes, None for all.  Shape: x without them, or with extents of 1.  Dtype: floating."""
    return functions.mean(floating(x), axes_of("mean", axis), keepdims=bool(keepdims))


@op()
def var(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean square distance from the mean along axes.  Shape: x without them, or with extents of 1.  Dtype: floating."""
    return functions.variance(floating(x), axes_of("var", axis), keepdims=bool(keepdims))


@op()
def std(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The root of `var`.  Shape: x without the axes, or with extents of 1.  Dtype: floating."""
    return norms.deviation(floating(x), axes_of("std", axis), keepdims=bool(keepdims))


def _extreme(name: str, find: Callable[..., Any], x: Operand, axis: Axes, keepdims: bool, initial: Any = None) -> Any:
    """The largest or smallest; of truths by their numbers."""
    x, axes = tensor(x), axes_of(name, axis)
    if initial is None and not math.prod([x.shape[k] for k in normal_axes(name, axes, x.ndim)]):
        raise ArgumentError(f"ops.{name}: there is none of no elements", facts=(f"x {tuple(x.shape)}, axis {axis}",))
    if dtypes.is_bool(x.dtype):
        return cast(_extreme(name, find, cast(x, dtypes.int32), axis, keepdims), x.dtype)
    found = find(x, axes, keepdims=bool(keepdims), nan_shares=dtypes.is_float(x.dtype)) if math.prod(x.shape) else None
    if initial is None:
        return found
    bound = tensor(initial, x.dtype)
    if found is None:
        named = normal_axes(name, axes, x.ndim)
        kept = [1 if k in named else n for k, n in enumerate(x.shape) if keepdims or k not in named]
        found = broadcast_to(bound, kept)
    return functions.clip(found, bound) if name == "max" else functions.clip(found, None, bound)


@op()
def max(x: Operand, axis: Axes = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The largest along axes, None for all, and at least `initial`.  Shape: x without the axes, or with extents of 1.  Dtype: kept.

    Raises: ArgumentError where there is no element and no `initial`.
    """
    return _extreme("max", reduction.reduce_max, x, axis, keepdims, initial)


@op()
def min(x: Operand, axis: Axes = None, keepdims: bool = False, initial: Any = None) -> Any:
    """The smallest along axes, None for all, and at most `initial`.  Shape: x without the axes, or with extents of 1.  Dtype: kept.

    Raises: ArgumentError where there is no element and no `initial`.
    """
    return _extreme("min", reduction.reduce_min, x, axis, keepdims, initial)


@op()
def amax(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The largest along axes, None for all.  Shape: x without the axes, or with extents of 1.  Dtype: kept."""
    return _extreme("amax", reduction.reduce_max, x, axis, keepdims)


@op()
def amin(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The smallest along axes, None for all.  Shape: x without the axes, or with extents of 1.  Dtype: kept."""
    return _extreme("amin", reduction.reduce_min, x, axis, keepdims)


@op()
def ptp(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The largest less the smallest along axes.  Shape: x without the axes, or with extents of 1.  Dtype: kept."""
    x = counted(x)
    return _extreme("ptp", reduction.reduce_max, x, axis, keepdims) - _extreme("ptp", reduction.reduce_min, x, axis, keepdims)


@op()
def all(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether all along axes are others than 0.  Shape: x without the axes, or with extents of 1.  Dtype: bool."""
    return truths.reduce_all(tensor(x), axes_of("all", axis), keepdims=bool(keepdims))


@op()
def any(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """Whether one along axes is another than 0.  Shape: x without the axes, or with extents of 1.  Dtype: bool."""
    return truths.reduce_any(tensor(x), axes_of("any", axis), keepdims=bool(keepdims))


def _place(name: str, find: Callable[..., Any], x: Operand, axis: int | None, keepdims: bool) -> Any:
    """The place of an extreme, as int32; of all elements where no axis is given."""
    x = counted(x)
    if axis is None or not x.ndim:
        found = find(reshape(x, (-1,)), 0, dtype=dtypes.int32)
        return reshape(found, (1,) * x.ndim) if keepdims else found
    return find(x, axes_of(name, axis), keepdims=bool(keepdims), dtype=dtypes.int32)


@op()
def argmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the first largest along an axis, of the flat Tensor where none is given.  Dtype: int32.

    Shape: x without the axis, or with an extent of 1.
    """
    return _place("argmax", reduction.argmax, x, axis, keepdims)


@op()
def argmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the first smallest along an axis, of the flat Tensor where none is given.  Dtype: int32.

    Shape: x without the axis, or with an extent of 1.
    """
    return _place("argmin", reduction.argmin, x, axis, keepdims)


@op()
def count_nonzero(x: Operand, axis: Axes = None) -> Any:
    """How many along axes are others than 0.  Shape: x without the axes.  Dtype: int32."""
    return cast(products.count_nonzero(tensor(x), axes_of("count_nonzero", axis)), dtypes.int32)


@op(also="weights")
def average(x: Operand, axis: Axes = None, weights: Operand = None) -> Any:
    """The mean along axes, by weights: of the shape of x, or one for each element of the axis.  Shape: x without the axes.

    Dtype: floating.
    """
    x, axes = floating(x), axes_of("average", axis)
    if weights is None:
        return functions.mean(x, axes)
    x, weights = tensors(x, weights, beside=(float,))
    if weights.ndim != x.ndim and isinstance(axes, int):
        weights = reshape(weights, [n if k == axes % x.ndim else 1 for k, n in enumerate(x.shape)])
    weights = broadcast_to(weights, x.shape)
    return div(reduction.reduce_sum(mul(x, weights), axes), reduction.reduce_sum(weights, axes))


# ---- without what is no number


def _filled(x: Any, number: float) -> Any:
    return where(isnan(x), number, x) if dtypes.is_float(x.dtype) else x


@op()
def nansum(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The sum of what is not NaN along axes.  Shape: x without the axes, or with extents of 1.  Dtype: as `sum`."""
    return products.nansum(_wide(x), axes_of("nansum", axis), keepdims=bool(keepdims))


@op()
def nanprod(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The product of what is not NaN along axes.  Shape: x without the axes, or with extents of 1.  Dtype: as `sum`."""
    return products.reduce_prod(_filled(_wide(x), 1), axes_of("nanprod", axis), keepdims=bool(keepdims))


@op()
def nanmean(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The mean of what is not NaN along axes.  Shape: x without the axes, or with extents of 1.  Dtype: floating."""
    return products.nanmean(floating(x), axes_of("nanmean", axis), keepdims=bool(keepdims))


@op()
def nanvar(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """`var` of what is not NaN.  Shape: x without the axes, or with extents of 1.  Dtype: floating."""
    x, axes = floating(x), axes_of("nanvar", axis)
    return products.nanmean(functions.square(x - products.nanmean(x, axes, keepdims=True)), axes, keepdims=bool(keepdims))


@op()
def nanstd(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """`std` of what is not NaN.  Shape: x without the axes, or with extents of 1.  Dtype: floating."""
    return nanvar(x, axis, keepdims).sqrt()


@op()
def nanmax(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The largest of what is not NaN; NaN of nothing else.  Shape: x without the axes, or with extents of 1.  Dtype: kept."""
    return _best("nanmax", reduction.reduce_max, x, axis, keepdims, -math.inf)


@op()
def nanmin(x: Operand, axis: Axes = None, keepdims: bool = False) -> Any:
    """The smallest of what is not NaN; NaN of nothing else.  Shape: x without the axes, or with extents of 1.  Dtype: kept."""
    return _best("nanmin", reduction.reduce_min, x, axis, keepdims, math.inf)


def _best(name: str, find: Callable[..., Any], x: Operand, axis: Axes, keepdims: bool, worst: float) -> Any:
    x, axes = tensor(x), axes_of(name, axis)
    found = _extreme(name, find, _filled(x, worst), axis, keepdims)
    if not dtypes.is_float(x.dtype):
        return found
    return where(truths.reduce_all(isnan(x), axes, keepdims=bool(keepdims)), math.nan, found)


@op()
def nanargmax(x: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the largest of what is not NaN, -1 of nothing else.  Dtype: int32.

    Shape: x without the axis, or with an extent of 1.
    """
    return _best_place("nanargmax", reduction.argmax, x, axis, keepdims, -math.inf)


@op()
def nanargmin(x: Operand, axis: int | None = None, keepdims: bool = False) -> Any:
    """The place of the smallest of what is not NaN, -1 of nothing else.  Dtype: int32.

    Shape: x without the axis, or with an extent of 1.
    """
    return _best_place("nanargmin", reduction.argmin, x, axis, keepdims, math.inf)


def _best_place(name: str, find: Callable[..., Any], x: Operand, axis: int | None, keepdims: bool, worst: float) -> Any:
    x = tensor(x)
    found = _place(name, find, _filled(x, worst), axis, keepdims)
    if not dtypes.is_float(x.dtype):
        return found
    return where(truths.reduce_all(isnan(x), axis, keepdims=bool(keepdims)), cast(-1, dtypes.int32), found)


# ---- running


def _running(function: Callable[..., Any], x: Any, axis: int | None) -> Any:
    x = x if axis is not None else reshape(x, (-1,))
    return function(x, 0 if axis is None else axis)


def _counting(x: Operand, dtype: Any) -> Any:
    """As running sums and products take it: truths as int32."""
    x = counted(x)
    return cast(x, wanted(dtype, x.dtype))


@op()
def cumsum(x: Operand, axis: int | None = None, dtype: Any = None) -> Any:
    """The running sum along an axis, of the flat Tensor where none is given.  Shape: that of x, or flat.  Dtype: kept."""
    return _running(cumulative.cumsum, _counting(x, dtype), axis)


@op()
def cumprod(x: Operand, axis: int | None = None, dtype: Any = None) -> Any:
    """The running product along an axis, of the flat Tensor where none is given.  Shape: that of x, or flat.  Dtype: kept."""
    return _running(cumulative.cumprod, _counting(x, dtype), axis)


@op()
def nancumsum(x: Operand, axis: int | None = None, dtype: Any = None) -> Any:
    """The running sum of what is not NaN.  Shape: that of x, or flat.  Dtype: kept."""
    return _running(cumulative.cumsum, _filled(_counting(x, dtype), 0), axis)


@op()
def nancumprod(x: Operand, axis: int | None = None, dtype: Any = None) -> Any:
    """The running product of what is not NaN.  Shape: that of x, or flat.  Dtype: kept."""
    return _running(cumulative.cumprod, _filled(_counting(x, dtype), 1), axis)


@op()
def diff(a: Operand, n: int = 1, axis: int = -1) -> Any:
    """Each element less the one before it along an axis, n times.  Shape: n fewer along the axis.  Dtype: kept."""
    a = tensor(a)
    return products.differences(a, axis, times=n) if n else unchanged(a)


@op()
def trapezoid(y: Operand, x: Operand = None, dx: float = 1.0, axis: int = -1) -> Any:
    """The integral of y along an axis by the trapezoidal rule, at places x, or `dx` apart.  Shape: y without the axis.  Dtype: floating."""
    y = floating(y)
    axis = axis % y.ndim
    count = y.shape[axis]
    before, after = (y[tuple([slice(None)] * axis + [part])] for part in (slice(0, count - 1), slice(1, count)))
    width: Any = dx
    if x is not None:
        x = products.differences(tensor(x, y.dtype), -1 if tensor(x).ndim == 1 else axis)
        width = reshape(x, [n if k == axis else 1 for k, n in enumerate(before.shape)]) if x.ndim == 1 else x
    return reduction.reduce_sum(mul(mul(before + after, 0.5), width), axis)
