"""Iteration spaces made simple before code is built: axes of extent 1 vanish, neighbours that every operand walks as one are merged.

What is left of an operand is one letter per axis, which shapes the code, and run-time strides, which do not:
    u  its elements are neighbours along the axis        s  a run-time stride
    0  the axis does not move it                         f  one so large, along the lanes, that their distances need 64 bits
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradwerk.compiler.chunks import count_of, step_of
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.values import Integer
from gradwerk.compiler.work import Access, Operand, row_major

UNIT, NONE, FREE, FAR = "u", "0", "s", "f"
FARTHEST = 1 << 24
"""Strides below this, times the lanes of a vector and the step of a window, fit 32 bits."""


@dataclass(frozen=True)
class Axis:
    """One axis: its extent, each operand's stride along it, and the extent of the first of the space's axes merged into it."""

    extent: int
    strides: tuple[int, ...]
    leading: int
    label: object = None

    @property
    def inner(self) -> int:
        """How many entries one entry of the first merged axis holds."""
        return max(self.extent // max(self.leading, 1), 1)


def axes_of(space: Sequence[int], strides: Sequence[Sequence[int]], labels: Sequence[object] | None = None) -> list[Axis]:
    """The axes of a space, outermost first, merged where all operands allow it and the labels are equal.

    `strides` holds, per operand, its strides in elements.  At least one axis is left, so that a kernel has lanes.
    """
    if 0 in space:
        return [Axis(0, (1,) * len(strides), 0)]
    if labels is None:
        whole = tuple(space)
        dense = row_major(whole)
        if all(s == dense or not any(s) for s in strides) and max(whole, default=1) > 1:  # nearly always: one long axis
            return [Axis(math.prod(whole), tuple([int(s == dense) for s in strides]), next(n for n in whole if n > 1))]
    result: list[Axis] = []
    for number, extent in enumerate(space):
        if extent == 1:
            continue
        axis = Axis(extent, tuple(s[number] for s in strides), extent, labels[number] if labels else None)
        if result and _walk_as_one(result[-1], axis):
            outer = result.pop()
            axis = Axis(outer.extent * extent, axis.strides, outer.leading, axis.label)
        result.append(axis)
    return result or [Axis(1, (1,) * len(strides), 1)]


def _walk_as_one(outer: Axis, inner: Axis) -> bool:
    return outer.label == inner.label and all(a == b * inner.extent for a, b in zip(outer.strides, inner.strides, strict=True))


def lane_axis(axes: Sequence[Axis], weights: Sequence[int]) -> int:
    """The axis along which most operands, each with its weight, have neighbours; the innermost of equals."""
    score = [sum(w for w, s in zip(weights, axis.strides, strict=True) if s == 1) for axis in axes]
    return max(range(len(axes)), key=lambda k: (score[k], k))


def patterns(axes: Sequence[Axis], *, tiled: bool = False) -> tuple[str, ...]:
    """The letters of every operand; u stands on the last axis, that of the lanes, and where blocks are `tiled` on the one before."""
    rows = []
    for number in range(len(axes[0].strides)):
        letters = [NONE if axis.strides[number] == 0 else FREE for axis in axes]
        for place in (-1, -2) if tiled else (-1,):
            if axes[place].strides[number] == 1:
                letters[place] = UNIT
        if abs(axes[-1].strides[number]) >= FARTHEST:
            letters[-1] = FAR
        rows.append("".join(letters))
    return tuple(rows)


def run_time_strides(axes: Sequence[Axis], letters: Sequence[str]) -> tuple[int, ...]:
    """The strides that kernels take as arguments: those of letters s and f, operand by operand."""
    return tuple(axis.strides[k] for k, row in enumerate(letters) for axis, letter in zip(axes, row, strict=True) if letter in (FREE, FAR))


def read_strides(kernel: Kernel, letters: Sequence[str], first: int) -> list[list[Integer]]:
    """In a kernel: every operand's stride along every axis, from the extents beginning at `first`."""
    source: Iterator[Integer] = iter(kernel.extents[first:])
    return [[1 if letter == UNIT else 0 if letter == NONE else next(source) for letter in row] for row in letters]


def count_free(letters: Sequence[str]) -> int:
    """How many run-time strides there are."""
    return sum(row.count(FREE) + row.count(FAR) for row in letters)


@dataclass(frozen=True)
class Cut:
    """How an axis is cut into chunks."""

    step: int
    count: int

    @classmethod
    def of(cls, axis: Axis, nbytes: int, *, whole: bool = False, multiple: int = 1) -> Cut:
        """The cut of an axis whose whole space touches `nbytes`, at entries of its first merged axis unless those are too few.

        `whole` forbids the finer cut; `multiple` asks for steps that are multiples, so that blocks are cut whole.
        """
        entries, inner = axis.leading, axis.inner
        if entries < 16 < axis.extent and not whole:
            entries, inner = axis.extent, 1
        step = step_of(entries, nbytes // max(entries, 1)) * inner
        step = -(-step // multiple) * multiple
        return cls(step, count_of(axis.extent, step))


def part_of(number: int, axes: Sequence[Axis], chunked: int, cut: Cut, *, writes: bool = False) -> Footprint:
    """What the chunks of a walk over the axes touch of operand `number`.  Along an axis that does not move it, a reduction of nothing still
    writes its result.
    """
    moving = chunked if cut.count > 1 else None
    strides = tuple([axis.strides[number] for axis in axes])
    extents = [axis.extent if stride or not writes else 1 for axis, stride in zip(axes, strides, strict=True)]
    return Footprint(tuple(extents), strides, 0, moving, cut.step)


def accesses(reads: Sequence[Operand], writes: Sequence[Operand], axes: Sequence[Axis], chunked: int, cut: Cut) -> tuple[Access, ...]:
    """The accesses of a kernel whose pointers are its reads and then its writes."""
    operands = [(operand, False) for operand in reads] + [(operand, True) for operand in writes]
    return tuple(
        Access(operand, writes=write, reads=not write, part=part_of(number, axes, chunked, cut, writes=write))
        for number, (operand, write) in enumerate(operands)
    )


def bytes_of(operands: Sequence[Operand], axes: Sequence[Axis]) -> int:
    """The bytes that one walk over the space touches."""
    total = 0
    for number, operand in enumerate(operands):
        count = 1
        for axis in axes:
            count *= axis.extent if axis.strides[number] else 1
        total += count * operand.dtype.itemsize
    return total
