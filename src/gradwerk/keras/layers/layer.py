"""Layer: a Module that is built for the first input shape it meets, and carries Keras' names and habits."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, ClassVar, Self, Unpack

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.base.origin import module_path
from gradwerk.keras import activations, initializers
from gradwerk.keras.initializers import InitializerLike
from gradwerk.keras.naming import unique_name
from gradwerk.keras.options import LayerOptions, checked
from gradwerk.nn.module import Module
from gradwerk.tensor.random import default_generator
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.train.mode import mode

Array = np.ndarray[Any, np.dtype[Any]]
Shape = tuple[int | None, ...]
"""A shape whose batch axis, and others not known yet, are None."""


class Layer(Module):
    """The base of all layers.

    A subclass keeps each argument of its `__init__` under the same name, makes its weights in `build`, computes in `call`, and says its
    `compute_output_shape`.
    """

    training = False
    names_path: ClassVar[bool] = True
    """Whether the layer stands in the path that errors show."""

    @checked
    def __init__(self, **options: Unpack[LayerOptions]) -> None:
        if options.get("dtype") not in {None, "float32"}:
            raise ArgumentError(f"layers compute in float32, not in {options['dtype']}")
        self.name = options.get("name") or unique_name(type(self).__name__)
        self.built = False
        self.input_shape_argument = options.get("input_shape")
        self._trainable = bool(options.get("trainable", True))
        self._input_shape: Shape | None = None

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        if "build" in cls.__dict__:
            # A subclass writes `build` plainly, and anyone may call it twice: so it is wrapped where the class is made.
            cls.build = _once(cls.__dict__["build"])  # type: ignore[assignment, method-assign]

    def build(self, input_shape: Shape) -> None:
        """Makes the weights for inputs of this shape.  A layer without weights has nothing to make.  Does its work once."""
        _mark_built(self, input_shape)

    def call(self, inputs: Any) -> Any:  # noqa: ANN401  a subclass says what it takes and gives
        """The computation.  A subclass writes it."""
        raise StateError(f"{type(self).__name__} defines no call", likely="write `def call(self, inputs): ...`")

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """The shape of the result; that of the input unless a subclass says otherwise."""
        return input_shape

    def __call__(self, inputs: Any, training: bool | None = None) -> Any:  # noqa: ANN401, FBT001  Keras' signature
        """The result for a Tensor or array; builds the layer first where needed.

        `training` switches dropout and batch statistics; left out, the layer does as the model it is called in.
        """
        with module_path(self.label) if self.names_path else nullcontext():
            x = inputs if isinstance(inputs, Tensor) else Tensor(np.asarray(inputs, self.input_dtype))
            if not self.built:
                self.build_for((None, *x.shape[1:]))
            if training is None:
                return self.call(x)
            with mode(self, training=training):
                return self.call(x)

    def forward(self, x: Any) -> Any:  # noqa: ANN401
        """`call`."""
        return self.call(x)

    def build_for(self, input_shape: Sequence[int | None]) -> Shape:
        """Builds the layer where it is not built yet; the output shape."""
        shape = tuple(input_shape)
        with module_path(self.label) if self.names_path else nullcontext():
            self.build(shape)
            return self.compute_output_shape(shape)

    def add_weight(self, shape: Sequence[int], initializer: InitializerLike = "glorot_uniform", *, trainable: bool = True) -> Tensor:
        """A new weight, filled by an initializer's name, instance or function.  Assign it to an attribute: that names it."""
        filled = initializers.get(initializer).fill(tuple(shape), default_generator())
        return Parameter(filled) if trainable else Tensor(filled)

    def check_inputs(self, x: Array) -> None:
        """Refuses data that the layer could not make sense of.  Raises: DataError."""

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401  a NumPy dtype
        """What arrays given to the layer are cast to."""
        return np.float32

    @property
    def output_shape(self) -> Shape:
        """The shape of the result, None standing for the batch.

        Raises: StateError before the layer is built.
        """
        if self._input_shape is None:
            raise StateError(f"{self.label} has no output shape yet", likely="build it: call it once, or give the model an Input")
        return self.compute_output_shape(self._input_shape)

    @property
    def trainable(self) -> bool:
        """Whether training changes the weights.  Setting it freezes or frees them, also those of layers inside."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = bool(value)
        for _, parameter in self.own_parameters():
            parameter.requires_grad = self._trainable
        self.changed()

    @property
    def weights(self) -> list[Tensor]:
        """Trained weights, then statistics, in order of making."""
        return [*(tensor for _, tensor in self.own_parameters()), *(tensor for _, tensor in self.own_buffers())]

    @property
    def trainable_weights(self) -> list[Tensor]:
        """The weights that training changes."""
        return [weight for weight in self.weights if isinstance(weight, Parameter) and weight.requires_grad]

    @property
    def non_trainable_weights(self) -> list[Tensor]:
        """The others: frozen ones and statistics."""
        changing = {id(weight) for weight in self.trainable_weights}
        return [weight for weight in self.weights if id(weight) not in changing]

    variables = weights
    trainable_variables = trainable_weights
    non_trainable_variables = non_trainable_weights

    def get_weights(self) -> list[Array]:
        """Copies of all weights."""
        return [np.array(weight.numpy()) for weight in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Copies arrays into the weights, in the order of `get_weights`.  Nothing is copied unless all fit.

        Raises: ArgumentError for another number of arrays, ShapeError for other shapes.
        """
        own, given = self.weights, [np.asarray(array) for array in weights]
        if len(own) != len(given):
            unbuilt = "build the model first: call it once, or give it an Input" if not own else ""
            raise ArgumentError(f"{self.label} has {len(own)} weights, {len(given)} were given", likely=unbuilt)
        for position, (weight, array) in enumerate(zip(own, given, strict=True)):
            if tuple(weight.shape) != array.shape:
                raise ShapeError(
                    f"weight {position} of {self.label} has another shape",
                    facts=(f"given {array.shape}      weight {tuple(weight.shape)}",),
                )
        for weight, array in zip(own, given, strict=True):
            weight.assign(np.asarray(array, weight.dtype))

    def count_params(self) -> int:
        """The number of weights' elements.

        Raises: StateError before the layer is built.
        """
        if not self.built:
            raise StateError(f"{self.label} has no weights yet", likely="build it: call it once, or give the model an Input")
        return sum(int(np.prod(weight.shape)) for weight in self.weights)

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal layer: `type(layer).from_config(config)`."""
        names = [name for name in inspect.signature(type(self).__init__).parameters if name not in {"self", "options"}]
        own = {name: _plain(getattr(self, name)) for name in names}
        return {"name": self.name, "trainable": self.trainable, **own}

    @classmethod
    @checked
    def from_config(cls, config: dict[str, Any]) -> Self:
        """A layer from `get_config`'s answer."""
        return cls(**config)


def _once(build: Callable[[Any, Shape], None]) -> Callable[[Any, Shape], None]:
    """A `build` that does nothing on a built layer, and says afterwards that it is built."""

    @functools.wraps(build)
    def build_once(self: Layer, input_shape: Shape) -> None:
        if not self.built:
            build(self, tuple(input_shape))
            _mark_built(self, tuple(input_shape))

    return build_once


def _mark_built(layer: Layer, input_shape: Shape) -> None:
    if not layer.built:
        layer.built, layer._input_shape = True, input_shape
        for _, parameter in layer.own_parameters():
            parameter.requires_grad = layer._trainable


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A value of a config as JSON can hold it."""
    if isinstance(value, initializers.Initializer):
        return initializers.serialize(value)
    return activations.serialize(value) if callable(value) else value
