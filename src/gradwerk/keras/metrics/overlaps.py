"""keras.metrics: intersections over unions of classes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.keras import loss_operands
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.metrics.counts import shown
from gradwerk.keras.metrics.metric import Metric, in_float32
from gradwerk.keras.options import checked, positive_integer, whole
from gradwerk.nn.counted import Confusion
from gradwerk.ops.compare import greater_equal
from gradwerk.ops.elementwise import cast
from gradwerk.ops.movement import reshape
from gradwerk.ops.reduction import argmax
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""


class Overlap(Metric):
    """The mean intersection over union of some classes, from how often each class was taken for each.

    Weights are whole numbers unless `dtype` is float32: fractions are cut off.  What is no class does not count.
    """

    sparse_y_true = True
    sparse_y_pred = True
    ignore_class: int | None = None
    axis = -1

    def _begin(self, num_classes: int, target_class_ids: Sequence[int], name: str | None, dtype: str | None) -> None:
        """What all have in common.  Raises: ArgumentError."""
        cuts = dtype is None or str(dtype) in {"int", "int32", "int64"}
        super().__init__(None if cuts else dtype, name)
        self._dtype = "int32" if cuts else "float32"
        self.num_classes = positive_integer(type(self).__name__, "num_classes", num_classes)
        self.target_class_ids = [whole(type(self).__name__, "target_class_ids", one) for one in _listed(target_class_ids)]
        if wrong := [number for number in self.target_class_ids if not 0 <= number < num_classes]:
            raise ArgumentError(f"{type(self).__name__}: target class {wrong[0]} is outside [0, {num_classes})")
        self._counts = Confusion(num_classes, ignored=self.ignore_class, skips=True)
        shown(self._counts, self, {"matrix": "total_confusion_matrix"})
        self.total_cm = self.variables[0]

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch.  Shape: as many class numbers in y_true as in y_pred, as many weights or one.  Raises: ShapeError."""
        labels, predictions = (loss_operands.as_operand(x) for x in (y_true, y_pred))
        labels = labels if self.sparse_y_true else argmax(labels, self.axis)
        predictions = predictions if self.sparse_y_pred else argmax(predictions, self.axis)
        labels, predictions = (reshape(cast(x, dtypes.int64), (-1,)) for x in (labels, predictions))
        self._counts.update(predictions, labels, self._weights(sample_weight))

    def _weights(self, sample_weight: Any) -> Operand | None:  # noqa: ANN401  a Tensor or an array
        """One weight for each element, or for all."""
        if sample_weight is None:
            return None
        weights = loss_operands.as_operand(sample_weight, "sample_weight")
        if self.dtype == "int32":
            if dtypes.is_float(weights.dtype):
                warn(f"{self.name} counts with whole weights, fractions are cut off: make it with dtype='float32' to keep them")
            weights = cast(weights, dtypes.int64)
        return weights if not weights.shape else reshape(weights, (-1,))

    def result(self) -> Tensor:
        """The mean so far over those of the classes that were met, 0-d."""
        matrix, both = self.total_cm.numpy(), np.diag(self.total_cm.numpy())
        met = (matrix.sum(0) + matrix.sum(1) - both)[self.target_class_ids] > 1e-9
        each = self._counts.intersection_over_union()[self.target_class_ids]
        return in_float32(each[met].mean() if met.any() else 0.0)


def _listed(numbers: Any) -> list[Any]:  # noqa: ANN401
    """What stands in a list.  Raises: ArgumentError for anything else, and for nothing."""
    held = numbers.tolist() if isinstance(numbers, np.ndarray) else numbers
    if not isinstance(held, list | tuple | range) or not held:
        raise ArgumentError(f"target_class_ids is a list of class numbers, this is {numbers!r}")
    return list(held)


class IoU(Overlap):
    """The mean over `target_class_ids`."""

    @checked
    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: str | None = None,
        ignore_class: int | None = None, sparse_y_true: bool = True, sparse_y_pred: bool = True,  # noqa: FBT001, FBT002  Keras' signature
        axis: int = -1,
    ) -> None:  # fmt: skip
        self.ignore_class, self.sparse_y_true, self.sparse_y_pred, self.axis = ignore_class, sparse_y_true, sparse_y_pred, axis
        self._begin(num_classes, target_class_ids, name, dtype)


class BinaryIoU(Overlap):
    """The mean over 0 and 1, of predictions that are at least `threshold` or not."""

    @checked
    def __init__(
        self, target_class_ids: Sequence[int] = (0, 1), threshold: float = 0.5, name: str | None = None, dtype: str | None = None
    ) -> None:
        self._begin(2, target_class_ids, name, dtype)
        self.threshold = threshold

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch."""
        predictions = floating(loss_operands.as_operand(y_pred))
        super().update_state(y_true, cast(greater_equal(predictions, self.threshold), dtypes.int64), sample_weight)


class MeanIoU(Overlap):
    """The mean over all classes."""

    @checked
    def __init__(
        self, num_classes: int, name: str | None = None, dtype: str | None = None, ignore_class: int | None = None,
        sparse_y_true: bool = True, sparse_y_pred: bool = True, axis: int = -1,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        self.ignore_class, self.sparse_y_true, self.sparse_y_pred, self.axis = ignore_class, sparse_y_true, sparse_y_pred, axis
        self._begin(num_classes, range(num_classes), name, dtype)


class OneHotIoU(Overlap):
    """The mean over `target_class_ids`, of one-hot targets."""

    sparse_y_true = False

    @checked
    def __init__(
        self, num_classes: int, target_class_ids: Sequence[int], name: str | None = None, dtype: str | None = None,
        ignore_class: int | None = None, sparse_y_pred: bool = False, axis: int = -1,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        self.ignore_class, self.sparse_y_pred, self.axis = ignore_class, sparse_y_pred, axis
        self._begin(num_classes, target_class_ids, name, dtype)


class OneHotMeanIoU(Overlap):
    """The mean over all classes, of one-hot targets."""

    sparse_y_true = False

    @checked
    def __init__(
        self, num_classes: int, name: str | None = None, dtype: str | None = None, ignore_class: int | None = None,
        sparse_y_pred: bool = False, axis: int = -1,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        self.ignore_class, self.sparse_y_pred, self.axis = ignore_class, sparse_y_pred, axis
        self._begin(num_classes, range(num_classes), name, dtype)
