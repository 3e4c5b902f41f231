"""Indexed kernels: rows of a table by number, and sums and extremes of rows by number.

gather        chunks of the leading axis of the indices; the lanes run along a row, or along the indices where a row is one number
scatter       chunks of columns; within one, every update in order: the sums never depend on threads

Indices were looked at before (compiler/bounds.py).  These kernels run all the same when one is outside the table, until the run ends with
the error: it then reads NaN (0 of integers) and adds nothing, and no memory but the operands' is touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest
from gradwerk.compiler.chunks import count_of, step_of
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.along import combined
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function, Module
from gradwerk.compiler.llvm.lane_code import MEMORY
from gradwerk.compiler.llvm.lanes import FULL_VECTOR, Lane, each_vector, lanes_for
from gradwerk.compiler.llvm.spaces import (
    FAR,
    Axis,
    Cut,
    axes_of,
    count_free,
    lane_axis,
    part_of,
    patterns,
    read_strides,
    run_time_strides,
)
from gradwerk.compiler.llvm.values import Integer, Value
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Operand, Work, shared
from gradwerk.ir.op import Op
from gradwerk.ops.indexing import Gather, ScatterAdd
from gradwerk.ops.reduction import highest, lowest
from gradwerk.ops.scatter_extremes import ScatterMax, ScatterMin

INDEX, ROW = "i", "r"
NOTHING: Mapping[str, Callable[[DType], float]] = {"add": lambda dtype: 0, "max": lowest, "min": highest}
"""What changes nothing, by the way in which updates meet."""


@dataclass(frozen=True)
class IndexedKernel:
    """The structure of a gather or scatter.  Operands: table, indices, rows.  `kinds`: per axis, of the indices or of a row.

    `way` is how updates meet what stands there: add, max or min; empty for a gather.
    """

    way: str
    dtype: DType
    index_dtype: DType
    letters: tuple[str, ...]
    kinds: str
    chunked: int

    @cached_property
    def name(self) -> str:
        """Content name."""
        code = digest(self.way, self.dtype, self.index_dtype, self.letters, self.kinds, self.chunked)
        return f"{f'scatter_{self.way}' if self.way else 'gather'}_{dtypes.SHORT[self.dtype]}_{code}"

    def build(self, target: Target) -> str:
        """LLVM text.  Extents: the axes', the chunk step, the table's rows, the elements from one to the next, the run-time strides."""
        return IndexedBuilder(self, target).build()


class IndexedBuilder:
    """Builds one gather or scatter."""

    def __init__(self, spec: IndexedKernel, target: Target) -> None:
        self.spec, self.module, self.rank = spec, Module(), len(spec.kinds)
        fixed = self.rank + 3
        self.kernel = Kernel(self.module, spec.name, pointers=3, extents=fixed + count_free(spec.letters))
        self.f: Function = self.kernel.function
        self.e = LaneEmitter(self.f, lanes_for([spec.dtype, spec.index_dtype], target))
        self.masks = target.vector_bytes >= FULL_VECTOR
        self.strides = read_strides(self.kernel, spec.letters, fixed)
        step, self.table_rows, self.row_stride = self.kernel.extents[self.rank : fixed]
        self.spans: list[tuple[Integer, Integer]] = [(0, n) for n in self.kernel.extents[: self.rank]]
        self.spans[spec.chunked] = self.kernel.span(self.kernel.extents[spec.chunked], step)
        self.kinds = (spec.dtype, spec.index_dtype, spec.dtype)

    def build(self) -> str:
        """The whole kernel."""
        if self.spec.way:
            self.clear()
        self.level(0, list(self.kernel.pointers), None)
        return self.module.text()

    def advance(self, at: Sequence[Value], index: Integer, axis: int) -> list[Value]:
        """All operands moved along an axis."""
        f = self.f
        rows = zip(at, self.strides, self.kinds, strict=True)
        return [f.at(p, f.mul(index, s[axis]), element=MEMORY[d]) for p, s, d in rows]

    def level(self, axis: int, at: list[Value], row: Value | None) -> None:
        """The loops from `axis` inwards; `row` is the number in the table, once all axes of the indices are inside."""
        f = self.f
        if row is None and INDEX not in self.spec.kinds[axis:]:
            self.numbered(axis, at)
            return
        low, high = self.spans[axis]
        if axis == self.rank - 1:
            at = self.advance(at, low, axis)
            if row is None:
                self.singles(at, f.sub(high, low))
            else:
                self.row(at, f.sub(high, low), row)
            return
        with f.loop(low, high) as loop:
            self.level(axis + 1, self.advance(at, loop.index, axis), row)

    def numbered(self, axis: int, at: list[Value]) -> None:
        """Reads one number and handles its row."""
        f = self.f
        raw = f.load(MEMORY[self.spec.index_dtype], at[1])
        row = as_i64(f, raw, self.spec.index_dtype)
        inside = f.compare("ult", row, self.table_rows)
        if self.spec.way:
            with f.when(inside):
                self.level(axis, [f.at(at[0], f.mul(row, self.row_stride), element=MEMORY[self.spec.dtype]), *at[1:]], inside)
            return
        safe = f.select(inside, row, f.integer(0))
        self.level(axis, [f.at(at[0], f.mul(safe, self.row_stride), element=MEMORY[self.spec.dtype]), *at[1:]], inside)

    def lane(self, number: int, at: Value) -> Lane:
        """An operand along the last axis, ready to be read, or to be written where it is the one that is."""
        lane = Lane(self.e, at, self.kinds[number], self.strides[number][-1], self.spec.letters[number][-1] == FAR)
        return lane.prepare_store() if number == (0 if self.spec.way else 2) else lane.prepare()

    def row(self, at: Sequence[Value], count: Integer, inside: Value) -> None:
        """One row of the table and one of the other operand along the lanes."""
        e, f = self.e, self.f
        table, rows = self.lane(0, at[0]), self.lane(2, at[2])
        nothing = e.const(math.nan if dtypes.is_float(self.spec.dtype) else 0, self.spec.dtype)
        scalar = f"select i1 {inside}"

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            for place in places:
                x = table.load(place, mask)
                if self.spec.way:
                    table.store(combined(e, self.spec.way, x, rows.load(place, mask)), place, mask)
                else:
                    value = f.emit(f"{scalar}, {x.type} {x.name}, {x.type} {nothing.name}", x.type)
                    rows.store(e.wrap(value, x.dtype), place, mask)

        each_vector(f, count, e.count, 1, body, masks=self.masks)

    def singles(self, at: Sequence[Value], count: Integer) -> None:
        """Rows of one number, along the indices: lanes gather; sums are done one by one, in order."""
        f, e, kind = self.f, self.e, self.spec.dtype
        if self.spec.way:
            one = LaneEmitter(f, 1)
            with f.loop(0, count) as loop:
                here = self.advance(at, loop.index, self.rank - 1)
                row = as_i64(f, f.load(MEMORY[self.spec.index_dtype], here[1]), self.spec.index_dtype)
                with f.when(f.compare("ult", row, self.table_rows)):
                    place = f.at(at[0], f.mul(row, self.row_stride), element=MEMORY[kind])
                    one.store(combined(one, self.spec.way, one.load(place, kind), one.load(here[2], kind)), place)
            return
        numbers, rows = self.lane(1, at[1]), self.lane(2, at[2])
        nothing = e.const(math.nan if dtypes.is_float(kind) else 0, kind)
        wide = f"<{e.count} x i64>" if e.count > 1 else "i64"

        def body(places: Sequence[Integer], mask: Value | None) -> None:
            for place in places:
                index = e.cast(numbers.load(place, mask), dtypes.int64)
                limit = f.splat(f.integer(self.table_rows), e.count)
                inside = f.emit(f"icmp ult {wide} {index.name}, {limit}", f"<{e.count} x i1>" if e.count > 1 else "i1")
                stride = f.splat(f.integer(self.row_stride), e.count)
                offset = f.emit(f"mul {wide} {index.name}, {stride}", wide)
                active = inside if mask is None else f.both(inside, mask)
                x = e.gather(f.addresses(at[0], offset, MEMORY[kind]), kind, active)
                rows.store(e.wrap(f.select(inside, x, nothing), kind), place, mask)

        each_vector(f, count, e.count, 1, body, masks=self.masks)

    def clear(self) -> None:
        """Sets this chunk's columns of the table to what changes nothing."""
        f, e, nothing = self.f, self.e, NOTHING[self.spec.way](self.spec.dtype)
        empty = e.const(nothing, self.spec.dtype)
        columns = [k for k, kind in enumerate(self.spec.kinds) if kind == ROW]

        def along(axes: Sequence[int], at: Value) -> None:
            if not axes:
                LaneEmitter(f, 1).store(LaneEmitter(f, 1).const(nothing, self.spec.dtype), at)
                return
            low, high = self.spans[axes[0]]
            if axes[0] < self.rank - 1:
                with f.loop(low, high) as loop:
                    along(axes[1:], f.at(at, f.mul(loop.index, self.strides[0][axes[0]]), element=MEMORY[self.spec.dtype]))
                return
            start = f.at(at, f.mul(low, self.strides[0][-1]), element=MEMORY[self.spec.dtype])
            lane = self.lane(0, start)
            each_vector(f, f.sub(high, low), e.count, 1, lambda places, m: lane.store(empty, places[0], m), masks=self.masks)

        with f.loop(0, self.table_rows) as row:
            along(columns, f.at(self.kernel.pointers[0], f.mul(row.index, self.row_stride), element=MEMORY[self.spec.dtype]))


