"""Streaming metrics that follow from a few sums: those of a confusion matrix, and the coefficient of determination.

The sums are float64 Tensors, so an update compiles into the training step; two that counted different data merge into one.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn.loss import check_labels, check_same_shape
from gradwerk.nn.metric import weights_along
from gradwerk.nn.module import Module
from gradwerk.nn.ranges import count, positive
from gradwerk.ops.compare import equal, greater, greater_equal, less, logical_and, not_equal
from gradwerk.ops.elementwise import add, cast, mul, sub, where
from gradwerk.ops.functions import pick
from gradwerk.ops.indexing import scatter_add
from gradwerk.ops.look import in_range
from gradwerk.ops.movement import expand_dims, reshape, slice_axis
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import counted, full
from gradwerk.ops.truths import reduce_any
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


def among_first(labels: Operand, ordered: Operand, k: int) -> Operand:
    """1 where the label stands among the first k of its row, else 0.  Shape: labels (...), ordered (..., n); result (...) float32."""
    first = slice_axis(ordered, len(ordered.shape) - 1, 0, min(count("among_first", "k", k), ordered.shape[-1]))
    return cast(reduce_any(equal(first, expand_dims(labels, -1)), (-1,)), dtypes.float32)


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


class Sum(Sums):
    """The weighted sum of all values."""

    def __init__(self) -> None:
        self.total = Tensor(np.zeros((), np.float64))

    @unrecorded
    def update(self, values: Operand, weights: Operand | None = None) -> None:
        """Adds a batch; weights as `weights_along`.  Raises: ShapeError."""
        wide = cast(values, dtypes.float64)
        self.add_up(total=reduce_sum(wide if weights is None else mul(wide, weights_along(weights, wide.shape))))

    def result(self) -> float:
        """The sum so far."""
        return float(self.total.item())


class Confusion(Sums):
    """How often each class was taken for each: `matrix[label, prediction]`."""

    def __init__(self, classes: int, *, ignored: int | None = None, skips: bool = False) -> None:
        """Counts nothing yet.

        Args:
            classes: how many there are.
            ignored: a label that does not count; its predictions do not either.
            skips: whether what is no class does not count, nor what stands beside it, instead of being an error.
        """
        self.classes, self.ignored, self.skips = count("Confusion", "classes", classes), ignored, skips
        self.matrix = Tensor(np.zeros((classes, classes), np.float64))

    @unrecorded
    def update(self, predictions: Operand, labels: Operand, weights: Operand | None = None) -> None:
        """Counts a batch of class numbers, each once or with its weight.

        Shape: predictions and labels equal; weights as `weights_along`.  Dtype: integers.  Raises: ShapeError, and DataError for what is no
        class (compiled too) unless it `skips`.
        """
        check_same_shape(predictions, labels, "labels")
        heavy = None if weights is None else weights_along(weights, labels.shape)
        if self.skips or self.ignored is not None:
            counts = self._counting(predictions, labels)
            predictions, labels = (where(counts, x, dtypes.of_value(0, x.dtype)) for x in (predictions, labels))
            heavy = where(counts, 1.0 if heavy is None else heavy, dtypes.of_value(0, dtypes.float64))
        rows, columns = (cast(reshape(in_range(x, self.classes, "label"), (-1,)), dtypes.int64) for x in (labels, predictions))
        if heavy is None:
            heavy = full(rows.shape, 1.0, dtypes.float64, like=(rows,))
        cells = scatter_add(reshape(heavy, (-1,)), add(mul(rows, self.classes), columns), self.classes**2)
        self.add_up(matrix=reshape(cells, (self.classes, self.classes)))

    def _counting(self, predictions: Operand, labels: Operand) -> Operand:
        """Which pairs count."""
        among = [other for x in (predictions, labels) for other in (greater_equal(x, 0), less(x, self.classes))] if self.skips else []
        if self.ignored is not None:
            among.append(not_equal(labels, self.ignored))
        return functools.reduce(logical_and, among)

    def accuracy(self) -> float:
        """The share on the diagonal; 0 before the first update."""
        matrix = self.matrix.numpy()
        return float(ratio(np.trace(matrix), matrix.sum()))

    def precision(self) -> Array:
        """Of each class the share of its predictions that are right; 0 where there is none.  Shape: (classes,)."""
        matrix = self.matrix.numpy()
        return ratio(np.diag(matrix), matrix.sum(0))

    def recall(self) -> Array:
        """Of each class the share of its labels that were found; 0 where there is none.  Shape: (classes,)."""
        matrix = self.matrix.numpy()
        return ratio(np.diag(matrix), matrix.sum(1))

    def f_score(self, beta: float = 1.0) -> Array:
        """(1 + beta^2) p r / (beta^2 p + r) of each class: recall counts beta times as much as precision.

        Shape: (classes,).  Raises: ArgumentError for a beta that is not above 0.  Source: van Rijsbergen, 1979.
        """
        weight = positive("f_score", "beta", beta) ** 2
        p, r = self.precision(), self.recall()
        return ratio((1 + weight) * p * r, weight * p + r)

    def intersection_over_union(self) -> Array:
        """Of each class what is both, over what is one of both.  Shape: (classes,).  Source: Jaccard, 1901."""
        matrix = self.matrix.numpy()
        both = np.diag(matrix)
        return ratio(both, matrix.sum(0) + matrix.sum(1) - both)


def ratio(above: Any, below: Any) -> Array:  # noqa: ANN401  numbers or arrays
    """The quotient, 0 where it is divided by 0."""
    above, below = np.asarray(above, np.float64), np.asarray(below, np.float64)
    found: Array = np.divide(above, below, out=np.zeros(np.broadcast_shapes(above.shape, below.shape)), where=below != 0)
    return found


class R2(Sums):
    """The coefficient of determination: 1 - sum (y - p)^2 / sum (y - mean(y))^2, each sum weighted.

    From float64 sums of targets and their squares: where the mean is 1e6 times the deviation, four digits are left.
    """

    def __init__(self, outputs: int | None = None) -> None:
        """Counts nothing yet: of each of the outputs by itself, or of all elements together."""
        self.outputs, shape = outputs, () if outputs is None else (outputs,)
        self.elements = Tensor(np.zeros((), np.float64))
        self.squares, self.total, self.residual, self.weight = (Tensor(np.zeros(shape, np.float64)) for _ in range(4))

    @unrecorded
    def update(self, predictions: Operand, targets: Operand, weights: Operand | None = None) -> None:
        """Counts a batch.  Shape: predictions and targets equal, with outputs (examples, outputs); weights as `weights_along`.

        Raises: ShapeError.
        """
        check_same_shape(predictions, targets)
        if self.outputs is not None and tuple(targets.shape[1:]) != (self.outputs,):
            facts = (f"targets {tuple(targets.shape)}", f"outputs {self.outputs}")
            raise ShapeError("R2: one column for each output is needed", facts=facts)
        wide, axes = cast(targets, dtypes.float64), None if self.outputs is None else (0,)
        error = sub(wide, cast(predictions, dtypes.float64))
        heavy = full(wide.shape, 1.0, dtypes.float64, like=(wide,)) if weights is None else weights_along(weights, wide.shape)
        self.add_up(
            elements=counted(float(np.prod(targets.shape)), like=self.elements), squares=reduce_sum(mul(mul(wide, wide), heavy), axes),
            total=reduce_sum(mul(wide, heavy), axes), residual=reduce_sum(mul(mul(error, error), heavy), axes),
            weight=reduce_sum(heavy, axes),
        )  # fmt: skip

    def spread(self) -> Array:
        """The weighted sum of squares of what targets differ from their mean, () or (outputs,)."""
        squares, total, weight = (getattr(self, name).numpy() for name in ("squares", "total", "weight"))
        return np.asarray(squares - ratio(total * total, weight))

    def scores(self) -> Array:
        """The coefficients so far, () or (outputs,); NaN where all targets were equal and met, 0 where equal and missed."""
        residual, spread = self.residual.numpy(), np.maximum(self.spread(), 0.0)
        some = spread > 0
        return np.where(some, 1.0 - ratio(residual, np.where(some, spread, 1.0)), np.where(residual == 0, np.nan, 0.0))

    def result(self) -> float:
        """The mean of the coefficients so far.  Raises: ArgumentError where all targets of an output were equal, or there was none."""
        if not np.all(self.spread() > 0):
            raise ArgumentError("R2: of equal targets nothing is to be determined", facts=(f"{self.elements.item():g} targets",))
        return float(np.mean(self.scores()))


def adjusted(score: float, examples: float, regressors: int) -> float:
    """R2 for the number of regressors that it was made with: 1 - (1 - r) (n - 1) / (n - regressors - 1).

    Source: Theil, 1961, "Economic forecasts and policy".
    """
    return 1.0 - (1.0 - score) * (examples - 1.0) / (examples - regressors - 1.0)
