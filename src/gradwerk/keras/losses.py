"""keras.losses: what training minimises."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError, StateError
from gradwerk.base.origin import warn
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.activations import logits_of
from gradwerk.keras.identifiers import object_of
from gradwerk.keras.layers.inputs import floating
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import checked, checked_except, choice
from gradwerk.nn import loss as known
from gradwerk.nn.configured import Configured
from gradwerk.ops.elementwise import cast, mul
from gradwerk.ops.functions import mean
from gradwerk.ops.movement import reshape
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import as_data

Operand = Any
"""A Tensor or an array."""
REDUCTIONS = ("sum_over_batch_size", "mean", "sum", "none")


@checked
def sparse_categorical_crossentropy(y_true: Operand, y_pred: Operand, from_logits: bool = False) -> Operand:  # noqa: FBT001, FBT002
    """-log p[label] of each example.  Shape: y_true (batch, ...) integers or (batch, ..., 1), y_pred (batch, ..., classes)."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    labels, y_pred = labels_of(y_true, y_pred), floating(y_pred)
    y_pred, from_logits = _logits_behind("sparse_categorical_crossentropy", y_pred, "softmax", from_logits=from_logits)
    _check_labels_shape(labels, y_pred)
    if from_logits:
        return known.softmax_cross_entropy(y_pred, labels, ignored=known.NO_LABEL)
    return known.sparse_cross_entropy_of_probabilities(y_pred, labels)


@checked
def categorical_crossentropy(y_true: Operand, y_pred: Operand, from_logits: bool = False) -> Operand:  # noqa: FBT001, FBT002
    """-sum(y_true log p) of each example.  Shape: both (batch, ..., classes)."""
    y_true, y_pred = with_shapes(y_true, y_pred)
    targets, y_pred = floating(cast(y_true, y_pred.dtype)), floating(y_pred)
    y_pred, from_logits = _logits_behind("categorical_crossentropy", y_pred, "softmax", from_logits=from_logits)
    if from_logits:
        return known.categorical_cross_entropy(y_pred, targets)
    return known.cross_entropy_of_probabilities(y_pred, targets)


@checked
def binary_crossentropy(y_true: Operand, y_pred: Operand, from_logits: bool = False) -> Operand:  # noqa: FBT001, FBT002
    """-(y log p + (1 - y) log(1 - p)), the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    y_pred, from_logits = _logits_behind("binary_crossentropy", y_pred, "sigmoid", from_logits=from_logits)
    rule = known.binary_cross_entropy if from_logits else known.binary_cross_entropy_of_probabilities
    return mean(rule(y_pred, y_true), (-1,))


def mean_squared_error(y_true: Operand, y_pred: Operand) -> Operand:
    """(y_pred - y_true)^2, the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(known.squared_error(y_pred, y_true), (-1,))


def mean_absolute_error(y_true: Operand, y_pred: Operand) -> Operand:
    """|y_pred - y_true|, the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(known.absolute_error(y_pred, y_true), (-1,))


@ORIGINAL.completes("keras.losses.Loss")
class Loss(Configured):
    """One value for each example, and how these become one number.  A subclass writes `call`.

    Attributes may change between steps: the next step computes with what they are then.
    """

    @checked_except("reduction")
    def __init__(self, name: str | None = None, reduction: str | None = "sum_over_batch_size") -> None:
        self.name = name or snake_case(type(self).__name__)
        self.reduction = choice(type(self).__name__, "reduction", "none" if reduction is None else reduction, REDUCTIONS)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """One value per example."""
        raise StateError(f"{type(self).__name__} defines no call", likely="write `def call(self, y_true, y_pred): ...`")

    def __call__(self, y_true: Operand, y_pred: Operand, sample_weight: Operand | None = None) -> Operand:
        """The reduced loss, a Tensor; weights multiply the values of their examples (of one value for all: their mean does).

        Whole numbers are float32 when `call` gets them; labels of a sparse loss stay what they are.
        """
        if "reduction" not in vars(self):
            raise StateError(f"{type(self).__name__}.__init__ does not call that of its base", likely="begin it with super().__init__()")
        y_true, y_pred = as_operand(y_true), floating(as_operand(y_pred))
        values = checked_values(self.name, self.call(y_true if is_sparse(self) else floating(y_true), y_pred))
        if sample_weight is not None:
            weights = as_operand(sample_weight)
            values = mul(values, weights_like(weights, values) if values.shape else cast(weights, values.dtype))
        if self.reduction == "none" or not values.shape:
            return values
        return reduce_sum(values) if self.reduction == "sum" else self.mean(values, y_true, y_pred)

    def mean(self, values: Operand, y_true: Operand, y_pred: Operand) -> Operand:
        """The mean over all values, weighted or not."""
        return known.mean_loss(values)


class SparseCategoricalCrossentropy(Loss):
    """Integer labels against probabilities, or logits with `from_logits=True`."""

    @checked_except("reduction")
    def __init__(
        self, from_logits: bool = False, *, reduction: str | None = "sum_over_batch_size",  # noqa: FBT001, FBT002
        name: str | None = "sparse_categorical_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.from_logits = from_logits

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `sparse_categorical_crossentropy`."""
        return sparse_categorical_crossentropy(y_true, y_pred, self.from_logits)

    def mean(self, values: Operand, y_true: Operand, y_pred: Operand) -> Operand:
        """The mean over all labels.  They are counted, though their number is known: so it is the program of gradwerk.torch."""
        if not self.from_logits:
            return super().mean(values, y_true, y_pred)
        return known.ratio_of_sums(values, known.label_weights(labels_of(y_true, y_pred), y_pred, known.NO_LABEL))


