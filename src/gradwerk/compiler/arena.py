"""Offsets in one block of memory for buffers that live for some stages: each at the lowest that is free in all of them.

Stages are the leaves of a binary tree.  A node knows which bytes are taken by buffers that live through all of its stages, and which are
taken in any of them.  So what is in the way of a buffer stands in few nodes (twice the logarithm of the number of stages), as ranges that
were joined where they touch, however many buffers live beside it.
"""

from __future__ import annotations

from bisect import bisect_left

ALIGNMENT = 64
SLACK = 256
"""Readable bytes behind each buffer: vector loads may run past a row's end."""


def padded(nbytes: int) -> int:
    """The bytes that a buffer of so many takes."""
    return -(-(nbytes + SLACK) // ALIGNMENT) * ALIGNMENT


class Taken:
    """Bytes as ranges [start, end), in order; those that touch are one."""

    __slots__ = ("ends", "starts")

    def __init__(self) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []

    def add(self, start: int, end: int) -> bool:
        """Takes these bytes; False where they all were taken before."""
        starts, ends = self.starts, self.ends
        first, last = bisect_left(ends, start), bisect_left(starts, end + 1)  # the ranges [first, last) touch or overlap
        if first == last:
            starts.insert(first, start)
            ends.insert(first, end)
            return True
        if last - first == 1 and starts[first] <= start and end <= ends[first]:
            return False
        starts[first:last] = [min(start, starts[first])]
        ends[first:last] = [max(end, ends[last - 1])]
        return True

    def free_from(self, start: int, size: int) -> int:
        """`start` if so many bytes are free there, else an offset before which there is no such place."""
        place = bisect_left(self.starts, start + size) - 1
        return start if place < 0 or self.ends[place] <= start else self.ends[place]


class Arena:
    """Byte ranges in one block, reused once the stages that need them are over."""

    def __init__(self, stages: int) -> None:
        self.nbytes = 0
        self.leaves = 1 << max(stages - 1, 0).bit_length()
        self.through: dict[int, Taken] = {}
        """By node: what is taken by buffers that live through all of its stages."""
        self.within: dict[int, Taken] = {}
        """By node: what is taken in any of its stages."""

    def place(self, first: int, last: int, nbytes: int) -> int:
        """The lowest offset free in the stages from the first to the last."""
        size = padded(nbytes)
        parts = self.parts(first, last)
        in_the_way = [taken for node in parts if (taken := self.within.get(node)) is not None]
        in_the_way += [taken for node in self.above(first, last) if (taken := self.through.get(node)) is not None]
        offset, agreed = 0, 0
        while agreed < len(in_the_way):
            agreed = 0
            for taken in in_the_way:
                found = taken.free_from(offset, size)
                if found == offset:
                    agreed += 1
                else:
                    agreed, offset = 0, found
        self.take(parts, offset, offset + size)
        return offset

    def take(self, parts: list[int], start: int, end: int) -> None:
        """Takes the bytes in all stages of these nodes."""
        through, within = self.through, self.within
        for part in parts:
            node = part
            if node not in through:
                through[node] = Taken()
            through[node].add(start, end)
            while node:
                if node not in within:
                    within[node] = Taken()
                if not within[node].add(start, end):  # then so it is in all above
                    break
                node >>= 1
        self.nbytes = max(self.nbytes, end)

    def parts(self, first: int, last: int) -> list[int]:
        """The fewest nodes whose stages are those from the first to the last."""
        low, high, found = first + self.leaves, last + self.leaves + 1, list[int]()
        while low < high:
            if low & 1:
                found.append(low)
                low += 1
            if high & 1:
                high -= 1
                found.append(high)
            low, high = low >> 1, high >> 1
        return found

    def above(self, first: int, last: int) -> list[int]:
        """The nodes that the first or the last of these stages belongs to."""
        low, high, found = first + self.leaves, last + self.leaves, list[int]()
        while low != high:
            found += low, high
            low, high = low >> 1, high >> 1
        while low:
            found.append(low)
            low >>= 1
        return found
