"""Reduce kernels: reductions over any axes of fused elementwise code.

The lanes run along the axis where most operands have neighbours, be it reduced (then the lanes are reduced at the end) or kept.  When the
leading axis is reduced, each chunk of it makes a partial result, and a second piece of work combines them in order: so the reduction joins
the chain of the work that makes its argument.  A kept axis shorter than a few vectors next to a reduced one is reduced in blocks of rows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate

from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import count_flops, digest, passing, spelled, stem, uses_index, weight
from gradwerk.compiler.footprint import Footprint, along
from gradwerk.compiler.llvm.body import evaluate
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import Combiner, Lane, each_vector, reduce_range
from gradwerk.compiler.llvm.maps import Repeated, short_rows
from gradwerk.compiler.llvm.nest import Nest, Place
from gradwerk.compiler.llvm.spaces import NONE, UNIT, Axis, Cut, accesses, axes_of, bytes_of, lane_axis, patterns, run_time_strides
from gradwerk.compiler.llvm.values import Integer, Value, lanes
from gradwerk.compiler.spoken import spoken
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Buffer, Operand, Work, row_major, shared
from gradwerk.ir.graph import Graph
from gradwerk.ir.op import Reduction
from gradwerk.ir.plan import MOST_SCRATCH

REDUCED, KEPT = "r", "k"
BLOCK = 512
"""Elements of a block of rows at most; as in maps.Repeated."""
MOST_LANES = 64
LIGHT = 12
MOST_PARTIALS = 1 << 16
"""Elements of partial results above which chunks are cut along a kept axis instead."""


@dataclass(frozen=True)
class ReduceKernel:
    """The structure of a reduce kernel.  `kinds`: per axis r or k; `letters` as in maps, with the results' along reduced axes 0."""

    body: Graph
    reductions: tuple[Reduction, ...]
    letters: tuple[str, ...]
    kinds: str
    chunked: int
    blocked: bool = False

    @cached_property
    def name(self) -> str:
        """Content name."""
        what = [op.name for op in self.reductions]
        says = [spoken(op.along((0,)), (value.dtype,)) for op, value in zip(self.reductions, self.body.outputs, strict=True)]
        code = digest("reduce", spelled(self.body), says, self.letters, self.kinds, self.chunked, self.blocked)
        return f"{stem('_'.join(['reduce', *dict.fromkeys(what)]), self.body)}_{code}"

    @cached_property
    def scratch(self) -> int:
        """Bytes of what repeats along rows, and of a block of sums for each result."""
        if not self.blocked:
            return 0
        repeated = Repeated(self.letters[: len(self.body.inputs)], [v.dtype for v in self.body.inputs])
        return sums_behind(repeated.nbytes, [v.dtype for v in self.body.outputs])[-1]

    def build(self, target: Target) -> str:
        """LLVM text.  The extra extent: elements of the results per chunk."""
        return ReduceBuilder(self, target).build()


def sums_behind(start: int, dtypes: Sequence[DType]) -> list[int]:
    """Where in scratch memory a block of sums begins for each result, and where the last ends."""
    return list(accumulate(((BLOCK + MOST_LANES) * dtype.itemsize for dtype in dtypes), initial=start))


