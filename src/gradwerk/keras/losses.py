"""keras.losses: what training minimises.  crossentropies.py has those of classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.crossentropies import CTC as CTC
from gradwerk.keras.crossentropies import BinaryCrossentropy as BinaryCrossentropy
from gradwerk.keras.crossentropies import BinaryFocalCrossentropy as BinaryFocalCrossentropy
from gradwerk.keras.crossentropies import CategoricalCrossentropy as CategoricalCrossentropy
from gradwerk.keras.crossentropies import CategoricalFocalCrossentropy as CategoricalFocalCrossentropy
from gradwerk.keras.crossentropies import CategoricalGeneralizedCrossEntropy as CategoricalGeneralizedCrossEntropy
from gradwerk.keras.crossentropies import SparseCategoricalCrossentropy as SparseCategoricalCrossentropy
from gradwerk.keras.crossentropies import binary_crossentropy as binary_crossentropy
from gradwerk.keras.crossentropies import binary_focal_crossentropy as binary_focal_crossentropy
from gradwerk.keras.crossentropies import categorical_crossentropy as categorical_crossentropy
from gradwerk.keras.crossentropies import categorical_focal_crossentropy as categorical_focal_crossentropy
from gradwerk.keras.crossentropies import categorical_generalized_cross_entropy as categorical_generalized_cross_entropy
from gradwerk.keras.crossentropies import ctc as ctc
from gradwerk.keras.crossentropies import sparse_categorical_crossentropy as sparse_categorical_crossentropy
from gradwerk.keras.identifiers import as_config, object_of
from gradwerk.keras.loss import Loss as Loss
from gradwerk.keras.loss_operands import aligned, with_shapes
from gradwerk.keras.options import checked, checked_except
from gradwerk.keras.set_losses import Circle as Circle
from gradwerk.keras.set_losses import Dice as Dice
from gradwerk.keras.set_losses import Tversky as Tversky
from gradwerk.keras.set_losses import circle as circle
from gradwerk.keras.set_losses import dice as dice
from gradwerk.keras.set_losses import tversky as tversky
from gradwerk.nn import divergence_loss, margin_loss, regression_loss
from gradwerk.nn import loss as known
from gradwerk.nn.ranges import positive
from gradwerk.ops.compare import equal, logical_or
from gradwerk.ops.elementwise import mul, neg, sub, where
from gradwerk.ops.functions import mean
from gradwerk.ops.truths import reduce_all

Operand = Any
"""A Tensor or an array."""


def mean_squared_error(y_true: Operand, y_pred: Operand) -> Operand:
    """(y_pred - y_true)^2, the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(known.squared_error(y_pred, y_true), (-1,))


def mean_absolute_error(y_true: Operand, y_pred: Operand) -> Operand:
    """|y_pred - y_true|, the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(known.absolute_error(y_pred, y_true), (-1,))


def mean_absolute_percentage_error(y_true: Operand, y_pred: Operand) -> Operand:
    """100 |y_true - y_pred| / |y_true|, the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(regression_loss.absolute_percentage_error(y_pred, y_true), (-1,))


def mean_squared_logarithmic_error(y_true: Operand, y_pred: Operand) -> Operand:
    """(log(y_pred + 1) - log(y_true + 1))^2, the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(regression_loss.squared_log_error(y_pred, y_true), (-1,))


def log_cosh(y_true: Operand, y_pred: Operand) -> Operand:
    """log(cosh(y_pred - y_true)), the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(regression_loss.log_cosh(y_pred, y_true), (-1,))


def poisson(y_true: Operand, y_pred: Operand) -> Operand:
    """y_pred - y_true log(y_pred), the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(regression_loss.poisson(y_pred, y_true), (-1,))


def hinge(y_true: Operand, y_pred: Operand) -> Operand:
    """max(1 - y_true y_pred, 0), the mean along the last axis; targets of 0 and 1 are -1 and 1."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(margin_loss.hinge(y_pred, _signs(y_true)), (-1,))


def squared_hinge(y_true: Operand, y_pred: Operand) -> Operand:
    """max(1 - y_true y_pred, 0)^2, the mean along the last axis; targets of 0 and 1 are -1 and 1."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(margin_loss.squared_hinge(y_pred, _signs(y_true)), (-1,))


@checked
def huber(y_true: Operand, y_pred: Operand, delta: float = 1.0) -> Operand:
    """e^2 / 2 of errors e of at most delta, else delta (|e| - delta / 2), the mean along the last axis."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return mean(regression_loss.huber(y_pred, y_true, delta=delta), (-1,))


