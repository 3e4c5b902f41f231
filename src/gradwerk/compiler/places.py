"""Where values lie: every value gets an operand, a strided view of a buffer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.homes import Home
from gradwerk.compiler.memory import Overwritten, content
from gradwerk.compiler.work import Buffer, Operand, order_of, row_major
from gradwerk.ir.control import maker_of
from gradwerk.ir.graph import Type, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Movement
from gradwerk.ir.strides import Strides

CACHE_WAY, LINE = 1024, 64
"""Bytes between rows that begin to share cache sets, bytes of a cache line."""


@dataclass
class Places:
    """The operands of a graph's values."""

    operands: dict[Value, Operand] = field(default_factory=dict)
    constants: dict[Buffer, bytes] = field(default_factory=dict)
    homes: Mapping[Value, Home] = field(default_factory=dict)
    """The movements that values go to."""

    def operand(self, value: Value) -> Operand:
        """Where a value lies."""
        if value not in self.operands:
            op = value.node.op
            if not isinstance(op, Constant):
                raise KeyError(f"{value!r} of {op} was read before it was made")
            self.operands[value] = self.constant(op)
        return self.operands[value]

    def constant(self, op: Constant) -> Operand:
        """A constant in the Plan's constant section; one that repeats along axes is stored once."""
        buffer = Buffer(op.type.dtype, op.type.size, "constant")
        self.constants[buffer] = op.data
        return Operand(buffer, op.type.shape, row_major(op.type.shape))

    def result(self, value: Value, like: Sequence[Operand] = ()) -> Operand:
        """Where a value is to be written: the place prepared for it, where a movement would carry it, or a new buffer.

        Its axes lie in memory as in what it is made of.
        """
        if value not in self.operands:
            home = self.at_home(value, like)
            if home is not None:
                self.operands[value] = home
                return home
            order = next((o for o in map(order_of, like) if o and len(o) == value.ndim), None)
            self.operands[value] = self.ordered(value.type, order) if order else self.spaced(value.type, maker_of(value).name)
        return self.operands[value]

    def at_home(self, value: Value, like: Sequence[Operand]) -> Operand | None:
        """Where a value lies in the result of the movement that it goes to.

        None where there is none, and where that writes over an input, which must not happen before all that reads the old content has run.
        """
        home = self.homes.get(value)
        if home is None:
            return None
        node, result = home.node, home.node.values[0]
        whole = self.operands.get(result) or self.at_home(result, like) or (None if home.waits else self.result(result, like))
        if whole is None or isinstance(content(whole.buffer), Overwritten) or not isinstance(node.op, Movement):
            return None
        places = node.op.places(whole.layout, *(arg.type for arg in node.args))
        if places is None or not (home.turns or row_by_row(places[home.position])):
            return None
        return Operand.over(whole.buffer, places[home.position])

    def ordered(self, type_: Type, order: Sequence[int]) -> Operand:
        """A new dense buffer whose axes lie in memory in this order, outermost first."""
        steps = row_major(tuple(type_.shape[k] for k in order))
        strides = tuple(steps[order.index(k)] for k in range(type_.ndim))
        return Operand(Buffer(type_.dtype, type_.size, "ordered"), type_.shape, strides)

    def dense(self, type_: Type, label: str = "") -> Operand:
        """A new row-major buffer."""
        return Operand(Buffer(type_.dtype, type_.size, label), type_.shape, row_major(type_.shape))

    def spaced(self, type_: Type, label: str = "") -> Operand:
        """A new buffer whose rows, where they are a power-of-two distance apart, stand one cache line further apart.

        Rows at such distances share cache sets: a product that walks down a column of 4 KiB rows runs at half speed.  However many rows
        there are: a layout must not depend on the number of examples.
        """
        *outer, width = type_.shape if type_.ndim > 1 else (1, 1)
        if type_.ndim < 2 or width * type_.dtype.itemsize % CACHE_WAY or not type_.size:
            return self.dense(type_, label)
        pitch = width + LINE // type_.dtype.itemsize
        strides = tuple(step * pitch for step in row_major(tuple(outer)))
        return Operand(Buffer(type_.dtype, type_.size // width * pitch, label), type_.shape, (*strides, 1))


def row_by_row(layout: Strides) -> bool:
    """Whether neighbours along the last axis are neighbours in memory."""
    return layout.shape[-1:] == (1,) or layout.strides[-1:] in {(), (1,)}


def in_rows(layout: Strides, axes: Sequence[int]) -> Strides | None:
    """The layout with these neighbouring axes as one, and last; None where no stride leads through all of them."""
    kept = [k for k in range(len(layout.shape)) if k not in axes]
    length, step = 1, 0
    for axis in reversed(axes):
        extent, stride = layout.shape[axis], layout.strides[axis]
        if extent == 1:
            continue
        if length > 1 and stride != step * length:
            return None
        length, step = length * extent, step if length > 1 else stride
    return Strides((*[layout.shape[k] for k in kept], length), (*[layout.strides[k] for k in kept], step), layout.offset)


def row_operand(operand: Operand, axes: Sequence[int]) -> Operand:
    """An operand as `in_rows` has it.  Raises: VerifyError where it does not lie so."""
    laid = in_rows(operand.layout, axes)
    if laid is None:
        raise VerifyError(f"rows along axes {tuple(axes)} of {operand} are no rows in memory")
    return Operand.over(operand.buffer, laid)
