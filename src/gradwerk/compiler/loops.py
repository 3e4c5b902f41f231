"""Control ops as native loops: a body's work once in the table, run any number of times with the iteration number.

A branch is a loop of one iteration that a flag may keep from running; while another flag is set, a loop goes on.  Loops nest: what lowers a
body is a `Lowering` like any other, and what has no native lowering is a call of Python inside the loop.

What changes from iteration to iteration is an IterationSlice of a buffer that holds all iterations.  A carry is kept for every iteration
(position 0 is the initial value, iteration t reads t and writes t + 1), so that a stacked output which is a carry is only a view; a large
carry that is not kept by anyone lives in one place and is copied back.  Work of the body that touches nothing of the loop runs once, before
it.
"""

from __future__ import annotations

from collections.abc import Container, Sequence, Set

from gradwerk.base.events import emit
from gradwerk.compiler.lower import Lowering
from gradwerk.compiler.memory import IterationSlice, content, place_of, root
from gradwerk.compiler.steps import Repeated, Segment, Step, calls_of, works_of
from gradwerk.compiler.work import Buffer, Operand, Work
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.plan import ENDLESS, Turns
from gradwerk.ir.type import Type
from gradwerk.ops.control import Scan

LARGEST_HISTORY = 1 << 28
"""Bytes that the history of one carry may take; a larger one is kept in one place."""


class Parts:
    """The arguments and results of a loop and its body, by role: carries first, then slices, then what every iteration sees whole."""

    def __init__(self, node: Node, body: Graph, carries: int, scanned: int, turns: Turns, level: int, *, keeps: bool = True) -> None:
        end = carries + scanned
        self.turns, self.reverse, self.level = turns, turns.reverse, level
        self.length = turns.trips
        self.largest = LARGEST_HISTORY if keeps else -1
        """Bytes that the history of a carry may take."""
        self.initial, self.stacked_in, self.constants = node.args[:carries], node.args[carries:end], node.args[end:]
        self.carry_in, self.x_in, self.constant_in = body.inputs[:carries], body.inputs[carries:end], body.inputs[end:]
        self.carry_out, self.y_out = body.outputs[:carries], body.outputs[carries:]
        self.final, self.stacked_out = node.values[:carries], node.values[carries:]
        self.before, self.after = ({v: k for k, v in reversed([*enumerate(values)])} for values in (self.carry_in, self.carry_out))
        """The first carry that a value is, before and after an iteration."""

    def part(self, whole: Operand, start: int, step: int) -> Operand:
        """An entry along the first axis: `start` elements from the operand's first, in each iteration `step` elements further."""
        begin, steps = place_of(whole)
        moves = (*steps, *[0] * (self.level - len(steps)), step)
        buffer = IterationSlice(whole.dtype, whole.buffer.count, base=content(whole.buffer), start=begin + start, steps=moves)
        return Operand(buffer, whole.shape[1:], whole.strides[1:])

    def one_of(self, stack: Operand) -> Operand:
        """The part of a stacked operand that an iteration reads or writes."""
        stride = stack.strides[0]
        return self.part(stack, stride * (self.length - 1) if self.reverse else 0, -stride if self.reverse else stride)


def lower_scan(lowering: Lowering, node: Node) -> None:
    """Appends the loop of a scan."""
    op = node.op
    if not isinstance(op, Scan):
        raise TypeError(op)
    if op.length == 0:
        for value, initial in zip(node.values[: op.carries], node.args[: op.carries], strict=True):
            publish_at(lowering, value, lowering.operand(initial))
        for value in node.values[op.carries :]:
            lowering.result(value)
        return
    turns = Turns(op.length, op.reverse)
    lower_loop(lowering, op.body, Parts(node, op.body, op.carries, op.scanned, turns, len(lowering.loops)))


