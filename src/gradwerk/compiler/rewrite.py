"""A pass over a graph, written as what becomes of one node."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from gradwerk.ir.control import Control, rewritten
from gradwerk.ir.graph import Graph, Node, Value

Becomes = Callable[[Graph, Node, list[Value]], Sequence[Value]]
"""The values of the new graph that take the place of a node's, from that graph, the node, and what its arguments became."""


def rewrite(graph: Graph, becomes: Becomes, new: Graph | None = None) -> Graph:
    """The finished graph that a pass makes: one walk over all live nodes but the inputs, in building order.

    Inputs keep their types and labels, and what is made for a node keeps its origins.

    Args:
        graph: The finished graph to walk over; it stays as it is.
        becomes: What becomes of a node.  It gives one value for each that the node has, of the same type.
        new: The graph to build, still empty; a plain one of the same name where none is given.
    """
    new = Graph(graph.name) if new is None else new
    place = dict(zip(graph.inputs, new.inputs_of(graph), strict=True))
    for node in graph.live():
        if node.values[0] in place:
            continue
        new.standing_for = node.origins
        made = becomes(new, node, [place[value] for value in node.args])
        if len(made) == 1:
            place[node.values[0]] = made[0]
        else:
            place.update(zip(node.values, made, strict=True))
    return new.finish([place[value] for value in graph.outputs])


def in_bodies(graph: Graph, run: Callable[[Graph], Graph]) -> Graph:
    """The same graph, the bodies of its nodes as a pass makes them; itself where the pass changes none.

    Those of composites stay: what composites.py leaves of them is scalar code.
    """
    if not any(issubclass(kind, Control) for kind in graph.kinds):
        return graph
    made = {node: rewritten(node.op, run) for node in graph.live() if isinstance(node.op, Control) and not node.op.runs_once}
    if all(op is node.op for node, op in made.items()):
        return graph
    return rewrite(graph, lambda new, node, args: new.apply(made.get(node, node.op), args, node))
