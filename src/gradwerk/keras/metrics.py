"""keras.metrics: what is measured while training and testing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import losses
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.losses import aligned
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import by_name, checked
from gradwerk.nn import metric as known
from gradwerk.nn.configured import Configured
from gradwerk.nn.module import Module
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""


class Count(Module):
    """The running mean that a step counts: the metric's values of every batch."""

    def __init__(self, metric: Metric) -> None:
        self.metric, self.mean = metric, known.Mean()

    def update(self, prediction: Tensor, targets: Tensor) -> None:
        """Counts a batch."""
        self.mean.update(self.metric.values(*losses.lined_up(targets, prediction)))

    def result(self) -> float:
        """The mean so far."""
        return self.mean.result()

    def reset(self) -> None:
        """Forgets everything."""
        self.mean.reset()


@ORIGINAL.completes("keras.metrics.Metric")
class Metric(Configured):
    """The mean of a function of (y_true, y_pred) over all examples since `reset_state`.

    Attributes may change between steps: the next step counts with what they are then.
    """

    def __init__(self, function: Callable[[Operand, Operand], Operand] | None = None, name: str | None = None) -> None:
        self.name = name or snake_case(type(self).__name__)
        self.function = function
        self.count = Count(self)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The value of each example."""
        if self.function is None:
            raise StateError(
                f"{type(self).__name__} says no values: metrics that keep state of their own are not here yet",
                likely="write `def values(self, y_true, y_pred): ...`, whose mean is taken, or give compile a function",
            )
        return losses.checked_values(self.name, self.function(y_true, y_pred))

    def update_state(self, y_true: Any, y_pred: Any) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch."""
        self.count.update(losses.as_operand(y_pred), losses.as_operand(y_true))

    def result(self) -> Tensor:
        """The mean so far, 0-d."""
        return Tensor(np.asarray(self.count.result(), np.float32))

    def reset_state(self) -> None:
        """Forgets everything."""
        self.count.reset()

    def __call__(self, y_true: Any, y_pred: Any) -> Tensor:  # noqa: ANN401
        """Counts a batch; the mean so far."""
        self.update_state(y_true, y_pred)
        return self.result()


class SparseCategoricalAccuracy(Metric):
    """The share of examples whose largest output stands at the label."""

    @checked
    def __init__(self, name: str | None = "sparse_categorical_accuracy") -> None:
        super().__init__(None, name)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `label_hits`."""
        return known.label_hits(y_pred, losses.labels_of(y_true, y_pred))


class CategoricalAccuracy(Metric):
    """The share of examples whose largest output stands where the one-hot target does."""

    @checked
    def __init__(self, name: str | None = "categorical_accuracy") -> None:
        super().__init__(None, name)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `one_hot_hits`."""
        return known.one_hot_hits(y_pred, y_true)


class BinaryAccuracy(Metric):
    """The share of outputs on the right side of `threshold`."""

    @checked
    def __init__(self, name: str | None = "binary_accuracy", *, threshold: float = 0.5) -> None:
        super().__init__(None, name)
        self.threshold = threshold

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `binary_hits`."""
        targets, predictions = aligned(y_true, y_pred)
        return known.binary_hits(predictions, targets, self.threshold)


class MeanSquaredError(Metric):
    """The mean of (y_pred - y_true)^2."""

    @checked
    def __init__(self, name: str | None = "mean_squared_error") -> None:
        super().__init__(losses.mean_squared_error, name)


class MeanAbsoluteError(Metric):
    """The mean of |y_pred - y_true|."""

    @checked
    def __init__(self, name: str | None = "mean_absolute_error") -> None:
        super().__init__(losses.mean_absolute_error, name)


class Mean:
    """The weighted mean of given values."""

    @checked
    def __init__(self, name: str | None = "mean") -> None:
        self.name = name or "mean"
        self._total = known.Mean()

    def update_state(self, values: Any, sample_weight: float | None = None) -> None:  # noqa: ANN401
        """Counts values."""
        self._total.update(losses.as_operand(values), 1.0 if sample_weight is None else float(sample_weight))

    def result(self) -> Tensor:
        """The mean so far, 0-d."""
        return Tensor(np.asarray(self._total.result(), np.float32))

    def reset_state(self) -> None:
        """Forgets everything."""
        self._total.reset()


CLASSES: tuple[type[Any], ...] = (SparseCategoricalAccuracy, CategoricalAccuracy, BinaryAccuracy, MeanSquaredError, MeanAbsoluteError)
NAMED: dict[str, type[Any]] = {
    **{snake_case(made.__name__): made for made in CLASSES}, **{made.__name__: made for made in CLASSES},
    "mse": MeanSquaredError, "MSE": MeanSquaredError, "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError,
}  # fmt: skip


def get(identifier: str | Metric | Callable[..., Operand], target_shape: Sequence[int], output_shape: Sequence[int]) -> Metric:
    """The metric of a name; "accuracy" chooses by shapes, as Keras does; a function of (y_true, y_pred) becomes its mean.

    Raises: ArgumentError for an unknown name.
    """
    if isinstance(identifier, Metric):
        return identifier
    if isinstance(identifier, type):
        raise ArgumentError(f"the metric is the class {identifier.__name__}, not an instance", likely=f"write {identifier.__name__}()")
    if callable(identifier):
        return Metric(identifier, getattr(identifier, "__name__", "metric").strip("<>"))
    if isinstance(identifier, str) and identifier in {"accuracy", "acc"}:
        return accuracy_for(tuple(target_shape), tuple(output_shape), identifier)
    metric: Metric = by_name("metric", identifier, NAMED | {"accuracy": Metric, "acc": Metric})(name=identifier)
    return metric


def chosen(asked: Sequence[Any], target_shape: Sequence[int], output_shape: Sequence[int | None]) -> list[Metric]:
    """The metrics that were asked for, for targets and outputs of these shapes; where two have one name, the later ones are numbered."""
    found = [get(one, target_shape, [extent or 0 for extent in output_shape]) for one in asked]
    taken: set[str] = set()
    for metric in found:
        base, number = metric.name, 0
        while metric.name in taken:
            number += 1
            metric.name = f"{base}_{number}"
        taken.add(metric.name)
    return found


def accuracy_for(target_shape: tuple[int, ...], output_shape: tuple[int, ...], name: str) -> Metric:
    """Binary for one output, sparse for labels, categorical for one-hot targets."""
    if output_shape[-1] == 1:
        return BinaryAccuracy(name)
    if len(target_shape) < len(output_shape) or target_shape[-1] == 1:
        return SparseCategoricalAccuracy(name)
    return CategoricalAccuracy(name)

__getattr__ = ORIGINAL.module("keras.metrics", __name__)
