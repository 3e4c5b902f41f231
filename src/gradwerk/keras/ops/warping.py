"""keras.ops.image: pictures read at other places: coordinates, affine and perspective maps."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Operand, floating, tensor
from gradwerk.keras.ops.pictures import batched
from gradwerk.ops import movement
from gradwerk.ops.arithmetic import abs_, cast, div, floor, mul, sub, where
from gradwerk.ops.compare import greater_equal, less, logical_and
from gradwerk.ops.functions import clip, remainder
from gradwerk.ops.indexing import gather
from gradwerk.ops.linalg import solve
from gradwerk.ops.rounding import round_
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401  operands are Tensors, arrays, lists and numbers
op = Family("image")


def _reflected(at: Any, n: int) -> Any:
    """Mirrored at the outer edges: the outermost elements stand twice."""
    inside = remainder(at, 2 * n)
    return where(less(inside, n), inside, sub(2 * n - 1, inside))


def _mirrored(at: Any, n: int) -> Any:
    """Mirrored at the outermost elements."""
    if n == 1:
        return mul(at, 0)
    inside = remainder(at, 2 * (n - 1))
    return where(less(inside, n), inside, sub(2 * (n - 1), inside))


BORDERS: dict[str, Callable[[Any, int], Any]] = {
    "constant": lambda at, n: clip(at, 0, n - 1), "nearest": lambda at, n: clip(at, 0, n - 1), "wrap": remainder,
    "mirror": _mirrored, "reflect": _reflected,
}  # fmt: skip
"""Which element stands for a place beyond the ends."""


def _read(x: Any, places: list[Any], order: int, border: str, fill: float) -> Any:
    """x at places along its first axes, of which there are as many as places; rows behind.  The places have one shape."""
    extents = x.shape[: len(places)]
    rest = x.shape[len(places) :]
    rows = movement.reshape(x, (math.prod(extents), *rest))
    lows = [round_(at) if order == 0 else floor(at) for at in places]
    total: Any = None
    for corner in itertools.product(*[range(order + 1)] * len(places)):
        flat: Any = 0
        weight: Any = None
        inside: Any = None
        for low, step, at, n in zip(lows, corner, places, extents, strict=True):
            place = low + step
            if border == "constant":
                here = logical_and(greater_equal(place, 0), less(place, n))
                inside = here if inside is None else logical_and(inside, here)
            flat = flat * n + BORDERS[border](place, n)
            if order:
                share = sub(at, low)
                share = share if step else sub(1, share)
                weight = share if weight is None else mul(weight, share)
        found = gather(rows, cast(flat, dtypes.int64))
        behind = (*flat.shape, *(1,) * len(rest))
        if inside is not None:
            found = where(movement.reshape(inside, behind), found, float(fill))
        part = found if weight is None else mul(found, movement.reshape(weight, behind))
        total = part if total is None else total + part
    return total


def _rounded(found: Any, dtype: Any) -> Any:
    return cast(round_(found) if dtypes.is_integer(dtype) else found, dtype)


@op(2)
def map_coordinates(inputs: Operand, coordinates: Operand, order: int, fill_mode: str = "constant", fill_value: float = 0) -> Any:
    """inputs at coordinates (axes, ...), the nearest element (order 0) or between them (order 1).  Shape: that behind the axes.

    Dtype: kept.  Raises: ArgumentError for another order or border, ShapeError for other axes.
    """
    x, at = tensor(inputs), tensor(coordinates)
    if order not in (0, 1) or fill_mode not in BORDERS:
        raise ArgumentError(f"ops.image.map_coordinates: order is 0 or 1, fill_mode one of {', '.join(BORDERS)}")
    if at.ndim < 2 or at.shape[0] != x.ndim:
        facts = (f"inputs {tuple(x.shape)}  coordinates {tuple(at.shape)}",)
        raise ShapeError("ops.image.map_coordinates takes a row of coordinates for each axis", facts=facts)
    at, wide = floating(at), x if dtypes.is_float(x.dtype) else cast(x, dtypes.float32)
    places = [cast(at[k], dtypes.float32) for k in range(x.ndim)]
    return _rounded(_read(wide, places, order, fill_mode, fill_value), x.dtype)


def _warped(x: Any, maps: Any, interpolation: str, border: str, fill: float) -> Any:
    """Each picture read where its map says: (x', y') = ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k), k = c0 x + c1 y + 1."""
    n, height, width, _ = x.shape
    rows, columns = (Tensor(grid.astype(np.float32)) for grid in np.mgrid[0:height, 0:width])
    maps = movement.broadcast_to(maps, (n, 8)) if maps.shape[0] == 1 else maps
    a = [movement.reshape(maps[:, k], (n, 1, 1)) for k in range(8)]
    below = a[6] * columns + a[7] * rows + 1
    across = div(a[0] * columns + a[1] * rows + a[2], below)
    down = div(a[3] * columns + a[4] * rows + a[5], below)
    order = 0 if interpolation == "nearest" else 1
    example = Tensor(np.broadcast_to(np.arange(n, dtype=np.float32)[:, None, None], (n, height, width)).copy())
    wide = x if dtypes.is_float(x.dtype) else cast(x, dtypes.float32)
    flat = movement.reshape(wide, (n * height, width, x.shape[-1]))
    return _rounded(_rows(flat, example, (down, across), (height, width), order, border, fill), x.dtype)


def _rows(
    flat: Any, example: Any, places: tuple[Any, Any], extents: tuple[int, int], order: int, border: str, fill: float
) -> Any:  # fmt: skip
    """Pictures that lie below one another, each read inside of itself."""
    (down, across), (height, width) = places, extents
    low = (round_(down), round_(across)) if order == 0 else (floor(down), floor(across))
    rows = movement.reshape(flat, (flat.shape[0] * width, flat.shape[-1]))
    total: Any = None
    for i, j in itertools.product(range(order + 1), repeat=2):
        y, x = low[0] + i, low[1] + j
        at = (example * height + BORDERS[border](y, height)) * width + BORDERS[border](x, width)
        found = gather(rows, cast(at, dtypes.int64))
        if border == "constant":
            here = logical_and(logical_and(greater_equal(y, 0), less(y, height)), logical_and(greater_equal(x, 0), less(x, width)))
            found = where(movement.expand_dims(here, here.ndim), found, float(fill))
        if order:
            share = mul(sub(1, abs_(sub(down, y))), sub(1, abs_(sub(across, x))))
            found = mul(found, movement.expand_dims(share, share.ndim))
        total = found if total is None else total + found
    return total


def _check(name: str, interpolation: str, border: str) -> None:
    """Raises: ArgumentError."""
    if interpolation not in {"nearest", "bilinear"} or border not in BORDERS:
        raise ArgumentError(f"ops.image.{name}: interpolation is 'nearest' or 'bilinear', fill_mode one of {', '.join(BORDERS)}")


@op(2)
def affine_transform(
    images: Operand, transform: Operand, interpolation: str = "bilinear", fill_mode: str = "constant", fill_value: float = 0,
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Pictures read at the places that a map of 8 numbers gives, one for all or for each.  Shape, dtype: kept.

    Raises: ArgumentError for another interpolation or border, ShapeError for other maps.
    """
    _check("affine_transform", interpolation, fill_mode)
    maps = cast(floating(transform), dtypes.float32)
    maps = movement.expand_dims(maps, 0) if maps.ndim == 1 else maps
    if maps.ndim != 2 or maps.shape[1] != 8:
        facts = (f"transform {tuple(maps.shape)}",)
        raise ShapeError("ops.image.affine_transform takes a map of 8 numbers, or one for each picture", facts=facts)
    return batched("affine_transform", images, data_format, lambda x: _warped(x, maps, interpolation, fill_mode, fill_value))


