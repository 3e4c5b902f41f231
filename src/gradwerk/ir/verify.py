"""The checker that runs after each pass: whatever a pass breaks is named at once, with the lines around the fault."""

from __future__ import annotations

from gradwerk.base.errors import GradwerkError, VerifyError
from gradwerk.ir.control import bodies_of
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Input
from gradwerk.ir.text import node_text

AROUND = 5
"""Nodes shown before and behind the fault."""


def verify(graph: Graph, after: str = "") -> Graph:
    """Checks a finished graph and returns it.

    Types follow from the ops, arguments are values of this graph made before, inputs are numbered in order, outputs exist, and a token is
    taken once at most.  Sub-graphs too.  Raises: VerifyError with the nodes around the fault; `after` names the pass to blame.
    """
    if not graph.finished:
        raise VerifyError(f"{graph.name}: the graph is not finished", facts=_blame(after))
    made: set[Value] = set()
    taken: dict[Value, Node] = {}
    for number, node in enumerate(graph.nodes):
        fault = _fault(graph, node, number, made) or _token_fault(node, taken)
        if fault:
            raise VerifyError(f"{graph.name}: {fault}", facts=(*_blame(after), *_around(graph, number)))
        made.update(node.values)
        for body in bodies_of(node.op):
            verify(body, after)
    for position, value in enumerate(graph.outputs):
        if value not in made:
            raise VerifyError(f"{graph.name}: output {position} is no value of the graph", facts=(*_blame(after), repr(value)))
        if value.type.is_token and value in taken:
            raise VerifyError(f"{graph.name}: output {position} is a token that {taken[value].op.name} took", facts=_blame(after))
    for position, value in enumerate(graph.inputs):
        if not isinstance(value.node.op, Input) or value.node.op.position != position or value not in made:
            raise VerifyError(f"{graph.name}: input {position} is not the input of that position", facts=(*_blame(after), repr(value)))
    return graph


def _fault(graph: Graph, node: Node, number: int, made: set[Value]) -> str:
    if node.number != number or node.graph is not graph:
        return f"node {node.number} stands at place {number} or belongs to another graph"
    for value in node.args:
        if value not in made:
            return f"{node.op.name} takes {value!r}, which was not made before it"
    try:
        types = node.op.infer(*(value.type for value in node.args))
    except GradwerkError as error:
        return f"{node.op.name} refuses its arguments: {error.message}"
    if types != tuple(value.type for value in node.values):
        return f"{node.op.name} gives {', '.join(map(str, types))}, the node says {', '.join(str(value.type) for value in node.values)}"
    return ""


def _token_fault(node: Node, taken: dict[Value, Node]) -> str:
    for value in node.args:
        if value.type.is_token:
            if value in taken:
                return f"{node.op.name} takes token {value!r}, which {taken[value].op.name} took before"
            taken[value] = node
    return ""


def _blame(after: str) -> tuple[str, ...]:
    return (f"after {after}",) if after else ()


def _around(graph: Graph, number: int) -> tuple[str, ...]:
    names = {value: repr(value).partition(":")[0] for node in graph.nodes for value in node.values}
    nodes = graph.nodes[max(number - AROUND, 0) : number + AROUND + 1]
    return tuple(("> " if node is graph.nodes[number] else "  ") + node_text(node, names) for node in nodes)
