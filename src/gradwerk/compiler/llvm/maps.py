"""Map kernels: fused elementwise code over strided operands.

The space is merged to as few axes as all operands allow; the lanes run along the axis where most operands have neighbours.  Two shapes of
space get help:
    tiled   an operand has its neighbours along another axis (a transpose): square blocks, turned in registers
    blocked the last axis is shorter than a few vectors and what repeats along the outer one has neighbours (a bias of 6 channels): it is
            repeated in a small block of memory, and whole blocks of rows run as one long row
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gradwerk.base.dtypes import DType
from gradwerk.base.errors import VerifyError
from gradwerk.compiler.bodies import count_flops, digest, spelled, stem, uses_index, weight
from gradwerk.compiler.llvm.body import evaluate
from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.lane_code import MEMORY, Lanes
from gradwerk.compiler.llvm.lanes import Lane, each_vector
from gradwerk.compiler.llvm.nest import Nest, Place
from gradwerk.compiler.llvm.spaces import FREE, NONE, UNIT, Axis, Cut, accesses, axes_of, bytes_of, lane_axis, patterns, run_time_strides
from gradwerk.compiler.llvm.values import Integer, Value, vector
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Operand, Work, row_major, shared
from gradwerk.ir.graph import Graph
from gradwerk.ir.plan import MOST_SCRATCH

BLOCK = 512
"""Elements of a block of rows at most."""
LIGHT, LONG = 12, 60
"""A body of at most so many instructions is unrolled; one of more stands in the code once, with masks, instead of twice."""


@dataclass(frozen=True)
class MapKernel:
    """The structure of a map kernel.  `letters`: one row per read, per write, and last for the index where the body uses it."""

    body: Graph
    letters: tuple[str, ...]
    chunked: int
    tiled: bool = False
    blocked: bool = False

    @cached_property
    def name(self) -> str:
        """Content name."""
        return f"{stem('map', self.body)}_{digest('map', spelled(self.body), self.letters, self.chunked, self.tiled, self.blocked)}"

    @cached_property
    def scratch(self) -> int:
        """Bytes of what repeats along rows, repeated."""
        return Repeated(self.letters, [v.dtype for v in (*self.body.inputs, *self.body.outputs)]).nbytes if self.blocked else 0

    def build(self, target: Target) -> str:
        """LLVM text.  Extents: the axes', the chunk step, then the run-time strides."""
        return MapBuilder(self, target).build()


