"""Areas under curves that go through the points of several thresholds: receiver operating characteristic, precision over recall.

Source: Davis and Goadrich, 2006, "The relationship between precision-recall and ROC curves"; Flach and Kull, 2015,
"Precision-recall-gain curves".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.nn.counted import ratio
from gradwerk.nn.thresholded import Thresholded

Array = np.ndarray[Any, np.dtype[Any]]
Curve = Callable[[Thresholded], tuple[Array, Array]]
"""The points of a curve, x and y of each threshold."""
Heights = Callable[[Array, Array], Array]
"""How high a curve is between two neighbours."""


def roc(counts: Thresholded) -> tuple[Array, Array]:
    """The share of negatives above a threshold, and that of positives."""
    wrong = counts.counted("false_positives")
    return ratio(wrong, wrong + counts.counted("true_negatives")), counts.recall()


def precision_recall(counts: Thresholded) -> tuple[Array, Array]:
    """Recall, and precision."""
    return counts.recall(), counts.precision()


def precision_recall_gain(counts: Thresholded) -> tuple[Array, Array]:
    """Recall and precision as what they gain on calling everything positive: (v - p) / ((1 - p) v), p the share of positives.

    Recall's gain is not below 0; where nothing is found it is 0, and precision's 1.
    """
    hits, wrong, missed, rest = (
        counts.counted(kind) for kind in ("true_positives", "false_positives", "false_negatives", "true_negatives")
    )
    scale = ratio(hits + missed, rest + wrong)
    recall, precision = (np.where(hits == 0, none, 1.0 - scale * ratio(x, hits)) for x, none in ((missed, 0.0), (wrong, 1.0)))
    return np.maximum(recall, 0.0), precision


def midway(left: Array, right: Array) -> Array:
    """The mean of both: trapezoids."""
    return (left + right) / 2.0


def area(counts: Thresholded, curve: Curve, heights: Heights = midway) -> Array:
    """The area under a curve, the sum of its steps between neighbouring thresholds; `np.minimum` and `np.maximum` bound it.

    Shape: () or (labels,).  The thresholds ascend.
    """
    x, y = curve(counts)
    return np.asarray(np.sum((x[:-1] - x[1:]) * heights(y[:-1], y[1:]), 0))


def interpolated_precision_recall(counts: Thresholded) -> Array:
    """The area under precision over recall, true positives taken to grow linearly with positives between two thresholds.

    Of a step from (a, p) to (b, q), true positives and positives, with slope s = (b - a) / (q - p): s (b - a + (a - s p) log(q / p)) over
    all positives, the logarithm 0 where p or q is 0.  Trapezoids would promise more than can be had.  Shape: () or (labels,).
    """
    hits, wrong, missed = (counts.counted(kind) for kind in ("true_positives", "false_positives", "false_negatives"))
    found = hits + wrong
    gained = hits[:-1] - hits[1:]
    slope = ratio(gained, np.maximum(found[:-1] - found[1:], 0))
    start = hits[1:] - slope * found[1:]
    both = (found[:-1] > 0) & (found[1:] > 0)
    grown = np.where(both, np.log(np.where(both, ratio(found[:-1], found[1:]), 1.0)), 0.0)
    return np.asarray(np.sum(ratio(slope * (gained + start * grown), np.maximum(hits[1:] + missed[1:], 0)), 0))