class ReduceBuilder:
    """Builds one reduce kernel."""

    def __init__(self, spec: ReduceKernel, target: Target) -> None:
        writes = [value.dtype for value in spec.body.outputs]
        self.spec = spec
        self.nest = Nest(spec.name, spec.body, spec.letters, writes, target, chunked=spec.chunked, extra=1)
        self.f, self.e = self.nest.f, self.nest.e
        self.last = self.nest.rank - 1
        self.unroll = 1 if weight(spec.body) > LIGHT else 4
        self.across = spec.kinds[-1] == REDUCED
        self.reduced = [k for k, kind in enumerate(spec.kinds) if kind == REDUCED]

    def build(self) -> str:
        """The whole kernel."""
        nest = self.nest
        start = nest.start()
        part = self.f.mul(nest.kernel.chunk, nest.extra[0])
        for number, dtype in enumerate(nest.dtypes[nest.reads :], nest.reads):
            start[number] = self.moved(start[number], part, dtype)
        kept = [k for k, kind in enumerate(self.spec.kinds) if kind == KEPT and k != self.last]
        if self.spec.blocked:
            self.blocks(start)
        else:
            nest.walk(kept, start, self.total if self.across else self.columns)
        return nest.module.text()

    def moved(self, place: Place, distance: Integer, dtype: DType) -> Place:
        """An address moved by elements."""
        return place if isinstance(place, int) else self.f.at(place, distance, element=MEMORY[dtype])

    def combiner(self, e: LaneEmitter) -> Combiner:
        """The reductions, on the lanes of an emitter."""
        kinds = [value.dtype for value in self.spec.body.outputs]
        identities = [e.const(op.identity(d), d) for op, d in zip(self.spec.reductions, kinds, strict=True)]

        def combine(a: Sequence[Lanes], b: Sequence[Lanes]) -> list[Lanes]:
            return [op.combine(e, x, y) for op, x, y in zip(self.spec.reductions, a, b, strict=True)]

        return Combiner(identities, combine)

    def values(self, reads: Sequence[Lane], at: Sequence[Place], index: Integer, mask: Value | None) -> list[Lanes]:
        """The body at one vector."""
        inputs = [lane.load(index, mask) for lane in reads]
        return evaluate(self.spec.body, self.e, inputs, self.nest.index(at, index))

    def reads(self, at: Sequence[Place]) -> list[Lane]:
        """The arguments along the lanes."""
        return [self.nest.lane(number, at[number]).prepare() for number in range(self.nest.reads)]

    # ---- lanes along a reduced axis

    def total(self, at: list[Place]) -> None:
        """One element of the results: all reduced axes, then the lanes."""
        totals = self.across_nest(self.reduced, at)
        one = LaneEmitter(self.f, 1)
        for number, (op, x) in enumerate(zip(self.spec.reductions, totals, strict=True), self.nest.reads):
            self.nest.lane(number, at[number], NONE).store(reduce_lanes(one, op, x), 0, None)

    def across_nest(self, axes: Sequence[int], at: Sequence[Place]) -> list[Lanes]:
        """The reduction over these reduced axes, lane by lane; the last one is that of the lanes."""
        f, e, nest = self.f, self.e, self.nest
        low, high = nest.spans[axes[0]]
        combiner = self.combiner(e)
        if len(axes) > 1:
            return reduce_range(f, combiner, (low, high), lambda i, _: self.across_nest(axes[1:], nest.advance(at, i, axes[0])))
        reads = self.reads(at)

        def body(index: Integer, last: bool) -> list[Lanes]:  # noqa: FBT001
            mask = f.first_lanes(f.sub(high, index), e.count) if last else None
            values = self.values(reads, at, index, mask)
            if mask is None:
                return values
            return [e.wrap(f.select(mask, v, n), v.dtype) for v, n in zip(values, combiner.identities, strict=True)]

        return reduce_range(f, combiner, (low, high), body, step=e.count, unroll=self.unroll, masked=nest.masks)

    # ---- lanes along a kept axis

    def columns(self, at: list[Place]) -> None:
        """The results along the lanes, vector by vector."""
        nest = self.nest
        low, high = nest.spans[self.last]
        at = nest.advance(at, low, self.last)

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            for place in places:
                totals = self.column_nest(self.reduced, at, place, mask)
                for number, x in enumerate(totals, nest.reads):
                    nest.lane(number, at[number]).prepare_store().store(x, place, mask)

        each_vector(self.f, self.f.sub(high, low), self.e.count, 1, body, masks=nest.masks)

    def column_nest(self, axes: Sequence[int], at: Sequence[Place], column: Integer, mask: Value | None) -> list[Lanes]:
        """The reduction over these reduced axes at one vector of kept elements."""
        nest = self.nest
        span = nest.spans[axes[0]]

        def body(index: Integer, _: bool) -> list[Lanes]:  # noqa: FBT001
            here = nest.advance(at, index, axes[0])
            if len(axes) > 1:
                return self.column_nest(axes[1:], here, column, mask)
            return self.values(self.reads(here), here, column, mask)

        return reduce_range(self.f, self.combiner(self.e), span, body, unroll=self.unroll if len(axes) == 1 else 1)

    # ---- a short kept axis: blocks of rows

    def blocks(self, at: list[Place]) -> None:
        """Rows of a few elements: as many as fit a block are added to it as one long row; at the end the block's rows are reduced."""
        f, e, nest, axis = self.f, self.e, self.nest, self.last - 1
        low, high = nest.spans[axis]
        width = nest.extents[self.last]
        rows = f.div(BLOCK, width)
        rest = Combiner(self.combiner(e).identities, self.combiner(e).combine)
        repeated = Repeated(self.spec.letters[: nest.reads], nest.dtypes[: nest.reads])
        starts = sums_behind(repeated.nbytes, nest.dtypes[nest.reads :])
        memory = [f.at(nest.kernel.scratch, start, element="i8") for start in starts[:-1]]
        with f.loop(0, BLOCK, step=e.count) as loop:
            for block, nothing in zip(memory, rest.identities, strict=True):
                e.store(nothing, f.at(block, loop.index, element=MEMORY[nothing.dtype]))
        fixed = repeated.filled(nest, at, rows, width)
        with f.loop(low, high, step=rows) as group:
            here = nest.advance(at, group.index, axis)
            here = [fixed.get(number, place) for number, place in enumerate(here)]
            letters = [NONE if row[-2:] == NONE + NONE else UNIT for row in self.spec.letters]
            reads = [nest.lane(number, here[number], letters[number]).prepare() for number in range(nest.reads)]

            def body(places: Sequence[Integer], mask: Value | None) -> None:
                for place in places:
                    values = self.values(reads, here, place, mask)
                    where = [f.at(b, place, element=MEMORY[v.dtype]) for b, v in zip(memory, values, strict=True)]
                    before = [e.load(w, v.dtype, mask) for w, v in zip(where, values, strict=True)]
                    for w, total in zip(where, rest.combine(before, values), strict=True):
                        e.store(total, w, mask)

            count = f.mul(f.minimum(rows, f.sub(high, group.index)), width)
            each_vector(f, count, e.count, 2 if self.unroll > 1 else 1, body, masks=nest.masks)
        self.reduce_block(at, memory, rows, width)

    def reduce_block(self, at: Sequence[Place], memory: Sequence[Value], rows: Integer, width: Integer) -> None:
        """The rows of the block into one."""
        f, e, nest = self.f, self.e, self.nest
        kinds = nest.dtypes[nest.reads :]

        def rows_at(column: Integer, mask: Value | None, row: Integer, _: bool) -> list[Lanes]:  # noqa: FBT001
            places = [f.at(b, f.mul(row, width), column, element=MEMORY[d]) for b, d in zip(memory, kinds, strict=True)]
            return [e.load(place, d, mask) for place, d in zip(places, kinds, strict=True)]

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            for place in places:
                totals = reduce_range(f, self.combiner(e), (0, rows), partial(rows_at, place, mask), unroll=4)
                for number, x in enumerate(totals, nest.reads):
                    nest.lane(number, at[number]).prepare_store().store(x, place, mask)

        each_vector(f, width, e.count, 1, body, masks=nest.masks)


