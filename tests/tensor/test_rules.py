"""Rules of derivatives that a trace runs once: the graph is the one that they build when each is run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.autodiff.reverse import pull
from gradwerk.ir.graph import Graph, Value
from gradwerk.nn.norm import batch_statistics, normalize
from gradwerk.ops.elementwise import add, mul, sub, tanh
from gradwerk.ops.functions import matmul, mean, relu, softmax
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import concatenate, reshape, transpose
from gradwerk.ops.reduction import reduce_max
from gradwerk.tensor import rules, tape
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Parameter, Tensor

Layer = Callable[[Any, Any, Any], Any]
LAYERS: dict[str, Layer] = {
    "dense": lambda x, w, b: relu(add(matmul(x, w), b)),
    "turned": lambda x, w, b: transpose(matmul(transpose(w, (1, 0)), transpose(x, (1, 0))), (1, 0)),
    "views": lambda x, w, b: reshape(mul(reshape(x, (2, 2, 4)), b), (4, 4)),
    "with itself": lambda x, w, b: add(mul(x, x), mul(x, 0.37)),
    "numbers": lambda x, w, b: mul(sub(1.0, x), np.full((4, 4), 0.25, np.float32)),
    "rows": lambda x, w, b: softmax(add(x, reduce_max(x, (1,), keepdims=True)), axis=-1),
    "norm": lambda x, w, b: normalize(x, *batch_statistics(x), b, b, epsilon=1e-3),
    "joined": lambda x, w, b: matmul(concatenate([x, w], 1), concatenate([w, x], 0)),
    "looked up": lambda x, w, b: add(x, gather(w, np.array([0, 3, 3, 1], np.int32))),
    "detached": lambda x, w, b: tanh(mul(x, x.detach())),
}


def gradients_of(layer: Layer, *, twice: bool = False) -> tuple[Graph, list[Any]]:
    """The graph of a step of three such layers, and its results: gradients, or those of gradients."""
    draw = np.random.default_rng(0)
    weights = [Parameter(draw.normal(size=shape).astype(np.float32)) for shape in ((4, 4), (4,)) for _ in range(3)]

    def step(x: Tensor) -> list[Any]:
        y: Any = x
        for w, b in zip(weights[:3], weights[3:], strict=True):
            y = layer(y, w, b)
        loss = mean(mul(y, y))
        if twice:
            loss = mean(mul(grad(loss, x, create_graph=True), 0.5))
        return [loss, *[g for g in grad(loss, [x, *weights], allow_unused=True) if g is not None]]

    x = Tensor(draw.normal(size=(4, 4)).astype(np.float32))
    x.requires_grad = True
    compiled = gw.compile(step)
    results = [y.numpy() for y in compiled(x)]
    (graph,) = [binding.entry.program.graph for rows in compiled.specializations.values() for binding in rows]
    return graph, results


def said(graph: Graph, known: dict[Any, int]) -> list[int]:
    """The numbers of the results, in whatever order the nodes stand that do not wait for each other: equal only where the results are."""
    place: dict[Value, int] = {}
    for node in graph.live():
        key = (node.op, tuple([place[value] for value in node.args]))
        place.update({value: known.setdefault((key, value.index), len(known)) for value in node.values})
    return [place[value] for value in graph.outputs]


@pytest.mark.parametrize("twice", [False, True])
@pytest.mark.parametrize("name", LAYERS)
def test_the_graph_is_that_of_rules_run_each_time(name: str, twice: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    graph, results = gradients_of(LAYERS[name], twice=twice)
    monkeypatch.setattr(tape, "pulled", pull)
    plain, wanted = gradients_of(LAYERS[name], twice=twice)
    known: dict[Any, int] = {}
    assert said(graph, known) == said(plain, known)
    for a, b in zip(results, wanted, strict=True):
        assert a.tobytes() == b.tobytes()


def test_equal_layers_run_each_rule_once(monkeypatch: pytest.MonkeyPatch) -> None:
    built, runs = rules.built, list[str]()

    def noting(op: Any, *args: Any) -> Any:  # noqa: ANN401
        runs.append(op.name)
        return built(op, *args)

    monkeypatch.setattr(rules, "built", noting)
    gradients_of(LAYERS["dense"])
    assert runs.count("contract") == runs.count("relu") == 1


def test_a_value_that_was_written_over_is_refused_as_ever() -> None:
    x, scale = Parameter(np.ones(3, np.float32)), Tensor(np.ones(3, np.float32))

    def step(times: int) -> Tensor:
        for _ in range(times):
            loss = mean(mul(x, scale))
            loss.backward()
        loss = mean(mul(x, scale))
        scale.assign(np.zeros(3, np.float32))
        loss.backward()
        return loss

    for times in (0, 2):
        with pytest.raises(gw.StateError, match="modified by an inplace"):
            gw.compile(step)(times)
