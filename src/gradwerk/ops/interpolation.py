"""Pictures of any number of dimensions at other extents, and read at places that data names.

Along one axis a result is a sum of a few elements with weights that depend on the extents alone, so each axis is read by places that are
known when the program is made: no mask, no search.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Array, Operand
from gradwerk.ops.arithmetic import abs_, add, cast, div, floor, mul, stop_gradient, sub, where
from gradwerk.ops.arrangement import repeat
from gradwerk.ops.compare import greater, greater_equal, less, less_equal, logical_and
from gradwerk.ops.contraction import contract
from gradwerk.ops.functions import clip
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import expand_dims, reshape, slice_axis, squeeze, transpose
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.source import arange

Taps = tuple[Array, Array]
"""The places read for each result, and their weights, each (results, taps)."""
SHARPNESS = -0.75
"""Of the cubic kernel, as in PyTorch.  Source: Keys, 1981, "Cubic convolution interpolation for digital image processing"."""


def _scale(extent: int, count: int, step: float | None, *, align_corners: bool) -> float:
    """How far apart in the input two neighbours of the result lie; `step` where it is given, as 1 / scale."""
    if align_corners:
        return (extent - 1) / (count - 1) if count > 1 else 0.0
    return step if step else extent / count


def nearest_taps(extent: int, count: int, step: float | None = None, *, centred: bool = False) -> Taps:
    """The element at floor(i step), in float32 as PyTorch has it; `centred` at floor((i + 1/2) step)."""
    scale = np.float32(_scale(extent, count, step, align_corners=False))
    numbers = np.arange(count, dtype=np.float32) + np.float32(0.5 * centred)
    places = np.minimum(np.floor(numbers * scale).astype(np.int64), extent - 1)
    return places[:, None], np.ones((count, 1))


def linear_taps(extent: int, count: int, step: float | None = None, *, align_corners: bool = False) -> Taps:
    """The two neighbours, by their distances; an axis that keeps its extent stays as it is, whatever the step, as in PyTorch."""
    scale = _scale(extent, count, None if count == extent else step, align_corners=align_corners)
    where_ = np.arange(count) * scale if align_corners else np.maximum((np.arange(count) + 0.5) * scale - 0.5, 0)
    first = np.minimum(np.floor(where_).astype(np.int64), extent - 1)
    share = np.clip(where_ - first, 0, 1)
    return np.stack([first, np.minimum(first + 1, extent - 1)], 1), np.stack([1 - share, share], 1)


def cubic_taps(extent: int, count: int, step: float | None = None, *, align_corners: bool = False) -> Taps:
    """The four neighbours by the cubic kernel; beyond the ends the outermost element stands again."""
    scale = _scale(extent, count, step, align_corners=align_corners)
    where_ = np.arange(count) * scale if align_corners else (np.arange(count) + 0.5) * scale - 0.5
    first = np.floor(where_)
    places = first.astype(np.int64)[:, None] + np.arange(-1, 3)
    return np.clip(places, 0, extent - 1), np.stack(cubic_weights(where_ - first), 1)


def cubic_weights(share: Any) -> list[Any]:  # noqa: ANN401  an array or an operand
    """The weights of the four neighbours of a place that lies `share` behind the second."""
    def near(x: Any) -> Any:  # noqa: ANN401
        return add(mul(mul(sub(mul(x, SHARPNESS + 2), SHARPNESS + 3), x), x), 1)

    def far(x: Any) -> Any:  # noqa: ANN401
        return sub(mul(add(mul(sub(mul(x, SHARPNESS), 5 * SHARPNESS), x), 8 * SHARPNESS), x), 4 * SHARPNESS)

    rest = sub(1, share)
    return [far(add(share, 1)), near(share), near(rest), far(add(rest, 1))]


def resampled(x: Operand, axis: int, taps: Taps) -> Operand:
    """One axis at other places: sum of weight * x[place].  Shape: the axis has as many elements as there are results."""
    places, weights = taps
    if places.shape[1] == 1:
        count, extent = len(places), x.shape[axis]
        if extent and not count % extent and (places[:, 0] == np.arange(count) // (count // extent)).all():
            return repeat(x, count // extent, axis)
    order = (axis, *(k for k in range(x.ndim) if k != axis))
    rows = transpose(x, order)
    if places.shape[1] == 1:
        found = gather(rows, places[:, 0])
    else:
        beside = (len(places), *(1,) * (x.ndim - 1))
        parts = [mul(gather(rows, places[:, k]), weights[:, k].astype(x.dtype).reshape(beside)) for k in range(places.shape[1])]
        found = parts[0]
        for part in parts[1:]:
            found = add(found, part)
    return transpose(found, tuple(order.index(k) for k in range(x.ndim)))


@rounded_once
def resized(x: Operand, axes: Sequence[int], taps: Sequence[Taps]) -> Operand:
    """Several axes at other places, one after the other."""
    for axis, how in zip(axes, taps, strict=True):
        x = resampled(x, axis, how)
    return x


# ---- at places that data names


def from_unit(place: Operand, extent: int, *, align_corners: bool) -> Operand:
    """Places from -1 to 1 as places from 0 on: of the outermost elements, or of their outer edges."""
    raised = add(place, 1)
    return mul(raised, (extent - 1) / 2) if align_corners else sub(mul(raised, extent / 2), 0.5)


def reflected(place: Operand, extent: int, *, align_corners: bool) -> Operand:
    """Places beyond the ends mirrored at the outermost elements, or at their outer edges; then held inside."""
    low, span = (0.0, float(extent - 1)) if align_corners else (-0.5, float(extent))
    if span <= 0:
        return mul(place, 0)
    away = abs_(sub(place, low))
    turns = stop_gradient(floor(div(away, span)))
    rest = sub(away, mul(turns, span))
    odd = greater(sub(turns, mul(floor(mul(turns, 0.5)), 2)), 0.5)
    return add(where(odd, sub(span, rest), rest), low)


def held_inside(place: Operand, extent: int) -> Operand:
    """Places beyond the ends at the outermost elements; no gradient there."""
    inside = logical_and(greater(place, 0), less(place, extent - 1))
    return where(inside, place, stop_gradient(clip(place, 0, extent - 1)))


def read_at(x: Operand, places: Sequence[Operand], inside: Operand | None) -> Operand:
    """x[n, :, places...] for each place, 0 where it is not inside.

    Shape: x (n, c, *space), places (n, *wanted) whole numbers within x where inside; result (n, c, *wanted).
    """
    batch, channels, *space = x.shape
    number: Any = None
    for place, extent in zip(places, space, strict=True):
        safe = place if inside is None else where(inside, place, 0)
        number = safe if number is None else add(mul(number, extent), safe)
    wanted = tuple(number.shape[1:])
    start = mul(arange(batch, dtypes.int64, like=number), math.prod(space))
    number = add(number, reshape(start, (batch, *(1,) * len(wanted))))
    rows = reshape(transpose(x, (0, *range(2, x.ndim), 1)), (batch * math.prod(space), channels))
    found = transpose(gather(rows, number), (0, len(wanted) + 1, *range(1, len(wanted) + 1)))
    return found if inside is None else where(expand_dims(inside, 1), found, dtypes.of_value(0, x.dtype))


def _whole_place(place: Operand, extent: int) -> tuple[Operand, Operand]:
    """A place that is a whole number as int64, and where it is inside."""
    inside = logical_and(greater_equal(place, 0), less_equal(place, extent - 1))
    return cast(where(inside, place, 0), dtypes.int64), inside


def _sum_of_corners(x: Operand, axes: Sequence[Sequence[tuple[Operand, Operand]]]) -> Operand:
    """The sum over one neighbour of each axis of x there times all their weights; neighbours outside are 0."""
    space = x.shape[2:]
    total: Any = None
    for corner in itertools.product(*axes):
        places, weight, all_inside = [], None, None
        for (place, share), extent in zip(corner, space, strict=True):
            whole, inside = _whole_place(place, extent)
            places.append(whole)
            weight = share if weight is None else mul(weight, share)
            all_inside = inside if all_inside is None else logical_and(all_inside, inside)
        part = mul(read_at(x, places, all_inside), expand_dims(weight, 1))
        total = part if total is None else add(total, part)
    return total


MODES = ("bilinear", "nearest", "bicubic")
BORDERS = ("zeros", "border", "reflection")


@rounded_once
def grid_sample(x: Operand, grid: Operand, mode: str = "bilinear", border: str = "zeros", *, align_corners: bool = False) -> Operand:
    """x read at the places of a grid, of which -1 and 1 are the ends of each axis, the last axis first.

    Between elements by distances (`bilinear`, in 3 dimensions too), by the cubic kernel, or the nearest one.  Beyond the ends are zeros,
    the outermost element, or x mirrored.
    Shape: x (n, c, *space), grid (n, *wanted, axes of space), result (n, c, *wanted).  Dtype: floating, equal, kept.
    Raises: ShapeError, ArgumentError.
    """
    rank = x.ndim - 2
    if rank < 1 or grid.ndim != x.ndim or grid.shape[0] != x.shape[0] or grid.shape[-1] != rank:
        raise ShapeError("grid_sample: expected x (n, c, *space) and a grid (n, *wanted, axes of space)",
                         facts=(f"input {tuple(x.shape)}  grid {tuple(grid.shape)}",))  # fmt: skip
    if mode not in MODES or border not in BORDERS or (mode == "bicubic" and rank != 2):
        raise ArgumentError(f"grid_sample: no mode {mode!r} with border {border!r} in {rank} dimensions")
    space = tuple(x.shape[2:])
    places = []
    for axis, extent in enumerate(space):
        unit = _column(grid, rank - 1 - axis)
        places.append(from_unit(unit, extent, align_corners=align_corners))

    def bounded(place: Operand, extent: int) -> Operand:
        if border == "reflection":
            place = reflected(place, extent, align_corners=align_corners)
        return place if border == "zeros" else held_inside(place, extent)

    if mode == "bicubic":
        axes = []
        for place, extent in zip(places, space, strict=True):
            first = stop_gradient(floor(place))
            weights = cubic_weights(sub(place, first))
            axes.append([(stop_gradient(bounded(add(first, k - 1), extent)), weight) for k, weight in enumerate(weights)])
        return _sum_of_corners(x, axes)
    places = [bounded(place, extent) for place, extent in zip(places, space, strict=True)]
    if mode == "nearest":
        whole = [_whole_place(stop_gradient(_rounded(place)), extent) for place, extent in zip(places, space, strict=True)]
        inside: Any = None
        for _, here in whole:
            inside = here if inside is None else logical_and(inside, here)
        read = read_at(x, [place for place, _ in whole], inside)
        return where(np.True_, read, expand_dims(_column(grid, 0), 1))  # of which the gradient is 0, not none
    return linear_at(x, places)


def linear_at(x: Operand, places: Sequence[Operand]) -> Operand:
    """x between its elements by distances, 0 outside.

    Shape: x (n, c, *space), places (n, *wanted) for each axis of space, counted in elements; result (n, c, *wanted).
    """
    axes = []
    for place in places:
        first = stop_gradient(floor(place))
        share = sub(place, first)
        axes.append([(first, sub(1, share)), (add(first, 1), share)])
    return _sum_of_corners(x, axes)


def _column(grid: Operand, number: int) -> Operand:
    """One entry of the last axis."""
    return squeeze(slice_axis(grid, -1, number, number + 1), -1)


def _rounded(place: Operand) -> Operand:
    """The nearest whole number, the even one of two, as PyTorch rounds."""
    lower = floor(place)
    rest, odd = sub(place, lower), greater(sub(lower, mul(floor(mul(lower, 0.5)), 2)), 0.5)
    up = where(odd, greater_equal(rest, 0.5), greater(rest, 0.5))
    return add(lower, cast(up, place.dtype))


def affine_grid(theta: Operand, space: Sequence[int], *, align_corners: bool = False) -> Operand:
    """The grid of `grid_sample` that an affine map of each example makes: theta times (x, y, ..., 1) of each place.

    Shape: theta (n, axes, axes + 1), result (n, *space, axes).  Dtype: floating, kept.  Raises: ShapeError.
    """
    rank = len(space)
    if theta.ndim != 3 or tuple(theta.shape[1:]) != (rank, rank + 1):
        raise ShapeError(f"affine_grid: expected maps ({rank}, {rank + 1})", facts=(f"theta {tuple(theta.shape)}",))
    steps = []
    for extent in space:
        ends = np.linspace(-1, 1, extent) if extent > 1 else np.zeros(extent)
        steps.append(ends if align_corners else ends * (extent - 1) / max(extent, 1))
    places = [*reversed(np.meshgrid(*steps, indexing="ij")), np.ones(tuple(space))]
    base = np.stack(places, -1).reshape(-1, rank + 1).astype(dtypes.accumulator(theta.dtype))
    return _of_maps(theta, base, tuple(space))


@rounded_once
def _of_maps(theta: Operand, base: Array, space: tuple[int, ...]) -> Operand:
    """The places of each map, written out: as many products as a place has coordinates, in one pass."""
    batch, rank = theta.shape[:2]
    found = contract(theta, base, "nkc,pc->npk")
    return reshape(found, (batch, *space, rank))