class CategoricalCrossentropy(Loss):
    """One-hot targets against probabilities, or logits with `from_logits=True`."""

    @checked_except("reduction")
    def __init__(
        self, from_logits: bool = False, *, reduction: str | None = "sum_over_batch_size",  # noqa: FBT001, FBT002
        name: str | None = "categorical_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.from_logits = from_logits

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `categorical_crossentropy`."""
        return categorical_crossentropy(y_true, y_pred, self.from_logits)


class BinaryCrossentropy(Loss):
    """Targets 0 and 1 against probabilities, or logits with `from_logits=True`."""

    @checked_except("reduction")
    def __init__(
        self, from_logits: bool = False, *, reduction: str | None = "sum_over_batch_size",  # noqa: FBT001, FBT002
        name: str | None = "binary_crossentropy",
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.from_logits = from_logits

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `binary_crossentropy`."""
        return binary_crossentropy(y_true, y_pred, self.from_logits)


class MeanSquaredError(Loss):
    """The mean of (y_pred - y_true)^2."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_error") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `mean_squared_error`."""
        return mean_squared_error(y_true, y_pred)


class MeanAbsoluteError(Loss):
    """The mean of |y_pred - y_true|."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_error") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `mean_absolute_error`."""
        return mean_absolute_error(y_true, y_pred)


class FunctionLoss(Loss):
    """The values of a function of (y_true, y_pred)."""

    def __init__(self, function: Callable[[Operand, Operand], Operand]) -> None:
        super().__init__(getattr(function, "__name__", None))
        self.function = function

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The function's."""
        return self.function(y_true, y_pred)


FUNCTION_OF: Mapping[type[Any], Any] = {
    SparseCategoricalCrossentropy: sparse_categorical_crossentropy,
    CategoricalCrossentropy: categorical_crossentropy,
    BinaryCrossentropy: binary_crossentropy,
    MeanSquaredError: mean_squared_error,
    MeanAbsoluteError: mean_absolute_error,
}
"""The losses, each class with the function whose values it reduces."""
CLASSES, FUNCTIONS = tuple(FUNCTION_OF), tuple(FUNCTION_OF.values())
_FUNCTIONS_BY_ID: dict[int, Callable[..., Operand]] = {id(function): function for function in FUNCTIONS}
NAMED: dict[str, Any] = {
    **{made.__name__: made for made in FUNCTIONS}, **{made.__name__: made for made in CLASSES},
    "mse": mean_squared_error, "MSE": mean_squared_error, "mae": mean_absolute_error, "MAE": mean_absolute_error,
    "bce": binary_crossentropy, "BCE": binary_crossentropy,
}  # fmt: skip
"""The functions by their names and abbreviations, the classes by theirs."""


LossLike = str | Loss | type[Loss] | Mapping[str, Any] | Callable[..., Operand]
"""What `compile` takes for one."""


def get(identifier: LossLike | None) -> Any:  # noqa: ANN401  a Loss or a function
    """What a name says: `"mse"` the function, which gives one value for each example, `"MeanSquaredError"` an instance of the class.

    A config makes an instance; instances, functions and None are themselves.  Raises: ArgumentError for an unknown name.
    """
    return None if identifier is None else object_of("loss", "keras.losses", identifier, NAMED)


def reducing(identifier: LossLike) -> Loss:
    """The loss that `compile` makes of one: of a function the one that reduces what it gives.

    Raises: ArgumentError for what is no loss.
    """
    found = get(identifier)
    return found if isinstance(found, Loss) else FunctionLoss(found)


def function_of(loss: Loss) -> Callable[..., Operand] | None:
    """The function of Keras' whose values a loss reduces; None for a class or a function of the user's own."""
    if isinstance(loss, FunctionLoss):
        return _FUNCTIONS_BY_ID.get(id(loss.function))
    return FUNCTION_OF.get(type(loss))


def is_sparse(loss: Loss) -> bool:
    """True where the targets are class numbers."""
    return isinstance(loss, SparseCategoricalCrossentropy) or function_of(loss) is sparse_categorical_crossentropy


def lined_up(y_true: Operand, y_pred: Operand) -> tuple[Operand, Operand]:
    """Targets and predictions of ranks that differ by a last axis of 1, at one rank: (n,) meets (n, 1) as (n, 1), (n, t, 1) meets (n, t).

    What a loss or metric of the user's own would else broadcast to all pairs.
    """
    more = len(y_true.shape) - len(y_pred.shape)
    if more == -1 and y_pred.shape[-1] == 1:
        if len(y_true.shape) == 1:
            return reshape(y_true, (*y_true.shape, 1)), y_pred
        return y_true, reshape(y_pred, tuple(y_pred.shape[:-1]))
    if more == 1 and y_true.shape[-1] == 1:
        if len(y_pred.shape) == 1:
            return y_true, reshape(y_pred, (*y_pred.shape, 1))
        return reshape(y_true, tuple(y_true.shape[:-1])), y_pred
    return y_true, y_pred


def with_shapes(*given: Any) -> Any:  # noqa: ANN401  Tensors, arrays, or lists of numbers
    """Arrays, lists and numbers as Tensors; what computes by itself stays what it is."""
    return [
        value if hasattr(value, "dtype") and dtypes.is_data(value.dtype) and not isinstance(value, (np.ndarray, np.generic))
        else as_operand(value) for value in given
    ]  # fmt: skip


def as_operand(value: Any, what: str = "a loss's argument") -> Operand:  # noqa: ANN401  a Tensor, or anything NumPy takes
    """A Tensor; float64 becomes float32."""
    if isinstance(value, Tensor):
        return value
    array = as_data(value, what, empty=True)
    return Tensor(array, np.float32 if dtypes.is_float(array.dtype) or array.dtype == np.bool_ else None)


def _logits_behind(loss: str, y_pred: Operand, activation: str, *, from_logits: bool) -> tuple[Operand, bool]:
    """The logits of which an activation made the predictions, where it did; and whether there are logits now."""
    logits = logits_of(y_pred, activation)
    if logits is None:
        return y_pred, from_logits
    if from_logits:
        warn(
            f"{loss} was told from_logits=True, but {activation} made these outputs: they are probabilities.  Its logits are taken."
            f"  Leave from_logits out, or the {activation}."
        )
    return logits, True


def labels_of(y_true: Operand, y_pred: Operand) -> Operand:
    """Class numbers as int32, without a last axis of 1.  Shape: (batch, ...)."""
    return cast(_squeezed(y_true, y_pred), dtypes.int32)


def aligned(y_true: Operand, y_pred: Operand) -> tuple[Operand, Operand]:
    """Targets in the dtype and rank of the predictions: (batch,) meets (batch, 1).  Of whole numbers both as float32."""
    if len(y_true.shape) == len(y_pred.shape) - 1 and y_pred.shape[-1] == 1:
        y_true = reshape(y_true, (*y_true.shape, 1))
    return floating(cast(_squeezed(y_true, y_pred, keep=True), y_pred.dtype)), floating(y_pred)


def checked_values(name: str, values: Any) -> Operand:  # noqa: ANN401  whatever a function of the user's gives
    """What a loss or metric gives, which must be a Tensor; whole numbers and truth values as float32.  Raises: StateError."""
    if values is None:
        raise StateError(f"{name} gives back None", likely="end it with `return ...`")
    if not hasattr(values, "shape"):
        raise StateError(f"{name} gives a {type(values).__name__}, a Tensor computed from y_true and y_pred is needed")
    return floating(values)


def weights_like(weights: Operand, values: Operand) -> Operand:
    """Sample weights (batch,) or (batch, 1) standing along the values' first axis.

    Raises: ShapeError where there is not one per example.
    """
    rank = len(values.shape)
    count = weights.shape[0] if weights.shape else 0
    if count != values.shape[0] or tuple(weights.shape[1:]) not in {(), (1,), tuple(values.shape[1:])}:
        facts = (f"weights {tuple(weights.shape)}      losses {tuple(values.shape)}",)
        raise ShapeError("sample weights must be one per example", facts=facts)
    if len(weights.shape) != rank:
        weights = reshape(weights, (count,) + (1,) * (rank - 1))
    return cast(weights, values.dtype)


def _squeezed(y_true: Operand, y_pred: Operand, *, keep: bool = False) -> Operand:
    """(batch, ..., 1) labels without their last axis, where the predictions have as many axes (or, with `keep`, one less)."""
    surplus = len(y_true.shape) - len(y_pred.shape)
    if y_true.shape and y_true.shape[-1] == 1 and surplus == (1 if keep else 0):
        return reshape(y_true, tuple(y_true.shape[:-1]))
    return y_true


def _check_labels_shape(labels: Operand, y_pred: Operand) -> None:
    if tuple(labels.shape) != tuple(y_pred.shape[:-1]):
        raise ShapeError(
            "labels and predictions do not fit: integer labels have one axis less",
            facts=(
                f"labels  {tuple(labels.shape)} {dtypes.name(labels.dtype)}      "
                f"predictions {tuple(y_pred.shape)} {dtypes.name(y_pred.dtype)}",
            ),
            likely="for one-hot targets take 'categorical_crossentropy'" if tuple(labels.shape) == tuple(y_pred.shape) else "",
        )

__getattr__ = ORIGINAL.module("keras.losses", __name__)
