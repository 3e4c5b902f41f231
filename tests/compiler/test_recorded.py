"""What kernels declare is what they do: every load and store of every chunk lies in its footprint, and all that is declared written is."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.compiler import chunks
from gradwerk.compiler.contraction import cuts, schedule
from gradwerk.compiler.llvm.contract import ContractKernel
from gradwerk.compiler.steps import Segment
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops import functions as f
from gradwerk.ops.arithmetic import add, mul
from gradwerk.ops.contraction import contract
from gradwerk.ops.indexing import gather, scatter_add
from gradwerk.ops.movement import flip, pad, slice_, transpose
from gradwerk.ops.reduction import reduce_max, reduce_sum
from tests.compiler.recorded import Recorder, lowered, run_recorded
from tests.laws.programs import inputs_of, programs

F32, I64 = np.dtype(np.float32), np.dtype(np.int64)
RECORDER = Recorder()
Build = Callable[[Graph], list[Value]]


@pytest.fixture(autouse=True)
def _many_chunks(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Small extents are cut as large ones are."""
    monkeypatch.setattr(chunks, "SMALLEST", 16)
    monkeypatch.setattr(cuts, "CHUNK_WORK", 256)
    schedule.forget()
    yield
    schedule.forget()


def floats(graph: Graph, *shape: int) -> Value:
    return graph.input(Type(shape, F32))


def with_gradients(build: Build) -> Build:
    """The results, and the gradients of all inputs that have one."""

    def whole(graph: Graph) -> list[Value]:
        outputs = build(graph)
        cts = [graph.input(y.type) for y in outputs]
        inputs = [x for x in graph.inputs[: -len(cts)] if dtypes.is_float(x.dtype)]
        return [*outputs, *(g for g in gradients(outputs, cts, inputs) if isinstance(g, Value))]

    return whole


