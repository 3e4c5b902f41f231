"""What chunks cut, and into how many: by extents alone, never by the number of threads, so that bits do not depend on it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from gradwerk.compiler.chunks import SMALLEST, step_of
from gradwerk.compiler.contraction.nest import Axis
from gradwerk.compiler.contraction.roles import BLOCK, LONGEST_SUM, Choice, Memory
from gradwerk.compiler.llvm.contract import LANES, MOST_POINTERS, OFTEN, OUTER, PACKED, ROWS, SUM

SMALL_RESULT = 1 << 16
"""Elements: a smaller result is summed in parts, one per chunk, when nothing else can be cut."""
CHUNK_WORK = 1 << 20
"""Products of one chunk at least (about 20 us)."""
NEAR = 1 << 18
"""Elements of both operands that a core's own cache holds."""
MOST_CHUNKS = 32
ENOUGH = 8
"""Chunks that balance a few threads: with as many, results are cut and never the sums."""


WHOLE = 1 << 62
"""The length of a chunk that takes everything."""


@dataclass(frozen=True)
class Cut:
    """What chunks cut, by how much, into how many."""

    kind: int
    step: int
    chunks: int


@dataclass(frozen=True)
class Form:
    """What of a schedule shapes the code of its kernel."""

    row_step: int
    unit: bool
    masked: bool
    blocked: bool
    turned: bool
    packed: int
    """Terms of the panels that are copied before they are read: in passes where a block is short enough, else where they lie far apart."""

    @classmethod
    def of(cls, choice: Choice, width: int) -> Form:
        """The form of a choice."""
        blocked, along = is_long(choice, width) or choice.over_examples, choice.column is None
        step = choice.row.a if choice.rows > MOST_POINTERS or choice.row.a == 1 else 0  # baked where it pays
        often = along and not choice.clips and choice.row.extent >= OFTEN * choice.rows
        passes, far = blocked and packed_terms(choice) <= PACKED, not blocked and lies_far(choice.b, choice.lane, choice.sums, width)
        packed = PACKED if often and passes else LONGEST_SUM if choice.turned or (often and far) else 0
        return cls(step, choice.lane.out == 1, along and (choice.few_lanes or blocked), blocked, choice.turned, packed)

    def fits(self, choice: Choice, width: int) -> bool:
        """Whether a kernel of this form runs a choice with other extents, if its sums are not too long."""
        enough = choice.column.extent if choice.column else choice.lane.extent if not self.masked else WHOLE
        needed = choice.vectors * (1 if choice.column else width)
        inside = not (self.blocked and self.packed) or packed_terms(choice) <= PACKED
        same = self.row_step in (0, choice.row.a) and (not self.unit or choice.lane.out == 1) and self.turned == choice.turned
        return enough >= needed and same and inside


def kind_of(choice: Choice, width: int) -> int:
    """What chunks cut."""
    if choice.turned:  # so that no panel is turned twice
        return OUTER if choice.outer else LANES
    wanted, panels, tiles, first = _counts(choice, width)
    few = max(first, tiles, panels) < min(wanted, ENOUGH)
    far = choice.a.elements + choice.b.elements > NEAR  # cut sums: every chunk reads its part, and no other reads it again
    if choice.sums and (few or (far and terms_of(choice) > LONGEST_SUM)) and choice.results <= SMALL_RESULT:
        return SUM
    if choice.outer and (first >= min(wanted, ENOUGH) or first >= max(tiles, panels)):
        return OUTER
    return _kind_of_results(choice, width)


