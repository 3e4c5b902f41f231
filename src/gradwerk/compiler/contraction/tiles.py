"""Schedules of tiles: a block of sums that stays in registers (llvm/contract.py), in loops over all axes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from gradwerk.base.dtypes import DType
from gradwerk.compiler.backend import Placed
from gradwerk.compiler.bodies import count_flops, passing, stem
from gradwerk.compiler.contraction.borders import mended
from gradwerk.compiler.contraction.copies import copied_to, placed, scratch
from gradwerk.compiler.contraction.cuts import WHOLE, Cut, Form, block_of, cut_along, in_parts, is_long, kind_of
from gradwerk.compiler.contraction.finish import Finish
from gradwerk.compiler.contraction.nest import Axis, Side
from gradwerk.compiler.contraction.nominal import Ints, Layout, examples
from gradwerk.compiler.contraction.parts import beside_part, overlap_of, read_part, written_part
from gradwerk.compiler.contraction.roles import Choice, Memory
from gradwerk.compiler.contraction.schedule import Task
from gradwerk.compiler.llvm.contract import LANES, OUTER, ROWS, SUM, ClipLevels, ContractKernel
from gradwerk.compiler.llvm.epilogue import Epilogue
from gradwerk.compiler.llvm.reduces import combine
from gradwerk.compiler.llvm.spaces import NONE, UNIT
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Buffer, KernelSpec, Operand, Work, shared
from gradwerk.ops.reduction import Sum


@dataclass(frozen=True)
class Tiles:
    """Axes in roles, what chunks cut, and the form of the kernel, whose registers have `width` lanes."""

    choice: Choice
    cut: Cut
    form: Form
    width: int

    @classmethod
    def of(cls, choice: Choice, width: int) -> Tiles:
        """The schedule of a choice."""
        return cls(choice, cut_along(kind_of(choice, width), choice, width), Form.of(choice, width), width)

    @property
    def cost(self) -> float:
        """That of the choice."""
        return self.choice.cost

    @property
    def makes_parts(self) -> bool:
        """Whether chunks make sums of their own, which are added up behind."""
        return self.cut.kind == SUM and self.cut.chunks > 1

    def carried_over(self, to: Layout) -> Tiles | None:
        """The same kernels for another number of examples; sums over more of them are made in parts."""
        here = moved(self.choice, to)
        if here is None or not self.form.fits(here, self.width):
            return None
        if self.form.blocked or not is_long(here, self.width):
            return Tiles(here, cut_along(self.cut.kind, here, self.width), self.form, self.width)
        parts = in_parts(here)
        return None if parts is None else Tiles(here, parts, self.form, self.width)

    def works(self, task: Task) -> Placed | None:
        """Copies of operands, the tile kernel, and where it needs them: the sum of parts, what mends results beside padding.

        None where chunks make parts, which are dense, and the result is not; and where results cannot be finished at once.
        """
        if task.finish is not None:
            return self.finished(task, task.finish)
        if self.makes_parts and not (task.out.dense or task.free):
            return None
        op, out, target = task.op, self.placed_result(task), task.target
        works: list[Work] = []
        reads, results = self.placed_operands(task, works), out
        if self.makes_parts:
            size = math.prod(out.shape)
            results = Operand(Buffer(out.dtype, self.cut.chunks * size, "parts"), (self.cut.chunks, *out.shape), (size, *out.strides))
        work = tile_work(self, reads, results)
        look, border = mended(op, (task.a, task.b), out, self.choice, self.cut, target, task.packs)
        if results is not out:
            return [*look, *works, work, add_parts(results, out, target), *border], out
        if any(name not in op.out for name in examples(op)) and not (self.form.blocked and self.cut.kind != SUM):
            work = work.with_others(kernels_of_parts(out, target, free=task.free))
        return [*look, *works, work, *border], out

    def finished(self, task: Task, finish: Finish) -> Placed | None:
        """The same with an epilogue.

        None where results are not stored once and for good, or the lanes do not find the epilogue's operands side by side.
        """
        choice = self.choice
        padded = any(memory.side.must_copy for memory in (choice.a, choice.b))
        if self.form.blocked or padded or self.makes_parts:
            return None
        walked = [*choice.outer, choice.row, choice.column or choice.lane]
        steps = {x.name: finish.steps(x, task.op.extent) for x in walked if x.name}
        lanes = steps.get(choice.lane.name, ()) if choice.column is None else (0,) * len(finish.operands)
        if None in steps.values() or lanes is None or not {0, 1}.issuperset(lanes):
            return None
        out, works = self.placed_result(task), list[Work]()
        reads = self.placed_operands(task, works)
        moves = {name: found for name, found in steps.items() if found is not None}
        return [*works, tile_work(self, reads, out, finish=finish, moves=moves)], out

    def placed_result(self, task: Task) -> Operand:
        """Where the result lies: with its axes in the order that the choice wants, where that is free."""
        strides, out = self.choice.out, task.out
        if not task.free or strides is None:
            return out
        return Operand(out.buffer, out.shape, tuple(strides[name] for name in task.op.out), out.offset)

    def placed_operands(self, task: Task, works: list[Work]) -> tuple[Operand, Operand]:
        """The operands in the order of the choice, in memory as it wants them; `works` takes the copies."""
        a, b = self.choice.a, self.choice.b
        given = (task.a, task.b)
        first = placed(a, given[a.side.number], works, task.target, task.packs)
        return first, placed(b, given[b.side.number], works, task.target, task.packs)


def moved(choice: Choice, to: Layout) -> Choice | None:
    """A choice for another number of examples; None where axes that were merged do not lie so."""
    a, b = (_at_hand(memory, to) for memory in (choice.a, choice.b))
    extents = to.op.extent
    out = to.out.strides if choice.out is None else to.out.with_lanes(choice.lane.name, extents)
    place = _placing(a.by_axis(), b.by_axis(), out, extents)
    lane, row = place(choice.lane), place(choice.row)
    outer, sums = [place(x) for x in choice.outer], [place(x) for x in choice.sums]
    column = choice.column and place(choice.column)
    if lane is None or row is None or None in outer or None in sums or (choice.column is not None and column is None):
        return None
    return Choice(  # not `replace`, which takes three times as long
        a, b, lane=lane, row=row, outer=tuple([x for x in outer if x]), sums=tuple([x for x in sums if x]), column=column,
        out=choice.out and out, rows=choice.rows, vectors=choice.vectors, cost=choice.cost, clips=choice.clips, share=choice.share,
        few_lanes=choice.few_lanes, over_examples=choice.over_examples,
    )  # fmt: skip


def _at_hand(memory: Memory, to: Layout) -> Memory:
    side = memory.side
    at_hand = Side(side.number, to.shapes[side.number], to.strides[side.number], side.maps, side.padding, side.lasting)
    return Memory(at_hand, memory.order, memory.free)


def _placing(
    by_a: Mapping[str, int], by_b: Mapping[str, int], out: Mapping[str, int], extents: Mapping[str, int]
) -> Callable[[Axis], Axis | None]:
    """What gives an axis of a role its extent and strides; None where axes that were merged do not lie so here."""

    def place(axis: Axis) -> Axis | None:
        if not axis.name:
            return axis
        result: Axis | None = None
        for name in axis.names:
            inner = Axis(name, extents[name], by_a.get(name, 0), by_b.get(name, 0), out.get(name, 0))
            if result is not None and not result.continues(inner):
                return None
            result = inner if result is None else result.merged(inner)
        return result

    return place


def kernels_of_parts(out: Operand, target: Target, *, free: bool) -> tuple[KernelSpec, ...]:
    """The kernels that would add up parts, had the sum more terms than one chunk takes."""
    return _kernels_of_parts(out.dtype, out.shape, out.strides, target, free=free)


@lru_cache(maxsize=512)
def _kernels_of_parts(dtype: DType, shape: Ints, strides: Ints, target: Target, *, free: bool) -> tuple[KernelSpec, ...]:
    size = math.prod(shape)
    out = Operand(Buffer(dtype, size, "result"), shape, strides)
    dense = out if out.dense or free else scratch(out)
    parts = Operand(Buffer(dtype, 2 * size, "parts"), (2, *shape), (size, *dense.strides))
    copy = () if dense is out else (copied_to(dense, out, target).kernel,)
    return add_parts(parts, dense, target).kernel, *copy


def stepping(axis: Axis) -> Axis:
    """An axis as the kernel is told of it: of one entry memory says nothing, so front ends that lay it otherwise are one program."""
    return axis if axis.extent != 1 else replace(axis, a=0, b=0, out=0)


def tile_work(
    schedule: Tiles, reads: tuple[Operand, Operand], out: Operand,
    *, finish: Finish | None = None, moves: Mapping[str, tuple[int, ...]] | None = None,
) -> Work:  # fmt: skip
    """The tile kernel on these operands; `moves`: how far those of the epilogue move along each axis of the result."""
    choice, cut, form = schedule.choice, schedule.cut, schedule.form
    lane, row, steps = choice.lane, choice.row, moves or {}
    none = (0,) * len(finish.operands) if finish else ()
    epilogue = None
    if finish is not None:
        along_lanes = none if choice.column is not None else steps.get(lane.name, none)
        epilogue = Epilogue(finish.body, tuple([UNIT if step else NONE for step in along_lanes]))
    spec = ContractKernel(
        out.dtype, choice.rows, choice.vectors, len(choice.outer), len(choice.sums), row_step=form.row_step, unit=form.unit,
        masked=form.masked, across=choice.column is not None, clips=clip_levels(choice), blocked=form.blocked, packed=form.packed,
        turned=form.turned, epilogue=epilogue,
    )  # fmt: skip
    extents: list[int] = []
    for kind in (OUTER, ROWS, LANES, SUM):
        extents += [cut.step, cut.step] if kind == cut.kind and cut.chunks > 1 else [0, WHOLE]
    for axis in map(stepping, choice.outer):
        extents += [axis.extent, axis.a, axis.b, axis.out, *steps.get(axis.name, none)]
    rows = stepping(row)
    extents += [rows.extent, rows.a, rows.out, *steps.get(row.name, none), lane.extent, lane.out, *([lane.b] if form.turned else [])]
    if choice.column is not None:
        column = stepping(choice.column)
        extents += [column.extent, column.b, column.out, *steps.get(column.name, none)]
    for axis in map(stepping, choice.sums):
        extents += [axis.extent, axis.a, axis.b]
    extents.append(math.prod(out.shape[1:]) if cut.kind == SUM and cut.chunks > 1 else 0)
    extents += [memory.side.strides(x)[1] for memory, x in zip((choice.a, choice.b), reads, strict=True)]
    extents.append(block_of(choice) if form.blocked else 0)
    for clip in choice.clips:
        extents += [clip.factor, clip.offset, clip.size]
    overlap = overlap_of(choice, cut, panel=0 if form.masked else choice.vectors * schedule.width)
    others = finish.operands if finish else ()
    accesses = (
        Access(reads[0], part=read_part(choice, cut, choice.a, reads[0], overlap)),
        Access(reads[1], part=read_part(choice, cut, choice.b, reads[1], overlap)),
        Access(out, writes=True, reads=False, part=written_part(choice, cut, out, overlap)),
        *(Access(x, part=beside_part(choice, cut, {n: m[k] for n, m in steps.items()}, overlap)) for k, x in enumerate(others)),
    )
    sizes = "x".join(str(x.extent) for x in (row, lane, *choice.sums, *choice.outer))
    title = f"contract {sizes}" if finish is None else f"{stem('contract', finish.body)} {sizes}"
    flops = int(2 * choice.products * choice.share) + (count_flops(finish.body) * choice.results if finish else 0)
    return Work(shared(spec), accesses, tuple(extents), cut.chunks, title, flops, scratch=spec.scratch(schedule.width))


def clip_levels(choice: Choice) -> tuple[ClipLevels, ...]:
    """Which loops of the kernel the clips of a choice bind."""
    outer, sums = [x.name for x in choice.outer], [x.name for x in choice.sums]
    return tuple(ClipLevels(outer.index(clip.outer), sums.index(clip.summed), clip.sign) for clip in choice.clips)


def add_parts(parts: Operand, out: Operand, target: Target) -> Work:
    """The sum over chunks, in order."""
    whole = Operand(out.buffer, parts.shape, (0, *out.strides), out.offset)
    return combine(passing(out.dtype), (Sum((0,)),), (parts,), (whole,), target)
