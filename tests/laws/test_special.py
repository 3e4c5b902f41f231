"""NaN, infinities, ties, zeros of either sign, limits of integers, empty axes in what is composed of ops: compiled, reference, NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk.compiler.llvm.link import host_target
from gradwerk.compiler.pipeline import compile_graph
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.interpret import interpret
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import maximum, minimum
from gradwerk.ops.movement import broadcast_to, flip, transpose
from gradwerk.ops.reduction import argmax, argmin, reduce_max, reduce_min, reduce_sum
from tests import tolerances
from tests.compiler.run_plan import Walk
from tests.laws.cases import special

Array = np.ndarray[Any, Any]
SHAPES = ((1, 1), (3, 5), (17, 17), (2, 33), (33, 2), (3, 4, 17))
DTYPES = ("float32", "float64", "int64", "uint8")


def compiled(build: Callable[[Value], list[Value]], x: Array) -> tuple[list[Array], Graph]:
    """The results of a compiled function, which are also those of its references, and its graph."""
    graph = Graph()
    graph.finish(build(graph.input(Type(x.shape, x.dtype))))
    made = Walk(compile_graph(graph, host_target(), {}), [x]).run()
    tolerances.judge(graph, [x], made, [f"result {k}" for k in range(len(made))])
    return made, graph


def drawn(shape: tuple[int, ...], dtype: str, seed: int) -> Array:
    """Special values and a few ordinary ones, each more than once; some rows all NaN or all alike."""
    rng = np.random.default_rng([seed, len(shape), *shape, *dtype.encode()])
    values = special(np.dtype(dtype))
    x = rng.choice(np.concatenate([values, values[:3]]), shape)
    if seed == 0 and values.dtype.kind == "f":
        x = np.where(np.isnan(x), values[0], x)  # none at all
    x.reshape(-1, shape[-1])[0] = values[-1]
    if values.dtype.kind == "f" and shape[0] > 2:
        x[2] = np.nan
    return x


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_places_of_the_largest_are_numpys(shape: tuple[int, ...], dtype: str) -> None:
    """The first of equals, the first NaN; along every axis, of what lies in memory in any order."""
    for seed in range(2):
        x = drawn(shape, dtype, seed)
        made, _ = compiled(lambda v: [f(w, k) for k in range(v.ndim) for f in (argmax, argmin) for w in (v, flip(v, k), transpose(v))], x)
        wanted = [f(w, k) for k in range(x.ndim) for f in (np.argmax, np.argmin) for w in (x, np.flip(x, k), x.T)]
        for got, right in zip(made, wanted, strict=True):
            np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_extremes_are_numpys(shape: tuple[int, ...], dtype: str) -> None:
    """NaN wherever there is one, along any axes, and beside a row that repeats."""
    for seed in range(2):
        x = drawn(shape, dtype, seed)
        along = [(0,), (len(shape) - 1,), tuple(range(len(shape)))]
        first = (1,) * (len(shape) - 1) + shape[-1:]

        def build(v: Value, along: Any = along) -> list[Value]:
            row = broadcast_to(reduce_max(v, tuple(range(v.ndim - 1)), keepdims=True), v.shape)
            return [f(v, k) for k in along for f in (reduce_max, reduce_min)] + [maximum(v, row), minimum(v, row)]

        made, _ = compiled(build, x)
        row = np.broadcast_to(x.max(tuple(range(x.ndim - 1))).reshape(first), shape)
        wanted = [f(x, axis=k) for k in along for f in (np.max, np.min)] + [np.maximum(x, row), np.minimum(x, row)]
        for got, right in zip(made, wanted, strict=True):
            np.testing.assert_array_equal(got, right)


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_and_its_kin_keep_nan_and_infinity_where_they_belong(shape: tuple[int, ...]) -> None:
    x = drawn(shape, "float32", 1)
    x = np.where(np.abs(x) > 1e30, np.sign(x) * 3, x).astype(np.float32)
    for axis in range(len(shape)):
        made, graph = compiled(
            lambda v, k=axis: [functions.softmax(v, k), functions.log_softmax(v, k), functions.logsumexp(v, k), functions.mean(v, k)], x
        )
        for got, reference in zip(made, interpret(graph, [x]), strict=True):
            np.testing.assert_array_equal(np.isnan(got), np.isnan(reference))
        alone = np.isnan(x).any(axis, keepdims=True)
        assert np.isnan(made[0][np.broadcast_to(alone, shape)]).all()


NOTHING = (((0, 3), (0,)), ((3, 0), (1,)), ((0,), (0,)), ((2, 0, 3), (1,)), ((2, 0, 3), (0,)), ((0, 0), (0, 1)))


@pytest.mark.parametrize(("shape", "axes"), NOTHING)
def test_folds_of_nothing(shape: tuple[int, ...], axes: tuple[int, ...]) -> None:
    x = np.zeros(shape, np.float32)
    made, _ = compiled(lambda v: [reduce_sum(v, axes), functions.mean(v, axes), reduce_sum(transpose(v), axes[:1])], x)
    np.testing.assert_array_equal(made[0], x.sum(axes))
    assert np.isnan(made[1]).all()
    np.testing.assert_array_equal(made[2], x.T.sum(axes[:1]))
