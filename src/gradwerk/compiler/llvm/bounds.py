"""The kernel that looks at indices or divisors: lowest and highest along the lanes, which is all where they are good.

Of divisors it is asked whether they are 0, which is 0 or 1 and has to be 0.  Only where something is outside, a second walk, one by one,
finds the first and writes the record (ir/plan.py, Faults).  One chunk: what the record says must not depend on threads, and eight indices
take a nanosecond.  Of many indices lowest and highest are found before, by as many chunks as that is worth (`summarized`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest, passing
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Module
from gradwerk.compiler.llvm.indexed import as_i64
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Combiner, Lane, lanes_for, reduce_range
from gradwerk.compiler.llvm.reduces import lower_reduce
from gradwerk.compiler.llvm.spaces import FAR, axes_of, count_free, patterns, read_strides, run_time_strides
from gradwerk.compiler.llvm.values import Integer, Value, lanes, overload, scalar
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Buffer, Operand, Work
from gradwerk.ir.plan import FAULT_WORDS
from gradwerk.ops.look import InRange, NotZero
from gradwerk.ops.reduction import Max, Min

MANY = 1 << 16
"""Indices of which lowest and highest are worth more than one chunk."""
FOUND, ITERATION, PLACE, INDEX, LOWEST, HIGHEST, SEEN = range(7)
"""Words of a record; the last counts during the second walk."""


@dataclass(frozen=True)
class BoundsKernel:
    """The structure of a look.

    Operands: indices or divisors, record, where it `ignores` one number outside that number, and where it is `nested` in several loops a
    place as many words behind the record as there were iterations; before that, where they are `summed` up, lowest and highest of all.
    """

    dtype: DType
    letters: tuple[str, ...]
    ignores: bool
    divisors: bool = False
    nested: bool = False
    summed: bool = False

    @cached_property
    def name(self) -> str:
        """Content name."""
        what = "not_zero" if self.divisors else "in_range"
        code = digest(self.dtype, self.letters, self.ignores, self.divisors, self.nested, self.summed)
        return f"{what}_{dtypes.SHORT[self.dtype]}_{code}"

    def build(self, target: Target) -> str:
        """LLVM text.  Extents: the axes', the rows, the number of the record, the run-time strides."""
        return BoundsBuilder(self, target).build()


