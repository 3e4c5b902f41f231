"""Streaming metrics.  Their counts are Tensors, so an update compiles into the training step."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.module import Module
from gradwerk.ops.compare import equal, greater
from gradwerk.ops.elementwise import add, cast, mul
from gradwerk.ops.functions import mean
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.ops.reduction import argmax, reduce_sum
from gradwerk.ops.source import counted
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""


class Mean(Module):
    """sum(weight * value) / sum(weight) over all updates since `reset`, in float64."""

    def __init__(self) -> None:
        self.total = Tensor(np.zeros((), np.float64))
        self.count = Tensor(np.zeros((), np.float64))

    @unrecorded
    def update(self, values: Tensor, weight: float = 1.0) -> None:
        """Counts each element of `values` with `weight` (a mean over a batch counts with the batch size)."""
        total = cast(reduce_sum(values), dtypes.float64)
        self.total.assign(add(self.total, mul(total, counted(weight, like=total))))
        self.count.assign(add(self.count, counted(weight * float(np.prod(values.shape)), like=total)))

    @unrecorded
    def update_samples(self, values: Tensor, weights: Tensor | None = None) -> None:
        """Counts each sample once, or with its weight; see `by_sample`.  Raises: ShapeError."""
        values, weights = by_sample(values, weights)
        self.total.assign(add(self.total, cast(reduce_sum(values), dtypes.float64)))
        whole = counted(values.shape[0] if values.shape else 1, like=self.count)
        self.count.assign(add(self.count, whole if weights is None else cast(reduce_sum(weights), dtypes.float64)))

    def result(self) -> float:
        """The mean so far; 0 before the first update."""
        count = float(self.count.item())
        return float(self.total.item()) / count if count else 0.0

    def merge(self, other: Mean) -> None:
        """Counts what another mean has counted."""
        self.total.assign(add(self.total, other.total))
        self.count.assign(add(self.count, other.count))

    def reset(self) -> None:
        """Forgets everything."""
        self.total.assign(np.zeros((), np.float64))
        self.count.assign(np.zeros((), np.float64))


def by_sample(values: Operand, weights: Operand | None) -> tuple[Operand, Operand | None]:
    """One value for each sample, the mean over all axes but the first, times its weight; and the weights, where there are any.

    Along axes that weights do not have values are averaged first: one weight for all weighs their mean.  A last axis of 1 that one of the
    two has more is none.
    Shape: values (samples, ...) or (); weights have some of the first axes, of the same extents or 1.  Results (samples,) or ().
    Dtype: floating, that of the values.  Raises: ShapeError.  Source: keras.metrics.Mean.
    """
    if weights is not None:
        values, weights = _of_one_rank(values, weights)
        kept = _first_axes(values.shape, weights.shape)
        weights = broadcast_to(cast(weights, values.dtype), kept)
        values, weights = mul(_mean_from(values, len(kept)), weights), _mean_from(weights, 1)
    return _mean_from(values, 1), weights


def weights_along(weights: Operand, shape: Sequence[int]) -> Operand:
    """Weights of samples, or of parts of them, as one for each element of an array of this shape.

    Shape: weights have some of the first axes, of the same extents or 1; a last axis of 1 more is none.  Result: `shape`, float64.
    Raises: ShapeError.
    """
    weights = cast(weights, dtypes.float64)
    if len(weights.shape) == len(shape) + 1 and weights.shape[-1] == 1:
        weights = reshape(weights, tuple(weights.shape[:-1]))
    _first_axes(shape, weights.shape)
    return broadcast_to(reshape(weights, (*weights.shape, *[1] * (len(shape) - len(weights.shape)))), tuple(shape))


def _first_axes(values: Sequence[int], weights: Sequence[int]) -> tuple[int, ...]:
    """The extents of values along which weights stand.  Raises: ShapeError."""
    kept = tuple(values[: len(weights)])
    if len(kept) < len(weights) or any(n not in (1, m) for n, m in zip(weights, kept, strict=True)):
        facts = (f"values {tuple(values)}      weights {tuple(weights)}",)
        raise ShapeError("weights stand along the first axes of the values: of the same extents, or 1", facts=facts)
    return kept


def _mean_from(x: Operand, axis: int) -> Operand:
    """The mean over an axis and all behind it."""
    return mean(x, tuple(range(axis, len(x.shape)))) if len(x.shape) > axis else x


def _of_one_rank(values: Operand, weights: Operand) -> tuple[Operand, Operand]:
    """Without a last axis of 1 that one of the two has more; or with one, where the other has one axis."""
    surplus = len(weights.shape) - len(values.shape)
    more, less = (weights, values) if surplus > 0 else (values, weights)
    if abs(surplus) == 1 and more.shape[-1] == 1:
        if len(less.shape) == 1:
            less = reshape(less, (*less.shape, 1))
        else:
            more = reshape(more, tuple(more.shape[:-1]))
    return (less, more) if surplus > 0 else (more, less)


def label_hits(scores: Operand, labels: Operand) -> Operand:
    """1 where the largest score stands at the label, else 0.  Shape: scores (..., classes), labels (...) integer; result (...) float32."""
    return cast(equal(argmax(scores, -1, dtype=labels.dtype), labels), dtypes.float32)


def one_hot_hits(scores: Operand, targets: Operand) -> Operand:
    """1 where scores and one-hot targets have their largest element at one place.  Shape: both (..., classes); result (...) float32."""
    return label_hits(scores, argmax(targets, -1))


def binary_hits(probabilities: Operand, targets: Operand, threshold: float = 0.5) -> Operand:
    """1 where (probability > threshold) is the target, else 0.  Shape: any, kept; float32."""
    return cast(equal(cast(greater(probabilities, threshold), targets.dtype), targets), dtypes.float32)


class Accuracy(Module):
    """The share of examples whose largest score stands at the label."""

    def __init__(self) -> None:
        self.hits = Mean()

    def update(self, scores: Tensor, labels: Tensor) -> None:
        """Counts a batch: scores (..., classes), labels (...) integer."""
        self.hits.update(label_hits(scores, labels))

    def result(self) -> float:
        """The share so far; 0 before the first update."""
        return self.hits.result()

    def reset(self) -> None:
        """Forgets everything."""
        self.hits.reset()
