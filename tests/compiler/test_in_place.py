"""Outputs written over inputs: whatever is moved where, each gets what its input held before the run."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.contraction import contract
from gradwerk.ops.movement import transpose
from tests.compiler.run_plan import Walk

N = 40
TYPE = Type((N, N), np.dtype(np.float32))
Step = Callable[[Sequence[Value]], Sequence[Value]]

STEPS: dict[str, Step] = {
    "swap": lambda x: [x[1], x[0]],
    "rotate": lambda x: [x[1], x[2], x[0]],
    "turn": lambda x: [transpose(x[0], (1, 0))],
    "turn and swap": lambda x: [transpose(x[1], (1, 0)), transpose(x[0], (1, 0))],
    "stay": lambda x: [x[0], x[1]],
    "both the same": lambda x: [x[0], x[0]],
    "a result in two places": lambda x: [add(x[1], 1.0), add(x[1], 1.0), mul(x[0], 2.0)],
    "a small one that others wait for": lambda x: [mul(x[0], 2.0), add(x[1], x[0]), mul(contract(mul(x[0], 2.0), x[3], "nc,ck->nk"), 0.5)],
    "sum into one": lambda x: [add(x[0], x[1]), x[0]],
    "own transpose": lambda x: [add(x[0], transpose(x[0], (1, 0)))],
    "product before and after": lambda x: [mul(x[0], 0.5), contract(x[1], x[0], "nc,ck->nk"), contract(x[1], mul(x[0], 0.5), "nc,ck->nk")],
    "pack before and after": lambda x: [
        mul(x[0], 0.5),
        contract(x[1], transpose(x[0], (1, 0)), "nc,ck->nk"),
        contract(x[1], transpose(mul(x[0], 0.5), (1, 0)), "nc,ck->nk"),
    ],
}


@pytest.mark.parametrize("name", STEPS)
def test_results_do_not_depend_on_where_they_are_written(name: str) -> None:
    graph = Graph()
    inputs = [graph.input(TYPE) for _ in range(4)]
    graph.finish([*STEPS[name](inputs)])
    arrays = [np.random.default_rng(k).standard_normal((N, N)).astype(np.float32) for k in range(4)]
    apart = Walk(compile_graph(graph, host_target(), {}), arrays).run()
    in_place = {k: k for k in range(min(len(graph.outputs), 3))}
    over = Walk(compile_graph(graph, host_target(), in_place), arrays).run()
    for want, got in zip(apart, over, strict=True):
        np.testing.assert_array_equal(got, want)


def test_an_update_that_alone_reads_its_input_takes_no_memory() -> None:
    graph = Graph()
    w, g = (graph.input(Type((256, 256), np.dtype(np.float32))) for _ in range(2))
    graph.finish([add(w, mul(g, -0.1))])
    plan = compile_graph(graph, host_target(), {0: 0})
    assert plan.arena_bytes == 0 and len(plan.launches) == 1
