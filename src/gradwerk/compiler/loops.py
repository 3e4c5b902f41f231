"""A scan as a native loop: its body's work once in the table, run `length` times with the iteration number.

What changes from iteration to iteration is a Slice of a buffer that holds all iterations.  A carry is kept for every iteration (position 0
is the initial value, iteration t reads t and writes t + 1), so that a stacked output which is a carry is only a view; a large carry that is
not kept by anyone lives in one place and is copied back.  Work of the body that touches nothing of the loop runs once, before it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING

from gradwerk.base.events import emit
from gradwerk.compiler.memory import Segment, Slice, content, root
from gradwerk.compiler.outline import units_of
from gradwerk.compiler.work import Buffer, Operand, Work
from gradwerk.ir.graph import Node, Type, Value
from gradwerk.ops.control import Scan

if TYPE_CHECKING:
    from gradwerk.compiler.lower import Lowering

LARGEST_HISTORY = 1 << 28
"""Bytes that the history of one carry may take; a larger one is kept in one place."""


class ScanParts:
    """The arguments and results of a scan and its body, by role."""

    def __init__(self, node: Node, op: Scan) -> None:
        body, carries, xs = op.body, op.carries, op.scanned
        self.length, self.reverse = op.length, op.reverse
        self.initial, self.stacked_in, self.constants = node.args[:carries], node.args[carries : carries + xs], node.args[carries + xs :]
        self.carry_in, self.x_in, self.constant_in = body.inputs[:carries], body.inputs[carries : carries + xs], body.inputs[carries + xs :]
        self.carry_out, self.y_out = body.outputs[:carries], body.outputs[carries:]
        self.final, self.stacked_out = node.values[:carries], node.values[carries:]
        self.before, self.after = ({v: k for k, v in reversed([*enumerate(values)])} for values in (self.carry_in, self.carry_out))
        """The first carry that a value is, before and after an iteration."""


def lower_scan(lowering: Lowering, node: Node) -> bool:
    """Appends the loop; False, with nothing appended, when the body cannot run natively: it needs the host, or holds another loop."""
    op = node.op
    if not isinstance(op, Scan) or op.length == 0:
        return False
    if any(isinstance(inner.op, Scan) for inner in op.body.live()):
        emit("host loop", length=op.length, ops=(op.name,))
        return False
    before = lowering.state()
    units = units_of(op.body)
    parts, inner = ScanParts(node, op), lowering.child(units, op.length, reverse=op.reverse)
    made = frozenset(value for unit in units for value in unit.writes)
    for value, outer in zip(parts.constant_in, parts.constants, strict=True):
        inner.operands[value] = lowering.operand(outer)
        inner.lasting.add(inner.operands[value].buffer)
    for value, outer in zip(parts.x_in, parts.stacked_in, strict=True):
        inner.operands[value] = one_of(lowering.operand(outer), parts)
    histories = [history(lowering, inner, parts, k, made) for k in range(len(parts.carry_in))]
    stacks = [stack(lowering, inner, parts, k, made) for k in range(len(parts.y_out))]
    for unit in units:
        inner.unit(unit)
    if inner.steps:  # a unit of the body went to the host
        emit("host loop", length=op.length, ops=tuple(dict.fromkeys(s.op.name for s in inner.steps if not isinstance(s, Segment))))
        lowering.back_to(before)
        return False
    finish_iteration(inner, parts, histories, stacks)
    outside, inside = split_invariant(inner.pending)
    lowering.pending += outside
    lowering.flush()
    lowering.steps.append(Segment(tuple(inside), parts.length))
    publish(lowering, parts, histories, stacks)
    return True


def one_of(operand: Operand, parts: ScanParts) -> Operand:
    """The part of a stacked operand that an iteration reads."""
    stride = operand.strides[0]
    start = operand.offset + (stride * (parts.length - 1) if parts.reverse else 0)
    step = -stride if parts.reverse else stride
    part = Slice(operand.dtype, operand.buffer.count, base=content(operand.buffer), start=start, step=step)
    return Operand(part, operand.shape[1:], operand.strides[1:])


def history(lowering: Lowering, inner: Lowering, parts: ScanParts, k: int, made: Container[Value]) -> Operand:
    """Memory for a carry at all iterations (or one), its initial value written, and the body's operands on it.

    `made`: what units of the body write.  Only they can be told where; anything else is copied when the iteration ends.
    """
    value, type_ = parts.carry_in[k], parts.carry_in[k].type
    kept = type_.nbytes * (parts.length + 1) <= LARGEST_HISTORY
    length = parts.length + 1 if kept else 1
    whole = lowering.spaced(Type((length, *type_.shape), type_.dtype), "carry")
    lowering.copy(lowering.operand(parts.initial[k]), Operand(whole.buffer, type_.shape, whole.strides[1:]))
    step = whole.strides[0] if kept else 0
    inner.operands[value] = _slice(whole, 0, step)
    out = parts.carry_out[k]
    if kept and out in made and out not in inner.operands:
        inner.operands[out] = _slice(whole, step, step)
    return whole


def stack(lowering: Lowering, inner: Lowering, parts: ScanParts, k: int, made: Container[Value]) -> Operand | None:
    """Memory for a stacked output and the body's operand on it; None when a carry's history already holds it."""
    value = parts.y_out[k]
    is_carry = value in parts.before or (value in parts.after and value in inner.operands)
    if is_carry and value.type.nbytes * (parts.length + 1) <= LARGEST_HISTORY:
        return None
    whole = lowering.result(parts.stacked_out[k])
    if value in made and value not in inner.operands:
        inner.operands[value] = one_of(whole, parts)
    return whole


def finish_iteration(inner: Lowering, parts: ScanParts, histories: Sequence[Operand], stacks: Sequence[Operand | None]) -> None:
    """Copies for outputs that are not written where they belong: carries back, values that have two places."""
    for value, whole in zip(parts.y_out, stacks, strict=True):
        if whole is not None:
            place, have = one_of(whole, parts), inner.operand(value)
            if not same_place(have, place):
                inner.copy(have, place)
    overwritten = {whole.buffer for whole in histories if whole.shape[0] == 1}
    moves: list[tuple[Operand, Operand]] = []
    for value, whole in zip(parts.carry_out, histories, strict=True):
        step = whole.strides[0] if whole.shape[0] > 1 else 0
        place, have = _slice(whole, step, step), inner.operand(value)
        if same_place(have, place):
            continue
        if root(have.buffer) in overwritten:  # a carry that only moves must be read before any carry is written over
            aside = inner.dense(value.type, "carry aside")
            inner.copy(have, aside)
            have = aside
        moves.append((have, place))
    for have, place in moves:
        inner.copy(have, place)


def publish(lowering: Lowering, parts: ScanParts, histories: Sequence[Operand], stacks: Sequence[Operand | None]) -> None:
    """The scan's results as operands of the outer graph."""
    for value, carry in zip(parts.final, histories, strict=True):
        last = Operand(carry.buffer, value.shape, carry.strides[1:], (carry.shape[0] - 1) * carry.strides[0])
        _settle(lowering, value, last)
    for value, inner_value, whole in zip(parts.stacked_out, parts.y_out, stacks, strict=True):
        if whole is None:
            late = inner_value not in parts.before
            k = (parts.after if late else parts.before)[inner_value]
            _settle(lowering, value, _history_view(histories[k], value, parts, late=late))


