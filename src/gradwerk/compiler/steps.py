"""What lowering makes of a graph: work in order, calls of Python, and loops of these.  Plain data that the passes behind it walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gradwerk.compiler.work import Operand, Work
from gradwerk.ir.graph import Node
from gradwerk.ir.op import Op


@dataclass(frozen=True, eq=False)
class Segment:
    """Work in order."""

    work: tuple[Work, ...]


@dataclass(frozen=True, eq=False)
class HostStep:
    """A call of an op's NumPy reference between native segments."""

    op: Op
    reads: tuple[Operand, ...]
    writes: tuple[Operand, ...]
    node: Node


@dataclass(frozen=True, eq=False)
class Repeated:
    """Steps that run `trips` times, or with a `flag` as long as that is true (`when` False: false), and at most so often."""

    steps: tuple[Step, ...]
    trips: int
    flag: Operand | None = None
    when: bool = True

    @property
    def runs(self) -> int:
        """How often it runs, as far as is known: once where the flag says it."""
        return self.trips if self.flag is None else 1

    def tried(self, *, holds: bool) -> int:
        """How many iterations a check walks: all, or of those that a flag decides two, where it `holds`, and none where it does not."""
        return self.trips if self.flag is None else min(self.trips, 2) if self.when is holds else 0


Step = Segment | HostStep | Repeated


def works_of(steps: Sequence[Step]) -> Iterator[Work]:
    """All native work, in order."""
    for step in steps:
        if isinstance(step, Segment):
            yield from step.work
        elif isinstance(step, Repeated):
            yield from works_of(step.steps)


def calls_of(steps: Sequence[Step]) -> Iterator[HostStep]:
    """All calls of Python, in order."""
    for step in steps:
        if isinstance(step, HostStep):
            yield step
        elif isinstance(step, Repeated):
            yield from calls_of(step.steps)


def flags_of(steps: Sequence[Step]) -> Iterator[Operand]:
    """What decides about loops."""
    for step in steps:
        if isinstance(step, Repeated):
            if step.flag is not None:
                yield step.flag
            yield from flags_of(step.steps)


def depends(steps: Sequence[Step]) -> bool:
    """Whether data decides what runs."""
    return any(True for _ in flags_of(steps))
