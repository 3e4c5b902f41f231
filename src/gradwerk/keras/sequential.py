"""keras.Sequential: layers called one after the other."""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.layers.calls import inside
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.layer import Array, Layer, Shape
from gradwerk.keras.layers.recurrent import check_sequences
from gradwerk.keras.model import Model
from gradwerk.keras.options import checked, checked_except
from gradwerk.nn.module import Module


@ORIGINAL.completes("keras.Sequential")
class Sequential(Model):
    """y = layer_n(... layer_1(x)).

    With an `Input` first (or `input_shape=` on the first layer) each layer is built as it is added, otherwise at the first call.
    """

    names_path: ClassVar[bool] = False
    numbers_layers: ClassVar[bool] = True

    @checked_except("trainable")
    def __init__(self, layers: Sequence[Layer] | None = None, trainable: bool = True, name: str | None = None) -> None:  # noqa: FBT001, FBT002
        if isinstance(layers, Layer) or isinstance(trainable, Layer):
            raise ArgumentError("Sequential takes one list of layers, not layers one by one", likely="keras.Sequential([layer, layer])")
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
            check_sequences(self._layers)
            with inside(self):
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
        check_sequences(self._layers)
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
        return tuple(self._input_shape)

    @property
    def output_shape(self) -> Shape:
        """The shape of the result.  Raises: StateError before the input's is known."""
        return self.compute_output_shape(self.input_shape)

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401
        """Integers where the first layer takes integers, else what the Input says."""
        first = np.dtype((self._layers[0].input_dtype if self._layers else None) or np.float32)
        return self._input.input_dtype if self._input is not None and dtypes.is_float(first) else first

    def build_on(self, x: Array) -> None:
        """Builds every layer for examples of this shape."""
        self.build_for((None, *x.shape[1:]))

    def fitted(self, x: Array, *, counted: bool = False) -> Array:
        """x in the shape that the input says.  Raises: ShapeError naming the axis."""
        expected = self.input_shape
        if x.ndim == 1 and expected == (None, 1):
            return x[:, None]
        bad = [k for k in range(1, min(len(expected), x.ndim)) if expected[k] not in {None, x.shape[k]}]
        if len(expected) == x.ndim and not bad:
            return x
        raise ShapeError(
            f"x has {x.ndim} axes, the model expects {len(expected)}" if len(expected) != x.ndim
            else f"axis {bad[0]} of x is {x.shape[bad[0]]}, the model expects {expected[bad[0]]}",
            facts=(f"x {x.shape} {dtypes.name(x.dtype)}", f"the model's input {expected}"),
            likely=reshaped(x.shape, expected, counted=counted),
        )  # fmt: skip

    def _check(self, layer: object) -> None:
        """Raises: ArgumentError for what cannot be added."""
        if not isinstance(layer, Layer):
            raise ArgumentError(f"only layers can be added to a Sequential model, this is {layer!r}", likely=_missing_call(layer))
        if isinstance(layer, InputLayer) and (self._layers or self._input is not None):
            raise ArgumentError("an Input stands first, and once")
        if any(layer.name == other.name for other in self._layers):
            likely = "give one of them another name=; a layer cannot be added twice"
            raise ArgumentError(f"two layers are named {layer.name!r}", likely=likely)


def reshaped(shape: tuple[int, ...], expected: Shape, *, counted: bool = False) -> str:
    """What makes an array of this shape one that is expected; '' where that is not clear.

    An array that is `counted` has as many examples as targets, so that it is no single one.
    """

    def fits(other: tuple[int, ...]) -> bool:
        return len(other) == len(expected) and all(n in {None, m} for n, m in zip(expected[1:], other[1:], strict=True))

    single, grey = (1, *shape), (*shape, 1)
    if len(shape) > 1 and fits(single) and fits(grey):
        return ""
    if fits(grey):
        what = "grey images lack the channels axis" if len(expected) == 4 else "numbers lack the features axis"
        return f"{what}: x[..., None]" if len(expected) > 2 else "x[:, None]"
    if fits(single):
        whole = f"the shape of an Input is that of one example, without their number: keras.Input({shape[1:]})"
        return whole if counted else "a single example lacks the batch axis: x[None]"
    if fits((1, *grey)) and not counted:
        return "a single grey image lacks the batch and the channels axis: x[None, ..., None]"
    if len(shape) == len(expected) == 4 and fits((shape[0], shape[2], shape[3], shape[1])):
        return "the channels stand first; they belong last: x.transpose(0, 2, 3, 1)"
    known = [n for n in expected[1:] if n is not None]
    if len(known) == len(expected) - 1 and math.prod(shape[1:]) == math.prod(known):
        return f"x.reshape({', '.join(map(str, (-1, *known)))})"
    if shape and shape[-1:] == (1,) and fits(shape[:-1]):
        return "x[..., 0]"
    return ""


def _missing_call(layer: object) -> str:
    """The fix for a class in the place of an instance."""
    if not isinstance(layer, type):
        return ""
    if not issubclass(layer, Layer):
        return ""
    needed = [p for p in inspect.signature(layer).parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return f"write {layer.__name__}({'...' if needed else ''})"
