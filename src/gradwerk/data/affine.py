"""Images read at places that a matrix says, in NumPy: nearest pixel or linear between four, and what stands outside of the image."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError

Array = np.ndarray[Any, np.dtype[Any]]


def _nearest(place: Array, extent: int) -> Array:
    """a a a | a b c d | d d d."""
    return np.clip(place, 0, extent - 1)


def _reflect(place: Array, extent: int) -> Array:
    """c b a | a b c d | d c b: half a pixel beyond the edges."""
    if extent < 2:
        return np.zeros_like(place)
    inside = np.mod(place + 0.5, 2 * extent)
    return np.where(inside > extent, 2 * extent - inside, inside) - 0.5


def _wrap(place: Array, extent: int) -> Array:
    """Again and again, the last pixel being the first of the next."""
    if extent < 2:
        return np.zeros_like(place)
    period = extent - 1
    below, above = period * (np.trunc(-place / period) + 1), period * np.trunc(place / period)
    return np.where(place < 0, place + below, np.where(place > period, place - above, place))


def _constant(place: Array, extent: int) -> Array:
    return place


MODES: Mapping[str, Callable[[Array, int], Array]] = MappingProxyType({
    "nearest": _nearest, "reflect": _reflect, "wrap": _wrap, "constant": _constant,
})  # fmt: skip
"""How a place outside is brought inside; `constant` leaves it, and gives a value of its own."""


def affine(planes: Array, matrix: Array, offset: Array, mode: str = "nearest", value: float = 0.0, order: int = 1) -> Array:
    """Planes whose element at `o` is the given ones' at `matrix @ o + offset`.

    Args:
        planes: images of one channel each.
        matrix: 2 x 2, rows first.
        offset: of two.
        mode: what stands outside: nearest, reflect, wrap or constant.
        value: what that is for constant.
        order: 0 for the nearest pixel, 1 for linear between four.

    Shape: (n, height, width), kept.  Dtype: kept; whole numbers are rounded.
    Raises: ArgumentError for another mode or order, ShapeError for other axes.
    """
    if mode not in MODES:
        raise ArgumentError(f"fill_mode={mode!r} is not known", facts=(f"allowed: {', '.join(MODES)}",))
    if order not in (0, 1) or isinstance(order, bool):
        raise ArgumentError(f"interpolation_order is 0 or 1, this is {order!r}", facts=("splines of a higher order are not here",))
    if planes.ndim != 3:
        raise ShapeError(f"planes have 3 axes, these are {planes.shape}")
    space = planes.shape[1:]
    grid = np.stack(np.meshgrid(*(np.arange(extent, dtype=np.float64) for extent in space), indexing="ij"))
    places = np.tensordot(np.asarray(matrix, np.float64), grid, 1) + np.asarray(offset, np.float64)[:, None, None]
    inside = np.ones(space, bool)
    if mode == "constant":
        for place, extent in zip(places, space, strict=True):
            inside &= (place >= 0) & (place <= extent - 1)
    held = [MODES[mode](place, extent) for place, extent in zip(places, space, strict=True)]
    made = _read(planes.astype(np.float64), held, mode, linear=order == 1)
    made = np.where(inside, made, value)
    if dtypes.is_float(planes.dtype):
        return made.astype(planes.dtype)
    return np.asarray(np.trunc(made + np.where(made > 0, 0.5, -0.5)).astype(planes.dtype))


def _read(planes: Array, places: list[Array], mode: str, *, linear: bool) -> Array:
    rows, columns = (_corners(place, extent, mode, linear=linear) for place, extent in zip(places, planes.shape[1:], strict=True))
    made = np.zeros(planes.shape)
    for row, high in rows:
        for column, wide in columns:
            made += planes[:, row, column] * (high * wide)
    return made


def _corners(place: Array, extent: int, mode: str, *, linear: bool) -> list[tuple[Array, Array]]:
    """Which pixels, and their weights."""
    first = np.floor(place if linear else place + 0.5)
    shares = [(first, 1 - (place - first)), (first + 1, place - first)] if linear else [(first, np.ones_like(place))]
    around = _reflect if mode == "reflect" else _nearest
    return [(np.rint(around(at, extent)).astype(np.int64), share) for at, share in shares]
