"""keras.metrics: shares of right answers."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.keras import loss_operands
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.loss_operands import aligned, with_shapes
from gradwerk.keras.metrics.means import MeanMetricWrapper
from gradwerk.keras.options import checked, positive_integer
from gradwerk.nn import metric as known
from gradwerk.nn.counted import among_first, top_k_hits
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import cast
from gradwerk.ops.reduction import argmax

Operand = Any
"""A Tensor or an array."""


def accuracy(y_true: Operand, y_pred: Operand) -> Operand:
    """1 where both are equal, else 0.  Shape: both equal, kept; float32."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return cast(equal(y_true, y_pred), dtypes.float32)


@checked
def binary_accuracy(y_true: Operand, y_pred: Operand, threshold: float = 0.5) -> Operand:
    """1 where y_true is whether y_pred is above the threshold, else 0.  Shape: both equal, kept; float32."""
    targets, predictions = aligned(*with_shapes(y_true, y_pred))
    return known.binary_hits(predictions, targets, threshold)


def categorical_accuracy(y_true: Operand, y_pred: Operand) -> Operand:
    """1 where both rows have their largest element at one place, else 0.  Shape: both (..., classes); result (...), float32."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    return known.one_hot_hits(y_pred, y_true)


def sparse_categorical_accuracy(y_true: Operand, y_pred: Operand) -> Operand:
    """1 where the largest element of the row is the label's, else 0.  Shape: y_true (...) or (..., 1), y_pred (..., classes)."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    return known.label_hits(y_pred, loss_operands.labels_of(y_true, y_pred))


@checked
def top_k_categorical_accuracy(y_true: Operand, y_pred: Operand, k: int = 5) -> Operand:
    """1 where the largest element of y_true stands among the k largest of y_pred, else 0.  Shape: both (..., classes)."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    return top_k_hits(floating(y_pred), argmax(y_true, -1), k)


@checked
def sparse_top_k_categorical_accuracy(
    y_true: Operand, y_pred: Operand, k: int = 5, from_sorted_ids: bool = False  # noqa: FBT001, FBT002  Keras' signature
) -> Operand:
    """1 where the label's element is among the k largest, else 0; `from_sorted_ids` says that y_pred holds labels, the best first.

    Shape: y_true (...) or (..., 1), y_pred (..., classes).
    """
    y_true, y_pred = with_shapes(y_true, y_pred)
    labels = loss_operands.labels_of(y_true, y_pred)
    return among_first(labels, cast(y_pred, labels.dtype), k) if from_sorted_ids else top_k_hits(floating(y_pred), labels, k)


class Accuracy(MeanMetricWrapper):
    """How often y_pred equals y_true."""

    @checked
    def __init__(self, name: str | None = "accuracy", dtype: str | None = None) -> None:
        super().__init__(accuracy, name, dtype)


class BinaryAccuracy(MeanMetricWrapper):
    """The share of outputs on the right side of `threshold`."""

    @checked
    def __init__(self, name: str | None = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(binary_accuracy, name, dtype)
        self.threshold = threshold

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `binary_accuracy`."""
        return binary_accuracy(y_true, y_pred, self.threshold)


class CategoricalAccuracy(MeanMetricWrapper):
    """The share of examples whose largest output stands where the one-hot target does."""

    @checked
    def __init__(self, name: str | None = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(categorical_accuracy, name, dtype)


class SparseCategoricalAccuracy(MeanMetricWrapper):
    """The share of examples whose largest output stands at the label."""

    @checked
    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(sparse_categorical_accuracy, name, dtype)


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of examples whose one-hot target stands among the k largest outputs."""

    @checked
    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(top_k_categorical_accuracy, name, dtype)
        self.k = positive_integer("TopKCategoricalAccuracy", "k", k)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `top_k_categorical_accuracy`."""
        return top_k_categorical_accuracy(y_true, y_pred, self.k)


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """The share of examples whose label stands among the k largest outputs."""

    @checked
    def __init__(
        self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy", dtype: str | None = None,
        from_sorted_ids: bool = False,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        super().__init__(sparse_top_k_categorical_accuracy, name, dtype)
        self.k, self.from_sorted_ids = positive_integer("SparseTopKCategoricalAccuracy", "k", k), from_sorted_ids

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `sparse_top_k_categorical_accuracy`."""
        return sparse_top_k_categorical_accuracy(y_true, y_pred, self.k, self.from_sorted_ids)
