"""The register tile of every contraction: rows x vectors of sums that stay in registers through all summed axes.

    sum[i][j] += a[i] * b[j]        a: one number in every lane, b: a vector of neighbours, i < rows, j < vectors

A kernel is the tile inside loops: outer axes, panels of lanes, tiles of rows, then the summed axes innermost.  All extents and strides are
run-time arguments but one: the distance between rows is baked in for more than MOST_POINTERS rows, since so many run-time row addresses do
not fit the address registers (59 against 112 GFLOP/s).  The last tile and the last panel move back to overlap the one before: sums are
written, not added to, so computing some twice is harmless.  Fewer rows than a tile go one by one.  What chunks cut is a run-time argument
too: each of the first outer axis, the rows, the panels and the outermost summed axis has a distance and a length per chunk.

`across` kernels have their lanes along a summed axis instead: a and b are both vectors, and the lanes are added up at the end, by halves.

A clipped summed axis takes the place of zeros in memory: where the position  factor * outer + sign * summed + offset  lies outside of
[0, size), nothing is multiplied.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import digest
from gradwerk.compiler.llvm.abi import Kernel
from gradwerk.compiler.llvm.epilogue import Epilogue
from gradwerk.compiler.llvm.function import Function, Module
from gradwerk.compiler.llvm.lane_code import MEMORY
from gradwerk.compiler.llvm.panels import Panel
from gradwerk.compiler.llvm.spaces import UNIT
from gradwerk.compiler.llvm.subtotals import Subtotals
from gradwerk.compiler.llvm.values import Integer, Value, vector
from gradwerk.compiler.target import Target

MOST_POINTERS = 8
PACKED = 512
"""Terms of a packed panel of a pass at most."""
OFTEN = 4
"""Tiles that read a panel often enough to copy it."""
OUTER, ROWS, LANES, SUM = range(4)
"""What chunks may cut."""
SCALE = {"float": 4, "double": 8, "i32": 4, "i64": 8, "i16": 2, "i8": 1}


@dataclass(frozen=True)
class ClipLevels:
    """Which outer loop clips which summed loop; `sign` is the summed axis' coefficient, 1 or -1."""

    outer: int
    summed: int
    sign: int


@dataclass(frozen=True)
class ContractKernel:
    """The structure of a contraction kernel.

    `outer` and `depth` count the outer and the summed axes; `row_step` is the baked distance of rows in a (0: a run-time argument); `unit`
    results have their lanes side by side; `masked` panels may be less than full.
    """

    dtype: DType
    rows: int
    vectors: int
    outer: int
    depth: int
    row_step: int = 0
    unit: bool = True
    masked: bool = False
    across: bool = False
    """Lanes along a summed axis: a and b are both vectors, `vectors` counts columns, lanes are added up at the end."""
    clips: tuple[ClipLevels, ...] = ()
    blocked: bool = False
    """Long sums in blocks, whose sums are added up in memory.

    Blocks of the outermost summed axis are passes over all results of a chunk, so that what a pass reads stays in cache; panels are masked,
    since a result may not be added to twice.  Across, blocks are the vectors of lanes.
    """
    packed: int = 0
    """Terms, at most, of the panel of b that is copied side by side first: rows a page apart share few lines of a cache.  In passes always,
    else where OFTEN tiles read it."""
    turned: bool = False
    """Whether panels have their neighbours along the one summed axis: they are turned as they are copied, for any number of rows."""
    epilogue: Epilogue | None = None
    """What is done to results before they are stored; not of `blocked` sums, which are in memory in between."""

    @cached_property
    def name(self) -> str:
        """Content name."""
        what = digest("contract", repr(self))
        return f"contract_{self.rows}x{self.vectors}_{what}"

    def scratch(self, width: int) -> int:
        """Bytes of the panel, of registers of so many lanes."""
        return self.packed * self.vectors * width * SCALE[MEMORY[self.dtype]]

    def build(self, target: Target) -> str:
        """LLVM text.

        Extents: (distance, length) per chunk of outer axis, rows, lanes, sum; outer axes (extent, a, b, outs) each; rows (extent, a, outs);
        lanes (extent, out), turned: b; across: columns (extent, b, outs); `outs` being out and the epilogue's operands; summed axes
        (extent, a, b) each; elements of one chunk's own result (0: all chunks write one); elements from the address of a and of b to the
        first that is read; entries of a block; clips (factor, offset, size) each.
        """
        module = Module()
        TileBuilder(self, module, target).build()
        return module.text()