def reduce_lanes(one: LaneEmitter, op: Reduction, x: Lanes) -> Lanes:
    """All lanes into a scalar."""
    f = one.function

    def combine(a: Value, b: Value) -> Value:
        e = LaneEmitter(f, lanes(a.type))
        made: Value = op.combine(e, e.wrap(a, x.dtype), e.wrap(b, x.dtype))
        return made

    return one.wrap(f.reduce_lanes(x, combine), x.dtype)


def lower_reduce(
    body: Graph, reductions: tuple[Reduction, ...], reads: tuple[Operand, ...], writes: tuple[Operand, ...], space: tuple[int, ...],
    target: Target,
) -> list[Work]:  # fmt: skip
    """Reductions of body(reads) along the axes that all of `reductions` name.

    `writes` have the shape of the space without those axes, or with extent 1 there.
    """
    reduced = reductions[0].axes
    kept_shape = tuple(1 if k in reduced else n for k, n in enumerate(space))
    if 0 in kept_shape:
        return []
    places = [spread(write, reduced, space) for write in writes]
    plan = ReducePlan(body, reductions, reads, space, target)
    if not plan.partial:
        return [plan.work(places, per_chunk=0)]
    if plan.cut.count == 1:
        parts = combined(body, reductions, places, kept_shape, 2, target)
        return [plan.work(places, per_chunk=0).with_others((parts.kernel,))]
    size = math.prod(kept_shape)
    strides = tuple(0 if k in reduced else s for k, s in enumerate(row_major(kept_shape)))
    buffers = [Buffer(v.dtype, plan.cut.count * size, "partial results") for v in body.outputs]
    partials = [Operand(buffer, space, strides) for buffer in buffers]
    first = plan.work(partials, per_chunk=size)
    return [first, combined(body, reductions, places, kept_shape, plan.cut.count, target, buffers)]


