"""Kernels of take_along and scatter_along (ops/along.py): single elements at places along an axis that data names.

Take: the lanes run along the innermost axis of the indices and gather.  Scatter: each chunk copies its part of the base; then the updates
come one after the other along the axis, in lanes where these run along another axis, in which none meets another.  Chunks are cut along
other axes only, so that what an element becomes never depends on threads.

Indices were looked at before (compiler/bounds.py).  One that is outside all the same reads NaN (0 of integers) and writes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest, passing
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function, Module
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Lane, distances, each_vector, lanes_for
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.llvm.spaces import FAR, Axis, Cut, axes_of, bytes_of, count_free, lane_axis, part_of, patterns, read_strides
from gradwerk.compiler.llvm.spaces import run_time_strides as strides_of
from gradwerk.compiler.llvm.values import Integer, Value, vector
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Operand, Work, shared
from gradwerk.ir.op import Op

INDEXED, OTHER = "i", "o"


@dataclass(frozen=True)
class AlongKernel:
    """The structure of a take or scatter.  Operands: table, indices, rows (what is taken, or the updates), and of a scatter the base.

    `way` is empty for a take; `kinds`: per axis, the one that is indexed or another; `chunked` is the axis that is cut, None for none;
    `neighbours`: the table's elements along the axis are such in memory, and the base's.
    """

    way: str
    dtype: DType
    index_dtype: DType
    letters: tuple[str, ...]
    kinds: str
    chunked: int | None
    neighbours: bool

    @cached_property
    def name(self) -> str:
        """Content name."""
        code = digest("along", self.way, self.dtype, self.index_dtype, self.letters, self.kinds, self.chunked, self.neighbours)
        return f"{f'scatter_{self.way}' if self.way else 'take'}_along_{dtypes.SHORT[self.dtype]}_{code}"

    def build(self, target: Target) -> str:
        """LLVM text.  Extents: the axes', the chunk step, the table's rows, the elements from one to the next of the table and of the base,
        the run-time strides.
        """
        return AlongBuilder(self, target).build()


class AlongBuilder:
    """Builds one take or scatter."""

    def __init__(self, spec: AlongKernel, target: Target) -> None:
        self.spec, self.module, self.rank = spec, Module(), len(spec.letters[0])
        fixed = self.rank + 4
        self.kernel = Kernel(self.module, spec.name, pointers=len(spec.letters), extents=fixed + count_free(spec.letters))
        self.f: Function = self.kernel.function
        self.kinds = (spec.dtype, spec.index_dtype, spec.dtype, spec.dtype)
        self.wide = LaneEmitter(self.f, lanes_for(self.kinds, target))
        conflicts = bool(spec.way) and spec.kinds[-1] == INDEXED
        self.e = LaneEmitter(self.f, 1) if conflicts else self.wide
        self.masks = target.vector_bytes >= FULL_VECTOR
        self.strides = read_strides(self.kernel, spec.letters, fixed)
        step, self.table_rows, self.row_stride, self.base_stride = self.kernel.extents[self.rank : fixed]
        self.spans: list[tuple[Integer, Integer]] = [(0, n) for n in self.kernel.extents[: self.rank]]
        if spec.chunked is not None:
            self.spans[spec.chunked] = self.kernel.span(self.kernel.extents[spec.chunked], step)

    def build(self) -> str:
        """The whole kernel."""
        if self.spec.way:
            self.copy([k for k, kind in enumerate(self.spec.kinds) if kind == OTHER], self.kernel.pointers[0], self.kernel.pointers[3])
        self.walk(0, list(self.kernel.pointers[:3]))
        return self.module.text()

    def copy(self, axes: Sequence[int], table: Value, base: Value) -> None:
        """This chunk's part of the base to the table; the lanes run along the axis where neighbours are there, or along another."""
        f, kind = self.f, MEMORY[self.spec.dtype]
        if self.spec.neighbours or not axes:
            strides = (1, 1) if self.spec.neighbours else (self.row_stride, self.base_stride)
            self.copy_nest(axes, table, base, (0, self.table_rows), strides)
            return
        *outer, last = axes
        with f.loop(0, self.table_rows) as row:
            at = [f.at(p, f.mul(row.index, s), element=kind) for p, s in ((table, self.row_stride), (base, self.base_stride))]
            self.copy_nest(outer, at[0], at[1], self.spans[last], (self.strides[0][last], self.strides[3][last]))

    def copy_nest(self, axes: Sequence[int], table: Value, base: Value, span: tuple[Integer, Integer], strides: Sequence[Integer]) -> None:
        """Loops over these axes, and lanes along the span."""
        f = self.f
        if axes:
            with f.loop(*self.spans[axes[0]]) as loop:
                to, source = (self.moved(p, k, loop.index, axes[0]) for p, k in ((table, 0), (base, 3)))
                self.copy_nest(axes[1:], to, source, span, strides)
            return
        written, read = (Lane(self.wide, p, self.spec.dtype, s, far=True) for p, s in zip((table, base), strides, strict=True))
        written.prepare_store()
        read.prepare()

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            place = f.add(span[0], places[0])
            written.store(read.load(place, mask), place, mask)

        each_vector(f, f.sub(span[1], span[0]), self.wide.count, 1, body, masks=self.masks)

    def walk(self, axis: int, at: list[Value]) -> None:
        """The loops from `axis` inwards."""
        f = self.f
        low, high = self.spans[axis]
        if axis == self.rank - 1:
            self.row([self.moved(p, k, low, axis) for k, p in enumerate(at)], f.sub(high, low))
            return
        with f.loop(low, high) as loop:
            self.walk(axis + 1, [self.moved(p, k, loop.index, axis) for k, p in enumerate(at)])

    def moved(self, at: Value, number: int, index: Integer, axis: int) -> Value:
        """An operand moved along an axis."""
        return self.f.at(at, self.f.mul(index, self.strides[number][axis]), element=MEMORY[self.kinds[number]])

    def lane(self, number: int, at: Value) -> Lane:
        """An operand along the last axis."""
        lane = Lane(self.e, at, self.kinds[number], self.strides[number][-1], self.spec.letters[number][-1] == FAR)
        return lane.prepare_store() if number == 2 and not self.spec.way else lane.prepare()

    def row(self, at: Sequence[Value], count: Integer) -> None:
        """The last axis."""
        f, e = self.f, self.e
        numbers, rows = self.lane(1, at[1]), self.lane(2, at[2])
        steps = distances(f, e.count, self.strides[0][-1], far=True) if e.count > 1 else None

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            for place in places:
                index = e.cast(numbers.load(place, mask), dtypes.int64)
                inside = self.lanewise("icmp ult", index, self.table_rows)
                active = inside if mask is None else f.both(inside, mask)
                offset = self.lanewise("mul", index, self.row_stride)
                if steps is not None:
                    offset = f.emit(f"add {offset.type} {offset}, {steps}", offset.type)
                base = self.moved(at[0], 0, place, self.rank - 1)
                where = f.addresses(base, offset, MEMORY[self.spec.dtype])
                if self.spec.way:
                    self.update(where, active, rows, place, mask)
                else:
                    nothing = e.const(math.nan if dtypes.is_float(self.spec.dtype) else 0, self.spec.dtype)
                    rows.store(e.select(e.wrap(inside, dtypes.bool_), e.gather(where, self.spec.dtype, active), nothing), place, mask)

        each_vector(f, count, e.count, 1, body, masks=self.masks)

    def lanewise(self, op: str, index: Value, other: Integer) -> Value:
        """An operation of every lane and one number."""
        f = self.f
        type_ = vector("i64", self.e.count)
        made = f"{op} {type_} {index}, {f.splat(f.integer(other), self.e.count)}"
        return f.emit(made, vector("i1", self.e.count) if op.startswith("icmp") else type_)

    def update(self, where: Value, active: Value, rows: Lane, place: Integer, mask: Value | None) -> None:
        """What stands there, and the updates."""
        e = self.e

        def change(held: Value | None) -> None:
            x = rows.load(place, mask)
            if self.spec.way != "set":
                x = combined(e, self.spec.way, e.gather(where, self.spec.dtype, held), x)
            e.scatter(x, where, held)

        if e.count > 1:
            change(active)
            return
        with self.f.when(active):
            change(None)


