"""What ops with bodies say about them is true, and every pass enters them, at any depth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.bounds import check_indices
from gradwerk.compiler.hoist import hoist, merge_scans
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.control import Control, Role, bodies_of, rewritten
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.op import REGISTRY, Op, typed
from gradwerk.ir.text import parse, print_graph
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.contraction import contract
from gradwerk.ops.control import Scan, scan
from gradwerk.ops.indexing import gather
from gradwerk.ops.look import InRange

KINDS = [cls for cls in REGISTRY.values() if issubclass(cls, Control)]


def test_a_scan_goes_from_the_first_to_the_last_unless_told_otherwise() -> None:
    body, found = Graph("step"), []
    carry, x = body.input(typed()), body.input(typed())
    body.finish([add(mul(carry, 2.0), x)])
    for options in ({}, {"reverse": False}, {"reverse": True}):
        graph = Graph("loop")
        xs = graph.input(typed(3))
        graph.finish(scan(body, 3, [graph.constant(np.float32(0))], [xs], **options)[:1])
        found.append(float(interpret(graph, [np.float32([1, 2, 3])])[0]))
    assert found == [11.0, 11.0, 17.0]


@pytest.mark.parametrize("cls", KINDS, ids=lambda cls: cls.name)
def test_what_the_values_of_a_body_are(cls: type[Op]) -> None:
    """Of the type that their argument or result has, less the first axis of one that they are a slice of."""
    for op, types in cls.examples():
        assert isinstance(op, Control)
        results = op.infer(*types)
        for number, body in enumerate(op.bodies):
            asked = ((body.inputs, op.argument_of, types), (body.outputs, op.result_of, results))
            for values, question, outside in asked:
                for position, value in enumerate(values):
                    where, role = question(number, position)
                    shape = outside[where].shape
                    assert value.type == outside[where].with_shape(shape[1:] if role is Role.SLICE else shape)
        assert op.with_bodies(op.bodies) == op
        assert rewritten(op, lambda graph: graph) is op
        assert op.most_runs >= 0
        assert op.flops(*types) >= 0
        graph = Graph()
        graph.finish(graph.apply(op, [graph.input(t) for t in types]))
        assert parse(print_graph(graph)) == graph


def nested(inside: Callable[..., object], depth: int) -> Graph:
    """carry <- inside(carry, table) once a step of the innermost of as many loops."""
    graph = Graph("step")
    carry, table, ids = graph.input(typed(3)), graph.input(typed(5, 3)), graph.input(typed(dtype=dtypes.int32))
    if depth == 0:
        return graph.finish([inside(carry, table, ids)])  # type: ignore[list-item]
    (last,) = scan(nested(inside, depth - 1), 2, [carry], [], [table, ids])
    return graph.finish([last])


def ops_of(graph: Graph) -> list[Op]:
    """Of the innermost bodies."""
    inner = [body for node in graph.live() for body in bodies_of(node.op)]
    return [op for body in inner for op in ops_of(body)] if inner else [node.op for node in graph.live()]


@pytest.mark.parametrize("depth", [1, 2, 3])
def test_passes_enter_bodies(depth: int) -> None:
    graph = nested(lambda carry, table, ids: mul(add(carry, 0.5), 1.0), depth)
    assert "mul" in {op.name for op in ops_of(graph)}
    assert "mul" not in {op.name for op in ops_of(simplify(graph))}
    graph = nested(lambda carry, table, ids: add(carry, gather(table, ids)), depth)
    assert any(isinstance(op, InRange) for op in ops_of(check_indices(graph)))


def test_sums_leave_inner_loops_and_equal_inner_loops_merge() -> None:
    """A sum of products leaves two loops as one product over the iterations of both."""
    inner, outer, graph = Graph("inner"), Graph("outer"), Graph()
    total, x, y = (inner.input(typed(2, 2)) for _ in range(3))
    inner.finish([add(total, contract(x, y, "ab,bc->ac"))])
    total, x, y = outer.input(typed(2, 2)), outer.input(typed(4, 2, 2)), outer.input(typed(4, 2, 2))
    outer.finish(scan(inner, 4, [total], [x, y], sums=1))
    total, x, y = graph.input(typed(2, 2)), graph.input(typed(3, 4, 2, 2)), graph.input(typed(3, 4, 2, 2))
    graph.finish(scan(outer, 3, [total], [x, y], sums=1))
    assert not any(bodies_of(node.op) for node in hoist(graph).live())


def test_merging_in_bodies() -> None:
    body = Graph("inner")
    carry, x = body.input(typed(2)), body.input(typed(2))
    more = Graph("more")
    again, y = more.input(typed(2)), more.input(typed(2))
    body.finish([mul(carry, x)])
    more.finish([mul(again, y), again])
    outer = Graph("outer")
    h, xs = outer.input(typed(2)), outer.input(typed(3, 2))
    (one,) = scan(body, 3, [h], [xs])
    _, steps = scan(more, 3, [h], [xs])
    graph = Graph()
    h, xs = graph.input(typed(2)), graph.input(typed(3, 2))
    outer.finish([one, steps])
    graph.finish(scan(outer, 2, [h], [], [xs]))
    (node,) = [node for node in merge_scans(graph).live() if isinstance(node.op, Scan)]
    assert len([n for n in node.op.bodies[0].live() if isinstance(n.op, Scan)]) == 1
