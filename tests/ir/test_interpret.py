"""The interpreter: results, watching, errors that name the user's line."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.base.errors import DataError, ShapeError
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import Program, interpret
from gradwerk.ir.op import typed
from gradwerk.ops.elementwise import add, exp, mul
from gradwerk.ops.host import print_, token
from gradwerk.ops.indexing import gather


def test_outputs_may_be_inputs_constants_and_twice_the_same() -> None:
    graph = Graph()
    x = graph.input(typed(2))
    y = mul(x, 2)
    graph.finish([x, y, graph.constant(np.float32(7)), y])
    first, second, third, fourth = interpret(graph, [np.array([1, 2], np.float32)])
    assert (first.tolist(), second.tolist(), float(third)) == ([1, 2], [2, 4], 7)
    assert fourth is second


def test_inputs_must_fit() -> None:
    graph = chainless()
    with pytest.raises(ShapeError, match="input 0 does not fit"):
        interpret(graph, [np.zeros(3, np.float32)])
    with pytest.raises(ShapeError, match="input 0 does not fit"):
        interpret(graph, [np.zeros(2)])
    with pytest.raises(ShapeError, match="takes 1 inputs, 0 were given"):
        interpret(graph, [])


def chainless() -> Graph:
    """exp(x) + 1"""
    graph = Graph()
    return graph.finish([add(exp(graph.input(typed(2))), 1)])


def test_watch_sees_every_node() -> None:
    seen = []
    keep = lambda node, args, results: seen.append((node.op.name, len(args), results[0].tolist()))  # noqa: E731
    interpret(chainless(), [np.zeros(2, np.float32)], keep)
    assert seen == [("exp", 1, [1, 1]), ("constant", 0, 1), ("add", 2, [2, 2])]


def test_no_warnings_of_numpy_escape() -> None:
    graph = Graph()
    x = graph.input(typed(2))
    graph.finish([mul(exp(x), x)])
    assert np.isinf(interpret(graph, [np.array([1e4, 1e30], np.float32)])[0]).all()


def test_an_error_in_data_names_the_line_that_wrote_the_op() -> None:
    graph = Graph()
    table, places = graph.input(typed(3, 2)), graph.input(typed(2, dtype=dtypes.int64))
    graph.finish([gather(table, places)])  # this line
    with pytest.raises(DataError, match=r"(?s)index 3 at \(1\) is outside 0..2.*this line"):
        Program(graph)([np.zeros((3, 2), np.float32), np.array([0, 3])])


def test_effects_happen_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    graph = Graph()
    x = graph.input(typed())
    first = print_(token("output", like=x), "x is {}", x)
    graph.finish([print_(first, "then {}", mul(x, 2))])
    interpret(graph, [np.float32(3)])
    assert capsys.readouterr().out == "x is 3.0\nthen 6.0\n"
