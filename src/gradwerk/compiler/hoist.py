"""Work that leaves loops, and loops that are one.

A gradient accumulated over iterations, carry + a_t * b_t, is one product over all iterations behind the loop: its operands become stacked
outputs, and the sum gets one more axis.  (An LSTM's weight gradients: one product at 95 % of peak instead of a hundred small ones.)

That adds up in another order, from +0 on, and the first carry last.  Of whole numbers it is the same sum.  Of floating ones it is not: the
order that a user has written decides where the sum rounds, whether it leaves the range, and the sign of its zero.  So only those leave
of which the scan says that nobody has chosen their order (`Scan.sums`: gradients, which begin with +0).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from gradwerk.base import dtypes
from gradwerk.base.errors import VerifyError
from gradwerk.compiler.rewrite import in_bodies, rewrite
from gradwerk.ir.carve import carve
from gradwerk.ir.control import Role
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Op
from gradwerk.ops.arithmetic import Add
from gradwerk.ops.contraction import Contract, Index, fresh_axis
from gradwerk.ops.control import Scan
from gradwerk.ops.movement import BroadcastTo, Reshape, Transpose
from gradwerk.ops.reduction import Sum

LARGEST_STACK = 1 << 16
"""Elements of an accumulated term that is stacked as it is, when it is neither a product nor a sum."""


# ---- equal loops


def merge_scans(graph: Graph) -> Graph:
    """Scans over the same arguments whose carries agree become one scan with the outputs of all; in bodies too."""
    graph = in_bodies(graph, merge_scans)
    if Scan not in graph.kinds:
        return graph
    families: dict[object, list[Node]] = {}
    for node in graph.live():
        if isinstance(node.op, Scan):
            op = node.op
            families.setdefault((node.args, op.length, op.reverse, op.carries, op.scanned, op.sums), []).append(node)
    merged = {nodes[0]: plan for nodes in families.values() if len(nodes) > 1 and (plan := union(nodes)) is not None}
    if not merged:
        return graph
    made: dict[Node, list[Value]] = {}  # what all scans of a family become, known when the first is made

    def joined(new: Graph, node: Node, args: list[Value]) -> Sequence[Value]:
        if node in merged:
            plan = merged[node]
            values = new.apply(plan.op, args)
            made.update((member, [values[at] for at in positions]) for member, positions in plan.places.items())
        return made[node] if node in made else new.apply(node.op, args)

    return rewrite(graph, joined)


@dataclass(frozen=True)
class Union:
    """One scan for several, and where each one's results stand among its results."""

    op: Scan
    places: dict[Node, tuple[int, ...]]


def union(nodes: Sequence[Node]) -> Union | None:
    """The scan that makes the outputs of all these scans; None when their carries differ."""
    first = nodes[0].op
    if not isinstance(first, Scan):
        return None
    body, outputs = Graph(first.body.name), list[Value]()
    inputs = [body.input(value.type, value.label) for value in first.body.inputs]
    places: dict[Node, tuple[int, ...]] = {}
    stacked: dict[Value, int] = {}
    for node in nodes:
        op = node.op
        if not isinstance(op, Scan):
            return None
        results = op.body.inline(inputs, body)
        if outputs and list(results[: op.carries]) != outputs[: op.carries]:
            return None
        outputs = outputs or list(results[: op.carries])
        for value in results[op.carries :]:
            if value not in stacked:
                stacked[value] = len(outputs)
                outputs.append(value)
        places[node] = (*range(op.carries), *(stacked[value] for value in results[op.carries :]))
    return Union(replace(first, body=body.finish(outputs)), places)


# ---- accumulated sums


def hoist(graph: Graph) -> Graph:
    """Every carry that only accumulates leaves its loop, from the innermost loop to the outermost."""
    graph = in_bodies(graph, hoist)
    return rewrite(graph, hoisted) if Scan in graph.kinds else graph


