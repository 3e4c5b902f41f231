"""In which order a kernel that reduces rows computes the values of its body."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import accumulate

from gradwerk.compiler.llvm.emitter import LaneEmitter
from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.lane_code import Lanes
from gradwerk.compiler.llvm.lanes import Combiner
from gradwerk.compiler.llvm.values import Value
from gradwerk.compiler.spoken import is_heavy
from gradwerk.ir.graph import Graph, Node
from gradwerk.ir.graph import Value as BodyValue
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Random, Reduction
from gradwerk.ir.plan import MOST_SCRATCH

LONGEST_KEPT = 4096
"""Elements of which transcendental values are kept in scratch memory."""
HEAVY_BODY = 24
"""A body of more instructions is not unrolled."""


class Levels:
    """Of each value of a body: how many reductions come before it, and whether it varies along the row."""

    def __init__(self, body: Graph) -> None:
        self.nodes = [node for node in body.live() if not isinstance(node.op, Input)]
        self.reductions: dict[int, list[Node]] = {}
        """By level, the reductions that this pass computes."""
        self.narrow: dict[int, list[Node]] = {}
        """By level, the values of one number per row that this pass can begin with and earlier ones could not."""
        self.along: dict[int, list[Node]] = {}
        """By level, those along the row."""
        self.level: dict[BodyValue, int] = dict.fromkeys(body.inputs, 0)
        self.wide: set[BodyValue] = {value for value in body.inputs if value.shape == (2,)}
        for node in self.nodes:
            value, reduces = node.values[0], isinstance(node.op, Reduction)
            before = max((self.level[a] for a in node.args), default=0)
            self.level[value] = before + reduces
            if not reduces and (isinstance(node.op, Random) or any(a in self.wide for a in node.args)):
                self.wide.add(value)
            kind = self.reductions if reduces else self.along if value in self.wide else self.narrow
            kind.setdefault(before, []).append(node)
        self.depth = max(self.reductions, default=-1) + 1
        passes = [[node.args[0] for node in reductions] for reductions in self.reductions.values()]
        needed = Counter(node for wanted in (*passes, body.outputs) for node in self.cone(wanted))
        heavy = [node.values[0] for node in self.nodes if needed[node] > 1 and is_heavy(node)]
        *starts, self.kept_bytes = accumulate((value.dtype.itemsize * LONGEST_KEPT for value in heavy), initial=0)
        self.kept_at = dict(zip(heavy, starts, strict=True))
        """Where in scratch memory the values stand that more than one pass needs."""
        while self.kept_bytes > MOST_SCRATCH:  # these are computed in each pass, to the same bits
            _, self.kept_bytes = self.kept_at.popitem()

    def kept(self, f: Function, scratch: Value) -> dict[BodyValue, Value]:
        """The addresses of kept values."""
        return {value: f.at(scratch, start, element="i8") for value, start in self.kept_at.items()}

    def cone(self, wanted: Iterable[BodyValue]) -> list[Node]:
        """The nodes of values along the row that these need, in order."""
        found, todo = set[Node](), list(wanted)
        while todo:
            value = todo.pop()
            if value in self.wide and value.node not in found and not isinstance(value.node.op, Input):
                found.add(value.node)
                todo += value.node.args
        return sorted(found, key=lambda node: node.number)


def combiner_of(e: LaneEmitter, reductions: Sequence[Node]) -> Combiner:
    """Several reductions at once, over vectors of lanes."""
    ops = [node.op for node in reductions]
    kinds = [node.args[0].dtype for node in reductions]
    identities = [e.const(op.identity(d), d) for op, d in zip(ops, kinds, strict=True) if isinstance(op, Reduction)]

    def combine(a: Sequence[Lanes], b: Sequence[Lanes]) -> list[Lanes]:
        return [op.combine(e, x, y) for op, x, y in zip(ops, a, b, strict=True) if isinstance(op, Reduction)]

    return Combiner(identities, combine)
