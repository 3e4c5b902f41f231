"""Elements in other places: rolled, turned, repeated; made of the movements of movement.py."""

from __future__ import annotations

import math
from collections.abc import Sequence

from gradwerk.base.errors import ArgumentError
from gradwerk.ir.op import Operand
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.movement import concatenate, reshape, slice_axis, unchanged


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
