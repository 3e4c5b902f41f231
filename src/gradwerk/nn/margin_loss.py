"""Losses with a margin: nothing to learn from what is right by more than that.

`signs` are -1 and 1, in the dtype of the predictions.  At the edge of a margin the gradient is that of its inside, as in PyTorch, and of
multi_margin and multilabel_margin 0, as there too.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn.loss import check_labels, check_same_shape, weight_of_label
from gradwerk.nn.ranges import positive
from gradwerk.ops.clamp import clamp_min
from gradwerk.ops.compare import equal, greater_equal, less, not_equal
from gradwerk.ops.elementwise import add, cast, div, minimum, mul, neg, relu, softplus, sqrt, sub, where
from gradwerk.ops.functions import one_hot, pick, square
from gradwerk.ops.look import in_range
from gradwerk.ops.movement import expand_dims
from gradwerk.ops.norms import norm
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.ops.source import arange
from gradwerk.ops.truths import reduce_any

Operand = Any
"""An array, a Value or a Tensor."""


def hinge(predictions: Operand, signs: Operand) -> Operand:
    """max(1 - s p, 0), each element.  Source: Cortes and Vapnik, 1995, "Support-vector networks".  Shape: that of both, kept."""
    check_same_shape(predictions, signs, "signs")
    return clamp_min(sub(1.0, mul(signs, predictions)), 0.0)


def squared_hinge(predictions: Operand, signs: Operand) -> Operand:
    """max(1 - s p, 0)^2, each element.  Shape: that of both, kept."""
    return square(hinge(predictions, signs))


def soft_margin(predictions: Operand, signs: Operand) -> Operand:
    """log(1 + exp(-s p)), each element; no exponential overflows.  Shape: that of both, kept."""
    check_same_shape(predictions, signs, "signs")
    return softplus(neg(mul(signs, predictions)))


def hinge_embedding(predictions: Operand, signs: Operand, *, margin: float = 1.0) -> Operand:
    """A distance p where the sign is 1, max(margin - p, 0) where it is -1, each element; of any other number both together.

    Source: `torch.nn.functional.hinge_embedding_loss`.  Shape: that of both, kept.
    """
    check_same_shape(predictions, signs, "signs")
    apart = where(not_equal(signs, 1), clamp_min(sub(margin, predictions), 0.0), 0)
    return add(apart, where(not_equal(signs, -1), predictions, 0))


def categorical_hinge(predictions: Operand, targets: Operand) -> Operand:
    """max(max((1 - y) p) - sum(y p) + 1, 0) over the last axis.

    Shape: both (..., classes), the targets one-hot; result (...).
    """
    check_same_shape(predictions, targets)
    right = reduce_sum(mul(targets, predictions), -1)
    wrong = reduce_max(mul(sub(1.0, targets), predictions), -1)
    return clamp_min(add(sub(wrong, right), 1.0), 0.0)


def multi_margin(
    logits: Operand, labels: Operand, *, power: int = 1, margin: float = 1.0, class_weights: Operand | None = None
) -> Operand:  # fmt: skip
    """sum over the other classes of max(margin - z[label] + z, 0)^power / classes, each example, times the label's class weight.

    Shape: logits (..., classes), labels (...) integer, class_weights (classes,); result (...).
    Raises: ShapeError, DTypeError, ArgumentError for a power but 1 and 2, DataError for a label outside [0, classes).
    Source: Crammer and Singer, 2001, "On the algorithmic implementation of multiclass kernel-based vector machines".
    """
    if power not in (1, 2):
        raise ArgumentError(f"multi_margin: the power is 1 or 2, this is {power}")
    check_labels(labels, logits)
    classes = logits.shape[-1]
    labels = in_range(labels, classes, "label")
    short = relu(add(sub(margin, expand_dims(pick(logits, labels), -1)), logits))
    short = short if power == 1 else square(short)
    if class_weights is not None:
        short = mul(short, expand_dims(weight_of_label(labels, logits, class_weights), -1))
    others = where(one_hot(labels, classes, dtypes.bool_), 0, short)
    return div(reduce_sum(others, -1), dtypes.of_value(classes, logits.dtype))


def multilabel_margin(logits: Operand, labels: Operand) -> Operand:
    """sum over each label and each class that is none of max(1 - (z[label] - z), 0) / classes, each example.

    Labels stand in front; behind the first negative one nothing counts.  Shape: both (..., classes), labels integer; result (...).
    Raises: ShapeError, and DataError for a label that is no class.  Source: `torch.nn.functional.multilabel_margin_loss`.
    """
    check_same_shape(logits, labels, "labels")
    if not dtypes.is_integer(labels.dtype):
        check_labels(labels, expand_dims(logits, -1))
    classes = logits.shape[-1]
    if dtypes.is_integer(labels.dtype):
        labels = cast(labels, dtypes.int64)  # narrow ones do not count all classes
    places = arange(classes, labels.dtype, like=labels)
    end = reduce_sum(where(reduce_any_before(less(labels, 0), places), 0, 1), -1, keepdims=True)  # how many labels there are
    counts = less(places, end)
    labels = in_range(where(counts, labels, 0), classes, "label")
    hits = where(expand_dims(counts, -1), one_hot(labels, classes, dtypes.bool_), np.zeros((), np.bool_))  # (..., labels, classes)
    right = reduce_sum(where(hits, expand_dims(logits, -2), 0), -1, keepdims=True)
    short = relu(add(sub(1.0, right), expand_dims(logits, -2)))
    kept = where(expand_dims(counts, -1), where(expand_dims(reduce_any(hits, -2), -2), 0, short), 0)
    return div(reduce_sum(kept, (-2, -1)), dtypes.of_value(classes, logits.dtype))


def reduce_any_before(truths: Operand, places: Operand) -> Operand:
    """Whether one of the truths up to each place of the last axis holds.  Shape: (..., n), kept; `places` counts to n."""
    reached = greater_equal(expand_dims(places, -1), expand_dims(places, 0))
    return reduce_any(where(reached, expand_dims(truths, -2), np.zeros((), np.bool_)), -1)


def margin_ranking(predictions: Operand, others: Operand, signs: Operand, *, margin: float = 0.0) -> Operand:
    """max(margin - s (p - o), 0), each element: p is to be above o where the sign is 1, below where it is -1.

    Shape: that of all three, kept.
    """
    check_same_shape(predictions, others, "others")
    check_same_shape(predictions, signs, "signs")
    return clamp_min(add(mul(neg(signs), sub(predictions, others)), margin), 0.0)


def triplet(distance: Operand, apart: Operand, *, margin: float = 1.0, across: Operand | None = None) -> Operand:
    """max(distance - apart + margin, 0), each example.

    Source: Schroff et al., 2015, "FaceNet"; Balntas et al., 2016, for the swap.  Shape: that of the distances, kept.

    Args:
        distance: of the anchor and the positive, (...).
        apart: of the anchor and the negative, (...).
        margin: above 0.
        across: of the positive and the negative, (...), where the nearer of the two to the negative counts (the swap).
    """
    positive("triplet", "margin", margin)
    apart = apart if across is None else minimum(apart, across)
    return clamp_min(add(sub(distance, apart), margin), 0.0)


def distance_of(first: Operand, second: Operand, *, order: float = 2.0, epsilon: float = 1e-6, keepdims: bool = False) -> Operand:
    """|first - second + epsilon| along the last axis, the norm of an order.  Source: `torch.nn.functional.pairwise_distance`."""
    return norm(add(sub(first, second), epsilon), -1, order=order, keepdims=keepdims)


def cosine_embedding(predictions: Operand, others: Operand, signs: Operand, *, margin: float = 0.0) -> Operand:
    """1 - cos(p, o) where the sign is 1, max(cos(p, o) - margin, 0) where it is -1, each example; of any other number 0.

    Below the root of the product of both squared norms stand these plus 1e-12 each.
    Shape: predictions and others (..., n), signs (...); result (...).  Source: `torch.nn.functional.cosine_embedding_loss`.
    Raises: ShapeError for signs of another shape.
    """
    check_same_shape(predictions, others, "others")
    if tuple(signs.shape) != tuple(predictions.shape[:-1]):
        raise ShapeError(
            "cosine_embedding: the signs have the predictions' shape without the last axis",
            facts=(f"predictions {tuple(predictions.shape)}      signs {tuple(signs.shape)}",),
        )
    alike = reduce_sum(mul(predictions, others), -1)
    sizes = [add(reduce_sum(square(x), -1), 1e-12) for x in (predictions, others)]
    cosine = div(alike, sqrt(mul(*sizes)))
    return add(where(equal(signs, 1), sub(1.0, cosine), 0), where(equal(signs, -1), clamp_min(sub(cosine, margin), 0.0), 0))