def categorical_hinge(y_true: Operand, y_pred: Operand) -> Operand:
    """max(max((1 - y_true) y_pred) - sum(y_true y_pred) + 1, 0) along the last axis, the targets one-hot."""
    return margin_loss.categorical_hinge(*reversed(aligned(*with_shapes(y_true, y_pred))))


def kl_divergence(y_true: Operand, y_pred: Operand) -> Operand:
    """sum(y_true log(y_true / y_pred)) along the last axis."""
    return divergence_loss.kl_divergence_of_probabilities(*reversed(aligned(*with_shapes(y_true, y_pred))))


@checked
def cosine_similarity(y_true: Operand, y_pred: Operand, axis: int = -1) -> Operand:
    """-cos of the angle between both along an axis: what is alike has the least loss."""
    y_true, y_pred = aligned(*with_shapes(y_true, y_pred))
    return neg(divergence_loss.cosine_similarity(y_pred, y_true, axis=int(axis)))


def _signs(y_true: Operand) -> Operand:
    """Targets of 0 and 1 as -1 and 1; others stay."""
    bits = reduce_all(logical_or(equal(y_true, 0), equal(y_true, 1)))
    return where(bits, sub(mul(y_true, 2.0), 1.0), y_true)


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


class MeanAbsolutePercentageError(Loss):
    """The mean of 100 |y_true - y_pred| / |y_true|."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_absolute_percentage_error") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `mean_absolute_percentage_error`."""
        return mean_absolute_percentage_error(y_true, y_pred)


class MeanSquaredLogarithmicError(Loss):
    """The mean of (log(y_pred + 1) - log(y_true + 1))^2."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "mean_squared_logarithmic_error") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `mean_squared_logarithmic_error`."""
        return mean_squared_logarithmic_error(y_true, y_pred)


class LogCosh(Loss):
    """The mean of log(cosh(y_pred - y_true))."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "log_cosh") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `log_cosh`."""
        return log_cosh(y_true, y_pred)


class Poisson(Loss):
    """The mean of y_pred - y_true log(y_pred)."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "poisson") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `poisson`."""
        return poisson(y_true, y_pred)


class Hinge(Loss):
    """The mean of max(1 - y_true y_pred, 0)."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "hinge") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `hinge`."""
        return hinge(y_true, y_pred)


class SquaredHinge(Loss):
    """The mean of max(1 - y_true y_pred, 0)^2."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "squared_hinge") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `squared_hinge`."""
        return squared_hinge(y_true, y_pred)


class CategoricalHinge(Loss):
    """The mean of what the right class lacks of 1 more than the best other one."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "categorical_hinge") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `categorical_hinge`."""
        return categorical_hinge(y_true, y_pred)


class KLDivergence(Loss):
    """The mean of sum(y_true log(y_true / y_pred))."""

    @checked_except("reduction")
    def __init__(self, reduction: str | None = "sum_over_batch_size", name: str | None = "kl_divergence") -> None:
        super().__init__(name, reduction)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `kl_divergence`."""
        return kl_divergence(y_true, y_pred)


class Huber(Loss):
    """Square below delta, linear beyond."""

    @checked_except("reduction")
    def __init__(
        self, delta: float = 1.0, reduction: str | None = "sum_over_batch_size", name: str | None = "huber_loss"
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.delta = positive("Huber", "delta", delta)

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `huber`."""
        return huber(y_true, y_pred, self.delta)


class CosineSimilarity(Loss):
    """The mean of -cos of the angle."""

    @checked_except("reduction")
    def __init__(
        self, axis: int = -1, reduction: str | None = "sum_over_batch_size", name: str | None = "cosine_similarity"
    ) -> None:  # fmt: skip
        super().__init__(name, reduction)
        self.axis = axis

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """See `cosine_similarity`."""
        return cosine_similarity(y_true, y_pred, self.axis)