def hoisted(graph: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
    """The results of a node, a scan's with its accumulated sums behind it."""
    return hoist_scan(node.op, args, graph) if isinstance(node.op, Scan) else graph.apply(node.op, args)


def accumulated_terms(op: Scan) -> dict[int, Value]:
    """The terms of the carries that only accumulate, in any order as well as in theirs, by number."""
    reads = Counter([*(value for node in op.body.live() for value in node.args), *op.body.outputs])
    found = ((k, accumulated_term(op.body.inputs[k], op.body.outputs[k], reads)) for k in range(op.carries) if in_any_order(op, k))
    return {k: term for k, term in found if term is not None}


def in_any_order(op: Scan, k: int) -> bool:
    """Whether a carry that is a sum may be added up in any order: nobody has chosen one, or all give the same."""
    return k >= op.carries - op.sums or not dtypes.is_float(op.body.inputs[k].dtype)


def accumulated_term(carry: Value, out: Value, reads: Mapping[Value, int]) -> Value | None:
    """The term g of a carry that is only ever carry + g, or None.  `reads`: how often each value of the body is read.

    The carry is read by that sum alone, and the sum by nobody: so g does not depend on the carry, and nothing in the loop on the sum.
    """
    if not isinstance(out.node.op, Add) or reads[carry] != 1 or reads[out] != 1 or carry not in out.node.args:
        return None
    (term,) = [value for value in out.node.args if value is not carry]
    return term


def hoist_scan(op: Scan, args: Sequence[Value], graph: Graph) -> tuple[Value, ...]:
    """The scan without its accumulating carries, and their sums behind it."""
    terms = {k: term for k, term in accumulated_terms(op).items() if affordable(term)}
    if not terms:
        return graph.apply(op, args)
    kept = [k for k in range(op.carries) if k not in terms]
    needed = dict.fromkeys(value for term in terms.values() for value in leaves(term))
    stacks = [value for value in needed if known_outside(op, value) is None and not isinstance(value.node.op, Constant)]
    outputs = [op.body.outputs[k] for k in kept] + list(op.body.outputs[op.carries :]) + stacks
    sources = [value for k, value in enumerate(op.body.inputs) if k not in terms]
    body = carve(sources, outputs, op.body.name)
    smaller = replace(op, body=body, carries=len(kept), sums=sum(k >= op.carries - op.sums for k in kept))
    results = graph.apply(smaller, [args[k] for k in kept] + list(args[op.carries :]))
    stacked = dict(zip(stacks, results[len(results) - len(stacks) :], strict=True))

    def whole(value: Value) -> Leaf:
        if value in stacked:
            return Leaf(stacked[value], varies=True)
        if isinstance(value.node.op, Constant):
            return Leaf(graph.apply(value.node.op, ())[0], varies=False)
        position = known_outside(op, value)
        if position is None:
            raise VerifyError(f"{value!r} of a loop's body is needed behind the loop, which does not give it")
        made = value.node.op
        return Leaf(args[position], varies=isinstance(made, Input) and op.argument_of(0, made.position)[1] is Role.SLICE)

    final: dict[int, Value] = dict(zip(kept, results, strict=False))
    for k, term in terms.items():
        final[k] = graph.apply(Add(), [args[k], total(term, whole, graph, op.length)])[0]
    return (*(final[k] for k in range(op.carries)), *results[len(kept) : len(results) - len(stacks)])


@dataclass(frozen=True)
class Leaf:
    """A value of the body over all iterations: along a first axis where it `varies`, else the same in every one."""

    value: Value
    varies: bool

    def by_iteration(self, graph: Graph, length: int) -> Value:
        """With the axis of iterations in any case: what does not vary is repeated, which costs no memory."""
        if self.varies:
            return self.value
        return graph.apply(BroadcastTo((length, *self.value.shape)), [self.value])[0]


def affordable(term: Value) -> bool:
    """Whether the term is a product, a sum, or small."""
    return isinstance(peeled(term).node.op, Contract | Sum) or term.type.size <= LARGEST_STACK


def peeled(value: Value) -> Value:
    """Behind reshapes and transposes: a sum of what they move is what they move of the sum."""
    while isinstance(value.node.op, Reshape | Transpose):
        value = value.node.args[0]
    return value


def moves(value: Value) -> list[Op]:
    """The reshapes and transposes that lead there, first to last."""
    found: list[Op] = []
    while isinstance(value.node.op, Reshape | Transpose):
        found.append(value.node.op)
        value = value.node.args[0]
    return found[::-1]


def leaves(term: Value) -> tuple[Value, ...]:
    """The values of the body that must be known for all iterations."""
    core = peeled(term)
    return core.node.args if isinstance(core.node.op, Contract | Sum) else (core,)


def known_outside(op: Scan, value: Value) -> int | None:
    """The argument of the scan that already holds the value for all iterations (an x) or for every one the same (a constant)."""
    made = value.node.op
    if not isinstance(made, Input):
        return None
    position, role = op.argument_of(0, made.position)
    return None if role is Role.CARRY else position


def total(term: Value, whole: Callable[[Value], Leaf], graph: Graph, length: int) -> Value:
    """The sum of a term over all iterations."""
    core = peeled(term)
    if core is not term:
        made = total(core, whole, graph, length)
        for move in moves(term):
            (made,) = graph.apply(move, [made])
        return made
    op = term.node.op
    if isinstance(op, Contract):
        a, b = (whole(value) for value in term.node.args)
        axis = fresh_axis("iteration", op.extent)
        step = (Index(((axis, 1),)),)
        lhs, rhs = (step if a.varies else ()) + op.lhs, (step if b.varies else ()) + op.rhs
        return graph.apply(Contract(lhs, rhs, op.out, ((axis, length), *op.extents)), [a.value, b.value])[0]
    if isinstance(op, Sum):
        x = whole(term.node.args[0]).by_iteration(graph, length)
        summed = graph.apply(Sum((0, *(axis + 1 for axis in op.axes))), [x])[0]
        return graph.apply(Reshape(term.shape), [summed])[0]
    return graph.apply(Sum((0,)), [whole(term).by_iteration(graph, length)])[0]
