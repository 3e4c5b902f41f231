"""Lowering by likeness: what is filled into a form is what lowering makes, and what is shared is lowered anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given

from gradwerk.autodiff.reverse import gradients
from gradwerk.compiler import alike, pipeline
from gradwerk.compiler.llvm.link import host_target
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.plan import Plan
from gradwerk.ops.contraction import contract
from gradwerk.ops.functions import conv, relu
from gradwerk.ops.movement import transpose
from gradwerk.ops.reduction import reduce_sum
from tests.laws.programs import programs

F32 = np.dtype(np.float32)


def planned(graph: Graph) -> Plan:
    """The Plan, without object code."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pipeline, "objects_for", lambda kernels, target: {kernel.name: b"" for kernel in kernels})
        return pipeline.compile_graph(graph, host_target(), {})


@given(programs())
def test_a_plan_does_not_depend_on_what_was_lowered_before(graph: Graph) -> None:
    planned(graph)
    filled = planned(graph)
    alike.FORMS.clear()
    assert planned(graph) == filled


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
    alike.FORMS.clear()
    planned(layers(3, 20))
    few = len(alike.FORMS)
    planned(layers(30, 20))
    assert len(alike.FORMS) == few


@pytest.mark.parametrize("padding", [0, 1])
def test_copies_are_made_once_for_all_who_read_them(padding: int) -> None:
    graph = Graph("copies")
    x, k = graph.input(Type((4, 9, 9, 3), F32)), graph.input(Type((3, 3, 3, 8), F32))
    around = ((padding, padding), (padding, padding))
    y = conv(x, k, padding=around)
    graph.finish([y, *(g for g in gradients([y], [graph.input(y.type)], [x, k]) if isinstance(g, Value))])
    alike.FORMS.clear()
    first = planned(graph)
    assert planned(graph) == first
