"""Batch normalisation.  Source: Ioffe and Szegedy, 2015, "Batch normalization: accelerating deep network training"."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ops.compare import not_equal
from gradwerk.ops.elementwise import add, cast, div, mul, rsqrt, sub, where
from gradwerk.ops.functions import mean, variance
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.ops.precision import in_accumulator, rounded_once
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import counted
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""


SMALL = 1e-7
"""What is added to the number of values that a mask leaves, which may be none.  Source: keras.backend.epsilon."""


def batch_statistics(x: Operand, *, axis: int = -1, mask: Operand | None = None) -> tuple[Operand, Operand]:
    """Mean and (biased, two-pass) variance of each feature, over every axis but `axis`; with a mask of what is True in it.

    Shape: x (..., features, ...), mask that of x without its last axis; results (features,).  Dtype: the accumulator of x's.
    """
    axes = tuple(k for k in range(len(x.shape)) if k != axis % len(x.shape))
    x = in_accumulator(x)
    if mask is None:
        return mean(x, axes), variance(x, axes)
    taken = broadcast_to(reshape(mask, (*mask.shape, 1)), tuple(x.shape))
    taken = taken if taken.dtype == bool else not_equal(taken, 0)
    count = add(reduce_sum(cast(taken, x.dtype), axes, keepdims=True), SMALL)
    center = div(reduce_sum(where(taken, x, 0.0), axes, keepdims=True), count)
    apart = where(taken, sub(x, center), 0.0)
    spread = div(reduce_sum(mul(apart, apart), axes, keepdims=True), count)
    features = (x.shape[axis],)
    return reshape(center, features), reshape(spread, features)


@rounded_once
def normalize(
    x: Operand, mean_: Operand, variance_: Operand, scale: Operand | None, offset: Operand | None, *, epsilon: float, axis: int = -1
) -> Operand:
    """y = (x - mean) / sqrt(variance + epsilon) * scale + offset, the vectors lying along `axis`.

    Shape: x (..., features, ...), vectors (features,); result as x.
    """
    features = x.shape[axis]
    along = (features,) + (1,) * (len(x.shape) - 1 - axis % len(x.shape))
    factor = rsqrt(add(variance_, epsilon))
    y = mul(sub(x, reshape(mean_, along)), reshape(factor if scale is None else mul(factor, scale), along))
    return y if offset is None else add(y, reshape(offset, along))


def running(old: Operand, new: Operand, momentum: float) -> Operand:
    """momentum * old + (1 - momentum) * new."""
    return add(mul(old, momentum), mul(new, 1.0 - momentum))


@unrecorded
def remember(
    running_mean: Tensor, running_variance: Tensor, mean_: Operand, variance_: Operand, count: int, *, momentum: float, unbiased: bool
) -> None:
    """running <- momentum * running + (1 - momentum) * batch, in place, outside the gradient.

    Args:
        running_mean, running_variance: (features,), written.
        mean_, variance_: those of the batch, (features,), in the accumulator.
        count: the values of each feature.
        momentum: the share that stays (Keras' convention; torch's is 1 minus it).
        unbiased: keeps count / (count - 1) times the variance of the batch.
    """
    if unbiased:
        variance_ = mul(variance_, counted(count / max(count - 1, 1), like=variance_))
    for held, new in ((running_mean, mean_), (running_variance, variance_)):
        held.assign(cast(running(in_accumulator(held), new, momentum), held.dtype))


def check_features(x: Operand, axis: int, running_mean: Operand) -> None:
    """The input has the features that the statistics are of.  Raises: ShapeError."""
    features = running_mean.shape[0]
    if len(x.shape) < 2 or x.shape[axis] != features:
        facts = (f"input   {tuple(x.shape)} {dtypes.name(x.dtype)}      running_mean ({features},)",)
        raise ShapeError(f"axis {axis} of the input must have {features} features", facts=facts)
