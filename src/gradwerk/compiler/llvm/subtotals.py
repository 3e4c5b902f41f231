"""Sums in memory, to which the sums of blocks are added."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.values import Value, lanes, scalar

Adding = Callable[[Value, Value], Value]


class Subtotals:
    """As many registers as there are values, on the stack; they begin as those."""

    def __init__(self, f: Function, nothing: Sequence[Value], add: Adding) -> None:
        self.f, self.add_two, self.count, self.type = f, add, len(nothing), nothing[0].type
        self.width = lanes(self.type)
        self.element = scalar(self.type)
        self.place = f.on_stack(self.element, self.count * self.width)
        for k, value in enumerate(nothing):
            f.store(value, self._at(k))

    def _at(self, number: int) -> Value:
        return self.f.at(self.place, number * self.width, element=self.element)

    def read(self) -> list[Value]:
        """The sums so far."""
        return [self.f.load(self.type, self._at(k)) for k in range(self.count)]

    def add(self, values: Sequence[Value]) -> None:
        """Adds a block's."""
        for k, (before, value) in enumerate(zip(self.read(), values, strict=True)):
            self.f.store(self.add_two(before, value), self._at(k))
