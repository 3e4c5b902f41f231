"""keras.metrics: what is measured while training and testing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import initializers, loss_operands, losses
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.identifiers import entry, object_of
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.loss_operands import aligned
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import by_name, checked, is_number, positive_integer
from gradwerk.keras.variables import Variable
from gradwerk.nn import metric as known
from gradwerk.nn.configured import Configured
from gradwerk.nn.counted import top_k_hits
from gradwerk.nn.module import Module
from gradwerk.ops.reduction import argmax
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""
SAYS_NO_VALUES = "write `def values(self, y_true, y_pred): ...`, whose mean is taken"


class Total(known.Mean):
    """A running mean, kept in what the metric of this name shows as its variables: Keras', but in float64."""

    def __init__(self, name: str) -> None:
        self.total, self.count = (Variable(np.zeros((), np.float64)).named(part, (name,)) for part in ("total", "count"))
        self.variables = (self.total, self.count)


class Count(Module):
    """The running mean that a step counts: the metric's values of every batch."""

    def __init__(self, metric: Metric) -> None:
        self.metric, self.mean = metric, Total(metric.name)

    def update(self, prediction: Tensor, targets: Tensor) -> None:
        """Counts a batch."""
        self.mean.update_samples(floating(self.metric.values(*loss_operands.lined_up(targets, prediction))))

    def result(self) -> float:
        """The mean so far."""
        return self.mean.result()

    def reset(self) -> None:
        """Forgets everything."""
        self.mean.reset()


class Told(Module):
    """What a step counts of a metric that keeps state of its own: its `update_state` is told of every batch."""

    def __init__(self, metric: Metric) -> None:
        self.metric = metric

    def update(self, prediction: Tensor, targets: Tensor) -> None:
        """Counts a batch."""
        self.metric.update_state(*loss_operands.lined_up(targets, prediction))

    def result(self) -> float:
        """The value so far."""
        value = loss_operands.checked_values(self.metric.name, self.metric.result())
        return float(value)

    def reset(self) -> None:
        """Forgets everything."""
        self.metric.reset_state()


def _check_dtype(dtype: object) -> None:
    if dtype is not None and str(dtype) != "float32":
        raise ArgumentError(f"metrics compute in float32, not in {dtype}")


@ORIGINAL.completes("keras.metrics.Metric")
class Metric(Configured):
    """The mean of `values(y_true, y_pred)` over all examples since `reset_state`.

    A subclass says `values`; or it keeps state of its own: variables from `add_weight`, written by `update_state`, read by `result`.
    Attributes may change between steps: the next step counts with what they are then.
    """

    def __init__(
        self, dtype: str | None = None, name: str | None = None, *, function: Callable[[Operand, Operand], Operand] | None = None
    ) -> None:
        _check_dtype(dtype)
        self.name = name or snake_case(type(self).__name__)
        self.function = function
        cls = type(self)
        counts = function is not None or cls.values is not Metric.values or cls.update_state is Metric.update_state
        ours = all(getattr(cls, name) is getattr(Metric, name) for name in ("update_state", "result", "reset_state"))
        self._gradwerk_mean = Count(self) if counts else None
        self._gradwerk_count: Count | Told = self._gradwerk_mean if self._gradwerk_mean is not None and ours else Told(self)
        self._variables = () if self._gradwerk_mean is None else self._gradwerk_mean.mean.variables

    def add_variable(
        self, shape: Sequence[int] = (), initializer: InitializerLike | None = None, dtype: Any = None,  # noqa: ANN401
        *, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A variable of the metric's state, zeros unless an initializer says otherwise.  `reset_state` makes it 0."""
        extents = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))
        filled = np.asarray(initializers.get(initializer or "zeros")(extents), dtype or np.float32)
        made = Variable(filled).named(name, (self.name,))
        self._variables = (*self._variables, made)
        return made

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """The variables in order of making."""
        return list(self._variables)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The value of each example."""
        if self.function is None:
            raise StateError(
                f"{type(self).__name__} says neither values nor update_state and result",
                likely=SAYS_NO_VALUES,
            )
        return loss_operands.checked_values(self.name, self.function(y_true, y_pred))

    @checked
    def update_state(self, y_true: Any, y_pred: Any) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch."""
        if self._gradwerk_mean is None:
            raise StateError(f"{type(self).__name__} says no values of which there is a mean", likely=SAYS_NO_VALUES)
        self._gradwerk_mean.update(loss_operands.as_operand(y_pred), loss_operands.as_operand(y_true))

    def result(self) -> Tensor:
        """The mean so far, 0-d."""
        if self._gradwerk_mean is None:
            raise StateError(f"{type(self).__name__} defines no result", likely="write `def result(self): ...`")
        return Tensor(np.asarray(self._gradwerk_mean.result(), np.float32))

    def reset_state(self) -> None:
        """Forgets everything."""
        for variable in self._variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401  those of update_state
        """Counts a batch; the value so far."""
        if isinstance(self._gradwerk_count, Told):
            args = tuple(arg if arg is None or is_number(arg) else loss_operands.as_operand(arg) for arg in args)
        self.update_state(*args, **kwargs)
        return self.result()


