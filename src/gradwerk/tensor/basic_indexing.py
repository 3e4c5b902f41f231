"""Whole numbers, slices, None and ... in brackets: movements, of Tensors views."""

from __future__ import annotations

import operator
from types import EllipsisType
from typing import Any

import numpy as np

from gradwerk.base.errors import IndexKindError, OutOfRangeError
from gradwerk.ir.op import Operand
from gradwerk.ops import movement


def basic(x: Operand, parts: tuple[Any, ...]) -> Operand:
    """Whole numbers, slices, None and ...: slice, reverse where a step is negative, then drop and add axes."""
    full = with_ellipsis(parts, x.ndim, tuple(x.shape))
    start, stop, step, backward, shape = [], [], [], [], []
    axis = 0
    for part in full:
        if part is None or isinstance(part, (bool, np.bool_)):
            shape.append(1 if part is None else int(part))
            continue
        extent = x.shape[axis]
        if isinstance(part, slice):
            first, count, stride = _slice(part, extent)
            if stride < 0:
                backward.append(axis)
                first, stride = first + (count - 1) * stride if count else 0, -stride
            shape.append(count)
        else:
            first, count, stride = _place(part, extent, axis, tuple(x.shape)), 1, 1
        start.append(first)
        stop.append(first + (count - 1) * stride + 1 if count else first)
        step.append(stride)
        axis += 1
    taken = movement.slice_(x, start, stop, step)
    if backward:
        taken = movement.flip(taken, backward)
    if 0 in shape and 0 not in taken.shape:  # x[False]: nothing of it
        taken = movement.slice_axis(movement.reshape(taken, (1, *taken.shape)), 0, 0, 0)
    return movement.reshape(taken, shape)


def with_ellipsis(parts: tuple[Any, ...], ndim: int, shape: tuple[int, ...]) -> list[Any]:
    """The parts with whole slices for ..., and for what none names.  Raises: OutOfRangeError for more parts than axes."""
    given = sum(1 for part in parts if part is not None and not isinstance(part, (EllipsisType, bool, np.bool_)))
    if given > ndim:
        raise OutOfRangeError(f"{given} indices for {ndim} axes", facts=(f"Tensor {shape}",))
    if not any(isinstance(part, EllipsisType) for part in parts):
        parts = (*parts, ...)
    result: list[Any] = []
    for part in parts:
        if isinstance(part, EllipsisType):
            result += [slice(None)] * (ndim - given)
            given = ndim
        else:
            result.append(part)
    return result


def _slice(part: slice, extent: int) -> tuple[int, int, int]:
    start, stop, step = part.indices(extent)
    return start, len(range(start, stop, step)), step


def _place(part: Any, extent: int, axis: int, shape: tuple[int, ...]) -> int:  # noqa: ANN401
    try:
        place = operator.index(part)
    except TypeError:
        message = f"only integers, slices (`:`), ellipsis (`...`), None and integer or bool arrays are valid indices (got {part!r})"
        whole = isinstance(part, float) and part.is_integer()
        raise IndexKindError(message, likely=f"write {int(part)}; whole numbers are divided by `//`" if whole else "") from None
    if not -extent <= place < extent:
        raise OutOfRangeError(f"index {place} is outside axis {axis} of extent {extent}", facts=(f"Tensor {shape}",))
    return place % extent
