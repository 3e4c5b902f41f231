"""Contractions of every shape against NumPy: products, convolutions and their gradients, strides, gaps, padding, parts."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.compiler.contraction import cuts, schedule
from gradwerk.compiler.contraction.lower import lower_contraction
from gradwerk.compiler.contraction.schedules import columns
from gradwerk.compiler.llvm.contract import ContractKernel
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.target import Target
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ops import functions
from gradwerk.ops.contraction import Contract, Index, plain
from gradwerk.ops.movement import transpose
from tests.compiler.run_work import Memory, run

FLOAT = np.dtype("float32")


def contracts_of(build, *shapes, dtype=FLOAT) -> list[Contract]:
    """The Contract nodes of a small graph and of its gradients."""
    from gradwerk.autodiff.reverse import gradients

    graph = Graph()
    values = [graph.input(Type(shape, dtype)) for shape in shapes]
    y = build(*values)
    ct = graph.input(y.type)
    grads = gradients([y], [ct], values)
    graph.finish([y, *(g for g in grads if isinstance(g, Value))])
    return [(node.op, [a.shape for a in node.args]) for node in graph.live() if isinstance(node.op, Contract)]


def check(op: Contract, shapes, dtype=FLOAT, *, target: Target | None = None, seed: int = 0) -> None:
    rng = np.random.default_rng(seed)
    arrays = [rng.normal(size=s).astype(dtype) if dtype.kind == "f" else rng.integers(-5, 5, s).astype(dtype) for s in shapes]
    expected = op.reference(*(a.astype("f8") if dtype.kind == "f" else a for a in arrays))
    memory = Memory()
    a, b = (memory.place(x) for x in arrays)
    out = memory.empty(expected.shape, dtype)
    target = target or host_target()
    run(lower_contraction(op, a, b, out, target, packs={})[0], memory, target=target)
    scale = max(1.0, float(np.abs(expected).max(initial=0)))
    np.testing.assert_allclose(memory.read(out), expected, rtol=2e-5 if dtype == FLOAT else 1e-12, atol=3e-6 * scale)


PRODUCTS = [((1, 1), (1, 1)), ((3, 5), (5, 7)), ((128, 784), (784, 512)), ((64, 256), (256, 1024)), ((33, 100), (100, 10)),
            ((17, 1), (1, 40)), ((3000, 50), (50, 70)), ((40_000, 8), (8, 20)),
            ((4, 3, 5), (4, 5, 6)), ((2, 3), (3, 1)), ((128, 84), (84, 10)), ((7, 0), (0, 4)), ((0, 4), (4, 3))]  # fmt: skip


@pytest.mark.parametrize("shapes", PRODUCTS, ids=str)
def test_products_and_their_gradients(shapes) -> None:
    for op, given in contracts_of(functions.matmul, *shapes):
        check(op, given)


CONVOLUTIONS = [
    ((2, 9, 9, 3), (3, 3, 3, 8), {}),
    ((2, 28, 28, 1), (5, 5, 1, 6), {"padding": ((2, 2), (2, 2))}),
    ((2, 14, 14, 6), (5, 5, 6, 16), {}),
    ((2, 8, 8, 64), (3, 3, 64, 64), {"padding": ((1, 1), (1, 1))}),
    ((1, 11, 10, 4), (3, 2, 4, 5), {"strides": (2, 3), "padding": ((1, 0), (0, 2))}),
    ((1, 12, 12, 2), (3, 3, 2, 4), {"dilation": (2, 2), "padding": ((2, 2), (2, 2))}),
    ((2, 6, 6, 4), (3, 3, 2, 6), {"groups": 2}),
    ((2, 20, 3), (4, 3, 5), {}),
]


@pytest.mark.parametrize("case", CONVOLUTIONS, ids=str)
def test_convolutions_and_their_gradients(case) -> None:
    x, kernel, options = case
    for op, given in contracts_of(lambda a, b: functions.conv(a, b, **options), x, kernel):
        check(op, given)


@pytest.mark.parametrize("batch", [65, 80, 100, 128, 129, 200])
def test_a_batch_along_the_lanes_leaves_its_neighbours_alone(batch: int) -> None:
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=shape).astype("f4") for shape in ((batch, 12, 12, 1), (5, 5, 1, 6))]
    op = contracts_of(lambda a, b: functions.conv(a, b, padding=((2, 2), (2, 2))), *(a.shape for a in arrays))[0][0]
    memory = Memory()
    expected = op.reference(*(a.astype("f8") for a in arrays))
    a, b = (memory.place(x) for x in arrays)
    works, out = lower_contraction(op, a, b, memory.empty(expected.shape, FLOAT), host_target(), packs={}, free=True)
    run(works, memory, target=host_target())
    np.testing.assert_allclose(memory.read(out), expected, rtol=2e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "int32", "int64"])
def test_other_types(dtype: str) -> None:
    graph = Graph()
    a, b = graph.input(Type((9, 20), np.dtype(dtype))), graph.input(Type((20, 33), np.dtype(dtype)))
    op = functions.matmul(a, b).node.op
    check(op, [(9, 20), (20, 33)], np.dtype(dtype))


def test_transposed_and_strided_operands() -> None:
    graph = Graph()
    a, b = graph.input(Type((40, 30), FLOAT)), graph.input(Type((30, 50), FLOAT))
    op = functions.matmul(a, b).node.op
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(40, 30)).astype("f4"), rng.normal(size=(30, 50)).astype("f4")
    for sa, sb in [((1, 40), (50, 1)), ((30, 1), (1, 30)), ((1, 40), (1, 30)), ((70, 2), (50, 1))]:
        memory = Memory()
        first, second = memory.strided(x, sa), memory.strided(y, sb)
        out = memory.empty((40, 50), FLOAT)
        run(lower_contraction(op, first, second, out, host_target(), packs={})[0], memory, target=host_target())
        np.testing.assert_allclose(memory.read(out), x @ y, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("width", [16, 32])
def test_narrower_machines(width: int) -> None:
    host = host_target()
    target = Target(host.cpu, host.features, host.triple, width, 16)
    for op, given in contracts_of(functions.matmul, (20, 30), (30, 45)):
        check(op, given, target=target)


def test_one_copy_serves_equal_wishes() -> None:
    graph = Graph()
    a, b = graph.input(Type((64, 32), FLOAT)), graph.input(Type((48, 32), FLOAT))
    op = functions.matmul(a, transpose(b, (1, 0))).node.op
    memory, packs = Memory(), {}
    x, y = memory.place(np.ones((64, 32), "f4")), memory.place(np.ones((48, 32), "f4"))
    swapped = Operand(y.buffer, (32, 48), (1, 32))
    first = lower_contraction(op, x, swapped, memory.empty((64, 48), FLOAT), host_target(), packs=packs)[0]
    again = lower_contraction(op, x, swapped, memory.empty((64, 48), FLOAT), host_target(), packs=packs)[0]
    assert len(again) < len(first)


@pytest.mark.parametrize(("rows", "lanes"), [(50, 70), (257, 130), (64, 33), (13, 300), (2, 2003)])
@pytest.mark.parametrize("free", [False, True])
def test_long_sums_are_made_in_blocks(rows: int, lanes: int, *, free: bool) -> None:
    """Weight gradients over many examples: passes over all results, whatever tiles and chunks leave over."""
    graph = Graph()
    op = functions.matmul(graph.input(Type((rows, 3000), FLOAT)), graph.input(Type((3000, lanes), FLOAT))).node.op
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(3000, rows)).astype("f4"), rng.normal(size=(3000, lanes)).astype("f4")
    memory = Memory()
    first, second = memory.place(x), memory.place(y)
    turned = Operand(first.buffer, (rows, 3000), (1, rows))
    works, out = lower_contraction(op, turned, second, memory.empty((rows, lanes), FLOAT), host_target(), packs={}, free=free)
    run(works, memory, target=host_target(), backwards=True)
    exact = x.T.astype("f8") @ y
    assert np.abs(memory.read(out) - exact).max() < 2e-4  # one running sum of 3000 terms is three times worse


@pytest.mark.parametrize("rows", [2, 7, 23, 24, 30, 131])
@pytest.mark.parametrize("lanes", [600, 613])
def test_panels_that_lie_far_apart_are_copied_first(rows: int, lanes: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """For as many rows as read them often: the same bits as where they are read in place, by the same kernel for every number of rows."""
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(rows, 500)).astype("f4"), rng.normal(size=(500, lanes)).astype("f4")
    kernels, results = [], []
    for near in (cuts.NEAR, 1 << 62):
        monkeypatch.setattr(cuts, "NEAR", near)
        schedule.forget()
        op = plain("nc", "ck", "nk", n=rows, c=500, k=lanes)
        memory = Memory()
        a, b = memory.place(x), memory.place(y)
        works, out = lower_contraction(op, a, b, memory.empty((rows, lanes), FLOAT), host_target(), packs={})
        run(works, memory, target=host_target(), backwards=True)
        kernels += [work.kernel for work in works if isinstance(work.kernel, ContractKernel)]
        results.append(memory.read(out))
    schedule.forget()
    assert [bool(kernel.packed) for kernel in kernels] == [True, False]
    np.testing.assert_array_equal(*results)
    np.testing.assert_allclose(results[0], x @ y, rtol=2e-5, atol=1e-4)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
@pytest.mark.parametrize("width", [16, 32, 64])
@pytest.mark.parametrize("shape", [(9, 5, 3, 2), (8, 30, 64, 40), (10, 7, 17, 100), (0, 20, 33, 600), (0, 3, 100, 777), (0, 70, 5, 1024)])
def test_panels_of_transposes_are_turned(shape: tuple[int, ...], width: int, dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of products by transposes, or one with many lanes: the same bits as of a copy, without the work that makes it."""
    batch, n, c, k = shape
    host, rng = host_target(), np.random.default_rng(0)
    target = Target(host.cpu, host.features, host.triple, min(width, host.vector_bytes), host.registers if width == 64 else 16)
    op = plain("bnc", "bkc", "bnk", b=batch, n=n, c=c, k=k) if batch else plain("nc", "kc", "nk", n=n, c=c, k=k)
    x, y = ((9 * rng.normal(size=(batch, rows, c) if batch else (rows, c))).astype(dtype) for rows in (n, k))
    results, kernels = [], []
    for turns in (columns.turns_once, lambda choice, width: False):
        monkeypatch.setattr(columns, "turns_once", turns)
        schedule.forget()
        memory = Memory()
        a, b = memory.place(x), memory.place(y)
        works, out = lower_contraction(op, a, b, memory.empty(op.reference(x, y).shape, np.dtype(dtype)), target, packs={})
        run(works, memory, target=target, backwards=True)
        kernels.append([work.kernel for work in works])
        results.append(memory.read(out))
    schedule.forget()
    assert [isinstance(kernel, ContractKernel) and kernel.turned for kernel in kernels[0]] == [True]
    np.testing.assert_array_equal(*results)
    np.testing.assert_allclose(results[0], op.reference(x, y), rtol=2e-5, atol=1e-3)


