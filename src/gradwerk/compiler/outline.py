"""Fusing by outline: graphs that differ only in extents, such as one step for two batch sizes, are fused alike, so that is done once.

An outline is what `fuse` looks at: ops, arguments, and which extents are equal, one, or none, but not how large they are.  What it made of
one graph is kept as numbers of nodes, and filled with the nodes of the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradwerk.compiler.backend import Capabilities
from gradwerk.compiler.fuse import fuse
from gradwerk.compiler.literals import is_literal
from gradwerk.compiler.row_shapes import is_short
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Elementwise, Op, Random, Reduction
from gradwerk.ir.region import Region, Single, Unit

MOST_KEPT = 256
"""Outlines kept."""
Place = tuple[int, int]
"""A value: the number of its node among the live ones, and which of its results it is."""


@dataclass(frozen=True)
class Form:
    """A unit without its graph; a single node has no body."""

    nodes: tuple[int, ...]
    kind: str = ""
    body: Graph | None = None
    reductions: tuple[Reduction, ...] = ()
    reads: tuple[Place, ...] = ()
    writes: tuple[Place, ...] = ()
    space: Place = (0, 0)
    """A value of the region's shape."""
    axes: tuple[int, ...] = ()
    anchor: int | None = None


_forms: dict[Any, tuple[Form, ...]] = {}


def units_of(graph: Graph, can: Capabilities) -> list[Unit]:
    """The units of a graph, in order: those of an earlier graph of the same outline, or what `fuse` makes."""
    live = graph.live()
    key = can, outline(graph, live)
    forms = _forms.get(key)
    if forms is None:
        units = fuse(graph, can)
        if len(_forms) >= MOST_KEPT:
            _forms.clear()
        numbers = {node: number for number, node in enumerate(live)}
        _forms[key] = tuple([form_of(unit, numbers) for unit in units])
        return units
    return [filled(form, live) for form in forms]


def outline(graph: Graph, live: list[Node]) -> Any:  # noqa: ANN401  hashable rows of plain values
    """The graph without its extents, as rows that can be compared."""
    names: dict[int, int] = {0: 0, 1: 1}
    places: dict[Value, int] = {}
    rows: list[Any] = []
    for node in live:
        op = node.op
        args = tuple([places[value] for value in node.args])
        for value in node.values:
            places[value] = len(places)
            shape = value.type.shape
            rows.append((value.type.dtype.char, *[names.setdefault(n, len(names)) for n in shape]))
        rows.append((_facts(op, node), args))
    return tuple(rows), tuple([places[value] for value in graph.outputs])


def _facts(op: Op, node: Node) -> Any:  # noqa: ANN401
    """What fusing asks of an op besides its results' types."""
    if isinstance(op, Elementwise):
        return op
    if isinstance(op, Reduction):
        return op, is_short(op, node.args[0].shape)
    if isinstance(op, Random):
        return op.in_body()
    if isinstance(op, Constant):
        return op if is_literal(node.values[0]) else Constant
    return type(op)


def form_of(unit: Unit, numbers: dict[Node, int]) -> Form:
    """A unit's form."""
    nodes = tuple([numbers[node] for node in unit.nodes])
    if isinstance(unit, Single):
        return Form(nodes)
    reads, writes = (tuple([(numbers[v.node], v.index) for v in values]) for values in (unit.reads, unit.writes))
    anchor = None if unit.anchor is None else numbers[unit.anchor]
    inside = [value for node in unit.nodes for value in (*node.values, *node.args) if value.shape == unit.space]
    return Form(nodes, unit.kind, unit.body, unit.reductions, reads, writes, (numbers[inside[0].node], inside[0].index), unit.axes, anchor)


def filled(form: Form, live: list[Node]) -> Unit:
    """The unit of another graph of the same outline."""
    nodes = tuple([live[number] for number in form.nodes])
    if form.body is None:
        return Single(nodes[0])
    reads, writes = (tuple([live[number].values[k] for number, k in places]) for places in (form.reads, form.writes))
    number, index = form.space
    anchor = None if form.anchor is None else live[form.anchor]
    return Region(form.kind, form.body, reads, writes, live[number].values[index].shape, form.reductions, nodes, form.axes, anchor)
