"""Losses of whole sets: how far two masks overlap, how far like embeddings stand together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.loss import check_same_shape
from gradwerk.nn.ranges import positive
from gradwerk.ops.compare import equal, greater, logical_and, logical_not
from gradwerk.ops.elementwise import add, cast, div, maximum, mul, neg, softplus, sub, where
from gradwerk.ops.functions import logsumexp, matmul
from gradwerk.ops.movement import expand_dims, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import arange

Operand = Any
"""An array, a Value or a Tensor."""
Axes = int | Sequence[int] | None


def dice(predictions: Operand, targets: Operand, *, axes: Axes = None, epsilon: float = 1e-7) -> Operand:
    """1 - 2 sum(p y) / (sum(p) + sum(y) + epsilon) over some axes, or over all.

    Shape: both equal; result without the axes.  Source: Milletari et al., 2016, "V-Net".
    """
    check_same_shape(predictions, targets)
    both = mul(reduce_sum(mul(predictions, targets), axes), 2.0)
    whole = add(add(reduce_sum(targets, axes), reduce_sum(predictions, axes)), epsilon)
    return sub(1.0, div(both, whole))


def tversky(
    predictions: Operand, targets: Operand, *, missed: float = 0.5, wrong: float = 0.5, axes: Axes = None, epsilon: float = 1e-7
) -> Operand:
    """1 - t / (t + missed m + wrong w + epsilon) with t = sum(p y), m = sum((1 - p) y) and w = sum(p (1 - y)), over some axes, or over all.

    Shape: both equal; result without the axes.  Source: Salehi et al., 2017, "Tversky loss function for image segmentation".

    Args:
        predictions: between 0 and 1.
        targets: 0 and 1.
        missed: what counts that is in the targets and not in the predictions.
        wrong: what counts that is in the predictions and not in the targets.
        axes: those that are summed.
        epsilon: beside the divisor.
    """
    check_same_shape(predictions, targets)
    both = reduce_sum(mul(predictions, targets), axes)
    lacking = reduce_sum(mul(sub(1.0, predictions), targets), axes)
    surplus = reduce_sum(mul(predictions, sub(1.0, targets)), axes)
    return sub(1.0, div(both, add(add(both, add(mul(lacking, missed), mul(surplus, wrong))), epsilon)))


def circle(
    embeddings: Operand, labels: Operand, others: Operand | None = None, other_labels: Operand | None = None,
    *, scale: float = 80.0, margin: float = 0.4, skips_self: bool = True,
) -> Operand:  # fmt: skip
    """log(1 + sum exp(scale a (d - margin)) sum exp(scale b (1 - margin - d))) of the distances d = max(1 - x o, 0) of each row to others.

    The first sum is over others of the same label, a = max(margin + d, 0), the second over those of another, b = max(1 + margin - d, 0):
    pairs that are far from where they should be count more.  0 where one of the sums has no member.
    Source: Sun et al., 2020, "Circle loss: a unified perspective of pair similarity optimization", on distances, as in Keras.
    Shape: (examples,).  Raises: ShapeError for labels of another number.

    Args:
        embeddings: (examples, features), of length 1.
        labels: (examples,).
        others: (references, features); the embeddings themselves where there are none.
        other_labels: (references,).
        scale: how steep.
        margin: how near is near enough.
        skips_self: whether the k-th other is the k-th example itself, and no pair with it.
    """
    others, other_labels = embeddings if others is None else others, labels if other_labels is None else other_labels
    if len(embeddings.shape) != 2 or tuple(labels.shape) != tuple(embeddings.shape[:1]):
        facts = (f"embeddings {tuple(embeddings.shape)}      labels {tuple(labels.shape)}",)
        raise ShapeError("circle: embeddings are rows, and each has a label", facts=facts)
    positive("circle", "scale", scale)
    distances = maximum(sub(1.0, matmul(embeddings, transpose(others, (1, 0)))), 0.0)
    alike = equal(expand_dims(labels, 1), expand_dims(other_labels, 0))
    apart = logical_not(alike)
    if skips_self:
        rows, columns = (arange(n, dtypes.int64, like=distances) for n in distances.shape)
        alike = logical_and(alike, logical_not(equal(expand_dims(rows, 1), expand_dims(columns, 0))))
    near = mul(mul(maximum(add(distances, margin), 0.0), sub(distances, margin)), scale)
    far = mul(mul(maximum(sub(1 + margin, distances), 0.0), sub(1 - margin, distances)), scale)
    return softplus(add(_among(near, alike), _among(far, apart)))


def _among(exponents: Operand, chosen: Operand) -> Operand:
    """log(sum(exp(x))) of the chosen of each row; -inf where there is none."""
    none = neg(dtypes.of_value(np.inf, exponents.dtype))
    return logsumexp(where(chosen, exponents, none), 1)


def mean_of_positive(values: Operand, shown: Operand) -> Operand:
    """The sum of the values over the number of those shown that are above 0; 0 where there is none."""
    return div(reduce_sum(values), maximum(reduce_sum(cast(greater(shown, 0), values.dtype)), 1.0))
