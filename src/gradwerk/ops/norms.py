"""Norms of vectors along axes, and the deviation, which is one."""

from __future__ import annotations

import math

from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import abs_, cast, div, mul, stop_gradient, sub, where
from gradwerk.ops.axes import normal_axes
from gradwerk.ops.compare import equal, logical_or, not_equal
from gradwerk.ops.functions import Axes, mean, power, square, variance, without
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.reduction import reduce_max, reduce_min, reduce_sum
from gradwerk.ops.source import counted
from gradwerk.ops.transcendental import sqrt


@rounded_once
def norm(x: Operand, axes: Axes = None, *, order: float = 2, keepdims: bool = False) -> Operand:
    """(sum |x|^order)^(1/order); of an infinite order the largest or smallest |x|, of order 0 the count of others than 0.

    Of order 2 no square overflows or vanishes.  The derivative where all are 0 is 0.  Dtype: floating, kept.

    Shape: x without the axes, or with extents of 1.

    Args:
        x: of any shape.
        axes: one or several, None for all.
        order: any number.
        keepdims: whether these axes stay, of extent 1.
    """
    if order == 2:
        return _euclidean(x, axes, keepdims=keepdims)
    if order == 0:
        return reduce_sum(cast(not_equal(x, 0), x.dtype), axes, keepdims=keepdims)
    size = abs_(x)
    if math.isinf(order):
        return (reduce_max if order > 0 else reduce_min)(size, axes, keepdims=keepdims, nan_shares=True)
    if order == 1:
        return reduce_sum(size, axes, keepdims=keepdims)
    return _flat_at_zero(reduce_sum(_flat_at_zero(size, order), axes, keepdims=keepdims), 1 / order)


def _euclidean(x: Operand, axes: Axes, *, keepdims: bool) -> Operand:
    """The root of the sum of squares, scaled by the largest."""
    named = normal_axes("norm", axes, x.ndim)
    if not math.prod(x.shape[k] for k in named):
        return sqrt(reduce_sum(square(x), axes, keepdims=keepdims))
    top = stop_gradient(reduce_max(abs_(x), axes, keepdims=True))
    top = where(logical_or(equal(top, 0), equal(top, math.inf)), 1, top)
    total = reduce_sum(square(div(x, top)), axes, keepdims=True)
    nothing = equal(total, 0)
    root = mul(where(nothing, 0, sqrt(where(nothing, 1, total))), top)
    return root if keepdims else without(root, named)


def _flat_at_zero(x: Operand, exponent: float) -> Operand:
    """x ** exponent of what is not negative; the derivative at 0 is 0."""
    nothing = equal(x, 0)
    return where(nothing, 0 if exponent > 0 else math.inf, power(where(nothing, 1, x), exponent))


@rounded_once
def deviation(x: Operand, axes: Axes = None, *, keepdims: bool = False, correction: int = 0) -> Operand:
    """The root of `variance`, whose squares do not overflow; the derivative where all are equal is 0.  Dtype: floating, kept.

    Where there are no more than the correction it is none (NaN, inf of what differs), and its derivative that of the variance.

    Args:
        x: of any shape.
        axes: one or several, None for all.
        keepdims: whether these axes stay, of extent 1.
        correction: what is taken from the count before it divides: 0 for that of all, 1 for that of a sample.
    """
    count = math.prod(x.shape[k] for k in normal_axes("deviation", axes, x.ndim))
    if not count or count <= correction:
        return sqrt(variance(x, axes, keepdims=keepdims, correction=correction))
    distance = norm(sub(x, mean(x, axes, keepdims=True)), axes, keepdims=keepdims)
    return mul(distance, counted(math.sqrt(1 / (count - correction)), like=distance))