@op(3)
def perspective_transform(
    images: Operand, start_points: Operand, end_points: Operand, interpolation: str = "bilinear", fill_value: float = 0,
    data_format: str | None = None,
) -> Any:  # fmt: skip
    """Pictures moved such that four points (x, y) go to four others, (4, 2) for all or for each.  Shape, dtype: kept.

    Raises: ArgumentError for another interpolation, ShapeError for other points.
    """
    _check("perspective_transform", interpolation, "constant")
    starts, ends = (cast(floating(one), dtypes.float32) for one in (start_points, end_points))
    starts, ends = (movement.expand_dims(one, 0) if one.ndim == 2 else one for one in (starts, ends))
    if tuple(starts.shape[1:]) != (4, 2) or starts.shape != ends.shape:
        facts = (f"start_points {tuple(starts.shape)}  end_points {tuple(ends.shape)}",)
        raise ShapeError("ops.image.perspective_transform takes four points of two numbers", facts=facts)
    (sx, sy), (ex, ey) = ([one[..., k : k + 1] for k in range(2)] for one in (starts, ends))
    one, none = ex * 0 + 1, ex * 0
    top = movement.concatenate([ex, ey, one, none, none, none, -1 * sx * ex, -1 * sx * ey], -1)
    low = movement.concatenate([none, none, none, ex, ey, one, -1 * sy * ex, -1 * sy * ey], -1)
    maps = solve(movement.concatenate([top, low], 1), movement.concatenate([sx, sy], 1), "ops.image.perspective_transform")
    maps = movement.squeeze(maps, -1)
    return batched("perspective_transform", images, data_format, lambda x: _warped(x, maps, interpolation, "constant", fill_value))
