"""A layer called on symbolic values: it is built, and the call is noted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any, ClassVar, Protocol

from gradwerk.base.origin import module_path
from gradwerk.keras.layers.building import shapes_of_arguments
from gradwerk.keras.layers.shapes import Runs, Shapes, check_one_input, map_shapes, without_traces
from gradwerk.keras.layers.symbolic import Caller, KerasTensor, Said, called_on_symbols, map_results, shapes_in, symbols_in, tried


class Drawn(Runs, Caller, Protocol):
    """What is asked of a layer to be drawn."""

    built: bool
    names_path: ClassVar[bool]
    computes_in: ClassVar[Any]

    @property
    def label(self) -> str:
        """What errors call it."""

    @property
    def says_shape(self) -> bool:
        """Whether the layer says the shape of its result by itself."""

    @property
    def build(self) -> Callable[..., None]:
        """Makes the weights for a shape, or a tree of them; for those of further arguments too, where it asks for them."""

    def compute_output_shape(self, input_shape: Any) -> Any:  # noqa: ANN401
        """The shape of the result."""

    def remember_shape(self, input_shape: Shapes, output_shape: Shapes) -> Shapes:
        """What `compute_output_shape` says from now on."""

    def result_dtype(self, symbols: Any) -> str:  # noqa: ANN401
        """The dtype of the result."""

    def sublayers(self) -> Iterator[Any]:
        """The layers inside."""


def draw(layer: Drawn, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  KerasTensors
    """The symbolic values that a call gives; the layer is built first where needed.

    Raises: ArgumentError for several inputs of a layer that takes one; as building and shape inference do.
    """
    with module_path(layer.label) if layer.names_path else nullcontext():
        shape = shapes_in(args[0])
        check_one_input(shape, several=layer.computes_in is None)
        if not layer.built:
            layer.build(shape, **shapes_of_arguments(layer, args[1:], kwargs, shapes_in))
        return called_on_symbols(layer, args, kwargs)


def spec_of(layer: Drawn, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  KerasTensors
    """Symbolic values of the shapes and dtypes that a call on symbolic values would give; the layer is built first where needed."""
    with module_path(layer.label) if layer.names_path else nullcontext():
        shape = shapes_in(args[0])
        check_one_input(shape, several=layer.computes_in is None)
        if not layer.built:
            layer.build(shape, **shapes_of_arguments(layer, args[1:], kwargs, shapes_in))
        return map_results(KerasTensor, result_of(layer, args, kwargs))


def result_of(layer: Drawn, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  a tree of `Said`
    """Shapes and dtypes of what a call gives: as the layer says, else as a call on zeros shows."""
    shape = shapes_in(args[0])
    if layer.says_shape and not symbols_in((args[1:], kwargs)) and all(inner.built for inner in layer.sublayers()):
        dtype = layer.result_dtype(args[0])
        return map_shapes(lambda one: Said(one, dtype), layer.compute_output_shape(shape))
    found = tried(lambda given, named: without_traces(layer, given[0], given[1:], named), type(layer).__name__, args, kwargs)
    layer.remember_shape(shape, shapes_in(found))
    return found
