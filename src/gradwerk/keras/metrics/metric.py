"""keras.metrics.Metric: state that is told of batches, or values of which there is a mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import filling, loss_operands
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.masked import mask_of, weights_of_mask
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import arguments_of, checked, is_number
from gradwerk.keras.variables import Variable
from gradwerk.nn import metric as known
from gradwerk.nn.configured import Configured
from gradwerk.nn.metric import weights_along
from gradwerk.nn.module import Module
from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import cast, div, mul, where
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""
Shape = tuple[int | None, ...]
SAYS_NO_VALUES = "write `def values(self, y_true, y_pred): ...`, whose mean is taken"


class Total(known.Mean):
    """A running mean, kept in what the metric of this name shows as its variables: Keras', but in float64."""

    def __init__(self, name: str) -> None:
        self.total, self.count = (Variable(np.zeros((), np.float64)).named(part, (name,)) for part in ("total", "count"))
        self.variables = (self.total, self.count)

    def value(self) -> Tensor:
        """The mean so far, 0-d float32, also within a step; 0 before the first update."""
        with no_grad():
            mean = where(equal(self.count, 0.0), np.zeros((), np.float64), div(self.total, self.count))
            found: Tensor = cast(mean, dtypes.float32)
            return found


class Count(Module):
    """The running mean that a step counts: the metric's values of every batch."""

    def __init__(self, metric: Metric) -> None:
        self.metric, self.mean = metric, Total(metric.name)

    def update(self, prediction: Tensor, targets: Tensor, weights: Operand | None = None) -> None:
        """Counts a batch."""
        y_true, y_pred = loss_operands.lined_up(targets, prediction)
        values = floating(self.metric.values(y_true, y_pred))
        weights = None if weights is None else self.metric.weights_for(y_true, y_pred, weights)
        mask = mask_of(y_pred)
        if mask is not None and values.shape:
            counted = weights_of_mask(mask, values)
            weights = counted if weights is None else mul(counted, cast(weights_along(weights, counted.shape), counted.dtype))
        self.mean.update_samples(values, weights)

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

    def update(self, prediction: Tensor, targets: Tensor, weights: Operand | None = None) -> None:
        """Counts a batch."""
        given = {} if weights is None else {"sample_weight": weights}
        self.metric.update_state(*loss_operands.lined_up(targets, prediction), **given)

    def result(self) -> Any:  # noqa: ANN401  a number, or an array where the metric gives several
        """The value so far."""
        value = loss_operands.checked_values(self.metric.name, self.metric.result())
        return value.numpy() if value.shape else float(value)

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

    _dtype = "float32"

    def __init__(self, dtype: str | None = None, name: str | None = None) -> None:
        _check_dtype(dtype)
        self.name = name or unique_name(type(self).__name__)
        cls = type(self)
        counts = cls.values is not Metric.values or cls.update_state is Metric.update_state
        ours = all(getattr(cls, name) is getattr(Metric, name) for name in ("update_state", "result", "reset_state"))
        self._gradwerk_mean = Count(self) if counts else None
        self._gradwerk_count: Count | Told = self._gradwerk_mean if self._gradwerk_mean is not None and ours else Told(self)
        self._variables = () if self._gradwerk_mean is None else self._gradwerk_mean.mean.variables

    @property
    def dtype(self) -> str:
        """In what it computes; what it adds up is float64."""
        return self._dtype

    def add_variable(
        self, shape: Sequence[int] = (), initializer: InitializerLike | None = None, dtype: Any = None,  # noqa: ANN401
        *, name: str | None = None,
    ) -> Variable:  # fmt: skip
        """A variable of the metric's state, zeros unless an initializer says otherwise.  `reset_state` makes it 0."""
        extents = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(map(int, shape))
        filled = filling.filled(initializer or "zeros", extents, dtypes.named(dtype or np.float32))
        made = Variable(filled).named(name, (self.name,))
        self._variables = (*self._variables, made)
        return made

    add_weight = add_variable

    @property
    def variables(self) -> list[Variable]:
        """The variables in order of making, and then those of the metrics that it holds."""
        inside = [value for value in vars(self).values() if isinstance(value, Metric)]
        return [*self._variables, *(variable for metric in inside for variable in metric.variables)]

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The value of each example."""
        raise StateError(f"{type(self).__name__} says neither values nor update_state and result", likely=SAYS_NO_VALUES)

    def weights_for(self, y_true: Operand, y_pred: Operand, weights: Operand) -> Operand:
        """Weights that were given, as the values are weighted by them."""
        return weights

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch, each sample once or with its weight (see `by_sample`).  Raises: ShapeError."""
        if self._gradwerk_mean is None:
            raise StateError(f"{type(self).__name__} says no values of which there is a mean", likely=SAYS_NO_VALUES)
        self._gradwerk_mean.update(loss_operands.as_operand(y_pred), loss_operands.as_operand(y_true), as_weights(sample_weight))

    def result(self) -> Tensor:
        """The mean so far, 0-d."""
        if self._gradwerk_mean is None:
            raise StateError(f"{type(self).__name__} defines no result", likely="write `def result(self): ...`")
        return self._gradwerk_mean.mean.value()

    def reset_state(self) -> None:
        """Forgets everything."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:  # noqa: ANN401  those of update_state
        """Counts a batch; the value so far."""
        if isinstance(self._gradwerk_count, Told):
            args = tuple(arg if arg is None or is_number(arg) else loss_operands.as_operand(arg) for arg in args)
        self.update_state(*args, **kwargs)
        return self.result()

    def stateless_update_state(self, metric_variables: Sequence[Operand], *args: Any, **kwargs: Any) -> list[Tensor]:  # noqa: ANN401
        """What the variables would be after an update that begins with these contents; the metric stays what it is."""
        after: list[Tensor] = self._with(metric_variables, lambda: self._then(self.update_state, *args, **kwargs))
        return after

    def stateless_result(self, metric_variables: Sequence[Operand]) -> Any:  # noqa: ANN401  what result gives
        """The result of variables with these contents; the metric stays what it is."""
        return self._with(metric_variables, self.result)

    def stateless_reset_state(self) -> list[Tensor]:
        """What the variables would be after `reset_state`; the metric stays what it is."""
        after: list[Tensor] = self._with([variable.numpy() for variable in self.variables], lambda: self._then(self.reset_state))
        return after

    def _then(self, change: Any, *args: Any, **kwargs: Any) -> list[Tensor]:  # noqa: ANN401  a method of this metric
        """The contents of the variables behind a change."""
        change(*args, **kwargs)
        return [Tensor(variable.numpy()) for variable in self.variables]

    def _with(self, contents: Sequence[Operand], ask: Any) -> Any:  # noqa: ANN401  a function, and what it gives
        """What a function gives while the variables have other contents.  Raises: ArgumentError where there are not as many."""
        held = self.variables
        if len(contents) != len(held):
            raise ArgumentError(f"{self.name} has {len(held)} variables, {len(contents)} were given")
        kept = [variable.numpy() for variable in held]
        try:
            for variable, content in zip(held, contents, strict=True):
                variable.assign(content)
            return ask()
        finally:
            for variable, content in zip(held, kept, strict=True):
                variable.assign(content)

    def build_for(self, y_true: Shape, y_pred: Shape) -> None:
        """Makes what depends on the shapes of targets and outputs; called before the first batch, which may be a compiled step's."""

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric: `type(metric).from_config(config)`."""
        return {"name": self.name, "dtype": self.dtype, **arguments_of(self, "name", "dtype")}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A metric from `get_config`'s answer."""
        return cls(**config)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={vars(self).get('name')}>"


def as_weights(sample_weight: Any) -> Operand | None:  # noqa: ANN401  Tensors, or anything NumPy takes
    """Weights as floats, None where there are none."""
    return None if sample_weight is None else floating(loss_operands.as_operand(sample_weight, "sample_weight"))


def in_float32(value: Any) -> Tensor:  # noqa: ANN401  a number or an array
    """A result as Keras gives it."""
    return Tensor(np.asarray(value, np.float32))

