"""keras.Sequential: layers called one after the other."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.trees import flatten
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.fitting import fitted
from gradwerk.keras.layers.calls import inside
from gradwerk.keras.layers.drawing import draw
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.layer import Array, Layer, Shape
from gradwerk.keras.layers.recurrent import check_sequences
from gradwerk.keras.layers.shapes import is_one_shape
from gradwerk.keras.layers.symbolic import TEXT, is_symbol
from gradwerk.keras.masked import with_mask
from gradwerk.keras.model import Model
from gradwerk.keras.options import checked, checked_except
from gradwerk.keras.saving.structure import of_sequential, sequential_from
from gradwerk.nn.module import Module


@ORIGINAL.completes("keras.Sequential")
class Sequential(Model):
    """y = layer_n(... layer_1(x)).

    With an `Input` first (or `input_shape=` on the first layer) each layer is built as it is added, otherwise at the first call.

    Raises: ArgumentError for layers one by one.
    """

    names_path: ClassVar[bool] = False
    numbers_layers = True

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
        if is_symbol(layer) and layer.node is not None and isinstance(layer.node.caller, InputLayer):
            layer = layer.node.caller
        self._check(layer)
        if isinstance(layer, InputLayer):
            self._input = layer
            return
        if not self._layers and self._input is None and layer.input_shape_argument is not None:
            self._input = InputLayer(layer.input_shape_argument)
        if not self._trainable:
            layer.trainable = False
        before = self._layers
        shape = self.output_shape if self.input_is_known and self._input is None else None
        self._layers = (*before, layer)
        self.built = False
        if not self.input_is_known:
            return
        try:
            check_sequences(self._layers)
            if shape is not None:
                layer.build_for(shape)
            else:
                self._symbols_of()
        except BaseException:
            self._layers = before
            raise
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
        object.__setattr__(self, "_symbols", vars(self).get("_symbols", ())[: len(kept) + 1])
        return last

    def build(self, input_shape: Shape) -> None:
        """Builds every layer for inputs of this shape (batch axis included)."""
        if not self._layers:
            raise StateError(f"{self.label} has no layers yet", likely="model.add(layer)")
        check_sequences(self._layers)
        shape = tuple(input_shape)
        if not is_one_shape(shape) or not all(n is None or n > 0 for n in shape) or not shape:
            for layer in self._layers:
                shape = layer.build_for(shape)
            return
        if self._input is None:
            kind = TEXT if self.takes_texts else np.dtype(self._layers[0].input_dtype or np.float32).name
            self._input = InputLayer(shape[1:], shape[0], dtype=kind)
        self._symbols_of()

    def _symbols_of(self) -> list[Any]:
        """The symbolic value of the input and of what each layer gives, the layers built; those that are there are kept."""
        found = list(vars(self).get("_symbols", ())) or ([] if self._input is None else [self._input.output])
        with inside(self):
            for layer in self._layers[len(found) - 1 :] if found else ():
                found.append(draw(layer, (found[-1],), {}))
        object.__setattr__(self, "_symbols", tuple(found))
        return found

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in super().__getstate__().items() if name != "_symbols"}

    @property
    def inputs(self) -> list[Any]:
        """The symbolic inputs of the model: one.  Raises: StateError before its shape is known."""
        return [self.input]

    @property
    def outputs(self) -> list[Any]:
        """The symbolic outputs of the model."""
        return flatten(self.output)

    @property
    def input(self) -> Any:  # noqa: ANN401
        """The symbolic input.  Raises: StateError before its shape is known."""
        return self._all_symbols()[0]

    @property
    def output(self) -> Any:  # noqa: ANN401
        """The symbolic output.  Raises: StateError before the input's shape is known."""
        return self._all_symbols()[-1]

    def _all_symbols(self) -> list[Any]:
        if self._input is None:
            raise StateError(f"{self.label} does not know its input shape yet", likely="give it an Input, or call it once")
        return self._symbols_of()

    def call(self, inputs: Any, mask: Any = None) -> Any:  # noqa: ANN401
        """Every layer in turn."""
        if mask is not None:
            inputs = with_mask(inputs, mask)
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
    def takes_several(self) -> bool | None:
        """One input."""
        return False

    @property
    def takes_texts(self) -> bool:
        """Whether the Input is one of texts, or the first layer takes them where there is none."""
        first = self._layers[0] if self._layers else None
        return self._input.dtype == TEXT if self._input is not None else bool(getattr(first, "takes_texts", False))

    @property
    def known_output_names(self) -> list[str] | None:
        """The name of the last layer."""
        return [self._layers[-1].name] if self._layers else None

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
        return fitted(x, self.input_shape, counted=counted)

    def get_config(self) -> dict[str, Any]:
        """The layers, an Input first where there is one."""
        return of_sequential(self)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
        """A model from `get_config`'s answer.  Raises: ArgumentError for layers that are not known."""
        return sequential_from(cls, config, custom_objects)

    def _check(self, layer: object) -> None:
        """Raises: ArgumentError for what cannot be added."""
        if not isinstance(layer, Layer):
            raise ArgumentError(f"only layers can be added to a Sequential model, this is {layer!r}", likely=_missing_call(layer))
        if isinstance(layer, InputLayer) and (self._layers or self._input is not None):
            raise ArgumentError("an Input stands first, and once")
        if any(layer.name == other.name for other in self._layers):
            likely = "give one of them another name=; a layer cannot be added twice"
            raise ArgumentError(f"two layers are named {layer.name!r}", likely=likely)


def _missing_call(layer: object) -> str:
    """The fix for a class in the place of an instance."""
    if not isinstance(layer, type):
        return ""
    if not issubclass(layer, Layer):
        return ""
    needed = [p for p in inspect.signature(layer).parameters.values() if p.default is p.empty and p.kind is p.POSITIONAL_OR_KEYWORD]
    return f"write {layer.__name__}({'...' if needed else ''})"
