"""Folds along any neighbouring axes that come back to what was folded: one kernel, whatever lies beside what in memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gradwerk.autodiff.reverse import gradients
from gradwerk.base import dtypes
from gradwerk.compiler.llvm.columns import ColumnKernel
from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.llvm.rows import lower_row
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.compiler.work import Operand
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops.arithmetic import add, div, mul, sub, where
from gradwerk.ops.compare import greater
from gradwerk.ops.from_bits import dropout
from gradwerk.ops.functions import log_softmax, mean, softmax, variance
from gradwerk.ops.movement import concatenate, reshape, slice_axis, transpose
from gradwerk.ops.random import random_bits
from gradwerk.ops.reduction import Max, Sum, reduce_max, reduce_sum
from gradwerk.ops.transcendental import exp, log, rsqrt, tanh
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.compiler.run_work import Memory, run

Axes = tuple[int, ...]
SHAPES = [(7, 5), (5, 5), (33, 40), (2, 3, 4), (4, 4, 4), (3, 6, 5, 4), (2, 64, 3, 3), (2, 3, 300), (1, 6, 1, 5), (2, 1, 4), (300, 3)]
SHAPES += [(0, 4), (3, 0, 4)]


def runs(ndim: int) -> Iterator[Axes]:
    """All neighbouring axes."""
    for first in range(ndim):
        for last in range(first, ndim):
            yield tuple(range(first, last + 1))


def centred(x: Value, axes: Axes) -> list[Value]:
    return [mul(sub(x, mean(x, axes, keepdims=True)), rsqrt(add(variance(x, axes, keepdims=True), 1e-5)))]


def without_axes(x: Value, axes: Axes) -> list[Value]:
    """The numbers per row lose their axes, and get them back."""
    kept = tuple([1 if k in axes else n for k, n in enumerate(x.shape)])
    total = reduce_sum(exp(x), axes)
    return [div(x, reshape(total, kept)), log(add(total, 1))]


def by_numpy(x: Value, axes: Axes) -> list[Value]:
    """The numbers of rows along the first axes meet x by NumPy's rule."""
    top = reduce_max(x, axes)
    return [sub(tanh(x), top), top] if axes[0] == 0 else centred(x, axes)


def dropped(x: Value, axes: Axes) -> list[Value]:
    """Random bits are numbered by the axes as they stand."""
    key, counter = (x.node.graph.constant(np.uint32(n)) for n in (3, 5))
    return [dropout(softmax(x, axes[0]), random_bits(x.shape, key, counter), 0.5)]


def two_ways(x: Value, axes: Axes) -> list[Value]:
    """Folded along these axes, and along the last one."""
    return [add(softmax(x, axes[0]), softmax(x, -1))]


def gained(x: Value, axes: Axes) -> list[Value]:
    """With a vector along each axis, where NumPy's rule puts it."""
    y = centred(x, axes)[0]
    for axis, extent in enumerate(x.shape):
        shape = tuple([extent if k == axis else 1 for k in range(x.ndim)])
        y = mul(y, x.node.graph.constant(np.linspace(0.5, 1.5, extent, dtype=x.dtype).reshape(shape)))
    return [y]


def moved(x: Value, axes: Axes) -> list[Value]:
    """Of turned memory, into a part of something else."""
    order = tuple(reversed(range(x.ndim)))
    y = transpose(centred(transpose(x, order), axes)[0], order)
    return [concatenate([y, mul(y, 2.0)], x.ndim - 1)]


def cut(x: Value, axes: Axes) -> list[Value]:
    """Of a part of an array, whose rows have gaps inside."""
    y = slice_axis(x, x.ndim - 1, 0, max(x.shape[-1] - 1, 0))
    return [where(greater(y, 0.0), centred(y, axes)[0], y)]


def plain(x: Value, axes: Axes) -> list[Value]:
    return [softmax(x, axes[0]), log_softmax(x, axes[-1])]


BUILDERS = [centred, without_axes, by_numpy, dropped, two_ways, gained, moved, cut, plain]