def lower_loop(lowering: Lowering, body: Graph, parts: Parts, *, flagged: bool = False) -> None:
    """A loop of native work and calls of Python.  `flagged`: the first carry says whether there is another iteration."""
    inner, units = lowering.child(body, parts.turns)
    made = frozenset(value for unit in units for value in unit.writes)
    for value, outer in zip(parts.constant_in, parts.constants, strict=True):
        inner.operands[value] = lowering.operand(outer)
        inner.lasting.add(inner.operands[value].buffer)
    for value, outer in zip(parts.x_in, parts.stacked_in, strict=True):
        inner.operands[value] = parts.one_of(lowering.operand(outer))
    histories = [history(lowering, inner, parts, k, made) for k in range(len(parts.carry_in))]
    stacks = [stack(lowering, inner, parts, k, made) for k in range(len(parts.y_out))]
    for unit in units:
        inner.unit(unit)
    finish_iteration(inner, parts, histories, stacks)
    inner.flush()
    checks = lowering.checks.keys() if flagged else set()
    outside, inside = split_invariant(inner.steps, parts.level, checks)
    lowering.pending += outside
    lowering.flush()
    flag = Operand(histories[0].buffer, (), ()) if flagged else None
    lowering.steps.append(Repeated(tuple(inside), parts.length, flag))
    told(lowering.steps[-1:], parts.length, parts.turns.what)
    publish(lowering, parts, histories, stacks)


def told(steps: Sequence[Step], length: int, what: str) -> None:
    """Says that a loop calls Python in every iteration, and for what."""
    calls = tuple(dict.fromkeys(call.op.name for call in calls_of(steps)))
    if calls:
        emit("host loop", what=what, length=length if length < ENDLESS else 0, ops=calls)


def history(lowering: Lowering, inner: Lowering, parts: Parts, k: int, made: Container[Value]) -> Operand:
    """Memory for a carry at all iterations (or one), its initial value written, and the body's operands on it.

    `made`: what units of the body write.  Only they can be told where; anything else is copied when the iteration ends.
    """
    value, type_ = parts.carry_in[k], parts.carry_in[k].type
    kept = type_.nbytes * (parts.length + 1) <= parts.largest
    length = parts.length + 1 if kept else 1
    whole = lowering.spaced(Type((length, *type_.shape), type_.dtype), "carry")
    lowering.copy(lowering.operand(parts.initial[k]), Operand(whole.buffer, type_.shape, whole.strides[1:]))
    step = whole.strides[0] if kept else 0
    inner.operands[value] = parts.part(whole, 0, step)
    out = parts.carry_out[k]
    if kept and out in made and out not in inner.operands:
        inner.operands[out] = parts.part(whole, step, step)
    return whole


def stack(lowering: Lowering, inner: Lowering, parts: Parts, k: int, made: Container[Value]) -> Operand | None:
    """Memory for a stacked output and the body's operand on it; None when a carry's history already holds it."""
    value = parts.y_out[k]
    is_carry = value in parts.before or (value in parts.after and value in inner.operands)
    if is_carry and value.type.nbytes * (parts.length + 1) <= parts.largest:
        return None
    whole = lowering.result(parts.stacked_out[k])
    if value in made and value not in inner.operands:
        inner.operands[value] = parts.one_of(whole)
    return whole


def finish_iteration(inner: Lowering, parts: Parts, histories: Sequence[Operand], stacks: Sequence[Operand | None]) -> None:
    """Copies for outputs that are not written where they belong: carries back, values that have two places."""
    for value, whole in zip(parts.y_out, stacks, strict=True):
        if whole is not None:
            settle(inner, value, parts.one_of(whole))
    overwritten = {whole.buffer for whole in histories if whole.shape[0] == 1}
    moves: list[tuple[Operand, Operand]] = []
    for value, whole in zip(parts.carry_out, histories, strict=True):
        step = whole.strides[0] if whole.shape[0] > 1 else 0
        place, have = parts.part(whole, step, step), inner.operand(value)
        if same_place(have, place):
            continue
        if root(have.buffer) in overwritten:  # a carry that only moves must be read before any carry is written over
            aside = inner.dense(value.type, "carry aside")
            inner.copy(have, aside)
            have = aside
        moves.append((have, place))
    for have, place in moves:
        inner.copy(have, place)


