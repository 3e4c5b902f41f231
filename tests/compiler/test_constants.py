"""Constants: folded, and one number repeated is held once, to the bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import inspect
from gradwerk.base import dtypes
from gradwerk.compiler.simplify import simplify
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import Program
from gradwerk.ir.leaves import Constant
from gradwerk.ops.arithmetic import add, mul, neg, where
from gradwerk.ops.functions import mean
from gradwerk.ops.movement import BroadcastTo, flip, reshape
from gradwerk.ops.reduction import reduce_sum

Loss = Callable[[Any], Any]


def widest_constant(graph: Graph) -> int:
    """The elements of the largest constant."""
    return max((node.op.type.size for node in graph.live() if isinstance(node.op, Constant)), default=0)


def simple(build: Callable[[Any], Any]) -> tuple[Graph, Graph]:
    graph = Graph()
    x = graph.input(Type((3, 4), dtypes.float32))
    graph.finish([build(x)])
    return graph, simplify(graph)


LOSSES: dict[str, Loss] = {
    "mean": gw.mean,
    "mean of squares": lambda x: gw.mean(x * x),
    "sum": reduce_sum,
    "sum by rows, weighted": lambda x: (reduce_sum(x, 0) * np.full(32, 0.5, np.float32)).sum(),
    "mean twice": lambda x: gw.mean(gw.mean(x, 0)),
}


@pytest.mark.parametrize("name", LOSSES)
def test_a_gradient_holds_no_wide_constant(name: str) -> None:
    """Neither as traced, where it would be copied and compared, nor in the program."""
    loss_of = LOSSES[name]

    @gw.compile
    def step(x: Any) -> Any:
        loss = loss_of(x)
        loss.backward()
        gradient, x.grad = x.grad, None
        return loss, gradient

    x = gw.Parameter(np.random.default_rng(0).standard_normal((64, 32)).astype(np.float32))
    found = inspect.explain(step, x)
    traced = step.specializations[next(iter(step.specializations))][0].entry.program.graph
    assert widest_constant(traced) <= 32
    assert widest_constant(simplify(traced)) <= 1
    assert "f32[64,32] = constant" not in found.graph
    _, gradient = step(x)
    loss_of(x).backward()
    np.testing.assert_allclose(gradient.numpy(), x.grad.numpy(), rtol=1e-6)


FOLDED: dict[str, Callable[[Any], Any]] = {
    "repeated": lambda x: add(x, np.full((3, 4), 2.5, np.float32)),
    "of repeated": lambda x: mul(x, add(np.full((3, 4), 2.5, np.float32), np.full((4,), 0.5, np.float32))),
    "moved": lambda x: mul(x, reshape(flip(np.full((4, 3), -0.0, np.float32), (0,)), (3, 4))),
    "one of several": lambda x: where(np.full((3, 4), True), x, neg(np.full((3, 4), np.nan, np.float32))),
    "too many to write out": lambda x: mul(x, mean(np.full((1 << 13,), 3.0, np.float32))),
    "folded": lambda x: add(x, reduce_sum(np.full((2, 4), 0.1, np.float32), (0,))),
}


@pytest.mark.parametrize("name", FOLDED)
def test_a_repeated_number_is_held_once(name: str) -> None:
    graph, now = simple(FOLDED[name])
    assert widest_constant(now) <= 1
    array = np.random.default_rng(0).standard_normal((3, 4)).astype(np.float32)
    assert np.asarray(Program(now)([array])[0]).tobytes() == np.asarray(Program(graph)([array])[0]).tobytes()


@pytest.mark.parametrize(
    "value", [np.int64(2**53 + 1), np.float32(-0.0), np.frombuffer(b"\x01\x00\xc0\x7f", np.float32)[0], np.bool_(True)], ids=str
)
def test_it_is_the_same_to_the_bit(value: Any) -> None:
    graph = Graph()
    wide = np.full((2, 3), value)
    x = graph.input(Type((2, 3), wide.dtype))
    graph.finish([x, graph.apply(BroadcastTo((5, 2, 3)), [graph.constant(wide)])[0]])
    now = simplify(graph)
    assert widest_constant(now) == 1
    assert np.asarray(Program(now)([wide])[1]).tobytes() == np.full((5, 2, 3), value).tobytes()






def test_constants_that_differ_stay() -> None:
    _, now = simple(lambda x: add(x, np.array([0.0, -0.0, 0.0, 0.0], np.float32)))
    assert widest_constant(now) == 4
