"""Whole numbers, slices, None and ... in brackets: movements, of Tensors views."""

from __future__ import annotations

import operator
from functools import lru_cache
from types import EllipsisType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import IndexKindError, OutOfRangeError
from gradwerk.ir.op import Movement, Operand
from gradwerk.ir.type import Type
from gradwerk.ops import movement
from gradwerk.ops.made import made, whole

Part = int | EllipsisType | tuple[int | None, int | None, int | None] | None
"""A part of a plain key: a whole number of Python's own and no bool, ..., a slice's three parts, None."""


def basic(x: Operand, parts: tuple[Any, ...]) -> Operand:
    """Whole numbers, slices, None and ...: slice, reverse where a step is negative, then drop and add axes."""
    said = plain(parts)
    if said is not None:
        return moved(x, said)
    for op in _moves(tuple(x.shape), parts):
        x = op(x)
    return x


def moved(x: Operand, said: tuple[Part, ...]) -> Operand:
    """The same of a key that is `plain`."""
    for op in _known_moves(tuple(x.shape), said):
        x = op(x)
    return x


def plain(parts: tuple[Any, ...]) -> tuple[Part, ...] | None:
    """What a key says that is made of Python's own whole numbers, slices of them, None and ... alone, to be hashed; else None."""
    said: list[Part] = []
    for part in parts:
        kind = type(part)
        if kind is slice:
            three = part.start, part.stop, part.step
            for number in three:
                if number is not None and type(number) is not int:
                    return None
            said.append(three)
        elif kind is int or part is None or part is ...:
            said.append(part)
        else:
            return None
    return tuple(said)


@lru_cache(maxsize=1024)
def _known_moves(extents: tuple[int, ...], said: tuple[Part, ...]) -> tuple[Movement, ...]:
    """The movements of a plain key: which they are takes longer to find out than they take."""
    return _moves(extents, tuple([slice(*part) if isinstance(part, tuple) else part for part in said]))


def _moves(extents: tuple[int, ...], parts: tuple[Any, ...]) -> tuple[Movement, ...]:
    """The movements that lead from a Tensor of this shape to what the parts name."""
    start, stop, step, backward, shape = [], [], [], [], []
    axis = 0
    for part in with_ellipsis(parts, len(extents), extents):
        if part is None or isinstance(part, (bool, np.bool_)):
            shape.append(1 if part is None else int(part))
            continue
        extent = extents[axis]
        if isinstance(part, slice):
            first, count, stride = _slice(part, extent)
            if stride < 0:
                backward.append(axis)
                first, stride = first + (count - 1) * stride if count else 0, -stride
            shape.append(count)
        else:
            first, count, stride = _place(part, extent, axis, extents), 1, 1
        start.append(first)
        stop.append(first + (count - 1) * stride + 1 if count else first)
        step.append(stride)
        axis += 1
    moves: list[Movement] = []
    present = Type(extents, dtypes.float32)  # of whatever dtype

    def move(op: Movement) -> None:
        nonlocal present
        (present,) = op.infer(present)
        moves.append(op)

    if any(start) or tuple(stop) != extents or any(stride != 1 for stride in step):
        move(made(movement.Slice, whole(start), whole(stop), whole(step)))
    if backward:
        move(movement.Flip(tuple(backward)))
    if 0 in shape and 0 not in present.shape:  # x[False]: nothing of it
        move(made(movement.Reshape, (1, *present.shape)))
        move(made(movement.Slice, (0,) * present.ndim, (0, *present.shape[1:]), (1,) * present.ndim))
    if tuple(shape) != present.shape:
        move(made(movement.Reshape, whole(shape)))
    return tuple(moves)


def with_ellipsis(parts: tuple[Any, ...], ndim: int, shape: tuple[int, ...]) -> list[Any]:
    """The parts with whole slices for ..., and for what none names.  Raises: OutOfRangeError for more parts than axes."""
    given = sum(1 for part in parts if part is not None and not isinstance(part, (EllipsisType, bool, np.bool_)))
    if given > ndim:
        raise too_many(given, shape)
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


def too_many(given: int, shape: tuple[int, ...]) -> OutOfRangeError:
    """The error for more places than a Tensor of this shape has axes."""
    if not shape:
        return OutOfRangeError("invalid index of a Tensor of no axes", likely="x.item() is the number it holds")
    axes = "1 axis" if len(shape) == 1 else f"{len(shape)} axes"
    return OutOfRangeError(f"too many indices: {given} for {axes}", facts=(f"Tensor {shape}",))


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
