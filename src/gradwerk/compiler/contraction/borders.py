"""Results next to padding, where a schedule multiplies zeros in memory: made again when these met infinity or NaN (llvm/borders.py).

What guards them is the operand beside the padded one, where it has no examples (the weights of a layer are few), or else the result: a
product of zero and what is no finite number is NaN, and so is a sum with it.
"""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import ShapeError
from gradwerk.compiler.chunks import SMALLEST, count_of, step_of
from gradwerk.compiler.contraction.cuts import Cut
from gradwerk.compiler.contraction.nominal import examples
from gradwerk.compiler.contraction.roles import Choice
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.llvm.borders import MOST_AXES, BorderKernel
from gradwerk.compiler.llvm.contract import OUTER
from gradwerk.compiler.llvm.reduces import lower_reduce
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Buffer, Operand, Work, shared
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.arithmetic import mul
from gradwerk.ops.contraction import Contract, Index
from gradwerk.ops.reduction import Sum

MOST_LOOKED_AT = 8192
"""Elements of an operand that every chunk may look at."""
Pair = tuple[Operand, Operand]


@dataclass(frozen=True)
class Guard:
    """What is looked at: a chunk looks at `length` elements, `distance` from those of the chunk before, of `whole` in all."""

    access: Access
    distance: int
    length: int
    whole: int


def mended(
    op: Contract, operands: Pair, out: Operand, choice: Choice, cut: Cut, target: Target, looks: MutableMapping[Any, Operand]
) -> tuple[list[Work], list[Work]]:
    """The work before and behind the tiles of a choice that keeps the definition next to padding; none where nothing is padded."""
    padded = [memory.side.number for memory in (choice.a, choice.b) if memory.side.must_copy]
    if not padded or not dtypes.is_float(out.dtype):
        return [], []
    many, maps, beside = set(examples(op)), (op.lhs, op.rhs)[1 - padded[0]], operands[1 - padded[0]]
    first, entries = (op.out[0], out.shape[0]) if op.out else ("", 1)
    step = cut.step if cut.kind == OUTER and choice.outer[0].names == [first] else step_of(entries, SMALLEST)
    part = Footprint(out.shape or (1,), out.strides or (0,), 0, 0, step)
    count = count_of(entries, step)
    constant = len(padded) == 1 and not any(many.intersection(index.axes) for index in maps)
    look: list[Work] = []
    if constant and math.prod(beside.shape) <= MOST_LOOKED_AT and is_packed(beside):
        size = math.prod(beside.shape)
        guard = Guard(Access(beside), 0, size, size)
    elif not constant and is_packed(out) and (not out.shape or out.strides[0] == max(out.strides)):
        size = math.prod(out.shape)
        guard = Guard(Access(out, part=part), step * size // entries, step * size // entries, size)
    else:
        number, look = sum_of_zeros(beside if constant else out, target, looks)
        guard = Guard(Access(number), 0, 1, 1)
    words = [step, *described(op), guard.distance, guard.length, guard.whole]
    words += [word for row in tables(op, operands, out) for word in row]
    sides = zip(operands, (op.lhs, op.rhs), strict=True)
    accesses = (
        *(Access(operand, part=walked(operand, side, first, entries, step)) for operand, side in sides),
        guard.access, Access(out, writes=True, part=part, keeps=True),
    )  # fmt: skip
    border = Work(shared(BorderKernel(out.dtype)), accesses, tuple(words), count, f"border {'x'.join(map(str, out.shape))}")
    return (look, [border]) if constant else ([], [*look, border])


def is_packed(x: Operand) -> bool:
    """Whether the elements are neighbours in memory from the first on, in any order of the axes."""
    step = 1
    for extent, stride in sorted(zip(x.shape, x.strides, strict=True), key=lambda axis: axis[1]):
        if extent != 1 and stride != step:
            return False
        step *= extent
    return True


def sum_of_zeros(tensor: Operand, target: Target, looks: MutableMapping[Any, Operand]) -> tuple[Operand, list[Work]]:
    """One number that is NaN where an element is infinite or NaN: the sum of 0 times each; made once for all who ask."""
    if (tensor, "finite") in looks:
        return looks[tensor, "finite"], []
    number = looks[tensor, "finite"] = Operand(Buffer(tensor.dtype, 1, "guard"), (), ())
    order = sorted(range(len(tensor.shape)), key=lambda k: -abs(tensor.strides[k]))
    moved = Operand(tensor.buffer, tuple(tensor.shape[k] for k in order), tuple(tensor.strides[k] for k in order), tensor.offset)
    return number, lower_reduce(times_zero(tensor.dtype), (Sum(tuple(range(len(order)))),), (moved,), (number,), moved.shape, target)


@cache
def times_zero(kind: DType) -> Graph:
    """The body x * 0."""
    body = Graph("times zero")
    return body.finish([mul(body.input(Type((), kind)), 0)])


def described(op: Contract) -> list[int]:
    """How many axes, dimensions and terms there are, as the kernel's words."""
    axes = max(len(op.out), 1) + len(op.summed)
    if axes > MOST_AXES:
        raise ShapeError(f"a contraction with padding has at most {MOST_AXES} axes, this one has {axes}", facts=(str(op),))
    return [max(len(op.out), 1), axes, len(op.lhs), len(op.lhs) + len(op.rhs), math.prod(op.extent[name] for name in op.summed)]


def tables(op: Contract, operands: Pair, out: Operand) -> list[list[int]]:
    """The axes' extents, the result's strides, and each dimension, as the kernel's words."""
    names = [*(op.out or ("",)), *op.summed]
    strides = [stride if extent > 1 else 0 for extent, stride in zip(out.shape, out.strides, strict=True)]
    rows = [[op.extent.get(name, 1) for name in names], strides or [0]]
    for operand, maps in zip(operands, (op.lhs, op.rhs), strict=True):
        for index, size, stride in zip(maps, operand.shape, operand.strides, strict=True):
            moved = stride if size > 1 else 0  # of one entry memory says nothing: front ends that lay it otherwise are one program
            rows.append([size, moved, index.offset, index.divisor, *(index.coefficient(name) for name in names)])
    return rows


def walked(operand: Operand, maps: tuple[Index, ...], first: str, entries: int, step: int) -> Footprint | None:
    """What chunks of the result's first axis read: their own entries where a dimension is that axis and nothing else names it."""
    places = [k for k, index in enumerate(maps) if index.coefficient(first)]
    if len(places) != 1 or maps[places[0]].axis != first or operand.shape[places[0]] != entries:
        return None
    return Footprint(operand.shape, operand.strides, 0, places[0], step)
