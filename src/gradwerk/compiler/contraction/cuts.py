"""What chunks cut, and into how many: by extents alone, never by the number of threads, so that bits do not depend on it."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from gradwerk.compiler.chunks import SMALLEST, step_of
from gradwerk.compiler.contraction.roles import BLOCK, LONGEST_SUM, Choice
from gradwerk.compiler.llvm.contract import LANES, MOST_POINTERS, OUTER, PACKED, ROWS, SUM

SMALL_RESULT = 1 << 16
"""Elements: a smaller result is summed in parts, one per chunk, when nothing else can be cut."""
CHUNK_WORK = 1 << 20
"""Products of one chunk at least (about 20 us)."""
NEAR = 1 << 18
"""Elements of both operands that a core's own cache holds."""
MOST_CHUNKS = 32
ENOUGH = 8
"""Chunks that balance a few threads: with as many, results are cut and never the sums."""


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
    panel = choice.vectors * width
    panels = -(-choice.lane.extent // panel) if choice.column is None else 1
    tiles = -(-choice.row.extent // choice.rows)
    first = choice.outer[0].extent if choice.outer else 1
    few = max(first, tiles, panels) < min(wanted, ENOUGH)
    far = choice.a.elements + choice.b.elements > NEAR  # cut sums: every chunk reads its part, and no other reads it again
    if choice.sums and (few or (far and terms_of(choice) > LONGEST_SUM)) and choice.results <= SMALL_RESULT:
        step = -(-choice.sums[0].extent // min(wanted, 16, choice.sums[0].extent))
        return Cut(SUM, step, -(-choice.sums[0].extent // step))
    if choice.outer and (first >= wanted or first >= max(tiles, panels)):
        step = step_of(first, SMALLEST) if wanted >= ENOUGH else -(-first // wanted)  # as maps of the result are cut: they form chains
        return Cut(OUTER, step, -(-first // step))
    return results_cut(choice, wanted, tiles, panels, panel)


def results_cut(choice: Choice, wanted: int, tiles: int, panels: int, panel: int) -> Cut:
    """The cut along rows or lanes.  Every chunk reads all of the operand that is not cut: better one that a core's own cache holds."""
    far_a, far_b = choice.a.elements > NEAR, choice.b.elements > NEAR
    if far_a and far_b:
        wanted = min(wanted, ENOUGH)
    by_rows = Cut(ROWS, -(-tiles // min(wanted, tiles)) * choice.rows, 0).over(choice.row.extent)
    by_lanes = Cut(LANES, -(-panels // min(wanted, panels)) * panel, 0).over(choice.lane.extent if choice.column is None else panel)
    some = min(wanted, ENOUGH) // 2
    if far_a == far_b:
        if min(by_rows.chunks, by_lanes.chunks) < some or not far_a:
            return max(by_rows, by_lanes, key=lambda cut: cut.chunks)
        return by_rows if by_rows.chunks * choice.lane.extent <= by_lanes.chunks * choice.row.extent else by_lanes
    best, other = (by_lanes, by_rows) if far_b else (by_rows, by_lanes)
    return best if best.chunks >= min(some, other.chunks) else other


def terms_of(choice: Choice) -> int:
    """Terms of a sum; across lanes, of each lane's."""
    return math.prod(x.extent for x in choice.sums)


def block_of(choice: Choice, cut: Cut, width: int) -> int:
    """How many entries of the outermost summed axis make a block; 0: the sum is short enough to run through."""
    terms = terms_of(choice)
    done = -(-terms // cut.chunks) if cut.kind == SUM else terms
    if choice.column is not None:  # each vector of lanes is a block
        return int(done * -(-choice.lane.extent // width) > LONGEST_SUM)
    return 0 if not choice.sums or done <= LONGEST_SUM else max(BLOCK * choice.sums[0].extent // terms, 1)


def packs_panels(choice: Choice, block: int) -> bool:
    """Whether passes copy their panels: where a block is short enough, and read often enough."""
    inner = math.prod(x.extent for x in choice.sums[1:])
    return 0 < block * inner <= PACKED and choice.column is None and not choice.clips and choice.row.extent >= 4 * choice.rows


def row_step(choice: Choice) -> int:
    """The baked distance of rows, where it pays."""
    return choice.row.a if choice.rows > MOST_POINTERS or choice.row.a == 1 else 0