def combined(
    body: Graph, reductions: tuple[Reduction, ...], places: Sequence[Operand], kept: tuple[int, ...], count: int, target: Target,
    buffers: Sequence[Buffer] = (),
) -> Work:  # fmt: skip
    """The reduction of the partial results of `count` chunks, which lie in `buffers` one chunk after the other."""
    size = math.prod(kept)
    held = buffers or [Buffer(v.dtype, count * size, "partial results") for v in body.outputs]
    whole = tuple(Operand(buffer, (count, *kept), (size, *row_major(kept))) for buffer in held)
    results = [Operand(p.buffer, (count, *kept), (0, *p.strides), p.offset) for p in places]
    return combine(passing(*(value.dtype for value in body.outputs)), reductions, whole, results, target)


def combine(body: Graph, reductions: tuple[Reduction, ...], parts: tuple[Operand, ...], writes: Sequence[Operand], target: Target) -> Work:
    """A reduction along the first axis only, over whose entries no chunk runs alone: its kernel does not depend on how many there are."""
    return ReducePlan(body, reductions, parts, parts[0].shape, target, axes=(0,)).work(writes, per_chunk=0)


def spread(write: Operand, reduced: Sequence[int], space: tuple[int, ...]) -> Operand:
    """A result over the whole space: stride 0 along the reduced axes, whether it keeps them or not."""
    source = iter(write.strides)
    keeps = len(write.shape) == len(space)
    strides = []
    for axis in range(len(space)):
        if axis in reduced:
            strides.append(0)
            if keeps:
                next(source)
        else:
            strides.append(next(source))
    return Operand(write.buffer, space, tuple(strides), write.offset)


