"""Sums, means, extremes and truths over axes, and what runs along one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.keras import ops
from gradwerk.ops import cumulative, functions, reduction
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.movement import broadcast_to, flip, slice_axis
from gradwerk.tf.calls import ARITHMETIC, REALS, axes, of_kind, op, to
from gradwerk.tf.dtypes import plain
from gradwerk.tf.tensors import as_tensor, converted

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


@op("Sum")
def reduce_sum(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The sum over axes, all when none are given.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: that of the input.
    """
    x = of_kind(input_tensor, ARITHMETIC, "Sum")
    return to(reduction.reduce_sum(x, axes(axis), keepdims=bool(keepdims)), x._type.dtype)


@op("Mean")
def reduce_mean(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The mean over axes, all when none are given; of whole numbers cut to a whole number.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: that of the input.
    """
    x = of_kind(input_tensor, ARITHMETIC, "Mean")
    dtype = x._type.dtype
    if core.has_gradient(dtype):
        return functions.mean(x, axes(axis), keepdims=bool(keepdims))
    return cast(functions.mean(cast(x, core.float64), axes(axis), keepdims=bool(keepdims)), dtype)


def _extreme(x: Any, axis: Any, function: Any, beyond: str, *, keepdims: bool) -> Any:
    """The extreme along axes; of no elements the lowest, or the highest, that the dtype has."""
    over, shape = axes(axis), tuple(x._type.shape)
    if 0 in shape:
        given = range(len(shape)) if over is None else (over,) if isinstance(over, int) else over
        along = {normal_axis("axis", one, len(shape)) for one in given}
        if any(shape[one] == 0 for one in along):
            kept = tuple(1 if at in along else extent for at, extent in enumerate(shape) if keepdims or at not in along)
            dtype = x._type.dtype
            number = (math.inf if beyond == "max" else -math.inf) if core.has_gradient(dtype) else getattr(np.iinfo(dtype), beyond)
            return broadcast_to(converted(np.full(kept, number).astype(dtype), dtype), kept)
    return function(x, over, keepdims=keepdims)


@op("Max")
def reduce_max(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The largest over axes, all when none are given.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: that of the input.
    """
    return _extreme(of_kind(input_tensor, core.NUMBERS, "Max"), axis, reduction.reduce_max, "min", keepdims=bool(keepdims))


@op("Min")
def reduce_min(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The smallest over axes, all when none are given.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: that of the input.
    """
    return _extreme(of_kind(input_tensor, core.NUMBERS, "Min"), axis, reduction.reduce_min, "max", keepdims=bool(keepdims))


@op("Prod")
def reduce_prod(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The product over axes, all when none are given.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: that of the input.
    """
    x = of_kind(input_tensor, ARITHMETIC, "Prod")
    return to(ops.prod(x, axis=axes(axis), keepdims=bool(keepdims)), x._type.dtype)


@op("All")
def reduce_all(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """Whether all truths over axes hold.

    Shape: without the axes, or of extent 1 there with keepdims.
    """
    return ops.all(of_kind(input_tensor, core.BOOLS, "All"), axis=axes(axis), keepdims=bool(keepdims))


@op("Any")
def reduce_any(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """Whether one truth over axes holds.

    Shape: without the axes, or of extent 1 there with keepdims.
    """
    return ops.any(of_kind(input_tensor, core.BOOLS, "Any"), axis=axes(axis), keepdims=bool(keepdims))


@op("LogSumExp")
def reduce_logsumexp(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """log(sum(exp(x))) over axes, without overflow.

    Shape: without the axes, or of extent 1 there with keepdims.
    """
    x = of_kind(input_tensor, REALS, "Exp")
    if 0 in tuple(x._type.shape):
        return ops.log(reduction.reduce_sum(x, axes(axis), keepdims=bool(keepdims)))
    return ops.logsumexp(x, axis=axes(axis), keepdims=bool(keepdims))


@op("EuclideanNorm")
def reduce_euclidean_norm(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The square root of the sum of squares over axes.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: that of the input.
    """
    x = of_kind(input_tensor, ARITHMETIC, "EuclideanNorm")
    wide = x if core.has_gradient(x._type.dtype) else cast(x, core.float64)
    return to(ops.sqrt(reduction.reduce_sum(wide * wide, axes(axis), keepdims=bool(keepdims))), x._type.dtype)


def _rounded(x: Any) -> Any:
    """Raises: ArgumentTypeError for whole numbers, which have no mean square distance of their own dtype."""
    x = as_tensor(x)
    if not core.has_gradient(x._type.dtype):
        raise ArgumentTypeError("Input must be either real or complex. Received integer type", likely="tf.cast(x, tf.float32)")
    return x


@op("Variance")
def reduce_variance(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The mean square distance from the mean over axes.

    Shape: without the axes, or of extent 1 there with keepdims.  Raises: ArgumentTypeError for whole numbers.
    """
    return functions.variance(_rounded(input_tensor), axes(axis), keepdims=bool(keepdims))


@op("Std")
def reduce_std(input_tensor: Any, axis: Any = None, keepdims: Any = False, name: Any = None) -> Any:
    """The square root of the variance over axes.

    Shape: without the axes, or of extent 1 there with keepdims.  Raises: ArgumentTypeError for whole numbers.
    """
    return ops.sqrt(functions.variance(_rounded(input_tensor), axes(axis), keepdims=bool(keepdims)))


@op("CountNonzero")
def count_nonzero(input: Any, axis: Any = None, keepdims: Any = None, dtype: Any = "int64", name: Any = None) -> Any:
    """How many are not 0 over axes.

    Shape: without the axes, or of extent 1 there with keepdims.  Dtype: as given.
    """
    there = cast(ops.not_equal(as_tensor(input), 0), core.int64)
    return to(reduction.reduce_sum(there, axes(axis), keepdims=bool(keepdims)), plain(dtype))


@op("ZeroFraction")
def zero_fraction(value: Any, name: Any = None) -> Any:
    """Which part of the elements is 0, as float32.

    Shape: no axes.
    """
    return functions.mean(cast(ops.equal(as_tensor(value), 0), core.float32))


@op("ArgMax")
def argmax(input: Any, axis: Any = None, output_type: Any = "int64", name: Any = None) -> Any:
    """The place of the first largest along an axis, the first when none is given.

    Shape: without the axis.  Dtype: int64, or as given.
    """
    return to(reduction.argmax(as_tensor(input), axes(axis) or 0), plain(output_type))


@op("ArgMin")
def argmin(input: Any, axis: Any = None, output_type: Any = "int64", name: Any = None) -> Any:
    """The place of the first smallest along an axis, the first when none is given.

    Shape: without the axis.  Dtype: int64, or as given.
    """
    return to(reduction.argmin(as_tensor(input), axes(axis) or 0), plain(output_type))


def _running(function: Any, x: Any, axis: Any, exclusive: bool, reverse: bool, first: float) -> Any:
    """What runs along an axis, from either end; `exclusive` begins with what stands for nothing."""
    axis = normal_axis("axis", axes(axis), len(x._type.shape))
    dtype = x._type.dtype
    x = flip(x, axis) if reverse else x
    found = to(function(x, axis), dtype)
    if exclusive:
        extent = x._type.shape[axis]
        begin = ops.full_like(slice_axis(x, axis, 0, min(1, extent)), first)
        found = ops.concatenate([begin, slice_axis(found, axis, 0, max(extent - 1, 0))], axis=axis)
    return flip(found, axis) if reverse else found


@op("Cumsum")
def cumsum(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """The sums of all up to each element along an axis.

    Args:
        exclusive: whether the element itself is left out.
        reverse: whether it is summed from the end.

    Shape and dtype: those of x.
    """
    return _running(cumulative.cumsum, of_kind(x, ARITHMETIC, "Cumsum"), axis, exclusive, reverse, 0)


@op("Cumprod")
def cumprod(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """The products of all up to each element along an axis.

    Args:
        exclusive: whether the element itself is left out.
        reverse: whether it is multiplied from the end.

    Shape and dtype: those of x.
    """
    return _running(cumulative.cumprod, of_kind(x, ARITHMETIC, "Cumprod"), axis, exclusive, reverse, 1)


@op("CumulativeLogsumexp")
def cumulative_logsumexp(x: Any, axis: Any = 0, exclusive: bool = False, reverse: bool = False, name: Any = None) -> Any:
    """log(sum(exp(x))) of all up to each element along an axis.

    Args:
        exclusive: whether the element itself is left out.
        reverse: whether it is summed from the end.

    Shape and dtype: those of x.
    """
    x = of_kind(x, REALS, "CumulativeLogsumexp")
    return _running(cumulative.logcumsumexp, x, axis, exclusive, reverse, -math.inf)


def _ordered(name: str, x: Any, hold: Any) -> Any:
    x = ops.reshape(of_kind(x, core.NUMBERS, name), (-1,))
    return ops.all(hold(slice_axis(x, 0, 0, max(x._type.size - 1, 0)), slice_axis(x, 0, min(1, x._type.size), x._type.size)))


@op("IsNonDecreasing")
def is_non_decreasing(x: Any, name: Any = None) -> Any:
    """Whether no element is smaller than the one before.

    Shape: no axes.
    """
    return _ordered("IsNonDecreasing", x, ops.less_equal)


@op("IsStrictlyIncreasing")
def is_strictly_increasing(x: Any, name: Any = None) -> Any:
    """Whether each element is larger than the one before.

    Shape: no axes.
    """
    return _ordered("IsStrictlyIncreasing", x, ops.less)


__all__ = [
    "argmax", "argmin", "count_nonzero", "cumprod", "cumsum", "cumulative_logsumexp", "is_non_decreasing", "is_strictly_increasing",
    "reduce_all", "reduce_any", "reduce_euclidean_norm", "reduce_logsumexp", "reduce_max", "reduce_mean", "reduce_min", "reduce_prod",
    "reduce_std", "reduce_sum", "reduce_variance", "zero_fraction",
]  # fmt: skip
