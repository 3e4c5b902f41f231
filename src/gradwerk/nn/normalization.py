"""Normalisations of one example: of its last axes, of groups of channels, of neighbouring channels; and of vectors.

Each computes in the accumulator of a narrow dtype and rounds once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.norm import remember
from gradwerk.ops.arithmetic import add, cast, div, mul, sub, where
from gradwerk.ops.axes import normal_axes
from gradwerk.ops.compare import not_equal
from gradwerk.ops.functions import clip, matmul, mean, power, square, variance
from gradwerk.ops.movement import pad, reshape, transpose
from gradwerk.ops.norms import norm
from gradwerk.ops.precision import in_accumulator, rounded_once
from gradwerk.ops.transcendental import rsqrt
from gradwerk.ops.truths import reduce_any
from gradwerk.ops.window import WindowSum
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""


@rounded_once
def layer_norm(x: Operand, count: int, scale: Operand | None = None, offset: Operand | None = None, *, epsilon: float) -> Operand:
    """(x - mean) / sqrt(variance + epsilon) * scale + offset over the last `count` axes.  Source: Ba et al., arXiv:1607.06450.

    Shape: kept; scale and offset have the shape of these axes.  Dtype: floating, kept.
    """
    return layer_norm_over(x, range(x.ndim - count, x.ndim), scale, offset, epsilon=epsilon)


@rounded_once
def layer_norm_over(
    x: Operand, axes: Sequence[int], scale: Operand | None = None, offset: Operand | None = None, *, epsilon: float
) -> Operand:  # fmt: skip
    """`layer_norm` over any axes.  Shape: kept; scale and offset have the extents of these axes, in their order.  Dtype: floating, kept."""
    named = normal_axes("layer_norm", axes, x.ndim)
    return _affine(_standardised(x, named, epsilon), *(_along(part, named, x.ndim) for part in (scale, offset)))


def _along(part: Operand | None, axes: Sequence[int], ndim: int) -> Operand | None:
    """What has one axis for each of `axes`, as it broadcasts beside so many."""
    if part is None or list(axes) == list(range(ndim - len(axes), ndim)):
        return part
    extents = dict(zip(axes, part.shape, strict=True))
    return reshape(part, tuple(extents.get(k, 1) for k in range(ndim)))


def _standardised(x: Operand, axes: Sequence[int], epsilon: float) -> Operand:
    """(x - mean) / sqrt(variance + epsilon) over axes."""
    centred = sub(x, mean(x, axes, keepdims=True))
    return mul(centred, rsqrt(add(variance(x, axes, keepdims=True), epsilon)))


def _affine(y: Operand, scale: Operand | None, offset: Operand | None) -> Operand:
    """y * scale + offset, each where it is given."""
    y = y if scale is None else mul(y, in_accumulator(scale))
    return y if offset is None else add(y, in_accumulator(offset))


@rounded_once
def rms_norm(x: Operand, count: int, scale: Operand | None = None, *, epsilon: float | None = None) -> Operand:
    """x / sqrt(mean of squares + epsilon) * scale over the last `count` axes.  Source: Zhang, Sennrich, arXiv:1910.07467.

    Shape: kept; scale has the shape of these axes.  Dtype: floating, kept; epsilon is the dtype's unless given.
    """
    added = float(dtypes.limits(x.dtype).eps) if epsilon is None else epsilon
    return rms_norm_over(x, range(x.ndim - count, x.ndim), scale, epsilon=added)


@rounded_once
def rms_norm_over(x: Operand, axes: Sequence[int], scale: Operand | None = None, *, epsilon: float) -> Operand:
    """`rms_norm` over any axes.  Shape: kept; scale has the extents of these axes, in their order.  Dtype: floating, kept."""
    named = normal_axes("rms_norm", axes, x.ndim)
    return _affine(mul(x, rsqrt(add(mean(square(x), named, keepdims=True), epsilon))), _along(scale, named, x.ndim), None)


@rounded_once
def group_norm(
    x: Operand, groups: int, scale: Operand | None = None, offset: Operand | None = None, *, epsilon: float, axis: int = 1
) -> Operand:  # fmt: skip
    """`layer_norm` over each group of channels and all of space, then scale and offset of each channel.  Source: Wu, He, arXiv:1803.08494.

    Shape: x (batch, channels, ...), or with the channels along `axis`, kept; scale and offset (channels,).  Dtype: floating, kept.
    """
    (axis,) = normal_axes("group_norm", axis, x.ndim)
    channels = x.shape[axis]
    apart = reshape(x, (*x.shape[:axis], groups, channels // groups, *x.shape[axis + 1 :]))
    y = reshape(_standardised(apart, tuple(k for k in range(1, apart.ndim) if k != axis), epsilon), tuple(x.shape))
    return _affine(y, *(_along(part, (axis,), x.ndim) for part in (scale, offset)))


def _per_channel(part: Operand, ndim: int) -> Operand:
    """A vector along axis 1."""
    return reshape(part, (part.shape[0], *(1,) * (ndim - 2)))


def instance_norm(
    x: Operand, running: tuple[Tensor, Tensor] | None, scale: Operand | None = None, offset: Operand | None = None, *, epsilon: float,
    momentum: float, by_itself: bool,
) -> Operand:  # fmt: skip
    """Each channel of each example by itself, or by running statistics.  Source: Ulyanov et al., arXiv:1607.08022.

    Shape: x (batch, channels, ...), kept; the others (channels,).  Dtype: floating, kept.
    Raises: ArgumentError outside training without running statistics.

    Args:
        x: the input.
        running: mean and (unbiased) variance; changed in place where x goes by itself.
        scale, offset: of each channel.
        epsilon: what is added to the variance.
        momentum: the share of the running statistics that stays.
        by_itself: whether x goes by itself.
    """
    wide, axes = in_accumulator(x), tuple(range(2, x.ndim))
    if by_itself:
        centre, spread = mean(wide, axes, keepdims=True), variance(wide, axes, keepdims=True)
        if running is not None:
            others = (0, *axes)
            values = math.prod(x.shape[2:])
            remember(*running, mean(centre, others), mean(spread, others), values, momentum=momentum, unbiased=True)
    elif running is None:
        raise ArgumentError("instance_norm outside training needs running statistics")
    else:
        centre, spread = (_per_channel(in_accumulator(part), x.ndim) for part in running)
    y = mul(sub(wide, centre), rsqrt(add(spread, epsilon)))
    return cast(_affine(y, *(part if part is None else _per_channel(part, x.ndim) for part in (scale, offset))), x.dtype)


@rounded_once
def local_response_norm(x: Operand, size: int, *, alpha: float, beta: float, offset: float) -> Operand:
    """x / (offset + alpha * mean square of `size` neighbouring channels)**beta.  Source: Krizhevsky et al., 2012.

    Shape: x (batch, channels, ...), kept; beyond the ends are zeros.  Dtype: floating, kept.
    """
    rest = (0,) * (x.ndim - 2)
    squares = pad(square(x), (0, size // 2, *rest), (0, (size - 1) // 2, *rest))
    ones = (1,) * (x.ndim - 2)
    total = WindowSum((1, size, *ones), (1, 1, *ones), (0, 0, *rest), (0, 0, *rest))(squares)
    return div(x, power(add(mul(total, alpha / size), offset), beta))


@rounded_once
def unit_norm(x: Operand, axes: Sequence[int] | None, *, order: float = 2, epsilon: float = 1e-12) -> Operand:
    """x / max(norm, epsilon) along axes, None for all.  Shape, dtype: kept."""
    return div(x, clip(norm(x, axes, order=order, keepdims=True), epsilon))


def spectral_step(kernel: Operand, left: Operand, iterations: int, *, epsilon: float) -> tuple[Operand, Operand]:
    """A matrix divided by its largest singular value as power iteration has it, and the vector that is kept for the next time.

    v <- normalized u W^T;  u <- normalized v W;  W / (v W u^T); of a W that is all zeros itself.  Source: Miyato et al., arXiv:1802.05957.
    Shape: kernel (..., columns), kept; left (1, columns).  Dtype: floating, kept.
    """
    rows = reshape(kernel, (math.prod(kernel.shape[:-1]), kernel.shape[-1]))
    turned, u, v = transpose(rows, (1, 0)), left, left
    for _ in range(iterations):
        v = unit_norm(matmul(u, turned), None, epsilon=epsilon)
        u = unit_norm(matmul(v, rows), None, epsilon=epsilon)
    something = reduce_any(not_equal(kernel, 0))
    sigma = reshape(matmul(matmul(v, rows), transpose(u, (1, 0))), ())
    return div(kernel, where(something, sigma, 1)), where(something, u, left)
