"""The passes know no back end: another one, in NumPy (tests/by_reference.py), compiles and runs what that of CPUs does."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import keras
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, IndexDataError
from gradwerk.base.settings import settings
from gradwerk.compiler import machines
from gradwerk.compiler.llvm import link
from gradwerk.compiler.machines import backend_of, host, registered
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import add, cast, mul, sub
from gradwerk.ops.contraction import contract
from gradwerk.ops.functions import log_softmax, max_pool
from gradwerk.ops.indexing import gather
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.transcendental import exp, tanh
from gradwerk.tensor import engine
from gradwerk.tensor.engine import program_of
from gradwerk.tensor.kept import Kept
from gradwerk.tensor.storage import aligned_copy
from tests import by_reference
from tests.by_reference import ByReference, Numpy, back_end

F32, I64 = dtypes.float32, dtypes.int64


@pytest.fixture(autouse=True)
def other() -> Iterator[None]:
    """NumPy is a target, and no kernel raises."""
    with registered(Numpy, back_end), settings.scope(check=True, threads=1):
        yield
    found, by_reference.errors[:] = list(by_reference.errors), []
    assert not found, "\n".join(found)


def some_of_all() -> tuple[Graph, list[np.ndarray]]:
    """A map, rows, reductions, a contraction with an epilogue, windows, indices."""
    graph = Graph("some of all")
    x, w, b = (graph.input(Type(shape, F32)) for shape in ((6, 5), (5, 4), (4,)))
    images, index = graph.input(Type((2, 6, 6, 3), F32)), graph.input(Type((7,), I64))
    hidden = tanh(add(contract(x, w, "ij,jk->ik"), b))
    pooled = max_pool(images, (1, 2, 2, 1), (1, 2, 2, 1), [(0, 0)] * 4)
    outputs = [log_softmax(hidden), reduce_sum(mul(x, x), (0,)), pooled, gather(hidden, index), sub(exp(x), 1.0)]
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=value.shape).astype(np.float32) for value in graph.inputs[:4]]
    return graph.finish(outputs), [*arrays, np.array([0, 5, 2, 2, 1, 4, 3])]


def run(graph: Graph, arrays: list[np.ndarray], target: object) -> tuple[list[np.ndarray], engine.Program]:
    program = program_of(graph, {}, target)
    held = [aligned_copy(x) for x in arrays]
    return program.run([x.ctypes.data for x in held]), program


def test_another_back_end_computes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a word to LLVM."""
    graph, arrays = some_of_all()

    def used() -> None:
        raise AssertionError("LLVM was used")

    with monkeypatch.context() as patch:
        patch.setattr(link, "_binding", used)
        made, program = run(graph, arrays, Numpy())
    assert not program.plan.host_calls
    assert all(launch.kernel.startswith("numpy_") for launch in program.plan.launches)
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("missing", ["contract", "tanh", "gather", "sum", "window_max", "mul"])
def test_what_it_has_no_kernel_for_falls_to_the_host(missing: str) -> None:
    """The others share kernels as far as they can without it."""
    graph, arrays = some_of_all()
    assert missing in {node.op.name for node in graph.live()}
    made, program = run(graph, arrays, Numpy(frozenset({missing})))
    assert {call.op.name for call in program.plan.host_calls} == {missing}
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-5, atol=1e-6)


def test_what_is_of_a_dtype_that_it_does_not_know_falls_to_the_host() -> None:
    graph = Graph()
    x = graph.input(Type((6, 5), F32))
    wide = cast(mul(x, 2.0), dtypes.float64)
    graph.finish([exp(x), cast(reduce_sum(mul(wide, wide), (1,)), F32)])
    (x,) = arrays = [np.random.default_rng(0).normal(size=(6, 5)).astype(np.float32)]
    made, program = run(graph, arrays, Numpy(frozenset({"float64"})))
    touched = [where.dtype for call in program.plan.host_calls for where in (*call.reads, *call.writes)]
    assert [call.op.name for call in program.plan.host_calls] == ["cast", "mul", "sum", "cast"]
    assert dtypes.float64 in touched
    for got, wanted in zip(made, interpret(graph, arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6)


def test_it_says_where_an_index_was_outside() -> None:
    graph = Graph()
    table, index = graph.input(Type((4, 3), F32)), graph.input(Type((5,), I64))
    graph.finish([gather(table, index)])
    arrays = [np.ones((4, 3), np.float32), np.array([0, 1, 9, -2, 3])]
    said = []
    for target in (Numpy(), host().target):
        with pytest.raises(IndexDataError) as found:
            run(graph, arrays, target)
        said.append(str(found.value))
    assert said[0] == said[1]


def test_how_much_a_region_holds_is_the_back_ends_to_say() -> None:
    graph = Graph()
    xs = [graph.input(Type((8,), F32)) for _ in range(12)]
    graph.finish([reduce(add, xs)])
    counts = [len(compile_graph(graph, target, {}).launches) for target in (host().target, Numpy())]
    assert counts[0] == 1
    assert counts[1] >= 2


def test_a_model_trains_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """From `train_on_batch` down; nothing above the engine knows."""

    def losses() -> list[float]:
        gw.seed(3)
        model = keras.Sequential([
            keras.layers.Input((9, 9, 2)), keras.layers.Conv2D(3, 3, activation="relu"), keras.layers.MaxPooling2D(),
            keras.layers.Flatten(), keras.layers.Dense(5),
        ])  # fmt: skip
        model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
        rng = np.random.default_rng(1)
        x, y = rng.normal(size=(13, 9, 9, 2)).astype(np.float32), rng.integers(0, 5, 13)
        return [float(model.train_on_batch(x, y)) for _ in range(4)]

    expected = losses()
    monkeypatch.setattr(machines, "host", lambda: back_end(Numpy()))
    monkeypatch.setattr(engine, "_programs", Kept())
    np.testing.assert_allclose(losses(), expected, rtol=1e-4)


def test_another_back_end_finds_nothing_of_the_one_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(machines.BACKENDS, Numpy)
    asked: list[str] = []

    class Asked(ByReference):
        def map(self, *args: Any) -> Any:
            asked.append("map")
            return super().map(*args)

    graph = Graph("g")
    x = graph.input(Type((4, 4), np.dtype(np.float32)))
    graph.finish([add(x, x)])
    for kind in (ByReference, Asked):
        with registered(Numpy, kind):
            compile_graph(graph, Numpy(), {})
    assert asked


def test_a_target_has_one_back_end() -> None:
    assert backend_of(host().target) == host()
    with pytest.raises(ArgumentError, match="no back end makes code for 3"):
        backend_of(3)
    with pytest.raises(ArgumentError, match="there is a back end for Numpy already"), registered(Numpy, back_end):
        raise AssertionError
