"""Streaming counts of what lies above thresholds: true and false positives and negatives, and the rates made of them.

The counts are float64 Tensors, so an update compiles into the training step; two that counted different data merge into one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.counted import Sums, ratio
from gradwerk.nn.loss import check_same_shape
from gradwerk.nn.metric import weights_along
from gradwerk.nn.ranges import count
from gradwerk.ops.arrangement import stack
from gradwerk.ops.compare import greater, not_equal
from gradwerk.ops.cumulative import cumsum
from gradwerk.ops.elementwise import add, cast, maximum, minimum, mul, sub, where
from gradwerk.ops.functions import one_hot
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import expand_dims, reshape, slice_axis
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.rounding import ceil
from gradwerk.ops.sorting import top_k
from gradwerk.ops.source import arange
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""
Array = np.ndarray[Any, np.dtype[Any]]
KINDS = ("true_positives", "false_positives", "true_negatives", "false_negatives")
BELOW_ALL = -1e10
"""What `best_only` makes of the other scores: a threshold there is passed by the best alone."""


def best_only(scores: Operand, k: int) -> Operand:
    """The k largest scores of each row, of equals the first; all others become `BELOW_ALL`.  Shape: (..., classes), kept."""
    _, places = top_k(scores, count("best_only", "k", k))
    among = greater(reduce_sum(one_hot(places, scores.shape[-1], scores.dtype), -2), 0)
    return where(among, scores, dtypes.of_value(BELOW_ALL, scores.dtype))


class Thresholded(Sums):
    """Of targets that are 0 (negative) or not (positive), how many have a prediction above each threshold, and how many have not.

    Thresholds that stand evenly from 0 to 1, three or more, hold predictions to that range, and find by one product which of them a
    prediction passes; others are compared one by one.

    Raises: ArgumentError for no thresholds.
    """

    def __init__(self, thresholds: Sequence[float], *, kept: Sequence[str] = KINDS, labels: int | None = None) -> None:
        """Counts nothing yet.

        Args:
            thresholds: a prediction is positive above one.  In any order.
            kept: which of `KINDS` are counted.
            labels: the columns, each counted by itself; None counts all elements together.
        """
        if not len(thresholds):
            raise ArgumentError("Thresholded: no threshold was given")
        self.thresholds, self.labels = tuple(map(float, thresholds)), labels
        self.kept, shape = tuple(kept), (len(thresholds), *([] if labels is None else [labels]))
        for kind in self.kept:
            setattr(self, kind, Tensor(np.zeros(shape, np.float64)))

    @property
    def is_even(self) -> bool:
        """Whether they stand evenly from 0 to 1: within 1e-7, or 1e-5 of them."""
        number = len(self.thresholds)
        even = np.arange(number, dtype=np.float32) / max(number - 1, 1)
        return number > 2 and np.allclose(np.clip(self.thresholds, 0, 1), even, atol=1e-7)

    @unrecorded
    def update(self, predictions: Operand, targets: Operand, weights: Operand | None = None) -> None:
        """Counts a batch, each element once or with its weight (see `weights_along`).

        Shape: predictions and targets equal, (..., labels) where labels are counted.  Dtype: predictions floating.  Raises: ShapeError.
        """
        check_same_shape(predictions, targets)
        hit = cast(not_equal(targets, 0), dtypes.float64)
        miss = sub(1.0, hit)
        if weights is not None:
            heavy = weights_along(weights, targets.shape)
            hit, miss = mul(hit, heavy), mul(miss, heavy)
        rows, columns = self._passed(predictions), self.labels or 1
        if self.labels is not None:
            rows = add(mul(rows, columns), arange(columns, rows.dtype, like=rows))
        added = scatter_add(reshape(stack([hit, miss], -1), (-1, 2)), reshape(rows, (-1,)), (len(self.thresholds) + 1) * columns)
        above = cumsum(reshape(added, (len(self.thresholds) + 1, columns, 2)), 0, reverse=True)
        self.add_up(**{kind: self._of_kind(kind, above) for kind in self.kept})

    def _passed(self, predictions: Operand) -> Operand:
        """How many thresholds each prediction is above.  NaN is above none."""
        number = len(self.thresholds)
        if self.is_even:  # in their own precision: what stands at a threshold is not above it, but for what rounding does to the product
            held = minimum(maximum(predictions, 0.0), 1.0)
            steps = ceil(mul(held, float(number - 1)))
            if self.thresholds[0] < 0:
                steps = maximum(steps, 1.0)
            return cast(where(greater(steps, 0), steps, dtypes.of_value(0, steps.dtype)), dtypes.int64)
        ascending = dtypes.converted(np.sort(np.asarray(self.thresholds, np.float64)), predictions.dtype)
        if number == 1:
            return cast(greater(predictions, ascending[0]), dtypes.int64)
        return reduce_sum(cast(greater(expand_dims(predictions, -1), ascending), dtypes.int64), -1)

    def _of_kind(self, kind: str, above: Operand) -> Operand:
        """One count, in the order of the thresholds; `above[k]` is what passes k of them: (thresholds + 1, labels, hits and misses)."""
        number, half = len(self.thresholds), int(kind in ("false_positives", "true_negatives"))
        part = slice_axis(above, 2, half, half + 1)
        passed = slice_axis(part, 0, 1, number + 1)
        if kind.endswith("negatives"):
            passed = sub(slice_axis(part, 0, 0, 1), passed)
        ranks = np.argsort(np.argsort(self.thresholds, kind="stable"), kind="stable")
        if not np.array_equal(ranks, np.arange(number)):
            passed = gather(passed, ranks)
        return reshape(passed, (number,) if self.labels is None else (number, self.labels))

    def counted(self, kind: str) -> Array:
        """One of the counts as an array, (thresholds,) or (thresholds, labels)."""
        held: Tensor = getattr(self, kind)
        return held.numpy()

    def precision(self) -> Array:
        """Of what is above a threshold the share that is positive; 0 where there is nothing."""
        hits = self.counted("true_positives")
        return ratio(hits, hits + self.counted("false_positives"))

    def recall(self) -> Array:
        """Of what is positive the share above a threshold (sensitivity); 0 where there is nothing."""
        hits = self.counted("true_positives")
        return ratio(hits, hits + self.counted("false_negatives"))

    def specificity(self) -> Array:
        """Of what is negative the share that is not above a threshold; 0 where there is nothing."""
        rest = self.counted("true_negatives")
        return ratio(rest, rest + self.counted("false_positives"))


def best_where(values: Array, constrained: Array, least: float) -> float:
    """The largest of the values where what is constrained reaches `least`; 0 where it nowhere does."""
    return float(np.max(np.where(constrained >= least, values, 0.0), initial=0.0))
