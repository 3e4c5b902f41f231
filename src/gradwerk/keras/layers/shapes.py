"""The shape of what a layer gives that does not say it: its `call` is run on zeros, and leaves nothing behind but built layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.base.trees import map_tree
from gradwerk.keras.layers.calls import for_shapes
from gradwerk.keras.layers.inputs import TakesArrays, as_inputs
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor

Shape = tuple[int | None, ...]
Shapes = Any
"""A shape, or a list or dict of them."""
EXTENTS = (((2, 6), (4, 18)), ((2, 36), (4, 108)), ((2, 144), (3, 288)))
"""What stands for a batch of unknown size, and for another unknown extent, in the two calls.  Never 1: an extent of 1 broadcasts.

Of many divisors: a call may fold an axis.  In another ratio to each other: what is None must differ.  Larger ones are tried where windows
do not fit the smaller."""


class Runs(TakesArrays, Protocol):
    """What is asked of a layer to try it on zeros."""

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401  a NumPy dtype, or None
        """What arrays are cast to; None: floats to float32, integers stay."""

    @property
    def weights(self) -> Sequence[Tensor]:
        """What a call must leave as it was."""

    def run(self, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:  # noqa: ANN401, FBT001
        """The computation."""


def is_one_shape(shape: object) -> bool:
    """Whether it is the shape of one output, not a list or dict of them."""
    return isinstance(shape, tuple) and all(n is None or isinstance(n, int) for n in shape)


def check_one_input(shape: Shapes, *, several: bool) -> None:
    """Raises: ArgumentError for the shapes of several inputs where one is taken, and for what is no extent."""
    if isinstance(shape, dict) or any(isinstance(part, (tuple, list, dict)) for part in shape):
        if not several:
            raise ArgumentError(f"the layer expects 1 input, but what stands before it gives {len(shape)}")
    elif not all(n is None or (isinstance(n, (int, np.integer)) and n >= 0) for n in shape):
        raise ArgumentError(f"not the shape of an input: {shape!r}")


def output_shape_of(layer: Runs, input_shape: Shapes) -> Shapes:
    """What `layer` makes of inputs of this shape; extents that follow one that is not known are None, be it the batch's or another."""
    failed: ShapeError | None = None
    for small, large in EXTENTS:
        try:
            return _tried(layer, input_shape, small, large)
        except ShapeError as error:
            failed = failed or error
            if not any(extent is None for shape in _flat_shapes(input_shape) for extent in shape[1:]):
                break
    raise failed or StateError(f"{type(layer).__name__} was not tried")


def _tried(layer: Runs, input_shape: Shapes, small: tuple[int, int], large: tuple[int, int]) -> Shapes:
    first = without_traces(layer, _zeros(layer, input_shape, small))
    if not any(isinstance(part, Tensor) for part in _flat(first)):
        return input_shape
    if all(extent is not None for shape in _flat_shapes(input_shape) for extent in shape):
        return common_shape(layer, first, first)
    return common_shape(layer, first, without_traces(layer, _zeros(layer, input_shape, large)))


def common_shape(layer: Runs, one: Any, other: Any) -> Shapes:  # noqa: ANN401  what two calls gave
    """The shape of two results of calls that differ in what is not known: None where they differ.

    Raises: StateError where they differ in the number of axes.
    """
    return map_tree(lambda a, b: common_extents(type(layer).__name__, a, b), one, other)


def common_extents(label: str, one: Tensor, other: Tensor) -> Shape:
    """One shape of two: None where they differ.  Raises: StateError where they differ in the number of axes."""
    if len(one.shape) != len(other.shape):
        raise StateError(f"{label}: call gives {len(one.shape)} axes of one batch and {len(other.shape)} of another")
    return tuple(n if n == m else None for n, m in zip(one.shape, other.shape, strict=True))


def without_traces(layer: Runs, x: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None) -> Any:  # noqa: ANN401  Tensors
    """One eager call in inference, after which weights and statistics hold what they held, and new ones what they were filled with."""
    kept = [(weight, weight.numpy()) for weight in layer.weights]
    with no_grad(), for_shapes() as made:
        result = layer.run(as_inputs(layer, x), args, {**(kwargs or {})}, None)
    if result is None:
        raise StateError(f"{type(layer).__name__}: call gives back None", likely="end it with `return ...`")
    for weight, contents in (*kept, *made):
        if weight.numpy().tobytes() != contents.tobytes():
            weight.assign(contents)
    return result


def _zeros(layer: Runs, shape: Shapes, extents: tuple[int, int]) -> Any:  # noqa: ANN401
    batch, other = extents

    def zeros(one: Shape) -> Tensor:
        known = [n if n is not None else other if axis else batch for axis, n in enumerate(one)]
        return Tensor(np.zeros(known, layer.input_dtype or np.float32))

    return map_shapes(zeros, shape)


def map_shapes(function: Callable[[Shape], Any], shape: Shapes) -> Any:  # noqa: ANN401
    """`function` of each shape in a tree of them."""
    if isinstance(shape, dict):
        return {name: map_shapes(function, item) for name, item in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(item, (list, tuple, dict)) for item in shape):
        return [map_shapes(function, item) for item in shape]
    return function(tuple(shape))


def _flat_shapes(shape: Shapes) -> list[Shape]:
    found: list[Shape] = []
    map_shapes(found.append, shape)
    return found


def _flat(result: Any) -> list[Any]:  # noqa: ANN401
    found: list[Any] = []
    map_tree(found.append, result)
    return found
