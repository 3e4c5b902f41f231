"""Twice the program, twice the steps: no pass looks at everything again for each thing it looks at.

Steps are lines of Python that run (each turn of a comprehension is one), so nothing depends on how fast the machine is.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.base.settings import settings
from gradwerk.compiler import pipeline
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import TOKEN, Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ir.plan import Plan
from gradwerk.ir.text import parse, print_graph
from gradwerk.jit import specialize
from gradwerk.jit.guards import Guards
from gradwerk.jit.signature import Call
from gradwerk.nn.norm import batch_statistics, normalize
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import add, maximum, mul, relu, sub
from gradwerk.ops.control import scan
from gradwerk.ops.host import Print, Token
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import concatenate, pad, slice_, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum
from gradwerk.ops.transcendental import sin, tanh
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from gradwerk.tensor.tensor import Parameter, Tensor

FLOAT = dtypes.float32
SIZES = 48, 96
MOST = 2.2
"""So many times the steps for twice the program: what is sorted takes a little more than twice."""
DEEP = 3 * sys.getrecursionlimit()
Case = Callable[[Graph, int], list[Value]]


class Steps:
    """Lines that ran."""

    def __init__(self) -> None:
        self.count = 0


@contextmanager
def counted() -> Iterator[Steps]:
    """Counts the lines of Python that run in the block, in this thread."""
    steps, before = Steps(), sys.gettrace()

    def line(frame: FrameType, event: str, argument: Any) -> Any:
        steps.count += event == "line"
        return line

    gc.collect()
    sys.settrace(line)
    try:
        yield steps
    finally:
        sys.settrace(before)


def wide(graph: Graph, *shape: int) -> Value:
    return graph.input(Type(shape or (4, 16), FLOAT))


def dense(graph: Graph, n: int) -> list[Value]:
    x = wide(graph)
    for _ in range(n):
        x = relu(add(functions.matmul(x, wide(graph, 16, 16)), wide(graph, 16)))
    return [x]


def dense_with_gradients(graph: Graph, n: int) -> list[Value]:
    """A step: parameters less their gradients, and a running mean of those."""
    (y,) = dense(graph, n)
    weights = graph.inputs[1:]
    found = gradients([reduce_sum(y, (0, 1))], [graph.constant(np.float32(1))], weights)
    kept = [add(mul(wide(graph, *w.shape), 0.9), mul(g, 0.1)) for w, g in zip(weights, found, strict=True)]
    return [sub(w, mul(m, 0.01)) for w, m in zip(weights, kept, strict=True)] + kept


def chain(graph: Graph, n: int) -> list[Value]:
    x = y = wide(graph)
    for k in range(n):
        y = mul(add(y, x), 0.5) if k % 2 else sub(y, 1.25)
    return [y]


def chain_with_gradient(graph: Graph, n: int) -> list[Value]:
    x = y = wide(graph)
    for _ in range(n):
        y = sin(y)
    (found,) = gradients([y], [graph.constant(np.ones((4, 16), np.float32))], [x])
    assert found is not None
    return [found]


def normalised(graph: Graph, n: int) -> list[Value]:
    x = wide(graph)
    for _ in range(n):
        x = functions.matmul(x, wide(graph, 16, 16))
        x = relu(normalize(x, *batch_statistics(x), wide(graph, 16), wide(graph, 16), epsilon=1e-3))
    return [x]


def one_for_many(graph: Graph, n: int) -> list[Value]:
    x = wide(graph)
    return [mul(sin(x), k + 0.37) for k in range(n)]


def many_for_one(graph: Graph, n: int) -> list[Value]:
    terms = [mul(wide(graph), 0.5) for _ in range(n)]
    while len(terms) > 1:
        terms = [add(*terms[k : k + 2]) if k + 1 < len(terms) else terms[k] for k in range(0, len(terms), 2)]
    return terms


def products_of_one(graph: Graph, n: int) -> list[Value]:
    x = wide(graph)
    return [functions.matmul(x, wide(graph, 16, 16)) for _ in range(n)]


def sums_that_wait(graph: Graph, n: int) -> list[Value]:
    x = wide(graph)
    for _ in range(n):
        x = add(x, mul(reduce_sum(x, (0,)), 0.01))
    return [x]


def sums_of_one_region(graph: Graph, n: int) -> list[Value]:
    x = wide(graph)
    return [reduce_sum(mul(x, k + 0.37), (0,)) for k in range(n)]


def rows(graph: Graph, n: int) -> list[Value]:
    """Each is a fold of what the ones before make; the rows are as many as they are long."""
    x = wide(graph, 16, 16)
    for _ in range(n):
        x = sub(x, reduce_max(mul(x, 0.5), (1,), keepdims=True))
    return [x]


def loops(graph: Graph, n: int) -> list[Value]:
    carry, xs = wide(graph, 16), wide(graph, 4, 16)
    for k in range(n):
        step = Graph("step")
        a, x = step.input(Type((16,), FLOAT)), step.input(Type((16,), FLOAT))
        y = tanh(add(mul(a, k % 7 + 0.1), x))
        carry, xs = scan(step.finish([y, y]), 4, [carry], [xs])
    return [carry]


def one_large_loop(graph: Graph, n: int) -> list[Value]:
    """A step of many carries, some of which only accumulate, and of many stacked results, with its gradient."""
    step = Graph("step")
    carries, x = [step.input(Type((16,), FLOAT)) for _ in range(n)], step.input(Type((16,), FLOAT))
    following = [add(c, mul(x, k + 0.5)) if k % 2 else tanh(add(c, x)) for k, c in enumerate(carries)]
    body = step.finish([*following, *(y for y in following[::2])])
    start, xs = [wide(graph, 16) for _ in range(n)], wide(graph, 4, 16)
    results = scan(body, 4, start, [xs])
    found = gradients(results[:2], [graph.constant(np.ones(16, np.float32))] * 2, [*start, xs])
    return [*results, *(value for value in found if value is not None)]


def loops_on_the_host(graph: Graph, n: int) -> list[Value]:
    """A loop in a loop, and one that writes."""
    carry, token = wide(graph, 16), graph.apply(Token("output"), ())[0]
    for k in range(n):
        inner = Graph("inner")
        inner.finish([mul(inner.input(Type((16,), FLOAT)), k + 0.5)])
        outer = Graph("outer")
        (y,) = scan(inner, 2, [tanh(outer.input(Type((16,), FLOAT)))])
        (carry,) = scan(outer.finish([y]), 2, [carry])
        said = Graph("said")
        (token,) = scan(said.finish([Print("step")(said.input(TOKEN))]), 2, [token])
    return [carry, token]


def joined(graph: Graph, n: int) -> list[Value]:
    """Interleaved in memory, and taken apart again."""
    whole = concatenate([wide(graph, 4, 4) for _ in range(n)], 1)
    w = wide(graph, 4, 4)
    return [functions.matmul(slice_(whole, (0, 4 * k), (4, 4 * k + 4)), w) for k in range(n)]


def stacked(graph: Graph, n: int) -> list[Value]:
    """One behind the other in memory, with zeros between."""
    whole = concatenate([pad(wide(graph, 2, 4), (1, 0), (1, 0)) for _ in range(n)], 0)
    return [maximum(slice_(whole, (4 * k, 0), (4 * k + 4, 4)), 0.5) for k in range(n)]


def turned(graph: Graph, n: int) -> list[Value]:
    x = first = wide(graph, 16, 16)
    for _ in range(n):
        x = add(transpose(functions.matmul(transpose(x, (1, 0)), first), (1, 0)), 1.5)
    return [x]


def looked_up(graph: Graph, n: int) -> list[Value]:
    index = graph.input(Type((8,), dtypes.int32))
    return [gather(wide(graph, 4, 16), index) for _ in range(n)]


CASES: tuple[Case, ...] = (
    dense, dense_with_gradients, chain, chain_with_gradient, normalised, one_for_many, many_for_one, products_of_one, sums_that_wait,
    sums_of_one_region, rows, loops, one_large_loop, loops_on_the_host, joined, stacked, turned, looked_up,
)  # fmt: skip


@pytest.fixture
def _no_objects(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Kernels are compiled or found in a cache: how many steps that takes depends on what ran before."""
    monkeypatch.setattr(pipeline, "objects_for", lambda kernels, backend: {kernel.name: b"" for kernel in kernels})
    with settings.scope(check=False):
        yield