class TileBuilder:
    """Builds one kernel."""

    def __init__(self, spec: ContractKernel, module: Module, target: Target) -> None:
        self.spec = spec
        self.element = MEMORY[spec.dtype]
        self.width = target.vector_bytes // SCALE[self.element]
        self.type = vector(self.element, self.width)
        self.bits = target.vector_bytes == 64  # masks are registers of bits
        more = len(spec.epilogue.letters) if spec.epilogue else 0
        count = 17 + spec.turned + more + (4 + more) * spec.outer + (3 + more) * spec.across + 3 * spec.depth + 3 * len(spec.clips)
        self.kernel = Kernel(module, spec.name, pointers=3 + more, extents=count)
        self.f: Function = self.kernel.function
        words: list[Integer] = list(self.kernel.extents)
        self.cuts = [(words.pop(0), words.pop(0)) for _ in range(4)]
        self.outer = [[words.pop(0) for _ in range(4 + more)] for _ in range(spec.outer)]
        self.row_count, self.row_a, *self.row_outs = (words.pop(0) for _ in range(3 + more))
        self.lane_count, self.lane_out = words.pop(0), words.pop(0)
        self.lane_b = words.pop(0) if spec.turned else 1
        self.lane_outs = [self.lane_out, *(int(letter == UNIT) for letter in (spec.epilogue.letters if spec.epilogue else ()))]
        columns: list[Integer] = [words.pop(0) for _ in range(3 + more)] if spec.across else [1, 0, 0]
        self.column_count, self.column_b, *self.column_outs = columns
        self.sums = [[words.pop(0) for _ in range(3)] for _ in range(spec.depth)]
        self.part, *self.shift, self.block = (words.pop(0) for _ in range(4))
        self.clips = [(levels, [words.pop(0) for _ in range(3)]) for levels in spec.clips]
        self.limits: dict[int, tuple[Integer, Integer]] = {}
        self.window: tuple[Integer, Integer] | None = None
        self.panel = Panel(self.f, self.type, spec.vectors, self.kernel.scratch) if spec.packed else None
        self.packed_steps: list[Integer] = []
        self.later: Value | None = None
        """Whether sums are already in memory."""
        if spec.row_step:
            self.row_a = spec.row_step
        self.row_places = [self.f.mul(i, self.row_a) for i in range(spec.rows)]
        self.masks: list[Value | None] = [None] * spec.vectors

    def at(self, pointer: Value, *offsets: Integer) -> Value:
        """pointer + offsets in elements."""
        return self.f.at(pointer, *offsets, element=self.element)

    def moved(self, places: Sequence[Value], index: Integer, steps: Sequence[Integer]) -> list[Value]:
        """The places, each `index` steps further."""
        return [self.at(place, self.f.mul(index, step)) for place, step in zip(places, steps, strict=True)]

    def span(self, extent: Integer, cut: int) -> tuple[Integer, Integer]:
        """The part of an extent that this chunk does."""
        distance, length = self.cuts[cut]
        low = self.f.mul(self.kernel.chunk, distance)
        return low, self.f.minimum(self.f.add(low, length), extent)

    def build(self) -> None:
        """The whole kernel."""
        f, (a, b, out, *others) = self.f, self.kernel.pointers
        a, b, outs = self.at(a, self.shift[0]), self.at(b, self.shift[1]), [self.at(out, f.mul(self.kernel.chunk, self.part)), *others]
        if not self.spec.blocked or self.spec.across:
            self.outer_loop(0, a, b, outs)
            return
        low, high = self.limited(0)
        with f.loop(low, high, step=self.block) as loop:
            self.window = loop.index, f.minimum(f.add(loop.index, self.block), high)
            self.later = f.compare("sgt", loop.index, low)
            self.outer_loop(0, a, b, outs)

    def outer_loop(self, level: int, a: Value, b: Value, outs: Sequence[Value]) -> None:
        """The outer axes from `level` inwards."""
        f = self.f
        if level == self.spec.outer:
            (self.columns if self.spec.across else self.panels)(a, b, outs)
            return
        extent, by_a, by_b, *by_outs = self.outer[level]
        low, high = self.span(extent, OUTER) if level == 0 else (0, extent)
        with f.loop(low, high) as loop:
            i = loop.index
            for levels, words in self.clips:
                if levels.outer == level:
                    self.limits[levels.summed] = self.clipped(levels.sign, i, *words)
            self.outer_loop(level + 1, self.at(a, f.mul(i, by_a)), self.at(b, f.mul(i, by_b)), self.moved(outs, i, by_outs))

    def clipped(self, sign: int, i: Integer, factor: Integer, offset: Integer, size: Integer) -> tuple[Integer, Integer]:
        """The entries of a clipped axis at which the position lies inside, given the entry of the outer one."""
        f = self.f
        first = f.add(f.mul(i, factor), offset)
        if sign > 0:
            return f.maximum(f.sub(0, first), 0), f.sub(size, first)
        return f.maximum(f.add(f.sub(first, size), 1), 0), f.add(first, 1)

    def panels(self, a: Value, b: Value, outs: Sequence[Value]) -> None:
        """The lanes, `vectors` registers at a time."""
        f, size = self.f, self.spec.vectors * self.width
        low, high = self.span(self.lane_count, LANES)
        with f.loop(low, high, step=size) as loop:
            lane: Integer = loop.index
            if self.spec.masked:
                left = f.sub(high, lane)
                self.masks = [self.mask(f.sub(left, j * self.width)) for j in range(self.spec.vectors)]
            else:
                lane = f.minimum(lane, f.sub(self.lane_count, size))
            there = self.at(b, f.mul(lane, self.lane_b))
            if self.panel is not None:
                there, *steps = self.packed(there, self.panel, f.sub(high, lane) if self.spec.masked else size)
                self.packed_steps = [*steps]
            self.rows(a, there, self.moved(outs, lane, self.lane_outs))

    def packed(self, b: Value, panel: Panel, lanes: Integer) -> list[Value]:
        """The panel of b side by side: where it is, and the steps of the summed axes.

        Where neither passes nor turning ask for a copy it is seen here whether there are rows enough: one kernel serves all numbers.
        """
        f, (low, high) = self.f, self.span(self.row_count, ROWS)
        ranges = [self.limited(level) for level in range(self.spec.depth)]

        def copy() -> list[Value]:
            return panel.filled(b, ranges, self.sums, lambda place, j: self.read(place, self.masks[j]))

        if self.spec.turned:
            return panel.turned(b, ranges[0], self.lane_b, lanes)
        if self.spec.blocked:
            return copy()
        often = f.compare("sge", f.sub(high, low), OFTEN * self.spec.rows)
        return f.either(often, copy, lambda: [b, *(f.integer(by_b) for _, _, by_b in self.sums)])

    def columns(self, a: Value, b: Value, outs: Sequence[Value]) -> None:
        """The columns, a tile at a time; there are never fewer than a tile has."""
        f, size = self.f, self.spec.vectors
        low, high = self.span(self.column_count, LANES)
        with f.loop(low, high, step=size) as loop:
            column = f.minimum(loop.index, f.sub(self.column_count, size))
            self.rows(a, self.at(b, f.mul(column, self.column_b)), self.moved(outs, column, self.column_outs))

    def mask(self, count: Integer) -> Value:
        """The first `count` lanes.

        Through an integer: LLVM repeats a comparison inside the innermost loop, where its operands take a register per vector (540 us
        became 650 us for a tile of four).
        """
        f = self.f
        if not self.bits:
            return f.first_lanes(count, self.width)
        bits = f.emit(f"bitcast <{self.width} x i1> {f.first_lanes(count, self.width)} to i{self.width}", f"i{self.width}")
        return f.emit(f"bitcast i{self.width} {bits} to <{self.width} x i1>", f"<{self.width} x i1>")

    def rows(self, a: Value, b: Value, outs: Sequence[Value]) -> None:
        """The rows, a tile at a time."""
        f, size = self.f, self.spec.rows
        low, high = self.span(self.row_count, ROWS)
        spare = f.sub(self.row_count, size)
        full = f.compare("sge", spare, 0)
        with f.when(full), f.loop(low, high, step=size) as loop:
            row = f.minimum(loop.index, spare)
            done = f.sub(loop.index, row)
            self.tile(self.at(a, f.mul(row, self.row_a)), b, self.moved(outs, row, self.row_outs), size, done)
        if size > 1:
            few = f.compare("slt", spare, 0)
            with f.when(few), f.loop(low, high) as loop:
                self.tile(self.at(a, f.mul(loop.index, self.row_a)), b, self.moved(outs, loop.index, self.row_outs), 1, 0)

    def tile(self, a: Value, b: Value, outs: Sequence[Value], rows: int, done: Integer) -> None:
        """One tile: all sums, then its results; the first `done` rows have been written by the tile before."""
        vectors = self.spec.vectors
        total = [Value("zeroinitializer", self.type)] * (rows * vectors)
        if self.spec.across:
            total = self.lanes_loop(a, b, total)
        else:
            total = self.sum_loop(0, a, b, total)
        if self.spec.across:
            self.add_lanes(total, rows, outs)
            return
        places = list(outs)
        for i in range(rows):
            row = total[i * vectors : (i + 1) * vectors]
            if self.later is None or i + 1 == rows:
                self.write_row(row, places)
            else:
                with self.f.when(self.f.compare("sle", done, i)):
                    self.write_row(row, places)
            if i + 1 < rows:
                places = self.moved(places, 1, self.row_outs)

    def write_row(self, row: list[Value], places: Sequence[Value]) -> None:
        """One row of results."""
        for j, value in enumerate(row):
            if self.spec.epilogue is not None:
                others = self.moved(places[1:], j * self.width, self.lane_outs[1:])
                value = self.spec.epilogue.finish(self.f, value, others, self.width, self.masks[j])
            self.write(value, places[0], j)

    def limited(self, level: int) -> tuple[Integer, Integer]:
        """The entries of a summed axis that this chunk runs over, given those of the outer axes."""
        f, extent = self.f, self.sums[level][0]
        low, high = (0, extent) if level else self.window or self.span(extent, SUM)
        if level in self.limits:
            low, high = f.maximum(low, self.limits[level][0]), f.minimum(high, self.limits[level][1])
        return low, high

    def sum_loop(self, level: int, a: Value, b: Value, total: list[Value]) -> list[Value]:
        """The summed axes from `level` inwards."""
        f, spec = self.f, self.spec
        if level == spec.depth:
            return self.multiply_across(a, b, total) if spec.across else self.multiply(a, b, total)
        _, by_a, by_b = self.sums[level]
        by_b = self.packed_steps[level] if self.packed_steps else by_b
        low, high = self.limited(level)
        with f.loop(low, high, carried=total) as loop:
            inner = self.sum_loop(level + 1, self.at(a, f.mul(loop.index, by_a)), self.at(b, f.mul(loop.index, by_b)), loop.carried)
            loop.next(*inner)
        return list(loop.results)

    def multiply(self, a: Value, b: Value, total: list[Value]) -> list[Value]:
        """total[i][j] + a[i] * b[j]."""
        f, spec = self.f, self.spec
        columns = [self.read(self.at(b, j * self.width), mask) for j, mask in enumerate(self.masks)]
        result = []
        for i in range(len(total) // spec.vectors):
            factor = f.splat(f.load(self.element, self.at(a, self.row_places[i])), self.width)
            for j, column in enumerate(columns):
                result.append(self.add_product(factor, column, total[i * spec.vectors + j]))
        return result

    def lanes_loop(self, a: Value, b: Value, nothing: list[Value]) -> list[Value]:
        """All sums, a vector of lanes after the other: its mask and its addresses are made once, not in the innermost loop."""
        f, memory = self.f, Subtotals(self.f, nothing, self.add) if self.spec.blocked else None
        with f.loop(0, self.lane_count, step=self.width, carried=() if memory else nothing) as loop:
            self.masks = [self.mask(f.sub(self.lane_count, loop.index))]
            total = self.sum_loop(0, self.at(a, loop.index), self.at(b, loop.index), nothing if memory else loop.carried)
            if memory:
                memory.add(total)
            else:
                loop.next(*total)
        return memory.read() if memory else list(loop.results)

    def add_lanes(self, total: list[Value], rows: int, outs: Sequence[Value]) -> None:
        """The results: every sum's lanes added up.  A loop over the stored tile: unrolled, it is most of the compile time."""
        f, vectors = self.f, self.spec.vectors
        block = f.on_stack(self.element, self.spec.rows * vectors * self.width)
        for k, value in enumerate(total):
            f.store(value, self.at(block, k * self.width))
        with f.loop(0, rows) as i:
            row, places = self.at(block, f.mul(i.index, vectors * self.width)), self.moved(outs, i.index, self.row_outs)
            for j in range(vectors):
                one = f.reduce_lanes(f.load(self.type, self.at(row, j * self.width)), self.add)
                place, *others = self.moved(places, j, self.column_outs)
                f.store(one if self.spec.epilogue is None else self.spec.epilogue.finish(f, one, others, 1, None), place)

    def multiply_across(self, a: Value, b: Value, total: list[Value]) -> list[Value]:
        """total[i][j] + a[i] * b[j], lane by lane of the summed axis."""
        f, spec, mask = self.f, self.spec, self.masks[0]
        columns = [self.read(self.at(b, f.mul(j, self.column_b)), mask) for j in range(spec.vectors)]
        result = []
        for i in range(len(total) // spec.vectors):
            row = self.read(self.at(a, self.row_places[i]), mask)
            result += [self.add_product(row, column, total[i * spec.vectors + j]) for j, column in enumerate(columns)]
        return result

    def add(self, a: Value, b: Value) -> Value:
        """a + b."""
        return self.f.emit(f"{'fadd' if self.element in ('float', 'double') else 'add'} {a.type} {a}, {b}", a.type)

    def read(self, place: Value, mask: Value | None) -> Value:
        """A vector of b; nothing is read beyond the last lane."""
        return self.f.load(self.type, place) if mask is None else self.f.load_masked(self.type, place, mask)

    def add_product(self, a: Value, b: Value, c: Value) -> Value:
        """a * b + c, rounded once for floats."""
        f = self.f
        if self.element in ("float", "double"):
            return f.intrinsic("fma", a, b, c)
        return f.emit(f"add {c.type} {f.emit(f'mul {a.type} {a}, {b}', a.type)}, {c}", c.type)

    def write(self, value: Value, place: Value, j: int) -> None:
        """One vector of results; in later passes added to what is there."""
        f, mask = self.f, self.masks[j]
        if self.spec.unit:
            place = self.at(place, j * self.width)
            if mask is None:
                f.store(value, place)
                return
            if self.later is not None:
                there = f.both(mask, f.splat(self.later, self.width))
                value = self.add(f.load_masked(self.type, place, there), value)
            f.store_masked(value, place, mask)
            return
        mask = mask or f.first_lanes(self.width, self.width)
        numbers = f.lane_numbers(vector("i64", self.width))
        distance = f.splat(f.integer(self.lane_out), self.width)
        index = f.emit(f"mul {numbers.type} {numbers}, {distance}", numbers.type)
        places = f.addresses(self.at(place, f.mul(j * self.width, self.lane_out)), index, self.element)
        if self.later is not None:
            value = self.add(f.gather(self.type, places, f.both(mask, f.splat(self.later, self.width))), value)
        f.scatter(value, places, mask)
