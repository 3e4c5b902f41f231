"""Numbers of given distributions from uniform bits, element by element; all in float64, which the callers round.

What is drawn by rejection is tried so often at once that none of the tries is taken with a probability below 2**-32, the spacing of the
uniform numbers; then the last try stands.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import abs_, add, cast, div, floor, mul, neg, sub, where
from gradwerk.ops.compare import equal, greater, greater_equal, less, less_equal, logical_and, logical_or
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.functions import clip
from gradwerk.ops.movement import expand_dims
from gradwerk.ops.reduction import argmax, argmin, reduce_sum
from gradwerk.ops.sorting import top_k
from gradwerk.ops.source import arange
from gradwerk.ops.transcendental import exp, log, sqrt

GAMMA_TRIES = 8
"""Of which each is taken with a probability of 0.95 at least."""
POISSON_TRIES = 14
"""Of which each is taken with a probability of 0.8 at least."""
SMALL_RATE, SMALL_COUNTS = 10.0, 48
"""Rates of Poisson below which the distribution is added up, and how far: what lies beyond has a probability below 1e-16."""


def open_unit(bits: Operand) -> Operand:
    """Numbers of (0, 1) from uint32: (bits + 1/2) / 2**32.  Shape: that of bits.  Dtype: float64."""
    return mul(add(cast(bits, dtypes.float64), 0.5), 2.0**-32)


def bernoulli(bits: Operand, probability: Operand) -> Operand:
    """True with a probability.  Shape: broadcast.  Dtype: bool."""
    return less(open_unit(bits), probability)


def exponential(bits: Operand) -> Operand:
    """-log of a uniform number: of mean 1."""
    return neg(log(open_unit(bits)))


def categorical(bits: Operand, weights: Operand) -> Operand:
    """A place along the last axis, in proportion to the weights: whose exponential time divided by its weight is the least.

    Shape: bits (..., categories), weights broadcast to it; result without the last axis.  Dtype: int64.
    """
    return argmin(div(exponential(bits), weights), -1)


def without_replacement(bits: Operand, weights: Operand, count: int) -> Operand:
    """`count` different places along the last axis, one after the other in proportion to the weights that are left.  Dtype: int64.

    Source: Efraimidis, Spirakis, 2006, "Weighted random sampling with a reservoir".
    """
    return top_k(div(exponential(bits), weights), count, -1, largest=False)[1]


# ---- the normal distribution, cut


def _polynomial(x: Operand, coefficients: Sequence[float]) -> Operand:
    """The lowest coefficient first."""
    total: Operand = coefficients[-1]
    for c in reversed(coefficients[:-1]):
        total = add(mul(total, x), c)
    return total


CENTRE = (
    (3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3, 1.3731693765509461125e4, 4.5921953931549871457e4,
     6.7265770927008700853e4, 3.3430575583588128105e4, 2.5090809287301226727e3),
    (1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3, 2.1213794301586595867e4, 3.9307895800092710610e4,
     2.8729085735721942674e4, 5.2264952788528545610e3),
)  # fmt: skip
SIDE = (
    (1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0, 1.27045825245236838258e0,
     2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4),
    (1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1, 1.48103976427480074590e-1,
     1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9),
)  # fmt: skip
END = (
    (6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1, 2.65321895265761230930e-2,
     1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7),
    (1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2, 7.86869131145613259100e-4,
     1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15),
)  # fmt: skip
"""Numerators and denominators of three ranges.  Source: Wichura, 1988, algorithm AS 241, PPND16."""


def normal_quantile(p: Operand) -> Operand:
    """The number below which a standard normal one lies with probability p.  Error: 1e-15 of the result.  Dtype: float64."""
    away = sub(p, 0.5)
    square = sub(0.180625, mul(away, away))
    near = mul(away, div(*(_polynomial(square, part) for part in CENTRE)))
    root = sqrt(neg(log(where(less(away, 0), p, sub(1, p)))))
    side = div(*(_polynomial(sub(root, 1.6), part) for part in SIDE))
    end = div(*(_polynomial(sub(root, 5.0), part) for part in END))
    far = where(less_equal(root, 5.0), side, end)
    return where(less_equal(abs_(away), 0.425), near, where(less(away, 0), neg(far), far))


def normal_below(x: float) -> float:
    """The probability that a standard normal number lies below x, with the digits of small ones."""
    return 0.5 * math.erfc(-x / math.sqrt(2))


def truncated_normal(bits: Operand, low: float, high: float) -> Operand:
    """Standard normal numbers of those from low to high: the quantile of a uniform part of their probability."""
    if low > 0:  # where 1 - p has no digits left
        return neg(truncated_normal(bits, -high, -low))
    first, last = normal_below(low), normal_below(high)
    return clip(normal_quantile(add(mul(open_unit(bits), last - first), first)), low, high)


# ---- by rejection


def first_taken(candidates: Operand, taken: Operand) -> Operand:
    """Of several tries along axis 0 the first that is taken, or the first of all.  Shape: without axis 0."""
    numbers = arange(candidates.shape[0], dtypes.int64, like=candidates)
    for _ in range(candidates.ndim - 1):
        numbers = expand_dims(numbers, -1)
    chosen = equal(numbers, argmax(cast(taken, dtypes.int32), 0, keepdims=True))
    return reduce_sum(where(chosen, candidates, 0), 0)


def log_gamma_number(normals: Operand, bits: Operand, raising: Operand, concentration: Operand) -> Operand:
    """The logarithm of a number of the gamma distribution of rate 1.  Source: Marsaglia, Tsang, 2000, "A simple method for generating
    gamma variables"; of a concentration below 1 by that of one more.

    Shape: normals and bits (tries, ...), raising (...) bits, concentration (...), result (...).  Dtype: float64.
    """
    shape = where(less(concentration, 1), add(concentration, 1), concentration)
    d = sub(shape, 1 / 3)
    root = add(mul(normals, div(1, sqrt(mul(d, 9)))), 1)
    cube = mul(mul(root, root), root)
    inside = greater(cube, 0)
    log_cube = log(where(inside, cube, 1))
    bound = add(mul(mul(normals, normals), 0.5), mul(d, add(sub(1, cube), log_cube)))
    found = add(first_taken(log_cube, logical_and(inside, less(log(open_unit(bits)), bound))), log(d))
    return add(found, where(less(concentration, 1), div(log(open_unit(raising)), concentration), 0))


def log_factorial(k: Operand) -> Operand:
    """log(k!) of whole numbers from 0 on: Stirling's series 8 further.  Error: below 1e-10.  Dtype: float64."""
    z, below = add(k, 9), add(k, 1)
    for step in range(2, 9):
        below = mul(below, add(k, step))
    inverse = div(1, z)
    square = mul(inverse, inverse)
    series = mul(inverse, add(mul(square, add(mul(square, 1 / 1260), -1 / 360)), 1 / 12))
    return sub(add(sub(mul(sub(z, 0.5), log(z)), z), add(series, 0.5 * math.log(2 * math.pi))), log(below))


