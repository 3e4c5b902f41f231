"""Which axis becomes lanes, which rows, how large the tile is, what the chunks cut: chosen by a small model of cost, by extents alone.

The model counts lane-multiplications: useful work divided by how full lanes and rows are, a start-up per tile for short sums, the stores of
results that are not neighbours, and a price per element for each copy that a choice needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from gradwerk.compiler.chunks import SMALLEST, step_of
from gradwerk.compiler.contraction.nest import Axis, Clip, Side, merged, padded_memory, walk_order
from gradwerk.compiler.llvm.contract import LANES, MOST_POINTERS, OUTER, ROWS, SUM
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import row_major

COPY = 6.0
"""Cost of copying one element, in lane-multiplications."""
REORDER = 20.0
"""Price per element of a result in another order of axes than its own."""
SPARSE = 1.6
"""Slow-down of a tile whose scalars are never neighbours."""
SCATTER = 24.0
"""Cost of storing one vector lane by lane."""
START = 12.0
"""Cost of starting the summed loops of a tile, per register."""
SMALL_RESULT = 1 << 16
"""Elements: a smaller result is summed in parts, one per chunk, when nothing else can be cut."""
EXAMPLES = 1 << 16
"""Lanes of a batch as the tile sees them: many."""
LONGEST_SUM = 2048
"""Terms in one running f32 register at most: longer sums are cut into parts, which are added in a fixed order."""
CHUNK_WORK = 1 << 20
"""Products of one chunk at least (about 20 us)."""
MOST_CHUNKS = 32
ENOUGH = 8
"""Chunks that balance a few threads: with as many, results are cut and never the sums."""


@dataclass(frozen=True)
class Memory:
    """Where an operand will be read: as it is, or as a copy whose dimensions lie in `order`."""

    side: Side
    order: tuple[int, ...] | None
    """None: where it lies."""
    free: bool = False
    """Whether a copy costs nothing here: it is made once before a loop."""

    def strides(self) -> tuple[int, ...]:
        """The strides, in the operand's order of dimensions."""
        return self.side.operand.strides if self.order is None else padded_memory(self.side, self.order)[1]

    def by_axis(self) -> dict[str, int]:
        """The stride of each axis."""
        result: dict[str, int] = {}
        for index, stride in zip(self.side.maps, self.strides(), strict=True):
            for name, factor in index.terms:
                result[name] = result.get(name, 0) + factor * stride
        return result

    @property
    def copied(self) -> int:
        """Elements of the copy; 0 without one."""
        return math.prod(self.side.padding.shape(self.side.operand.shape)) if self.order is not None and not self.free else 0


@dataclass(frozen=True)
class Choice:
    """A schedule: operands in memory (a gives the rows, b the lanes), axes by role, tile, cost."""

    a: Memory
    b: Memory
    lane: Axis
    row: Axis
    outer: tuple[Axis, ...]
    sums: tuple[Axis, ...]
    rows: int
    vectors: int
    cost: float
    swapped: bool
    out: dict[str, int] | None = None
    """The result's strides, where they are not those given."""
    column: Axis | None = None
    """Where the lanes go across a summed axis: the axis of b's columns, `vectors` of them in a tile."""
    clips: tuple[Clip, ...] = ()
    share: float = 1.0
    """The part of the products that clipped axes leave."""

    def masked(self, width: int) -> bool:
        """Whether some panel may be less than full."""
        return self.column is None and (self.lane.extent < self.vectors * width or is_batch(self.b.side, self.lane))

    @property
    def products(self) -> int:
        """Multiplications in all."""
        return math.prod(x.extent for x in (self.lane, self.row, self.column or NOWHERE, *self.outer, *self.sums))

    @property
    def results(self) -> int:
        """Elements of the result."""
        return math.prod(x.extent for x in (self.column or self.lane, self.row, *self.outer))

    @property
    def terms(self) -> int:
        """Products added into one register lane."""
        return math.prod(x.extent for x in self.sums)


NOWHERE = Axis("", 1, 0, 0, 1)


@dataclass(frozen=True)
class Result:
    """Where the result goes: its axes with their strides, or (`free`) wherever the schedule likes."""

    strides: dict[str, int]
    free: bool = False

    def with_lanes(self, lane: str | None, extents: dict[str, int]) -> dict[str, int]:
        """The strides when this axis is the lanes: innermost, where the schedule may choose."""
        if not self.free or lane is None:
            return self.strides
        order = [*(name for name in self.strides if name != lane), lane]
        return dict(zip(order, row_major(tuple(extents[name] for name in order)), strict=True))