class ReducePlan:
    """How one reduction over a space is cut and walked."""

    def __init__(
        self, body: Graph, reductions: tuple[Reduction, ...], reads: tuple[Operand, ...], space: tuple[int, ...], target: Target,
        axes: tuple[int, ...] | None = None,
    ) -> None:  # fmt: skip
        self.body, self.reductions, self.given, self.space, self.target = body, reductions, reads, space, target
        self.reduced = reductions[0].axes if axes is None else axes
        self.combining = axes is not None
        merged = self.merged([])
        size = 1
        for axis in merged:
            size *= axis.extent if axis.label == KEPT else 1
        self.kept = size
        leading = self.leading(merged)
        self.cut = self.cut_of(leading, merged)
        self.partial = leading.label == REDUCED

    def merged(self, writes: Sequence[Operand]) -> list[Axis]:
        """The axes, merged, in the space's order."""
        strides = [operand.strides for operand in (*self.given, *writes)]
        if uses_index(self.body):
            strides.append(row_major(self.space))
        labels = [REDUCED if k in self.reduced else KEPT for k in range(len(self.space))]
        if 0 in self.space:  # nothing to reduce: one empty reduced axis, and the kept ones
            strides = [tuple(0 if n == 0 else s for n, s in zip(self.space, row, strict=True)) for row in strides]
            empty = Axis(0, (0,) * len(strides), 0, REDUCED)
            kept = [k for k, label in enumerate(labels) if label == KEPT]
            rest = axes_of([self.space[k] for k in kept], [[row[k] for k in kept] for row in strides], [KEPT] * len(kept))
            return [empty, *rest] if any(axis.label == KEPT for axis in rest) else [empty]
        axes = axes_of(self.space, strides, labels)
        if not any(axis.label == REDUCED for axis in axes):  # only axes of extent 1 are reduced
            axes = [Axis(1, (0,) * len(strides), 1, REDUCED), *(axis for axis in axes if axis.label == KEPT)]
        return axes

    def leading(self, axes: Sequence[Axis]) -> Axis:
        """The axis that is cut: the first, unless its partial results would be many; then the last kept one."""
        kept = [axis for axis in axes if axis.label == KEPT]
        if axes[0].label == REDUCED and kept and (self.combining or self.kept > MOST_PARTIALS // 16):
            return kept[-1]
        return axes[0]

    def cut_of(self, axis: Axis, axes: Sequence[Axis]) -> Cut:
        """The chunks; a small combination is one."""
        nbytes = bytes_of(self.given, axes)
        if self.combining and nbytes < MOST_PARTIALS:
            return Cut(max(axis.extent, 1), 1)
        return Cut.of(axis, nbytes, whole=True) if axis.label == KEPT or axis.leading >= 16 else Cut.of(axis, nbytes)

    def own_part(self, write: Operand, per_chunk: int) -> Footprint:
        """Each chunk's own results, `per_chunk` elements behind those of the one before."""
        kept = [(n, s) for k, (n, s) in enumerate(zip(write.shape, write.strides, strict=True)) if k not in self.reduced]
        return along([(self.cut.count, per_chunk), *kept], 0, 1)

    def work(self, writes: Sequence[Operand], *, per_chunk: int) -> Work:
        """The launch that writes the results, or each chunk's partial ones `per_chunk` elements apart."""
        axes = self.merged(writes)
        leading = self.leading(axes)
        lane = lane_axis(axes, [1] * len(self.given) + [0] * (len(axes[0].strides) - len(self.given)))
        axes.append(axes.pop(lane))
        chunked = axes.index(leading)
        kinds = "".join(str(axis.label) for axis in axes)
        blocked = kinds == REDUCED + KEPT and chunked == 0 and short_rows(
            [Axis(a.extent, a.strides[: len(self.given)], a.leading) for a in axes], len(self.given), self.target
        )  # fmt: skip
        letters = patterns(axes)
        kernel = shared(ReduceKernel(self.body, self.reductions, letters, kinds, chunked, blocked))
        if kernel.scratch > MOST_SCRATCH:
            kernel = shared(ReduceKernel(self.body, self.reductions, letters, kinds, chunked, blocked=False))
        extents = (*(axis.extent for axis in axes), self.cut.step, per_chunk, *run_time_strides(axes, letters))
        found = list(accesses(self.given, writes, axes, chunked, self.cut))
        if per_chunk:
            found[len(self.given) :] = [Access(w, writes=True, reads=False, part=self.own_part(w, per_chunk)) for w in writes]
        size = 1
        for extent in self.space:
            size *= extent
        title = f"{stem('reduce', self.body)} {'x'.join(map(str, self.space))}"
        flops = size * (1 + count_flops(self.body))
        return Work(kernel, tuple(found), extents, self.cut.count, title, flops, scratch=kernel.scratch)
