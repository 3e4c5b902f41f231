"""What the chunks of a contraction's tile kernel read and write, from the roles of its axes."""

from __future__ import annotations

from collections.abc import Mapping

from gradwerk.compiler.contraction.cuts import Cut
from gradwerk.compiler.contraction.nest import Axis, Clip
from gradwerk.compiler.contraction.roles import Choice, Memory
from gradwerk.compiler.footprint import Footprint, along
from gradwerk.compiler.llvm.contract import LANES, OUTER, ROWS, SUM
from gradwerk.compiler.work import Operand


def read_part(choice: Choice, cut: Cut, memory: Memory, operand: Operand, overlap: int) -> Footprint:
    """What each chunk reads of an operand (or of the copy of it that is read).

    `overlap`: entries of the cut axis by which the last tile moves back into those of the chunk before.
    Two axes that a clip binds walk one dimension together, of which nothing outside is read: chunks of the one read the others' borders.
    """
    clips = [clip for clip in choice.clips if binds(clip, memory)]
    bound = {name for clip in clips for name in (clip.outer, clip.summed)}
    cut_axis = moved_axis(choice, cut)
    start = memory.side.strides(operand)[1]
    first = memory.side is choice.a.side
    walked = [x for x in roles(choice) if x.name not in bound or x is cut_axis]
    axes = [(x.extent, x.a if first else x.b) for x in walked]
    moving, before, behind, step = walked.index(cut_axis) if cut_axis is not None else None, overlap, 0, cut.step
    for clip in clips:
        stride = operand.strides[clip.dimension]
        start -= clip.offset * stride
        dimension = (clip.size, stride)
        if cut_axis is not None and cut_axis.name in (clip.outer, clip.summed):
            axes[walked.index(cut_axis)] = dimension
            step, before, behind = reach(choice, clip, cut_axis, cut.step)
        else:
            axes.append(dimension)
    return Footprint(tuple([n for n, _ in axes]), tuple([s for _, s in axes]), start, moving, step, before, behind)


def reach(choice: Choice, clip: Clip, cut_axis: Axis, step: int) -> tuple[int, int, int]:
    """(step, before, behind) along the clipped dimension when chunks take `step` entries of one of the two axes that walk it."""
    extents = {x.name: x.extent for x in roles(choice)}
    moves, other = clip.factor, clip.sign * (extents[clip.summed] - 1)
    if cut_axis.name != clip.outer:
        moves, other = clip.sign, clip.factor * (extents[clip.outer] - 1)
    if moves < 0:  # chunks walk backwards: too rare for a closer look
        return 0, clip.size, clip.size
    low, high = clip.offset + min(other, 0), clip.offset + max(other, 0) + (step - 1) * moves
    return step * moves, -low, high + 1 - step * moves


def written_part(choice: Choice, cut: Cut, out: Operand, overlap: int) -> Footprint:
    """What each chunk writes: its part of the result, or results of its own where the summed axis is cut."""
    if cut.kind == SUM and cut.chunks > 1:
        return along(list(zip(out.shape, out.strides, strict=True)), 0, 1)
    kept = [x for x in roles(choice) if not x.summed and x.name]
    cut_axis = moved_axis(choice, cut)
    moving = kept.index(cut_axis) if cut_axis is not None else None
    return Footprint(tuple([x.extent for x in kept]), tuple([x.out for x in kept]), 0, moving, cut.step, overlap)


def beside_part(choice: Choice, cut: Cut, steps: Mapping[str, int], overlap: int) -> Footprint:
    """What each chunk reads of an epilogue's operand, which moves `steps` along the axes of the result: as much as it writes of that."""
    kept = [x for x in roles(choice) if not x.summed and x.name]
    cut_axis = moved_axis(choice, cut)
    moving = kept.index(cut_axis) if cut_axis is not None and cut_axis in kept else None
    extents = tuple([x.extent for x in kept])
    return Footprint(extents, tuple([steps.get(x.name, 0) for x in kept]), 0, moving, cut.step, overlap)


def overlap_of(choice: Choice, cut: Cut, *, panel: int) -> int:
    """Entries of the cut axis by which the last tile moves back so as to be a whole one; `panel`: lanes of a tile, 0 where masked."""
    if cut.chunks == 1 or cut.kind not in (ROWS, LANES):
        return 0
    size, extent = (choice.rows, choice.row.extent) if cut.kind == ROWS else (panel, choice.lane.extent)
    return -extent % size if size and extent >= size else 0


def roles(choice: Choice) -> list[Axis]:
    """All axes of the kernel's loops."""
    return [*choice.outer, choice.row, choice.lane, *([choice.column] if choice.column is not None else []), *choice.sums]


def moved_axis(choice: Choice, cut: Cut) -> Axis | None:
    """The axis that chunks cut; None for one chunk."""
    if cut.chunks == 1:
        return None
    return {OUTER: choice.outer[:1], ROWS: (choice.row,), LANES: (choice.lane,), SUM: choice.sums[:1]}[cut.kind][0]


def binds(clip: Clip, memory: Memory) -> bool:
    """Whether a clip stands for a dimension of this operand, and not for the one so numbered of the other."""
    if clip.dimension >= len(memory.side.maps):
        return False
    index = memory.side.maps[clip.dimension]
    return bool(index.coefficient(clip.outer) and index.coefficient(clip.summed))
