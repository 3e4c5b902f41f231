"""keras.Model: what every model can do once its layers are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.callbacks import Callbacks, History
from gradwerk.keras.data import ArrayLike
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.shapes import Shape
from gradwerk.keras.losses import LossLike
from gradwerk.keras.metrics import Metric
from gradwerk.keras.optimizers.optimizer import Optimizer
from gradwerk.keras.optimizers.rules import OptimizerLike
from gradwerk.keras.options import by_name, checked, checked_except, whole
from gradwerk.keras.training import Training, check_verbose
from gradwerk.keras.weights import load_weights, save_weights

Array = np.ndarray[Any, np.dtype[Any]]
Answer = float | list[float] | dict[str, float]
"""The loss alone, the loss and the metrics, or both by name."""


NOT_ASKED = (
    "train_step", "test_step", "predict_step", "compute_loss", "compute_metrics", "make_train_function", "make_test_function",
    "make_predict_function",
)  # fmt: skip
"""What a subclass may write for Keras to call in `fit`, and nobody calls here yet."""


@ORIGINAL.completes("keras.Model")
class Model(Layer):
    """A layer made of layers that can be compiled, fitted, evaluated and asked.

    A subclass keeps its layers as attributes (or in lists, tuples and dicts of them) and writes `call`.
    """

    def __init__(self, *inputs: Any, trainable: bool = True, name: str | None = None, **outputs: Any) -> None:  # noqa: ANN401
        if inputs or outputs:
            raise ArgumentError(
                "Model(inputs, outputs): models made by calling layers on an Input are not here yet",
                likely="put the layers into keras.Sequential([keras.Input(...), ...]), or subclass keras.Model",
            )
        super().__init__(trainable=trainable, name=name)
        object.__setattr__(self, "_training_state", Training(self))

    def __copy__(self) -> Self:
        """A model of the same layers, optimizer and weights, whose own attributes may go other ways."""
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self), _training_state=self.training_state.of(twin))
        return twin

    @property
    def training_state(self) -> Training:
        """What `compile` was told, and the steps made of it.  Raises: StateError where a subclass did not begin as one."""
        state: Training | None = vars(self).get("_training_state")
        if state is None:
            raise StateError(f"{type(self).__name__}.__init__ does not call that of its base", likely="begin it with super().__init__()")
        return state

    @checked
    def compile(
        self, optimizer: OptimizerLike = "rmsprop", loss: LossLike | None = None, *, metrics: Sequence[Any] | None = None,
        run_eagerly: bool = False, steps_per_execution: int = 1, jit_compile: str | bool = "auto",
    ) -> None:  # fmt: skip
        """Says how to train.  `jit_compile` is accepted and changes nothing: steps are always compiled, unless `run_eagerly`.

        Raises: ArgumentError for unknown names.
        """
        if own := [name for name in NOT_ASKED if getattr(type(self), name, None) is not getattr(Model, name, None)]:
            raise ArgumentError(
                f"{type(self).__name__} writes its own {own[0]}, which is not here yet: fit would not call it",
                likely="write the loop with gradwerk.compile, or put what it computes into the loss or into call",
            )
        if jit_compile is not None and not isinstance(jit_compile, bool) and not (isinstance(jit_compile, str) and jit_compile == "auto"):
            raise ArgumentError(f"compile: jit_compile is True, False or 'auto', this is {jit_compile!r}")
        if steps_per_execution != 1:
            raise ArgumentError("compile: only steps_per_execution=1 is supported here")
        self.training_state.configure(optimizer, loss, metrics, run_eagerly=run_eagerly)

    @checked_except("batch_size", "epochs", "initial_epoch", "validation_batch_size")
    def fit(
        self, x: ArrayLike = None, y: ArrayLike = None, batch_size: int | None = None, epochs: int = 1, verbose: str | int = "auto",
        callbacks: Callbacks = None, validation_split: float = 0.0, validation_data: ArrayLike = None,
        shuffle: bool = True, class_weight: dict[int, float] | None = None, sample_weight: ArrayLike = None,  # noqa: FBT001, FBT002
        initial_epoch: int = 0, *, validation_batch_size: int | None = None,
    ) -> History:  # fmt: skip
        """Trains on arrays.

        Shape: x (examples, ...), y (examples, ...).  Raises: DataError, ShapeError, DTypeError for data that cannot be trained on;
        NumericError when the loss is no number; StateError before compile.
        """
        state = self.training_state
        data = state.data(x, y, sample_weight)
        validation = state.validation_data(validation_data)
        if validation is None and validation_split:
            data, validation = data.split(validation_split)
        return state.fit(
            data.with_class_weights(class_weight), validation, batch_size=batch_size, epochs=epochs, verbose=verbose,
            callbacks=callbacks, shuffle=shuffle, initial_epoch=initial_epoch, validation_batch_size=validation_batch_size,
        )  # fmt: skip

    @checked_except("batch_size")
    def evaluate(
        self, x: ArrayLike = None, y: ArrayLike = None, batch_size: int | None = None, verbose: str | int = "auto",
        sample_weight: ArrayLike = None, *, callbacks: Callbacks = None, return_dict: bool = False,
    ) -> Answer:  # fmt: skip
        """The loss and the metrics over all examples: a number, a list, or with `return_dict` a dict."""
        data = self.training_state.data(x, y, sample_weight)
        return _answer(self.training_state.evaluate(data, batch_size, verbose, callbacks), return_dict=return_dict)

    @checked_except("batch_size")
    def predict(self, x: ArrayLike, batch_size: int | None = None, verbose: str | int = "auto", *, callbacks: Callbacks = None) -> Any:  # noqa: ANN401
        """The model's answers to all examples: an array, of several outputs a list, tuple or dict of them.

        Shape: x (examples, ...) -> (examples, ...).
        """
        if callbacks is not None and not (isinstance(callbacks, list) and not callbacks):
            raise ArgumentError("predict: callbacks are not supported here yet")
        check_verbose(verbose)
        return self.training_state.predict(x, batch_size)

    @checked
    def train_on_batch(
        self, x: ArrayLike, y: ArrayLike = None, sample_weight: ArrayLike = None, class_weight: dict[int, float] | None = None,
        return_dict: bool = False,  # noqa: FBT001, FBT002
    ) -> Answer:  # fmt: skip
        """One step on one batch; the loss and the metrics of it."""
        return _answer(self.training_state.train_on_batch(x, y, sample_weight, class_weight), return_dict=return_dict)

    @checked
    def test_on_batch(
        self, x: ArrayLike, y: ArrayLike = None, sample_weight: ArrayLike = None, return_dict: bool = False  # noqa: FBT001, FBT002
    ) -> Answer:  # fmt: skip
        """The loss and the metrics of one batch, without training."""
        return _answer(self.training_state.test_on_batch(x, y, sample_weight), return_dict=return_dict)

    @checked
    def predict_on_batch(self, x: ArrayLike) -> Any:  # noqa: ANN401
        """The model's answer to one batch."""
        return self.training_state.predict_on_batch(x)

    @checked
    def summary(
        self, line_length: int | None = None, *, print_fn: Callable[[str], object] | None = None, show_trainable: bool = False
    ) -> None:  # fmt: skip
        """Prints the layers with their shapes and numbers of weights."""
        if print_fn is not None and not callable(print_fn):
            raise ArgumentError(f"summary: print_fn is a function of a text, this is {print_fn!r}")
        from gradwerk.keras.summary import summarize  # noqa: PLC0415  rich takes 40 ms to import

        summarize(self, self.optimizer, line_length=line_length, print_fn=print_fn, show_trainable=bool(show_trainable))

    @checked
    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """The layer of a name, or at a place.  Raises: ArgumentError where there is none, and for both."""
        if index is not None and name is not None:
            raise ArgumentError(f"get_layer: a name or an index, not both: name={name!r}, index={index!r}")
        if index is not None:
            index = whole("get_layer", "index", index, -len(self.layers))
            if not -len(self.layers) <= index < len(self.layers):
                raise ArgumentError(f"there is no layer {index}; the model has {len(self.layers)}")
            return self.layers[index]
        return by_name("layer", name, {layer.name: layer for layer in self.layers})

    @property
    def layers(self) -> list[Layer]:
        """The layers that it holds."""
        return list(self.sublayers())

    @property
    def input_shape(self) -> Shape:
        """The shape of the input."""
        return self._input_shape or ()

    @checked
    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:  # noqa: FBT001, FBT002  Keras' signature
        """Writes all weights to one safetensors file, whole or not at all.  The name ends in `.weights.safetensors`.

        Weights are named by where they stand in the model, not by its layers' names: `layers.dense_1.kernel` is the second Dense.
        Raises: ArgumentError for another ending, StateError before the model is built, FileError where it cannot be written.
        """
        save_weights(self, filepath, overwrite=overwrite)

    @checked
    def load_weights(self, filepath: str | Path, skip_mismatch: bool = False) -> None:  # noqa: FBT001, FBT002  Keras' signature
        """Reads weights that `save_weights` wrote for a model of the same structure: all, or (with an error) none.

        `skip_mismatch` leaves weights as they are that the file lacks or has in another shape, with a warning.
        Raises: FileError for a file that is missing or damaged; ArgumentError, ShapeError for one of another model.
        """
        load_weights(self, filepath, skip_mismatch=skip_mismatch)

    @property
    def optimizer(self) -> Optimizer | None:
        """The optimizer given to compile."""
        return self.training_state.optimizer

    @property
    def loss(self) -> LossLike | None:
        """The loss given to compile, as it was given."""
        return self.training_state.asked_loss

    @property
    def metrics(self) -> list[Metric]:
        """The metrics, once they have met data."""
        return list(self.training_state.metrics)

    @property
    def metrics_names(self) -> list[str]:
        """`loss`, then the metrics' names."""
        return ["loss", *(metric.name for metric in self.metrics)]

    @property
    def compiled(self) -> bool:
        """True after `compile`."""
        return self.training_state.loss is not None

    @property
    def history(self) -> History | None:
        """What the last `fit` gave back."""
        return self.training_state.history

    @property
    def stop_training(self) -> bool:
        """Set by a callback to end `fit`."""
        return self.training_state.stop

    @stop_training.setter
    def stop_training(self, value: bool) -> None:
        self.training_state.stop = bool(value)

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run op by op instead of compiled."""
        return self.training_state.eager

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self.training_state.eager = bool(value)


def _answer(logs: dict[str, float], *, return_dict: bool) -> Answer:
    """One number alone, several as a list, the loss first; a dict in the order of its names, as Keras'."""
    if return_dict:
        return dict(sorted(logs.items()))
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
