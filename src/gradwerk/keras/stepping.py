"""Steps that a model writes itself, whole or in part: `train_step`, `test_step`, `predict_step`, `compute_loss`, `compute_metrics`.

What a subclass does not write is done as in Keras, by the methods below.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, TraceError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.jit.compile import compile as compiled_function
from gradwerk.keras.layers import penalties
from gradwerk.keras.metrics.metric import Metric
from gradwerk.keras.objective import OfOutput, Output, counts_of, loss_of
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.steps import update

WRITTEN = ("train_step", "test_step", "predict_step", "compute_loss", "compute_metrics")
"""What a model may write itself."""
TRAINING = frozenset({"train_step", "test_step", "compute_loss", "compute_metrics"})
"""Those of them that are a part of training or testing."""


class CompileMetrics(Metric):
    """The metrics that `compile` was given, as one: its result is a dict."""

    def __init__(self, outputs_of: Callable[[Any], Sequence[Output]]) -> None:
        super().__init__(name="compile_metrics")
        self._outputs_of = outputs_of
        self.counts: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        self.metrics: list[Metric] = []

    @property
    def variables(self) -> list[Any]:
        """Those of all."""
        return [variable for metric in self.metrics for variable in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:  # noqa: ANN401  trees of Tensors
        """Counts a batch."""
        outputs = self._outputs_of(y_pred)
        y_true = lined_up(y_true, outputs)
        weights = () if sample_weight is None else (lined_up(sample_weight, outputs),)
        if not self.metrics:  # the first batch says of what form they are
            self.metrics, *counts = counts_of(outputs, map_tree(lambda one: one.numpy(), y_true))
            self.counts = (counts[0], counts[1])
        plain, weighted = self.counts
        with no_grad():
            for count in plain.values():
                count.update(y_pred, y_true)
            for count in weighted.values():
                count.update(y_pred, y_true, *weights)

    def result(self) -> Any:  # noqa: ANN401  a dict
        """Each by its name."""
        counts = {**self.counts[0], **self.counts[1]}
        return {name: (one.count if isinstance(one, OfOutput) else one).metric.result() for name, one in counts.items()}

    def reset_state(self) -> None:
        """All begin anew."""
        for metric in self.metrics:
            metric.reset_state()


class Tried:
    """A method of one batch, run op by op where it must be, else compiled.

    The first call is never compiled: it may make weights, variables and slots.  Where the method does what a compiled step cannot, no call
    is: `why` says what that was.
    """

    def __init__(self, method: Callable[[Any], Any], *, compiled: bool) -> None:
        self.method = method
        self.compiled: Callable[[Any], Any] | None = compiled_function(method) if compiled else None
        self.begun = False
        self.why: TraceError | None = None

    def __call__(self, data: Any) -> Any:  # noqa: ANN401  a tree of arrays; what the method gives
        if self.begun and self.compiled is not None:
            try:
                return self.compiled(data)
            except TraceError as error:
                self.compiled, self.why = None, error
        answer = self.method(map_tree(_shared, data))
        self.begun = True
        return answer


class OwnSteps:
    """The steps of a model that writes some itself, as the loop calls them (train/steps.py)."""

    def __init__(self, model: Any, *, compiled: bool) -> None:  # noqa: ANN401  a Model
        self.model = model
        self.kept_train, self.kept_test, self.kept_predict = (
            Tried(method, compiled=compiled) for method in (model.train_step, model.test_step, model.predict_step)
        )
        self._logs: dict[str, Any] = {}

    def train(self, *parts: Any) -> None:  # noqa: ANN401  trees of arrays
        """Trains on a batch."""
        self._logs = told(self.kept_train(_data(parts)))

    def test(self, *parts: Any) -> None:  # noqa: ANN401
        """Counts a batch."""
        self._logs = told(self.kept_test(_data(parts)))

    def train_fresh(self, *parts: Any) -> None:  # noqa: ANN401
        """Trains on a batch, the metrics counting this one only."""
        self.reset()
        self.train(*parts)

    def test_fresh(self, *parts: Any) -> None:  # noqa: ANN401
        """Counts one batch only."""
        self.reset()
        self.test(*parts)

    def predict(self, *parts: Any) -> Any:  # noqa: ANN401
        """What the model says to a batch."""
        with no_grad():
            return self.kept_predict(_data(parts))

    def logs(self) -> dict[str, Any]:
        """What the last step gave: first what the metrics are called, then the rest by name."""
        first = [name for metric in self.model.metrics for name in _names(metric) if name in self._logs]
        return {name: self._logs[name] for name in dict.fromkeys((*first, *sorted(self._logs)))}

    def reset(self) -> None:
        """The metrics begin anew."""
        self.model.reset_metrics()


def told(answer: Any) -> dict[str, Any]:  # noqa: ANN401  what a step gives
    """Numbers by name; dicts in it are part of it.  Raises: ArgumentError for what is no dict."""
    if answer is None:
        return {}
    if not isinstance(answer, Mapping):
        raise ArgumentError(f"a step gives a dict of numbers by name, this is a {type(answer).__name__}", likely="return {'loss': loss}")
    found: dict[str, Any] = {}
    for name, value in answer.items():
        found |= told(value) if isinstance(value, Mapping) else {str(name): _number(value)}
    return found


def train_step(model: Any, data: Any) -> dict[str, Any]:  # noqa: ANN401  a Model
    """One update, as Keras makes it of a model's `compute_loss` and `compute_metrics`."""
    x, y, weights = (*data, None, None)[:3] if isinstance(data, (tuple, list)) else (data, None, None)
    y_pred = model(x, training=True)
    loss = _counted_loss(model, x, y, y_pred, weights, training=True)
    if model.trainable_weights:
        update(model.training_state.rule(), loss)
        penalties.constrain(model.trainable_weights)
    found: dict[str, Any] = model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return found


