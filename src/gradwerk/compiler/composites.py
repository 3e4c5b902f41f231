"""Composites: nodes that stand for a body of many, and stay one node for the passes where looking inside would show them nothing.

A step of an optimizer is a dozen elementwise nodes, for each of hundreds of parameters.  Passes look at each body once.  What fuse looks at
is the graph with the bodies' nodes in the composites' places (`opened`); what it made is named by the values of the graph that has the
composites, where nothing in the middle of one is read from elsewhere (compiler/outline.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from types import UnionType

from gradwerk.base import dtypes
from gradwerk.compiler.rewrite import rewrite
from gradwerk.ir.control import Control, bodies_of, graphs_in, is_composite, rewritten
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant, Input
from gradwerk.ir.op import Elementwise, Op


def open_composites(graph: Graph) -> Graph:
    """The same graph, of whose composites only those are left that are maps, and stand in no other body."""
    ops = [node.op for node in graph.live() if bodies_of(node.op)]
    return graph if all(stays(op) for op in ops) else rewrite(graph, opened_unless_map)


def stays(op: Op) -> bool:
    """Whether an op with bodies is left as it is."""
    if is_composite(op):
        return is_map(op.bodies[0])
    return not any(has_composites(part) for body in bodies_of(op) for part in graphs_in(body))


def has_composites(graph: Graph) -> bool:
    """Whether some of its nodes are composites."""
    return any(getattr(kind, "runs_once", False) for kind in graph.kinds)


@lru_cache(maxsize=64)
def is_map(body: Graph) -> bool:
    """Whether a body is scalar code over one shape: its nodes will share a kernel, and no pass has anything to look at there."""
    inside = [node for node in body.live() if not isinstance(node.op, Input | Constant)]
    made = {value for node in inside for value in node.values}
    alike = len({value.shape for value in made}) == 1 and made.issuperset(body.outputs)
    return alike and all(isinstance(node.op, Elementwise) for node in inside) and not any(map(dtypes.is_narrow, body.dtypes))


@lru_cache(maxsize=64)
def constants_in(body: Graph) -> frozenset[Op]:
    """The constants of a body, and of all bodies in it."""
    return frozenset([node.op for part in graphs_in(body) for node in part.live() if isinstance(node.op, Constant)])


Looks = tuple[tuple[tuple[type[Op] | UnionType, ...], tuple[type[Op], ...]], ...]
"""Of rules, the kinds of op that they speak of, and which ops they look for behind the arguments of these."""


@lru_cache(maxsize=256)
def stands_alone(simple: Control, op: Control, makers: tuple[type[Op], ...], looks: Looks) -> bool:
    """Whether rules make of a composite's nodes what they make of them alone, which is `simple`, and nothing of its results.

    No rule that speaks of its nodes looks for ops of these classes, which make its arguments, and none for one that makes a result.
    """
    kinds = {type(node.op) for body in op.bodies for node in body.live() if node.args}
    sought = tuple({one for spoken, where in looks for one in where if any(issubclass(kind, spoken) for kind in kinds)})
    anywhere = tuple({one for _, where in looks for one in where if one is not Op})
    results = [value.node.op for body in simple.bodies for value in body.outputs]
    return not any(issubclass(maker, sought) for maker in makers) and not any(isinstance(result, anywhere) for result in results)


def opened_unless_map(graph: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
    """The results of a node, of a composite that is no map those of its body."""
    return graph.apply(node.op, args, node) if is_composite(node.op) and stays(node.op) else opened(graph, node, args)


def opened(graph: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
    """The results of a node, of a composite those of its body; no composite is left in bodies."""
    if not is_composite(node.op):
        return graph.apply(rewritten(node.op, all_opened), args, node)
    return all_opened(node.op.bodies[0]).inline(args, graph, alike=True)


def all_opened(graph: Graph) -> Graph:
    """The same graph without composites."""
    return rewrite(graph, opened) if any(map(has_composites, graphs_in(graph))) else graph


@dataclass(frozen=True)
class Opened:
    """A graph without composites, and where to find in it what the graph with them has."""

    graph: Graph
    place: dict[Value, Value]
    """What became of each value."""
    source: dict[Node, Node]
    """The node that each node was made for."""


def with_places(graph: Graph) -> Opened:
    """The same graph without composites; itself where there are none."""
    if not has_composites(graph):
        return Opened(graph, {}, {})
    source: dict[Node, Node] = {}
    place: dict[Value, Value] = {}

    def noted(new: Graph, node: Node, args: Sequence[Value]) -> Sequence[Value]:
        first = len(new.nodes)
        made = opened(new, node, args)
        source.update(dict.fromkeys(new.nodes[first:], node))
        place.update(zip(node.values, made, strict=True))
        return made

    new = rewrite(graph, noted)
    place.update(zip(graph.inputs, new.inputs, strict=True))
    source.update((value.node, old.node) for old, value in zip(graph.inputs, new.inputs, strict=True))
    return Opened(new, place, source)