def _history_view(whole: Operand, value: Value, parts: ScanParts, *, late: bool) -> Operand:
    """A stacked output as a view of a carry's history: iteration t is position t, or t + 1 when it is the carry after the iteration."""
    step, *inner = whole.strides
    if not parts.reverse:
        return Operand(whole.buffer, value.shape, (step, *inner), step if late else 0)
    # in reverse, iteration t stands for position length - 1 - t of the stack
    return Operand(whole.buffer, value.shape, (-step, *inner), step * (parts.length - 1) + (step if late else 0))


def _settle(lowering: Lowering, value: Value, operand: Operand) -> None:
    if value in lowering.operands:
        lowering.copy(operand, lowering.operands[value])
    else:
        lowering.operands[value] = operand


def _slice(whole: Operand, start: int, step: int) -> Operand:
    part = Slice(whole.dtype, whole.buffer.count, base=whole.buffer, start=start, step=step)
    return Operand(part, whole.shape[1:], whole.strides[1:])


def same_place(a: Operand, b: Operand) -> bool:
    """Whether two operands are the same memory in the same layout, in every iteration."""
    if (a.shape, a.strides, a.offset) != (b.shape, b.strides, b.offset):
        return False
    if isinstance(a.buffer, Slice) and isinstance(b.buffer, Slice):
        return (a.buffer.base, a.buffer.start, a.buffer.step) == (b.buffer.base, b.buffer.start, b.buffer.step)
    return a.buffer is b.buffer


def split_invariant(works: Sequence[Work]) -> tuple[list[Work], list[Work]]:
    """Work that touches nothing of the loop, and the rest."""
    before: list[Work] = []
    inside: list[Work] = []
    varying: set[Buffer] = set()
    written_later = {root(a.operand.buffer) for work in works for a in work.accesses if a.writes and isinstance(a.operand.buffer, Slice)}
    for work in works:
        touched = {root(access.operand.buffer) for access in work.accesses}
        moves = any(isinstance(access.operand.buffer, Slice) for access in work.accesses)
        if moves or touched & (varying | written_later):
            inside.append(work)
            varying.update(root(access.operand.buffer) for access in work.accesses if access.writes)
        else:
            before.append(work)
    return before, inside
