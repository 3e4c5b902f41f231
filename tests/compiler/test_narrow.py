"""Narrow floats: kernels round as the table says, on every target without calls, and what computes computes in float32."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.target import Target
from gradwerk.compiler.widen import widen
from gradwerk.ir.graph import Graph, Type
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import Cast, add, mul
from gradwerk.ops.control import Scan, scan
from gradwerk.ops.functions import matmul
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy

NARROW = [dtype for dtype in dtypes.DATA if dtypes.is_narrow(dtype)]
EVERY = np.arange(1 << 16, dtype=np.uint16)
PLAIN = Target("x86-64", "", "x86_64-unknown-linux-gnu", 16, 16)
"""Without F16C, and without instructions for bfloat16."""


def name_of(dtype: DType) -> str:
    return dtypes.SHORT[dtype]


def cast_graph(source: DType, target: DType, count: int) -> Graph:
    graph = Graph("cast")
    return graph.finish([graph.apply(Cast(target), [graph.input(Type((count,), source))])[0]])


@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_every_narrow_number_is_loaded_exactly(dtype: DType) -> None:
    x = aligned_copy(EVERY.view(dtype))
    (made,) = Native(cast_graph(dtype, dtypes.float32, x.size), {}).run([x])
    np.testing.assert_array_equal(made, dtypes.widened(x))
    there = ~np.isnan(made)
    np.testing.assert_array_equal(np.signbit(made[there]), (EVERY >> 15).astype(bool)[there])


@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_stores_round_to_nearest_even(dtype: DType) -> None:
    """At every narrow number, halfway to the next, and beside these; at random bits."""
    wide = dtypes.widened(EVERY.view(dtype)).view(np.uint32).astype(np.int64)
    half = 1 << (22 - dtypes.ROWS[dtype].fraction)
    near = (wide[:, None] + np.array([0, 1, -1, half, half - 1, half + 1])).reshape(-1).astype(np.uint32)
    small = np.float32(dtypes.limits(dtype).smallest_subnormal) * np.linspace(-3, 3, 4001, dtype=np.float32)
    x = np.concatenate([near.view(np.float32), np.random.default_rng(0).integers(0, 2**32, 1 << 16, np.uint32).view(np.float32), small])
    x[np.isnan(x)] = np.nan  # of others one would be the bits by which tests know memory that nobody wrote
    (made,) = Native(cast_graph(dtypes.float32, dtype, x.size), {}).run([aligned_copy(x)])
    with np.errstate(all="ignore"):
        wanted = dtypes.converted(x, dtype)
    there = ~np.isnan(x)
    np.testing.assert_array_equal(made.view(np.uint16)[there], wanted.view(np.uint16)[there])
    assert np.isnan(dtypes.widened(made[~there])).all()


@pytest.mark.parametrize("target", [PLAIN, None], ids=["plain", "host"])
@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_no_conversion_is_a_call(dtype: DType, target: Target | None) -> None:
    graph = Graph("both ways")
    x = graph.input(Type((37,), dtype))
    plan = compile_graph(graph.finish([add(mul(x, x), 1.5)]), target or host_target(), {})
    assert plan.objects
    for code in plan.objects.values():
        assert not any(symbol in code for symbol in (b"__extend", b"__trunc", b"__gnu_"))


@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_sums_and_products_add_up_in_float32(dtype: DType) -> None:
    graph = Graph("sums")
    x, y = graph.input(Type((3, 5000), dtype)), graph.input(Type((5000, 2), dtype))
    graph.finish([reduce_sum(x, 1), reduce_sum(x), matmul(x, y)])
    ones = [dtypes.filled(shape, 1, dtype) for shape in ((3, 5000), (5000, 2))]
    wanted = [dtypes.of_value(n, dtype) for n in ([5000] * 3, 15000, [[5000] * 2] * 3)]
    for made in (interpret(graph, ones), Native(graph, {}).run([aligned_copy(a) for a in ones])):
        for got, want in zip(made, wanted, strict=True):
            np.testing.assert_array_equal(dtypes.widened(got), dtypes.widened(want))


@pytest.mark.parametrize("dtype", NARROW, ids=name_of)
def test_behind_the_pass_nothing_rounds_a_narrow_float(dtype: DType) -> None:
    body = Graph("step")
    carry, x = body.input(Type((2,), dtype)), body.input(Type((2,), dtype))
    body.finish([add(mul(carry, x), x), mul(carry, carry)])
    graph = Graph("loop")
    start, xs = graph.input(Type((2,), dtype)), graph.input(Type((3, 2), dtype))
    graph.finish(scan(body, 3, [start], [xs]))
    wide = widen(graph)
    assert [v.type for v in wide.outputs] == [v.type for v in graph.outputs]
    (inner,) = [node.op.body for node in wide.live() if isinstance(node.op, Scan)]
    for node in (*wide.live(), *inner.live()):
        assert not node.op.rounds or not any(dtypes.is_narrow(v.dtype) for v in (*node.args, *node.values)), node.op
    assert widen(wide) == wide
    arrays = [dtypes.converted(np.random.default_rng(1).normal(size=v.shape), dtype) for v in graph.inputs]
    for got, want in zip(Native(graph, {}).run([aligned_copy(a) for a in arrays]), interpret(graph, arrays), strict=True):
        np.testing.assert_array_equal(got.view(np.uint16), want.view(np.uint16))


def test_a_graph_without_narrow_floats_is_left_alone() -> None:
    graph = Graph("wide")
    x = graph.input(Type((2,), dtypes.float32))
    graph.finish([add(x, x)])
    assert widen(graph) is graph
