"""keras.metrics: positives and negatives, true and false, at thresholds, and the rates made of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.metrics.counts import operands, shown
from gradwerk.keras.metrics.metric import Metric, in_float32
from gradwerk.keras.options import checked, is_number, numbers, positive_integer
from gradwerk.keras.variables import Variable
from gradwerk.nn.ranges import share
from gradwerk.nn.thresholded import BELOW_ALL, KINDS, Thresholded, best_only, best_where
from gradwerk.ops.movement import slice_axis
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""
Array = np.ndarray[Any, np.dtype[Any]]
Thresholds = float | Sequence[float] | None


def thresholds_of(owner: str, given: Thresholds, default: float) -> list[float]:
    """Thresholds as a list.  Raises: ArgumentError for one that is not between 0 and 1."""
    if given is None:
        return [default]
    several = [given] if is_number(given) else numbers(owner, "thresholds", given)
    if not several or not all(0 <= one <= 1 for one in several):
        raise ArgumentError(f"{owner}: thresholds are between 0 and 1, these are {given!r}")
    return several


def evenly(count: int) -> list[float]:
    """So many thresholds from 0 to 1; one alone is a half."""
    return [k / (count - 1) for k in range(count)] if count > 1 else [0.5]


def counts_of(owner: Metric, thresholds: Sequence[float], kept: Sequence[str], names: Mapping[str, str] | None = None) -> Thresholded:
    """Counts of these kinds, which the metric shows as its variables and attributes."""
    counts = Thresholded(thresholds, kept=kept)
    shown(counts, owner, names)
    for variable in owner.variables:
        setattr(owner, variable.name, variable)
    return counts


def count(
    counts: Thresholded, y_true: Any, y_pred: Any, sample_weight: Any,  # noqa: ANN401  Tensors or arrays
    *, top_k: int | None = None, class_id: int | None = None,
) -> None:  # fmt: skip
    """Counts a batch: all outputs alike, or one class; of each row the best alone, or all."""
    targets, predictions, weights = operands(y_true, y_pred, sample_weight)
    if top_k is not None:
        predictions = best_only(predictions, top_k)
    if class_id is not None:
        targets, predictions = _column(targets, class_id), _column(predictions, class_id)
    counts.update(predictions, targets, weights)


def _column(x: Operand, index: int) -> Operand:
    """One class, as an axis of 1.  Raises: ShapeError where there is none."""
    if len(x.shape) < 2 or not -x.shape[-1] <= index < x.shape[-1]:
        raise ShapeError(f"there is no class {index}", facts=(f"{tuple(x.shape)}",), likely="class_id counts columns from 0")
    return slice_axis(x, len(x.shape) - 1, index % x.shape[-1], index % x.shape[-1] + 1)


def one_or_all(values: Array) -> Tensor:
    """Of one threshold its value, 0-d; of several (thresholds,)."""
    return in_float32(values[0] if len(values) == 1 else values)


class Counted(Metric):
    """How many elements are of one kind, at each threshold."""

    _kept: ClassVar[tuple[str, ...]] = ()
    accumulator: Variable

    @checked
    def __init__(self, thresholds: Thresholds = None, name: str | None = None, dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.init_thresholds = thresholds
        self.thresholds = thresholds_of(type(self).__name__, thresholds, 0.5)
        self._counts = counts_of(self, self.thresholds, self._kept, dict.fromkeys(self._kept, "accumulator"))

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch, each element once or with its weight: weights stand along the first axes.  Raises: ShapeError."""
        count(self._counts, y_true, y_pred, sample_weight)

    def result(self) -> Tensor:
        """The count so far: 0-d, of several thresholds (thresholds,)."""
        return one_or_all(self.accumulator.numpy())

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class TruePositives(Counted):
    """How many are positive, and said to be."""

    _kept = ("true_positives",)


class TrueNegatives(Counted):
    """How many are negative, and said to be."""

    _kept = ("true_negatives",)


class FalsePositives(Counted):
    """How many are negative, and said to be positive."""

    _kept = ("false_positives",)


class FalseNegatives(Counted):
    """How many are positive, and said to be negative."""

    _kept = ("false_negatives",)


