"""Losses of distributions and of directions: Kullback-Leibler, focal cross-entropies, cosines."""

from __future__ import annotations

from typing import Any

from gradwerk.nn.loss import binary_cross_entropy, binary_cross_entropy_of_probabilities, check_same_shape
from gradwerk.nn.ranges import positive, share
from gradwerk.ops.compare import equal, not_equal
from gradwerk.ops.elementwise import add, div, exp, log, maximum, minimum, mul, neg, sigmoid, sub, where
from gradwerk.ops.functions import clip, log_softmax, power, softmax
from gradwerk.ops.norms import norm
from gradwerk.ops.reduction import reduce_sum

Operand = Any
"""An array, a Value or a Tensor."""


def kl_divergence(log_probabilities: Operand, targets: Operand, *, of_logs: bool = False) -> Operand:
    """y (log(y) - q) of logarithms q, each element, 0 where y is 0 and NaN where it is below; with `of_logs` e^y (y - q).

    Source: Kullback and Leibler, 1951, "On information and sufficiency".  Shape: that of both, kept.
    """
    check_same_shape(log_probabilities, targets)
    if of_logs:
        return mul(exp(targets), sub(targets, log_probabilities))
    some = not_equal(targets, 0)
    held = where(some, targets, 1)
    own = where(some, mul(held, log(held)), mul(targets, 0))
    return sub(own, mul(targets, log_probabilities))


def kl_divergence_of_probabilities(probabilities: Operand, targets: Operand, *, epsilon: float = 1e-7) -> Operand:
    """sum(y log(y / p)) over the last axis; both are held between epsilon and 1.  Shape: both (..., classes); result (...)."""
    check_same_shape(probabilities, targets)
    p, y = (clip(x, epsilon, 1.0) for x in (probabilities, targets))
    return reduce_sum(mul(y, log(div(y, p))), -1)


def binary_focal(logits: Operand, targets: Operand, *, gamma: float = 2.0, alpha: float | None = None) -> Operand:
    """(1 - p_t)^gamma times the binary cross-entropy, each element, where p_t = y p + (1 - y)(1 - p) and p = sigmoid(z).

    1 - p_t is a sum of small terms, not a difference: what is nearly right has a small loss, and no loss of digits.
    Raises: ArgumentError for a negative gamma, and an alpha outside [0, 1].
    Source: Lin et al., 2017, "Focal loss for dense object detection".  Shape: that of both, kept.

    Args:
        logits: of any shape.
        targets: of the same shape.
        gamma: how little counts what is right already.
        alpha: the weight of targets of 1, 1 - alpha that of targets of 0; None weighs all alike.
    """
    check_same_shape(logits, targets)
    missed = add(mul(targets, sigmoid(neg(logits))), mul(sub(1.0, targets), sigmoid(logits)))
    return _focused(binary_cross_entropy(logits, targets), missed, targets, gamma, alpha)


def binary_focal_of_probabilities(
    probabilities: Operand, targets: Operand, *, gamma: float = 2.0, alpha: float | None = None, epsilon: float = 1e-7
) -> Operand:
    """The same of probabilities, which the cross-entropy holds in [epsilon, 1 - epsilon].  Shape: that of both, kept."""
    entropy = binary_cross_entropy_of_probabilities(probabilities, targets, epsilon=epsilon)
    missed = add(mul(targets, sub(1.0, probabilities)), mul(sub(1.0, targets), probabilities))
    return _focused(entropy, missed, targets, gamma, alpha)


def _focused(entropy: Operand, missed: Operand, targets: Operand, gamma: float, alpha: float | None) -> Operand:
    positive("binary_focal", "gamma", gamma, zero=True)
    focused = mul(power(missed, gamma), entropy)
    if alpha is None:
        return focused
    return mul(add(mul(targets, share("binary_focal", "alpha", alpha)), mul(sub(1.0, targets), 1.0 - alpha)), focused)


def categorical_focal(logits: Operand, targets: Operand, *, gamma: float = 2.0, alpha: float = 0.25) -> Operand:
    """-sum(alpha (1 - p)^gamma y log(p)) over the last axis, p = softmax(z).

    Shape: both (..., classes); result (...).  Raises: ArgumentError for a negative gamma, and an alpha outside [0, 1].
    Source: Lin et al., 2017, as above.
    """
    check_same_shape(logits, targets)
    return _categorical(softmax(logits), log_softmax(logits), targets, gamma, alpha)


def categorical_focal_of_probabilities(
    probabilities: Operand, targets: Operand, *, gamma: float = 2.0, alpha: float = 0.25, epsilon: float = 1e-7
) -> Operand:
    """The same of probabilities, normalised to sum 1 (where the sum is not 0), then held in [epsilon, 1 - epsilon].

    Shape: (batch, ..., classes), both -> (batch, ...).
    """
    check_same_shape(probabilities, targets)
    whole = reduce_sum(probabilities, -1, keepdims=True)
    p = minimum(maximum(div(probabilities, where(equal(whole, 0), 1, whole)), epsilon), 1.0 - epsilon)
    return _categorical(p, log(p), targets, gamma, alpha)


def _categorical(p: Operand, logs: Operand, targets: Operand, gamma: float, alpha: float) -> Operand:
    positive("categorical_focal", "gamma", gamma, zero=True)
    weights = mul(power(sub(1.0, p), gamma), share("categorical_focal", "alpha", alpha))
    return neg(reduce_sum(mul(weights, mul(targets, logs)), -1))


def cosine_similarity(predictions: Operand, targets: Operand, *, axis: int = -1, epsilon: float = 1e-7) -> Operand:
    """cos of the angle between two vectors: p y / (max(|p|, epsilon) max(|y|, epsilon)) along an axis.

    Shape: both equal; result without the axis.
    """
    check_same_shape(predictions, targets)
    p, y = (div(x, maximum(norm(x, axis, keepdims=True), epsilon)) for x in (predictions, targets))
    return reduce_sum(mul(p, y), axis)
