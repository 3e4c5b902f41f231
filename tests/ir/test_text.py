"""The text of graphs: what it looks like, that it reads back, and what it says of a text that is none."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import VerifyError
from gradwerk.ir.graph import Graph
from gradwerk.ir.op import typed
from gradwerk.ir.text import parse, print_graph
from gradwerk.ops.elementwise import add, mul, tanh
from gradwerk.ops.functions import matmul
from gradwerk.ops.reduction import reduce_max


def layer() -> Graph:
    """tanh(x w + 0.5)"""
    graph = Graph("layer")
    x, w = graph.input(typed(2, 3), "x"), graph.input(typed(3, 4), "w")
    return graph.finish([tanh(add(matmul(x, w), 0.5))])


LAYER = """\
layer(%0: f32[2,3] "x", %1: f32[3,4] "w") {
  %2: f32[2,4] = contract(lhs=(Index"n", Index"c"), rhs=(Index"c", Index"k"), out=("n", "k"), extents=(("n", 2), ("c", 3), ("k", 4))) %0 %1
  %3: f32[] = constant(type=f32[], data=x"0000003f")
  %4: f32[2,4] = add() %2 %3
  %5: f32[2,4] = tanh() %4
  return %5
}"""


def test_the_text_of_a_layer() -> None:
    assert print_graph(layer(), origins=False) == LAYER
    assert parse(LAYER) == layer()


def test_origins_are_comments() -> None:
    text = print_graph(layer())
    assert "%5: f32[2,4] = tanh() %4    # test_text.py:" in text
    assert "return graph.finish([tanh(add(matmul(x, w), 0.5))])" in text
    assert parse(text) == layer()


def test_names_and_labels_of_any_letters() -> None:
    graph = Graph('a "name"\n')
    graph.finish([graph.input(typed(1), 'é "x" \\ \n#')])
    again = parse(print_graph(graph))
    assert again.name == graph.name
    assert again == graph


def test_constants_keep_their_bits() -> None:
    graph = Graph()
    values = [graph.constant(np.array([0.0, -0.0, np.nan, np.inf, 1e-45], np.float32)), graph.constant(True), graph.constant(np.int64(-1))]
    graph.finish(values)
    again = parse(print_graph(graph))
    assert [v.node.op for v in again.outputs] == [v.node.op for v in values]


def test_dead_nodes_are_left_out() -> None:
    graph = Graph()
    x = graph.input(typed(2))
    reduce_max(x)
    assert "max" not in print_graph(graph.finish([mul(x, x)]), origins=False)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("%5: f32[2,4] = tanh", "%5: f32[2,4] = tahn", "line 5: there is no op tahn"),
        ("%2 %3", "%2 %9", "line 4: %9 is used before it is made"),
        ("%4: f32[2,4]", "%4: f32[2,5]", r"line 4: add gives f32\[2,4\]"),
        ("f32[3,4]", "f99[3,4]", "line 1: there is no dtype f99"),
        ("return", "?", "line 6: cannot read"),
        ("  return %5\n}", "  return %5", "expected }"),
    ],
)
def test_errors_name_the_line(old: str, new: str, message: str) -> None:
    with pytest.raises(VerifyError, match=message):
        parse(LAYER.replace(old, new))
