"""Contract to work: copies that the chosen schedule needs, the tile kernel, and the sum of parts where chunks cut a summed axis."""

from __future__ import annotations

import math
from collections.abc import Container, Mapping, MutableMapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

from gradwerk.base.dtypes import DType
from gradwerk.compiler.bodies import count_flops, giving, passing, stem
from gradwerk.compiler.contraction.borders import mended
from gradwerk.compiler.contraction.cuts import WHOLE, Cut, Form, block_of, cut_along, in_parts, is_long, kind_of
from gradwerk.compiler.contraction.nest import Axis, Side, padded_memory, side_of
from gradwerk.compiler.contraction.nominal import NOMINAL, Ints, Layout, carried_over, examples
from gradwerk.compiler.contraction.parts import beside_part, overlap_of, read_part, written_part
from gradwerk.compiler.contraction.residues import Divided, classes
from gradwerk.compiler.contraction.roles import Choice, Memory, Result
from gradwerk.compiler.contraction.schedule import choose
from gradwerk.compiler.llvm.contract import LANES, OUTER, ROWS, SUM, ClipLevels, ContractKernel
from gradwerk.compiler.llvm.epilogue import Epilogue
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.llvm.reduces import combine
from gradwerk.compiler.llvm.spaces import NONE, UNIT
from gradwerk.compiler.memory import content, root
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Buffer, KernelSpec, Operand, Work, row_major, shared
from gradwerk.ir.graph import Graph
from gradwerk.ops.contraction import Contract
from gradwerk.ops.reduction import Sum

Packs = MutableMapping[Any, Operand]
"""Copies already made, by what they copy and how: the same operand wanted twice in one layout is copied once."""


def lower_contraction(
    op: Contract, a: Operand, b: Operand, out: Operand, target: Target, *, packs: Packs, lasting: Container[Buffer] = (), free: bool = False
) -> tuple[list[Work], Operand]:
    """The work that writes the result, and where it lies: in `out`, or, when it is `free`, in its buffer with the axes in any order.

    Copies of operands are work of their own, so that those of `lasting` buffers can leave a loop.
    """
    extents = op.extent
    if math.prod(out.shape) == 0:
        return [], out
    if math.prod(extents.values()) == 0:
        return [fill(out, target)], out
    divided = Divided.of(op)
    if divided is not None:
        parts_of = classes(op, (a, b), out, divided)
        split = (lower_contraction(part, *views, place, target, packs=packs, lasting=lasting) for part, views, place in parts_of)
        return [work for works, _ in split for work in works], out
    width, lasts = target.vector_bytes // max(out.dtype.itemsize, 1), (a.buffer in lasting, b.buffer in lasting)
    layout = Layout(op, (a.shape, b.shape), (a.strides, b.strides), Result.of(op, out, free=free))
    choice, cut, form = scheduled(layout, lasts, target, width)
    parts = cut.kind == SUM and cut.chunks > 1
    if parts and not (out.dense or free):  # parts are dense whatever the result is
        dense, copy = lower_contraction(op, a, b, scratch(out), target, packs=packs, lasting=lasting)
        return [*dense, copied_to(copy, out, target)], out
    if free and choice.out is not None:
        out = Operand(out.buffer, out.shape, tuple(choice.out[name] for name in op.out), out.offset)
    works: list[Work] = []
    first, second = (placed(memory, (a, b)[memory.side.number], works, target, packs) for memory in (choice.a, choice.b))
    results = out
    if parts:
        size = math.prod(out.shape)
        results = Operand(Buffer(out.dtype, cut.chunks * size, "parts"), (cut.chunks, *out.shape), (size, *out.strides))
    work = tile_work(choice, cut, form, (first, second), results, width)
    look, border = mended(op, (a, b), out, choice, cut, target, packs)
    if results is not out:
        return [*look, *works, work, add_parts(results, out, target), *border], out
    if any(name not in op.out for name in examples(op)) and not (form.blocked and cut.kind != SUM):
        work = replace(work, others=kernels_of_parts(out, target, free=free))
    return [*look, *works, work, *border], out


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


Schedule = tuple[Choice, Cut, Form]