def as_i64(f: Function, raw: Value, dtype: DType) -> Value:
    """An index as i64."""
    if raw.type == "i64":
        return raw
    return f.emit(f"{'sext' if dtypes.is_signed_integer(dtype) else 'zext'} {raw.type} {raw} to i64", "i64")


def lower_gather(op: Op, reads: Sequence[Operand], out: Operand, target: Target) -> list[Work]:
    """(table, index) -> out = table[index]: rows of `table` along axis 0; out has the shape index.shape + table.shape[1:]."""
    table, index = reads
    if 0 in out.shape:
        return []
    axes = _axes(table, index, out)
    nbytes = 2 * math.prod(out.shape) * out.dtype.itemsize + math.prod(index.shape) * index.dtype.itemsize
    cut = Cut.of(axes[0], nbytes, whole=axes[0].leading >= 16)
    chunked = 0
    index_part, out_part = (part_of(number, axes, chunked, cut) for number in (1, 2))
    accesses = (Access(table), Access(index, part=index_part), Access(out, writes=True, reads=False, part=out_part))
    return [_work(axes, (table, index, out), table, cut, chunked, accesses, way="", title=f"{op.name} {index.shape} of {table.shape}")]


def lower_scatter_add(op: Op, reads: Sequence[Operand], out: Operand, target: Target) -> list[Work]:
    """(updates, indices) -> out, zero at first, with every update added at its row, in row-major order."""
    return _scatter(op, reads, out, target, "add")


