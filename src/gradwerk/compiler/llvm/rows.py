"""Row kernels: fused code with reductions along rows (softmax, cross-entropy, normalisation, argmax), lanes along them.

A row of at most four vectors is held in registers from its first load to its last store.  A longer one is walked once per level of
reductions: pass k computes every reduction whose argument needs k reductions before it; what a pass needs of elementwise values is computed
again, except transcendental functions, which are kept in scratch memory for rows that fit there.  All of the row stays in cache.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.bodies import count_flops, digest, spelled, stem, uses_index, weight
from gradwerk.compiler.llvm.body import emit_node
from gradwerk.compiler.llvm.columns import ColumnKernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import Lane, each_vector, lanes_for, reduce_range
from gradwerk.compiler.llvm.levels import HEAVY_BODY, LONGEST_KEPT, Levels, combiner_of
from gradwerk.compiler.llvm.nest import Nest, Place
from gradwerk.compiler.llvm.spaces import Axis, Cut, accesses, axes_of, bytes_of, patterns, run_time_strides
from gradwerk.compiler.llvm.values import Integer, Value
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Operand, Work, row_major, shared
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.graph import Value as BodyValue
from gradwerk.ir.op import Reduction

MOST_VECTORS = 4
"""A row of more vectors is walked, not held."""


@dataclass(frozen=True)
class RowKernel:
    """The structure of a row kernel.  `vectors`: how many hold a row, 0 for a row of any length; `keeps`: the row fits scratch memory."""

    body: Graph
    letters: tuple[str, ...]
    chunked: int
    vectors: int
    keeps: bool

    @cached_property
    def name(self) -> str:
        """Content name."""
        return f"{stem('row', self.body)}_{digest('row', spelled(self.body), self.letters, self.chunked, self.vectors, self.keeps)}"

    @cached_property
    def scratch(self) -> int:
        """Bytes of the values that are kept."""
        return Levels(self.body).kept_bytes if self.keeps and not self.vectors else 0

    def build(self, target: Target) -> str:
        """LLVM text."""
        return RowBuilder(self, target).build()


@dataclass
class Row:
    """A row that is being walked: where it lies, its operands, its numbers so far, and which kept values are in memory."""

    at: list[Place]
    lanes: Sequence[Lane]
    narrow: dict[BodyValue, Lanes]
    stored: set[BodyValue] = field(default_factory=set)


class RowBuilder:
    """Builds one row kernel."""

    def __init__(self, spec: RowKernel, target: Target) -> None:
        writes = [value.dtype for value in spec.body.outputs]
        self.spec, self.body = spec, spec.body
        self.nest = Nest(spec.name, spec.body, spec.letters, writes, target, chunked=spec.chunked)
        self.f, self.e = self.nest.f, self.nest.e
        self.one = LaneEmitter(self.f, 1)
        self.count: Integer = self.nest.extents[-1]
        self.levels = Levels(spec.body)
        self.kept: dict[BodyValue, Value] = {}
        if spec.keeps and not spec.vectors:
            self.kept = self.levels.kept(self.f, self.nest.kernel.scratch)

    def build(self) -> str:
        """The whole kernel."""
        nest = self.nest
        nest.walk(range(nest.rank - 1), nest.start(), self.in_registers if self.spec.vectors else self.walked)
        return nest.module.text()

    def across(self, node: Node, x: Lanes) -> Lanes:
        """The lanes reduced into one, in every lane."""
        op = node.op
        if not isinstance(op, Reduction):
            raise VerifyError(f"{op} is not a reduction")

        def combine(a: Value, b: Value) -> Value:
            e = LaneEmitter(self.f, 1 if not a.type.startswith("<") else int(a.type[1:].split()[0]))
            made: Value = op.combine(e, e.wrap(a, x.dtype), e.wrap(b, x.dtype))
            return made

        return self.e.splat(self.one.wrap(self.f.reduce_lanes(x, combine), x.dtype))

    def narrow(self, place: dict[BodyValue, Lanes], level: int) -> None:
        """The values of one number per row at a level."""
        for node in self.levels.narrow.get(level, ()):
            place[node.values[0]] = emit_node(self.e, node, [place[a] for a in node.args], None)

    # ---- rows held in registers

    def in_registers(self, at: list[Place]) -> None:
        """One row, all of it in registers."""
        f, e, levels = self.f, self.e, self.levels
        lanes = self.nest.lanes(at)
        starts = [e.count * n for n in range(self.spec.vectors)]
        mask = f.first_lanes(f.sub(self.count, starts[-1]), e.count)
        masks: list[Value | None] = [None] * (len(starts) - 1) + [mask]
        narrow: dict[BodyValue, Lanes] = {}
        parts: list[dict[BodyValue, Lanes]] = [{} for _ in starts]
        for value, lane in zip(self.body.inputs, lanes, strict=False):
            if value in levels.wide:
                for part, start, m in zip(parts, starts, masks, strict=True):
                    part[value] = lane.load(start, m)
            else:
                narrow[value] = lane.load(0, None)
        numbers = [self.nest.index(at, start) for start in starts]
        for level in range(levels.depth + 1):
            self.narrow(narrow, level)
            for node in levels.along.get(level, ()):
                for part, number in zip(parts, numbers, strict=True):
                    part[node.values[0]] = emit_node(e, node, [part.get(a) or narrow[a] for a in node.args], number)
            for node in levels.reductions.get(level, ()):
                narrow[node.values[0]] = self.reduce_in_registers(node, parts, narrow, mask)
        for value, lane in zip(self.body.outputs, lanes[self.nest.reads :], strict=True):
            for part, start, m in zip(parts, starts, masks, strict=True):
                lane.store(part.get(value) or narrow[value], start, m)

    def reduce_in_registers(
        self, node: Node, parts: Sequence[dict[BodyValue, Lanes]], narrow: dict[BodyValue, Lanes], mask: Value
    ) -> Lanes:
        """A reduction over a row in registers."""
        op, x = node.op, node.args[0]
        if not isinstance(op, Reduction):
            raise VerifyError(f"{op} is not a reduction")
        values = [part.get(x) or narrow[x] for part in parts]
        nothing = self.e.const(op.identity(x.dtype), x.dtype)
        values[-1] = self.e.wrap(self.f.select(mask, values[-1], nothing), x.dtype)
        total = values[0]
        for value in values[1:]:
            total = op.combine(self.e, total, value)
        return self.across(node, total)

    # ---- rows of any length

    def walked(self, at: list[Place]) -> None:
        """One row in several passes."""
        levels = self.levels
        lanes = self.nest.lanes(at)
        narrow = {v: lane.load(0, None) for v, lane in zip(self.body.inputs, lanes, strict=False) if v not in levels.wide}
        row = Row(at, lanes, narrow)
        for level in range(levels.depth):
            self.narrow(narrow, level)
            self.reduce_pass(levels.reductions[level], row)
        self.narrow(narrow, levels.depth)
        self.last_pass(row)

    def reduce_pass(self, reductions: Sequence[Node], row: Row) -> None:
        """One walk over the row that computes these reductions, and keeps what later walks will want."""
        f, e = self.f, self.e
        wanted = [node.args[0] for node in reductions]
        inside = {node.values[0] for node in self.levels.cone(wanted)}
        fresh = [value for value in self.kept if value in inside and value not in row.stored]
        combiner = combiner_of(self.e, reductions)

        def body(index: Integer, last: bool) -> list[Lanes]:  # noqa: FBT001
            mask = f.first_lanes(f.sub(self.count, index), e.count) if last else None
            place = self.vector([*wanted, *fresh], row, index, mask)
            for value in fresh:
                e.store(place[value], f.at(self.kept[value], index, element=MEMORY[value.dtype]))
            values = [place[value] for value in wanted]
            if mask is None:
                return values
            pairs = zip(values, combiner.identities, strict=True)
            return [e.wrap(f.select(mask, value, nothing), value.dtype) for value, nothing in pairs]

        unroll = 1 if weight(self.body) > HEAVY_BODY else 2
        totals = reduce_range(f, combiner, (0, self.count), body, step=e.count, unroll=unroll, masked=self.nest.masks)
        row.stored.update(fresh)
        for node, total in zip(reductions, totals, strict=True):
            row.narrow[node.values[0]] = self.across(node, total)

    def last_pass(self, row: Row) -> None:
        """Writes the results."""
        outputs = list(zip(self.body.outputs, row.lanes[self.nest.reads :], strict=True))
        wide = [(value, lane) for value, lane in outputs if value in self.levels.wide]
        for value, lane in outputs:
            if value not in self.levels.wide:
                lane.store(row.narrow[value], 0, None)

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            for index in places:
                place = self.vector([value for value, _ in wide], row, index, mask)
                for value, lane in wide:
                    lane.store(place[value], index, mask)

        if wide:
            each_vector(self.f, self.count, self.e.count, 1, body, masks=self.nest.masks)

    def vector(self, wanted: Sequence[BodyValue], row: Row, index: Integer, mask: Value | None) -> dict[BodyValue, Lanes]:
        """Wanted values along the row at one vector: kept ones are loaded, others computed from what they need."""
        place = dict(row.narrow)
        by_input = dict(zip(self.body.inputs, row.lanes, strict=False))
        used, needed = set(wanted), []
        for node in reversed(self.levels.cone(wanted)):
            if node.values[0] in used:
                needed.append(node)
                used.update(node.args if node.values[0] not in row.stored else ())
        for value in self.body.inputs:
            if value in used and value not in place:
                place[value] = by_input[value].load(index, mask)
        number = self.nest.index(row.at, index)
        for node in reversed(needed):
            value = node.values[0]
            if value in row.stored:
                place[value] = self.e.load(self.f.at(self.kept[value], index, element=MEMORY[value.dtype]), value.dtype)
            else:
                place[value] = emit_node(self.e, node, [place[a] for a in node.args], number)
        return place


def lower_row(
    body: Graph,
    reads: tuple[Operand, ...],
    writes: tuple[Operand, ...],
    space: tuple[int, ...],
    target: Target,
    numbers: tuple[int, ...] | None = None,
) -> Work:
    """A row region over `space`, whose last axis is the row; operands have the shape of the space, per-row ones stride 0 along the row.

    `numbers`: the strides of the places of elements, by which random bits are numbered, if not those of the space.  Rows whose elements are
    no neighbours, while those of several rows are, are reduced side by side.
    """
    operands = (*reads, *writes)
    strides = [operand.strides for operand in operands]
    if uses_index(body):
        strides.append(numbers or row_major(space))
    outer = axes_of(space[:-1], [s[:-1] for s in strides])
    row = Axis(space[-1], tuple(s[-1] for s in strides), space[-1])
    side = beside([*outer, row], len(reads), len(operands))
    axes = [*outer, row] if side is None else [*outer[:side], *outer[side + 1 :], row, outer[side]]
    chunked = 0 if side is None or len(outer) > 1 else len(axes) - 1
    cut = Cut.of(axes[chunked], bytes_of(operands, axes), whole=chunked == 0, multiple=target.lanes if chunked else 1)
    letters = patterns(axes)
    kinds = [operand.dtype for operand in operands] + [v.dtype for node in body.live() for v in node.values]
    lanes = lanes_for(kinds, target)
    kernel: RowKernel | ColumnKernel
    if side is None:
        vectors = -(-space[-1] // lanes)
        keeps = vectors > MOST_VECTORS and space[-1] <= LONGEST_KEPT
        kernel = shared(RowKernel(body, letters, chunked, vectors if vectors <= MOST_VECTORS else 0, keeps))
    else:
        kernel = shared(ColumnKernel(body, letters, chunked, space[-1] * lanes <= LONGEST_KEPT))
    extents = (*(axis.extent for axis in axes), cut.step, *run_time_strides(axes, letters))
    size = 1
    for extent in space:
        size *= extent
    title = f"{stem('row', body)} {'x'.join(map(str, space))}"
    touched = accesses(reads, writes, axes, chunked, cut)
    return Work(kernel, touched, extents, cut.count, title, size * count_flops(body), scratch=kernel.scratch)


def beside(axes: Sequence[Axis], reads: int, count: int) -> int | None:
    """The axis along which elements are neighbours in most operands; None where that is the last one, that of the rows.

    What has one number per row is touched too seldom to count.
    """
    weights = [0 if stride == 0 else 1 if k < reads else 4 for k, stride in enumerate(axes[-1].strides[:count])]
    score = [sum(w for w, s in zip(weights, axis.strides, strict=False) if s == 1) if axis.extent != 1 else 0 for axis in axes]
    best = max(range(len(axes)), key=lambda k: (score[k], k))
    return None if score[best] == score[-1] else best