def choose(a: Side, b: Side, extents: dict[str, int], result: Result, target: Target, width: int) -> Choice:
    """The cheapest schedule."""
    choices: list[Choice] = []
    for first, second, swapped, clips in variants(a, b, result):
        for name in (None, *result.strides):
            out = result.with_lanes(name, extents)
            made = candidate(first, second, extents, out, name, clips, target, width, swapped=swapped)
            if made is not None and out != result.strides:  # who reads the result may want another order
                made = replace(made, cost=made.cost + REORDER * math.prod(extents[n] for n in out) / 16, out=out)
            if made is not None:
                choices.append(made)
        for name in extents:
            if name not in result.strides and not swapped:
                made = candidate_across(first, second, extents, result.strides, name, clips, target, width)
                if made is not None:
                    choices.append(made)
    return min(choices, key=lambda c: c.cost)


def variants(a: Side, b: Side, result: Result) -> Iterator[tuple[Side, Side, bool, tuple[Clip, ...]]]:
    """The operands in both orders, with zeros in memory and with clipped axes instead: none, the slowest in memory, all."""
    in_a, in_b = a.clips(result.strides), b.clips(result.strides)
    for take in dict.fromkeys((0, 1, len(in_a) + len(in_b))):
        of_a, of_b = in_a[:take], in_b[: take - min(take, len(in_a))]
        first, second, clips = a.clipped(of_a), b.clipped(of_b), (*of_a, *of_b)
        if take > len(clips):
            continue
        yield first, second, False, clips
        yield second, first, True, clips


def share_of(clips: Sequence[Clip], extents: dict[str, int]) -> float:
    """The part of the products that clipped axes leave."""
    return math.prod(clip.share(extents[clip.outer], extents[clip.summed]) for clip in clips)


def candidate(
    a: Side, b: Side, extents: dict[str, int], out: dict[str, int], lane: str | None, clips: tuple[Clip, ...], target: Target, width: int,
    *, swapped: bool,
) -> Choice | None:  # fmt: skip
    """The schedule with this axis of b as lanes; None where that cannot be."""
    fixed = {name for clip in clips for name in (clip.outer, clip.summed)}
    if lane in fixed:
        return None
    if lane is not None:
        dimension = b.dimension(lane)
        if dimension is None or any(index.coefficient(lane) for index in a.maps) or extents[lane] == 1:
            return None
        in_a, in_b = memory_of(a, None), memory_of(b, dimension)
    else:
        in_a, in_b = memory_of(a, None), memory_of(b, None)
    by_a, by_b = in_a.by_axis(), in_b.by_axis()
    axes = [Axis(name, n, by_a.get(name, 0), by_b.get(name, 0), out.get(name, 0)) for name, n in extents.items()]
    lane_axis = next((x for x in axes if x.name == lane), NOWHERE)
    rest = [x for x in axes if x.name != lane]
    kept = [x for x in axes if x.name in fixed]
    rest = [x for x in rest if x.name not in fixed]
    results, sums = merged([x for x in rest if x.name in out]), merged([x for x in rest if x.name not in out])
    rows = [x for x in results if x.b == 0]
    best: Choice | None = None
    for row in rows or [NOWHERE]:
        outer = walk_order([*(x for x in results if x is not row), *(x for x in kept if x.name in out)])
        ordered = order_sums([*sums, *(x for x in kept if x.name not in out)])
        made = fitted(in_a, in_b, lane_axis, row, tuple(outer), ordered, target, width, swapped=swapped, share=share_of(clips, extents))
        made = replace(made, clips=clips)
        if best is None or made.cost < best.cost:
            best = made
    return best


