"""rewrite: a walk that changes nothing gives the same graph, with its labels and origins; bodies are entered where a pass changes them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from gradwerk.compiler.rewrite import in_bodies, rewrite
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.graph import Graph, Node, Value
from gradwerk.ir.op import typed
from gradwerk.ir.text import print_graph
from gradwerk.ops.arithmetic import Mul, Neg, mul
from gradwerk.ops.control import Scan, scan
from gradwerk.ops.elementwise import add, neg
from tests.compiler.nests import chosen, nest, picking, plain, repeated, scanned

BODIES = {"flat": plain, "loop": scanned(picking, 3), "branch in a loop": scanned(chosen(plain, picking), 2), "while": repeated(plain, 3)}


def small() -> Graph:
    graph = Graph("small")
    x, unused, y = graph.input(typed(3), "x"), graph.input(typed(2), "unused"), graph.input(typed(3), "y")
    return graph.finish((mul(neg(x), y), add(x, x), unused))


@pytest.mark.parametrize("graph", [small(), *map(nest, BODIES.values())], ids=["small", *BODIES])
def test_what_keeps_every_node_keeps_the_graph(graph: Graph) -> None:
    again = rewrite(graph, lambda new, node, args: new.apply(node.op, args))
    assert again == graph
    assert again is not graph
    assert print_graph(again) == print_graph(graph)


def test_what_is_made_for_a_node_has_its_origins() -> None:
    graph = small()
    (negated,) = [node for node in graph.live() if isinstance(node.op, Neg)]
    new = rewrite(graph, lambda new, node, args: new.apply(Mul(), [*args, -1]) if isinstance(node.op, Neg) else new.apply(node.op, args))
    made = new.outputs[0].node.args[0].node
    assert isinstance(made.op, Mul)
    assert made.origins == negated.origins != []


def test_what_is_made_behind_a_graph_that_was_put_in_has_the_origins_too() -> None:
    inside = Graph("inside")
    inside.finish([neg(inside.input(typed(3), "x"))])
    graph = small()
    (negated,) = [node for node in graph.live() if isinstance(node.op, Neg)]

    def doubled(new: Graph, node: Node, args: list[Value]) -> Sequence[Value]:
        return new.apply(Mul(), [*inside.inline(args, new), -1]) if isinstance(node.op, Neg) else new.apply(node.op, args)

    made = rewrite(graph, doubled).outputs[0].node.args[0].node
    assert isinstance(made.op, Mul)
    assert made.origins == negated.origins != []


def test_a_node_may_become_what_was_made_before() -> None:
    new = rewrite(small(), lambda new, node, args: args[:1])
    assert new.outputs == (new.inputs[0], new.inputs[0], new.inputs[1])
    assert [value.label for value in new.inputs] == ["x", "unused", "y"]


def test_a_graph_whose_bodies_stay_is_itself() -> None:
    for graph in (small(), *map(nest, BODIES.values())):
        assert in_bodies(graph, lambda body: body) is graph


def test_bodies_become_what_the_pass_makes() -> None:
    body, whole = Graph("step"), Graph("loop")
    carry = body.input(typed(3), "state")
    body.finish([neg(neg(neg(carry)))])
    whole.finish(scan(body, 4, [neg(neg(whole.input(typed(3), "start")))]))
    new = in_bodies(whole, simplify)
    assert sum(isinstance(node.op, Neg) for node in new.live()) == 2  # nothing but bodies
    (loop,) = [node.op for node in new.live() if isinstance(node.op, Scan)]
    assert loop.body == simplify(body) != body
    assert loop.body.inputs[0].label == "state"


def test_only_inputs_have_labels() -> None:
    graph = small()
    assert [value.label for value in (*graph.inputs, *graph.outputs)] == ["x", "unused", "y", "", "", "unused"]
