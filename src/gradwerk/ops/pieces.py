"""Activations made of pieces: rectifiers with a slope, a bound and a limit, and those that give exact zeros.

Where a derivative is not defined it is that of the piece which the formula's condition names.
"""

from __future__ import annotations

from gradwerk.ir.op import Operand
from gradwerk.ops.activations import leaky_relu
from gradwerk.ops.arithmetic import add, cast, div, mul, neg, sub, where
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import greater, less, less_equal
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.functions import clip, relu, square
from gradwerk.ops.movement import reshape
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.sorting import sort
from gradwerk.ops.source import arange
from gradwerk.ops.transcendental import sqrt


def rectified(x: Operand, slope: float = 0.0, most: float | None = None, limit: float = 0.0) -> Operand:
    """x above the limit, at most `most`; else slope * (x - limit).

    Shape: that of x.  Dtype: floating, kept.

    Args:
        x: the input.
        slope: of what is not above the limit.
        most: the upper bound, None for none.
        limit: what x has to be above.
    """
    if slope and most is None and not limit:
        return leaky_relu(x, slope)
    above = where(greater(x, limit), x, 0) if limit else relu(x)
    held = above if most is None else clip(above, 0.0, most)
    return sub(held, mul(relu(sub(limit, x)), slope)) if slope else held


@rounded_once
def sparse_plus(x: Operand) -> Operand:
    """0 up to -1, (x + 1)**2 / 4 up to 1, then x.  Shape: that of x.  Dtype: floating, kept."""
    return where(less_equal(x, -1), 0, where(less(x, 1), mul(square(add(x, 1)), 0.25), x))


@rounded_once
def sparse_sigmoid(x: Operand) -> Operand:
    """(x + 1) / 2 held between 0 and 1: what `sparse_plus` has for its slope.  Shape: that of x.  Dtype: floating, kept."""
    return where(less_equal(x, -1), 0, where(less(x, 1), mul(add(x, 1), 0.5), 1))


@rounded_once
def squareplus(x: Operand, b: float = 4.0) -> Operand:
    """(x + sqrt(x**2 + b)) / 2.  Source: Barron, arXiv:2112.11687.  Shape: that of x.  Dtype: floating, kept."""
    return div(add(x, sqrt(add(square(x), b))), 2)


@rounded_once
def sparsemax(x: Operand, axis: int = -1) -> Operand:
    """The nearest point of the simplex: max(x - tau, 0) along an axis, with the one tau that makes the sum 1.

    Shape: that of x.  Dtype: floating, kept.  Source: Martins and Astudillo, arXiv:1602.02068.  Keras 3.15 adds up running sums where the
    paper has the last one: what it gives is no distribution unless one element takes all.
    """
    place = normal_axis("sparsemax", axis, x.ndim)
    ordered, _ = sort(x, place, descending=True)
    beside = [x.shape[place] if k == place else 1 for k in range(x.ndim)]
    count = reshape(add(arange(x.shape[place], x.dtype, like=x), 1), beside)
    total = cumsum(ordered, place)
    in_support = greater(add(mul(count, ordered), 1), total)  # of the first so many, in order: a prefix
    support = reduce_sum(cast(in_support, x.dtype), place, keepdims=True)
    mass = reduce_sum(where(in_support, ordered, 0), place, keepdims=True)
    return relu(sub(x, div(sub(mass, 1), support)))


def parametric(x: Operand, slope: Operand) -> Operand:
    """max(x, 0) - slope * max(-x, 0): a slope for each element or channel.  The derivative at 0 is 0.

    Shape: that of x, beside which the slope broadcasts.  Dtype: floating, kept.  Source: He et al., arXiv:1502.01852.
    """
    return sub(relu(x), mul(relu(neg(x)), slope))
