"""Lowering by likeness: what is filled into a form is what lowering makes, and what is shared is lowered anew."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given

from gradwerk.autodiff.reverse import gradients
from gradwerk.base.errors import VerifyError
from gradwerk.base.settings import settings
from gradwerk.compiler import alike, pipeline
from gradwerk.compiler.llvm.link import host_target
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.plan import Plan
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.contraction import contract
from gradwerk.ops.control import scan
from gradwerk.ops.functions import conv, matmul, relu
from gradwerk.ops.movement import concatenate, slice_, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import exp, tanh
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.laws.programs import programs

F32 = np.dtype(np.float32)


class Forgetful(dict[Hashable, Any]):
    """Forms of which none is kept: all is lowered anew."""

    def __setitem__(self, key: Hashable, value: Any) -> None:  # noqa: ANN401
        pass


def planned(graph: Graph, forms: dict[Hashable, Any] | None = None) -> Plan:
    """The Plan, without object code; with other forms than those kept so far."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "objects_for", lambda kernels, backend: {kernel.name: b"" for kernel in kernels})
        if forms is not None:
            patch.setattr(alike, "FORMS", forms)
        return pipeline.compile_graph(graph, host_target(), {})


@given(programs())
def test_a_plan_is_that_of_work_lowered_anew(graph: Graph) -> None:
    assert planned(graph) == planned(graph) == planned(graph, Forgetful())


def test_operands_that_lie_otherwise_are_other_forms() -> None:
    graph = Graph("turned")
    x, y = graph.input(Type((24, 24), F32)), graph.input(Type((24, 24), F32))
    turned = transpose(y, (1, 0))
    pairs = [(add(x, z), reduce_sum(z, (0,)), contract(x, z, "nc,ck->nk")) for z in (y, turned)]
    graph.finish([value for pair in pairs for value in pair])
    assert planned(graph, {}) == planned(graph, Forgetful())


def test_memory_of_another_kind_is_another_form() -> None:
    """A layer that writes to an output, and the same one that writes to its part of a stack, in each iteration of a loop another."""
    body, graph = Graph("step"), Graph("kinds")
    x = body.input(Type((24, 24), F32))
    body.finish([mul(x, 0.5), relu(contract(x, x, "nc,ck->nk"))])
    x = graph.input(x.type)
    graph.finish([relu(contract(x, x, "nc,ck->nk")), *scan(body, 3, [x])])
    assert planned(graph, {}) == planned(graph, Forgetful())


class Blurred(dict[Hashable, Any]):
    """Forms that are told apart by less: not by one thing that is said of each operand."""

    def __init__(self, left_out: int) -> None:
        super().__init__()
        self.left_out = left_out

    def key(self, key: Hashable) -> Hashable:
        """Without it."""
        what, rows, kind = cast("tuple[Any, ...]", key)
        return what, tuple(row[: self.left_out] + row[self.left_out + 1 :] for row in rows), kind

    def get(self, key: Hashable, default: Any = None) -> Any:
        return super().get(self.key(key), default)

    def __setitem__(self, key: Hashable, value: Any) -> None:
        super().__setitem__(self.key(key), value)


@pytest.mark.parametrize(("what", "left_out"), [("strides", 1), ("offset", 2), ("memory", 4)])
def test_forms_that_are_told_apart_by_less_are_seen(what: str, left_out: int) -> None:
    """Under `settings.check`, which every test runs under: where a product of two operands lies otherwise than that before."""
    graph = Graph(what)
    x, y = graph.input(Type((25, 25), F32)), graph.input(Type((24, 24), F32))
    first, second = (slice_(x, (k, 0), (k + 24, 24)) for k in range(2))
    others = {"strides": (transpose(y, (1, 0)), y), "offset": (second, y), "memory": (y, y)}
    pairs = {"strides": (y, y), "offset": (first, y), "memory": (y, graph.input(y.type))}[what], others[what]
    graph.finish([contract(a, b, "nc,ck->nk") for a, b in pairs])
    with pytest.raises(VerifyError, match="not lowered alike"):
        planned(graph, Blurred(left_out))
    assert planned(graph, {}) == planned(graph, Forgetful())


def layers(count: int, batch: int) -> Graph:
    """Dense layers and their gradients, the first of which reads its input turned, so that it is copied once for both products."""
    graph = Graph("layers")
    x = graph.input(Type((48, batch), F32))
    weights = [graph.input(Type((48, 48), F32)) for _ in range(count)]
    h = transpose(x, (1, 0))
    for w in weights:
        h = relu(contract(h, w, "nc,ck->nk"))
    loss = reduce_sum(h, (0, 1))
    return graph.finish([loss, *(g for g in gradients([loss], [graph.constant(np.float32(1))], weights) if isinstance(g, Value))])


def test_equal_layers_are_lowered_once() -> None:
    forms: dict[Hashable, Any] = {}
    planned(layers(3, 20), forms)
    few = len(forms)
    planned(layers(30, 20), forms)
    assert len(forms) == few
    assert planned(layers(3, 20), forms) == planned(layers(3, 20), Forgetful())


@pytest.mark.parametrize("padding", [0, 1])
def test_copies_are_made_once_for_all_who_read_them(padding: int) -> None:
    graph = Graph("copies")
    x, k = graph.input(Type((4, 9, 9, 3), F32)), graph.input(Type((3, 3, 3, 8), F32))
    around = ((padding, padding), (padding, padding))
    y = conv(x, k, padding=around)
    graph.finish([y, *(g for g in gradients([y], [graph.input(y.type)], [x, k]) if isinstance(g, Value))])
    assert planned(graph, {}) == planned(graph) == planned(graph) == planned(graph, Forgetful())


def joined(first: int) -> Graph:
    """Two results of one region, of which the one is written into a concatenation at once and the other is turned first."""
    graph = Graph("g")
    x, y, w = (graph.input(Type((32, 32), F32)) for _ in range(3))
    pair = exp(x), tanh(x)
    return graph.finish([matmul(concatenate((pair[first], y), 0), w), matmul(transpose(pair[1 - first]), w)])


def test_which_of_two_results_has_a_place_is_part_of_what_is_alike() -> None:
    rng = np.random.default_rng(0)
    arrays = [(rng.standard_normal((32, 32)) * 0.3).astype(np.float32) for _ in range(3)]
    for first in (0, 1, 0):
        graph = joined(first)
        for check in (False, True):
            with settings.scope(check=check):
                results = Native(graph, {}).run(list(map(aligned_copy, arrays)))
            for result, wanted in zip(results, interpret(graph, arrays), strict=True):
                np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-5)
