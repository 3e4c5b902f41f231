"""keras.metrics: means of losses and of correlations."""

from __future__ import annotations

from typing import Any

from gradwerk.keras import losses
from gradwerk.keras.crossentropies import binary_crossentropy, categorical_crossentropy, sparse_categorical_crossentropy
from gradwerk.keras.loss_operands import aligned, labels_of, with_shapes
from gradwerk.keras.metrics.means import MeanMetricWrapper
from gradwerk.keras.metrics.metric import Metric, in_float32
from gradwerk.keras.options import checked
from gradwerk.nn import correlation, divergence_loss
from gradwerk.nn.loss import label_weights, squared_error
from gradwerk.nn.metric import weights_along
from gradwerk.nn.ranges import share
from gradwerk.ops.elementwise import cast, mul
from gradwerk.tensor.tensor import Tensor

Operand = Any
"""A Tensor or an array."""


@checked
def pearson_correlation(y_true: Operand, y_pred: Operand, axis: int = -1) -> Operand:
    """How far both go together in line along an axis, from -1 to 1.  Shape: both equal; result without the axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return correlation.pearson_correlation(y_pred, y_true, axis=int(axis))


@checked
def concordance_correlation(y_true: Operand, y_pred: Operand, axis: int = -1) -> Operand:
    """How far both are equal along an axis, from -1 to 1.  Shape: both equal; result without the axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return correlation.concordance_correlation(y_pred, y_true, axis=int(axis))


@checked
def cosine_similarity(y_true: Operand, y_pred: Operand, axis: int = -1) -> Operand:
    """cos of the angle between both along an axis; that of keras.losses is its negative."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return divergence_loss.cosine_similarity(y_pred, y_true, axis=int(axis))


class MeanSquaredError(MeanMetricWrapper):
    """The mean of (y_pred - y_true)^2."""

    @checked
    def __init__(self, name: str | None = "mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_error, name, dtype)


class MeanAbsoluteError(MeanMetricWrapper):
    """The mean of |y_pred - y_true|."""

    @checked
    def __init__(self, name: str | None = "mean_absolute_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_error, name, dtype)


class MeanAbsolutePercentageError(MeanMetricWrapper):
    """The mean of 100 |y_true - y_pred| / |y_true|."""

    @checked
    def __init__(self, name: str | None = "mean_absolute_percentage_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_absolute_percentage_error, name, dtype)


class MeanSquaredLogarithmicError(MeanMetricWrapper):
    """The mean of (log(y_pred + 1) - log(y_true + 1))^2."""

    @checked
    def __init__(self, name: str | None = "mean_squared_logarithmic_error", dtype: str | None = None) -> None:
        super().__init__(losses.mean_squared_logarithmic_error, name, dtype)


class LogCoshError(MeanMetricWrapper):
    """The mean of log(cosh(y_pred - y_true))."""

    @checked
    def __init__(self, name: str | None = "logcosh", dtype: str | None = None) -> None:
        super().__init__(losses.log_cosh, name, dtype)


class Hinge(MeanMetricWrapper):
    """The mean of max(1 - y_true y_pred, 0)."""

    @checked
    def __init__(self, name: str | None = "hinge", dtype: str | None = None) -> None:
        super().__init__(losses.hinge, name, dtype)


class SquaredHinge(MeanMetricWrapper):
    """The mean of max(1 - y_true y_pred, 0)^2."""

    @checked
    def __init__(self, name: str | None = "squared_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.squared_hinge, name, dtype)


class CategoricalHinge(MeanMetricWrapper):
    """The mean of what the right class lacks of 1 more than the best other one."""

    @checked
    def __init__(self, name: str | None = "categorical_hinge", dtype: str | None = None) -> None:
        super().__init__(losses.categorical_hinge, name, dtype)


class KLDivergence(MeanMetricWrapper):
    """The mean of sum(y_true log(y_true / y_pred))."""

    @checked
    def __init__(self, name: str | None = "kl_divergence", dtype: str | None = None) -> None:
        super().__init__(losses.kl_divergence, name, dtype)


class Poisson(MeanMetricWrapper):
    """The mean of y_pred - y_true log(y_pred)."""

    @checked
    def __init__(self, name: str | None = "poisson", dtype: str | None = None) -> None:
        super().__init__(losses.poisson, name, dtype)


class RootMeanSquaredError(Metric):
    """The root of the mean of (y_pred - y_true)^2."""

    @checked
    def __init__(self, name: str | None = "root_mean_squared_error", dtype: str | None = None) -> None:
        super().__init__(dtype, name)

    def values(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The squared errors, each element."""
        return squared_error(*reversed(aligned(*with_shapes(y_true, y_pred))))

    def result(self) -> Tensor:
        """The root of the mean so far, 0-d."""
        return in_float32(float(super().result()) ** 0.5)


class CosineSimilarity(MeanMetricWrapper):
    """The mean of cos of the angle between y_pred and y_true."""

    @checked
    def __init__(self, name: str | None = "cosine_similarity", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(cosine_similarity, name, dtype, axis=axis)
        self.axis = axis


class PearsonCorrelation(MeanMetricWrapper):
    """The mean of Pearson's coefficients along an axis."""

    @checked
    def __init__(self, name: str | None = "pearson_correlation", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis=axis)
        self.axis = axis


class ConcordanceCorrelation(MeanMetricWrapper):
    """The mean of Lin's coefficients along an axis."""

    @checked
    def __init__(self, name: str | None = "concordance_correlation", dtype: str | None = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis=axis)
        self.axis = axis


class BinaryCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of targets 0 and 1 against probabilities, or logits with `from_logits=True`."""

    @checked
    def __init__(
        self, name: str | None = "binary_crossentropy", dtype: str | None = None,
        from_logits: bool = False, label_smoothing: float = 0,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        smoothing = share("BinaryCrossentropy", "label_smoothing", label_smoothing)
        super().__init__(binary_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=smoothing)
        self.from_logits, self.label_smoothing = from_logits, label_smoothing


class CategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of one-hot targets against probabilities, or logits with `from_logits=True`."""

    @checked
    def __init__(
        self, name: str | None = "categorical_crossentropy", dtype: str | None = None,
        from_logits: bool = False, label_smoothing: float = 0, axis: int = -1,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        smoothing = share("CategoricalCrossentropy", "label_smoothing", label_smoothing)
        super().__init__(categorical_crossentropy, name, dtype, from_logits=from_logits, label_smoothing=smoothing, axis=axis)
        self.from_logits, self.label_smoothing, self.axis = from_logits, label_smoothing, axis


class SparseCategoricalCrossentropy(MeanMetricWrapper):
    """The mean cross-entropy of integer labels against probabilities, or logits with `from_logits=True`; of `ignore_class` it is 0."""

    @checked
    def __init__(
        self, name: str | None = "sparse_categorical_crossentropy", dtype: str | None = None,
        from_logits: bool = False, ignore_class: int | None = None, axis: int = -1,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        super().__init__(sparse_categorical_crossentropy, name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)
        self.from_logits, self.ignore_class, self.axis = from_logits, ignore_class, axis

    def weights_for(self, y_true: Operand, y_pred: Operand, weights: Operand) -> Operand:
        """0 where the label is ignored: so what is ignored counts in a mean without weights, and in one with weights does not."""
        if self.ignore_class is None:
            return weights
        present = label_weights(labels_of(y_true, y_pred), y_pred, self.ignore_class)
        return mul(present, cast(weights_along(weights, present.shape), present.dtype))
