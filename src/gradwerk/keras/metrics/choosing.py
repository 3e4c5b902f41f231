"""What names, configs and functions say a metric is, and which metrics `compile` makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras import losses
from gradwerk.keras.identifiers import as_config, entry, object_of
from gradwerk.keras.metrics import accuracies, areas, confusion, distances, means, overlaps, scores
from gradwerk.keras.metrics.metric import Metric
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import by_name

Operand = Any
"""A Tensor or an array."""
MEANS: tuple[type[Any], ...] = (
    accuracies.Accuracy, accuracies.BinaryAccuracy, accuracies.CategoricalAccuracy, accuracies.SparseCategoricalAccuracy,
    accuracies.TopKCategoricalAccuracy, accuracies.SparseTopKCategoricalAccuracy, distances.MeanSquaredError, distances.MeanAbsoluteError,
    distances.MeanAbsolutePercentageError, distances.MeanSquaredLogarithmicError, distances.RootMeanSquaredError, distances.LogCoshError,
    distances.Hinge, distances.SquaredHinge, distances.CategoricalHinge, distances.KLDivergence, distances.Poisson,
    distances.CosineSimilarity, distances.PearsonCorrelation, distances.ConcordanceCorrelation, distances.BinaryCrossentropy,
    distances.CategoricalCrossentropy, distances.SparseCategoricalCrossentropy,
)  # fmt: skip
"""Those that are the mean of a value of each example."""
COUNTS: tuple[type[Any], ...] = (
    areas.AUC, confusion.TruePositives, confusion.TrueNegatives, confusion.FalsePositives, confusion.FalseNegatives, confusion.Precision,
    confusion.Recall, confusion.SensitivityAtSpecificity, confusion.SpecificityAtSensitivity, confusion.PrecisionAtRecall,
    confusion.RecallAtPrecision, scores.FBetaScore, scores.F1Score, scores.R2Score, overlaps.IoU, overlaps.BinaryIoU, overlaps.MeanIoU,
    overlaps.OneHotIoU, overlaps.OneHotMeanIoU,
)  # fmt: skip
"""Those that follow from a few sums."""
OF_VALUES: tuple[type[Any], ...] = (means.Mean, means.Sum)
"""Those that are told of values, not of outputs and targets."""
CLASSES = (*MEANS, *COUNTS)
NAMED: dict[str, Any] = {
    **{form: made for made in (*CLASSES, *OF_VALUES, means.MeanMetricWrapper) for form in (made.__name__, snake_case(made.__name__))},
    **dict.fromkeys(("mse", "MSE"), distances.MeanSquaredError), **dict.fromkeys(("mae", "MAE"), distances.MeanAbsoluteError),
    **dict.fromkeys(("mape", "MAPE"), distances.MeanAbsolutePercentageError),
    **dict.fromkeys(("msle", "MSLE"), distances.MeanSquaredLogarithmicError),
    **dict.fromkeys(("bce", "BCE"), distances.BinaryCrossentropy),
}  # fmt: skip
FUNCTIONS: dict[str, Any] = {
    made.__name__: made for made in (
        *losses.FUNCTIONS, accuracies.binary_accuracy, accuracies.categorical_accuracy, accuracies.sparse_categorical_accuracy,
        accuracies.top_k_categorical_accuracy, accuracies.sparse_top_k_categorical_accuracy, distances.pearson_correlation,
        distances.concordance_correlation,
    )
}  # fmt: skip
"""Functions by name, in configs."""
BY_SHAPES = ("accuracy", "acc")
"""The names of the metric that is chosen by the shapes of outputs and targets."""
MetricLike = str | Metric | type[Metric] | Mapping[str, Any] | Callable[..., Operand]
"""What `compile` takes for one."""


def get(identifier: MetricLike | None) -> Any:  # noqa: ANN401  a metric or a function
    """What a name says: a metric.  A config makes one; instances, functions and None are themselves.

    Raises: ArgumentError for an unknown name.
    """
    return None if identifier is None else object_of("metric", "keras.metrics", identifier, NAMED)


def serialize(metric: Any) -> dict[str, Any]:  # noqa: ANN401  a metric or a function
    """A metric, or a function, as plain data."""
    return as_config("keras.metrics", metric)


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  a metric or a function
    """The metric, or the function, of `serialize`'s answer; of one's own where `custom_objects` names it.  Raises: ArgumentError."""
    of_function = isinstance(config, Mapping) and config.get("class_name") == "function"
    known = (FUNCTIONS if of_function else NAMED) | dict(custom_objects or {})
    return object_of("metric", "keras.metrics", config, known)


def counting(asked: MetricLike, target_shape: Sequence[int], output_shape: Sequence[int]) -> Metric:
    """The metric that `compile` makes of one: "accuracy" chooses by shapes, a name is the metric's name, a function is counted in the mean.

    Raises: ArgumentError for an unknown name, and for what does not compare outputs to targets.
    """
    if isinstance(asked, OF_VALUES):
        raise ArgumentError(f"the metric {asked.name!r} counts values, not outputs against targets")
    if isinstance(asked, str) and asked in BY_SHAPES:
        return accuracy_for(tuple(target_shape), tuple(output_shape), asked)
    if isinstance(asked, str):
        made = entry("metric", "keras.metrics", asked, NAMED | dict.fromkeys(BY_SHAPES, Metric))
        found = made(name=asked)
    else:
        found = by_name("metric", asked, NAMED) if asked is None else get(asked)
    if isinstance(found, OF_VALUES):
        raise ArgumentError(f"the metric {found.name!r} counts values, not outputs against targets")
    return found if isinstance(found, Metric) else means.MeanMetricWrapper(found, getattr(found, "__name__", "metric").strip("<>"))


def made(asked: Sequence[Any]) -> tuple[Any, ...]:
    """What `compile` was given, names as they are and all else as metrics.

    Raises: ArgumentError as `counting`, and for a metric called "loss".
    """
    known = [counting(one, (), (1,)) for one in asked]
    if any(metric.name == "loss" for metric in known):
        raise ArgumentError("a metric cannot be called 'loss': that name is taken", likely="give the metric another name")
    return tuple(one if isinstance(one, str) else metric for one, metric in zip(asked, known, strict=True))


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
        metric.build_for(tuple(target_shape), tuple(output_shape))
    return found


def accuracy_for(target_shape: tuple[int, ...], output_shape: tuple[int, ...], name: str) -> Metric:
    """Binary for one output, sparse for labels, categorical for one-hot targets."""
    if output_shape[-1] == 1:
        return accuracies.BinaryAccuracy(name)
    if len(target_shape) < len(output_shape) or target_shape[-1] == 1:
        return accuracies.SparseCategoricalAccuracy(name)
    return accuracies.CategoricalAccuracy(name)
