"""Losses: one value per example (or element), and reductions over them.

A loss and its reduction are two functions, so that "mean over the batch", "weighted mean" and "none" are choices of the caller.
Cross-entropies take logits where they can: log_softmax(z) = z - max - log(sum(exp(z - max))) never overflows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.nn.ranges import share
from gradwerk.ops.compare import equal, greater_equal, not_equal
from gradwerk.ops.elementwise import abs_, add, cast, div, log, maximum, minimum, mul, neg, softplus, sub, where
from gradwerk.ops.functions import log_softmax, mean, one_hot, pick, power
from gradwerk.ops.look import in_range
from gradwerk.ops.reduction import reduce_sum

Operand = Any
"""An array, a Value or a Tensor."""
NO_LABEL = -(1 << 31)
"""An `ignored` label that nobody has: where no label is ignored, the program is the one that ignores a label."""


def softmax_cross_entropy(
    logits: Operand, labels: Operand, *, smoothing: float = 0.0, class_weights: Operand | None = None, ignored: int | None = None
) -> Operand:
    """-log softmax(z)[label] for each example, times the label's class weight; 0 where the label is `ignored`.

    Shape: logits (..., classes), labels (...) integer, class_weights (classes,); result (...).
    `smoothing` s trains towards (1 - s) one_hot + s / classes (Szegedy et al., 2015).
    Raises: ShapeError, DTypeError, and DataError for a label outside [0, classes) that is not `ignored`.
    """
    classes = logits.shape[-1]
    check_labels(labels, logits)
    labels = in_range(labels, classes, "label", ignored=ignored)
    if smoothing:
        rows = one_hot(labels, classes, logits.dtype)
        losses = categorical_cross_entropy(logits, rows, smoothing=smoothing, class_weights=class_weights)
    else:
        losses = pick(neg(log_softmax(logits)), labels)
        losses = losses if class_weights is None else mul(losses, weight_of_label(labels, logits, class_weights))
    return losses if ignored is None else where(equal(labels, ignored), np.zeros((), losses.dtype), losses)


def negative_log_likelihood(
    log_probabilities: Operand, labels: Operand, *, class_weights: Operand | None = None, ignored: int | None = None
) -> Operand:
    """-q[label] of logarithms q, each example, times the label's class weight; 0 where the label is `ignored`.

    Shape, errors: as `softmax_cross_entropy`.
    """
    check_labels(labels, log_probabilities)
    labels = in_range(labels, log_probabilities.shape[-1], "label", ignored=ignored)
    losses = pick(neg(log_probabilities), labels)
    losses = losses if class_weights is None else mul(losses, weight_of_label(labels, log_probabilities, class_weights))
    return losses if ignored is None else where(equal(labels, ignored), np.zeros((), losses.dtype), losses)


def categorical_cross_entropy(
    logits: Operand, targets: Operand, *, smoothing: float = 0.0, class_weights: Operand | None = None
) -> Operand:
    """-sum(weight * target * log_softmax(z)) over the last axis.

    Shape: logits and targets (..., classes), class_weights (classes,); result (...).
    `smoothing` s trains towards (1 - s) target + s / classes.
    """
    check_same_shape(logits, targets)
    if share("categorical_cross_entropy", "smoothing", smoothing):
        targets = add(mul(targets, 1.0 - smoothing), smoothing / targets.shape[-1])
    if class_weights is not None:
        targets = mul(targets, class_weights)
    return neg(reduce_sum(mul(targets, log_softmax(logits)), -1))


def check_labels(labels: Operand, scores: Operand) -> None:
    """Integer labels (...) belong to scores (..., classes).  Raises: ShapeError, DTypeError."""
    if tuple(labels.shape) != tuple(scores.shape[:-1]):
        raise ShapeError(
            f"the labels have shape {tuple(labels.shape)}, the scores expect {tuple(scores.shape[:-1])}",
            facts=(
                f"scores  {tuple(scores.shape)} {dtypes.name(scores.dtype)}      "
                f"labels {tuple(labels.shape)} {dtypes.name(labels.dtype)}",
            ),
            likely="for one-hot targets use the categorical loss" if tuple(labels.shape) == tuple(scores.shape) else "",
        )
    if not dtypes.is_integer(labels.dtype):
        raise DTypeError(f"labels must be integers, these are {dtypes.name(labels.dtype)}", likely="cast them to int64")


def cross_entropy_of_probabilities(probabilities: Operand, targets: Operand, *, epsilon: float = 1e-7) -> Operand:
    """-sum(target * log(p)) over the last axis; p is normalised to sum 1 (where the sum is not 0), then clipped to [epsilon, 1 - epsilon].

    Shape: both (..., classes); result (...).
    """
    check_same_shape(probabilities, targets)
    whole = reduce_sum(probabilities, -1, keepdims=True)
    p = div(probabilities, where(equal(whole, 0.0), dtypes.of_value(1, whole.dtype), whole))
    return neg(reduce_sum(mul(targets, _log_of(p, epsilon)), -1))


def sparse_cross_entropy_of_probabilities(
    probabilities: Operand, labels: Operand, *, epsilon: float = 1e-7, ignored: int | None = None
) -> Operand:
    """-log(p[label] / sum(p)), p clipped to [epsilon, 1 - epsilon] first: outputs that are all 0 say that all classes are equally likely.

    Shape: probabilities (..., classes), labels (...) integer; result (...).  Raises: as `softmax_cross_entropy`.
    """
    return softmax_cross_entropy(_log_of(probabilities, epsilon), labels, ignored=ignored)


def binary_cross_entropy(logits: Operand, targets: Operand, *, positive_weights: Operand | None = None) -> Operand:
    """softplus(z) - z y, without loss of small results, each element: -log sigmoid(z) for y = 1, -log(1 - sigmoid(z)) for y = 0.

    Positive weights, which broadcast, multiply the part of y: -(w y log sigmoid(z) + (1 - y) log(1 - sigmoid(z))).

    Shape: that of both, kept.
    """
    check_same_shape(logits, targets)
    if positive_weights is not None:
        weights = add(mul(sub(positive_weights, 1.0), targets), 1.0)
        return add(mul(sub(1.0, targets), logits), mul(weights, softplus(neg(logits))))
    positive = greater_equal(logits, 0)
    toward_zero = where(positive, neg(logits), logits)  # -|z|, but smooth at 0 in all that follows
    return add(softplus(toward_zero), mul(logits, sub(cast(positive, logits.dtype), targets)))


def binary_cross_entropy_of_probabilities(probabilities: Operand, targets: Operand, *, epsilon: float = 1e-7) -> Operand:
    """-(y log(p) + (1 - y) log(1 - p)), each element, of p clipped to [epsilon, 1 - epsilon].  Shape: that of both, kept.

    As Keras does it 1 - p is taken of the clipped p, and so is what the dtype has next to epsilon: 1.19e-7 in float32.
    """
    check_same_shape(probabilities, targets)
    p = minimum(maximum(probabilities, epsilon), 1.0 - epsilon)
    return neg(add(mul(targets, log(p)), mul(sub(1.0, targets), log(sub(1.0, p)))))


def squared_error(predictions: Operand, targets: Operand) -> Operand:
    """(p - y)^2, each element.  Shape: that of both, kept."""
    check_same_shape(predictions, targets)
    difference = sub(predictions, targets)
    return mul(difference, difference)


def absolute_error(predictions: Operand, targets: Operand) -> Operand:
    """|p - y|, each element.  Shape: that of both, kept."""
    check_same_shape(predictions, targets)
    return abs_(sub(predictions, targets))


def mean_loss(values: Operand) -> Operand:
    """The mean of all values: a 0-d result."""
    return mean(values)


def generalized_cross_entropy(probabilities: Operand, labels: Operand, *, exponent: float = 0.5, least: float = 1e-12) -> Operand:
    """(1 - p[label]^exponent) / exponent, each example: between cross-entropy (0) and absolute error (1).

    Below `least` p^exponent goes on in a straight line, so that what was thought impossible still has a gradient.
    Shape: probabilities (..., classes), labels (...) integer; result (...).  Raises: ShapeError, DTypeError, DataError, ArgumentError.
    Source: Zhang and Sabuncu, 2018, "Generalized cross entropy loss for training deep neural networks with noisy labels".
    """
    check_labels(labels, probabilities)
    if not 0 < exponent < 1:
        raise ArgumentError(f"generalized_cross_entropy: the exponent is between 0 and 1, this is {exponent}")
    p = pick(probabilities, in_range(labels, probabilities.shape[-1], "label"))
    some = greater_equal(p, least)
    powers = where(some, power(where(some, p, 1.0), exponent), mul(p, least ** (exponent - 1.0)))
    return div(sub(1.0, powers), exponent)


def ratio_of_sums(losses: Operand, weights: Operand) -> Operand:
    """sum(loss) / sum(weight), the losses already weighted: the mean over class weights and ignored labels."""
    return div(reduce_sum(losses), reduce_sum(weights))


def mean_by_weight(losses: Operand, weights: Operand) -> Operand:
    """sum(loss) / sum(weight), the losses already weighted; 0 where the weights add up to 0."""
    whole = reduce_sum(weights)
    some = not_equal(whole, 0)
    return where(some, div(reduce_sum(losses), where(some, whole, 1.0)), np.zeros((), losses.dtype))


def label_weights(labels: Operand, logits: Operand, ignored: int, class_weights: Operand | None = None) -> Operand:
    """Each example's weight: that of its class (1 without class weights), 0 where the label is `ignored`.

    Made of the labels alone: the losses' rows are one pass, and that must not wait for a sum over something made in it.

    Args:
        labels: (...) integer.
        logits: (..., classes), of which shape and dtype are read.
        ignored: the label of examples that do not count.
        class_weights: (classes,).
    """
    present = cast(not_equal(labels, ignored), logits.dtype)
    return present if class_weights is None else mul(present, weight_of_label(labels, logits, class_weights))


def weight_of_label(labels: Operand, logits: Operand, class_weights: Operand) -> Operand:
    """class_weights[label], 0 for a label of no class.  Shape: (...)."""
    of_class = not_equal(one_hot(labels, logits.shape[-1], logits.dtype), 0)
    return reduce_sum(where(of_class, class_weights, 0), -1)  # chosen, not multiplied: that of another class may be infinite


def _log_of(p: Operand, epsilon: float) -> Operand:
    """log(p), p clipped to [epsilon, 1 - epsilon]."""
    return log(minimum(maximum(p, epsilon), 1.0 - epsilon))


def _reshaped(predictions: tuple[int, ...], others: tuple[int, ...], what: str) -> str:
    """The others in the predictions' shape, where one axis of 1 is the difference."""
    if predictions == (*others, 1):
        return f"{what}[..., None]"
    return f"{what}[..., 0]" if others == (*predictions, 1) else ""


def check_same_shape(predictions: Operand, others: Operand, what: str = "targets") -> None:
    """Losses do not broadcast: (n, 1) against (n,) would quietly compare all pairs.  Raises: ShapeError."""
    if tuple(predictions.shape) != tuple(others.shape):
        raise ShapeError(
            f"predictions and {what} have different shapes",
            facts=(
                f"predictions {tuple(predictions.shape)} {dtypes.name(predictions.dtype)}      "
                f"{what} {tuple(others.shape)} {dtypes.name(others.dtype)}",
            ),
            likely=_reshaped(tuple(predictions.shape), tuple(others.shape), what),
        )
