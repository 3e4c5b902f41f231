"""What the weights of a layer are made of and filled with, and what its config holds: looked at before anything is changed."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras import activations, constraints, initializers, regularizers
from gradwerk.keras.layers.penalties import options_of
from gradwerk.nn.module import as_array
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


def check_arrays(label: str, own: Sequence[Tensor], weights: Any) -> list[Array]:  # noqa: ANN401  a list of arrays
    """The arrays to copy into weights, in their order and dtypes; `label` names the layer.

    Raises: ArgumentError for another number of arrays, ShapeError for other shapes, DTypeError for what a weight's dtype cannot hold.
    """
    if not isinstance(weights, (list, tuple)):
        raise ArgumentError(f"set_weights takes a list of arrays, this is {type(weights).__name__}")
    given = [as_array(array, f"weight {position}") for position, array in enumerate(weights)]
    if len(own) != len(given):
        unbuilt = "build the model first: call it once, or give it an Input" if not own else ""
        raise ArgumentError(f"{label} has {len(own)} weights, {len(given)} were given", likely=unbuilt)
    for position, (weight, array) in enumerate(zip(own, given, strict=True)):
        if tuple(weight.shape) != array.shape:
            raise ShapeError(
                f"weight {position} of {label} has another shape",
                facts=(f"given {array.shape}      weight {tuple(weight.shape)}",),
                likely="its axes stand in the other order: .T" if array.T.shape == tuple(weight.shape) else "",
            )
    named = enumerate(zip(own, given, strict=True))
    return [dtypes.stored(array, weight.dtype, f"weight {position}") for position, (weight, array) in named]


def extents_of(shape: Any) -> tuple[int, ...]:  # noqa: ANN401
    """A weight's shape.  Raises: ArgumentError for what is none."""
    if isinstance(shape, str):
        raise ArgumentError(f"add_weight: the shape stands first, this is {shape!r}", likely=f"name={shape!r}, shape=..., by name")
    try:
        extents = (int(shape),) if isinstance(shape, (int, np.integer)) else tuple(int(extent) for extent in shape)
    except (TypeError, ValueError):
        of_input = isinstance(shape, (list, tuple)) and any(extent is None or isinstance(extent, (list, tuple)) for extent in shape)
        likely = "the last extent of the input is input_shape[-1]; the batch has no known extent" if of_input else ""
        raise ArgumentError(f"add_weight: not a shape: {shape!r}", likely=likely) from None
    return extents


def arguments_of(layer: Any, but: Collection[str] = ()) -> dict[str, Any]:  # noqa: ANN401
    """The arguments of a layer's `__init__` with what it keeps of them, `but` for some, and its options.

    Raises: ArgumentError where one is not kept.
    """
    parameters = inspect.signature(type(layer).__init__).parameters.values()
    named = [p.name for p in parameters if p.kind not in {p.VAR_KEYWORD, p.VAR_POSITIONAL}]
    names = [name for name in named if name not in {"self", "name", "trainable", *but}]
    if missing := [name for name in names if not hasattr(layer, name)]:
        raise ArgumentError(
            f"{layer.label} does not keep its argument {missing[0]!r}", likely="keep it under the same name, or write get_config"
        )
    options = [*options_of(layer.weight_options), *(["activity_regularizer"] if layer.activity_regularizer is not None else [])]
    return {name: _plain(getattr(layer, name)) for name in (*names, *options)}


def _plain(value: Any) -> Any:  # noqa: ANN401
    """A value of a config as JSON can hold it."""
    if isinstance(value, initializers.Initializer):
        return initializers.serialize(value)
    if isinstance(value, regularizers.Regularizer):
        return regularizers.serialize(value)
    if isinstance(value, constraints.Constraint):
        return constraints.serialize(value)
    return activations.serialize(value) if callable(value) else value
