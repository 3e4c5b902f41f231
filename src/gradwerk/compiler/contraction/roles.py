"""What a schedule of tiles decides: which axis of a contraction plays which role, where its operands lie, how large its tile is."""

from __future__ import annotations

import math
from dataclasses import dataclass

from gradwerk.compiler.contraction.nest import Axis, Clip, Side, padded_memory

LONGEST_SUM = 1024
"""Terms in one running register: longer sums are made in blocks, which are added in a fixed order."""
BLOCK = 256
"""Terms of a block."""
NOWHERE = Axis("", 1, 0, 0, 1)
"""The axis of a role that none has."""


@dataclass(frozen=True)
class Memory:
    """Where an operand will be read: as it is, or as a copy whose dimensions lie in `order`."""

    side: Side
    order: tuple[int, ...] | None
    """None: where it lies."""
    free: bool = False
    """Whether a copy costs nothing here: it is made once before a loop."""

    @classmethod
    def of(cls, side: Side, last: int | None) -> Memory:
        """The operand where it lies if it can be read there, else a copy with dimension `last` innermost, the others in their order:
        two contractions that want the same lanes of an operand share one copy.
        """
        natural = sorted(range(len(side.maps)), key=lambda k: -abs(side.memory[k]))
        if last is not None and (side.must_copy or side.memory[last] != 1):
            return cls(side, (*(k for k in natural if k != last), last), side.lasting)
        return cls(side, tuple(natural) if side.must_copy else None, side.lasting)

    def strides(self) -> tuple[int, ...]:
        """The strides, in the operand's order of dimensions."""
        return self.side.memory if self.order is None else padded_memory(self.side, self.order)[1]

    def by_axis(self) -> dict[str, int]:
        """The stride of each axis."""
        result: dict[str, int] = {}
        for index, stride in zip(self.side.maps, self.strides(), strict=True):
            for name, factor in index.terms:
                result[name] = result.get(name, 0) + factor * stride
        return result

    @property
    def elements(self) -> int:
        """How many elements the operand or its copy has."""
        return math.prod(self.side.padding.shape(self.side.shape))

    @property
    def copied(self) -> int:
        """Elements of the copy; 0 without one."""
        return self.elements if self.order is not None and not self.free else 0


@dataclass(frozen=True)
class Choice:
    """Operands in memory (a gives the rows, b the lanes), axes by role, tile, cost."""

    a: Memory
    b: Memory
    lane: Axis
    row: Axis
    outer: tuple[Axis, ...]
    sums: tuple[Axis, ...]
    rows: int
    vectors: int
    cost: float
    out: dict[str, int] | None = None
    """The result's strides, where they are not those given."""
    column: Axis | None = None
    """Where the lanes go across a summed axis: the axis of b's columns, `vectors` of them in a tile."""
    clips: tuple[Clip, ...] = ()
    share: float = 1.0
    """The part of the products that clipped axes leave."""
    few_lanes: bool = False
    """Whether a panel may be less than full: its lanes are few, or examples."""
    over_examples: bool = False
    """Across: whether sums run over examples, of which there may be many."""

    @property
    def turned(self) -> bool:
        """Whether lanes are no neighbours where b lies: panels are turned as they are copied."""
        return self.column is None and self.lane.b > 1

    @property
    def products(self) -> int:
        """Multiplications in all."""
        return math.prod(x.extent for x in (self.lane, self.row, self.column or NOWHERE, *self.outer, *self.sums))

    @property
    def results(self) -> int:
        """Elements of the result."""
        return math.prod(x.extent for x in (self.column or self.lane, self.row, *self.outer))
