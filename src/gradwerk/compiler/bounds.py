"""Indices are looked at before anything is overwritten: docs/decisions/0009-errors-in-compiled-steps.md.

Every op that reads or writes at indices gets them from an `InRange`, one for all readers of the same indices with as many rows.  These
nodes and what they need then stand before everything else, so that a bad label or id in the data is found in the first microsecond.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.origin import Origin
from gradwerk.compiler.backend import Capabilities
from gradwerk.compiler.lower import Lowering
from gradwerk.compiler.memory import IterationSlice
from gradwerk.compiler.rewrite import rewrite
from gradwerk.compiler.work import Buffer, Operand, row_major
from gradwerk.ir.control import Control, bodies_of, graphs_in, rewritten
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Indexed, Movement, Op, Source
from gradwerk.ir.plan import FAULT_WORDS, Check
from gradwerk.ir.region import Single, Unit
from gradwerk.ir.strides import Strides
from gradwerk.ops.look import InRange, Look, NotZero, indices_of
from gradwerk.ops.movement import Concatenate, Pad, Reshape

LONGEST = 1 << 24
"""Iterations of one of several nested loops that the record of a check tells apart."""
COPIED = (Pad, Reshape, Concatenate)
"""Movements that are copies where no view can say them."""


def check_indices(graph: Graph) -> Graph:
    """The same graph, its indices looked at."""
    if not any(issubclass(kind, Indexed) for part in graphs_in(graph) for kind in part.kinds):
        return graph
    looked: dict[tuple[Value, int], Value] = {}

    def behind_looks(new: Graph, node: Node, args: list[Value]) -> Sequence[Value]:
        op = rewritten(node.op, check_indices)
        if isinstance(op, InRange):
            if op.ignored is None:
                looked[args[0], op.rows] = new.apply(op, args)[0]
        elif isinstance(op, Indexed):
            position, rows = op.indexed(*(value.type for value in args))
            args[position] = known(args[position], rows, op, looked)
        return new.apply(op, args)

    return rewrite(graph, behind_looks)


def origins_of_checks(graph: Graph) -> list[Origin | None]:
    """Where each look at indices of a graph comes from, in an order that graphs which say the same share."""
    found: list[Origin | None] = []
    for node in check_indices(graph).live():
        for body in bodies_of(node.op):
            found += origins_of_checks(body)
        if isinstance(node.op, Look):
            found.append(node.origins[0] if node.origins else None)
    return found


def known(indices: Value, rows: int, reader: Op, looked: dict[tuple[Value, int], Value]) -> Value:
    """The indices as values that were looked at: by an earlier reader with as many rows, or for this one."""
    made = indices.node.op
    if isinstance(made, InRange) and made.ignored is None and made.rows <= rows:
        return indices
    if (indices, rows) not in looked:
        (looked[indices, rows],) = indices.node.graph.apply(InRange(rows, indices_of(reader)), [indices])
    return looked[indices, rows]


def checks_first(units: Sequence[Unit], can: Capabilities) -> list[Unit]:
    """The units that look at numbers, after what they need, then the rest; each part in its order."""
    if not any(looks(unit, can) for unit in units):
        return list(units)
    wanted, early = set[Value](), set[int]()
    for number in range(len(units) - 1, -1, -1):
        unit = units[number]
        if looks(unit, can) or wanted.intersection(unit.writes):
            wanted.update(unit.reads)
            early.add(number)
    first = [unit for number, unit in enumerate(units) if number in early]
    return first + [unit for number, unit in enumerate(units) if number not in early]


def looks(unit: Unit, can: Capabilities) -> bool:
    """Whether the unit looks at numbers: natively, or within a loop."""
    if not isinstance(unit, Single):
        return False
    return isinstance(unit.node.op, Look) or (isinstance(unit.node.op, Control) and may_fail(unit.node, can))


def lower_check(lowering: Lowering, node: Node) -> None:
    """A look as work.  Its result is the argument where it lies."""
    op, value, indices = node.op, node.values[0], lowering.operand(node.args[0])
    if isinstance(op, InRange | NotZero) and value.type.size:
        record = Operand(Buffer(dtypes.int64, FAULT_WORDS, "fault"), (FAULT_WORDS,), (1,))
        ignored = op.ignored if isinstance(op, InRange) and op.ignores(value.dtype) else None
        allowed = None if ignored is None else lowering.constant(Constant.of(np.asarray(ignored, value.dtype)))
        loops, counted = lowering.loops, None
        if len(loops) > 1:
            loops = tuple([replace(loop, span=min(loop.trips, LONGEST)) for loop in loops])
            counted = counting(record, [loop.span for loop in loops])
        lowering.pending += lowering.backend.look(op, indices, record, len(lowering.checks), allowed, counted)
        lowering.checks[record.buffer] = Check(op, value.shape, value.dtype, loops, tuple(node.origins))
    if value in lowering.operands:
        lowering.copy(indices, lowering.operands[value])
    else:
        lowering.operands[value] = indices


def counting(record: Operand, spans: Sequence[int]) -> Operand:
    """A place as many words behind a record as there were iterations before, those of nested loops counted through."""
    steps = [1]
    for span in reversed(spans[1:]):
        steps.insert(0, steps[0] * span)
    return Operand(IterationSlice(record.dtype, FAULT_WORDS, base=record.buffer, steps=tuple(steps)), (0,), (1,))


def may_fail(node: Node, can: Capabilities) -> bool:
    """Whether running the node may raise: it calls Python, or looks at numbers.  Kernels answer for any data (they find indices looked
    at).
    """
    op = node.op
    if isinstance(op, Control):  # one that nobody knows the end of may have none
        return op.endless or any(may_fail(inner, can) for body in op.bodies for inner in body.live())
    if isinstance(op, Movement):
        return not isinstance(op, COPIED) and op.view(Strides(node.args[0].shape, row_major(node.args[0].shape))) is None
    return not (isinstance(op, Source) or can.takes(node))
