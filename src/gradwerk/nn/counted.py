"""Streaming metrics that follow from a few sums: those of a confusion matrix, and the coefficient of determination.

The sums are float64 Tensors, so an update compiles into the training step; two that counted different data merge into one.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn.loss import check_labels, check_same_shape
from gradwerk.nn.module import Module
from gradwerk.nn.ranges import count, positive
from gradwerk.ops.compare import greater, less
from gradwerk.ops.elementwise import add, cast, mul, sub
from gradwerk.ops.functions import matmul, one_hot, pick
from gradwerk.ops.look import in_range
from gradwerk.ops.movement import expand_dims, reshape, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import counted
from gradwerk.tensor.grad import unrecorded
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""An array, a Value or a Tensor."""
Array = np.ndarray[Any, np.dtype[Any]]


def top_k_hits(scores: Operand, labels: Operand, k: int) -> Operand:
    """1 where fewer than k scores are above that of the label, else 0: of equal scores at the edge all are in.

    Shape: scores (..., classes), labels (...) integer; result (...) float32.  Raises: ArgumentError for a k below 1, and as `check_labels`.
    """
    check_labels(labels, scores)
    own = pick(scores, in_range(labels, scores.shape[-1], "label"))
    above = reduce_sum(cast(greater(scores, expand_dims(own, -1)), dtypes.int32), -1)
    return cast(less(above, count("top_k_hits", "k", k)), dtypes.float32)


class Sums(Module):
    """What is counted, each a float64 Tensor."""

    def add_up(self, **more: Operand) -> None:
        """Adds to sums by name."""
        for name, value in more.items():
            held: Tensor = getattr(self, name)
            held.assign(add(held, cast(value, dtypes.float64)))

    def merge(self, other: Sums) -> None:
        """Counts what another of the same kind and shape has counted.  Raises: ShapeError."""
        mine, others = dict(self.own_buffers()), dict(other.own_buffers())
        if {name: t.shape for name, t in mine.items()} != {name: t.shape for name, t in others.items()}:
            raise ShapeError("metrics of other sums do not merge", facts=(f"{type(self).__name__} and {type(other).__name__}",))
        for name, tensor in mine.items():
            tensor.assign(add(tensor, others[name]))

    def reset(self) -> None:
        """Forgets everything."""
        for _, tensor in self.own_buffers():
            tensor.assign(np.zeros(tensor.shape, tensor.dtype))


class Confusion(Sums):
    """How often each class was taken for each: `matrix[label, prediction]`."""

    def __init__(self, classes: int) -> None:
        self.classes = count("Confusion", "classes", classes)
        self.matrix = Tensor(np.zeros((classes, classes), np.float64))

    @unrecorded
    def update(self, predictions: Operand, labels: Operand, weights: Operand | None = None) -> None:
        """Counts a batch of class numbers, each once or with its weight.

        Shape: all equal.  Raises: ShapeError, and DataError for what is no class (compiled too).
        """
        check_same_shape(predictions, labels, "labels")
        rows, columns = (
            one_hot(reshape(in_range(x, self.classes, "label"), (-1,)), self.classes, dtypes.float64) for x in (labels, predictions)
        )
        if weights is not None:
            check_same_shape(predictions, weights, "weights")
            rows = mul(rows, reshape(cast(weights, dtypes.float64), (-1, 1)))
        self.add_up(matrix=matmul(transpose(rows, (1, 0)), columns))

    def accuracy(self) -> float:
        """The share on the diagonal; 0 before the first update."""
        matrix = self.matrix.numpy()
        return float(_ratio(np.trace(matrix), matrix.sum()))

    def precision(self) -> Array:
        """Of each class the share of its predictions that are right; 0 where there is none.  Shape: (classes,)."""
        matrix = self.matrix.numpy()
        return _ratio(np.diag(matrix), matrix.sum(0))

    def recall(self) -> Array:
        """Of each class the share of its labels that were found; 0 where there is none.  Shape: (classes,)."""
        matrix = self.matrix.numpy()
        return _ratio(np.diag(matrix), matrix.sum(1))

    def f_score(self, beta: float = 1.0) -> Array:
        """(1 + beta^2) p r / (beta^2 p + r) of each class: recall counts beta times as much as precision.

        Shape: (classes,).  Raises: ArgumentError for a beta that is not above 0.  Source: van Rijsbergen, 1979.
        """
        weight = positive("f_score", "beta", beta) ** 2
        p, r = self.precision(), self.recall()
        return _ratio((1 + weight) * p * r, weight * p + r)

    def intersection_over_union(self) -> Array:
        """Of each class what is both, over what is one of both.  Shape: (classes,).  Source: Jaccard, 1901."""
        matrix = self.matrix.numpy()
        both = np.diag(matrix)
        return _ratio(both, matrix.sum(0) + matrix.sum(1) - both)


def _ratio(above: Any, below: Any) -> Array:  # noqa: ANN401  numbers or arrays
    """The quotient, 0 where it is divided by 0."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    found: Array = np.divide(above, below, out=np.zeros(np.broadcast_shapes(above.shape, below.shape)), where=below != 0)
    return found


class R2(Sums):
    """The coefficient of determination: 1 - sum (y - p)^2 / sum (y - mean(y))^2.

    From float64 sums of targets and their squares: where the mean is 1e6 times the deviation, four digits are left.
    """

    def __init__(self) -> None:
        self.examples, self.total, self.squares, self.residual = (Tensor(np.zeros((), np.float64)) for _ in range(4))

    @unrecorded
    def update(self, predictions: Operand, targets: Operand) -> None:
        """Counts a batch.  Shape: both equal.  Raises: ShapeError."""
        check_same_shape(predictions, targets)
        wide = cast(targets, dtypes.float64)
        error = sub(wide, cast(predictions, dtypes.float64))
        self.add_up(
            examples=counted(float(np.prod(targets.shape)), like=self.total), total=reduce_sum(wide), squares=reduce_sum(mul(wide, wide)),
            residual=reduce_sum(mul(error, error)),
        )

    def result(self) -> float:
        """The coefficient so far.  Raises: ArgumentError where all targets were equal, or there was none."""
        examples, total, squares, residual = (float(getattr(self, name).item()) for name in ("examples", "total", "squares", "residual"))
        spread = squares - total * total / examples if examples else 0.0
        if not spread > 0:
            raise ArgumentError("R2: of equal targets nothing is to be determined", facts=(f"{examples:g} targets",))
        return 1.0 - residual / spread
