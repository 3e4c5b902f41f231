"""What the chunks of a launch touch of an operand, as an affine map of the chunk's number.

    { start + sum over axes of  x_k * stride_k  |  0 <= x_k < extent_k }        elements, from the operand's first

Along one axis, `moving`, chunk c touches only the entries [c * step - before, (c + 1) * step + behind) that there are.  Barriers and chains
are derived from these sets and from nothing else; tests hold them to the loads and stores of the kernels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

Ints = tuple[int, ...]


class Hull(NamedTuple):
    """The elements [low, high] of chunk 0, of which those of chunk c are `shift` * c further on; the last chunk may have fewer."""

    low: int
    high: int
    shift: int


@dataclass(frozen=True)
class Footprint:
    """See the module.  `extents` and `strides` have one entry per axis; `moving` None: every chunk may touch everything."""

    extents: Ints
    strides: Ints
    start: int = 0
    moving: int | None = None
    step: int = 0
    before: int = 0
    behind: int = 0

    @cached_property
    def hull(self) -> Hull:
        """The first chunk's lowest and highest element.  Not clipped to the extent: where halos leave the operand it may say too much."""
        low = high = self.start
        shift = 0
        for axis, (extent, stride) in enumerate(zip(self.extents, self.strides, strict=True)):
            first, last = 0, extent - 1
            if axis == self.moving:
                shift = self.step * stride
                first, last = -self.before, self.step + self.behind - 1
            near, far = first * stride, last * stride
            low, high = low + min(near, far), high + max(near, far)
        return Hull(low, high, shift)

    @cached_property
    def whole(self) -> tuple[int, int]:
        """Lowest and highest element of all chunks."""
        low = high = self.start
        for extent, stride in zip(self.extents, self.strides, strict=True):
            reach = (extent - 1) * stride
            low, high = low + min(reach, 0), high + max(reach, 0)
        return low, high

    @property
    def empty(self) -> bool:
        """Whether nothing is touched."""
        return 0 in self.extents

    def chunk_range(self, chunk: int) -> tuple[int, int]:
        """The entries [first, end) of the moving axis that a chunk touches."""
        if self.moving is None:
            raise ValueError("no axis of this footprint moves")
        extent = self.extents[self.moving]
        return min(max(chunk * self.step - self.before, 0), extent), min((chunk + 1) * self.step + self.behind, extent)

    def elements(self, chunk: int | None = None) -> np.ndarray:
        """The elements touched by one chunk, or by all, each once, in no order: for checks.  Shape: (count,).  Dtype: int64."""
        ranges = [
            (*(self.chunk_range(chunk) if axis == self.moving and chunk is not None else (0, extent)), stride)
            for axis, (extent, stride) in enumerate(zip(self.extents, self.strides, strict=True))
        ]
        found, reach = np.array([self.start], np.int64), 0
        for first, end, stride in sorted(ranges, key=lambda item: abs(item[2])):
            entries = np.arange(first, end if stride else min(end, first + 1), dtype=np.int64)
            found = np.add.outer(entries * stride, found).ravel()
            if stride and abs(stride) <= reach:  # axes that slide reach some elements twice
                found = np.unique(found)
            reach += max(end - first - 1, 0) * abs(stride)
        return found


def along(axes: Sequence[tuple[int, int]], moving: int | None = None, step: int = 0, *, start: int = 0) -> Footprint:
    """The footprint of (extent, stride) axes; along axis number `moving`, chunks take `step` entries each."""
    return Footprint(tuple([extent for extent, _ in axes]), tuple([stride for _, stride in axes]), start, moving, step)


def independent(ours: Hull, theirs: Hull, distance: int) -> bool:
    """Whether chunk c of the one and chunk d of the other have nothing in common for all c other than d.

    `distance`: elements from where `theirs` are counted to where `ours` are.
    """
    if ours.shift != theirs.shift or ours.shift == 0:
        return False
    low, high, shift = ours.low + distance, ours.high + distance, abs(ours.shift)
    return low + shift > theirs.high and high - shift < theirs.low
