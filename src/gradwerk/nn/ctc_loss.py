"""Connectionist temporal classification: the probability that labels are read from a sequence of other length, over all alignments.

Source: Graves et al., 2006, "Connectionist temporal classification: labelling unsegmented sequence data with recurrent neural networks".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.jit.control import scan
from gradwerk.ops.bits import bit_and
from gradwerk.ops.compare import equal, greater, less, logical_and, logical_or
from gradwerk.ops.elementwise import add, cast, div, exp, log, maximum, mul, neg, stop_gradient, sub, where
from gradwerk.ops.functions import pick
from gradwerk.ops.indexing import gather
from gradwerk.ops.look import in_range
from gradwerk.ops.movement import concatenate, expand_dims, reshape, slice_axis, transpose
from gradwerk.ops.precision import in_accumulator
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import arange, full

Operand = Any
"""An array, a Value or a Tensor."""
NEVER = -1e30
"""The logarithm of the probability of what cannot be: far below all others, and yet finite, so that differences and gradients are."""


def ctc(
    log_probabilities: Operand, labels: Operand, input_lengths: Operand, label_lengths: Operand, *, blank: int = 0, of_softmax: bool = False
) -> Operand:
    """-log of the sum over all alignments of their probabilities, each example; inf, with a gradient of 0, where there is none.

    One scan over time in log space: alpha[s] <- log(e^alpha[s] + e^alpha[s-1] + e^alpha[s-2]) + log p[s], over the labels with blanks
    between; the third term where a label follows another one than itself.
    Shape: log_probabilities (time, batch, classes), labels (batch, most) integer, lengths (batch,) integer; result (batch,).  What stands
    behind the lengths does not count.
    Of a softmax the gradient is p - (share of alignments), as PyTorch's is, without: -(share of alignments).  Behind a log_softmax, which
    takes from a gradient what it sums up to, both are one.
    Raises: ShapeError, DTypeError, ArgumentError for a blank that is no class, DataError for such a label.
    """
    _check(log_probabilities, labels, input_lengths, label_lengths, blank)
    steps, _, classes = log_probabilities.shape
    scores, dtype = in_accumulator(log_probabilities), log_probabilities.dtype
    ends, counts = (expand_dims(cast(lengths, dtypes.int64), -1) for lengths in (input_lengths, label_lengths))
    inside = less(arange(labels.shape[1], dtypes.int64, like=labels), counts)
    labels = in_range(where(inside, cast(labels, dtypes.int64), blank), classes, "label")
    path, skips = _with_blanks(labels, blank)
    emitted = maximum(_along(scores, path), NEVER)
    places = arange(path.shape[1], dtypes.int64, like=path)
    never = full(emitted.shape[1:], NEVER, scores.dtype, like=(scores,))
    reachable = logical_or(equal(places, 0), logical_and(equal(places, 1), greater(counts, 0)))
    first = where(reachable, reshape(slice_axis(emitted, 0, 0, 1), emitted.shape[1:]), never)

    def step(carry: tuple[Operand, Operand], now: Operand) -> tuple[tuple[Operand, Operand], None]:
        alpha, time = carry
        one, two = _shifted(alpha, never, 1), where(skips, _shifted(alpha, never, 2), NEVER)
        new = add(_log_of_sum(alpha, one, two), now)
        return (where(less(time, ends), new, alpha), add(time, 1)), None

    alpha = first
    if steps > 1:
        start = full((), 1, dtypes.int64, like=(scores,))
        (alpha, _), _ = scan(step, (first, start), slice_axis(emitted, 0, 1, steps))
    whole = pick(alpha, reshape(mul(counts, 2), counts.shape[:1]))
    before = pick(alpha, reshape(maximum(sub(mul(counts, 2), 1), 0), counts.shape[:1]))
    some = greater(reshape(counts, counts.shape[:1]), 0)
    total = _log_of_sum(whole, where(some, before, NEVER))
    impossible = logical_or(less(total, NEVER / 10), equal(reshape(ends, ends.shape[:1]), 0))
    nothing = logical_and(equal(reshape(ends, ends.shape[:1]), 0), equal(reshape(counts, counts.shape[:1]), 0))  # no step, no label
    if of_softmax:
        total = sub(total, _slope_of_softmax(scores, ends))
    return cast(where(nothing, 0, where(impossible, math.inf, neg(total))), dtype)


def _slope_of_softmax(scores: Operand, ends: Operand) -> Operand:
    """0 with the gradient p up to the lengths.  Shape: (batch,)."""
    inside = less(expand_dims(arange(scores.shape[0], dtypes.int64, like=scores), -1), reshape(ends, ends.shape[:1]))
    whole = reduce_sum(where(expand_dims(inside, -1), exp(scores), 0), (0, 2))
    return sub(whole, stop_gradient(whole))


def _with_blanks(labels: Operand, blank: int) -> tuple[Operand, Operand]:
    """(batch, 2 most + 1): blank, label, blank, ..., label, blank; and where the place two before may come before."""
    batch, most = labels.shape
    between = full((batch, most, 1), blank, labels.dtype, like=(labels,))
    pairs = reshape(concatenate([between, expand_dims(labels, -1)], -1), (batch, 2 * most))
    last = full((batch, 1), blank, labels.dtype, like=(labels,))
    path = concatenate([pairs, last], 1)
    earlier = concatenate([last, last, slice_axis(path, 1, 0, path.shape[1] - 2)], 1) if most else last
    of_label = equal(bit_and(arange(path.shape[1], dtypes.int64, like=path), 1), 1)  # by its place: a label may have the blank's number
    return path, logical_and(of_label, _differs(path, earlier))


def _differs(first: Operand, second: Operand) -> Operand:
    return equal(equal(first, second), np.zeros((), np.bool_))


def _along(scores: Operand, path: Operand) -> Operand:
    """scores[t, n, path[n, s]] as (time, batch, places): rows of (batch * classes, time) that are gathered."""
    steps, batch, classes = scores.shape
    rows = reshape(transpose(scores, (1, 2, 0)), (batch * classes, steps))
    first = mul(arange(batch, dtypes.int64, like=path), classes)
    return transpose(gather(rows, add(path, expand_dims(first, -1))), (2, 0, 1))


def _shifted(alpha: Operand, never: Operand, count: int) -> Operand:
    """What stood `count` places before; nothing can be before the first."""
    places = alpha.shape[1]
    return concatenate([slice_axis(never, 1, 0, min(count, places)), slice_axis(alpha, 1, 0, max(places - count, 0))], 1)


def _log_of_sum(first: Operand, *others: Operand) -> Operand:
    top = first
    for other in others:
        top = maximum(top, other)
    top = stop_gradient(top)
    total = exp(sub(first, top))
    for other in others:
        total = add(total, exp(sub(other, top)))
    return add(log(total), top)


def _check(scores: Operand, labels: Operand, input_lengths: Operand, label_lengths: Operand, blank: int) -> None:
    shapes = [tuple(x.shape) for x in (scores, labels, input_lengths, label_lengths)]
    facts = ("log_probabilities {}      labels {}      lengths {} and {}".format(*shapes),)
    if len(shapes[0]) != 3 or not shapes[0][0] or len(shapes[1]) != 2 or shapes[2:] != [shapes[0][1:2]] * 2 or shapes[1][0] != shapes[0][1]:
        raise ShapeError("ctc: (time, batch, classes), (batch, most), (batch,) and (batch,) are needed, of at least one step", facts=facts)
    if not all(dtypes.is_integer(x.dtype) for x in (labels, input_lengths, label_lengths)):
        raise DTypeError("ctc: labels and lengths must be integers", likely="cast them to int64")
    if not 0 <= blank < shapes[0][2]:
        raise ArgumentError(f"ctc: the blank is a class from 0 to {shapes[0][2] - 1}, this is {blank}")


def lengths_fit(lengths: Operand, most: int) -> Operand:
    """The lengths, each of them from 0 to `most`.  Raises: DataError (compiled too)."""
    return in_range(lengths, most + 1, "length")


def by_length(losses: Operand, label_lengths: Operand) -> Operand:
    """Each loss divided by the number of its labels, at least 1: PyTorch's mean is that of these."""
    return div(losses, maximum(cast(label_lengths, losses.dtype), 1))