def conv(shape: tuple[int, ...], size: int, out: int, pad_: int, stride: int = 1, dilation: int = 1, groups: int = 1) -> Build:
    def build(graph: Graph) -> list[Value]:
        x, k = floats(graph, *shape), floats(graph, size, size, shape[-1] // groups, out)
        around = ((pad_, pad_), (pad_, pad_))
        return [f.conv(mul(x, 2.0), k, strides=(stride, stride), padding=around, dilation=(dilation, dilation), groups=groups)]

    return with_gradients(build)


def product(n: int, c: int, k: int) -> Build:
    return with_gradients(lambda graph: [contract(floats(graph, n, c), floats(graph, c, k), "nc,ck->nk")])


def pool(op: Callable[..., Value], shape: tuple[int, ...], window: int, stride: int, around: int) -> Build:
    sides = ((0, 0), (around, around), (around, around), (0, 0))
    return with_gradients(lambda graph: [op(floats(graph, *shape), (1, window, window, 1), (1, stride, stride, 1), sides)])


def table(graph: Graph) -> list[Value]:
    rows = gather(floats(graph, 9, 20), graph.input(Type((13,), I64)))
    return [mul(rows, 2.0)]


PRODUCTS = [(20, 7, 33), (8, 64, 16), (33, 33, 33), (5, 40, 3), (1, 50, 17), (64, 3, 1)]
PROGRAMS: dict[str, Build] = {
    **{f"product {n}x{c}x{k}": product(n, c, k) for n, c, k in PRODUCTS},
    "conv same": conv((1, 9, 9, 4), 3, 5, 1),
    "conv same, many channels": conv((2, 5, 5, 20), 3, 18, 1),
    "conv 5x5": conv((2, 6, 5, 3), 5, 4, 2),
    "conv strided": conv((2, 7, 8, 3), 3, 4, 1, stride=2),
    "conv dilated": conv((1, 11, 9, 2), 3, 3, 2, dilation=2),
    "conv grouped": conv((2, 8, 7, 6), 3, 9, 1, groups=3),
    "conv depthwise": conv((1, 8, 8, 5), 3, 5, 1, groups=5),
    "conv valid": conv((3, 7, 8, 6), 3, 7, 0),
    "conv same, second gradients": with_gradients(conv((2, 16, 4, 1), 5, 16, 2)),
    "conv strided, second gradients": with_gradients(conv((2, 7, 6, 2), 3, 3, 1, stride=2)),
    "conv of one image, second gradients": with_gradients(conv((1, 9, 9, 4), 3, 5, 1)),
    "max pool": pool(f.max_pool, (2, 9, 8, 5), 2, 2, 0),
    "max pool overlapping": pool(f.max_pool, (1, 9, 9, 3), 3, 2, 1),
    "max pool, many images": pool(f.max_pool, (12, 6, 6, 1), 3, 1, 0),
    "mean pool": pool(f.avg_pool, (2, 8, 8, 3), 2, 2, 0),
    "mean pool padded": pool(f.avg_pool, (5, 7, 7, 2), 3, 2, 1),
    "gather": with_gradients(table),
    "scatter": lambda g: [scatter_add(floats(g, 13, 5), g.input(Type((13,), I64)), 9)],
    "softmax": with_gradients(lambda g: [f.softmax(add(floats(g, 12, 21), floats(g, 21)), axis=-1)]),
    "softmax of columns": with_gradients(lambda g: [f.softmax(floats(g, 20, 12), axis=0)]),
    "normalised": with_gradients(lambda g: [f.softmax(reduce_sum(floats(g, 6, 20, 5), (1,)), axis=1)]),
    "sums": lambda g: [reduce_sum(x := floats(g, 24, 7, 6), (0,)), reduce_sum(x, (1,)), reduce_max(x, (2,)), reduce_sum(x, (0, 1, 2))],
    "sums of transposed": lambda g: [reduce_sum(transpose(x := floats(g, 24, 37), (1, 0)), (0,)), reduce_max(transpose(x, (1, 0)), (1,))],
    "turned": lambda g: [add(transpose(x := floats(g, 33, 33), (1, 0)), x), flip(x, (1,)), slice_(x, (3, 4), (33, 30))],
    "padded": lambda g: [pad(add(floats(g, 12, 7), 1.0), (2, 0), (0, 3))],
    "bias": lambda g: [add(mul(floats(g, 40, 6), floats(g, 6)), 1.0)],
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_every_access_was_declared(name: str) -> None:
    graph = Graph(name)
    graph.finish(PROGRAMS[name](graph))
    held(graph)


@pytest.mark.parametrize("name", ["conv strided", "conv dilated", "conv depthwise"])
def test_every_access_beside_infinity_was_declared(name: str) -> None:
    """Where results next to padding are made again: infinity in the kernel, and in what comes back."""
    graph = Graph(name)
    graph.finish(PROGRAMS[name](graph))
    for spoiled in (1, 2):
        held(graph, spoiled=spoiled)


@pytest.mark.parametrize("shape", [(26, 20, 40), (60, 20, 70), (8, 20, 40)])
def test_every_access_of_panels_that_are_copied_first_was_declared(shape: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cuts, "NEAR", 256)
    graph = Graph("copied panels")
    graph.finish(product(*shape)(graph))
    works = [work for step in lowered(graph).steps if isinstance(step, Segment) for work in step.work]
    assert any(isinstance(work.kernel, ContractKernel) and work.kernel.packed for work in works)
    held(graph)


@pytest.mark.parametrize(("names", "right"), [("bnc,bkc->bnk", (9, 70, 20)), ("bnc,bkc->bnk", (9, 7, 20)), ("nc,kc->nk", (600, 20))])
@pytest.mark.parametrize("n", [3, 26])
def test_every_access_of_panels_that_are_turned_was_declared(names: str, right: tuple[int, ...], n: int) -> None:
    graph = Graph("turned panels")
    left = (*right[:-2], n, 20)
    graph.finish([contract(floats(graph, *left), floats(graph, *right), names)])
    works = [work for step in lowered(graph).steps if isinstance(step, Segment) for work in step.work]
    assert any(isinstance(work.kernel, ContractKernel) and work.kernel.turned for work in works)
    held(graph)


@settings(max_examples=25)
@given(programs(), st.integers(0, 9))
def test_every_access_of_random_programs_was_declared(graph: Graph, seed: int) -> None:
    held(graph, seed)


def held(graph: Graph, seed: int = 0, *, spoiled: int | None = None) -> None:
    draw = np.random.default_rng(seed)
    arrays = inputs_of(graph, seed)
    for k, value in enumerate(graph.inputs):
        if value.dtype == I64:
            arrays[k] = draw.integers(0, 9, value.shape)
    if spoiled is not None:
        arrays[spoiled] = np.where(draw.random(arrays[spoiled].shape) < 0.2, np.float32(np.inf), np.abs(arrays[spoiled]))
    got = run_recorded(lowered(graph), arrays, RECORDER)
    for want, made in zip(interpret(graph, arrays), got, strict=True):
        np.testing.assert_allclose(made, np.ravel(want), rtol=2e-4, atol=2e-4)
