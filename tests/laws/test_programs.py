"""Random programs: compiled, interpreted, and through every pass, they mean the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as profile

from gradwerk.compiler.hoist import hoist, merge_scans
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.verify import verify
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import add, mul, sub
from gradwerk.ops.movement import broadcast_to, reshape
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.ops.transcendental import exp
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws.programs import inputs_of, programs


def agree(got: np.ndarray, expected: np.ndarray) -> None:
    tolerances.allclose(got, expected, "programs")


@given(programs())
def test_simplify_keeps_the_meaning_and_is_stable(graph: Graph) -> None:
    simpler = verify(simplify(graph))
    assert simplify(simpler) == simpler
    inputs = inputs_of(graph, 0)
    for got, expected in zip(interpret(simpler, inputs), interpret(graph, inputs), strict=True):
        agree(got, expected)


@profile(max_examples=60)
@given(programs())
def test_compiled_is_interpreted(graph: Graph) -> None:
    plan = compile_graph(graph, host_target(), {})
    inputs = inputs_of(graph, 1)
    for got, again, expected in zip(Walk(plan, inputs).run(), Walk(plan, inputs).run(-1), interpret(graph, inputs), strict=True):
        agree(got, expected)
        np.testing.assert_array_equal(got, again)  # chunks in any order: the same bits


@given(programs())
def test_loop_passes_leave_programs_without_loops_alone(graph: Graph) -> None:
    assert merge_scans(graph) is graph
    assert hoist(graph) is graph


def column_of_softmax(x: Value, b: Value) -> list[Value]:
    return [functions.softmax(add(x, b), axis=-1)]


def number_per_row(x: Value, b: Value) -> list[Value]:
    top = reduce_max(x, (x.ndim - 1,))
    return [mul(top, b) if x.ndim == 2 else top, exp(sub(x, reduce_max(x, (x.ndim - 1,), keepdims=True)))]


def fold_as_column(x: Value, b: Value) -> list[Value]:
    return [add(x, reduce_sum(x, (x.ndim - 1,)))]


def vector_both_ways(x: Value, b: Value) -> list[Value]:
    return [mul(add(x, b), np.float32(2)), reduce_sum(add(x, b), (x.ndim - 1,)), add(reduce_sum(mul(x, x), (x.ndim - 1,)), b)]


@pytest.mark.parametrize("build", [column_of_softmax, number_per_row, fold_as_column, vector_both_ways])
@pytest.mark.parametrize("shape", [(10, 10), (17, 17), (2, 2), (5, 5, 5), (1, 1)])
def test_as_many_rows_as_columns(build: Callable[[Value, Value], list[Value]], shape: tuple[int, ...]) -> None:
    """A batch of ten and ten classes: one number per row and one per column have the same shape, and are not the same."""
    graph = Graph()
    x = graph.input(Type(shape, np.dtype("float32")))
    graph.finish(build(x, graph.input(Type(shape[-1:], np.dtype("float32")))))
    inputs = inputs_of(graph, 3)
    for got, expected in zip(Walk(compile_graph(graph, host_target(), {}), inputs).run(), interpret(graph, inputs), strict=True):
        agree(got, expected)


@pytest.mark.parametrize("lead", [(5,), (31, 7), (1, 4)])
def test_rows_of_one_element(lead: tuple[int, ...]) -> None:
    """One number per row and what is as wide as the rows have the same shape; a result of either may lose its last axis."""
    graph = Graph()
    x = graph.input(Type((*lead, 1), np.dtype("float32")))
    column = graph.input(Type((*lead[:-1], 1, 1), np.dtype("float32")))
    top = reduce_sum(x, (x.ndim - 1,), keepdims=True)
    spread = broadcast_to(column, x.shape)
    wide = mul(add(spread, mul(spread, np.float32(2))), sub(x, mul(top, np.float32(0.5))))
    graph.finish([reshape(wide, lead), wide, reshape(top, lead), functions.logsumexp(x), functions.softmax(add(x, column))])
    inputs = inputs_of(graph, 4)
    for got, expected in zip(Walk(compile_graph(graph, host_target(), {}), inputs).run(), interpret(graph, inputs), strict=True):
        agree(got, expected)
