"""F-scores of several classes, each of which is or is not in an example, streaming and mergeable."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.counted import Sums
from gradwerk.nn.loss import check_same_shape
from gradwerk.nn.metric import weights_along
from gradwerk.ops.compare import greater, greater_equal, logical_and
from gradwerk.ops.elementwise import abs_, cast, mul, sub
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""
Array = np.ndarray[Any, np.dtype[Any]]


def decided(scores: Operand, threshold: float | None) -> Operand:
    """Which classes are said to be there: those above the threshold, or without one the largest of each row, if it is not 0.

    Of equals all are largest.  Shape: (..., classes), kept; bool.
    """
    if threshold is not None:
        return greater(scores, threshold)
    return logical_and(greater_equal(scores, reduce_max(scores, -1, keepdims=True)), greater(abs_(scores), 1e-9))


class FScore(Sums):
    """(1 + beta^2) p r / (beta^2 p + r) of precision p and recall r: recall counts beta times as much.

    Source: van Rijsbergen, 1979, "Information retrieval".
    """

    def __init__(self, classes: int | None, *, threshold: float | None = None) -> None:
        """Counts each of the classes by itself, or all together where `classes` is None; see `decided` for the threshold."""
        self.classes, self.threshold = classes, threshold
        shape = () if classes is None else (classes,)
        self.true_positives, self.false_positives, self.false_negatives, self.intermediate_weights = (
            Tensor(np.zeros(shape, np.float64)) for _ in range(4)
        )

    @unrecorded
    def update(self, predictions: Operand, targets: Operand, weights: Operand | None = None) -> None:
        """Counts a batch.  Shape: predictions and targets (examples, classes), weights (examples,).  Raises: ShapeError."""
        check_same_shape(predictions, targets)
        if len(predictions.shape) != 2 or self.classes not in (None, predictions.shape[1]):
            facts = (f"predictions {tuple(predictions.shape)}", f"classes {self.classes or 'together'}")
            raise ShapeError("F-scores are of rows of classes", facts=facts)
        said, there = cast(decided(predictions, self.threshold), dtypes.float64), cast(targets, dtypes.float64)
        counts = {
            "true_positives": mul(said, there), "false_positives": mul(said, sub(1.0, there)),
            "false_negatives": mul(sub(1.0, said), there), "intermediate_weights": there,
        }  # fmt: skip
        heavy = None if weights is None else weights_along(weights, targets.shape)
        axes = None if self.classes is None else (0,)
        self.add_up(**{name: reduce_sum(x if heavy is None else mul(x, heavy), axes) for name, x in counts.items()})

    def result(self, beta: float = 1.0, *, epsilon: float = 1e-7) -> Array:
        """The scores, () or (classes,).  Epsilon stands beside each divisor: what was never said and is nowhere has a score of 0."""
        hits, wrong, missed = (getattr(self, f"{kind}s").numpy() for kind in ("true_positive", "false_positive", "false_negative"))
        precision, recall = hits / (hits + wrong + epsilon), hits / (hits + missed + epsilon)
        return np.asarray((1 + beta**2) * (precision * recall) / (beta**2 * precision + recall + epsilon))

    def weighted(self, beta: float = 1.0, *, epsilon: float = 1e-7) -> float:
        """The mean of the scores, each weighted by how often its class is there."""
        there = self.intermediate_weights.numpy()
        return float(np.sum(self.result(beta, epsilon=epsilon) * there / (np.sum(there) + epsilon)))
