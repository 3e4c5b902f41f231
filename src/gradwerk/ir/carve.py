"""Parts of a graph as graphs of their own: what a part takes, and the part."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gradwerk.ir.control import Control
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Host, Movement


def needed_of_forward(wanted: Iterable[Value], forward: set[Node], constants: Iterable[Value] = ()) -> list[Value]:
    """The values of the nodes `forward` at which recomputation stops, for what is `wanted` of behind them.

    Views, sources and what depends on constants or sources alone are computed again; anything else is saved, also whatever Python makes:
    asked a second time it may make something else.
    """
    fixed: set[Value] = set(constants)
    for node in sorted(forward, key=lambda node: node.number):
        if not isinstance(node.op, Input | Host | Control) and all(value in fixed for value in node.args):
            fixed.update(node.values)
    needed: dict[Value, None] = {}
    seen: set[Value] = set()
    queue = list(wanted)[::-1]
    while queue:
        value = queue.pop()
        if value in seen:
            continue
        seen.add(value)
        inside = value.node in forward
        again = value in fixed or isinstance(value.node.op, Movement)
        if isinstance(value.node.op, Input) or (inside and not again):
            if inside:
                needed[value] = None
        else:
            queue += value.node.args[::-1]
    return list(needed)


def carve(sources: Sequence[Value], outputs: Sequence[Value], name: str) -> Graph:
    """A finished graph of its own: inputs for `sources`, and the nodes between them and `outputs`."""
    graph = Graph(name)
    place = {value: graph.input(value.type, value.label) for value in sources}
    wanted, queue = set(), list(outputs)
    while queue:
        value = queue.pop()
        if value not in place and value.node not in wanted:
            wanted.add(value.node)
            queue += value.node.args
    for node in sorted(wanted, key=lambda node: node.number):
        graph.standing_for = node.origins
        made = graph.apply(node.op, [place[value] for value in node.args])
        for old, new in zip(node.values, made, strict=True):
            place.setdefault(old, new)
    return graph.finish(place[value] for value in outputs)
