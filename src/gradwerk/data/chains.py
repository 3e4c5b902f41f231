"""What is done to the elements of a chained data set, one step each: batches, shuffling, functions, repeating.

A step holds the one before it and a few options; its elements are made while somebody goes through them.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from gradwerk.base.trees import flatten, map_tree
from gradwerk.data.elements import Leaf, TensorSpec, Tree, padded, rows, spec_of, stacked
from gradwerk.data.sources import INFINITE, UNKNOWN, Source, first_of


@dataclass(eq=False)
class Step:
    """What a step says where it says nothing else: as many as before, of the same kind."""

    source: Source

    def elements(self) -> Iterator[Tree]:
        return self.source.elements()

    def count(self) -> int:
        return self.source.count()

    def spec(self) -> Tree:
        return self.source.spec()

    def first(self) -> Tree:
        return self.source.first()


@dataclass(eq=False)
class Mapped(Step):
    """A function of each element; of `ahead` at once, by threads, in the same order."""

    function: Callable[[Tree], Tree]
    ahead: int = 0

    def elements(self) -> Iterator[Tree]:
        if self.ahead < 2:
            return map(self.function, self.source.elements())
        return self._by_threads()

    def _by_threads(self) -> Iterator[Tree]:
        from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  loaded where it is asked for

        with ThreadPoolExecutor(self.ahead) as pool:
            waiting: deque[Any] = deque()
            try:
                for element in self.source.elements():
                    waiting.append(pool.submit(self.function, element))
                    if len(waiting) >= self.ahead:
                        yield waiting.popleft().result()
                while waiting:
                    yield waiting.popleft().result()
            finally:
                for one in waiting:
                    one.cancel()

    def spec(self) -> Tree:
        """Of the function's result for an element; an extent is open where the first axis was, and is as long."""
        element = self.source.first()
        if element is None:
            return ()
        given, made = self.source.spec(), self.function(element)
        opened = {leaf.shape[0] for leaf, spec in zip(flatten(element), flatten(given), strict=True) if _is_open(spec)}

        def said(spec: Any) -> Any:  # noqa: ANN401
            shape = getattr(spec, "shape", None) or ()
            return replace(spec, shape=(None, *shape[1:])) if shape and shape[0] in opened else spec

        return map_tree(said, spec_of(made))

    def first(self) -> Tree:
        element = self.source.first()
        return None if element is None else self.function(element)


def _is_open(spec: Any) -> bool:  # noqa: ANN401
    shape = getattr(spec, "shape", None) or (0,)
    return shape[0] is None


@dataclass(eq=False)
class Filtered(Step):
    """Those of which a function says so."""

    wanted: Callable[[Tree], bool]

    def elements(self) -> Iterator[Tree]:
        return filter(self.wanted, self.source.elements())

    def count(self) -> int:
        return INFINITE if self.source.count() == INFINITE else UNKNOWN


@dataclass(eq=False)
class TakenWhile(Filtered):
    """Those before the first of which a function does not say so."""

    def elements(self) -> Iterator[Tree]:
        return itertools.takewhile(self.wanted, self.source.elements())

    def count(self) -> int:
        return UNKNOWN


@dataclass(eq=False)
class Batched(Step):
    """So many as one: stacked, or with `put` put together in another way."""

    batch_size: int
    whole: bool
    """Whether a smaller last one is left out."""

    def elements(self) -> Iterator[Tree]:
        elements = iter(self.source.elements())
        while several := list(itertools.islice(elements, self.batch_size)):
            if self.whole and len(several) < self.batch_size:
                return
            yield self.put(several)

    def put(self, several: list[Tree]) -> Tree:
        """One of several."""
        return stacked(several)

    def count(self) -> int:
        count = self.source.count()
        return count if count < 0 else count // self.batch_size if self.whole else -(-count // self.batch_size)

    def spec(self) -> Tree:
        extent = self.batch_size if self.whole else None

        return map_tree(lambda spec: spec if spec is None else spec.batched(extent), self.inner())

    def inner(self) -> Tree:
        """What is said of what is put together."""
        return self.source.spec()

    def first(self) -> Tree:
        return first_of(self)


@dataclass(eq=False)
class Padded(Batched):
    """So many as one, filled up to the longest."""

    shapes: Tree = None
    """TensorSpecs as leaves."""
    values: Tree = None
    """Leafs as leaves."""

    def put(self, several: list[Tree]) -> Tree:
        return padded(several, self.shapes, self.values)

    def inner(self) -> Tree:
        return map_tree(_padded_spec, self.shapes, self.source.spec())


