"""Images read elsewhere: affine and perspective maps of pixels, by distances or the nearest one, and what stands beyond the borders."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.ops.compare import greater, greater_equal, less, less_equal, logical_and
from gradwerk.ops.elementwise import abs_, add, cast, cos, div, floor, mul, sin, sub, where
from gradwerk.ops.functions import clip
from gradwerk.ops.interpolation import held_inside, linear_at, read_at, reflected
from gradwerk.ops.movement import broadcast_to, reshape, transpose
from gradwerk.ops.source import arange
from gradwerk.ops.trigonometry import tan

Operand = Any
"""An array, a Value or a Tensor."""
FILLS = ("reflect", "wrap", "constant", "nearest")
INTERPOLATIONS = ("nearest", "bilinear")
Map = tuple[Operand, ...]
"""Eight numbers for each image, a0 a1 a2 b0 b1 b2 c0 c1, (n,) each or one for all: pixel (x, y) of the result is read at
(a0 x + a1 y + a2, b0 x + b1 y + b2) / (c0 x + c1 y + 1)."""


def turned(angle: Operand, height: int, width: int, *, scale: Operand = 1.0, lean: tuple[Operand, Operand] = (0.0, 0.0)) -> Map:
    """The map of a turn about the middle, with a change of size and a slant.  Shape: angle (n,), in degrees, as `lean` is."""
    degree = 3.141592653589793 / 180
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    radians = mul(angle, degree)
    cosine, sine = cos(radians), sin(radians)
    across, down = (tan(mul(part, degree)) if hasattr(part, "dtype") else part for part in lean)
    a0 = mul(add(cosine, mul(sine, across)), scale)
    a1 = mul(sub(mul(cosine, across), sine), scale)
    b0 = mul(add(mul(cosine, down), sine), scale)
    b1 = mul(sub(cosine, mul(sine, down)), scale)
    a2 = sub(middle_x, add(mul(a0, middle_x), mul(a1, middle_y)))
    b2 = sub(middle_y, add(mul(b0, middle_x), mul(b1, middle_y)))
    return a0, a1, a2, b0, b1, b2, 0.0, 0.0


def zoomed(by_rows: Operand, by_columns: Operand, height: int, width: int) -> Map:
    """The map of another size about the middle: above 1 the image gets smaller.  Shape: (n,) each."""
    middle_x, middle_y = (mul(sub(1, by), (extent - 1) / 2) for by, extent in ((by_columns, width), (by_rows, height)))
    return by_columns, 0.0, middle_x, 0.0, by_rows, middle_y, 0.0, 0.0


def shifted(rows: Operand, columns: Operand) -> Map:
    """The map of a shift, in pixels: down and to the right.  Shape: (n,) each."""
    return 1.0, 0.0, mul(columns, -1), 0.0, 1.0, mul(rows, -1), 0.0, 0.0


def mapped(x: Operand, map_: Map, *, interpolation: str = "bilinear", fill: str = "constant", value: float = 0.0) -> Operand:
    """Each image read at the places of its map.

    Shape: x (n, height, width, channels), kept.  Dtype: floating, kept.  `fill` says what is read beyond the borders: x mirrored at its
    outer edges (reflect) or begun again (wrap), its outermost pixels (nearest), or a value (constant).
    """
    batch, height, width, _ = x.shape
    rows, columns = (cast(arange(extent, dtypes.float32, like=x), x.dtype) for extent in (height, width))
    beside = [reshape(rows, (1, height, 1)), reshape(columns, (1, 1, width))]
    a0, a1, a2, b0, b1, b2, c0, c1 = (reshape(part, (-1, 1, 1)) if getattr(part, "ndim", 0) else part for part in map_)
    across, down = (_line(beside, *parts) for parts in ((a1, a0, a2), (b1, b0, b2)))
    if not _is_zero(c0) or not _is_zero(c1):
        under = _line(beside, c1, c0, 1.0)
        across, down = div(across, under), div(down, under)
    places = [broadcast_to(place, (batch, height, width)) for place in (down, across)]
    return read(x, places, interpolation=interpolation, fill=fill, value=value)


def _is_zero(part: Operand) -> bool:
    return isinstance(part, float) and part == 0


def _line(beside: Sequence[Operand], by_row: Operand, by_column: Operand, start: Operand) -> Operand:
    """by_row y + by_column x + start."""
    total: Any = start
    for factor, line in ((by_row, beside[0]), (by_column, beside[1])):
        if not _is_zero(factor):
            total = add(mul(line, factor), total)
    return total


def read(
    x: Operand, places: Sequence[Operand], *, interpolation: str = "bilinear", fill: str = "constant", value: float = 0.0
) -> Operand:  # fmt: skip
    """x at the places (rows, columns) of each pixel of the result.  Shape: x (n, h, w, c), places (n, a, b) each, result (n, a, b, c)."""
    space = x.shape[1:3]
    planes = transpose(x, (0, 3, 1, 2))
    if fill != "constant":
        places = [_beyond(place, extent, fill) for place, extent in zip(places, space, strict=True)]
    if interpolation == "nearest":
        found = _nearest(planes, places, value)
    elif fill == "constant" and value:
        found = add(linear_at(sub(planes, value), places), value)
    else:
        found = linear_at(planes, places)
    return transpose(found, (0, 2, 3, 1))


def _nearest(planes: Operand, places: Sequence[Operand], value: float) -> Operand:
    """The nearest pixel, of two the one further from 0, as TensorFlow rounds; `value` outside."""
    inside: Any = None
    whole = []
    for place, extent in zip(places, planes.shape[2:], strict=True):
        nearest = where(greater_equal(place, 0), floor(add(place, 0.5)), mul(floor(add(abs_(place), 0.5)), -1))
        here = logical_and(greater_equal(nearest, 0), less_equal(nearest, extent - 1))
        inside = here if inside is None else logical_and(inside, here)
        whole.append(cast(where(here, nearest, 0), dtypes.int64))
    found = read_at(planes, whole, inside)
    if not value:
        return found
    return where(reshape(inside, (inside.shape[0], 1, *inside.shape[1:])), found, dtypes.of_value(value, planes.dtype))


def _beyond(place: Operand, extent: int, fill: str) -> Operand:
    """Places beyond the ends as places within."""
    if fill == "reflect":
        place = reflected(place, extent, align_corners=False)
    if fill == "wrap" and extent > 1:
        span = extent - 1
        below = add(place, mul(add(floor(div(mul(place, -1), span)), 1), extent))
        above = sub(place, mul(floor(div(place, span)), extent))
        place = where(less(place, 0), below, where(greater(place, span), above, place))
    return clip(held_inside(place, extent), 0, extent - 1)
