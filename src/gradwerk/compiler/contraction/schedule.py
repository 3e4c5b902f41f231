"""Which axis becomes lanes, which rows, how large the tile is: chosen by a small model of cost, by extents alone.

The model counts lane-multiplications: useful work divided by how full lanes and rows are, a start-up per tile for short sums, the stores of
results that are not neighbours, and a price per element for each copy that a choice needs.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from gradwerk.compiler.contraction.nest import Axis, Clip, Side, merged, walk_order
from gradwerk.compiler.contraction.roles import BLOCK, LONGEST_SUM, NOWHERE, Choice, Memory, Result
from gradwerk.compiler.llvm.contract import MOST_POINTERS
from gradwerk.compiler.target import Target

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
MANY = 1 << 16
"""Lanes of examples as the tile sees them."""
MOST_ROWS = 14
"""Rows of a tile."""
DEPTH = 5
"""Sums that keep the adder busy: with fewer it waits for itself."""


@dataclass(frozen=True)
class Problem:
    """Two operands in order, the axes, the clips that take the place of zeros in memory, the axes of examples, and the machine."""

    a: Side
    b: Side
    extents: dict[str, int]
    out: dict[str, int]
    clips: tuple[Clip, ...]
    examples: Collection[str]
    target: Target
    width: int

    def counts_examples(self, axis: Axis) -> bool:
        """Whether the extent of this axis is a number of examples."""
        return any(name in self.examples for name in axis.names)

    @property
    def clipped(self) -> set[str]:
        """The axes that clips bind: they stay loops of their own."""
        return {name for clip in self.clips for name in (clip.outer, clip.summed)}

    @property
    def share(self) -> float:
        """The part of the products that clipped axes leave."""
        return math.prod(clip.share(self.extents[clip.outer], self.extents[clip.summed]) for clip in self.clips)

    def axes(self, a: Memory, b: Memory) -> list[Axis]:
        """All axes with their strides, given where the operands lie."""
        by_a, by_b = a.by_axis(), b.by_axis()
        return [Axis(name, n, by_a.get(name, 0), by_b.get(name, 0), self.out.get(name, 0)) for name, n in self.extents.items()]


def choose(
    a: Side, b: Side, extents: dict[str, int], result: Result, examples: Collection[str], target: Target, width: int
) -> Choice:  # fmt: skip
    """The cheapest schedule.  How many `examples` there are shapes no tile."""
    choices: list[Choice] = []
    for first, second, clips in variants(a, b, result):
        problem = Problem(first, second, extents, result.strides, clips, examples, target, width)
        for lane in (None, *result.strides):
            out = result.with_lanes(lane, extents)
            made = [*along(replace(problem, out=out), lane), *along(replace(problem, a=second, b=first, out=out), lane)]
            if out != result.strides:  # who reads the result may want another order
                made = [replace(x, cost=x.cost + REORDER * math.prod(extents[n] for n in out) / 16, out=out) for x in made]
            choices += made
        for lane in extents:
            if lane not in result.strides:
                choices += [*across(problem, lane), *across(replace(problem, a=second, b=first), lane)]
    return min(choices, key=lambda c: c.cost)


def variants(a: Side, b: Side, result: Result) -> Iterator[tuple[Side, Side, tuple[Clip, ...]]]:
    """The operands with zeros in memory and with clipped axes instead: none, the slowest in memory, all."""
    in_a, in_b = a.clips(result.strides), b.clips(result.strides)
    for take in dict.fromkeys((0, min(1, len(in_a) + len(in_b)), len(in_a) + len(in_b))):
        of_a, of_b = in_a[:take], in_b[: max(take - len(in_a), 0)]
        yield a.clipped(of_a), b.clipped(of_b), (*of_a, *of_b)


# ---- lanes along an axis of the result


def along(problem: Problem, lane: str | None) -> Iterator[Choice]:
    """The schedules with this axis of b as lanes, or with one lane."""
    a, b, extents = problem.a, problem.b, problem.extents
    dimension = None
    if lane is not None:
        dimension = b.dimension(lane)
        if dimension is None or lane in problem.clipped or extents[lane] == 1 or any(index.coefficient(lane) for index in a.maps):
            return
    in_b = Memory.of(b, dimension)
    best = cheapest_row(problem, Memory.of(a, None), in_b, lane)
    yield best
    row = a.dimension(best.row.name)
    if row is not None and is_sparse(best.row, best.sums, problem.width):  # scalars that a tile reads together, side by side
        yield cheapest_row(problem, Memory.of(a, row), in_b, lane)


def cheapest_row(problem: Problem, in_a: Memory, in_b: Memory, lane: str | None) -> Choice:
    """The cheapest schedule with the operands in these places."""
    bound, axes = problem.clipped, problem.axes(in_a, in_b)
    lanes = next((x for x in axes if x.name == lane), NOWHERE)
    free, kept = [x for x in axes if x.name not in {*bound, lane}], [x for x in axes if x.name in bound]
    results = merged([x for x in free if x.name in problem.out])
    sums = order_sums([*merged([x for x in free if x.name not in problem.out]), *(x for x in kept if x.name not in problem.out)])
    choices = []
    for row in [x for x in results if x.b == 0] or [NOWHERE]:
        outer = walk_order([*(x for x in results if x is not row), *(x for x in kept if x.name in problem.out)])
        most = MOST_POINTERS if any(0 < x.a < row.a and x.name in problem.examples for x in axes) else MOST_ROWS
        choices.append(fitted(problem, in_a, in_b, lanes, row, tuple(outer), sums, most))
    return min(choices, key=lambda choice: choice.cost)


def order_sums(sums: Sequence[Axis]) -> tuple[Axis, ...]:
    """Summed axes, outermost first: large steps outside."""
    return tuple(sorted(sums, key=lambda x: -(abs(x.a) + abs(x.b))))


def is_sparse(row: Axis, sums: Sequence[Axis], width: int) -> bool:
    """Whether every scalar of a that the innermost loop reads lies on a cache line of its own."""
    return min((abs(x.a) for x in (row, *sums[-1:]) if x.a and x.extent > 1), default=1) > width


def fitted(
    problem: Problem, a: Memory, b: Memory, lane: Axis, row: Axis, outer: tuple[Axis, ...], sums: tuple[Axis, ...], most: int
) -> Choice:  # fmt: skip
    """The tile of at most so many rows for these roles, and what it costs."""
    width, any_lanes = problem.width, problem.counts_examples(lane)
    known = a.side.dimension(row.name) is not None and not problem.counts_examples(row)
    lanes, count = MANY if any_lanes else lane.extent, row.extent if known else None
    long = math.prod(x.extent for x in sums) > LONGEST_SUM
    vectors, rows = tile_of(lanes, count, problem.target, width, long=long, most_rows=most)
    panels, tiles = -(-lane.extent // (vectors * width)), -(-row.extent // rows) if row.extent >= rows else row.extent
    length, repeats = math.prod(x.extent for x in sums) * problem.share, math.prod(x.extent for x in outer)
    turns = math.prod(x.extent for x in sums[:-1])
    registers = rows * vectors
    tile = length * max(registers, DEPTH) + turns * 3 + registers * START / 4 + START
    if is_sparse(row, sums, width):
        tile *= SPARSE
    if lane.out != 1:
        tile += registers * SCATTER * (2 * math.ceil(length / BLOCK) if length > LONGEST_SUM else 1)  # passes fetch them back
    cost = repeats * panels * tiles * tile * width / 16 + COPY * (a.copied + b.copied) / 16
    few = any_lanes or lane.extent < vectors * width
    return Choice(a, b, lane, row, outer, sums, rows, vectors, cost, clips=problem.clips, share=problem.share, few_lanes=few)


def tile_of(
    lane_count: int, row_count: int | None, target: Target, width: int, *, long: bool = False, most_rows: int = MOST_ROWS
) -> tuple[int, int]:  # fmt: skip
    """(vectors, rows) of the tile that wastes least and keeps most sums in registers.

    `row_count` None: rows that may be examples, whose number must not shape a kernel; their tile has 8 rows, as chunks of batches have.
    """
    needed = -(-lane_count // width)
    tax = 0.7 if long else 0.55  # long sums come from far: fewer loads for each product, rows within a cache line
    best = (math.inf, 1, 1)
    for vectors in range(1, min(needed, 4) + 1):
        most = (target.registers - vectors - 1) // vectors
        most = min(most, MOST_ROWS if row_count is None else row_count, 8 if long else most_rows)
        for rows in range(max(1, most // 2), most + 1):
            if row_count is None and rows not in (min(8, most), 6):
                continue
            count = row_count or 2 * rows
            waste = -(-needed // vectors) * vectors / needed * -(-count // rows) * rows / count
            loads = (rows / 2 + vectors) / (rows * vectors)  # two scalars or one vector a cycle
            few = max(DEPTH / (rows * vectors), 1.0)
            best = _better(best, waste * few * max(1.0, tax + loads), vectors, rows)
    return best[1], best[2]


def _better(best: tuple[float, int, int], cost: float, vectors: int, rows: int) -> tuple[float, int, int]:
    if cost < best[0] - 1e-9 or (cost < best[0] + 1e-9 and vectors * rows > best[1] * best[2]):
        return cost, vectors, rows
    return best


# ---- lanes along a summed axis


def across(problem: Problem, lane: str) -> Iterator[Choice]:
    """The schedule with this summed axis as lanes, if that can be."""
    a, b, out, bound = problem.a, problem.b, problem.out, problem.clipped
    in_a, in_b = a.dimension(lane), b.dimension(lane)
    if in_a is None or in_b is None or problem.extents[lane] < problem.width or lane in bound:
        return
    first, second = Memory.of(a, in_a), Memory.of(b, in_b)
    axes = [x for x in problem.axes(first, second) if x.extent > 1 or x.name in bound]
    rows = [x for x in axes if x.name in out and x.a and not x.b and x.name not in bound] or [NOWHERE]
    columns = [x for x in axes if x.name in out and x.b and not x.a and x.name not in bound] or [NOWHERE]
    # Rows that slide along a summed axis meet again, an entry later, what the row before them read: from the first cache, not the second.
    row = max(rows, key=lambda x: (x.extent >= 3 and a.slides(x.name, out), min(x.extent, 6)))
    column = max(columns, key=lambda x: min(x.extent, 5))
    if problem.counts_examples(column):  # a tile needs all of its columns, not all of its rows
        return
    outer = tuple(x for x in axes if x.name in out and x is not row and x is not column)
    sums = order_sums([x for x in axes if x.name not in out and x.name != lane])
    tall, wide = tile_across(row.extent, column.extent, problem.target.registers)
    tiles = -(-row.extent // tall) * -(-column.extent // wide) * math.prod(x.extent for x in outer)
    turns = math.prod(x.extent for x in sums) * -(-problem.extents[lane] // problem.width)
    tile = turns * problem.share * _turn(tall, wide) + tall * wide * 16
    cost = tiles * tile * problem.width / 16 + COPY * (first.copied + second.copied) / 16
    lanes = next(x for x in axes if x.name == lane)
    over = any(problem.counts_examples(x) for x in (lanes, *sums))
    yield Choice(
        first, second, lanes, row, outer, sums, tall, wide, cost, column=column, clips=problem.clips, share=problem.share,
        over_examples=over,
    )  # fmt: skip


def _turn(tall: int, wide: int) -> int:
    """Cycles of one turn: a product a cycle, or a vector loaded."""
    return max(tall * wide, tall + wide + 1, DEPTH)


def tile_across(rows: int, columns: int, registers: int) -> tuple[int, int]:
    """(rows, columns) of the tile with the cheapest turns."""

    def cost(tile: tuple[int, int]) -> float:
        tall, wide = tile
        return -(-rows // tall) * -(-columns // wide) * _turn(tall, wide) * (1 + 1 / (tall * wide))

    return min(((i, j) for i in range(1, min(rows, 6) + 1) for j in range(1, min(columns, 6) + 1) if i * j + j + 1 < registers), key=cost)
