"""keras.metrics: means and sums of values."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from typing import Any, Self

from gradwerk.keras import loss_operands
from gradwerk.keras.identifiers import as_config, object_of
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.losses import NAMED as LOSSES
from gradwerk.keras.metrics.counts import shown
from gradwerk.keras.metrics.metric import Metric, Total, as_weights, in_float32
from gradwerk.keras.options import checked
from gradwerk.nn.counted import Sum as Summed
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""


class Mean(Metric):
    """The weighted mean of given values.  Its variables are `total` and `count`."""

    @checked
    def __init__(self, name: str | None = "mean", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self._mean = Total(self.name)
        self.total, self.count = self._variables = self._mean.variables

    @checked
    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]  # noqa: ANN401  values, no targets
        """Counts the values of each sample, weighted or not (see `by_sample`).  Raises: ShapeError."""
        self._mean.update_samples(floating(loss_operands.as_operand(values)), as_weights(sample_weight))

    def result(self) -> Tensor:
        """The mean so far, 0-d."""
        return self._mean.value()

    def reset_state(self) -> None:
        """Forgets what it has counted."""
        self._mean.reset()


class Sum(Metric):
    """The weighted sum of given values.  Its variable is `total`."""

    @checked
    def __init__(self, name: str | None = "sum", dtype: str | None = None) -> None:
        super().__init__(dtype, name)
        self._sum = Summed()
        shown(self._sum, self)
        self.total = self._sum.total

    @checked
    def update_state(self, values: Any, sample_weight: Any = None) -> None:  # type: ignore[override]  # noqa: ANN401  values, no targets
        """Adds the values, weighted or not: weights stand along their first axes.  Raises: ShapeError."""
        self._sum.update(floating(loss_operands.as_operand(values)), as_weights(sample_weight))

    def result(self) -> Tensor:
        """The sum so far, 0-d."""
        return in_float32(self._sum.result())


class MeanMetricWrapper(Metric):
    """The mean of what a function of (y_true, y_pred) gives for each example; further options are the function's."""

    def __init__(self, fn: Callable[..., Operand], name: str | None = None, dtype: str | None = None, **kwargs: Any) -> None:  # noqa: ANN401  the function's
        super().__init__(dtype, name)
        self._fn, self._fn_kwargs = fn, kwargs
        self._function = functools.partial(fn, **kwargs) if kwargs else fn

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The function's."""
        return loss_operands.checked_values(self.name, self._function(y_true, y_pred))

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal metric; of the wrapper itself the function by its name and its options."""
        if type(self) is not MeanMetricWrapper:
            return super().get_config()
        return {"name": self.name, "dtype": self.dtype, "fn": as_config("keras.metrics", self._fn), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """A metric from `get_config`'s answer."""
        fn = config.get("fn")
        made = {"fn": object_of("metric", "keras.metrics", fn, LOSSES)} if isinstance(fn, Mapping) else {}
        return cls(**{**config, **made})
