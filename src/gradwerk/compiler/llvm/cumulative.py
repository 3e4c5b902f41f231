"""Cumulative kernels: running folds along an axis (ops/cumulative.py).

along     the lanes run along the folded axis: a vector is folded in steps of 1, 2, 4, ... lanes, and then joined to what came before it
across    the lanes run along another axis, where neighbours in memory are, and carry a fold each; so do the lone lanes of a fold whose
          elements have to be taken one by one

The other axes are cut into chunks; what is folded never is, so bits do not depend on threads.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function, Loop, Module
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Lane, each_vector, lanes_for
from gradwerk.compiler.llvm.spaces import (
    FAR,
    Axis,
    Cut,
    accesses,
    axes_of,
    bytes_of,
    count_free,
    lane_axis,
    patterns,
    read_strides,
    run_time_strides,
)
from gradwerk.compiler.llvm.values import Integer, Value, literal
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Operand, Work, shared
from gradwerk.ops.cumulative import Cumulative

FOLDED, KEPT = "f", "k"
UNROLL = 4
"""Vectors that stand side by side where lanes run across."""


@dataclass(frozen=True)
class CumulativeKernel:
    """The structure of a running fold.  The axes are those kept, then the folded one; across, the lanes' axis stands behind it."""

    op: Cumulative
    reads: tuple[DType, ...]
    writes: tuple[DType, ...]
    letters: tuple[str, ...]
    chunked: int | None
    across: bool
    single: bool
    """Whether there is but one lane."""

    @cached_property
    def name(self) -> str:
        """Content name."""
        code = digest(self.op, self.reads, self.writes, self.letters, self.chunked, self.across, self.single)
        return f"{self.op.name}_{dtypes.SHORT[self.reads[0]]}_{code}"

    def build(self, target: Target) -> str:
        """LLVM text.  Extents: the axes', the chunk step, the run-time strides."""
        return CumulativeBuilder(self, target).build()


class CumulativeBuilder:
    """Builds one running fold."""

    def __init__(self, spec: CumulativeKernel, target: Target) -> None:
        self.spec, self.op, self.module, self.rank = spec, spec.op, Module(), len(spec.letters[0])
        self.kinds = (*spec.reads, *spec.writes)
        self.kernel = Kernel(self.module, spec.name, pointers=len(self.kinds), extents=self.rank + 1 + count_free(spec.letters))
        self.f: Function = self.kernel.function
        self.states = states_of(self.op, spec.reads)
        self.e = LaneEmitter(self.f, 1 if spec.single else lanes_for([*self.kinds, *self.states], target))
        self.masks = target.vector_bytes >= FULL_VECTOR
        self.strides = read_strides(self.kernel, spec.letters, self.rank + 1)
        self.spans: list[tuple[Integer, Integer]] = [(0, n) for n in self.kernel.extents[: self.rank]]
        if spec.chunked is not None:
            self.spans[spec.chunked] = self.kernel.span(self.kernel.extents[spec.chunked], self.kernel.extents[self.rank])
        self.nothing = [self.e.const(n, kind) for n, kind in zip(self.op.identity(self.states), self.states, strict=True)]

    def build(self) -> str:
        """The whole kernel."""
        self.walk(0, list(self.kernel.pointers))
        return self.module.text()

    def walk(self, axis: int, at: list[Value]) -> None:
        """The loops over the kept axes, then the fold."""
        if axis == self.rank - 1 - self.spec.across:
            (self.folds_across if self.spec.across else self.fold_along)(at)
            return
        with self.f.loop(*self.spans[axis]) as loop:
            self.walk(axis + 1, self.moved(at, loop.index, axis))

    def moved(self, at: Sequence[Value], index: Integer, axis: int) -> list[Value]:
        """All operands moved along an axis."""
        f = self.f
        return [f.at(p, f.mul(index, s[axis]), element=MEMORY[d]) for p, s, d in zip(at, self.strides, self.kinds, strict=True)]

    def lanes(self, at: Sequence[Value]) -> tuple[list[Lane], list[Lane]]:
        """The operands along the last axis: those that are read, and those that are written."""
        made = [
            Lane(self.e, p, d, s[-1], row[-1] == FAR) for p, d, s, row in zip(at, self.kinds, self.strides, self.spec.letters, strict=True)
        ]
        reads, writes = made[: len(self.spec.reads)], made[len(self.spec.reads) :]
        return reads, [lane.prepare_store() for lane in writes]

    def typed(self, values: Sequence[Value]) -> list[Lanes]:
        """Values that a loop carried, as a fold again."""
        return [Lanes(v.name, v.type, kind) for v, kind in zip(values, self.states, strict=True)]

    # ---- lanes along the folded axis

    def fold_along(self, at: list[Value]) -> None:
        """Whole vectors, and the elements that fill none: behind them, or where it goes from the end before them."""
        f, count, backward = self.f, self.e.count, self.op.reverse
        length = self.spans[-1][1]
        full = f.round_down(length, count)
        rest = f.sub(length, full)
        reads, writes = self.lanes(at)
        with f.loop(0, full, step=count, carried=self.nothing) as loop:
            place = f.sub(f.sub(length, count), loop.index) if backward else loop.index
            self.vector(reads, writes, place, None, loop)
        if count == 1:
            return
        with f.when(f.compare("sgt", rest, 0)), f.loop(0, 1, carried=loop.results) as last:
            self.vector(reads, writes, 0 if backward else full, f.first_lanes(rest, count), last)

    def vector(self, reads: Sequence[Lane], writes: Sequence[Lane], place: Integer, mask: Value | None, loop: Loop) -> None:
        """One vector: its own fold, joined to what came before, which its last lane then is."""
        f, e, op = self.f, self.e, self.op
        fold = list(op.state(e, lambda: self.numbers(place, 1), *[lane.load(place, mask) for lane in reads]))
        if mask is not None:
            fold = [e.wrap(f.select(mask, x, nothing), x.dtype) for x, nothing in zip(fold, self.nothing, strict=True)]
        reach = 1
        while reach < e.count:
            order = [k + reach if op.reverse else e.count + k - reach for k in range(e.count)]
            moved = [self.shifted(x, nothing, order) for x, nothing in zip(fold, self.nothing, strict=True)]
            fold = list(op.combine(e, tuple(moved), tuple(fold)))
            reach *= 2
        before = self.typed(loop.carried)
        whole = op.combine(e, tuple(before), tuple(fold))
        for lane, y in zip(writes, op.finish(e, whole, self.spec.writes[0]), strict=True):
            lane.store(y, place, mask)
        loop.next(*(self.ends(whole) if op.costly else op.combine(e, tuple(before), self.ends(fold))))

    def ends(self, fold: Sequence[Lanes]) -> tuple[Lanes, ...]:
        """The last lane, as the fold goes, in all lanes."""
        if self.e.count == 1:
            return tuple(fold)
        order = [0 if self.op.reverse else self.e.count - 1] * self.e.count
        return tuple(self.e.wrap(self.f.shuffle(x, None, order), x.dtype) for x in fold)

    def shifted(self, x: Lanes, nothing: Lanes, order: Sequence[int]) -> Lanes:
        """The lanes by number of x and then of nothing, or of nothing and then of x, as the fold goes."""
        pair = (x, nothing) if self.op.reverse else (nothing, x)
        return self.e.wrap(self.f.shuffle(*pair, order), x.dtype)

    def numbers(self, first: Integer, step: int) -> Lanes:
        """The places of the lanes along the folded axis."""
        f, e = self.f, self.e
        start = e.wrap(f.splat(f.integer(first), e.count), dtypes.int64)
        if e.count == 1 or not step:
            return start
        return e.add(start, e.wrap(f.lane_numbers(start.type), dtypes.int64))

    # ---- lanes across

    def folds_across(self, at: list[Value]) -> None:
        """Each lane, and each of several vectors, carries a fold of its own."""
        f, e = self.f, self.e
        low, high = self.spans[-1]

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            with f.loop(0, self.spans[-2][1], carried=[x for _ in places for x in self.nothing]) as loop:
                place = f.sub(f.sub(self.spans[-2][1], 1), loop.index) if self.op.reverse else loop.index
                reads, writes = self.lanes(self.moved(at, place, self.rank - 2))
                following: list[Lanes] = []
                for k, column in enumerate(places):
                    here = f.add(low, column)
                    before = self.typed(loop.carried[k * len(self.states) : (k + 1) * len(self.states)])
                    xs = [lane.load(here, mask) for lane in reads]
                    fold = self.op.step(e, tuple(before), lambda: self.numbers(place, 0), *xs)
                    for lane, y in zip(writes, self.op.finish(e, fold, self.spec.writes[0]), strict=True):
                        lane.store(y, here, mask)
                    following += fold
                loop.next(*following)

        if e.count == 1:
            with f.loop(0, f.sub(high, low)) as each:
                body([each.index], None)
            return
        each_vector(f, f.sub(high, low), e.count, UNROLL, body, masks=self.masks)


