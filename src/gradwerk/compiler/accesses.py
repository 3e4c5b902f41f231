"""Which earlier accesses of a memory an access overlaps: the dependences of work.

Nearly every memory is written once and read a few times: its accesses are a list.  But one may be written in thousands of parts, and read
by thousands of readers.  So where there are many, they are kept in rows by the length of what they span, each in order of where it begins,
and those of one chain that all overlap each other, as the interleaved parts of a concatenation do, count as one for an access that
overlaps all of them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import NamedTuple

from gradwerk.compiler.footprint import Hull, independent
from gradwerk.compiler.work import Buffer, Work


@dataclass(eq=False)
class Link:
    """A chain under construction, in a stage."""

    work: list[Work]
    stage: int = 0


class Reach(NamedTuple):
    """The elements of a memory that an access touches in the first iteration, `low` to `high`, and in the first chunk of it.

    In each iteration of the loops around they all are so many `steps` further.
    """

    steps: tuple[int, ...]
    low: int
    high: int
    hull: Hull

    def apart(self, other: Reach) -> bool:
        """Whether different chunks of the two accesses have nothing in common, in any iteration."""
        return self.steps == other.steps and independent(self.hull, other.hull, 0)

    def union(self, other: Reach) -> Reach:
        """Both as one."""
        hull = Hull(min(self.hull.low, other.hull.low), max(self.hull.high, other.hull.high), self.hull.shift)
        return Reach(self.steps, min(self.low, other.low), max(self.high, other.high), hull)


class Bundle:
    """Accesses of one chain that move alike, and of which each overlaps each.  `inner`: the elements that all of them span."""

    __slots__ = ("inner", "link", "low", "parts", "reach")

    def __init__(self, link: Link, reach: Reach) -> None:
        self.link, self.reach, self.parts = link, reach, [reach]
        self.low, self.inner = reach.low, (reach.low, reach.high)

    @property
    def row(self) -> tuple[tuple[int, ...], int]:
        """Its row: by how far it moves in each iteration, and by the power of two of its length."""
        return self.reach.steps, (self.reach.high - self.reach.low).bit_length()

    def takes(self, link: Link, reach: Reach) -> bool:
        """Whether one more may belong to it."""
        alike = link is self.link and (reach.steps, reach.hull.shift) == (self.reach.steps, self.reach.hull.shift)
        return alike and reach.low <= self.inner[1] and self.inner[0] <= reach.high

    def take(self, reach: Reach) -> None:
        """One more."""
        self.parts.append(reach)
        self.reach = self.reach.union(reach)
        self.low, self.inner = self.reach.low, (max(self.inner[0], reach.low), min(self.inner[1], reach.high))

    def overlapping(self, reach: Reach) -> Iterator[Reach]:
        """What of it the access overlaps: all as one, or one by one."""
        if reach.low <= self.inner[1] and self.inner[0] <= reach.high:
            yield self.reach
        else:
            yield from (part for part in self.parts if part.low <= reach.high and reach.low <= part.high)


BEGIN = attrgetter("low")


class Accesses:
    """The accesses of one memory."""

    def __init__(self) -> None:
        self.rows: dict[tuple[tuple[int, ...], int], list[Bundle]] = {}
        self.last: Bundle | None = None

    def add(self, link: Link, reach: Reach) -> None:
        """One more, of work of this chain."""
        bundle = self.last
        if bundle is None or not bundle.takes(link, reach):
            self.last = bundle = Bundle(link, reach)
        else:
            row, low = bundle.row, bundle.low
            bundle.take(reach)
            if (row, low) == (bundle.row, bundle.low):
                return
            self.rows[row].remove(bundle)
        insort(self.rows.setdefault(bundle.row, []), bundle, key=BEGIN)

    def overlapping(self, reach: Reach) -> list[tuple[Link, Reach]]:
        """Those that may have elements in common with this access in one iteration, with their chains."""
        found: list[tuple[Link, Reach]] = []
        for (steps, bits), row in self.rows.items():
            if steps != reach.steps:
                found += [(bundle.link, bundle.reach) for bundle in row]
                continue
            first = bisect_left(row, reach.low + 1 - (1 << bits), key=BEGIN)
            for bundle in row[first : bisect_right(row, reach.high, lo=first, key=BEGIN)]:
                found += [(bundle.link, part) for part in bundle.overlapping(reach)]
        return found


class Touch(NamedTuple):
    """What an access does to which memory."""

    writes: bool
    memory: Buffer
    reach: Reach


FEW = 8
"""Accesses of a memory up to which looking at each is faster than looking them up."""
Known = list[tuple[Link, Reach]] | Accesses


class History:
    """The accesses of all memories so far."""

    def __init__(self) -> None:
        self.writes: dict[Buffer, Known] = {}
        self.reads: dict[Buffer, Known] = {}

    def add(self, link: Link, touches: Sequence[Touch]) -> None:
        """Some more, of work of this chain."""
        for writes, memory, reach in touches:
            known = self.writes if writes else self.reads
            held = known.get(memory)
            if held is None:
                known[memory] = [(link, reach)]
            elif isinstance(held, Accesses):
                held.add(link, reach)
            elif len(held) < FEW:
                held.append((link, reach))
            else:
                known[memory] = many = Accesses()
                for one in (*held, (link, reach)):
                    many.add(*one)

    def conflicts(self, touches: Sequence[Touch]) -> list[tuple[Link, Reach, Reach]]:
        """Those that must not change places with these, with their chains and the one of these: one of the two writes what both have."""
        found: list[tuple[Link, Reach, Reach]] = []
        for writes, memory, reach in touches:
            for known in (self.writes, self.reads) if writes else (self.writes,):
                held = known.get(memory)
                if held is not None:
                    found += [(link, theirs, reach) for link, theirs in overlapping(held, reach)]
        return found


def overlapping(held: Known, reach: Reach) -> list[tuple[Link, Reach]]:
    """Those that may have elements in common with an access in one iteration."""
    if isinstance(held, Accesses):
        return held.overlapping(reach)
    steps, low, high, _ = reach
    return [one for one in held if one[1].steps != steps or (one[1].low <= high and low <= one[1].high)]
