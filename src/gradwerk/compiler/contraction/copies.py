"""Copies that a schedule needs: of operands in another order, with zeros around, and of results.

They are work of their own, so that those of what a loop does not write can leave it, and are made once for all who want the same.
"""

from __future__ import annotations

import math

from gradwerk.compiler.bodies import giving, passing
from gradwerk.compiler.contraction.nest import Side, padded_memory
from gradwerk.compiler.contraction.nominal import Ints
from gradwerk.compiler.contraction.roles import Memory
from gradwerk.compiler.contraction.schedule import Packs
from gradwerk.compiler.llvm.maps import lower_map
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Buffer, Operand, Work, row_major


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
