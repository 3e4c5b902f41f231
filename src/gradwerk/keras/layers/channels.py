"""Where channels stand: layers compute with them last, and take and give them first where they are told so."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ShapeError
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.layers.shapes import Shape
from gradwerk.keras.options import choice
from gradwerk.ops.arrangement import move_axes

Operand = Any
"""A Tensor."""
FIRST, LAST = "channels_first", "channels_last"
SPACE = ("", "steps", "height, width", "depth, height, width")
"""What the axes of space are called, by their number."""


def data_format_of(owner: str, value: object) -> str:
    """The layout that an option says, of None that of keras.config.  Raises: ArgumentError for no layout."""
    return SETTINGS.image_data_format if value is None else choice(owner, "data_format", value, (LAST, FIRST))


def with_channels_last(layer: Any, inputs: Operand, compute: Callable[[Operand], Operand]) -> Operand:  # noqa: ANN401  a layer
    """What `compute` gives for inputs whose channels stand last, in the layout that the layer has."""
    if layer.data_format == LAST:
        return compute(inputs)
    y = compute(move_axes(inputs, (1,), (-1,)))
    return move_axes(y, (-1,), (1,))


def with_shape_last(layer: Any, input_shape: Shape, compute: Callable[[Shape], Shape]) -> Shape:  # noqa: ANN401  a layer
    """The same for shapes."""
    if layer.data_format == LAST:
        return compute(input_shape)
    y = compute((input_shape[0], *input_shape[2:], input_shape[1]))
    return (y[0], y[-1], *y[1:-1])


def check_rank(layer: object, shape: Shape, rank: int) -> None:
    """Refuses what has no batch, channels and so many axes of space.  Raises: ShapeError."""
    if len(shape) != rank + 2:
        first = getattr(layer, "data_format", LAST) == FIRST
        expected = f"(batch, channels, {SPACE[rank]})" if first else f"(batch, {SPACE[rank]}, channels)"
        raise ShapeError(
            f"{type(layer).__name__} expects {expected}, the input has {len(shape)} axes", facts=(f"input   {tuple(shape)}",),
            likely=_with_channels(shape, rank, first=first),
        )  # fmt: skip


def _with_channels(shape: Shape, rank: int, *, first: bool) -> str:
    """The fix for a shape that has an axis too few or too many."""
    if len(shape) == rank + 1:
        what = ("", "sequences of one number", "grey images", "grey volumes")[rank]
        return f"{what} lack the channels axis: x[{':, None' if first else '..., None'}]"
    if len(shape) == rank + 3 and shape[0] is None:
        return f"the shape of an input is that of one example, without their number: {tuple(shape[2:])}"
    return ""
