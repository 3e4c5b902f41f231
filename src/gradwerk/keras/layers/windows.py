"""What layers with windows share: how many dimensions of space there are, padding, and how many places windows have."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Sequence
from typing import Any

from gradwerk.keras.layers.channels import check_rank, with_shape_last
from gradwerk.keras.layers.layer import Shape
from gradwerk.keras.options import counts
from gradwerk.nn.conv import Padding, named_padding, output_extents

Counts = int | Sequence[int]
"""One number for all dimensions of space, or one for each."""
SIZES = ("strides", "dilation_rate", "pool_size")


def sign(cls: Any) -> None:  # noqa: ANN401  a class with a rank
    """Gives a class that says its rank an `__init__` with Keras' defaults: `strides=(1, 1)` where the base, of any rank, says 1."""
    if "rank" not in vars(cls):
        return
    made = cls.__init__
    own = inspect.signature(made)
    defaults = {p.name: (p.default,) * cls.rank for p in own.parameters.values() if p.name in SIZES and isinstance(p.default, int)}
    if cls.rank == 1 or not defaults:
        return

    @functools.wraps(made)
    def init(self: Any, *args: Any, **options: Any) -> None:  # noqa: ANN401  those of the base
        made(self, *args, **options)

    init.__signature__ = own.replace(  # type: ignore[attr-defined]  # which inspect reads
        parameters=[p.replace(default=defaults.get(p.name, p.default)) for p in own.parameters.values()]
    )
    cls.__init__ = init


def sizes(layer: Any, name: str) -> tuple[int, ...]:  # noqa: ANN401  a layer with a rank
    """A setting of the layer as it is now: set as an attribute it may be one number, too."""
    return counts(type(layer).__name__, name, getattr(layer, name), layer.rank)


def padding_of(name: str, space: Sequence[int], window: Sequence[int], strides: Sequence[int], dilation: Sequence[int]) -> Padding:
    """`named_padding`, and of `causal` all of it before the first step."""
    if name == "causal":
        return tuple((gap * (size - 1), 0) for size, gap in zip(window, dilation, strict=True))
    return named_padding(name, space, window, strides, dilation)


def positions(
    layer: Any, input_shape: Shape, window: Sequence[int], strides: Sequence[int], dilation: Sequence[int], channels: int | None  # noqa: ANN401
) -> Shape:  # fmt: skip
    """The shape of what windows give, of so many channels or as many as there are; None where an extent is not known.

    Raises: ShapeError where a window does not fit.
    """
    check_rank(layer, input_shape, layer.rank)
    whole = tuple(zip(window, strides, dilation, strict=True))

    def along(space: Sequence[int], geometry: Sequence[tuple[int, int, int]]) -> tuple[int, ...]:
        size, stride, gap = zip(*geometry, strict=True)
        return output_extents(space, size, stride, padding_of(layer.padding, space, size, stride, gap), gap)

    def counted(shape: Shape) -> Shape:
        known = [extent for extent in shape[1:-1] if extent is not None]
        if len(known) == layer.rank:
            return (shape[0], *along(known, whole), channels or shape[-1])
        each = (None if extent is None else along((extent,), (one,))[0] for extent, one in zip(shape[1:-1], whole, strict=True))
        return (shape[0], *each, channels or shape[-1])

    return with_shape_last(layer, input_shape, counted)
