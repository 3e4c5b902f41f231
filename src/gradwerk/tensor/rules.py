"""Derivative rules that a trace runs once for operands of the same types: a hundred equal layers have a few kinds of gradients.

A rule follows from the op and from the types of its operands.  So its nodes are built once, on values of a graph of their own, and are
copied from there: a copy costs a part of what an operation on Tensors costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gradwerk.autodiff.reverse import pull
from gradwerk.ir.control import Control
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.leaves import Input
from gradwerk.ir.op import Op, Operand
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.state import Tracing, mode
from gradwerk.tensor.storage import ALIASING


@dataclass(frozen=True)
class Pattern:
    """The nodes of one run of a rule, the operands that they or the results take, and the results."""

    nodes: tuple[Node, ...]
    operands: tuple[tuple[int, Value], ...]
    results: tuple[Value | int | None, ...]
    """A value that is made here, or the number of an operand."""


def pulled(op: Op, cts: Sequence[Any], ys: Sequence[Handle], xs: Sequence[Any]) -> Sequence[Operand | None]:
    """What `pull` gives; in a trace that does not record gradients the rule runs once for Tensors of the same types."""
    trace = mode.trace
    if trace is None or mode.grad or KINDS or trace.is_body:
        return pull(op, cts, ys, xs)
    ours = isinstance(op, Op) and not isinstance(op, Control) and type(op).__module__.startswith("gradwerk.")  # no hook of the user's
    if not ours:
        return pull(op, cts, ys, xs)
    given = [*cts, *ys, *xs]
    there = [a for a in given if a is not None]
    classes = {a.result_class if isinstance(a, Handle) else None for a in there}
    (cls,) = classes if len(classes) == 1 else (None,)
    if cls is None:
        return pull(op, cts, ys, xs)
    key = (op, len(cts), *[None if a is None else a._type for a in given])
    if key not in trace.built:
        trace.built[key] = built(op, cts, ys, xs)
    rule: Pattern | None = trace.built[key]
    if rule is None or any(given[number]._storage.problem for number, _ in rule.operands):
        return pull(op, cts, ys, xs)
    return copied(trace, rule, given, cls)


def built(op: Op, cts: Sequence[Any], ys: Sequence[Any], xs: Sequence[Any]) -> Pattern | None:
    """The rule on values of these types; None where a result is a view, which shares its memory, or a number."""
    graph = Graph()
    parts = [[None if a is None else graph.input(a._type) for a in part] for part in (cts, ys, xs)]
    places = {value: number for number, value in enumerate([a for part in parts for a in part]) if value is not None}
    found = pull(op, *parts)
    results = [places.get(value, value) for value in found if value is not None]
    if not all(isinstance(r, int) or (isinstance(r, Value) and r.node.args and not isinstance(r.node.op, ALIASING)) for r in results):
        return None
    live = graph.finish([value for value in found if value is not None]).live()
    nodes = tuple([node for node in live if not isinstance(node.op, Input)])
    read = {value for node in nodes for value in node.args}
    operands = tuple([(number, value) for value, number in places.items() if value in read])
    return Pattern(nodes, operands, tuple([None if value is None else places.get(value, value) for value in found]))


def copied(trace: Tracing, rule: Pattern, given: Sequence[Any], cls: type[Handle]) -> list[Operand | None]:
    """The results of a rule on these Tensors."""
    place = {value: trace.value(given[number]) for number, value in rule.operands}
    for node in rule.nodes:
        place.update(zip(node.values, trace.graph.apply(node.op, [place[value] for value in node.args], node), strict=True))
    return [given[r] if isinstance(r, int) else None if r is None else trace.fresh(cls, place[r]) for r in rule.results]