def _counts(choice: Choice, width: int) -> tuple[int, int, int, int]:
    """Chunks that the work is worth, and how many panels, tiles of rows and entries of the outermost axis there are."""
    wanted = max(1, min(MOST_CHUNKS, int(choice.products * choice.share) // CHUNK_WORK))
    panels = -(-choice.lane.extent // (choice.vectors * width)) if choice.column is None else 1
    return wanted, panels, -(-choice.row.extent // choice.rows), choice.outer[0].extent if choice.outer else 1


def _kind_of_results(choice: Choice, width: int) -> int:
    """Rows or lanes.  Every chunk reads all of the operand that is not cut: better one that a core's own cache holds."""
    far_a, far_b = choice.a.elements > NEAR, choice.b.elements > NEAR
    wanted = _counts(choice, width)[0]
    by_rows, by_lanes = cut_along(ROWS, choice, width), cut_along(LANES, choice, width)
    if Form.of(choice, width).packed and by_lanes.chunks >= min(wanted, ENOUGH, by_rows.chunks):
        return LANES  # each panel is copied by one chunk alone
    some = min(wanted, ENOUGH) // 2
    if far_a == far_b:
        if min(by_rows.chunks, by_lanes.chunks) < some or not far_a:
            return max(by_rows, by_lanes, key=lambda cut: cut.chunks).kind
        return ROWS if by_rows.chunks * choice.lane.extent <= by_lanes.chunks * choice.row.extent else LANES
    best, other = (by_lanes, by_rows) if far_b else (by_rows, by_lanes)
    return (best if best.chunks >= min(some, other.chunks) else other).kind


def cut_along(kind: int, choice: Choice, width: int) -> Cut:
    """How the work is divided when chunks cut this: by extents only."""
    wanted, panels, tiles, first = _counts(choice, width)
    if kind == SUM:
        entries = choice.sums[0].extent
        return _cut(kind, -(-entries // min(wanted, 16, entries)), entries)
    if kind == OUTER:
        step = step_of(first, SMALLEST) if wanted >= ENOUGH else -(-first // wanted)  # as maps of the result are cut: they form chains
        return _cut(kind, step, first)
    if choice.a.elements > NEAR and choice.b.elements > NEAR:
        wanted = min(wanted, ENOUGH)
    if kind == ROWS:
        return _cut(kind, -(-tiles // min(wanted, tiles)) * choice.rows, choice.row.extent)
    panel = choice.vectors * width
    return _cut(kind, -(-panels // min(wanted, panels)) * panel, choice.lane.extent if choice.column is None else panel)


def _cut(kind: int, step: int, extent: int) -> Cut:
    return Cut(kind, step, -(-extent // step))


def terms_of(choice: Choice) -> int:
    """Terms of a sum; across lanes, of each lane's."""
    return math.prod(x.extent for x in choice.sums)


def in_parts(choice: Choice) -> Cut | None:
    """A sum over more examples than nominal, cut into parts that are short enough to run through; None where they would be too many."""
    entries = choice.sums[0].extent
    step = max(LONGEST_SUM * entries // terms_of(choice), 1)
    cut = _cut(SUM, step, entries)
    short = step * terms_of(choice) <= LONGEST_SUM * entries
    return cut if short and cut.chunks <= MOST_CHUNKS else None


def is_long(choice: Choice, width: int) -> bool:
    """Whether sums are too long to run through; across, each vector of lanes is a block.  Chunks that share a sum do not count: how many
    they are depends on the number of examples.
    """
    terms = terms_of(choice)
    if choice.column is not None:
        return terms * -(-choice.lane.extent // width) > LONGEST_SUM
    return bool(choice.sums) and terms > LONGEST_SUM


def lies_far(b: Memory, lane: Axis, sums: Sequence[Axis], width: int) -> bool:
    """Whether a panel of a plain product, read where it lies, reaches over more pages than a core has at hand."""
    return len(sums) == 1 and b.order is None and lane.extent >= width and sums[0].extent * abs(sums[0].b) > NEAR


def block_of(choice: Choice) -> int:
    """How many entries of the outermost summed axis make a block of a long sum."""
    return max(BLOCK * choice.sums[0].extent // terms_of(choice), 1) if choice.sums else 1


def packed_terms(choice: Choice) -> int:
    """The terms of a block."""
    return block_of(choice) * math.prod(x.extent for x in choice.sums[1:])