class MapBuilder:
    """Builds one map kernel."""

    def __init__(self, spec: MapKernel, target: Target) -> None:
        writes = [value.dtype for value in spec.body.outputs]
        self.spec, self.nest = spec, Nest(spec.name, spec.body, spec.letters, writes, target, chunked=spec.chunked)
        self.f, self.e, self.rank = self.nest.f, self.nest.e, self.nest.rank
        self.unroll = 1 if weight(spec.body) > LIGHT else 2
        self.one_loop = self.nest.masks and weight(spec.body) > LONG

    def build(self) -> str:
        """The whole kernel."""
        nest, last = self.nest, self.rank - 1
        if self.spec.tiled or self.spec.blocked:
            nest.walk(range(last - 1), nest.start(), self.tiles if self.spec.tiled else self.blocks)
        else:
            low, high = nest.spans[last]
            nest.walk(range(last), nest.start(), lambda at: self.row(nest.advance(at, low, last), self.f.sub(high, low)))
        return nest.module.text()

    def apply(self, lanes: Sequence[Lane], at: Sequence[Place], places: Sequence[Integer], mask: Value | None) -> None:
        """The body at some vectors: all loads, then all stores, so that results may replace arguments."""
        results: list[list[Lanes]] = []
        reads, writes = lanes[: self.nest.reads], lanes[self.nest.reads :]
        for place in places:
            inputs = [lane.load(place, mask) for lane in reads]
            results.append(evaluate(self.spec.body, self.e, inputs, self.nest.index(at, place)))
        for place, values in zip(places, results, strict=True):
            for lane, value in zip(writes, values, strict=True):
                lane.store(value, place, mask)

    def row(self, at: Sequence[Place], count: Integer, letters: Sequence[str] | None = None) -> None:
        """One row of `count` elements along the lanes."""
        lanes = self.nest.lanes(at, letters)
        each_vector(self.f, count, self.e.count, self.unroll, lambda places, mask: self.apply(lanes, at, places, mask), masks=self.one_loop)

    def tiles(self, at: list[Place]) -> None:
        """Square blocks of rows and lanes; operands whose neighbours lie along the rows are turned first, into memory of their own."""
        f, e, nest, axis = self.f, self.e, self.nest, self.rank - 2
        low, high = nest.spans[axis]
        begin, end = nest.spans[axis + 1]
        at = nest.advance(at, begin, axis + 1)
        count = f.sub(end, begin)
        turning = [n for n, row in enumerate(self.spec.letters[: nest.reads]) if row[-2:] == UNIT + FREE and e.count > 1]
        turned = {n: f.on_stack(MEMORY[nest.dtypes[n]], e.count * e.count) for n in turning}
        letters = [UNIT if n in turned else row[-1] for n, row in enumerate(self.spec.letters)]
        with f.loop(low, high, step=e.count) as block:
            rows = f.minimum(e.count, f.sub(high, block.index))
            here = nest.advance(at, block.index, axis)
            with f.loop(0, count, step=e.count) as column:
                left = f.sub(count, column.index)
                for n, scratch in turned.items():
                    self.turn(n, here[n], column.index, (rows, left), scratch)
                mask = f.first_lanes(left, e.count)
                with f.loop(0, rows, once=True) as loop:
                    places = nest.advance(here, loop.index, axis)
                    for n, scratch in turned.items():  # so far from its start that adding the column leads to the row's copy
                        distance = f.sub(f.mul(loop.index, e.count), column.index)
                        places[n] = f.at(scratch, distance, element=MEMORY[nest.dtypes[n]])
                    self.apply(nest.lanes(places, letters), places, [column.index], mask)

    def turn(self, number: int, place: Place, column: Integer, sizes: tuple[Integer, Integer], scratch: Value) -> None:
        """Copies a block of (rows, lanes) into `scratch`, row by row."""
        f, e, dtype = self.f, self.e, self.nest.dtypes[number]
        rows, left = sizes
        element, lane = MEMORY[dtype], self.nest.lane(number, place)

        def whole() -> Sequence[Value]:
            type_ = vector(element, e.count)
            lines = [f.load(type_, lane.pointer(f.add(column, n))) for n in range(e.count)]
            for n, line in enumerate(transposed(f, lines)):
                f.store(line, f.at(scratch, n * e.count, element=element))
            return ()

        def part() -> Sequence[Value]:
            mask = f.first_lanes(left, e.count)
            strided = lane.prepare_store()
            with f.loop(0, rows) as loop:
                x = replace(strided, base=f.at(strided.base, loop.index, element=element)).load(column, mask)
                e.store(x, f.at(scratch, f.mul(loop.index, e.count), element=element))
            return ()

        f.either(f.both(f.compare("eq", rows, e.count), f.compare("sge", left, e.count)), whole, part)

    def blocks(self, at: list[Place]) -> None:
        """Blocks of rows as one long row; what repeats has been repeated in memory of its own."""
        f, nest, axis = self.f, self.nest, self.rank - 2
        low, high = nest.spans[axis]
        width = nest.extents[axis + 1]
        rows = f.div(BLOCK, width)
        repeated = Repeated(self.spec.letters, nest.dtypes).filled(nest, at, rows, width)
        letters = [NONE if row[-2:] == NONE + NONE else UNIT for row in self.spec.letters]
        with f.loop(low, high, step=rows) as block:
            count = f.mul(f.minimum(rows, f.sub(high, block.index)), width)
            here = nest.advance(at, block.index, axis)
            self.row([repeated.get(number, place) for number, place in enumerate(here)], count, letters)


def transposed(f: Function, rows: Sequence[Value]) -> list[Value]:
    """A square of vectors with rows and lanes exchanged, in log2 steps that swap ever larger off-diagonal blocks."""
    square, count = list(rows), len(rows)
    distance = 1
    while distance < count:
        for n in range(count):
            if n & distance:
                continue
            a, b = square[n], square[n + distance]
            low = [k if not k & distance else count + k - distance for k in range(count)]
            high = [k + distance if not k & distance else count + k for k in range(count)]
            square[n], square[n + distance] = f.shuffle(a, b, low), f.shuffle(a, b, high)
        distance *= 2
    return square


