"""How two rows of numbers go together."""

from __future__ import annotations

from typing import Any

from gradwerk.nn.loss import check_same_shape
from gradwerk.ops.elementwise import add, div, mul, sqrt, sub
from gradwerk.ops.functions import mean, variance

Operand = Any
"""An array, a Value or a Tensor."""


def pearson_correlation(predictions: Operand, targets: Operand, *, axis: int = -1) -> Operand:
    """The mean product of both, each with its mean taken away and divided by its deviation.  NaN where one of them is constant.

    Shape: both equal; result without the axis.  Source: Pearson, 1895, "Note on regression and inheritance in the case of two parents".
    """
    check_same_shape(predictions, targets)
    p, y = (_standard(x, axis) for x in (predictions, targets))
    return mean(mul(p, y), (axis,))


def _standard(x: Operand, axis: int) -> Operand:
    """Of mean 0 and deviation 1 along an axis."""
    centred = sub(x, mean(x, (axis,), keepdims=True))
    return div(centred, sqrt(variance(centred, (axis,), keepdims=True)))


def concordance_correlation(predictions: Operand, targets: Operand, *, axis: int = -1, epsilon: float = 1e-7) -> Operand:
    """2 cov(p, y) / (var(p) + var(y) + (mean(p) - mean(y))^2 + epsilon): 1 where both are equal, not only in line.

    Shape: both equal; result without the axis.  Source: Lin, 1989, "A concordance correlation coefficient to evaluate reproducibility".
    """
    check_same_shape(predictions, targets)
    of_p, of_y = (mean(x, (axis,), keepdims=True) for x in (predictions, targets))
    p, y = sub(predictions, of_p), sub(targets, of_y)
    apart = sub(of_y, of_p)
    norm = add(add(variance(p, (axis,), keepdims=True), variance(y, (axis,), keepdims=True)), mul(apart, apart))
    return mean(div(mul(mul(p, y), 2.0), add(norm, epsilon)), (axis,))