def _padded_spec(asked: TensorSpec, given: TensorSpec) -> TensorSpec:
    """The extents that were asked for, else those that all elements have."""
    if asked.shape is None or given.shape is None or len(asked.shape) != len(given.shape):
        return asked
    return TensorSpec(tuple(b if a is None else a for a, b in zip(asked.shape, given.shape, strict=True)), given.dtype)


@dataclass(eq=False)
class Unbatched(Step):
    """The rows of each element."""

    def elements(self) -> Iterator[Tree]:
        return (row for element in self.source.elements() for row in rows(element))

    def count(self) -> int:
        count, extents = self.source.count(), {spec.shape[0] for spec in flatten(self.source.spec()) if spec is not None and spec.shape}
        extent = next(iter(extents)) if len(extents) == 1 else None
        return INFINITE if count == INFINITE else count * extent if count >= 0 and extent is not None else UNKNOWN

    def spec(self) -> Tree:
        return map_tree(lambda spec: spec if spec is None else spec.of_row(), self.source.spec())

    def first(self) -> Tree:
        element = self.source.first()
        return None if element is None else next(rows(element), None)


@dataclass(eq=False)
class Shuffled(Step):
    """Each the one at a random place of a buffer, into which the next one comes."""

    size: int
    seed: int
    anew: bool
    """Whether each time in another order."""
    begun: int = 0

    def elements(self) -> Iterator[Tree]:
        number, self.begun = self.begun, self.begun + 1
        return self._drawn(np.random.default_rng([self.seed, number if self.anew else 0]))

    def _drawn(self, random: np.random.Generator) -> Iterator[Tree]:
        elements = iter(self.source.elements())
        held = list(itertools.islice(elements, self.size))
        for element in elements:
            place = int(random.integers(len(held)))
            yield held[place]
            held[place] = element
        while held:
            place = int(random.integers(len(held)))
            held[place], held[-1] = held[-1], held[place]
            yield held.pop()


@dataclass(eq=False)
class Repeated(Step):
    """From the first on again, so many times; below 0 without an end."""

    times: int

    def elements(self) -> Iterator[Tree]:
        for _ in range(self.times) if self.times >= 0 else itertools.count():
            empty = True
            for element in self.source.elements():
                empty = False
                yield element
            if empty:
                return

    def count(self) -> int:
        count = self.source.count()
        if count == 0 or self.times == 0:
            return 0
        return INFINITE if self.times < 0 else count if count < 0 else count * self.times


@dataclass(eq=False)
class Taken(Step):
    """Some of them, by their numbers: from one, before another, every so many."""

    start: int
    stop: int | None
    step: int = 1

    def elements(self) -> Iterator[Tree]:
        return itertools.islice(self.source.elements(), self.start, self.stop, self.step)

    def count(self) -> int:
        count = self.source.count()
        if count >= 0:
            return len(range(*slice(self.start, self.stop, self.step).indices(count)))
        return count if self.stop is None or count == UNKNOWN else len(range(self.start, self.stop, self.step))


@dataclass(eq=False)
class Joined(Step):
    """One behind the other."""

    after: Source

    def elements(self) -> Iterator[Tree]:
        return itertools.chain(self.source.elements(), _late(self.after))

    def count(self) -> int:
        counts = (self.source.count(), self.after.count())
        return INFINITE if INFINITE in counts else UNKNOWN if UNKNOWN in counts else sum(counts)

    def first(self) -> Tree:
        element = self.source.first()
        return self.after.first() if element is None else element


def _late(source: Source) -> Iterator[Tree]:
    yield from source.elements()


@dataclass(eq=False)
class Kept(Step):
    """All of them kept in memory, once somebody has gone through."""

    held: list[Tree] | None = field(default=None)

    def elements(self) -> Iterator[Tree]:
        return self._kept() if self.held is None else iter(self.held)

    def _kept(self) -> Iterator[Tree]:
        found = []
        for element in self.source.elements():
            found.append(element)
            yield element
        self.held = found

    def first(self) -> Tree:
        return self.held[0] if self.held else self.source.first()


def as_leaves(values: Tree, like: Tree) -> Tree:
    """Values in the structure of another tree, each a leaf; one value stands for all."""
    if isinstance(like, dict):
        return {key: as_leaves(values[key] if isinstance(values, dict) else values, item) for key, item in like.items()}
    if isinstance(like, tuple):
        several = values if isinstance(values, (tuple, list)) and len(values) == len(like) else [values] * len(like)
        return tuple(as_leaves(one, item) for one, item in zip(several, like, strict=True))
    return Leaf(values)