def combined(e: LaneEmitter, way: str, old: Lanes, new: Lanes) -> Lanes:
    """What an element becomes."""
    if way in {"add", "mul"}:
        return e.add(old, new) if way == "add" else e.mul(old, new)
    return e.maximum(new, old) if way == "max" else e.minimum(new, old)


def lower_take_along(op: Op, reads: Sequence[Operand], out: Operand, target: Target) -> list[Work]:
    """(x, indices) -> x at the indices."""
    return [] if 0 in out.shape else [_work(op.attributes()["axis"], "", (*reads, out), target, op.name)]


def lower_scatter_along(op: Op, reads: Sequence[Operand], out: Operand, target: Target) -> list[Work]:
    """(base, indices, updates) -> a copy of base, which is then changed."""
    (base, index, updates), said = reads, op.attributes()
    if 0 in out.shape:
        return []
    if 0 in index.shape:
        return [lower_map(passing(out.dtype), (base,), (out,), out.shape, target)]
    return [_work(said["axis"], said["way"], (out, index, updates, base), target, op.name)]


def _work(axis: int, way: str, operands: tuple[Operand, ...], target: Target, name: str) -> Work:
    """One launch.  The table stands still along the axis, and so does the base: the indices say where on it."""
    table, index = operands[:2]
    strides = [tuple(0 if k == axis and n % 3 == 0 else s for k, s in enumerate(o.strides)) for n, o in enumerate(operands)]
    labels = [INDEXED if k == axis else OTHER for k in range(len(index.shape))]
    axes = axes_of(index.shape, strides, labels)
    if axes[0].label is None:  # a single index
        axes = [Axis(1, (0,) * len(operands), 1, INDEXED)]
    axes.append(axes.pop(lane_axis(axes, [1, 2, 2, 1][: len(operands)])))
    cuttable = [k for k, a in enumerate(axes) if a.label == OTHER or not way]
    chunked, cut = (cuttable[0] if cuttable else None), Cut(1, 1)
    if chunked is not None:
        multiple = target.lanes if chunked == len(axes) - 1 else 1
        cut = Cut.of(axes[chunked], 2 * bytes_of(operands, axes), whole=axes[chunked].leading >= 16, multiple=multiple)
    letters = patterns(axes)
    neighbours = bool(way) and table.strides[axis] == operands[-1].strides[axis] == 1
    kinds = "".join(str(a.label) for a in axes)
    kernel = shared(AlongKernel(way, table.dtype, index.dtype, letters, kinds, chunked, neighbours))
    parts = [part_of(number, axes, chunked or 0, cut) for number in range(len(operands))]
    for number in (0, 3)[: 1 + bool(way)]:  # all that there is along the axis
        operand, part = operands[number], parts[number]
        moving = None if part.moving is None else part.moving + 1
        extents, steps = (operand.shape[axis], *part.extents), (operand.strides[axis], *part.strides)
        parts[number] = replace(part, extents=extents, strides=steps, moving=moving)
    written = 0 if way else 2
    touched = tuple(
        Access(operand, writes=number == written, reads=number != written, part=part)
        for number, (operand, part) in enumerate(zip(operands, parts, strict=True))
    )
    numbers = (table.shape[axis], table.strides[axis], operands[-1].strides[axis])
    extents = (*(a.extent for a in axes), cut.step, *numbers, *strides_of(axes, letters))
    flops = math.prod(index.shape) if way in {"add", "mul"} else 0
    return Work(kernel, touched, extents, cut.count, f"{name} {index.shape} of {table.shape}", flops)
