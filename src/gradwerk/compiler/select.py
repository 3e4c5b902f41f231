"""Branches of a few cheap instructions are both computed, and one result chosen by element: cheaper than to ask which one runs."""

from __future__ import annotations

from collections.abc import Sequence

from gradwerk.compiler.rewrite import in_bodies, rewrite
from gradwerk.compiler.spoken import is_slow
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Elementwise
from gradwerk.ops.arithmetic import Where
from gradwerk.ops.branch import Cond
from gradwerk.ops.movement import BroadcastTo, Reshape

MOST_BOTH = 8
"""Instructions of both branches together."""


def select_branches(graph: Graph) -> Graph:
    """Every branch that is cheap both ways, and can neither fail nor have an effect, becomes a choice by element; in bodies too."""
    graph = in_bodies(graph, select_branches)
    if Cond not in graph.kinds or not any(both_are_cheap(node) for node in graph.live()):
        return graph
    return rewrite(graph, chosen)


def chosen(graph: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
    """The results of a node: of such a branch both are computed, and chosen from."""
    op = node.op
    if not isinstance(op, Cond) or not both_are_cheap(node):
        return graph.apply(op, args)
    one, other = (body.inline(args[1:], graph) for body in op.bodies)
    return [a if a is b else graph.apply(Where(), [args[0], a, b])[0] for a, b in zip(one, other, strict=True)]


def both_are_cheap(node: Node) -> bool:
    """Whether a node is such a branch."""
    op = node.op
    if not isinstance(op, Cond) or op.has_effect:
        return False
    made = [inner for body in op.bodies for inner in body.live() if not isinstance(inner.op, Input | Constant | BroadcastTo | Reshape)]
    return len(made) <= MOST_BOTH and all(isinstance(inner.op, Elementwise) and not is_slow(inner) for inner in made)