@pytest.mark.parametrize("stride", [2, 3])
def test_strided_input_gradients_read_no_zeros(stride: int) -> None:
    options = {"strides": (stride, stride), "padding": ((1, 1), (1, 1))}
    for op, given in contracts_of(lambda a, b: functions.conv(a, b, **options), (2, 13, 12, 4), (3, 3, 4, 5)):
        check(op, given)
        memory = Memory()
        a, b = (memory.place(np.zeros(shape, "f4")) for shape in given)
        (result,) = op.infer(*(Type(shape, FLOAT) for shape in given))
        works, _ = lower_contraction(op, a, b, memory.empty(result.shape, FLOAT), host_target(), packs={})
        assert sum(work.flops for work in works if "contract" in work.kernel.name) <= 2 * op.flops(*(Type(s, FLOAT) for s in given))


@pytest.mark.parametrize("examples", [3, 70])
@pytest.mark.parametrize("places", [8, 90])
@pytest.mark.parametrize("turned", [False, True])
def test_windows_over_what_has_more_dimensions_than_the_weights(examples: int, places: int, *, turned: bool) -> None:
    """One weight per place of the window: the padded dimension of the one operand has no number in the other.

    Over many places zeros are laid around them; over few the loops leave out what is outside.
    """
    image, weights = (Index((("n", 1),)), Index((("y", 1), ("r", 1)), -1)), (Index((("r", 1),)),)
    op = Contract(image, weights, ("n", "y"), (("n", examples), ("y", places), ("r", 3)))
    shapes = [(examples, places), (3,)]
    check(op.swapped() if turned else op, shapes[::-1] if turned else shapes)
