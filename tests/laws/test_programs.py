"""Random programs: compiled, interpreted, and through every pass, they mean the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import settings as profile

from gradwerk.compiler.hoist import hoist, merge_scans
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.graph import Graph
from gradwerk.ir.interpret import interpret
from gradwerk.ir.verify import verify
from tests.compiler.run_plan import Walk
from tests.laws.programs import inputs_of, programs


def agree(got: np.ndarray, expected: np.ndarray) -> None:
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(got, expected, rtol=2e-5, atol=2e-6 * scale)


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
