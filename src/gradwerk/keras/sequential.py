"""keras.Sequential: layers called one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.layer import Array, Layer, Shape
from gradwerk.keras.model import Model
from gradwerk.keras.options import checked
from gradwerk.nn.module import Module
from gradwerk.tensor.tensor import Tensor


class Sequential(Model):
    """y = layer_n(... layer_1(x)).

    With an `Input` first (or `input_shape=` on the first layer) each layer is built as it is added, otherwise at the first call.
    """

    names_path: ClassVar[bool] = False

    @checked
    def __init__(self, layers: Sequence[Layer] | None = None, trainable: bool = True, name: str | None = None) -> None:  # noqa: FBT001, FBT002
        super().__init__(trainable=trainable, name=name)
        self._layers: tuple[Layer, ...] = ()
        self._input: InputLayer | None = None
        for layer in layers or ():
            self.add(layer)

    @checked
    def add(self, layer: Layer) -> None:
        """Puts a layer at the end.

        Raises: ArgumentError for what is no layer, a second Input, or a name that is taken.
        """
        self._check(layer)
        if isinstance(layer, InputLayer):
            self._input = layer
            return
        if not self._layers and self._input is None and layer.input_shape_argument is not None:
            self._input = InputLayer(layer.input_shape_argument)
        if not self._trainable:
            layer.trainable = False
        shape = self.output_shape if self.input_is_known else None
        self._layers = (*self._layers, layer)
        self.built = False
        if shape is not None:
            layer.build_for(shape)
            self.built = True

    @checked
    def pop(self) -> Layer:
        """Takes the last layer off.

        Raises: ArgumentError where there is none.
        """
        if not self._layers:
            raise ArgumentError("there is no layer to pop")
        *kept, last = self._layers
        self._layers = tuple(kept)
        return last

    def build(self, input_shape: Shape) -> None:
        """Builds every layer for inputs of this shape (batch axis included)."""
        if not self._layers:
            raise StateError(f"{self.label} has no layers yet", likely="model.add(layer)")
        shape = tuple(input_shape)
        for layer in self._layers:
            shape = layer.build_for(shape)

    def call(self, inputs: Any) -> Any:  # noqa: ANN401
        """Every layer in turn."""
        for layer in self._layers:
            inputs = layer(inputs)
        return inputs

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """Every layer's in turn."""
        shape = tuple(input_shape)
        for layer in self._layers:
            shape = layer.compute_output_shape(shape)
        return shape

    def check_inputs(self, x: Array) -> None:
        """The first layer's judgement."""
        if self._layers:
            self._layers[0].check_inputs(x)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """The layers by name."""
        return ((layer.name, layer) for layer in self._layers)

    @property
    def layers(self) -> list[Layer]:
        """The layers, without the Input."""
        return list(self._layers)

    @property
    def input_is_known(self) -> bool:
        """True with an Input, or once built."""
        return self._input is not None or self._input_shape is not None

    @property
    def input_shape(self) -> Shape:
        """The shape of the input.  Raises: StateError before it is known."""
        if self._input is not None:
            return self._input.batch_shape
        if self._input_shape is None:
            raise StateError(f"{self.label} does not know its input shape yet", likely="give it an Input, or call it once")
        return self._input_shape

    @property
    def output_shape(self) -> Shape:
        """The shape of the result.  Raises: StateError before the input's is known."""
        return self.compute_output_shape(self.input_shape)

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401
        """Integers where the first layer takes integers, else what the Input says."""
        first = np.dtype(self._layers[0].input_dtype if self._layers else np.float32)
        return self._input.input_dtype if self._input is not None and first.kind == "f" else first

    @property
    def weights(self) -> list[Tensor]:
        """Those of every layer in turn."""
        return [weight for layer in self._layers for weight in layer.weights]

    def _check(self, layer: object) -> None:
        if not isinstance(layer, Layer):
            raise ArgumentError(f"only layers can be added to a Sequential model, this is {layer!r}", likely=_missing_call(layer))
        if isinstance(layer, InputLayer) and (self._layers or self._input is not None):
            raise ArgumentError("an Input stands first, and once")
        if any(layer.name == other.name for other in self._layers):
            likely = "give one of them another name=; a layer cannot be added twice"
            raise ArgumentError(f"two layers are named {layer.name!r}", likely=likely)


def _missing_call(layer: object) -> str:
    return f"write {layer.__name__}(...)" if isinstance(layer, type) else ""