def test_step(model: Any, data: Any) -> dict[str, Any]:  # noqa: ANN401
    """Counts a batch."""
    x, y, weights = (*data, None, None)[:3] if isinstance(data, (tuple, list)) else (data, None, None)
    with no_grad():
        y_pred = model(x, training=False)
        _counted_loss(model, x, y, y_pred, weights, training=False)
        found: dict[str, Any] = model.compute_metrics(x, y, y_pred, sample_weight=weights)
    return found


def _counted_loss(model: Any, x: Any, y: Any, y_pred: Any, weights: Any, *, training: bool) -> Tensor:  # noqa: ANN401
    """The model's `compute_loss`, which may not take `training`, counted once for each example."""
    told_so = {"training": training} if model.training_state.loss_takes_training else {}
    loss: Tensor = model.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=weights, **told_so)
    with no_grad():
        model.training_state.tracker.update_state(loss, sample_weight=np.float32(flatten(x)[0].shape[0]))
    return loss


def compute_loss(model: Any, y: Any, y_pred: Any, weights: Any) -> Tensor:  # noqa: ANN401
    """The loss that `compile` was given and what the layers add.  Raises: ArgumentError where there is neither."""
    state = model.training_state
    terms: list[Tensor] = list(model.losses)
    if state.objective is not None and state.objective.asked_loss is not None:
        outputs = state.outputs_of(y_pred)
        targets = lined_up(y, outputs)
        found = loss_of(outputs)(y_pred, targets, *(() if weights is None else (lined_up(weights, outputs),)))
        loss, parts = found if isinstance(found, tuple) else (found, {})
        terms.insert(0, loss)
        with no_grad():
            for name, part in parts.items():
                state.part(name).update_state(part, sample_weight=np.float32(flatten(targets)[0].shape[0]))
    if not terms:
        raise ArgumentError("No loss to compute. Provide a `loss` argument in `compile()`.")
    return sum(terms[1:], start=terms[0])


def lined_up(given: Any, outputs: Sequence[Output]) -> Any:  # noqa: ANN401  a tree of Tensors or arrays
    """Targets, or their weights, in the order of the outputs that need some; of one output the value alone."""
    wanted = [one for one in outputs if one.target >= 0]
    if isinstance(given, Mapping):
        found = [given[one.name] for one in wanted]
    elif isinstance(given, (list, tuple)):
        found = list(given) if len(given) == len(wanted) else [given[one.place] for one in wanted]
    else:
        return given
    return found if len(outputs) > 1 else found[0]


def metrics_inside(layer: Any) -> Iterable[Metric]:  # noqa: ANN401  a Layer
    """The metrics that a layer, and those inside that are no models, hold as attributes, alone or in lists and dicts."""
    for value in vars(layer).values():
        held = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple)) else (value,)
        yield from (one for one in held if isinstance(one, Metric))
    inside = (child for child in layer.sublayers() if not hasattr(child, "training_state"))
    yield from itertools.chain.from_iterable(map(metrics_inside, inside))


def _names(metric: Any) -> Iterable[str]:  # noqa: ANN401
    return [*metric.counts[0], *metric.counts[1]] if isinstance(metric, CompileMetrics) else [metric.name]


def _data(parts: tuple[Any, ...]) -> Any:  # noqa: ANN401
    """What a step is given: (x, y), (x, y, weights), or x alone, which stays in a tuple where it is several: (a, b) would be x and y."""
    return parts[0] if len(parts) == 1 and not isinstance(parts[0], (tuple, list)) else parts


def _shared(array: Any) -> Any:  # noqa: ANN401
    return Tensor.sharing(array) if isinstance(array, np.ndarray) else array


def _number(value: Any) -> Any:  # noqa: ANN401
    held = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return float(held) if held.ndim == 0 else held