@cache
def states_of(op: Cumulative, reads: tuple[DType, ...]) -> tuple[DType, ...]:
    """The dtypes of what a fold carries."""
    e = LaneEmitter(Module().function("asked", []), 1)
    return tuple(x.dtype for x in op.state(e, lambda: e.wrap(literal(0, "i64"), dtypes.int64), *[e.const(0, kind) for kind in reads]))


def lower_cumulative(op: Cumulative, reads: Sequence[Operand], writes: Sequence[Operand], target: Target) -> list[Work]:
    """One launch, over the axes as they lie."""
    shape = reads[0].shape
    if 0 in shape:
        return []
    operands = (*reads, *writes)
    labels = [FOLDED if k == op.axis else KEPT for k in range(len(shape))]
    axes = axes_of(shape, [operand.strides for operand in operands], labels)
    folded = next((axis for axis in axes if axis.label == FOLDED), Axis(1, (1,) * len(operands), 1, FOLDED))
    kept = [axis for axis in axes if axis.label == KEPT]
    lane = lane_axis([*kept, folded], [1] * len(operands))
    beside = lane < len(kept)
    single = not op.associative and not beside
    across = beside or single
    if beside:
        kept.append(kept.pop(lane))
    elif single:
        kept.append(Axis(1, (0,) * len(operands), 1, KEPT))
    order = [*kept[:-1], folded, kept[-1]] if across else [*kept, folded]
    nbytes, multiple = bytes_of(operands, order), 1
    chunked: int | None = 0 if len(kept) > (1 if across else 0) else None
    if chunked is None and beside:
        chunked, multiple = len(order) - 1, UNROLL * target.lanes
    cut = Cut(1, 1) if chunked is None else Cut.of(order[chunked], nbytes, whole=order[chunked].leading >= 16, multiple=multiple)
    letters = patterns(order)
    plain = replace(op, axis=0)
    kernel = shared(CumulativeKernel(
        plain, tuple(o.dtype for o in reads), tuple(o.dtype for o in writes), letters, chunked, across, single,
    ))  # fmt: skip
    touched = accesses(reads, writes, order, chunked or 0, cut)
    extents = (*(axis.extent for axis in order), cut.step, *run_time_strides(order, letters))
    return [Work(kernel, touched, extents, cut.count, f"{op.name} {'x'.join(map(str, shape))}", op.flops(reads[0].type))]
