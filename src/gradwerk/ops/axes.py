"""Axes as people name them, counted from the front and checked."""

from __future__ import annotations

from collections.abc import Sequence
from operator import index

from gradwerk.base.errors import OutOfRangeError, ShapeError


def normal_axis(op: str, axis: int, ndim: int) -> int:
    """An axis counted from the front.  Raises: OutOfRangeError outside -ndim..ndim-1."""
    if type(axis) is int and 0 <= axis < ndim:
        return axis
    if not -ndim <= axis < ndim:
        raise OutOfRangeError(f"{op}: there is no axis {axis} in {ndim} dimensions")
    return index(axis) % ndim


def normal_axes(op: str, axes: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Sorted axes counted from the front; None means all.  Raises: ShapeError for one outside or named twice."""
    if axes is None:
        return tuple(range(ndim))
    if type(axes) is int:
        return (normal_axis(op, axes, ndim),)
    found = sorted(normal_axis(op, axis, ndim) for axis in ((axes,) if isinstance(axes, int) else axes))
    if len(set(found)) != len(found):
        raise ShapeError(f"{op}: an axis is named twice in {axes}")
    return tuple(found)