class Repeated:
    """The operands of which all rows read the same elements, each repeated in a block of scratch memory for several rows at once."""

    def __init__(self, letters: Sequence[str], dtypes: Sequence[DType]) -> None:
        self.starts: dict[int, int] = {}
        self.nbytes = 0
        for number, (row, dtype) in enumerate(zip(letters, dtypes, strict=False)):  # the letters of an index stand behind
            if row[-2:] == NONE + UNIT:
                self.starts[number] = self.nbytes
                self.nbytes += BLOCK * dtype.itemsize

    def filled(self, nest: Nest, at: Sequence[Place], rows: Integer, width: Integer) -> dict[int, Place]:
        """The blocks, which hold `width` elements `rows` times, by the operand's number."""
        f, made = nest.f, dict[int, Place]()
        for number, start in self.starts.items():
            element, source = MEMORY[nest.dtypes[number]], at[number]
            block = f.at(nest.kernel.scratch, start, element="i8")
            if not isinstance(source, Value):  # the number of an element repeats nothing
                raise VerifyError(f"operand {number} of {nest.kernel.function.name} has no memory")
            with f.loop(0, width) as column:
                value = f.load(element, f.at(source, column.index, element=element))
                with f.loop(0, rows) as row:
                    f.store(value, f.at(block, f.mul(row.index, width), column.index, element=element))
            made[number] = block
        return made


def lower_map(body: Graph, reads: tuple[Operand, ...], writes: tuple[Operand, ...], space: tuple[int, ...], target: Target) -> Work:
    """A map over `space`: writes = body(reads), element by element.  Operands have the shape of the space, stride 0 broadcasts.

    A write may be the same memory as a read if both have the same strides.
    """
    operands = (*reads, *writes)
    strides = [operand.strides for operand in operands]
    if uses_index(body):
        strides.append(row_major(space))
    axes = axes_of(space, strides)
    first = axes[0]
    weights = [1] * len(reads) + [4] * len(writes) + [0] * (len(strides) - len(operands))
    axes.append(axes.pop(lane_axis(axes, weights)))
    blocked = short_rows(axes, len(reads), target)
    tiled = not blocked and _tile(axes)
    chunked = axes.index(first)
    cut = Cut.of(first, bytes_of(operands, axes), multiple=target.lanes if tiled and chunked >= len(axes) - 2 else 1)
    letters = patterns(axes, tiled=tiled)
    kernel = shared(MapKernel(body, letters, chunked, tiled, blocked))
    if kernel.scratch > MOST_SCRATCH:
        kernel = shared(MapKernel(body, letters, chunked, tiled))
    extents = (*(axis.extent for axis in axes), cut.step, *run_time_strides(axes, letters))
    size = 1
    for extent in space:
        size *= extent
    title = f"{stem('map', body)} {'x'.join(map(str, space))}"
    touched = accesses(reads, writes, axes, chunked, cut)
    return Work(kernel, touched, extents, cut.count, title, size * count_flops(body), scratch=kernel.scratch)


def short_rows(axes: list[Axis], reads: int, target: Target) -> bool:
    """Whether blocks of rows are better run as one long row."""
    if len(axes) < 2 or not 0 < axes[-1].extent < 3 * target.lanes or axes[-1].extent % target.lanes == 0:
        return False
    width, outer, inner = axes[-1].extent, axes[-2].strides, axes[-1].strides
    for number, (a, b) in enumerate(zip(outer, inner, strict=True)):
        neighbours = b == 1 and a == width
        repeats = a == 0 and b in (0, 1)
        if not neighbours and (not repeats or number >= reads):
            return False
    return True


def _tile(axes: list[Axis]) -> bool:
    """Moves the axis along which an operand has its neighbours, if not the lanes', next to the lanes; whether there is one."""
    for number, stride in enumerate(axes[-1].strides):
        if stride in (0, 1):
            continue
        for place in range(len(axes) - 1):
            if axes[place].strides[number] == 1:
                axes.insert(-1, axes.pop(place))
                return True
    return False
