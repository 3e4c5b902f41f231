"""Fusing by outline: graphs that differ only in extents, such as one step for two batch sizes, are fused alike, so that is done once.

An outline is what `fuse` looks at: ops, arguments, and which extents are equal, one, or none, but not how large they are.  What it made of
one graph is kept as numbers of nodes, and filled with the nodes of the next.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from gradwerk.base.errors import VerifyError
from gradwerk.base.settings import settings
from gradwerk.compiler.backend import Capabilities
from gradwerk.compiler.composites import Opened, constants_in, with_places
from gradwerk.compiler.fuse import fuse
from gradwerk.compiler.row_shapes import is_short
from gradwerk.ir.control import bodies_of, is_composite
from gradwerk.ir.formula import is_literal
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Constant
from gradwerk.ir.op import Elementwise, Op, Random, Reduction
from gradwerk.ir.region import Region, Single, Unit

MOST_KEPT = 24
"""Outlines kept."""
Place = tuple[int, int] | Value
"""A value: the number of its node among the live ones, and which of its results it is; a constant that only a composite has, itself."""


@dataclass(frozen=True)
class Form:
    """A unit without its graph; a single node has no body."""

    nodes: tuple[int, ...]
    kind: str = ""
    body: Graph | None = None
    reductions: tuple[Reduction, ...] = ()
    reads: tuple[Place, ...] = ()
    writes: tuple[Place, ...] = ()
    space: tuple[int, int] = (0, 0)
    """A value of the region's shape."""
    axes: tuple[int, ...] = ()
    anchor: int | None = None


_forms: dict[Any, tuple[Form, ...] | None] = {}
"""By outline; None where composites have to be opened."""


def units_of(graph: Graph, can: Capabilities) -> tuple[Graph, list[Unit]]:
    """The units of a graph, in order: those of an earlier graph of the same outline, or what `fuse` makes.

    The graph that they are of is another one where its composites had to be opened.
    """
    live = graph.live()
    key = can, outline(graph, live)
    if key not in _forms:
        if len(_forms) >= MOST_KEPT:
            _forms.clear()
        _forms[key] = forms_of(graph, can)
    elif settings.check and said(forms_of(graph, can)) != said(_forms[key]):
        raise VerifyError("graphs of one outline are not fused alike", facts=(graph.name,))
    forms = _forms[key]
    return units_of(with_places(graph).graph, can) if forms is None else (graph, [filled(form, live) for form in forms])


def said(forms: tuple[Form, ...] | None) -> Any:  # noqa: ANN401
    """Forms to be compared: a constant of a composite's by what it is."""
    if forms is None:
        return None
    return [(replace(form, reads=()), [place.node.op if isinstance(place, Value) else place for place in form.reads]) for form in forms]


def outline(graph: Graph, live: list[Node]) -> Any:  # noqa: ANN401  hashable rows of plain values
    """The graph without its extents, as rows that can be compared.

    A constant that a composite has too is told by its contents: where the composite is opened the two are one node.
    """
    inside = frozenset().union(*[constants_in(body) for node in live if is_composite(node.op) for body in bodies_of(node.op)])
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
        rows.append((op if op in inside else _facts(op, node), args))
    return tuple(rows), tuple([places[value] for value in graph.outputs])


def _facts(op: Op, node: Node) -> Any:  # noqa: ANN401
    """What fusing asks of an op besides its results' types."""
    if isinstance(op, Elementwise) or is_composite(op):
        return op
    if isinstance(op, Reduction):
        return op, is_short(op, node.args[0].shape)
    if isinstance(op, Random):
        return op.in_body()
    if isinstance(op, Constant):
        return op if is_literal(node.values[0]) else Constant
    return type(op)


class Names:
    """How the nodes and values of a graph whose composites were opened are called in the one that has them."""

    def __init__(self, graph: Graph, opened: Opened) -> None:
        self.source = opened.source
        self.numbers = {node: number for number, node in enumerate(graph.live())}
        values = [value for node in graph.live() for value in node.values]
        self.places = {opened.place.get(value, value): (self.numbers[value.node], value.index) for value in values}
        self.distinct = len(self.places) == len(values)
        self.constants = Graph("constants")

    def of(self, value: Value) -> Place:
        """Where a value is found.  Raises: KeyError for one in the middle of a composite."""
        op = value.node.op
        if value not in self.places and isinstance(op, Constant):
            return self.constants.apply(op, ())[0]
        return self.places[value]

    def number(self, node: Node) -> int:
        """The number of the node that a node was made for."""
        return self.numbers[self.source.get(node, node)]


def forms_of(graph: Graph, can: Capabilities) -> tuple[Form, ...] | None:
    """What `fuse` makes of a graph, as forms; None where they need values in the middle of composites, or two of its values are one."""
    opened = with_places(graph)
    names = Names(graph, opened)
    units = fuse(opened.graph, can)
    try:
        return tuple([form_of(unit, names) for unit in units]) if names.distinct else None
    except KeyError:
        return None


def form_of(unit: Unit, names: Names) -> Form:
    """A unit's form."""
    nodes = tuple(dict.fromkeys([names.number(node) for node in unit.nodes]))
    if isinstance(unit, Single):
        if is_composite(names.source.get(unit.node, unit.node).op):  # one in the middle, that no kernel takes
            raise KeyError(unit)
        return Form(nodes)
    reads, writes = (tuple([names.of(value) for value in values]) for values in (unit.reads, unit.writes))
    anchor = None if unit.anchor is None else names.number(unit.anchor)
    inside = [value for node in unit.nodes for value in (*node.values, *node.args) if value.shape == unit.space]
    space = next((names.places[value] for value in inside if value in names.places), None)
    if space is None:
        raise KeyError(unit.space)
    return Form(nodes, unit.kind, unit.body, unit.reductions, reads, writes, space, unit.axes, anchor)


def filled(form: Form, live: list[Node]) -> Unit:
    """The unit of another graph of the same outline."""
    nodes = tuple([live[number] for number in form.nodes])
    if form.body is None:
        return Single(nodes[0])
    reads, writes = (tuple([found(place, live) for place in places]) for places in (form.reads, form.writes))
    number, index = form.space
    anchor = None if form.anchor is None else live[form.anchor]
    return Region(form.kind, form.body, reads, writes, live[number].values[index].shape, form.reductions, nodes, form.axes, anchor)


def found(place: Place, live: list[Node]) -> Value:
    """The value at a place in a graph of these live nodes."""
    return place if isinstance(place, Value) else live[place[0]].values[place[1]]
