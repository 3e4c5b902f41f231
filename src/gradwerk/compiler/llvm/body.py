"""Bodies of fused regions (ir/region.py) as code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.lane_code import Lanes
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Elementwise, Random


def emit_node(e: LaneEmitter, node: Node, args: Sequence[Lanes], index: Lanes | None) -> Lanes:
    """The code of one node of a body.  `index` is the row-major place in the iteration space, for random bits."""
    op = node.op
    if isinstance(op, Constant):
        return e.const(dtypes.number_of(op.reference()), op.type.dtype)
    if not isinstance(op, Elementwise | Random):
        raise TypeError(f"{op} has no place in a body")
    rule: Any = op  # random ops take the index before their arguments
    made: Lanes = rule.emit(e, index, *args) if isinstance(op, Random) else rule.emit(e, *args)
    return made


def evaluate(body: Graph, e: LaneEmitter, inputs: Sequence[Lanes], index: Lanes | None = None) -> list[Lanes]:
    """The outputs of a body without reductions."""
    place: dict[Value, Lanes] = dict(zip(body.inputs, inputs, strict=True))
    for node in body.live():
        if not isinstance(node.op, Input):
            place[node.values[0]] = emit_node(e, node, [place[value] for value in node.args], index)
    return [place[value] for value in body.outputs]
