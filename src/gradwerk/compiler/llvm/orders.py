"""Orders to work: which way a row is sorted (order_rows.py), and how rows are cut into chunks, so that bits do not depend on threads."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from gradwerk.base import dtypes
from gradwerk.compiler.bodies import digest
from gradwerk.compiler.footprint import along
from gradwerk.compiler.llvm.order_rows import FEW, DigitRows, OrderRows, RankRows, RowForm, ScanRows
from gradwerk.compiler.llvm.spaces import Axis, Cut, axes_of, part_of
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Access, Buffer, Operand, Work, shared
from gradwerk.ops.sorting import Order

MOST_SCANNED = 64
"""Results up to which a row is scanned for them."""
LEAST_SCANNED = 8
"""Elements of a row for each result, from which on that is worth it."""


@dataclass(frozen=True)
class OrderKernel:
    """An order by the way in which rows are sorted."""

    way: type[OrderRows]
    form: RowForm

    @cached_property
    def name(self) -> str:
        """Content name."""
        return f"{self.way.__name__.lower()}_{dtypes.SHORT[self.form.dtype]}_{digest(self.way.__name__, self.form)}"

    def build(self, target: Target) -> str:
        """LLVM text."""
        return self.way(self.name, self.form, target).build()


def way_of(length: int, count: int) -> tuple[type[OrderRows], int, bool]:
    """How rows of this length are sorted for so many results, how many a scan holds, and whether results are selected first."""
    if length <= FEW:
        return RankRows, 0, False
    if count <= MOST_SCANNED and length >= LEAST_SCANNED * count:
        return ScanRows, next(n for n in (32, 64, 128) if n >= 2 * count), False
    return DigitRows, 0, count < length


def lower_order(op: Order, x: Operand, outs: Sequence[Operand], target: Target) -> list[Work]:
    """One launch: whole rows, several at a time."""
    length, count = x.shape[op.axis], outs[0].shape[op.axis]
    if 0 in outs[0].shape:
        return []
    operands = (x, *outs)
    space = [n for k, n in enumerate(x.shape) if k != op.axis]
    steps = [[s for k, s in enumerate(o.strides) if k != op.axis] for o in operands]
    axes = axes_of(space, steps) if space else [Axis(1, (1, 1, 1), 1)]
    way, capacity, selects = way_of(length, count)
    axis = axes[0]
    cut = Cut.of(axis, 8 * math.prod(x.shape) * x.dtype.itemsize, whole=axis.leading >= 16)
    form = RowForm(x.dtype, op.descends, len(axes), x.strides[op.axis] == 1, capacity, selects)
    accesses = []
    for number, operand in enumerate(operands):
        part = part_of(number, axes, 0, cut)
        moving = None if part.moving is None else 1
        extents, strides = (operand.shape[op.axis], *part.extents), (operand.strides[op.axis], *part.strides)
        part = replace(part, extents=extents, strides=strides, moving=moving)
        accesses.append(Access(operand, writes=number > 0, reads=number == 0, part=part))
    words = 0
    if way is DigitRows:
        words = 2 * length * (2 if x.dtype.itemsize == 8 else 1)
        records = Operand(Buffer(dtypes.int64, cut.count * words, "records"), (cut.count, words), (words, 1))
        accesses.append(Access(records, writes=True, reads=False, part=along([(cut.count, words), (words, 1)], 0, 1)))
    sizes = (length, count, *(o.strides[op.axis] for o in operands), words)
    extents = (*(a.extent for a in axes), cut.step, *sizes, *(a.strides[n] for a in axes for n in range(3)))
    title = f"{op.name} {'x'.join(map(str, x.shape))}"
    return [Work(shared(OrderKernel(way, form)), tuple(accesses), extents, cut.count, title)]