LOG_FACTORIALS = np.array([math.lgamma(k + 1) for k in range(SMALL_COUNTS)])


def poisson(bits: Operand, tries: tuple[Operand, Operand], rate: Operand) -> Operand:
    """Whole numbers of the Poisson distribution: of a small rate how many of its sums are below a uniform number; of a large one by
    rejection.

    Shape: bits and rate (...), tries two of bits (tries, ...), result (...).  Dtype: float64.
    """
    small = less(rate, SMALL_RATE)
    few = where(small, rate, 1)
    nothing = equal(few, 0)
    row = expand_dims(where(nothing, 1, few), -1)
    counts = np.arange(SMALL_COUNTS, dtype=np.float64)
    shares = exp(sub(sub(mul(log(row), counts), row), LOG_FACTORIALS))
    below = greater_equal(expand_dims(open_unit(bits), -1), cumsum(shares, -1))
    found = where(nothing, 0, reduce_sum(cast(below, dtypes.float64), -1))
    return where(small, found, _by_rejection(*tries, where(small, SMALL_RATE, rate)))


def _by_rejection(first: Operand, second: Operand, rate: Operand) -> Operand:
    """Source: Hoermann, 1993, "The transformed rejection method for generating Poisson random variables", algorithm PTRS."""
    b = add(mul(sqrt(rate), 2.53), 0.931)
    a = add(mul(b, 0.02483), -0.059)
    u, v = sub(open_unit(first), 0.5), open_unit(second)
    edge = sub(0.5, abs_(u))
    k = floor(add(add(mul(add(div(mul(a, 2), edge), b), u), rate), 0.43))
    at_once = logical_and(greater_equal(edge, 0.07), less_equal(v, sub(0.9277, div(3.6224, sub(b, 2)))))
    possible = logical_and(greater_equal(k, 0), logical_or(greater_equal(edge, 0.013), less_equal(v, edge)))
    count = where(possible, k, 0)
    inverse = add(div(1.1328, sub(b, 3.4)), 1.1239)
    left = sub(add(log(v), log(inverse)), log(add(div(a, mul(edge, edge)), b)))
    right = sub(sub(mul(count, log(rate)), rate), log_factorial(count))
    return first_taken(count, logical_or(at_once, logical_and(possible, less_equal(left, right))))