class FunctionLoss(Loss):
    """The values of a function of (y_true, y_pred)."""

    def __init__(self, function: Callable[[Operand, Operand], Operand]) -> None:
        super().__init__(getattr(function, "__name__", None))
        self.function = function
        self._gradwerk_sparse = function is sparse_categorical_crossentropy

    def call(self, y_true: Operand, y_pred: Operand) -> Operand:
        """The function's."""
        return self.function(y_true, y_pred)


FUNCTION_OF: Mapping[type[Any], Any] = {
    SparseCategoricalCrossentropy: sparse_categorical_crossentropy,
    CategoricalCrossentropy: categorical_crossentropy,
    CategoricalFocalCrossentropy: categorical_focal_crossentropy,
    BinaryCrossentropy: binary_crossentropy,
    BinaryFocalCrossentropy: binary_focal_crossentropy,
    MeanSquaredError: mean_squared_error,
    MeanAbsoluteError: mean_absolute_error,
    MeanAbsolutePercentageError: mean_absolute_percentage_error,
    MeanSquaredLogarithmicError: mean_squared_logarithmic_error,
    LogCosh: log_cosh,
    Poisson: poisson,
    Hinge: hinge,
    SquaredHinge: squared_hinge,
    Huber: huber,
    CategoricalHinge: categorical_hinge,
    KLDivergence: kl_divergence,
    CosineSimilarity: cosine_similarity,
}
"""The losses of rows, each class with the function whose values it reduces."""
APART: Mapping[type[Any], Any] = {
    CTC: ctc, Dice: dice, Tversky: tversky, Circle: circle,
    CategoricalGeneralizedCrossEntropy: categorical_generalized_cross_entropy,
}  # fmt: skip
"""Those whose targets have other shapes, or whose values are none of one row alone, or whose function asks for more."""
CLASSES, FUNCTIONS = tuple(FUNCTION_OF), tuple(FUNCTION_OF.values())
_FUNCTIONS_BY_ID: dict[int, Callable[..., Operand]] = {id(function): function for function in FUNCTIONS}
NAMED: dict[str, Any] = {
    **{made.__name__: made for made in (*FUNCTIONS, *APART.values(), *CLASSES, *APART)},
    **dict.fromkeys(("mse", "MSE"), mean_squared_error), **dict.fromkeys(("mae", "MAE"), mean_absolute_error),
    **dict.fromkeys(("mape", "MAPE"), mean_absolute_percentage_error), **dict.fromkeys(("msle", "MSLE"), mean_squared_logarithmic_error),
    **dict.fromkeys(("bce", "BCE"), binary_crossentropy), **dict.fromkeys(("kld", "KLD"), kl_divergence),
    "logcosh": log_cosh,
}  # fmt: skip
"""The functions by their names and abbreviations, the classes by theirs."""


LossLike = str | Loss | type[Loss] | Mapping[str, Any] | Callable[..., Operand]
"""What `compile` takes for one."""


def get(identifier: LossLike | None) -> Any:  # noqa: ANN401  a Loss or a function
    """What a name says: `"mse"` the function, which gives one value for each example, `"MeanSquaredError"` an instance of the class.

    A config makes an instance; instances, functions and None are themselves.  Raises: ArgumentError for an unknown name.
    """
    return None if identifier is None else object_of("loss", "keras.losses", identifier, NAMED)


def serialize(loss: Any) -> dict[str, Any]:  # noqa: ANN401  a Loss or a function
    """A loss, or a function, as plain data."""
    return as_config("keras.losses", loss)


def deserialize(name: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  a Loss or a function
    """The loss, or the function, of `serialize`'s answer; of one's own where `custom_objects` names it.  Raises: ArgumentError."""
    return object_of("loss", "keras.losses", name, NAMED | dict(custom_objects or {}))


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
    return loss._gradwerk_sparse

FORMER = {
    **dict.fromkeys(("mse", "MSE"), mean_squared_error), **dict.fromkeys(("mae", "MAE"), mean_absolute_error),
    **dict.fromkeys(("mape", "MAPE"), mean_absolute_percentage_error), **dict.fromkeys(("msle", "MSLE"), mean_squared_logarithmic_error),
    **dict.fromkeys(("kld", "KLD", "kullback_leibler_divergence"), kl_divergence), "logcosh": log_cosh,
}  # fmt: skip
"""What Keras 2 calls some of the functions, and `tf.keras` still does."""

__getattr__ = ORIGINAL.module("keras.losses", __name__, elsewhere=FORMER.get)
