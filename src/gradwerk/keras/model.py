"""keras.Model: what every model can do once its layers are known."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.base.trees import flatten
from gradwerk.keras import running
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.callbacks.callback import Callbacks, History
from gradwerk.keras.data import ArrayLike
from gradwerk.keras.graph import CallGraph
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.layers.shapes import Shape
from gradwerk.keras.layers.symbolic import TEXT, shapes_in
from gradwerk.keras.masked import as_mask, with_mask
from gradwerk.keras.naming import unique_name
from gradwerk.keras.optimizers.rules import OptimizerLike
from gradwerk.keras.options import by_name, checked, checked_except, numbers, whole
from gradwerk.keras.running import Fitting
from gradwerk.keras.saving.archive import save_model
from gradwerk.keras.saving.objects import deserialize_keras_object, serialize_keras_object
from gradwerk.keras.saving.structure import functional_from, of_functional
from gradwerk.keras.text_models import predicted
from gradwerk.keras.trained import Trained
from gradwerk.keras.training import Training
from gradwerk.keras.weights import load_weights, save_weights
from gradwerk.nn.module import Module

Array = np.ndarray[Any, np.dtype[Any]]
Answer = float | list[float] | dict[str, float]
"""The loss alone, the loss and the metrics, or both by name."""


NOT_ASKED = ("make_train_function", "make_test_function", "make_predict_function")
"""What a subclass may write for Keras to call in `fit`, and nobody calls here."""


@ORIGINAL.completes("keras.Model")
class Model(Trained, Layer):
    """A layer made of layers that can be compiled, fitted, evaluated and asked.

    `keras.Model(inputs, outputs)` is what was called between them: each is what `keras.Input` and layers give, or a list, tuple or dict of
    them.  A subclass keeps its layers as attributes (or in lists, tuples and dicts of them) and writes `call`; or it gives inputs and
    outputs to `super().__init__`.

    Raises: ArgumentError for inputs without outputs, ArgumentTypeError for options that it does not have.
    """

    numbers_layers = False
    masks_inside = True
    _graph: CallGraph | None = None

    def __init__(
        self, inputs: Any = None, outputs: Any = None, name: str | None = None, *, trainable: bool = True, **surplus: Any  # noqa: ANN401
    ) -> None:  # fmt: skip
        if surplus:
            former = {"input": "inputs", "output": "outputs"}
            name_of = next(iter(surplus))
            likely = f"{former[name_of]}=..." if name_of in former else ""
            raise ArgumentTypeError(f"{type(self).__name__} has no option {name_of!r}", likely=likely)
        if (inputs is None) != (outputs is None):
            missing = "outputs" if outputs is None else "inputs"
            raise ArgumentError(f"Model(inputs, outputs): the {missing} are missing", likely="keras.Model(inputs, outputs)")
        graph = None if inputs is None else CallGraph(inputs, outputs)
        named = name or (unique_name("Functional") if graph is not None and type(self) is Model else None)
        super().__init__(trainable=trainable, name=named)
        object.__setattr__(self, "_training_state", Training(self, self.own_steps))
        self._graph = graph
        if graph is not None:
            object.__setattr__(self, "_symbols", (inputs, outputs))
            self.numbers_layers = True
            self.build(shapes_in(inputs))

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_symbols"}

    def call(self, inputs: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
        """Every layer between inputs and outputs in turn.  A subclass that is made without them writes its own."""
        if self._graph is None:
            return super().call(inputs, *args, **kwargs)
        values = self._graph.fitted(self._graph.lined_up(inputs))
        if kwargs.get("mask") is not None:
            masks = flatten(as_mask(kwargs["mask"]))
            values = [value if mask is None else with_mask(value, mask) for value, mask in zip(values, masks, strict=True)]
        return self._graph.run(values)

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: ANN401  a shape, or a tree of them
        """The shapes of the outputs for inputs of these."""
        if self._graph is None:
            return super().compute_output_shape(input_shape)
        return self._graph.shapes_for(input_shape)

    def result_dtype(self, symbols: Any) -> Any:  # noqa: ANN401
        """That of the outputs."""
        return super().result_dtype(symbols) if self._graph is None else flatten(self._graph.gives)[0].dtype

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The layers between inputs and outputs by name, then those that are attributes alone."""
        own = [] if self._graph is None else [(layer.name, layer) for layer in self._graph.callers if isinstance(layer, Layer)]
        known = {id(layer) for _, layer in own}
        return iter([*own, *((name, child) for name, child in super().named_children() if id(child) not in known)])

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs, in order.  Raises: StateError for a model that was not made of any."""
        return flatten(self.input)

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs, in order.  Raises: StateError for a model that was not made of any."""
        return flatten(self.output)

    @property
    def input(self) -> Any:  # noqa: ANN401
        """The symbolic input, or the list, tuple or dict of them that the model was made with."""
        return super().input if self._graph is None else self._drawn(self._graph)[0]

    @property
    def output(self) -> Any:  # noqa: ANN401
        """The symbolic output, or the list, tuple or dict of them that the model was made with."""
        return super().output if self._graph is None else self._drawn(self._graph)[1]

    def _drawn(self, graph: CallGraph) -> tuple[Any, Any]:
        """The symbolic inputs and outputs: of a copy they are made anew."""
        found: tuple[Any, Any] | None = vars(self).get("_symbols")
        if found is None:
            found = graph.drawn()
            object.__setattr__(self, "_symbols", found)
        return found

    def fitted(self, x: Any, *, counted: bool = False) -> Any:  # noqa: ANN401  arrays
        """x in the shapes that the inputs have.  Raises: ShapeError naming the axis; ArgumentError for other inputs than there are."""
        return super().fitted(x, counted=counted) if self._graph is None else self._graph.arrays_for(x, counted=counted)

    def check_inputs(self, x: Any) -> None:  # noqa: ANN401
        """The judgement of the layers that read the inputs."""
        if self._graph is None:
            super().check_inputs(x)
        else:
            self._graph.check_arrays(x)

    @property
    def graph(self) -> CallGraph | None:
        """The calls between inputs and outputs; None for a model that was not made of them."""
        return self._graph

    @property
    def takes_several(self) -> bool | None:
        """Whether the model takes a list or dict of inputs; None where nobody knows."""
        return None if self._graph is None else isinstance(self._graph.expected, (list, tuple, dict))

    @property
    def takes_texts(self) -> bool:
        """Whether an input is one of texts."""
        return self._graph is not None and any(one.dtype == TEXT for one in flatten(self._graph.expected))

    @property
    def known_output_names(self) -> list[str] | None:
        """The outputs' names: their keys, or the names of the layers that give them; None where nobody knows."""
        if self._graph is None:
            return None
        gives = self._graph.gives
        return list(gives) if isinstance(gives, dict) and len(gives) == len(flatten(gives)) else [one.name for one in flatten(gives)]

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401
        """What the Input says; of several the arrays' own."""
        if self._graph is None or isinstance(self._graph.expected, (list, tuple, dict)):
            return super().input_dtype
        return np.dtype(object) if self.takes_texts else dtypes.named(self._graph.expected.dtype)

    def __copy__(self) -> Self:
        """A model of the same layers, optimizer and weights, whose own attributes may go other ways."""
        twin = type(self).__new__(type(self))
        vars(twin).update(vars(self), _training_state=self.training_state.of(twin))
        return twin

    @checked
    def compile(
        self, optimizer: OptimizerLike = "rmsprop", loss: Any = None, loss_weights: Any = None, metrics: Any = None,  # noqa: ANN401
        weighted_metrics: Any = None, *, run_eagerly: bool = False, steps_per_execution: int = 1, jit_compile: str | bool = "auto",  # noqa: ANN401
        auto_scale_loss: bool = True,
    ) -> None:  # fmt: skip
        """Says how to train.  `jit_compile` is accepted and changes nothing: steps are always compiled, unless `run_eagerly`.

        Args:
            optimizer, loss: by name, class, instance or config.  Of a model of several outputs, a loss for all of them, a list of one for
                each, or a dict by the outputs' names (those of the layers that give them).
            loss_weights: by what each output's loss is multiplied in the sum that is minimised; a list or a dict.
            metrics, weighted_metrics: a list; of several outputs a list with a list for each, or a dict.  The latter count sample weights.
            steps_per_execution: callbacks are told of each so many batches.
            auto_scale_loss: accepted; there are no policies of narrow floats whose loss would be scaled.

        Raises: ArgumentError for unknown names.
        """
        if own := [name for name in NOT_ASKED if getattr(type(self), name, None) is not getattr(Model, name, None)]:
            raise ArgumentError(
                f"{type(self).__name__} writes its own {own[0]}, which is not here yet: fit would not call it",
                likely="write train_step, test_step or predict_step: fit, evaluate and predict call these",
            )
        if jit_compile is not None and not isinstance(jit_compile, bool) and not (isinstance(jit_compile, str) and jit_compile == "auto"):
            raise ArgumentError(f"compile: jit_compile is True, False or 'auto', this is {jit_compile!r}")
        every = whole("compile", "steps_per_execution", steps_per_execution, 1)
        state = self.training_state
        state.configure(optimizer, loss, metrics, loss_weights, weighted_metrics, run_eagerly=run_eagerly, steps_per_execution=every)

    @checked_except(
        "batch_size", "epochs", "initial_epoch", "validation_batch_size", "steps_per_epoch", "validation_steps", "validation_freq"
    )
    def fit(
        self, x: ArrayLike = None, y: ArrayLike = None, batch_size: int | None = None, epochs: int = 1, verbose: str | int = "auto",
        callbacks: Callbacks = None, validation_split: float = 0.0, validation_data: ArrayLike = None,
        shuffle: bool = True, class_weight: dict[int, float] | None = None, sample_weight: ArrayLike = None,  # noqa: FBT001, FBT002
        initial_epoch: int = 0, steps_per_epoch: int | None = None, validation_steps: int | None = None,
        validation_batch_size: int | None = None, validation_freq: int | list[int] = 1,
    ) -> History:  # fmt: skip
        """Trains on arrays, or on what gives batches: a generator, a `keras.utils.PyDataset`, a loader, anything that can be iterated.

        A batch is (x, y), (x, y, sample_weight) or x.  An epoch is `steps_per_epoch` batches, else all; what ends early ends training, with
        a warning.  `validation_freq` says after how many epochs, or behind which, validation follows.

        Shape: x (examples, ...), y (examples, ...).  Raises: DataError, ShapeError, DTypeError for data that cannot be trained on;
        NumericError when the loss is no number; StateError before compile.
        """
        told = Fitting(
            batch_size, epochs, verbose, callbacks, shuffle, class_weight, initial_epoch, steps_per_epoch, validation_steps,
            validation_batch_size, validation_freq,
        )  # fmt: skip
        return running.fit(self.training_state, x, y, sample_weight, validation_data, validation_split, told)

    @checked_except("batch_size", "steps")
    def evaluate(
        self, x: ArrayLike = None, y: ArrayLike = None, batch_size: int | None = None, verbose: str | int = "auto",
        sample_weight: ArrayLike = None, steps: int | None = None, callbacks: Callbacks = None, return_dict: bool = False,  # noqa: FBT001, FBT002
    ) -> Answer:  # fmt: skip
        """The loss and the metrics over all examples, or `steps` batches of them: a number, a list, or with `return_dict` a dict."""
        state = self.training_state
        given = running.feed(state, x, y, sample_weight, batch_size, running.steps_of("evaluate", "steps", steps))
        return _answer(running.evaluate(state, given, verbose, callbacks), return_dict=return_dict)

    @checked_except("batch_size", "steps")
    def predict(
        self, x: ArrayLike, batch_size: int | None = None, verbose: str | int = "auto", steps: int | None = None,
        callbacks: Callbacks = None,
    ) -> Any:  # noqa: ANN401  # fmt: skip
        """The model's answers to all examples, or to `steps` batches of them: an array, of several outputs a list, tuple or dict of them.

        Shape: x (examples, ...) -> (examples, ...).
        """
        running.check_verbose(verbose)
        if self.takes_texts:
            return predicted(self, x, batch_size)
        return running.predict(self.training_state, x, batch_size, verbose, running.steps_of("predict", "steps", steps), callbacks)

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
        self, line_length: int | None = None, positions: Sequence[float] | None = None, print_fn: Callable[[str], object] | None = None,
        *, expand_nested: bool = False, show_trainable: bool = False, layer_range: Sequence[str] | None = None,
    ) -> None:  # fmt: skip
        """Prints the layers with their shapes and numbers of weights.

        Args:
            line_length: how wide the table is; else as wide as the terminal, up to what Keras takes.
            positions: where each column ends, as shares of the width.
            print_fn: a function that is given the text, instead of printing it.
            expand_nested: whether the layers of models in the model follow below them.
            show_trainable: whether a column says which layers learn.
            layer_range: names, or regular expressions of them, of the first and the last layer that are shown.

        Raises: ArgumentError for columns too narrow, and for names that no layer has.
        """
        if print_fn is not None and not callable(print_fn):
            raise ArgumentError(f"summary: print_fn is a function of a text, this is {print_fn!r}")
        from gradwerk.keras.summary import Shown, summarize  # noqa: PLC0415  rich takes 40 ms to import

        ends = None if positions is None else tuple(numbers("summary", "positions", positions))
        shown = Shown(line_length, ends, nested=bool(expand_nested), trainable=bool(show_trainable), between=layer_range)
        summarize(self, self.graph, self.optimizer, shown, print_fn)

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

    def get_config(self) -> dict[str, Any]:
        """What makes an equal model: of one made of inputs and outputs its layers and calls, else the arguments that were kept."""
        if self._graph is None or type(self) is not Model:
            return super().get_config()
        return of_functional(self, self._graph)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """A model from `get_config`'s answer.  Raises: ArgumentError for layers that are not known."""
        if "layers" not in config or "input_layers" not in config:
            return super().from_config(config)
        made: Self = functional_from(cls, config, custom_objects)
        return made

    def get_compile_config(self) -> dict[str, Any]:
        """What `compile` was told, as plain data."""
        return self.training_state.described()

    def compile_from_config(self, config: Mapping[str, Any]) -> None:
        """`compile`, as `get_compile_config` says.  Raises: ArgumentError for losses, metrics and optimizers that are not known."""
        taken = ("optimizer", "loss", "loss_weights", "metrics", "weighted_metrics", "run_eagerly", "steps_per_execution")
        given = {name: deserialize_keras_object(config[name]) for name in taken if config.get(name) is not None}
        self.compile(**given)

    def save(self, filepath: str | Path, overwrite: bool = True, zipped: bool | None = None) -> None:  # noqa: FBT001, FBT002  Keras' signature
        """See `keras.saving.save_model`."""
        save_model(self, filepath, overwrite, zipped)

    def to_json(self, **kwargs: Any) -> str:  # noqa: ANN401  those of json.dumps
        """The structure as JSON: `keras.models.model_from_json` makes it again, without weights."""
        return json.dumps(serialize_keras_object(self), **kwargs)

    @checked
    def save_weights(self, filepath: str | Path, overwrite: bool = True) -> None:  # noqa: FBT001, FBT002  Keras' signature
        """Writes all weights to one file, whole or not at all: `.weights.safetensors`, or Keras' own `.weights.h5` (with h5py).

        In the former they are named by where they stand in the model: `layers.dense_1.kernel` is that of the second Dense.
        Raises: ArgumentError for another ending, StateError before the model is built, FileError where it cannot be written.
        """
        save_weights(self, filepath, overwrite=overwrite)

    @checked
    def load_weights(self, filepath: str | Path, skip_mismatch: bool = False, *, by_name: bool = False) -> None:  # noqa: FBT001, FBT002
        """Reads weights of `save_weights`, or of Keras' (also 1 and 2), for a model of the same structure: all, or (with an error) none.

        With `by_name`, of files of Keras 2, those of layers that are called as the model's.  `skip_mismatch` leaves weights as they are
        that the file lacks or has in another shape, with a warning.
        Raises: FileError for a file that is missing or damaged; ArgumentError, ShapeError for one of another model.
        """
        load_weights(self, filepath, skip_mismatch=skip_mismatch, by_name=by_name)



def _answer(logs: dict[str, float], *, return_dict: bool) -> Answer:
    """One number alone, several as a list, the loss first; a dict in the order of its names, as Keras'."""
    if return_dict:
        return dict(sorted(logs.items()))
    values = list(logs.values())
    return values[0] if len(values) == 1 else values
