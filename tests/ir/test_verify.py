"""The verifier names what is broken, and shows the nodes around it."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError, VerifyError
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.op import typed
from gradwerk.ir.verify import verify
from gradwerk.ops.control import Scan
from gradwerk.ops.elementwise import add, mul, tanh
from gradwerk.ops.host import print_, token


def chain(length: int = 20) -> Graph:
    """A graph of many nodes."""
    graph = Graph("chain")
    x = graph.input(typed(3))
    for _ in range(length):
        x = tanh(x)
    return graph.finish([x])


def test_a_sound_graph_passes() -> None:
    graph = chain()
    assert verify(graph) is graph


def test_a_wrong_type_is_shown_with_its_neighbours() -> None:
    graph = chain()
    graph.nodes[10].values[0].type = typed(4)
    with pytest.raises(VerifyError) as caught:
        verify(graph, "simplify")
    lines = str(caught.value).split("\n")
    assert "chain: tanh gives f32[3], the node says f32[4]" in lines[0]
    assert lines[1].strip() == "after simplify"
    shown = [line for line in lines if "tanh()" in line]
    assert len(shown) == 11
    assert [line.strip()[0] == ">" for line in shown].index(True) == 5


def test_an_argument_that_comes_later_or_is_strange() -> None:
    graph = chain()
    graph.nodes[3].args = graph.nodes[7].values
    with pytest.raises(VerifyError, match="not made before it"):
        verify(graph)
    graph = chain()
    graph.nodes[3].args = chain().nodes[2].values
    with pytest.raises(VerifyError, match="not made before it"):
        verify(graph)


def test_an_op_that_refuses_its_arguments() -> None:
    graph = Graph()
    x, y = graph.input(typed(3)), graph.input(typed(3))
    graph.finish([add(x, y)])
    y.type = typed(4)
    with pytest.raises(VerifyError, match=r"input gives f32\[3\]"):
        verify(graph)
    y.node.op = type(y.node.op)(1, typed(4))
    with pytest.raises(VerifyError, match="add refuses its arguments"):
        verify(graph)


def test_outputs_and_inputs_belong_to_the_graph() -> None:
    graph = chain()
    graph.outputs = chain().outputs
    with pytest.raises(VerifyError, match="output 0 is no value"):
        verify(graph)
    graph = chain()
    graph.inputs = graph.inputs * 2
    with pytest.raises(VerifyError, match="input 1 is not the input"):
        verify(graph)
    with pytest.raises(VerifyError, match="not finished"):
        verify(Graph())


def test_a_token_is_taken_once() -> None:
    graph = Graph()
    x = graph.input(typed())
    start = token("output", like=x)
    after = print_(print_(start, "a {}", x), "b {}", x)
    verify(graph.finish([after]))
    graph = Graph()
    x = graph.input(typed())
    start = token("output", like=x)
    graph.finish([print_(start, "a"), print_(start, "b")])
    with pytest.raises(VerifyError, match="which print took before"):
        verify(graph)
    graph = Graph()
    start = token("output", like=graph.input(typed()))
    graph.finish([print_(start, "a"), start])
    with pytest.raises(VerifyError, match="output 1 is a token that print took"):
        verify(graph)


def test_a_node_stands_at_its_number_in_its_graph() -> None:
    graph = chain()
    graph.nodes[5].number = 6
    with pytest.raises(VerifyError, match="node 6 stands at place 5"):
        verify(graph)
    graph = chain()
    graph.nodes[5].graph = chain()
    with pytest.raises(VerifyError, match="belongs to another graph"):
        verify(graph)


def test_what_only_a_sub_graph_sees_is_checked() -> None:
    body = Graph("step")
    carry = body.input(typed(2))
    body.finish([tanh(mul(carry, carry))])
    graph = Graph()
    (y,) = graph.apply(Scan(body, 3, 1, 0), [graph.input(typed(2))])
    verify(graph.finish([y]))
    body.nodes[1].values[0].type = typed(3)
    with pytest.raises(VerifyError, match="step: mul gives"):
        verify(graph)


def test_sub_graphs_are_checked() -> None:
    body = Graph("step")
    carry = body.input(typed(2))
    body.finish([mul(carry, carry)])
    graph = Graph()
    (y,) = graph.apply(Scan(body, 3, 1, 0), [graph.input(typed(2))])
    verify(graph.finish([y]))
    body.nodes[1].values[0].type = Type((3,), dtypes.float32)
    with pytest.raises(VerifyError, match=r"(scan refuses|step: mul gives)"):
        verify(graph)


def test_a_scan_body_must_give_what_it_takes() -> None:
    body = Graph("step")
    body.finish([mul(body.input(typed(2, 1)), np.ones((1, 3), np.float32))])
    with pytest.raises(ShapeError, match="carries of the types it takes"):
        Scan(body, 3, 1, 0).infer(typed(2, 1))
