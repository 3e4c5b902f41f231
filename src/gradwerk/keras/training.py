"""How a Keras model trains: what `compile` was told, the steps made of it, and the calls of the one loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.keras import losses, metrics, optimizers
from gradwerk.keras.callbacks import Callbacks, History, TestBridge, TrainingBridge, checked_callbacks
from gradwerk.keras.data import ArrayLike, Data, as_arrays, class_weights
from gradwerk.keras.losses import LossLike
from gradwerk.keras.progress import KerasProgress
from gradwerk.tensor.random import default_generator
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.train import loop
from gradwerk.train.checks import as_data, check_labels
from gradwerk.train.run import Events, Run
from gradwerk.train.steps import Steps, Task

if TYPE_CHECKING:
    from gradwerk.keras.model import Model

Array = np.ndarray[Any, np.dtype[Any]]


class Training:
    """The state of a model's training.  It is no Module: changing it traces nothing again."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: losses.Loss | None = None
        self.metrics: list[metrics.Metric] = []
        self.history: History | None = None
        self.stop = False
        self._asked_metrics: Sequence[Any] = ()
        self._eager = False
        self._steps: Steps | None = None
        self._asking: Steps | None = None
        self._dtypes: tuple[Any, ...] = ()
        self._classes = 0

    @property
    def eager(self) -> bool:
        """Whether steps run op by op.  Setting it makes the steps anew."""
        return self._eager

    @eager.setter
    def eager(self, value: bool) -> None:
        if value != self._eager:
            self._eager, self._steps, self._asking = value, None, None

    def configure(
        self, optimizer: str | optimizers.Optimizer, loss: LossLike | None, asked_metrics: Sequence[Any] | None, *, run_eagerly: bool
    ) -> None:
        """What `compile` says."""
        if loss is None:
            raise ArgumentError("compile needs a loss", facts=(f"known: {', '.join(sorted(losses.NAMED))}",))
        if asked_metrics is not None and not isinstance(asked_metrics, (list, tuple)):
            raise ArgumentError(f"metrics is a list, this is {asked_metrics!r}", likely=f"metrics=[{asked_metrics!r}]")
        self.optimizer, self.loss = optimizers.get(optimizer), losses.get(loss)
        for asked in asked_metrics or ():
            metrics.get(asked, (), (1,))
        self._asked_metrics, self._eager, self._steps, self.metrics, self._dtypes = asked_metrics or (), run_eagerly, None, [], ()

    def data(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> Data:
        """The arrays of a call, looked at and fitting the model.  Raises: StateError before `compile`."""
        if self.loss is None:
            raise StateError("the model is not compiled yet", likely="model.compile(optimizer='adam', loss=..., metrics=[...])")
        data = as_arrays(x, y, sample_weight)
        self._fit_to_input(data.x)
        self.model.check_inputs(data.x)
        self.check_targets(data)
        return data

    def validation_data(self, given: ArrayLike) -> Data | None:
        """`validation_data`: (x, y) or (x, y, sample_weight)."""
        if given is None:
            return None
        if not isinstance(given, (tuple, list)) or len(given) not in {2, 3}:
            raise ArgumentError("validation_data is (x, y) or (x, y, sample_weight)")
        return self.data(given[0], given[1], given[2] if len(given) == 3 else None)

    def check_targets(self, data: Data) -> None:
        """Labels must be classes of the model.  Raises: DataError, DTypeError."""
        if data.y is not None and self.loss is not None and losses.is_sparse(self.loss):
            check_labels(data.y, int(self.model.output_shape[-1] or 0))

    def fit(
        self, data: Data, validation: Data | None, *, batch_size: int | None, epochs: int, verbose: str | int,
        callbacks: Callbacks, shuffle: bool, initial_epoch: int, validation_batch_size: int | None,
    ) -> History:  # fmt: skip
        """Runs the loop with the callbacks, the progress line first and the history last."""
        if not isinstance(epochs, int) or epochs < initial_epoch:
            raise ArgumentError(f"epochs={epochs!r} with initial_epoch={initial_epoch}: nothing to train")
        seed = int(default_generator().bits(()).item()) if shuffle else None
        batches = data.batches(batch_size, self.dtypes, seed)
        checks = None if validation is None else validation.batches(validation_batch_size or batch_size, self.dtypes)
        self.history, self.stop = History(), False
        params = {"verbose": verbose, "epochs": epochs, "steps": len(batches)}
        listeners = [*checked_callbacks(callbacks, self.model, params), *checked_callbacks(self.history, self.model, params)]
        events = [*self._progress(verbose), TrainingBridge(listeners, self.model)]
        run = Run(epochs, len(batches), epoch=initial_epoch)
        loop.fit(self.steps_for(data.y), batches, epochs=epochs, validation=checks, events=events, run=run,
                 validation_events=[TestBridge(listeners)])  # fmt: skip
        return self.history

    def evaluate(self, data: Data, batch_size: int | None, verbose: str | int, callbacks: Callbacks) -> dict[str, float]:
        """The means over all examples."""
        listeners = checked_callbacks(callbacks, self.model, {"verbose": verbose})
        events = [*self._progress(verbose, epochs=False), TestBridge(listeners)]
        return loop.evaluate(self.steps_for(data.y), data.batches(batch_size, self.dtypes), events)

    def predict(self, x: ArrayLike, batch_size: int | None) -> Array:
        """The answers to all examples."""
        array = x.numpy() if isinstance(x, Tensor) else as_data(x, "x")
        self._fit_to_input(array)
        self.model.check_inputs(array)
        return loop.predict(self.steps, Data(array, None, None).batches(batch_size, self.dtypes))

    def train_on_batch(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike, class_weight: Mapping[int, float] | None
    ) -> dict[str, float]:
        """One step on one batch.  Kept lean: data are cast and labels checked, nothing else is looked at."""
        if class_weight is not None:
            sample_weight = class_weights(np.asarray(y), class_weight)
        arrays = self._batch(x, y, sample_weight)
        steps = self._steps or self.steps_for(arrays[1])
        steps.train_fresh(*arrays)
        return steps.logs()

    def test_on_batch(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> dict[str, float]:
        """The means of one batch."""
        arrays = self._batch(x, y, sample_weight)
        steps = self._steps or self.steps_for(arrays[1])
        steps.test_fresh(*arrays)
        return steps.logs()

    def predict_on_batch(self, x: ArrayLike) -> Array:
        """The answer to one batch."""
        array = np.asarray(x, self.model.input_dtype)
        self._fit_to_input(array)
        answer: Array = self.steps.predict(array).numpy()
        return answer

    @property
    def dtypes(self) -> tuple[Any, ...]:
        """What x, y and weights are cast to."""
        return self.model.input_dtype, np.int32 if self.loss is not None and losses.is_sparse(self.loss) else np.float32, np.float32

    @property
    def steps(self) -> Steps:
        """The steps, for prediction alone where the model was not compiled."""
        if self._steps is not None:
            return self._steps
        if self._asking is None:
            self._asking = Steps(Task(self.model), compiled=not self._eager)
        return self._asking

    def steps_for(self, y: ArrayLike) -> Steps:
        """The steps, made when the first targets are seen: "accuracy" depends on their shape."""
        if self._steps is not None:
            return self._steps
        if self.loss is None or self.optimizer is None:
            raise StateError("the model is not compiled yet", likely="model.compile(optimizer='adam', loss=..., metrics=[...])")
        parameters = {path: p for path, p in self.model.named_parameters() if isinstance(p, Parameter)}
        rule = self.optimizer.build(parameters)
        output = [extent or 0 for extent in self.model.output_shape]
        self.metrics = [metrics.get(asked, y.shape, output) for asked in self._asked_metrics]
        task = Task(self.model, _Adapted(self.loss), rule, {metric.name: metric.count for metric in self.metrics})
        self._steps = Steps(task, compiled=not self._eager)
        return self._steps

    def _batch(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> list[Array]:
        """The arrays of one batch, cast; labels are looked at."""
        dtypes = self._dtypes or self._learn_dtypes(x)
        arrays = [np.asarray(x, dtypes[0]), np.asarray(y, dtypes[1])]
        if sample_weight is not None:
            arrays.append(np.asarray(sample_weight, dtypes[2]))
        if self._classes:
            check_labels(arrays[1], self._classes)
        if arrays[0].dtype.kind == "i":
            self.model.check_inputs(arrays[0])
        return arrays

    def _learn_dtypes(self, x: ArrayLike) -> tuple[Any, ...]:
        """What batches are cast to, and how many classes there are; builds the model.  Raises: StateError before `compile`."""
        if self.loss is None:
            raise StateError("the model is not compiled yet", likely="model.compile(optimizer='adam', loss=..., metrics=[...])")
        self._fit_to_input(np.asarray(x))
        self._dtypes = self.dtypes
        self._classes = int(self.model.output_shape[-1] or 0) if losses.is_sparse(self.loss) else 0
        return self._dtypes

    def _fit_to_input(self, x: Array) -> None:
        """Builds the model for x, or checks that x fits what it was built for.  Raises: ShapeError naming the axis."""
        if not self.model.built:
            self.model.build_for((None, *x.shape[1:]))
        expected = self.model.input_shape
        bad = [k for k in range(1, min(len(expected), x.ndim)) if expected[k] not in {None, x.shape[k]}]
        if len(expected) == x.ndim and not bad:
            return
        raise ShapeError(
            f"x has {x.ndim} axes, the model expects {len(expected)}" if len(expected) != x.ndim
            else f"axis {bad[0]} of x is {x.shape[bad[0]]}, the model expects {expected[bad[0]]}",
            facts=(f"x {x.shape} {x.dtype}", f"the model's input {expected}"),
            likely=_likely(x.shape, expected),
        )  # fmt: skip

    def _progress(self, verbose: str | int, *, epochs: bool = True) -> list[Events]:
        """The progress display of `verbose`: 0 none, 1 or "auto" a live line, 2 a line per epoch."""
        if verbose not in {"auto", 0, 1, 2}:
            raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', not {verbose!r}")
        return [] if verbose == 0 else [KerasProgress(live=False if verbose == 2 else None, epochs=epochs)]


class _Adapted:
    """A Keras loss, (y_true, y_pred, weights), as the step calls it: (prediction, targets, weights)."""

    def __init__(self, loss: losses.Loss) -> None:
        self.loss = loss

    def __call__(self, prediction: Tensor, targets: Tensor, weights: Tensor | None = None) -> Tensor:
        value: Tensor = self.loss(targets, prediction, weights)
        if value.shape != ():
            value = losses.total(value)
        return value


def _likely(shape: tuple[int, ...], expected: tuple[int | None, ...]) -> str:
    """A guess at what is missing."""
    if len(shape) == len(expected) - 1 and expected[-1] == 1:
        return "grey images lack the channels axis: x[..., None]"
    if len(shape) == len(expected) - 1:
        return "a single example lacks the batch axis: x[None]"
    return "the first axis is the examples; reshape the rest to the model's input"
