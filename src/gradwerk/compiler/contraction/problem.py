"""What a schedule is chosen for: operands with what is padded and what is clipped, and the axes."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gradwerk.compiler.contraction.nest import Axis, Clip, Side, side_of
from gradwerk.compiler.contraction.nominal import Layout, examples
from gradwerk.compiler.contraction.roles import Memory
from gradwerk.compiler.target import Target

COPY = 6.0
"""Cost of copying one element, in lane-multiplications."""
DEPTH = 5
"""Sums that keep the adder busy: with fewer it waits for itself."""


@dataclass(frozen=True)
class Problem:
    """Two operands in order, the axes, the clips that take the place of zeros in memory, the axes of examples, and the machine."""

    a: Side
    b: Side
    extents: dict[str, int]
    out: dict[str, int]
    clips: tuple[Clip, ...]
    examples: Collection[str]
    target: Target
    width: int

    def counts_examples(self, axis: Axis) -> bool:
        """Whether the extent of this axis is a number of examples."""
        return any(name in self.examples for name in axis.names)

    @property
    def swapped(self) -> Problem:
        """The same with the operands in the other order."""
        return replace(self, a=self.b, b=self.a)

    @property
    def clipped(self) -> set[str]:
        """The axes that clips bind: they stay loops of their own."""
        return {name for clip in self.clips for name in (clip.outer, clip.summed)}

    @property
    def share(self) -> float:
        """The part of the products that clipped axes leave."""
        return math.prod(clip.share(self.extents[clip.outer], self.extents[clip.summed]) for clip in self.clips)

    def axes(self, a: Memory, b: Memory) -> list[Axis]:
        """All axes with their strides, given where the operands lie."""
        by_a, by_b = a.by_axis(), b.by_axis()
        return [Axis(name, n, by_a.get(name, 0), by_b.get(name, 0), self.out.get(name, 0)) for name, n in self.extents.items()]


def problems(layout: Layout, target: Target) -> Iterator[Problem]:
    """The layout with zeros in memory and with clipped axes instead: none, the slowest in memory, all."""
    op, result = layout.op, layout.out.strides
    a, b = (side_of(op, k, layout.shapes[k], layout.strides[k], lasting=layout.lasting[k]) for k in range(2))
    in_a, in_b = a.clips(result), b.clips(result)
    for take in dict.fromkeys((0, min(1, len(in_a) + len(in_b)), len(in_a) + len(in_b))):
        of_a, of_b = in_a[:take], in_b[: max(take - len(in_a), 0)]
        sides = a.clipped(of_a), b.clipped(of_b)
        yield Problem(*sides, op.extent, result, (*of_a, *of_b), examples(op), target, layout.width(target))


def order_sums(sums: Sequence[Axis]) -> tuple[Axis, ...]:
    """Summed axes, outermost first: large steps outside."""
    return tuple(sorted(sums, key=lambda x: -(abs(x.a) + abs(x.b))))
