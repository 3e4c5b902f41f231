"""Lanes along an axis of the result: a number of one operand times a vector of neighbours of the other.

Which axis becomes lanes, which rows, how large the tile is: chosen by a small model of cost, by extents alone.  The model counts
lane-multiplications: useful work divided by how full lanes and rows are, a start-up per tile for short sums, the stores of results that are
not neighbours, and a price per element for each copy that a choice needs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from gradwerk.compiler.contraction.cuts import ENOUGH, lies_far
from gradwerk.compiler.contraction.nest import Axis, merged, walk_order
from gradwerk.compiler.contraction.nominal import Layout
from gradwerk.compiler.contraction.problem import COPY, DEPTH, Problem, order_sums, problems
from gradwerk.compiler.contraction.roles import BLOCK, LONGEST_SUM, NOWHERE, Choice, Memory
from gradwerk.compiler.contraction.schedule import registered
from gradwerk.compiler.contraction.tiles import Tiles
from gradwerk.compiler.llvm.contract import MOST_POINTERS, OFTEN
from gradwerk.compiler.target import Target

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
NEARBY = 0.8
"""Speed-up of a tile whose panel is copied side by side first: left where it lies, far apart, it takes 1.3 to 3 times as long."""
TURN = 5.0
"""Cost of turning one element where its panel is copied: no launch of its own, and it is still near when it is read."""
MOST_ROWS = 14
"""Rows of a tile."""


@registered
def columns(layout: Layout, target: Target) -> Iterator[Tiles]:
    """The cheapest of this kind: there always is one.  How many examples there are shapes no tile."""
    yield Tiles.of(min(choices(layout, target), key=lambda choice: choice.cost), layout.width(target))


def choices(layout: Layout, target: Target) -> Iterator[Choice]:
    """Every axis of the result as lanes, of either operand."""
    result, extents = layout.out, layout.op.extent
    for problem in problems(layout, target):
        for lane in (None, *result.strides):
            out = result.with_lanes(lane, extents)
            laid = replace(problem, out=out)
            for choice in (*with_lanes(laid, lane), *with_lanes(laid.swapped, lane)):
                if out == result.strides:
                    yield choice
                else:  # who reads the result may want another order
                    yield replace(choice, cost=choice.cost + REORDER * math.prod(extents[n] for n in out) / 16, out=out)


def with_lanes(problem: Problem, lane: str | None) -> Iterator[Choice]:
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
    if in_b.order is not None and not b.must_copy and not b.lasting:  # a copy of its own is made once, before a loop too
        turned = cheapest_row(problem, Memory.of(a, None), Memory(b, None), lane)
        if turns_once(turned, problem.width):
            yield replace(turned, cost=turned.cost + TURN * in_b.elements / 16)


def turns_once(choice: Choice, width: int) -> bool:
    """Whether panels may be turned as they are copied: of a plain product with neighbours along its sum, and no panel by two chunks."""
    outer, panels = choice.outer, -(-choice.lane.extent // (choice.vectors * width))
    plain = len(choice.sums) == 1 and choice.sums[0].b == 1 and choice.sums[0].extent <= LONGEST_SUM and choice.turned
    return plain and not choice.clips and all(x.b for x in outer) and (outer[0].extent if outer else panels) >= ENOUGH


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
    if row.extent >= OFTEN * rows and length <= LONGEST_SUM and lies_far(b, lane, sums, width):
        tile *= NEARBY
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