class BoundsBuilder:
    """Builds one look at indices."""

    def __init__(self, spec: BoundsKernel, target: Target) -> None:
        self.spec, self.module, self.rank = spec, Module(), len(spec.letters[0])
        fixed = self.rank + 2
        pointers = 2 + spec.ignores + spec.nested + 2 * spec.summed
        self.kernel = Kernel(self.module, spec.name, pointers=pointers, extents=fixed + count_free(spec.letters))
        self.f = self.kernel.function
        self.e = LaneEmitter(self.f, lanes_for([spec.dtype], target))
        self.masks = target.vector_bytes >= FULL_VECTOR
        (self.strides,) = read_strides(self.kernel, spec.letters, fixed)
        self.counts = self.kernel.extents[: self.rank]
        self.rows, self.number = self.kernel.extents[self.rank : fixed]
        self.indices, self.record, *others = self.kernel.pointers
        allowed = others[: int(spec.ignores)]
        self.summary = others[spec.ignores : spec.ignores + 2] if spec.summed else []
        self.counted = others[-1] if spec.nested else None
        self.allowed = [LaneEmitter(self.f, 1).load(pointer, spec.dtype) for pointer in allowed]
        zero, self.one = self.e.const(0, spec.dtype), self.e.const(1, spec.dtype)
        self.combiner = Combiner((zero, zero), self.wider)

    def build(self) -> str:
        """The whole kernel."""
        f = self.f
        if self.summary:
            lowest, highest = (LaneEmitter(f, 1).load(pointer, self.spec.dtype) for pointer in self.summary)
        else:
            lowest, highest = self.range_of(0, self.indices, self.combiner.identities)
        with f.when(f.emit(f"or i1 {self.outside(lowest, 'min')}, {self.outside(highest, 'max')}", "i1")):
            self.find()
        return self.module.text()

    # ---- the first walk: lowest and highest, 0 where there is nothing else

    def wider(self, a: Sequence[Lanes], b: Sequence[Lanes]) -> list[Lanes]:
        """Lowest and highest of two parts, lane by lane."""
        return [self.e.minimum(a[0], b[0]), self.e.maximum(a[1], b[1])]

    def range_of(self, axis: int, at: Value, so_far: Sequence[Lanes]) -> list[Lanes]:
        """Lowest and highest of what lies along the axes from `axis` on, and of what was seen before."""
        f = self.f
        if axis < self.rank - 1:
            with f.loop(0, self.counts[axis], carried=so_far) as loop:
                loop.next(*self.range_of(axis + 1, self.along(at, axis, loop.index), self.combiner.typed(loop.carried)))
            return self.combiner.typed(loop.results)
        row = Lane(self.e, at, self.spec.dtype, self.strides[-1], self.spec.letters[0][-1] == FAR).prepare()
        allowed = [self.e.splat(one) for one in self.allowed]

        def part(place: Integer, last: bool) -> list[Lanes]:  # noqa: FBT001  as reduce_range asks
            there = f.first_lanes(f.sub(self.counts[axis], place), self.e.count) if last else None
            x = row.load(place, there)
            if self.spec.divisors:
                x = self.e.select(self.zero_at(x, there), self.one, self.combiner.identities[0])
            for one in allowed:
                x = self.e.select(self.e.compare("eq", x, one), self.combiner.identities[0], x)
            return [x, x]

        found = reduce_range(f, self.combiner, (0, self.counts[axis]), part, step=self.e.count, masked=self.masks)
        return self.wider(so_far, found)

    def zero_at(self, x: Lanes, there: Value | None) -> Lanes:
        """Where a divisor is 0, of those that are there."""
        zero = self.e.compare("eq", x, self.combiner.identities[0])
        return zero if there is None else self.e.bit_and(zero, self.e.wrap(there, dtypes.bool_))

    def along(self, at: Value, axis: int, index: Integer) -> Value:
        """The indices moved along an axis."""
        return self.f.at(at, self.f.mul(index, self.strides[axis]), element=MEMORY[self.spec.dtype])

    def outside(self, extreme: Lanes, which: str) -> Value:
        """Whether the lowest or highest of all lanes is no row."""
        f, stem = self.f, ("s" if dtypes.is_signed_integer(self.spec.dtype) else "u") + which
        one: Value = extreme
        if lanes(extreme.type) > 1:
            one = f.call(f"llvm.vector.reduce.{stem}.{overload(extreme.type)}", scalar(extreme.type), extreme)
        return f.compare("uge", as_i64(f, one, self.spec.dtype), self.rows)

    # ---- the second walk: only where something is outside, so it may take its time

    def word(self, number: int) -> Value:
        """A word of the record."""
        return self.f.at(self.record, number, element="i64")

    def find(self) -> None:
        """Writes the record, if no earlier iteration has, and says in the first word of all that there is one."""
        f = self.f
        with f.when(f.compare("eq", f.load("i64", self.word(FOUND)), 0)):
            for number, start in ((SEEN, 0), (LOWEST, 2**63 - 1), (HIGHEST, -(2**63))):
                f.store(f.integer(start), self.word(number))
            self.visit(0, self.indices)
            with f.when(f.compare("ne", f.load("i64", self.word(FOUND)), 0)):
                f.store(self.iteration(), self.word(ITERATION))
                back = f.mul(f.add(self.number, 1), -FAULT_WORDS)
                f.store(f.integer(1), f.at(self.record, back, element="i64"))

    def iteration(self) -> Value:
        """The iteration of the one loop around, or those of several counted through."""
        f = self.f
        if self.counted is None:
            return self.kernel.iteration
        there, here = (f.emit(f"ptrtoint ptr {place} to i64", "i64") for place in (self.counted, self.record))
        return f.emit(f"ashr exact i64 {f.emit(f'sub i64 {there}, {here}', 'i64')}, 3", "i64")

    def visit(self, axis: int, at: Value) -> None:
        """Looks at what lies along the axes from `axis` on, in row-major order."""
        f = self.f
        if axis < self.rank:
            with f.loop(0, self.counts[axis]) as loop:
                self.visit(axis + 1, self.along(at, axis, loop.index))
            return
        index = as_i64(f, f.load(MEMORY[self.spec.dtype], at), self.spec.dtype)
        if self.spec.divisors:
            index = f.emit(f"zext i1 {f.compare('eq', index, 0)} to i64", "i64")
        seen = f.load("i64", self.word(SEEN))
        first = f.both(f.compare("uge", index, self.rows), f.compare("eq", f.load("i64", self.word(FOUND)), 0))
        for one in self.allowed:
            first = f.both(first, f.compare("ne", index, as_i64(f, one, self.spec.dtype)))
        with f.when(first):
            for number, value in ((FOUND, f.integer(1)), (PLACE, seen), (INDEX, index)):
                f.store(value, self.word(number))
        f.store(f.integer(f.minimum(f.load("i64", self.word(LOWEST)), index)), self.word(LOWEST))
        f.store(f.integer(f.maximum(f.load("i64", self.word(HIGHEST)), index)), self.word(HIGHEST))
        f.store(f.integer(f.add(seen, 1)), self.word(SEEN))


def lower_look(
    op: InRange | NotZero,
    indices: Operand,
    record: Operand,
    number: int,
    target: Target,
    *,
    allowed: Operand | None = None,
    counted: Operand | None = None,
    summary: tuple[Operand, ...] = (),
) -> Work:
    """A look at numbers of which there is at least one; `record` is that of check `number`, `allowed` holds the index that is ignored.

    `summary` are lowest and highest of all, where they were found before.
    """
    axes = axes_of(indices.shape, [indices.strides])
    letters = patterns(axes)
    rows = op.rows if isinstance(op, InRange) else 1
    kernel = BoundsKernel(indices.dtype, letters, allowed is not None, isinstance(op, NotZero), counted is not None, bool(summary))
    extents = (*(axis.extent for axis in axes), rows, number, *run_time_strides(axes, letters))
    others = [Access(other) for other in (allowed, *summary, counted) if other is not None]
    accesses = (Access(indices), Access(record, writes=True), *others)
    return Work(kernel, accesses, extents, 1, f"{op.name} {rows} {indices.shape}")


def summarized(indices: Operand, target: Target) -> tuple[list[Work], tuple[Operand, ...]]:
    """Lowest and highest of many numbers, and where they are."""
    axes, kinds = tuple(range(len(indices.shape))), (indices.dtype, indices.dtype)
    places = tuple(Operand(Buffer(indices.dtype, 1, "extreme"), (), ()) for _ in kinds)
    return lower_reduce(passing(*kinds), (Min(axes), Max(axes)), (indices, indices), places, indices.shape, target), places