def planned(case: Case, n: int) -> Plan:
    """New parameters and moments of `dense_with_gradients` are written over the old ones."""
    graph = Graph()
    graph.finish(case(graph, n))
    outputs = len(graph.outputs) if case is dense_with_gradients else 0
    return compile_graph(graph, host_target(), {number: number + 1 for number in range(outputs)})


@pytest.mark.usefixtures("_no_objects")
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
def test_steps_from_graph_to_plan(case: Case) -> None:
    planned(case, 4)  # what is done once in a process is done
    steps = []
    for n in SIZES:
        with counted() as found:
            planned(case, n)
        steps.append(found.count)
    assert steps[1] <= MOST * steps[0]


def train(n: int) -> None:
    """Traces a step of n layers: forward, backward, new parameters and moments."""
    weights = [Parameter(np.ones((16, 16), np.float32)) for _ in range(n)]
    moments = [Tensor(np.zeros((16, 16), np.float32)) for _ in range(n)]

    def step(x: Tensor) -> Tensor:
        y: Any = x
        for w in weights:
            y = relu(functions.matmul(y, w))
        loss = functions.mean(y)
        loss.backward()
        for w, m in zip(weights, moments, strict=True):
            m.assign(add(mul(m, 0.9), mul(w.grad, 0.1)))
            w.assign(sub(w, mul(m, 0.01)))
        return loss

    x = Tensor(np.ones((4, 16), np.float32))
    specialize.Tracer(step, "step", Call((x,), {}), frozenset(), specialize.Watching.EACH_CALL, Guards()).run((x,), {})


def test_steps_of_a_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(specialize, "executable", lambda graph, in_place: graph)
    train(4)
    steps = []
    for n in SIZES:
        with counted() as found:
            train(n)
        steps.append(found.count)
    assert steps[1] <= MOST * steps[0]


def test_a_deep_chain_is_no_recursion() -> None:
    """Compiled, as text, eager with its gradient, as a chain of views that is written to, and let go."""
    graph = Graph()
    graph.finish(chain(graph, DEEP))
    x = np.ones((4, 16), np.float32)
    (made,) = Native(graph, {}).run([aligned_copy(x)])
    assert made.tobytes() == interpret(graph, [x])[0].tobytes()
    assert parse(print_graph(graph)) == graph
    leaf = Parameter(np.ones(4, np.float32))
    y: Any = leaf
    for _ in range(DEEP):
        y = sin(y)
    functions.mean(y).backward()
    assert np.isfinite(leaf.grad.numpy()).all()

    @gw.compile
    def turned_and_written(base: Tensor) -> None:
        view: Any = base
        for _ in range(201):
            view = transpose(view, (1, 0))
        view.assign(mul(view, 2.0))

    base = Tensor(np.ones((2, 3), np.float32))
    turned_and_written(base)
    assert (base.numpy() == 2).all()
