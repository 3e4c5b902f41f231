"""Lanes along a summed axis: vectors of both operands, whose lanes are added up once at the end.

Taken for weight gradients of few channels, and where both operands have their neighbours along what is summed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from gradwerk.compiler.contraction.nominal import Layout
from gradwerk.compiler.contraction.problem import COPY, DEPTH, Problem, order_sums, problems
from gradwerk.compiler.contraction.roles import NOWHERE, Choice, Memory
from gradwerk.compiler.contraction.schedule import registered
from gradwerk.compiler.contraction.tiles import Tiles
from gradwerk.compiler.target import Target


@registered
def dots(layout: Layout, target: Target) -> Iterator[Tiles]:
    """The cheapest of this kind, where there is one."""
    found = [
        choice
        for problem in problems(layout, target)
        for lane in layout.op.summed
        for choice in (*with_lanes(problem, lane), *with_lanes(problem.swapped, lane))
    ]
    if found:
        yield Tiles.of(min(found, key=lambda choice: choice.cost), layout.width(target))


def with_lanes(problem: Problem, lane: str) -> Iterator[Choice]:
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