def lower_scatter_max(op: Op, reads: Sequence[Operand], out: Operand, target: Target) -> list[Work]:
    """(updates, indices) -> out, each row the largest of the updates at it."""
    return _scatter(op, reads, out, target, "max")


def lower_scatter_min(op: Op, reads: Sequence[Operand], out: Operand, target: Target) -> list[Work]:
    """(updates, indices) -> out, each row the smallest of the updates at it."""
    return _scatter(op, reads, out, target, "min")


def _scatter(op: Op, reads: Sequence[Operand], out: Operand, target: Target, way: str) -> list[Work]:
    updates, index = reads
    if 0 in out.shape:
        return []
    axes = _axes(out, index, updates)
    columns = [k for k, axis in enumerate(axes) if axis.label == ROW]
    chunked, cut = len(axes) - 1, Cut(max(axes[-1].extent, 1), 1)
    if columns:
        chunked = columns[0]
        extent = axes[chunked].extent
        nbytes = (math.prod(out.shape) + 2 * math.prod(updates.shape)) * out.dtype.itemsize
        step = step_of(extent, nbytes // extent)
        if chunked == len(axes) - 1:  # the lanes' axis: whole cache lines
            step = -(-step // target.lanes) * target.lanes
        cut = Cut(step, count_of(extent, step))
    columns_part = part_of(0, axes, chunked, cut, writes=True)
    rows = Footprint((out.shape[0], *columns_part.extents), (out.strides[0], *columns_part.strides))
    moving = None if columns_part.moving is None else columns_part.moving + 1
    accesses = (
        Access(out, writes=True, reads=False, part=replace(rows, moving=moving, step=cut.step)),
        Access(index, part=part_of(1, axes, chunked, cut)),
        Access(updates, part=part_of(2, axes, chunked, cut)),
    )
    return [_work(axes, (out, index, updates), out, cut, chunked, accesses, way=way, title=f"{op.name} {updates.shape} to {out.shape}")]


NATIVE: Mapping[type[Op], Callable[[Op, Sequence[Operand], Operand, Target], list[Work]]] = {
    Gather: lower_gather,
    ScatterAdd: lower_scatter_add,
    ScatterMax: lower_scatter_max,
    ScatterMin: lower_scatter_min,
}
"""What lowers which Indexed op, given where its arguments and its result lie."""


def _axes(table: Operand, index: Operand, rows: Operand) -> list[Axis]:
    """The axes of the indices, then those of a row, merged apart; the lanes' last.  Axes without any row are those of the indices alone."""
    depth, width = len(index.shape), len(table.shape) - 1
    strides = [(0,) * depth + table.strides[1:], index.strides + (0,) * width, rows.strides]
    if 0 in index.shape:  # no updates: the table is set to zero all the same
        rest = axes_of(table.shape[1:], [row[depth:] for row in strides], [ROW] * width)
        return [Axis(0, (0, 1, 1), 0, INDEX), *(axis for axis in rest if axis.label == ROW)]
    axes = axes_of(rows.shape, strides, [INDEX] * depth + [ROW] * width)
    if axes[0].label is None:  # a single element
        return [Axis(1, (0, 1, 1), 1, INDEX)]
    columns = [axis for axis in axes if axis.label == ROW]
    numbers = [axis for axis in axes if axis.label == INDEX]
    if columns:
        columns.append(columns.pop(lane_axis(columns, [1, 0, 2])))
    return numbers + columns


def _work(
    axes: list[Axis], operands: tuple[Operand, ...], table: Operand, cut: Cut, chunked: int, accesses: tuple[Access, ...],
    *, way: str, title: str,
) -> Work:  # fmt: skip
    letters = patterns(axes)
    kinds = "".join(str(axis.label) for axis in axes)
    kernel = shared(IndexedKernel(way, table.dtype, operands[1].dtype, letters, kinds, chunked))
    extents = (*(axis.extent for axis in axes), cut.step, table.shape[0], table.strides[0], *run_time_strides(axes, letters))
    return Work(kernel, accesses, extents, cut.count, title, math.prod(operands[2].shape) if way else 0)
