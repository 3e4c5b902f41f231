"""Contractions that finish their results themselves: the same as a contraction and then a map, whatever the schedule."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import add, maximum, mul, relu, sub, where
from gradwerk.ops.compare import greater
from gradwerk.ops.control import scan
from gradwerk.ops.functions import conv, matmul, softmax
from gradwerk.ops.movement import broadcast_to, concatenate, slice_axis, transpose
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.run_plan import Walk

Build = Callable[..., Sequence[Value]]
PRODUCTS = list(itertools.product((1, 5, 8, 33, 100), (1, 7, 64, 100, 1500), (1, 3, 16, 10, 130)))


def bias(y: Value, b: Value, r: Value) -> list[Value]:
    return [relu(add(y, b))]


def column(y: Value, b: Value, r: Value) -> list[Value]:
    """One number for each row."""
    return [add(mul(y, slice_axis(r, 1, 0, 1)), b)]


def residual(y: Value, b: Value, r: Value) -> list[Value]:
    return [relu(add(add(y, b), r))]


def mask(y: Value, b: Value, r: Value) -> list[Value]:
    """The gradient of a ReLU in front."""
    return [where(greater(r, 0.0), y, broadcast_to(mul(y.node.graph.constant(np.asarray(0, y.dtype)), 1.0), y.shape))]


def turned(y: Value, b: Value, r: Value) -> list[Value]:
    return [transpose(sub(mul(y, 2.0), r), (1, 0))]


def joined(y: Value, b: Value, r: Value) -> list[Value]:
    return [concatenate([maximum(add(y, b), 0.5), r], 1)]


def twice(y: Value, b: Value, r: Value) -> list[Value]:
    """The result itself is wanted too: it must be stored."""
    return [relu(add(y, b)), y]


def itself(y: Value, b: Value, r: Value) -> list[Value]:
    return [mul(add(y, b), y)]


def repeated(y: Value, b: Value, r: Value) -> list[Value]:
    """With what is one number in memory."""
    return [add(y, broadcast_to(slice_axis(slice_axis(r, 0, 0, 1), 1, 0, 1), y.shape))]


BUILDERS = [bias, column, residual, mask, turned, joined, twice, itself, repeated]


def arrays_of(graph: Graph) -> list[np.ndarray[Any, Any]]:
    draw = np.random.default_rng(0)
    return [draw.integers(-3, 4, value.shape).astype(value.dtype) for value in graph.inputs]  # sums are exact


def same(graph: Graph) -> None:
    """Compiled is interpreted, forwards and backwards."""
    arrays = arrays_of(graph)
    wanted = interpret(graph, arrays)
    walk = Walk(compile_graph(graph, host_target(), {}), arrays)
    for order in (1, -1):
        for got, want in zip(walk.run(order=order), wanted, strict=True):
            np.testing.assert_array_equal(got, want)


@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float64])
@pytest.mark.parametrize("build", BUILDERS)
def test_products(build: Build, dtype: Any) -> None:
    for n, k, m in PRODUCTS:
        graph = Graph("product")
        x, w, b, r = (graph.input(Type(shape, dtype)) for shape in ((n, k), (k, m), (m,), (n, m)))
        same(graph.finish(build(matmul(x, w), b, r)))


@pytest.mark.parametrize("build", [bias, residual, mask])
def test_products_of_turned_operands(build: Build) -> None:
    for n, k, m in ((8, 64, 130), (33, 7, 16), (100, 100, 3)):
        for left, right in itertools.product((False, True), repeat=2):
            graph = Graph("product")
            shapes = ((k, n) if left else (n, k), (m, k) if right else (k, m), (m,), (n, m))
            x, w, b, r = (graph.input(Type(shape, dtypes.float32)) for shape in shapes)
            x, w = transpose(x, (1, 0)) if left else x, transpose(w, (1, 0)) if right else w
            same(graph.finish(build(matmul(x, w), b, r)))


@pytest.mark.parametrize("shape", [(1, 16, 16, 8), (2, 28, 28, 6), (8, 12, 12, 16), (1, 24, 24, 64), (3, 7, 9, 1)], ids=str)
@pytest.mark.parametrize("kernel", [(3, 12, 1, 1, 1), (5, 6, 2, 1, 1), (3, 16, 1, 2, 1), (1, 32, 0, 1, 1), (3, 8, 2, 1, 2)], ids=str)
def test_convolutions(shape: tuple[int, ...], kernel: tuple[int, ...]) -> None:
    size, out, pad, stride, dilation = kernel
    graph = Graph()
    x, k, b = (graph.input(Type(s, dtypes.float32)) for s in (shape, (size, size, shape[-1], out), (out,)))
    y = conv(add(x, 1.0), k, strides=(stride, stride), padding=((pad, pad), (pad, pad)), dilation=(dilation, dilation))
    r = graph.input(y.type)
    same(graph.finish([relu(add(add(y, b), r))]))


def test_the_last_of_two_products_finishes_the_sum() -> None:
    graph = Graph("two")
    x, w, h, u, b = (graph.input(Type(s, dtypes.float32)) for s in ((16, 32), (32, 24), (16, 8), (8, 24), (24,)))
    graph.finish([relu(add(add(matmul(x, w), matmul(h, u)), b))])
    same(graph)
    assert len(compile_graph(graph, host_target(), {}).launches) == 2


def test_a_layer_is_one_launch() -> None:
    for n, k, m in ((64, 784, 512), (32, 100, 10), (1024, 1024, 1024)):
        graph = Graph("layer")
        x, w, b = (graph.input(Type(s, dtypes.float32)) for s in ((n, k), (k, m), (m,)))
        graph.finish([relu(add(matmul(x, w), b))])
        assert len(compile_graph(graph, host_target(), {}).launches) == 1


def test_attention_is_three_launches() -> None:
    """Scores, their softmax, and the weighted sum: the transpose is no copy of its own."""
    graph = Graph("attention")
    q, k, v = (graph.input(Type((8, 128, 64), dtypes.float32)) for _ in range(3))
    graph.finish([matmul(softmax(mul(matmul(q, transpose(k, (0, 2, 1))), 0.125), -1), v)])
    assert len(compile_graph(graph, host_target(), {}).launches) == 3


@pytest.mark.parametrize("over", [0, 1, 2])
def test_in_place_of_what_is_read(over: int) -> None:
    """Tiles that move back compute some results twice: of what the first time wrote they would make something else."""
    for n in (20, 33, 100):
        graph = Graph("in place")
        x, w, r = (graph.input(Type((n, n), dtypes.float32)) for _ in range(3))
        graph.finish([relu(add(matmul(x, w), r))])
        arrays = [aligned_copy(x) for x in arrays_of(graph)]
        (wanted,) = interpret(graph, [x.copy() for x in arrays])
        Native(graph, {0: over}).run(arrays)
        np.testing.assert_array_equal(arrays[over], wanted)


def test_an_update_in_place_is_a_map() -> None:
    """Which writes over the old weights at once: no copy."""
    graph = Graph("update")
    x, dy, w = (graph.input(Type(s, dtypes.float32)) for s in ((64, 100), (64, 200), (100, 200)))
    graph.finish([sub(w, mul(matmul(transpose(x, (1, 0)), dy), 0.5))])
    titles = [launch.title.split()[0] for launch in compile_graph(graph, host_target(), {0: 2}).launches]
    assert titles[-1] == "map_mul_sub_f32" and titles.count("map_f32") == 0


@pytest.mark.parametrize("reverse", [False, True])
def test_in_a_loop(reverse: bool) -> None:  # noqa: FBT001
    body = Graph("step")
    h, x, w, b = (body.input(Type(s, dtypes.float32)) for s in ((4, 16), (4, 16), (16, 16), (16,)))
    new = relu(sub(add(matmul(h, w), x), b))
    body.finish([mul(new, 0.25), add(matmul(x, w), b)])
    graph = Graph("loop")
    first, xs, w, b = (graph.input(Type(s, dtypes.float32)) for s in ((4, 16), (5, 4, 16), (16, 16), (16,)))
    graph.finish(scan(body, 5, [first], [xs], [w, b], reverse=reverse))
    arrays = arrays_of(graph)
    for got, want in zip(Native(graph, {}).run([aligned_copy(x) for x in arrays]), interpret(graph, arrays), strict=True):
        np.testing.assert_allclose(got, want, rtol=1e-5)


def test_nothing_to_add_up_and_no_results() -> None:
    for n, k, m in ((3, 0, 4), (0, 3, 4), (3, 4, 0)):
        graph = Graph("empty")
        x, w, b = (graph.input(Type(s, dtypes.float32)) for s in ((n, k), (k, m), (m,)))
        same(graph.finish([relu(add(matmul(x, w), b))]))
