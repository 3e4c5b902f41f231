"""The shape of what a layer gives that does not say it: its `call` is run on zeros, and leaves nothing behind but built layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.base.trees import map_tree
from gradwerk.keras.layers.calls import for_shapes
from gradwerk.tensor.grad import no_grad
from gradwerk.tensor.tensor import Tensor

Shape = tuple[int | None, ...]
Shapes = Any
"""A shape, or a list or dict of them."""
_EXTENTS = ((2, 3), (3, 5))
"""What stands for a batch of unknown size, and for another unknown extent, in the two calls.  Never 1: an extent of 1 broadcasts."""


class Runs(Protocol):
    """What is asked of a layer to try it on zeros."""

    @property
    def input_dtype(self) -> Any:  # noqa: ANN401  a NumPy dtype, or None
        """What arrays are cast to; None: floats to float32, integers stay."""

    @property
    def weights(self) -> Sequence[Tensor]:
        """What a call must leave as it was."""

    def run(self, x: Any, args: tuple[Any, ...], kwargs: dict[str, Any], training: bool | None) -> Any:  # noqa: ANN401, FBT001
        """The computation."""


def output_shape_of(layer: Runs, input_shape: Shapes) -> Shapes:
    """What `layer` makes of inputs of this shape; extents that follow one that is not known are None."""
    first = _zeros(layer, input_shape, _EXTENTS[0])
    result = without_traces(layer, first)
    if not any(isinstance(part, Tensor) for part in _flat(result)):
        return input_shape
    if any(extent is None for shape in _flat_shapes(input_shape) for extent in shape[1:]):
        again = without_traces(layer, _zeros(layer, input_shape, _EXTENTS[1]))
        return map_tree(lambda a, b: tuple(n if n == m else None for n, m in zip(a.shape, b.shape, strict=True)), result, again)
    by_batch = all(shape[:1] == (None,) for shape in _flat_shapes(input_shape))
    return map_tree(lambda y: _with_batch(y.shape, free=by_batch), result)


def without_traces(layer: Runs, x: Any) -> Any:  # noqa: ANN401  Tensors
    """One eager call in inference, after which weights and statistics hold what they held, and new ones what they were filled with."""
    kept = [(weight, weight.numpy()) for weight in layer.weights]
    with no_grad(), for_shapes() as made:
        result = layer.run(x, (), {}, None)
    if result is None:
        raise StateError(f"{type(layer).__name__}: call gives back None", likely="end it with `return ...`")
    for weight, contents in (*kept, *made):
        if weight.numpy().tobytes() != contents.tobytes():
            weight.assign(contents)
    return result


def _with_batch(shape: tuple[int, ...], *, free: bool) -> Shape:
    return (None, *shape[1:]) if free and shape[:1] == (_EXTENTS[0][0],) else shape


def _zeros(layer: Runs, shape: Shapes, extents: tuple[int, int]) -> Any:  # noqa: ANN401
    batch, other = extents

    def zeros(one: Shape) -> Tensor:
        known = [n if n is not None else other if axis else batch for axis, n in enumerate(one)]
        return Tensor(np.zeros(known, layer.input_dtype or np.float32))

    return _map_shapes(zeros, shape)


def _map_shapes(function: Callable[[Shape], Any], shape: Shapes) -> Any:  # noqa: ANN401
    if isinstance(shape, dict):
        return {name: _map_shapes(function, item) for name, item in shape.items()}
    if isinstance(shape, (list, tuple)) and any(isinstance(item, (list, tuple, dict)) for item in shape):
        return [_map_shapes(function, item) for item in shape]
    return function(tuple(shape))


def _flat_shapes(shape: Shapes) -> list[Shape]:
    found: list[Shape] = []
    _map_shapes(found.append, shape)
    return found


def _flat(result: Any) -> list[Any]:  # noqa: ANN401
    found: list[Any] = []
    map_tree(found.append, result)
    return found