class SparseCategoricalAccuracy(Metric):
    """The share of examples whose largest output stands at the label."""

    @checked
    def __init__(self, name: str | None = "sparse_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `label_hits`."""
        return known.label_hits(y_pred, loss_operands.labels_of(y_true, y_pred))


class CategoricalAccuracy(Metric):
    """The share of examples whose largest output stands where the one-hot target does."""

    @checked
    def __init__(self, name: str | None = "categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `one_hot_hits`."""
        return known.one_hot_hits(y_pred, y_true)


class BinaryAccuracy(Metric):
    """The share of outputs on the right side of `threshold`."""

    @checked
    def __init__(self, name: str | None = "binary_accuracy", dtype: str | None = None, threshold: float = 0.5) -> None:
        super().__init__(dtype, name)
        self.threshold = threshold

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `binary_hits`."""
        targets, predictions = aligned(y_true, floating(y_pred))
        return known.binary_hits(predictions, targets, self.threshold)


class MeanSquaredError(Metric):
    """The mean of (y_pred - y_true)^2."""

    @checked
    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.mean_squared_error)


class MeanAbsoluteError(Metric):
    """The mean of |y_pred - y_true|."""

    @checked
    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.mean_absolute_error)


class MeanAbsolutePercentageError(Metric):
    """The mean of 100 |y_true - y_pred| / |y_true|."""

    @checked
    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.mean_absolute_percentage_error)


class MeanSquaredLogarithmicError(Metric):
    """The mean of (log(y_pred + 1) - log(y_true + 1))^2."""

    @checked
    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.mean_squared_logarithmic_error)


class Hinge(Metric):
    """The mean of max(1 - y_true y_pred, 0)."""

    @checked
    def __init__(self, name: str | None = "hinge", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.hinge)


class SquaredHinge(Metric):
    """The mean of max(1 - y_true y_pred, 0)^2."""

    @checked
    def __init__(self, name: str | None = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.squared_hinge)


class CategoricalHinge(Metric):
    """The mean of what the right class lacks of 1 more than the best other one."""

    @checked
    def __init__(self, name: str | None = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.categorical_hinge)


class KLDivergence(Metric):
    """The mean of sum(y_true log(y_true / y_pred))."""

    @checked
    def __init__(self, name: str | None = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.kl_divergence)


class Poisson(Metric):
    """The mean of y_pred - y_true log(y_pred)."""

    @checked
    def __init__(self, name: str | None = "poisson", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.poisson)


class LogCoshError(Metric):
    """The mean of log(cosh(y_pred - y_true))."""

    @checked
    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(dtype, name, function=losses.log_cosh)


class TopKCategoricalAccuracy(Metric):
    """The share of examples whose one-hot target stands among the k largest outputs."""

    @checked
    def __init__(self, k: int = 5, name: str | None = "top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.k = positive_integer("TopKCategoricalAccuracy", "k", k)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `top_k_hits`."""
        return top_k_hits(y_pred, argmax(y_true, -1), self.k)


class SparseTopKCategoricalAccuracy(Metric):
    """The share of examples whose label stands among the k largest outputs."""

    @checked
    def __init__(self, k: int = 5, name: str | None = "sparse_top_k_categorical_accuracy", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self.k = positive_integer("SparseTopKCategoricalAccuracy", "k", k)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `top_k_hits`."""
        return top_k_hits(y_pred, loss_operands.labels_of(y_true, y_pred), self.k)


class Mean(Metric):
    """The weighted mean of given values.  Its variables are `total` and `count`."""

    @checked
    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self._mean = Total(self.name)
        self.total, self.count = self._variables = self._mean.variables

    @checked
    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors, or anything NumPy takes
        """Counts the values of each sample, weighted or not (see `by_sample`).  Raises: ShapeError."""
        weights = None if sample_weight is None else floating(loss_operands.as_operand(sample_weight, "sample_weight"))
        self._mean.update_samples(floating(loss_operands.as_operand(values)), weights)

    def result(self) -> Tensor:
        """The mean so far, 0-d."""
        return Tensor(np.asarray(self._mean.result(), np.float32))

    def reset_state(self) -> None:
        """Forgets what it has counted."""
        self._mean.reset()


CLASSES: tuple[type[Any], ...] = (
    SparseCategoricalAccuracy, CategoricalAccuracy, BinaryAccuracy, TopKCategoricalAccuracy, SparseTopKCategoricalAccuracy,
    MeanSquaredError, MeanAbsoluteError, MeanAbsolutePercentageError, MeanSquaredLogarithmicError, Hinge, SquaredHinge,
    CategoricalHinge, KLDivergence, Poisson, LogCoshError,
)  # fmt: skip
NAMED: dict[str, type[Any]] = {
    **{snake_case(made.__name__): made for made in (*CLASSES, Mean)}, **{made.__name__: made for made in (*CLASSES, Mean)},
    "mse": MeanSquaredError, "MSE": MeanSquaredError, "mae": MeanAbsoluteError, "MAE": MeanAbsoluteError,
    **dict.fromkeys(("mape", "MAPE"), MeanAbsolutePercentageError), **dict.fromkeys(("msle", "MSLE"), MeanSquaredLogarithmicError),
}  # fmt: skip
MetricLike = str | Metric | type[Metric] | Mapping[str, Any] | Callable[..., Operand]
"""What `compile` takes for one."""


def get(identifier: MetricLike | None) -> Any:  # noqa: ANN401  a metric or a function
    """What a name says: a metric.  A config makes one; instances, functions and None are themselves.

    Raises: ArgumentError for an unknown name.
    """
    return None if identifier is None else object_of("metric", "keras.metrics", identifier, NAMED)


def counting(asked: MetricLike, target_shape: Sequence[int], output_shape: Sequence[int]) -> Metric:
    """The metric that `compile` makes of one: "accuracy" chooses by shapes, a name is the metric's name, a function is counted in the mean.

    Raises: ArgumentError for an unknown name, and for what does not compare outputs to targets.
    """
    if isinstance(asked, Mean):
        raise ArgumentError(f"the metric {asked.name!r} counts values, not outputs against targets")
    if isinstance(asked, str) and asked in BY_SHAPES:
        return accuracy_for(tuple(target_shape), tuple(output_shape), asked)
    if isinstance(asked, str):
        made = entry("metric", "keras.metrics", asked, NAMED | dict.fromkeys(BY_SHAPES, Metric))
        found = made(name=asked)
    else:
        found = by_name("metric", asked, NAMED) if asked is None else get(asked)
    if isinstance(found, Mean):
        raise ArgumentError(f"the metric {found.name!r} counts values, not outputs against targets")
    return found if isinstance(found, Metric) else Metric(None, getattr(found, "__name__", "metric").strip("<>"), function=found)


BY_SHAPES = ("accuracy", "acc")
"""The names of the metric that is chosen by the shapes of outputs and targets."""


def chosen(asked: Sequence[Any], target_shape: Sequence[int], output_shape: Sequence[int | None]) -> list[Metric]:
    """The metrics that were asked for, for targets and outputs of these shapes; where two have one name, the later ones are numbered."""
    found = [counting(one, target_shape, [extent or 0 for extent in output_shape]) for one in asked]
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
