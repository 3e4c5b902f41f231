"""Elements in other places: rolled, turned, repeated; made of the movements of movement.py."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import mul, where
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.movement import broadcast_to, concatenate, expand_dims, flip, pad, reshape, slice_axis, transpose, unchanged


def roll(x: Operand, shifts: int | Sequence[int], axes: int | Sequence[int] | None = None) -> Operand:
    """Element i goes to place i + shift along each axis, what falls off the end to the front; without axes in row-major order.

    Shape, dtype: kept.  Raises: ArgumentError unless there are as many shifts as axes, ShapeError for an axis that x does not have.
    """
    steps = [shifts] if isinstance(shifts, int) else list(shifts)
    if axes is None:
        if len(steps) != 1:
            raise ArgumentError(f"roll: {len(steps)} shifts of elements without axes, expected one")
        return reshape(roll(reshape(x, (math.prod(x.shape),)), steps, 0), tuple(x.shape))
    named = [axes] if isinstance(axes, int) else list(axes)
    if len(named) != len(steps):
        raise ArgumentError(f"roll: {len(steps)} shifts along {len(named)} axes, expected as many")
    given = x
    for step, axis in zip(steps, named, strict=True):
        place = normal_axis("roll", axis, x.ndim)
        extent = x.shape[place]
        cut = (extent - step) % extent if extent else 0
        if cut:
            x = concatenate([slice_axis(x, place, cut, extent), slice_axis(x, place, 0, cut)], place)
    return unchanged(x) if x is given else x


def rot90(x: Operand, times: int = 1, axes: tuple[int, int] = (0, 1)) -> Operand:
    """Turned by 90 degrees so many times, from the first of two axes toward the second.  Raises: ShapeError where both are one.

    Shape: that of x, both axes exchanged where it is turned an odd number of times.  Dtype: kept.
    """
    first, second = (normal_axis("rot90", axis, x.ndim) for axis in axes)
    if first == second:
        raise ShapeError(f"rot90: the two axes are one, {first}", facts=(f"input {tuple(x.shape)}",))
    turns = times % 4
    if turns == 0:
        return unchanged(x)
    if turns == 2:
        return flip(x, (first, second))
    order = list(range(x.ndim))
    order[first], order[second] = second, first
    return flip(transpose(x, order), first) if turns == 1 else transpose(flip(x, first), order)


def tile(x: Operand, times: Sequence[int]) -> Operand:
    """The whole repeated so often along each axis; with more numbers than axes x gets new ones in front, with fewer the last are meant.

    Shape: each extent times its number.  Raises: ShapeError for a negative number.
    """
    counts = [1] * (x.ndim - len(times)) + [int(n) for n in times]
    if any(n < 0 for n in counts):
        raise ShapeError(f"tile: {tuple(times)} has a negative number of times", facts=(f"input {tuple(x.shape)}",))
    shape = [1] * (len(counts) - x.ndim) + list(x.shape)
    apart = reshape(x, [n for extent in shape for n in (1, extent)])
    repeated = broadcast_to(apart, [n for pair in zip(counts, shape, strict=True) for n in pair])
    return reshape(repeated, [count * extent for count, extent in zip(counts, shape, strict=True)])


def repeat(x: Operand, times: int, axis: int) -> Operand:
    """Each element of an axis so often, its copies side by side.  Raises: ShapeError for a negative number.

    Shape: that of x, the axis `times` as long.  Dtype: kept.
    """
    place = normal_axis("repeat", axis, x.ndim)
    if times < 0:
        raise ShapeError(f"repeat: {times} times", facts=(f"input {tuple(x.shape)}",))
    shape = tuple(x.shape)
    repeated = broadcast_to(expand_dims(x, place + 1), (*shape[: place + 1], times, *shape[place + 1 :]))
    return reshape(repeated, (*shape[:place], shape[place] * times, *shape[place + 1 :]))


def stack(xs: Sequence[Operand], axis: int = 0) -> Operand:
    """Arrays of one shape along a new axis.  Raises: ShapeError, DTypeError.

    Shape: that of each, with a new axis of as many.  Dtype: kept.
    """
    return concatenate([expand_dims(x, normal_axis("stack", axis, x.ndim + 1)) for x in xs], axis)


def move_axes(x: Operand, source: Sequence[int], destination: Sequence[int]) -> Operand:
    """Axes at other places, the rest in their order.  Raises: ShapeError for an axis that x does not have, or that is named twice.

    Shape: the extents of x in their new order.  Dtype: kept.
    """
    taken, places = ([normal_axis("move_axes", axis, x.ndim) for axis in axes] for axes in (source, destination))
    if len(taken) != len(places) or len(set(taken)) != len(taken) or len(set(places)) != len(places):
        raise ShapeError(f"move_axes: {tuple(source)} cannot go to {tuple(destination)}", facts=(f"input {tuple(x.shape)}",))
    order = [k for k in range(x.ndim) if k not in taken]
    for place, axis in sorted(zip(places, taken, strict=True)):
        order.insert(place, axis)
    return transpose(x, order)


def meshgrid(vectors: Sequence[Operand], *, columns_first: bool = False) -> list[Operand]:
    """Each vector along an axis of its own, repeated along those of the others; with `columns_first` the first two axes exchanged.

    Shape: (n1,), (n2,), ... -> as many arrays of (n1, n2, ...).  Dtype: that of each.  Raises: ShapeError for what is no vector.
    """
    if any(x.ndim != 1 for x in vectors):
        raise ShapeError("meshgrid: expected a list of vectors", facts=tuple(f"given {tuple(x.shape)}" for x in vectors))
    order = list(range(len(vectors)))
    if columns_first and len(vectors) > 1:
        order[0], order[1] = 1, 0
    extents = [vectors[k].shape[0] for k in order]
    along = [reshape(x, [x.shape[0] if k == number else 1 for k in order]) for number, x in enumerate(vectors)]
    return [broadcast_to(x, extents) for x in along]


def block_diag(matrices: Sequence[Operand]) -> Operand:
    """Matrices side by side and below one another, zeros elsewhere.  Raises: ShapeError for what is no matrix, DTypeError.

    Shape: (m1, n1), (m2, n2), ... -> (m1 + m2 + ..., n1 + n2 + ...).  Dtype: kept.
    """
    if any(x.ndim != 2 for x in matrices):
        raise ShapeError("block_diag: expected matrices", facts=tuple(str(tuple(x.shape)) for x in matrices))
    width, before, rows = sum(x.shape[1] for x in matrices), 0, []
    for x in matrices:
        rows.append(pad(x, (0, before), (0, width - before - x.shape[1])))
        before += x.shape[1]
    return concatenate(rows, 0)


def vander(x: Operand, count: int, *, increasing: bool = False) -> Operand:
    """The powers count - 1 .. 0 of each element along a new last axis, or 0 .. count - 1.  Dtype: numbers, kept."""
    powers = [where(np.True_, 1, x)]
    while len(powers) < count:
        powers.append(mul(powers[-1], x))
    columns = powers[:count] if increasing else powers[:count][::-1]
    return stack(columns, x.ndim) if columns else reshape(slice_axis(expand_dims(x, x.ndim), x.ndim, 0, 0), (*x.shape, 0))
