"""keras.metrics: F-scores and the coefficient of determination."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.base.origin import warn
from gradwerk.keras.metrics.counts import operands, shown
from gradwerk.keras.metrics.metric import Metric, Shape, in_float32
from gradwerk.keras.options import checked, choice, whole
from gradwerk.nn.counted import R2, adjusted, ratio
from gradwerk.nn.f_score import FScore
from gradwerk.nn.ranges import positive
from gradwerk.tensor.tensor import Tensor

AVERAGES = ("micro", "macro", "weighted")


def columns(owner: str, y_true: Shape, y_pred: Shape) -> int:
    """How many columns there are.  Raises: ShapeError where there are none."""
    if len(y_true) != 2 or len(y_pred) != 2 or not y_pred[1]:
        facts = (f"y_true {tuple(y_true)}      y_pred {tuple(y_pred)}",)
        raise ShapeError(f"{owner} is of rows: y_true and y_pred are (examples, outputs)", facts=facts)
    return int(y_pred[1])


class FBetaScore(Metric):
    """(1 + beta^2) p r / (beta^2 p + r) of precision and recall, of each class or averaged.

    Said to be there is what is above `threshold`, or without one the largest of each row.

    Raises: ArgumentError for a threshold outside 0..1.
    """

    @checked
    def __init__(
        self, average: str | None = None, beta: float = 1.0, threshold: float | None = None, name: str | None = "fbeta_score",
        dtype: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        owner = type(self).__name__
        self.average = None if average is None else choice(owner, "average", average, AVERAGES)
        self.beta = positive(owner, "beta", beta)
        if threshold is not None and not 0 < threshold <= 1:
            raise ArgumentError(f"{owner}: threshold is above 0 and at most 1, this is {threshold}")
        self.threshold = threshold
        self._counts: FScore | None = None

    def build_for(self, y_true: Shape, y_pred: Shape) -> None:
        """The variables of as many classes as there are outputs."""
        if self._counts is None:
            classes = columns(type(self).__name__, y_true, y_pred)
            self._counts = FScore(None if self.average == "micro" else classes, threshold=self.threshold)
            shown(self._counts, self)

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch.  Shape: y_true and y_pred (examples, classes), weights (examples,).  Raises: ShapeError."""
        targets, predictions, weights = operands(y_true, y_pred, sample_weight)
        self.build_for(targets.shape, predictions.shape)
        if self._counts is not None:
            self._counts.update(predictions, targets, weights)

    def result(self) -> Tensor:
        """The scores so far, (classes,), or their average, 0-d."""
        if self._counts is None:
            return in_float32(0.0)
        if self.average == "weighted":
            return in_float32(self._counts.weighted(self.beta))
        scores = self._counts.result(self.beta)
        return in_float32(scores if self.average is None else scores.mean())


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall."""

    @checked
    def __init__(
        self, average: str | None = None, threshold: float | None = None, name: str | None = "f1_score", dtype: str | None = None
    ) -> None:
        super().__init__(average, 1.0, threshold, name, dtype)


R2_NAMES = {"elements": "num_samples", "squares": "squared_sum", "total": "sum", "residual": "residual", "weight": "count"}


class R2Score(Metric):
    """The coefficient of determination, of each output or averaged; for `num_regressors` adjusted."""

    @checked
    def __init__(
        self, class_aggregation: str | None = "uniform_average", num_regressors: int = 0, name: str | None = "r2_score",
        dtype: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(dtype, name)
        ways = "uniform_average", "variance_weighted_average"
        self.class_aggregation = class_aggregation and choice("R2Score", "class_aggregation", class_aggregation, ways)
        self.num_regressors = whole("R2Score", "num_regressors", num_regressors)
        self._counts: R2 | None = None

    def build_for(self, y_true: Shape, y_pred: Shape) -> None:
        """The variables of as many outputs as there are."""
        if self._counts is None:
            self._counts = R2(columns("R2Score", y_true, y_pred))
            shown(self._counts, self, R2_NAMES)

    @checked
    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  Tensors or arrays
        """Counts a batch.  Shape: y_true and y_pred (examples, outputs), weights (examples,).  Raises: ShapeError."""
        targets, predictions, weights = operands(y_true, y_pred, sample_weight)
        self.build_for(targets.shape, predictions.shape)
        if self._counts is not None:
            self._counts.update(predictions, targets, weights)

    def result(self) -> Tensor:
        """The coefficients so far, (outputs,), or their average, 0-d."""
        if self._counts is None:
            return in_float32(0.0)
        scores: Any = self._counts.scores()
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            spread = self._counts.spread()
            scores = ratio((spread * scores).sum(), spread.sum())
        return in_float32(self._adjusted(scores, float(self._counts.elements.item())))

    def _adjusted(self, scores: Any, examples: float) -> Any:  # noqa: ANN401  a number or an array
        """For the number of regressors, as far as there are more examples."""
        if self.num_regressors == 0:
            return scores
        if self.num_regressors >= examples - 1:
            why = "more regressors than examples" if self.num_regressors > examples - 1 else "as many regressors as examples but one"
            warn(f"R2Score: of {why} there is no adjusted score: the score itself is given")
            return scores
        return adjusted(scores, examples, self.num_regressors)
