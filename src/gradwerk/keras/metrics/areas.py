"""keras.metrics.AUC."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.metrics.confusion import thresholds_of
from gradwerk.keras.metrics.counts import operands, shown
from gradwerk.keras.metrics.metric import Metric, Shape, in_float32
from gradwerk.keras.options import checked, choice, numbers, whole
from gradwerk.nn import curves
from gradwerk.nn.counted import ratio
from gradwerk.nn.metric import weights_along
from gradwerk.nn.thresholded import Thresholded
from gradwerk.ops.elementwise import mul, sigmoid
from gradwerk.ops.source import full
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""
CURVES: Mapping[str, curves.Curve] = MappingProxyType({
    "ROC": curves.roc, "PR": curves.precision_recall, "PRGAIN": curves.precision_recall_gain,
})  # fmt: skip
HEIGHTS: Mapping[str, curves.Heights] = MappingProxyType({
    "interpolation": curves.midway, "minoring": np.minimum, "majoring": np.maximum,
})  # fmt: skip
EPSILON = 1e-7


class AUC(Metric):
    """The area under the curve that thresholds make: of true over false positives (ROC), of precision over recall (PR), or of their gains.

    Thresholds stand evenly, or where `thresholds` says, with one below all predictions and one above.

    Raises: ArgumentError for `num_labels` without `multi_label`.
    """

    @checked
    def __init__(
        self, num_thresholds: int | None = 200, curve: str = "ROC", summation_method: str = "interpolation", name: str | None = None,
        dtype: str | None = None, thresholds: Sequence[float] | None = None,
        multi_label: bool = False,  # noqa: FBT001, FBT002  Keras' signature
        num_labels: int | None = None, label_weights: Sequence[float] | None = None, from_logits: bool = False,  # noqa: FBT001, FBT002
    ) -> None:  # fmt: skip
        """See Keras.

        Args:
            num_thresholds: how many stand evenly, where `thresholds` does not say others.
            curve: ROC, PR or PRGAIN.
            summation_method: interpolation, or bounds from below (minoring) and above (majoring).
            name: the metric's.
            dtype: float32.
            thresholds: others than the even ones, between 0 and 1.
            multi_label: whether each column is counted by itself; the result is the mean of their areas.
            num_labels: how many columns; with the first batch where it is not said.
            label_weights: a weight for each column.
            from_logits: whether predictions are logits.
        """
        super().__init__(dtype, name)
        if thresholds is None:
            inner = evenly_inside(num_thresholds)
        else:
            inner = sorted(thresholds_of("AUC", numbers("AUC", "thresholds", thresholds), 0.5))
        self.num_thresholds, self._inner = len(inner) + 2, thresholds is not None
        self._thresholds = (-EPSILON, *inner, 1.0 + EPSILON)
        self.curve = choice("AUC", "curve", _in_case(curve, str.upper), tuple(CURVES))
        self.summation_method = choice("AUC", "summation_method", _in_case(summation_method, str.lower), tuple(HEIGHTS))
        self.multi_label, self.num_labels, self.from_logits = multi_label, num_labels, from_logits
        self.label_weights = None if label_weights is None else tuple(numbers("AUC", "label_weights", label_weights))
        self._counts: Thresholded | None = None
        if not multi_label and num_labels:
            raise ArgumentError("AUC: num_labels is of several labels: multi_label=True")
        if not multi_label or num_labels:
            self._begin(num_labels if multi_label else None)

    @property
    def thresholds(self) -> list[float]:
        """All of them, ascending."""
        return list(self._thresholds)

    def _begin(self, labels: int | None) -> None:
        self._counts = Thresholded(self._thresholds, labels=labels)
        shown(self._counts, self)
        for variable in self.variables:
            setattr(self, variable.name, variable)

    def build_for(self, y_true: Shape, y_pred: Shape) -> None:
        """The variables of as many labels as there are outputs.  Raises: ShapeError where they are no columns."""
        if self._counts is None:
            if len(y_pred) != 2:
                raise ShapeError("AUC: with multi_label=True there is a row for each example", facts=(f"y_pred {tuple(y_pred)}",))
            self._begin(int(y_pred[1] or 0))

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch, each element once or with its weight: weights stand along the first axes.

        Shape: y_true and y_pred equal.  Raises: ShapeError.
        """
        targets, predictions, weights = operands(y_true, y_pred, sample_weight)
        self.build_for(targets.shape, predictions.shape)
        if self.label_weights is not None and not self.multi_label:
            by_label = full(targets.shape, 1.0, np.dtype(np.float64), like=(targets,))
            by_label = mul(by_label, np.asarray(self.label_weights))
            weights = by_label if weights is None else mul(by_label, weights_along(weights, targets.shape))
        if self._counts is not None:
            self._counts.update(sigmoid(predictions) if self.from_logits else predictions, targets, weights)

    def result(self) -> Tensor:
        """The area so far, 0-d."""
        if self._counts is None:
            return in_float32(0.0)
        areas = self._areas(self._counts)
        if not self.multi_label:
            return in_float32(areas)
        weights = np.ones(areas.shape) if self.label_weights is None else np.asarray(self.label_weights)
        return in_float32(ratio((areas * weights).sum(), weights.sum()))

    def _areas(self, counts: Thresholded) -> Any:  # noqa: ANN401  an array
        if (self.curve, self.summation_method) == ("PR", "interpolation"):
            return curves.interpolated_precision_recall(counts)
        return curves.area(counts, CURVES[self.curve], HEIGHTS[self.summation_method])

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric."""
        config = super().get_config()
        del config["thresholds"]
        return config | ({"thresholds": self.thresholds[1:-1]} if self._inner else {})


def evenly_inside(count: int | None) -> list[float]:
    """Of so many even thresholds from 0 to 1 those between.  Raises: ArgumentError for less than two."""
    number = whole("AUC", "num_thresholds", count, 2)
    return [k / (number - 1) for k in range(1, number - 1)]


def _in_case(value: Any, case: Any) -> Any:  # noqa: ANN401
    """The word in capitals, or without."""
    return case(value) if isinstance(value, str) and value in {value.upper(), value.lower(), value.capitalize()} else value