class Rate(Metric):
    """The share of true positives among something, at each threshold."""

    _kept: ClassVar[tuple[str, ...]] = ()
    true_positives: Variable

    @checked
    def __init__(
        self, thresholds: Thresholds = None, top_k: int | None = None, class_id: int | None = None, name: str | None = None,
        dtype: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        self.init_thresholds, self.class_id = thresholds, class_id
        self.top_k = None if top_k is None else positive_integer(type(self).__name__, "top_k", top_k)
        self.thresholds = thresholds_of(type(self).__name__, thresholds, 0.5 if top_k is None else BELOW_ALL)
        self._counts = counts_of(self, self.thresholds, self._kept)

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch, each element once or with its weight: weights stand along the first axes.  Raises: ShapeError."""
        count(self._counts, y_true, y_pred, sample_weight, top_k=self.top_k, class_id=self.class_id)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        return super().get_config() | {"thresholds": self.init_thresholds}


class Precision(Rate):
    """Of what is said to be positive the share that is; 0 where there is nothing.  With `top_k` the k largest outputs are said to be."""

    _kept = ("true_positives", "false_positives")

    def result(self) -> Tensor:
        """The share so far: 0-d, of several thresholds (thresholds,)."""
        return one_or_all(self._counts.precision())


class Recall(Rate):
    """Of what is positive the share that is said to be; 0 where there is nothing.  With `top_k` the k largest outputs are said to be."""

    _kept = ("true_positives", "false_negatives")

    def result(self) -> Tensor:
        """The share so far: 0-d, of several thresholds (thresholds,)."""
        return one_or_all(self._counts.recall())


class AtBest(Metric):
    """The best of one rate among the thresholds at which another one reaches what is asked."""

    def _begin(self, asked: tuple[str, float], num_thresholds: int, class_id: int | None, name: str | None, dtype: str | None) -> None:
        """What the four have in common."""
        owner = type(self).__name__
        super().__init__(dtype, name)
        share(owner, *asked)
        setattr(self, *asked)
        self.num_thresholds, self.class_id = positive_integer(owner, "num_thresholds", num_thresholds), class_id
        self.thresholds = evenly(self.num_thresholds)
        self._counts = counts_of(self, self.thresholds, KINDS)

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch, each element once or with its weight: weights stand along the first axes.  Raises: ShapeError."""
        count(self._counts, y_true, y_pred, sample_weight, class_id=self.class_id)


class SensitivityAtSpecificity(AtBest):
    """The best sensitivity among the thresholds where specificity is at least as asked; 0 where there is none."""

    specificity: float

    @checked
    def __init__(
        self, specificity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        self._begin(("specificity", specificity), num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """The best so far, 0-d."""
        return in_float32(best_where(self._counts.recall(), self._counts.specificity(), self.specificity))


class SpecificityAtSensitivity(AtBest):
    """The best specificity among the thresholds where sensitivity is at least as asked; 0 where there is none."""

    sensitivity: float

    @checked
    def __init__(
        self, sensitivity: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        self._begin(("sensitivity", sensitivity), num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """The best so far, 0-d."""
        return in_float32(best_where(self._counts.specificity(), self._counts.recall(), self.sensitivity))


class PrecisionAtRecall(AtBest):
    """The best precision among the thresholds where recall is at least as asked; 0 where there is none."""

    recall: float

    @checked
    def __init__(
        self, recall: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        self._begin(("recall", recall), num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """The best so far, 0-d."""
        return in_float32(best_where(self._counts.precision(), self._counts.recall(), self.recall))


class RecallAtPrecision(AtBest):
    """The best recall among the thresholds where precision is at least as asked; 0 where there is none."""

    precision: float

    @checked
    def __init__(
        self, precision: float, num_thresholds: int = 200, class_id: int | None = None, name: str | None = None, dtype: str | None = None
    ) -> None:
        self._begin(("precision", precision), num_thresholds, class_id, name, dtype)

    def result(self) -> Tensor:
        """The best so far, 0-d."""
        return in_float32(best_where(self._counts.recall(), self._counts.precision(), self.precision))