def publish(lowering: Lowering, parts: Parts, histories: Sequence[Operand], stacks: Sequence[Operand | None]) -> None:
    """The loop's results as operands of the outer graph."""
    for value, carry in zip(parts.final, histories, strict=True):
        last = Operand(carry.buffer, value.shape, carry.strides[1:], (carry.shape[0] - 1) * carry.strides[0])
        publish_at(lowering, value, last)
    for value, inner_value, whole in zip(parts.stacked_out, parts.y_out, stacks, strict=True):
        if whole is None:
            late = inner_value not in parts.before
            k = (parts.after if late else parts.before)[inner_value]
            publish_at(lowering, value, _history_view(histories[k], value, parts, late=late))


def _history_view(whole: Operand, value: Value, parts: Parts, *, late: bool) -> Operand:
    """A stacked output as a view of a carry's history: iteration t is position t, or t + 1 when it is the carry after the iteration."""
    step, *inner = whole.strides
    if not parts.reverse:
        return Operand(whole.buffer, value.shape, (step, *inner), step if late else 0)
    # in reverse, iteration t stands for position length - 1 - t of the stack
    return Operand(whole.buffer, value.shape, (-step, *inner), step * (parts.length - 1) + (step if late else 0))


def publish_at(lowering: Lowering, value: Value, operand: Operand) -> None:
    """A result lies there, or goes where it was told to be."""
    if value in lowering.operands:
        lowering.copy(operand, lowering.operands[value])
    else:
        lowering.operands[value] = operand


def settle(inner: Lowering, value: Value, place: Operand) -> None:
    """Copies a value to its place, unless it was made there."""
    have = inner.operand(value)
    if not same_place(have, place):
        inner.copy(have, place)


def same_place(a: Operand, b: Operand) -> bool:
    """Whether two operands are the same memory in the same layout, in every iteration."""
    if (a.shape, a.strides, a.offset) != (b.shape, b.strides, b.offset):
        return False
    if isinstance(a.buffer, IterationSlice) and isinstance(b.buffer, IterationSlice):
        return (a.buffer.base, a.buffer.start, a.buffer.steps) == (b.buffer.base, b.buffer.start, b.buffer.steps)
    return a.buffer is b.buffer


def split_invariant(steps: Sequence[Step], level: int, checks: Set[Buffer]) -> tuple[list[Work], list[Step]]:
    """Work that touches nothing of the loop of this level, and the rest.

    `checks`: records of checks that stay inside, because it is not known whether there is any iteration.
    """
    before: list[Work] = []
    rest: list[Step] = []
    written = [a.operand.buffer for work in works_of(steps) for a in work.accesses if a.writes]
    varying: set[Buffer] = set()
    written_later = {root(buffer) for buffer in written if isinstance(buffer, IterationSlice)}
    for step in steps:
        if not isinstance(step, Segment):
            varying |= {root(a.operand.buffer) for work in works_of([step]) for a in work.accesses if a.writes}
            varying |= {root(operand.buffer) for call in calls_of([step]) for operand in call.writes}
            rest.append(step)
            continue
        inside: list[Work] = []
        for work in step.work:
            touched = {root(access.operand.buffer) for access in work.accesses}
            if any(moves(access.operand.buffer, level) for access in work.accesses) or touched & (varying | written_later | checks):
                inside.append(work)
                varying.update(root(access.operand.buffer) for access in work.accesses if access.writes)
            else:
                before.append(work)
        if inside:
            rest.append(Segment(tuple(inside)))
    return before, rest


def moves(buffer: Buffer, level: int) -> bool:
    """Whether the loop of this level, or one inside it, has another part of it in each iteration."""
    return isinstance(buffer, IterationSlice) and len(buffer.steps) > level