def scheduled(layout: Layout, lasting: tuple[bool, bool], target: Target, width: int) -> Schedule:
    """The schedule of a layout.

    The choice and the form of the kernel are those of a nominal number of examples, where that fits: no number needs its own kernels.
    """
    if examples(layout.op):
        for count in NOMINAL:
            nominal = layout.nominal(count)
            if nominal is None:
                break
            choice, cut, form = chosen(nominal, lasting, target, width)
            here = carried_over(choice, layout)
            if here is not None and form.fits(here, width):
                cut = cut_along(cut.kind, here, width)
                if form.blocked or not is_long(here, width):
                    return here, cut, form
                parts = in_parts(here)
                if parts is not None:
                    return here, parts, form
    return chosen(layout, lasting, target, width)


@lru_cache(maxsize=512)
def chosen(layout: Layout, lasting: tuple[bool, bool], target: Target, width: int) -> Schedule:
    """The cheapest schedule of a layout: layers that are alike, and programs traced again, share it."""
    op = layout.op
    first, second = (side_of(op, k, layout.shapes[k], layout.strides[k], lasting=lasting[k]) for k in range(2))
    choice = choose(first, second, op.extent, layout.out, examples(op), target, width)
    cut = cut_along(kind_of(choice, width), choice, width)
    return choice, cut, Form.of(choice, width)


def scratch(out: Operand) -> Operand:
    """Dense memory of the result's shape."""
    return Operand(Buffer(out.dtype, math.prod(out.shape), "result"), out.shape, row_major(out.shape))


def copied_to(source: Operand, out: Operand, target: Target) -> Work:
    """A plain copy."""
    return lower_map(passing(out.dtype), (source,), (out,), out.shape, target)


def placed(memory: Memory, operand: Operand, works: list[Work], target: Target, packs: Packs) -> Operand:
    """The operand in memory, copied if the schedule wants a copy."""
    if memory.order is None:
        return operand
    key = (operand, memory.side.padding, memory.order)
    if key not in packs:
        packs[key] = copied(memory.side, memory.order, operand, works, target)
    return packs[key]


def copied(side: Side, order: tuple[int, ...], source: Operand, works: list[Work], target: Target) -> Operand:
    """A dense copy in another order of dimensions, with zeros around and between the elements where the maps ask for them."""
    shape, strides = padded_memory(side, order)
    whole = Operand(Buffer(source.dtype, math.prod(shape), "pack"), shape, strides)
    inside = Operand(
        whole.buffer,
        source.shape,
        tuple(s * (gap + 1) for s, gap in zip(strides, side.padding.interior, strict=True)),
        sum(s * low for s, low in zip(strides, side.padding.low, strict=True)),
    )
    if not side.padding.idle:
        works.append(fill(arranged(whole, order), target))
    places = arranged(source, order), arranged(inside, order)
    works.append(lower_map(passing(source.dtype), places[:1], places[1:], places[0].shape, target))
    return whole


def arranged(x: Operand, order: Ints) -> Operand:
    """The operand with its dimensions in this order."""
    return Operand(x.buffer, tuple(x.shape[k] for k in order), tuple(x.strides[k] for k in order), x.offset)


def fill(out: Operand, target: Target) -> Work:
    """Zeros."""
    return lower_map(giving(0.0, out.dtype), (), (out,), out.shape, target)


@dataclass(frozen=True)
class Finish:
    """An epilogue's body, whose first input is the result, and its other operands in the shape of the result, whose axes have `names`."""

    body: Graph
    operands: tuple[Operand, ...]
    names: tuple[str, ...]

    def steps(self, axis: Axis, extents: Mapping[str, int]) -> tuple[int, ...] | None:
        """How far each operand moves along an axis of the schedule; None where axes that were merged are no one axis of it."""
        found = []
        for operand in self.operands:
            length, step = 1, 0
            for name in reversed(axis.names):
                stride = operand.strides[self.names.index(name)]
                if extents[name] == 1:
                    continue
                if length > 1 and stride != step * length:
                    return None
                length, step = length * extents[name], step if length > 1 else stride
            found.append(step)
        return tuple(found)


