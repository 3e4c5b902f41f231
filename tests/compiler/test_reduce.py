"""Reduce kernels: any axes of any shape, with partial results and without."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.base import dtypes
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.reduces import lower_reduce
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.arithmetic import mul
from gradwerk.ops.reduction import Max, Min, Sum
from gradwerk.ops.transcendental import exp
from tests.compiler.run_work import Memory, run

F32 = Type((), dtypes.float32)
DRAW = np.random.default_rng(0)
CASES = [
    ((128, 10), (0,)), ((40, 9, 9, 6), (0, 1, 2)), ((16, 6, 28, 28), (0, 2, 3)), ((100,), (0,)), ((300, 500), (0, 1)), ((4, 5, 6), (1,)),
    ((4, 5, 6), (0, 2)), ((4, 5, 6), (2,)), ((0, 5), (0,)), ((5, 0, 3), (1,)), ((1, 7), (0,)), ((7, 1), (1,)), ((1,), (0,)),
    ((2, 3, 0), (0, 1, 2)), ((2000, 3), (0,)), ((1, 1), (0, 1)), ((30, 7000), (0,)), ((17, 33, 40), (0, 1)),
]  # fmt: skip


def product() -> Graph:
    body = Graph()
    return body.finish([mul(body.input(F32), body.input(F32))])


@pytest.mark.parametrize("keeps", [False, True])
@pytest.mark.parametrize("kind", [Sum, Max])
@pytest.mark.parametrize(("shape", "axes"), CASES)
def test_fold_of_a_product(shape: tuple[int, ...], axes: tuple[int, ...], kind: type, keeps: bool) -> None:
    if kind is Max and 0 in shape:
        return
    memory = Memory()
    x, y = DRAW.normal(size=shape).astype(np.float32), DRAW.normal(size=shape[-1:]).astype(np.float32)
    row = memory.place(y)
    reads = (memory.place(x), Operand(row.buffer, shape, (0,) * (len(shape) - 1) + (1,)))
    wide = x.astype(np.float64) * y
    expected = (wide.sum if kind is Sum else wide.max)(axis=axes, keepdims=keeps)
    out = memory.empty(expected.shape, np.float32)
    run(lower_reduce(product(), (kind(axes, keeps),), reads, (out,), shape, host_target()), memory, backwards=True)
    largest = max(np.abs(wide).sum(axis=axes).max(initial=0), 1.0)
    np.testing.assert_allclose(memory.read(out), expected, rtol=1e-6, atol=2e-7 * largest)


@given(st.data())
def test_any_axes_and_strides(data: st.DataObject) -> None:
    rank = data.draw(st.integers(1, 4))
    shape = tuple(data.draw(st.lists(st.integers(1, 20), min_size=rank, max_size=rank)))
    axes = tuple(sorted(data.draw(st.sets(st.integers(0, rank - 1), min_size=1))))
    memory = Memory()
    order, strides, step = data.draw(st.permutations(range(rank))), [0] * rank, 1
    for axis in order:
        strides[axis] = step
        step *= shape[axis]
    x = DRAW.integers(-9, 9, size=shape).astype(np.int32)
    body = Graph()
    body.finish([body.input(Type((), dtypes.int32))])
    out = memory.empty(x.sum(axes).shape, np.int32)
    target = replace(host_target(), vector_bytes=data.draw(st.sampled_from([64, 32, 4])))
    run(lower_reduce(body, (Sum(axes),), (memory.strided(x, strides),), (out,), shape, target), memory, target=target)
    np.testing.assert_array_equal(memory.read(out), x.sum(axes))


def test_several_folds_of_several_dtypes() -> None:
    body = Graph()
    a, b = body.input(F32), body.input(Type((), dtypes.int64))
    body.finish([exp(a), b])
    memory = Memory()
    x, y = DRAW.normal(size=(50, 7)).astype(np.float32), DRAW.integers(-(2**60), 2**60, size=(50, 7))
    outs = (memory.empty((7,), np.float32), memory.empty((7,), np.int64))
    run(lower_reduce(body, (Sum((0,)), Min((0,))), (memory.place(x), memory.place(y)), outs, x.shape, host_target()), memory)
    np.testing.assert_allclose(memory.read(outs[0]), np.exp(x.astype(np.float64)).sum(0), rtol=1e-6)
    np.testing.assert_array_equal(memory.read(outs[1]), y.min(0))


def test_sum_of_many_rows_stays_accurate() -> None:
    memory = Memory()
    x = DRAW.random(size=(60_000, 8)).astype(np.float32)
    body = Graph()
    body.finish([body.input(F32)])
    out = memory.empty((8,), np.float32)
    works = lower_reduce(body, (Sum((0,)),), (memory.place(x),), (out,), x.shape, host_target())
    run(works, memory)
    np.testing.assert_allclose(memory.read(out), x.sum(0, dtype=np.float64), rtol=2e-7)
    assert [work.chunks for work in works] == [16, 1]
    assert works[0].accesses[0].footprint.hull == (0, 3750 * 8 - 1, 3750 * 8)
    assert works[0].accesses[1].footprint.hull == (0, 7, 8)


@pytest.mark.parametrize(("shape", "chunks"), [((256, 32), [16, 1]), ((8, 4), [1]), ((30_000, 2), [16, 1]), ((64, 32_000), [16])])
def test_folds_are_cut_by_the_bytes_they_read(shape: tuple[int, ...], chunks: list[int]) -> None:
    body, memory = Graph(), Memory()
    body.finish([body.input(F32)])
    out = memory.empty(shape[1:], np.float32)
    works = lower_reduce(body, (Sum((0,)),), (memory.place(np.zeros(shape, np.float32)),), (out,), shape, host_target())
    assert [work.chunks for work in works] == chunks
