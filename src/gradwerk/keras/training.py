"""How a Keras model trains: what `compile` was told, the steps made of it, and the calls of the one loop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.origin import module_path, warn
from gradwerk.base.trees import map_tree
from gradwerk.keras import losses, metrics, optimizers
from gradwerk.keras.callbacks import Callbacks, History, TestBridge, TrainingBridge, checked_callbacks
from gradwerk.keras.data import Array, ArrayLike, Data, as_array, as_arrays, class_weights, is_given
from gradwerk.keras.layers.inputs import as_input_array
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.losses import LossLike
from gradwerk.keras.metrics import choosing
from gradwerk.keras.optimizers.rules import OptimizerLike
from gradwerk.keras.options import whole
from gradwerk.keras.outputs import check_targets, is_one_shape, warn_of_outputs, warn_of_targets
from gradwerk.keras.progress import KerasProgress
from gradwerk.keras.steps import Adapted, called
from gradwerk.tensor.random import Shuffles
from gradwerk.tensor.state import epoch
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.train import loop
from gradwerk.train.checks import check_labels
from gradwerk.train.run import Events, Run
from gradwerk.train.steps import Steps, Task


@dataclass(frozen=True)
class Made:
    """Steps, and what they were made for: they are made anew where that differs."""

    steps: Steps
    targets: tuple[int, bool]
    output_shape: tuple[int | None, ...]
    trains: bool
    """Whether their optimizer is the model's: one that was built for other weights takes no part in tests."""


@dataclass(frozen=True)
class Known:
    """Batches that are taken as they are: floats of these shapes, after the first axis, and dtypes, for these steps."""

    form: tuple[Any, ...]
    made: Made

    @staticmethod
    def form_of(x: Array, y: Array) -> tuple[Any, ...]:
        """What a batch is known by."""
        return x.shape[1:], x.dtype, y.shape[1:], y.dtype


class Since:
    """What was found out since anything changed that a compiled step may have read (tensor/state.py)."""

    def __init__(self) -> None:
        self._answers: tuple[int, dict[str, Any]] = (-1, {})

    def found(self) -> dict[str, Any]:
        """The answers so far, by question; to be asked for before anybody looks.

        Another thread may change something meanwhile: what is put into this dict then is in no other.
        """
        number, answers = self._answers
        if number != (now := epoch.number):
            answers = {}
            self._answers = (now, answers)
        return answers