def finished(
    op: Contract, a: Operand, b: Operand, out: Operand, finish: Finish, target: Target,
    *, packs: Packs, lasting: Container[Buffer] = (), free: bool = False,
) -> tuple[list[Work], Operand] | None:  # fmt: skip
    """As `lower_contraction`, of the epilogue's results.

    None where the schedule does not store each result once and for good, or its lanes do not find the operands side by side.
    """
    extents = op.extent
    if 0 in (math.prod(out.shape), math.prod(extents.values())) or Divided.of(op) is not None:
        return None
    if content(out.buffer) is not out.buffer or any(root(x.buffer) is root(out.buffer) for x in (a, b, *finish.operands)):
        return None
    width, lasts = target.vector_bytes // max(out.dtype.itemsize, 1), (a.buffer in lasting, b.buffer in lasting)
    layout = Layout(op, (a.shape, b.shape), (a.strides, b.strides), Result.of(op, out, free=free))
    choice, cut, form = scheduled(layout, lasts, target, width)
    padded = any(memory.side.must_copy for memory in (choice.a, choice.b))
    walked = [*choice.outer, choice.row, choice.column or choice.lane]
    if form.blocked or padded or (cut.kind == SUM and cut.chunks > 1):
        return None
    steps = {x.name: finish.steps(x, extents) for x in walked if x.name}
    lanes = steps.get(choice.lane.name, ()) if choice.column is None else (0,) * len(finish.operands)
    if None in steps.values() or lanes is None or not {0, 1}.issuperset(lanes):
        return None
    if free and choice.out is not None:
        out = Operand(out.buffer, out.shape, tuple(choice.out[name] for name in op.out), out.offset)
    works: list[Work] = []
    first, second = (placed(memory, (a, b)[memory.side.number], works, target, packs) for memory in (choice.a, choice.b))
    moves = {name: found for name, found in steps.items() if found is not None}
    return [*works, tile_work(choice, cut, form, (first, second), out, width, finish=finish, moves=moves)], out


def tile_work(
    choice: Choice, cut: Cut, form: Form, reads: tuple[Operand, Operand], out: Operand, width: int,
    *, finish: Finish | None = None, moves: Mapping[str, tuple[int, ...]] | None = None,
) -> Work:  # fmt: skip
    """The tile kernel on these operands; `moves`: how far those of the epilogue move along each axis of the result."""
    lane, row, steps = choice.lane, choice.row, moves or {}
    none = (0,) * len(finish.operands) if finish else ()
    epilogue = None
    if finish is not None:
        along_lanes = none if choice.column is not None else steps.get(lane.name, none)
        epilogue = Epilogue(finish.body, tuple([UNIT if step else NONE for step in along_lanes]))
    spec = ContractKernel(
        out.dtype, choice.rows, choice.vectors, len(choice.outer), len(choice.sums), row_step=form.row_step, unit=form.unit,
        masked=form.masked, across=choice.column is not None, clips=clip_levels(choice), blocked=form.blocked, packed=form.packed,
        epilogue=epilogue,
    )  # fmt: skip
    extents: list[int] = []
    for kind in (OUTER, ROWS, LANES, SUM):
        extents += [cut.step, cut.step] if kind == cut.kind and cut.chunks > 1 else [0, WHOLE]
    for axis in choice.outer:
        extents += [axis.extent, axis.a, axis.b, axis.out, *steps.get(axis.name, none)]
    extents += [row.extent, row.a, row.out, *steps.get(row.name, none), lane.extent, lane.out]
    if choice.column is not None:
        extents += [choice.column.extent, choice.column.b, choice.column.out, *steps.get(choice.column.name, none)]
    for axis in choice.sums:
        extents += [axis.extent, axis.a, axis.b]
    extents.append(math.prod(out.shape[1:]) if cut.kind == SUM and cut.chunks > 1 else 0)
    extents += [memory.side.strides(x)[1] for memory, x in zip((choice.a, choice.b), reads, strict=True)]
    extents.append(block_of(choice) if form.blocked else 0)
    for clip in choice.clips:
        extents += [clip.factor, clip.offset, clip.size]
    overlap = overlap_of(choice, cut, panel=0 if form.masked else choice.vectors * width)
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
    return Work(shared(spec), accesses, tuple(extents), cut.chunks, title, flops)


def clip_levels(choice: Choice) -> tuple[ClipLevels, ...]:
    """Which loops of the kernel the clips of a choice bind."""
    outer, sums = [x.name for x in choice.outer], [x.name for x in choice.sums]
    return tuple(ClipLevels(outer.index(clip.outer), sums.index(clip.summed), clip.sign) for clip in choice.clips)


def add_parts(parts: Operand, out: Operand, target: Target) -> Work:
    """The sum over chunks, in order."""
    whole = Operand(out.buffer, parts.shape, (0, *out.strides), out.offset)
    return combine(passing(out.dtype), (Sum((0,)),), (parts,), (whole,), target)