@pytest.mark.parametrize("dtype", [dtypes.float32, dtypes.float64])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("build", BUILDERS)
def test_compiled_is_interpreted(build: Callable[[Value, Axes], list[Value]], shape: tuple[int, ...], dtype: Any) -> None:
    x = np.random.default_rng(1).normal(size=shape).astype(dtype)
    for axes in runs(len(shape)):
        graph = Graph("columns")
        value = graph.input(Type(shape, dtype))
        if 0 in shape and build in (by_numpy, plain, two_ways, dropped):
            continue  # the largest of nothing is refused
        outputs = build(value, axes)
        ct = [mul(y, 0.5) for y in outputs]
        grads = [] if 0 in shape else [g for g in gradients(outputs, ct, [value]) if g is not None]
        graph.finish([*outputs, *grads])
        made = Native(graph, {}).run([aligned_copy(x)])
        for got, wanted in zip(made, interpret(graph, [x]), strict=True):
            limit = 2e-4 if dtype == dtypes.float32 else 1e-10
            np.testing.assert_allclose(got, wanted, rtol=limit, atol=limit, err_msg=f"{build.__name__} {shape} {axes}")


FOUR = (8, 6, 4, 4)


@pytest.mark.parametrize(("shape", "axes"), [(FOUR, (1,)), ((40, 33), (0,)), (FOUR, (2, 3)), (FOUR, (1, 2)), ((9, 7, 5), (1,))])
def test_one_launch(shape: tuple[int, ...], axes: Axes) -> None:
    for build in (centred, plain if len(axes) == 1 else centred):
        graph = Graph("columns")
        graph.finish(build(graph.input(Type(shape, dtypes.float32)), axes))
        assert len(compile_graph(graph, host_target(), {}).launches) == 1


def test_a_batch_norm_stays_with_the_folds_along_long_rows() -> None:
    graph = Graph("batch norm")
    graph.finish(centred(graph.input(Type((8, 4, 4, 16), dtypes.float32)), (0, 1, 2)))
    assert all("row" not in launch.title for launch in compile_graph(graph, host_target(), {}).launches)


@pytest.mark.parametrize("nbytes", [64, 32, 16])
@pytest.mark.parametrize("shape", [(3, 20, 7), (1, 5, 16), (20, 1), (9, 300), (2, 5000)])
def test_rows_side_by_side(shape: tuple[int, ...], nbytes: int) -> None:
    """In place, with numbers per row beside; rows that fit the stack and rows that do not."""
    wide, narrow = Type((2,), dtypes.float32), Type((1,), dtypes.float32)
    body = Graph()
    x, scale = body.input(wide), body.input(narrow)
    power = exp(sub(x, Max((0,), keepdims=True)(x)))
    total = Sum((0,), keepdims=True)(power)
    body.finish([div(mul(power, scale), total), log(total)])
    *outer, length = shape
    memory = Memory()
    data = np.random.default_rng(0).normal(size=(*outer[:-1], length, outer[-1])).astype(np.float32)
    scales = np.random.default_rng(1).random(outer).astype(np.float32)
    place, numbers, logs = memory.place(data), memory.place(scales), memory.empty(tuple(outer), np.float32)
    ahead = tuple(range(len(shape) - 2))
    turned = Operand(place.buffer, shape, (*(place.strides[k] for k in ahead), place.strides[-1], place.strides[-2]), place.offset)
    per_row = [Operand(o.buffer, (*o.shape, 1), (*o.strides, 0), o.offset) for o in (numbers, logs)]
    target = replace(host_target(), vector_bytes=nbytes)
    work = lower_row(body, (turned, per_row[0]), (turned, per_row[1]), shape, target)
    assert isinstance(work.kernel, ColumnKernel) or outer[-1] == 1
    run([work], memory, target=target, backwards=True)
    wanted = np.moveaxis(data, -2, -1).astype(np.float64)
    wanted = np.exp(wanted - wanted.max(-1, keepdims=True))
    total = wanted.sum(-1, keepdims=True)
    got = np.moveaxis(memory.read(place), -2, -1)
    np.testing.assert_allclose(got, wanted * scales[..., None] / total, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(memory.read(logs), np.log(total[..., 0]), rtol=1e-5, atol=1e-5)
