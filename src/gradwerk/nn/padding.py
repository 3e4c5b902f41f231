"""Borders around an array: of one value, or of its own elements."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ir.op import Operand
from gradwerk.ops.elementwise import where
from gradwerk.ops.movement import broadcast_to, concatenate, flip, pad, slice_, slice_axis

Widths = Sequence[tuple[int, int]]
"""(low, high) for each axis; a negative one cuts off."""


def padded(x: Operand, widths: Widths, mode: str = "constant", value: float = 0) -> Operand:
    """x with borders.

    Shape: n + low + high for each axis.  Dtype: kept.  The gradient of an element of x is the sum of those of its copies.
    Raises: ShapeError where x is too short for the border, or for what is cut off.

    Args:
        widths: (low, high) for each axis; a negative one cuts off.
        mode: `constant` of a value; `reflect` of x mirrored at its outermost elements, `replicate` of those, `circular` of x again (of
            what is left of it, where the other end is cut off).
        value: what stands in a constant border.
    """
    low, high = (tuple(max(pair[end], 0) for pair in widths) for end in range(2))
    if any(n + a + b < 0 or n + min(a, b) < 0 for n, (a, b) in zip(x.shape, widths, strict=True)):
        raise ShapeError("more is cut off than there is", facts=(f"input {tuple(x.shape)}  widths {tuple(widths)}",))
    if mode == "circular":
        return _bordered(_cut(x, widths), low, high, mode)
    return _cut(_around(x, low, high, value) if mode == "constant" else _bordered(x, low, high, mode), widths)


def _cut(x: Operand, widths: Widths) -> Operand:
    """x without what negative widths say."""
    return slice_(x, [max(-low, 0) for low, _ in widths], [n - max(-high, 0) for n, (_, high) in zip(x.shape, widths, strict=True)])
def _around(x: Operand, low: Sequence[int], high: Sequence[int], value: float) -> Operand:
    """One value around x; by a choice, as NaN and infinity do not go away when they are subtracted."""
    wide = pad(x, low, high)
    if wide.shape == x.shape or (not value and math.copysign(1, value) > 0):  # -0.0 is another number
        return wide
    inside = pad(broadcast_to(np.ones((), bool), tuple(x.shape)), low, high)
    return where(inside, wide, dtypes.of_value(value, x.dtype))


def _bordered(x: Operand, low: Sequence[int], high: Sequence[int], mode: str) -> Operand:
    """x between its own elements, axis by axis."""
    for axis in range(x.ndim):
        if low[axis] or high[axis]:
            x = concatenate(_parts(x, axis, low[axis], high[axis], mode), axis)
    return x


def _parts(x: Operand, axis: int, low: int, high: int, mode: str) -> list[Operand]:
    """What lies before x along an axis, x, and what lies behind.  Raises: ShapeError."""
    extent, (reach, border) = x.shape[axis], _BORDERS[mode]
    if max(low, high) > extent - reach or not extent:
        facts = (f"axis {axis} of {tuple(x.shape)}, padding {low} and {high}",)
        raise ShapeError(f"{mode} padding goes {max(low, high)} beyond an extent of {extent}", facts=facts)
    before, behind = border(x, axis, low, high)
    return [*([before] if low else []), x, *([behind] if high else [])]


def _reflected(x: Operand, axis: int, low: int, high: int) -> tuple[Operand, Operand]:
    n = x.shape[axis]
    return flip(slice_axis(x, axis, 1, low + 1), axis), flip(slice_axis(x, axis, n - 1 - high, n - 1), axis)


def _again(x: Operand, axis: int, low: int, high: int) -> tuple[Operand, Operand]:
    n = x.shape[axis]
    return slice_axis(x, axis, n - low, n), slice_axis(x, axis, 0, high)


def _repeated(x: Operand, axis: int, low: int, high: int) -> tuple[Operand, Operand]:
    n = x.shape[axis]
    wide = [(*x.shape[:axis], count, *x.shape[axis + 1 :]) for count in (low, high)]
    return broadcast_to(slice_axis(x, axis, 0, 1), wide[0]), broadcast_to(slice_axis(x, axis, n - 1, n), wide[1])


_BORDERS: dict[str, tuple[float, Callable[..., tuple[Operand, Operand]]]] = {
    "reflect": (1, _reflected), "replicate": (-np.inf, _repeated), "circular": (0, _again),
}  # fmt: skip
"""By mode: how many elements of x a border cannot show, and what lies before and behind."""
MODES = ("constant", *_BORDERS)
