"""Column kernels: row regions whose rows lie across memory (softmax over channels, normalisation over the first axis).

Each lane has a row of its own, and all walk along their rows together, once per level of reductions: neighbours in memory are
neighbours in lanes, and no lanes are reduced.  What a walk needs of elementwise values is computed again, except transcendental functions
of rows that fit scratch memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gradwerk.compiler.bodies import digest, spelled, stem, weight
from gradwerk.compiler.llvm.body import emit_node
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import reduce_range
from gradwerk.compiler.llvm.levels import HEAVY_BODY, Levels, combiner_of
from gradwerk.compiler.llvm.nest import Nest, Place
from gradwerk.compiler.llvm.values import Integer, Value
from gradwerk.compiler.target import Target
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.graph import Value as BodyValue

UNROLL = 4
"""Elements of a row that are reduced side by side."""


@dataclass(frozen=True)
class ColumnKernel:
    """The structure of a column kernel: the last axis is that of the lanes, the one before that of the rows.

    `keeps`: the rows of all lanes fit scratch memory.
    """

    body: Graph
    letters: tuple[str, ...]
    chunked: int
    keeps: bool

    @cached_property
    def name(self) -> str:
        """Content name."""
        return f"{stem('column', self.body)}_{digest('column', spelled(self.body), self.letters, self.chunked, self.keeps)}"

    @cached_property
    def scratch(self) -> int:
        """Bytes of the values that are kept."""
        return Levels(self.body).kept_bytes if self.keeps else 0

    def build(self, target: Target) -> str:
        """LLVM text."""
        return ColumnBuilder(self, target).build()


class Block:
    """As many rows as there are lanes: where they begin, which lanes have one, their numbers so far, and the kept values in memory."""

    def __init__(self, at: list[Place], mask: Value) -> None:
        self.at, self.mask = at, mask
        self.narrow: dict[BodyValue, Lanes] = {}
        self.stored: set[BodyValue] = set()


class ColumnBuilder:
    """Builds one column kernel."""

    def __init__(self, spec: ColumnKernel, target: Target) -> None:
        writes = [value.dtype for value in spec.body.outputs]
        self.body = spec.body
        self.nest = Nest(spec.name, spec.body, spec.letters, writes, target, chunked=spec.chunked)
        self.f, self.e, self.lane_axis = self.nest.f, self.nest.e, self.nest.rank - 1
        self.length: Integer = self.nest.extents[-2]
        self.levels = Levels(spec.body)
        self.kept: dict[BodyValue, Value] = {}
        if spec.keeps:
            self.kept = self.levels.kept(self.f, self.nest.kernel.scratch)

    def build(self) -> str:
        """The whole kernel."""
        self.nest.walk(range(self.lane_axis - 1), self.nest.start(), self.columns)
        return self.nest.module.text()

    def columns(self, at: list[Place]) -> None:
        """All rows that lie side by side, as many at a time as there are lanes."""
        low, high = self.nest.spans[self.lane_axis]
        with self.f.loop(low, high, step=self.e.count) as loop:
            mask = self.f.first_lanes(self.f.sub(high, loop.index), self.e.count)
            self.walked(Block(self.nest.advance(at, loop.index, self.lane_axis), mask))

    def walked(self, block: Block) -> None:
        """The rows of one block in several passes."""
        levels = self.levels
        for number, value in enumerate(self.body.inputs):
            if value not in levels.wide:
                block.narrow[value] = self.load(number, block.at, block)
        for level in range(levels.depth):
            self.narrow(block, level)
            self.reduce_pass(levels.reductions[level], block)
        self.narrow(block, levels.depth)
        self.last_pass(block)

    def load(self, number: int, at: Sequence[Place], block: Block) -> Lanes:
        """An operand at one place of every row."""
        return self.nest.lane(number, at[number], self.nest.letters[number][-1]).load(0, block.mask)

    def narrow(self, block: Block, level: int) -> None:
        """The values of one number per row at a level."""
        for node in self.levels.narrow.get(level, ()):
            block.narrow[node.values[0]] = emit_node(self.e, node, [block.narrow[a] for a in node.args], None)

    def reduce_pass(self, reductions: Sequence[Node], block: Block) -> None:
        """One walk along the rows that computes these reductions, and keeps what later walks will want."""
        wanted = [node.args[0] for node in reductions]
        inside = {node.values[0] for node in self.levels.cone(wanted)}
        fresh = [value for value in self.kept if value in inside and value not in block.stored]

        def body(index: Integer, last: bool) -> list[Lanes]:  # noqa: FBT001  every element is whole
            place = self.element([*wanted, *fresh], block, index)
            for value in fresh:
                self.e.store(place[value], self.kept_at(value, index))
            return [place[value] for value in wanted]

        unroll = 1 if weight(self.body) > HEAVY_BODY else UNROLL
        totals = reduce_range(self.f, combiner_of(self.e, reductions), (0, self.length), body, unroll=unroll)
        block.stored.update(fresh)
        for node, total in zip(reductions, totals, strict=True):
            block.narrow[node.values[0]] = total

    def last_pass(self, block: Block) -> None:
        """Writes the results."""
        wide = [(number, value) for number, value in enumerate(self.body.outputs, self.nest.reads) if value in self.levels.wide]
        for number, value in enumerate(self.body.outputs, self.nest.reads):
            if value not in self.levels.wide:
                self.store(number, block.narrow[value], block.at, block)
        if not wide:
            return
        with self.f.loop(0, self.length) as loop:
            place = self.element([value for _, value in wide], block, loop.index)
            at = self.nest.advance(block.at, loop.index, self.lane_axis - 1)
            for number, value in wide:
                self.store(number, place[value], at, block)

    def store(self, number: int, x: Lanes, at: Sequence[Place], block: Block) -> None:
        """Writes one number of every row."""
        self.nest.lane(number, at[number], self.nest.letters[number][-1]).store(x, 0, block.mask)

    def kept_at(self, value: BodyValue, index: Integer) -> Value:
        """Where a kept value's lanes stand for one place of the rows."""
        return self.f.at(self.kept[value], self.f.mul(index, self.e.count), element=MEMORY[value.dtype])

    def element(self, wanted: Sequence[BodyValue], block: Block, index: Integer) -> dict[BodyValue, Lanes]:
        """Wanted values at one place of the rows: kept ones are loaded, others computed from what they need."""
        place = dict(block.narrow)
        used, needed = set(wanted), []
        for node in reversed(self.levels.cone(wanted)):
            if node.values[0] in used:
                needed.append(node)
                used.update(node.args if node.values[0] not in block.stored else ())
        at = self.nest.advance(block.at, index, self.lane_axis - 1)
        for number, value in enumerate(self.body.inputs):
            if value in used and value not in place:
                place[value] = self.load(number, at, block)
        numbers = self.nest.index(at, 0)
        for node in reversed(needed):
            value = node.values[0]
            if value in block.stored:
                place[value] = self.e.load(self.kept_at(value, index), value.dtype)
            else:
                place[value] = emit_node(self.e, node, [place[a] for a in node.args], numbers)
        return place
