"""A panel of a contraction's lanes side by side in the thread's scratch memory: copied where it lies far apart, or turned."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.maps import transposed
from gradwerk.compiler.llvm.values import Integer, Value, lanes, scalar

Range = tuple[Integer, Integer]


class Panel:
    """`vectors` registers for each term, from `place` on."""

    def __init__(self, f: Function, type_: str, vectors: int, place: Value) -> None:
        self.f, self.type, self.vectors, self.place = f, type_, vectors, place
        self.element, self.width = scalar(type_), lanes(type_)
        self.size = vectors * self.width

    def at(self, pointer: Value, *offsets: Integer) -> Value:
        """pointer + offsets in elements."""
        return self.f.at(pointer, *offsets, element=self.element)

    def filled(
        self, source: Value, ranges: Sequence[Range], sums: Sequence[Sequence[Integer]], read: Callable[[Value, int], Value]
    ) -> list[Value]:
        """Copies a panel whose lanes are neighbours; the address from which the summed axes lead to its elements, and their steps.

        `sums` are (extent, step in a, step in b) of each summed axis, of which the entries in `ranges` are read.
        """
        f, steps = self.f, list[Integer]([self.size])
        for extent, *_ in reversed(sums[1:]):
            steps.insert(0, f.mul(steps[0], extent))

        def copy(level: int, there: Value, here: Value) -> None:
            if level == len(sums):
                for j in range(self.vectors):
                    f.store(read(self.at(there, j * self.width), j), self.at(here, j * self.width))
                return
            with f.loop(*ranges[level]) as loop:
                i = loop.index
                copy(level + 1, self.at(there, f.mul(i, sums[level][2])), self.at(here, f.mul(i, steps[level])))

        start = self.at(self.place, f.sub(0, f.mul(ranges[0][0], steps[0])))
        copy(0, source, start)
        return [start, *map(f.integer, steps)]

    def turned(self, source: Value, terms: Range, by_lane: Integer, count: Integer) -> list[Value]:
        """The same of a panel whose terms are neighbours, `count` lanes of it: squares are turned in registers.

        A lane that is none reads the last that is one; behind the last term the panel has zeros.
        """
        f, (low, high) = self.f, terms
        start = self.at(self.place, f.sub(0, f.mul(low, self.size)))
        with f.loop(0, self.vectors) as group:
            first = f.mul(group.index, self.width)
            numbers = [f.minimum(f.add(first, i), f.sub(count, 1)) for i in range(self.width)]
            rows = [self.at(source, f.mul(number, by_lane)) for number in numbers]
            with f.loop(low, high, step=self.width) as loop:
                mask = f.first_lanes(f.sub(high, loop.index), self.width)
                square = [f.load_masked(self.type, self.at(row, loop.index), mask) for row in rows]
                here = self.at(start, first, f.mul(loop.index, self.size))
                for n, line in enumerate(transposed(f, square)):
                    f.store(line, self.at(here, n * self.size))
        return [start, f.integer(self.size)]
