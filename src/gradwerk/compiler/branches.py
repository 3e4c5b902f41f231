"""Control that depends on data, as native loops: a branch is a loop of at most one iteration, a while loop one that its flag ends."""

from __future__ import annotations

from gradwerk.compiler.loops import Parts, lower_loop, settle, told
from gradwerk.compiler.lower import Lowering
from gradwerk.compiler.steps import Repeated
from gradwerk.ir.graph import Node
from gradwerk.ir.plan import ENDLESS, Turns
from gradwerk.ops.branch import Cond, While


def lower_cond(lowering: Lowering, node: Node) -> None:
    """Appends both bodies, each with the flag that lets it run, writing to one place.

    Nothing leaves a branch, not even what would be the same outside: it may be what must not run.
    """
    op = node.op
    if not isinstance(op, Cond):
        raise TypeError(op)
    flag, operands = lowering.operand(node.args[0]), [lowering.operand(value) for value in node.args[1:]]
    results = [lowering.result(value) for value in node.values]
    lowering.flush()
    for body, when in ((op.then, True), (op.otherwise, False)):
        inner, units = lowering.child(body, Turns(1, what=""))
        inner.packs = dict(lowering.packs)  # what is packed in a branch that is not taken is not there for others
        inner.operands.update(zip(body.inputs, operands, strict=True))
        made = {value for unit in units for value in unit.writes}
        for value, place in zip(body.outputs, results, strict=True):
            if value in made and value not in inner.operands:
                inner.operands[value] = place
        for unit in units:
            inner.unit(unit)
        for value, place in zip(body.outputs, results, strict=True):
            settle(inner, value, place)
        inner.flush()
        lowering.steps.append(Repeated(tuple(inner.steps), 1, flag, when))
        told(lowering.steps[-1:], 1, "branch")


def lower_while(lowering: Lowering, node: Node) -> None:
    """Appends the loop.  Its carries have one place each: nobody knows how many there will be."""
    op = node.op
    if not isinstance(op, While):
        raise TypeError(op)
    turns = Turns(op.limit or ENDLESS, what="while loop")
    parts = Parts(node, op.body, op.carries, 0, turns, len(lowering.loops), keeps=False)
    lower_loop(lowering, op.body, parts, flagged=True)
