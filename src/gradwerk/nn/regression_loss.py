"""Losses of numbers against numbers, one value for each element: errors of several shapes, and likelihoods of counts and of normal numbers.

Their gradients are finite wherever the error is: what is held at a bound is held before it is squared.
"""

from __future__ import annotations

import math
from typing import Any

from gradwerk.nn.loss import check_same_shape, mean_loss
from gradwerk.nn.ranges import positive
from gradwerk.ops.compare import greater, less
from gradwerk.ops.elementwise import abs_, add, div, exp, log, maximum, mul, softplus, sqrt, stop_gradient, sub, where
from gradwerk.ops.functions import clip, square

Operand = Any
"""An array, a Value or a Tensor."""


def root_mean(values: Operand) -> Operand:
    """The root of the mean of all values: of squared errors the root mean square error.  The derivative where all are 0 is 0."""
    mean = mean_loss(values)
    nothing = greater(mean, 0)
    return where(nothing, sqrt(where(nothing, mean, 1)), mean)


def squared_log_error(predictions: Operand, targets: Operand, *, epsilon: float = 1e-7) -> Operand:
    """(log(1 + p) - log(1 + y))^2, each element; what is below epsilon counts as epsilon.  Source: keras.losses.

    Shape: that of both, kept.
    """
    check_same_shape(predictions, targets)
    return square(sub(*(log(add(maximum(x, epsilon), 1.0)) for x in (predictions, targets))))


def absolute_percentage_error(predictions: Operand, targets: Operand, *, epsilon: float = 1e-7) -> Operand:
    """100 |y - p| / max(|y|, epsilon), each element.  Shape: that of both, kept."""
    check_same_shape(predictions, targets)
    return mul(abs_(div(sub(targets, predictions), maximum(abs_(targets), epsilon))), 100.0)


def huber(predictions: Operand, targets: Operand, *, delta: float = 1.0) -> Operand:
    """e^2 / 2 of an error e of at most delta, else delta (|e| - delta / 2), each element.

    PyTorch's smooth L1 of beta is that of delta = beta, divided by it.
    Raises: ArgumentError for a delta that is not above 0.  Source: Huber, 1964, "Robust estimation of a location parameter".
    Shape: that of both, kept.
    """
    check_same_shape(predictions, targets)
    positive("huber", "delta", delta)
    error = sub(predictions, targets)
    held = clip(error, -delta, delta)
    return mul(held, sub(error, mul(held, 0.5)))  # c (e - c / 2): no square of a large error, and e^2 / 2 where c is e


_SMALL = 0.05
"""Below it log(cosh(e)) is a series: |e| - log 2 leaves few digits of it."""


def log_cosh(predictions: Operand, targets: Operand) -> Operand:
    """log(cosh(e)) of the error e, each element: e^2 / 2 of small errors, |e| - log 2 of large ones.

    As |e| + log(1 + exp(-2 |e|)) - log 2; of small errors, where that cancels, as its series to the tenth power.

    Shape: that of both, kept.
    """
    check_same_shape(predictions, targets)
    error = sub(predictions, targets)
    large = sub(add(error, softplus(mul(error, -2.0))), math.log(2.0))
    e2 = square(clip(error, -_SMALL, _SMALL))
    series: Operand = 31 / 14175
    for factor in (-17 / 2520, 1 / 45, -1 / 12, 1 / 2):
        series = add(mul(e2, series), factor)
    return where(less(abs_(error), _SMALL), mul(e2, series), large)


def poisson(predictions: Operand, targets: Operand, *, epsilon: float = 1e-7) -> Operand:
    """p - y log(p + epsilon), each element: the negative log-likelihood of counts y of mean p, up to what p does not change.

    Shape: that of both, kept.
    """
    check_same_shape(predictions, targets)
    return sub(predictions, mul(targets, log(add(predictions, epsilon))))


def poisson_of_logs(predictions: Operand, targets: Operand) -> Operand:
    """exp(p) - y p, each element: the same of a mean of which the logarithm was predicted.  Shape: that of both, kept."""
    check_same_shape(predictions, targets)
    return sub(exp(predictions), mul(targets, predictions))


def stirling(counts: Operand) -> Operand:
    """y log(y) - y + log(2 pi y) / 2, which is nearly log(y!), where y > 1, else 0: what the Poisson losses leave out."""
    large = greater(counts, 1)
    y = where(large, counts, 1)
    return where(large, add(sub(mul(y, log(y)), y), mul(log(mul(y, 2 * math.pi)), 0.5)), 0)


def gaussian_nll(predictions: Operand, targets: Operand, variances: Operand, *, epsilon: float = 1e-6, full: bool = False) -> Operand:
    """(log(v) + (p - y)^2 / v) / 2, each element, with `full` plus log(2 pi) / 2: the negative log-likelihood of normal numbers.

    A variance below epsilon counts as epsilon, and has the gradient that it has there: it still learns.
    Raises: ShapeError, ArgumentError for an epsilon that is not above 0.
    Source: Nix and Weigend, 1994, "Estimating the mean and variance of the target probability distribution".
    Shape: that of all three, kept.
    """
    check_same_shape(predictions, targets)
    check_same_shape(predictions, variances, "variances")
    positive("gaussian_nll", "epsilon", epsilon)
    held = add(variances, stop_gradient(sub(maximum(variances, epsilon), variances)))
    held = where(less(variances, epsilon), held, variances)
    values = mul(add(log(held), div(square(sub(predictions, targets)), held)), 0.5)
    return add(values, 0.5 * math.log(2 * math.pi)) if full else values
