"""Steps of a chained data set that make data sets of its elements, or carry something on from one to the next."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.data.chains import Step
from gradwerk.data.elements import Tree, plain, spec_of
from gradwerk.data.sources import UNKNOWN, Given, Source, first_of


@dataclass(eq=False)
class Windowed(Step):
    """So many neighbours as a data set of their own, or, of elements of several parts, one for each part."""

    size: int
    shift: int
    stride: int
    whole: bool

    def elements(self) -> Iterator[Tree]:
        elements, held, start, at = iter(self.source.elements()), deque[Tree](), 0, 0
        reach = (self.size - 1) * self.stride + 1
        while True:
            while at < start:  # a shift beyond the window
                if next(elements, self) is self:
                    return
                at += 1
            held.extend(itertools.islice(elements, max(0, reach - len(held))))
            at = start + len(held)
            if not held or (self.whole and len(held) < reach):
                return
            yield self.window(list(itertools.islice(held, 0, None, self.stride)))
            for _ in range(min(self.shift, len(held))):
                held.popleft()
            start += self.shift

    def window(self, several: list[Tree]) -> Tree:
        """A window: sources as leaves."""
        number = iter(range(len(flatten(several[0]))))
        parts = [flatten(element) for element in several]

        def part(leaf: Any) -> Given:  # noqa: ANN401
            place = next(number)
            return Given([one[place] for one in parts], spec_of(leaf))

        return map_tree(part, several[0])

    def count(self) -> int:
        count, reach = self.source.count(), (self.size - 1) * self.stride + 1
        if count < 0:
            return count
        return max(0, (count - reach) // self.shift + 1) if self.whole else -(-count // self.shift)

    def spec(self) -> Tree:
        return map_tree(lambda spec: Given([], spec), self.source.spec())

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Interleaved(Step):
    """The elements of the data sets that a function gives: of `cycle` of them in turn, `block` from each."""

    function: Callable[[Tree], Source]
    cycle: int
    block: int

    def elements(self) -> Iterator[Tree]:
        elements, ended = iter(self.source.elements()), False
        opened: list[Iterator[Tree] | None] = [None] * self.cycle
        place = taken = 0
        while not ended or any(one is not None for one in opened):
            current = opened[place]
            if current is None and not ended:
                element = next(elements, self)
                ended = element is self
                opened[place] = None if ended else iter(self.function(element).elements())
                continue
            found = self if current is None else next(current, self)
            if found is not self:
                yield found
                taken += 1
            else:
                opened[place] = None
            if found is self or taken == self.block:
                place, taken = (place + 1) % self.cycle, 0

    def count(self) -> int:
        return 0 if self.source.count() == 0 else UNKNOWN

    def spec(self) -> Tree:
        element = self.source.first()
        return () if element is None else self.function(element).spec()

    def first(self) -> Tree:
        element = self.source.first()
        return None if element is None else self.function(element).first()


@dataclass(eq=False)
class Carried(Step):
    """A function of what was carried on and each element: gives what is carried on, and an element."""

    state: Tree
    function: Callable[[Tree, Tree], tuple[Tree, Tree]]

    def elements(self) -> Iterator[Tree]:
        state = self.state
        for element in self.source.elements():
            state, made = self.function(state, element)
            yield made

    def spec(self) -> Tree:
        element = self.source.first()
        return () if element is None else spec_of(self.function(self.state, element)[1])

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Distinct(Step):
    """Each once."""

    def elements(self) -> Iterator[Tree]:
        seen = set()
        for element in self.source.elements():
            (leaf,) = flatten(element)
            key = plain(leaf)
            if isinstance(key, np.ndarray):
                raise ArgumentTypeError(f"unique: elements are single numbers or texts, this is {key.shape}")
            if key not in seen:
                seen.add(key)
                yield element

    def count(self) -> int:
        return UNKNOWN