class Training:
    """The state of a model's training.  It is no Module: changing it traces nothing again.  Copies begin without compiled steps."""

    def __init__(self, model: Layer) -> None:
        self.model = model
        self.optimizer: optimizers.Optimizer | None = None
        self.loss: losses.Loss | None = None
        self.asked_loss: LossLike | None = None
        self.metrics: list[metrics.Metric] = []
        self.history: History | None = None
        self.stop = False
        self.shuffles = Shuffles()
        self._asked_metrics: Sequence[Any] = ()
        self._eager = False
        self._made: Made | None = None
        self._asking: Steps | None = None
        self._since = Since()

    def __getstate__(self) -> dict[str, Any]:
        return vars(self) | {"_made": None, "_asking": None, "_since": Since()}

    def of(self, model: Layer) -> Training:
        """The same for another model: what was compiled, without the steps."""
        twin = Training.__new__(Training)
        vars(twin).update(self.__getstate__(), model=model)
        return twin

    @property
    def eager(self) -> bool:
        """Whether steps run op by op.  Setting it makes the steps anew."""
        return self._eager

    @eager.setter
    def eager(self, value: bool) -> None:
        if value != self._eager:
            self._eager, self._made, self._asking = value, None, None

    def configure(
        self, optimizer: OptimizerLike, loss: LossLike | None, asked_metrics: Sequence[Any] | None, *, run_eagerly: bool
    ) -> None:
        """What `compile` says."""
        if loss is None:
            raise ArgumentError("compile needs a loss", facts=(f"known: {', '.join(sorted(losses.NAMED))}",))
        if asked_metrics is not None and not isinstance(asked_metrics, (list, tuple)):
            likely = f"metrics=[{asked_metrics!r}]" if isinstance(asked_metrics, str) else ""
            raise ArgumentError(f"metrics is a list, this is {asked_metrics!r}", likely=likely)
        rule = optimizers.get(optimizer)
        if rule is None:
            raise ArgumentError("compile needs an optimizer", facts=(f"known: {', '.join(sorted(optimizers.NAMED))}",))
        chosen = rule, losses.reducing(loss)
        made = choosing.made(asked_metrics or ())
        self.optimizer, self.loss = chosen
        self.asked_loss = loss
        self._asked_metrics, self._eager, self._made, self._asking, self.metrics = made, run_eagerly, None, None, []

    def data(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> Data:
        """The arrays of a call, looked at and fitting the model.  Raises: StateError before `compile`."""
        self.compiled()
        data = as_arrays(x, y, sample_weight)
        data = Data(self.fitting(data.x, counted=True), data.y, data.weights)
        self.check_targets(data.y)
        return data

    def validation_data(self, given: ArrayLike) -> Data | None:
        """`validation_data`: (x, y) or (x, y, sample_weight)."""
        if given is None:
            return None
        if not isinstance(given, (tuple, list)) or len(given) not in {2, 3}:
            raise ArgumentError("validation_data is (x, y) or (x, y, sample_weight)")
        with module_path("validation_data"):
            return self.data(given[0], given[1], given[2] if len(given) == 3 else None)

    def compiled(self) -> tuple[optimizers.Optimizer, losses.Loss]:
        """What `compile` was given.  Raises: StateError before it."""
        if self.loss is None or self.optimizer is None:
            raise StateError("the model is not compiled yet", likely="model.compile(optimizer='adam', loss=..., metrics=[...])")
        return self.optimizer, self.loss

    def check_targets(self, y: Array | None) -> None:
        """Labels must be classes of the model.  Raises: DataError, DTypeError."""
        if y is None or self.loss is None:
            return
        made = self._right(self._since.found())
        output_shape = self.model.output_shape if made is None else made.output_shape
        if not is_one_shape(output_shape):
            raise ArgumentError("the model gives several outputs; to train on several is not here yet", facts=(f"outputs {output_shape}",))
        check_targets(output_shape, self.loss, y)
        if losses.is_sparse(self.loss):
            check_labels(y, int(output_shape[-1] or 0))

    def fitting(self, x: Array, *, counted: bool = False) -> Array:
        """x in the shape and kind that the model takes, which is built for it where it is not built yet.

        `counted` says that there is a target for each x[k], so that x is no single example.

        Raises: ShapeError naming the axis; DataError for ids that no table has.
        """
        found = self._since.found()
        if "built" not in found:
            if not all(module.built for module in self.model.modules() if isinstance(module, Layer)):
                self.model.build_on(as_input_array(self.model, x, "x"))
            found["built"] = True
        x = self.model.fitted(x, counted=counted)
        self.model.check_inputs(x)
        return x

    def fit(
        self, data: Data, validation: Data | None, *, batch_size: int | None, epochs: int, verbose: str | int,
        callbacks: Callbacks, shuffle: bool, initial_epoch: int, validation_batch_size: int | None,
    ) -> History:  # fmt: skip
        """Runs the loop with the callbacks, the progress line first and the history last."""
        self.warn_of_frozen()
        epochs, initial_epoch = whole("fit", "epochs", epochs), whole("fit", "initial_epoch", initial_epoch)
        if epochs < initial_epoch:
            raise ArgumentError(f"epochs={epochs!r} with initial_epoch={initial_epoch}: nothing to train")
        batches = data.batches(batch_size, self.dtypes(data.x), self.shuffles.seed() if shuffle else None)
        checks = None
        if validation is not None:
            checks = validation.batches(batch_size if validation_batch_size is None else validation_batch_size, self.dtypes(validation.x))
        self.history, self.stop = History(), False
        params = {"verbose": verbose, "epochs": epochs, "steps": len(batches)}
        listeners = [*checked_callbacks(callbacks, self.model, params), *checked_callbacks(self.history, self.model, params)]
        events = [*self._progress(verbose), TrainingBridge(listeners, self.model)]
        run = Run(epochs, len(batches), epoch=initial_epoch)
        loop.fit(self.steps_for(data.y), batches, epochs=epochs, validation=checks, events=events, run=run,
                 validation_events=[TestBridge(listeners)])  # fmt: skip
        self.compiled()[0].finalize_variable_values()
        return self.history

    def warn_of_frozen(self) -> None:
        """Warns where nothing is trained, as Keras does, which goes on and counts: also what was freed inside of a frozen model stays."""
        found = self._since.found()
        if "trains" in found:
            return
        if self.model.trainable_weights:
            found["trains"] = True
        elif self.model.weights:
            warn("The model does not have any trainable weights: it is frozen, and nothing is trained")

    def evaluate(self, data: Data, batch_size: int | None, verbose: str | int, callbacks: Callbacks) -> dict[str, float]:
        """The means over all examples."""
        listeners = checked_callbacks(callbacks, self.model, {"verbose": verbose})
        events = [*self._progress(verbose, epochs=False), TestBridge(listeners)]
        return loop.evaluate(self.steps_for(data.y, training=False), data.batches(batch_size, self.dtypes(data.x)), events)

    def predict(self, x: ArrayLike, batch_size: int | None) -> Any:  # noqa: ANN401  arrays as the model gives Tensors
        """The answers to all examples."""
        array = self.fitting(as_array(x, "x"))
        return loop.predict(self.steps, Data(array, None, None).batches(batch_size, self.dtypes(array)))

    def train_on_batch(
        self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike, class_weight: Mapping[int, float] | None
    ) -> dict[str, float]:
        """One step on one batch."""
        found = self._since.found()
        steps = self._known(found, x, y) if sample_weight is None and class_weight is None else None
        if steps is not None:
            steps.train_fresh(x, y)
            return steps.logs()
        if class_weight is not None and is_given(sample_weight):
            raise ArgumentError("give sample_weight or class_weight, not both")
        if class_weight is not None:
            sample_weight = class_weights(as_array(y, "y"), class_weight)
        arrays = self._batch(x, y, sample_weight)
        self.warn_of_frozen()
        steps = self.steps_for(arrays[1])
        self._note(found, x, y, arrays)
        steps.train_fresh(*arrays)
        return steps.logs()

    def test_on_batch(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> dict[str, float]:
        """The means of one batch."""
        arrays = self._batch(x, y, sample_weight)
        steps = self.steps_for(arrays[1], training=False)
        steps.test_fresh(*arrays)
        return steps.logs()

    def predict_on_batch(self, x: ArrayLike) -> Any:  # noqa: ANN401
        """The answer to one batch."""
        answer = self.steps.predict(self._taken(x))
        return answer.numpy() if isinstance(answer, Tensor) else map_tree(lambda y: y.numpy(), answer)

    def dtypes(self, x: Array) -> tuple[Any, ...]:
        """What x, y and weights are cast to, once they were looked at."""
        sparse = self.loss is not None and losses.is_sparse(self.loss)
        return as_input_array(self.model, x[:0], "x").dtype, np.int32 if sparse else np.float32, np.float32

    @property
    def steps(self) -> Steps:
        """The steps, for prediction alone where the model was not compiled."""
        if self._made is not None:
            return self._made.steps
        if self._asking is None:
            self._asking = Steps(Task(self.model, call=called), compiled=not self._eager)
        return self._asking

    def steps_for(self, y: Array | None, *, training: bool = True) -> Steps:
        """The steps for targets of this form: "accuracy" depends on it.  Made anew where the form, or the model's output, is another.

        Raises: StateError before `compile`; ArgumentError where they are to train, and the optimizer was built for other weights.
        """
        if y is None:
            raise ArgumentError("targets are needed")
        form, found = (y.ndim, y.shape[-1:] == (1,)), self._since.found()
        made = self._right(found)
        if made is not None and made.targets == form and (made.trains or not training):
            return made.steps
        made = self._made
        optimizer, loss = self.compiled()
        parameters = {path: p for path, p in self.model.named_parameters() if isinstance(p, Parameter)}
        trains = training or optimizer.fits(parameters)
        rule = optimizer.build(parameters) if trains and parameters and self.model.trainable_weights else None
        output_shape = tuple(self.model.output_shape)
        if made is None or made.targets != form or made.output_shape != output_shape or made.steps.task.optimizer is not rule:
            layers = list(self.model.sublayers()) if self.model.numbers_layers else []
            warn_of_outputs(layers[-1] if layers else None, loss)
            warn_of_targets(loss, y)
            self.metrics = choosing.chosen(self._asked_metrics, y.shape, output_shape)
            counts = {metric.name: metric._gradwerk_count for metric in self.metrics}
            steps = Steps(Task(self.model, Adapted(loss), rule, counts, called, counts_only=rule is None), compiled=not self._eager)
        else:
            steps = made.steps
        self._made = found["made"] = Made(steps, form, output_shape, trains)
        return steps

    def _right(self, found: dict[str, Any]) -> Made | None:
        """What was made, where that was found to be right."""
        return self._made if found.get("made") is self._made else None

    def _known(self, found: dict[str, Any], x: ArrayLike, y: ArrayLike) -> Steps | None:
        """The steps for a batch like the last one, nothing having changed since; None where there is something to look at."""
        known: Known | None = found.get("batch")
        if known is None or known.made is not self._made or type(x) is not np.ndarray or type(y) is not np.ndarray:
            return None
        return known.made.steps if x.size and y.size and Known.form_of(x, y) == known.form else None

    def _note(self, found: dict[str, Any], x: ArrayLike, y: ArrayLike, arrays: Sequence[Array]) -> None:
        """Notes of a batch, of which `arrays` was made, that one of its form needs no look any more.

        That is so where what was found out of the form is all there is to find out: class numbers are looked at each time, and all that
        is cast is cast each time.
        """
        made = self._right(found)
        if made is None or not made.trains or "trains" not in found or len(arrays) != 2 or arrays[0] is not x or arrays[1] is not y:
            return
        if found.get("taken") == (x.shape[1:], x.dtype) and y.ndim > 1 and not losses.is_sparse(self.compiled()[1]):
            found["batch"] = Known(Known.form_of(x, y), made)

    def _batch(self, x: ArrayLike, y: ArrayLike, sample_weight: ArrayLike) -> list[Array]:
        """The arrays of one batch, looked at and cast.  Raises: StateError before `compile`."""
        _, loss = self.compiled()
        given, targets = self._taken(x), as_array(y, "y")
        self.check_targets(targets)
        arrays = [given, targets.astype(np.int32 if losses.is_sparse(loss) else np.float32, copy=False)]
        return [*arrays, as_array(sample_weight, "sample_weight").astype(np.float32)] if is_given(sample_weight) else arrays

    def _taken(self, x: ArrayLike) -> Array:
        """The input of one batch, looked at and cast.

        Floats of a shape and dtype that were taken before, nothing having changed since, are taken without another look.
        """
        given, found = x if type(x) is np.ndarray else as_array(x, "x"), self._since.found()
        if given.size and (given.shape[1:], given.dtype) == found.get("taken"):
            return given
        given = as_array(given, "x")
        taken = as_input_array(self.model, self.fitting(given), "x")
        if taken is given and dtypes.is_float(given.dtype):
            found["taken"] = (given.shape[1:], given.dtype)
        return taken

    def _progress(self, verbose: str | int, *, epochs: bool = True) -> list[Events]:
        """The progress display of `verbose`: 0 none, 1 or "auto" a live line with a bar, 2 a line without one per epoch."""
        check_verbose(verbose)
        return [] if verbose == 0 else [KerasProgress(plain=verbose == 2, epochs=epochs)]


def check_verbose(verbose: object) -> None:
    """Raises: ArgumentError."""
    if not isinstance(verbose, (str, int)) or verbose not in {"auto", 0, 1, 2}:
        raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', not {verbose!r}")