def candidate_across(
    a: Side, b: Side, extents: dict[str, int], out: dict[str, int], lane: str, clips: tuple[Clip, ...], target: Target, width: int
) -> Choice | None:
    """The schedule with this summed axis as lanes; None where that cannot be."""
    in_a, in_b = a.dimension(lane), b.dimension(lane)
    fixed = {name for clip in clips for name in (clip.outer, clip.summed)}
    if in_a is None or in_b is None or extents[lane] < width or lane in fixed:
        return None
    first, second = memory_of(a, in_a), memory_of(b, in_b)
    by_a, by_b = first.by_axis(), second.by_axis()
    axes = [Axis(name, n, by_a.get(name, 0), by_b.get(name, 0), out.get(name, 0)) for name, n in extents.items() if n > 1 or name in fixed]
    rows = [x for x in axes if x.name in out and x.a and not x.b and x.name not in fixed]
    columns = [x for x in axes if x.name in out and x.b and not x.a and x.name not in fixed]
    if not rows or not columns:
        return None
    # Rows that slide along a summed axis meet again, an entry later, what the row before them read: from the first cache, not the second.
    row = max(rows, key=lambda x: (slides(a, x.name, extents, out), min(x.extent, 6)))
    column = max(columns, key=lambda x: min(x.extent, 5))
    outer = tuple(x for x in axes if x.name in out and x is not row and x is not column)
    sums = order_sums([x for x in axes if x.name not in out and x.name != lane])
    tall, wide = tile_across(row.extent, column.extent, target.registers)
    tiles = -(-row.extent // tall) * -(-column.extent // wide) * math.prod(x.extent for x in outer)
    turns = math.prod(x.extent for x in sums) * -(-extents[lane] // width)
    share = share_of(clips, extents)
    tile = turns * share * max(tall * wide, tall + wide + 1, 5) + tall * wide * 16
    cost = tiles * tile * width / 16 + COPY * (first.copied + second.copied) / 16
    lanes = next(x for x in axes if x.name == lane)
    return Choice(first, second, lanes, row, outer, sums, tall, wide, cost, swapped=False, column=column, clips=clips, share=share)


def slides(side: Side, row: str, extents: dict[str, int], out: dict[str, int]) -> bool:
    """Whether the positions read along this axis of three or more entries overlap as a summed axis goes on."""
    return extents[row] >= 3 and any(index.coefficient(row) and any(name not in out for name in index.axes) for index in side.maps)


def tile_across(rows: int, columns: int, registers: int) -> tuple[int, int]:
    """(rows, columns) of the tile with the cheapest turns: a product a cycle, or a vector loaded."""

    def cost(tile: tuple[int, int]) -> float:
        tall, wide = tile
        return -(-rows // tall) * -(-columns // wide) * max(tall * wide, tall + wide + 1, 5) * (1 + 1 / (tall * wide))

    tiles = [(i, j) for i in range(1, min(rows, 6) + 1) for j in range(1, min(columns, 6) + 1) if i * j + j + 1 < registers]
    return min(tiles, key=cost)


def memory_of(side: Side, last: int | None) -> Memory:
    """The operand where it lies if it can be read there, else a copy with dimension `last` innermost."""
    rank = len(side.maps)
    natural = sorted(range(rank), key=lambda k: -abs(side.operand.strides[k]))
    if last is not None and (side.must_copy or side.operand.strides[last] != 1):
        return Memory(side, tuple([k for k in natural if k != last] + [last]), side.lasting)
    return Memory(side, tuple(natural) if side.must_copy else None, side.lasting)


def order_sums(sums: Sequence[Axis]) -> tuple[Axis, ...]:
    """Summed axes, outermost first: large steps outside."""
    return tuple(sorted(sums, key=lambda x: -(abs(x.a) + abs(x.b))))


def fitted(
    a: Memory, b: Memory, lane: Axis, row: Axis, outer: tuple[Axis, ...], sums: tuple[Axis, ...], target: Target, width: int,
    *, swapped: bool, share: float,
) -> Choice:  # fmt: skip
    """The tile for these roles, and what it costs."""
    inside = a.side.dimension(row.name) not in (None, 0)
    examples = is_batch(b.side, lane)
    vectors, rows = tile_of(EXAMPLES if examples else lane.extent, row.extent if inside else None, target, width)
    panels, tiles = -(-lane.extent // (vectors * width)), -(-row.extent // rows) if row.extent >= rows else row.extent
    length, repeats = math.prod(x.extent for x in sums) * share, math.prod(x.extent for x in outer)
    turns = math.prod(x.extent for x in sums[:-1]) if sums else 1
    registers = rows * vectors
    busy = max(registers, 5)  # fewer sums than the adder is deep leave it waiting
    tile = length * busy + turns * 3 + registers * START / 4 + START
    near = min((abs(x.a) for x in (row, *sums) if x.a and x.extent > 1), default=1)
    if near > width:  # every scalar of a lies on a cache line of its own
        tile *= SPARSE
    if lane.out != 1:
        tile += registers * SCATTER
    cost = repeats * panels * tiles * tile * width / 16 + COPY * (a.copied + b.copied) / 16
    return Choice(a, b, lane, row, outer, sums, rows, vectors, cost, swapped, share=share)


def is_batch(side: Side, lane: Axis) -> bool:
    """Whether the lanes are probably the examples of a batch, whose number must not shape a kernel."""
    return side.dimension(lane.name) == 0 and len(side.maps) > 2 and side.operand.strides[0] != 1


def tile_of(lane_count: int, row_count: int | None, target: Target, width: int) -> tuple[int, int]:
    """(vectors, rows) of the tile that wastes least and keeps most sums in registers.

    `row_count` None: rows that may be examples, whose number must not shape a kernel; their tile has 8 rows, as chunks of batches have.
    """
    needed = -(-lane_count // width)
    best = (math.inf, 1, 1)
    for vectors in range(1, min(needed, 4) + 1):
        most = (target.registers - vectors - 1) // vectors
        most = min(most, 14 if row_count is None else row_count, 14)
        for rows in range(max(1, most // 2), most + 1):
            if row_count is None and rows not in (min(8, most), 6):
                continue
            count = row_count or 2 * rows
            waste = -(-needed // vectors) * vectors / needed * -(-count // rows) * rows / count
            loads = (rows / 2 + vectors) / (rows * vectors)  # two scalars or one vector a cycle
            few = max(5 / (rows * vectors), 1.0)
            best = _better(best, waste * few * max(1.0, 0.55 + loads), vectors, rows)
    return best[1], best[2]


def _better(best: tuple[float, int, int], cost: float, vectors: int, rows: int) -> tuple[float, int, int]:
    if cost < best[0] - 1e-9 or (cost < best[0] + 1e-9 and vectors * rows > best[1] * best[2]):
        return cost, vectors, rows
    return best


@dataclass(frozen=True)
class Cut:
    """What chunks cut, by how much, into how many."""

    kind: int
    step: int
    chunks: int

    def over(self, extent: int) -> Cut:
        """The cut of an axis of this extent."""
        return replace(self, chunks=-(-extent // self.step))


def cut_of(choice: Choice, width: int) -> Cut:
    """How the work is divided: by extents only."""
    wanted = max(1, min(MOST_CHUNKS, int(choice.products * choice.share) // CHUNK_WORK))
    results, long = choice.results, choice.terms > LONGEST_SUM
    terms = choice.terms
    panel = choice.vectors * width
    panels = -(-choice.lane.extent // panel) if choice.column is None else 1
    tiles = -(-choice.row.extent // choice.rows)
    first = choice.outer[0].extent if choice.outer else 1
    if choice.sums and (long or (max(first, tiles, panels) < min(wanted, ENOUGH) and results <= SMALL_RESULT)):
        parts = max(min(wanted, 16), -(-terms // LONGEST_SUM)) if long else min(wanted, 16)
        step = -(-choice.sums[0].extent // min(parts, choice.sums[0].extent))
        return Cut(SUM, step, -(-choice.sums[0].extent // step))
    if choice.outer and (first >= wanted or first >= max(tiles, panels)):
        step = step_of(first, SMALLEST) if wanted >= ENOUGH else -(-first // wanted)  # as maps of the result are cut: they form chains
        return Cut(OUTER, step, -(-first // step))
    by_rows = Cut(ROWS, -(-tiles // min(wanted, tiles)) * choice.rows, 0).over(choice.row.extent)
    by_lanes = Cut(LANES, -(-panels // min(wanted, panels)) * panel, 0).over(choice.lane.extent if choice.column is None else panel)
    enough = min(wanted, ENOUGH)
    if min(by_rows.chunks, by_lanes.chunks) < enough:
        return max(by_rows, by_lanes, key=lambda cut: cut.chunks)
    # Each chunk reads all of the operand that is not cut.
    return by_rows if by_rows.chunks * choice.lane.extent <= by_lanes.chunks * choice.row.extent else by_lanes


def row_step(choice: Choice) -> int:
    """The baked distance of rows, where it pays."""
    return choice.row.a if choice.rows > MOST_POINTERS or choice.row.a == 1 else 0
