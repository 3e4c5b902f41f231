"""Strides as slices of blocks of dense rows: how elements at given distances are found in memory of movements."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple


class Level(NamedTuple):
    """One axis of the block: its extent, and the elements of it that the array's axis reads; all but the last step over whole rows."""

    extent: int
    taken: int
    step: int

    @property
    def spare(self) -> int:
        """How far the slice can be pushed along the axis."""
        return self.extent - 1 - (self.taken - 1) * self.step


def levels_of(extents: Sequence[int], strides: Sequence[int]) -> list[Level] | None:
    """The block for axes of these strides, in elements, outermost first; None where no rows are long enough, because windows overlap."""
    levels: list[Level] = []
    unit = 1
    for place in reversed(range(len(strides))):
        step, reach = strides[place] // unit, (extents[place] - 1) * strides[place] // unit
        apart = math.gcd(*strides[:place]) // unit if place else reach + 1
        width = next((n for n in range(reach + 1, apart + 1) if apart % n == 0), 0)
        if not width:
            return None
        levels.insert(0, Level(width, extents[place], step))
        unit *= width
    return levels


def pushed(levels: Sequence[Level], least: int) -> list[int] | None:
    """Where each slice begins so that the block begins at least so many elements before the array; None where it cannot."""
    units = [math.prod(level.extent for level in levels[place + 1 :]) for place in range(len(levels))]
    begins = [0, *(least // unit % level.extent for unit, level in zip(units[1:], levels[1:], strict=True))]
    if least >= units[0]:
        return None
    place = 1
    while place < len(levels):
        if begins[place] <= levels[place].spare:
            place += 1
            continue
        if place == 1:
            return None
        begins[place - 1] += 1  # the next row, from its beginning
        begins[place:] = [0] * (len(levels) - place)
        place -= 1
    return begins
