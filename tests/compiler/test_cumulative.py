"""Kernels of running folds beside sums and products in float64, along and across the lanes, in either direction, of any layout."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base import dtypes
from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.cumulative import Cumulative, cumprod, cumsum, logcumsumexp, recurrence
from gradwerk.ops.movement import flip, slice_axis, transpose
from gradwerk.tensor.engine import Native
from gradwerk.tensor.storage import aligned_copy
from tests.laws.cases import load_registry
from tests.laws.numpy_emitter import NumpyEmitter

FOLDS = [cls for cls in load_registry().values() if issubclass(cls, Cumulative) and cls.associative]
SHAPES = ((1,), (16,), (1000,), (7, 33), (33, 7), (300, 40), (3, 65, 2), (2, 3, 129), (5, 1, 4))


def compiled(function: Any, *arrays: Any) -> list[Any]:
    """The results of a function of values, compiled."""
    graph = Graph()
    made = function(*[graph.input(Type(a.shape, a.dtype)) for a in arrays])
    graph.finish(made)
    return [np.asarray(y) for y in Native(graph, {}).run([aligned_copy(a) for a in arrays])]


@pytest.mark.parametrize("shape", SHAPES)
def test_each_axis_and_direction(shape: tuple[int, ...]) -> None:
    rng = np.random.default_rng(len(shape))
    x = rng.uniform(-1.2, 1.2, shape).astype(np.float32)
    whole = rng.integers(-(2**31), 2**31, shape).astype(np.int32)
    cases = [(axis, reverse) for axis in range(len(shape)) for reverse in (False, True)]

    def all_of(x: Any, whole: Any) -> list[Any]:
        return [f(y, axis, reverse=reverse) for axis, reverse in cases for f, y in ((cumsum, x), (cumprod, x), (cumsum, whole))]

    wanted = []
    for axis, reverse in cases:
        a, b = (np.flip(y, axis) if reverse else y for y in (x, whole))
        with np.errstate(over="ignore"):
            rows = np.cumsum(a, axis, np.float64), np.cumprod(a, axis, np.float64), np.cumsum(b, axis, np.int32)
        wanted += [np.flip(y, axis) if reverse else y for y in rows]
    for got, true in zip(compiled(all_of, x, whole), wanted, strict=True):
        if got.dtype == np.int32:
            np.testing.assert_array_equal(got, true)
        else:  # they add up in float64 and are rounded once
            np.testing.assert_allclose(got, true.astype(np.float32), rtol=1.2e-7, atol=1e-12)


def test_operands_that_are_views() -> None:
    x = np.random.default_rng(0).normal(size=(40, 66)).astype(np.float32)

    def views(x: Any) -> list[Any]:
        parts = transpose(x, (1, 0)), flip(x, (1,)), slice_axis(x, 1, 1, 66, 3)
        return [flip(cumsum(part, axis), (0,)) for part in parts for axis in (0, 1)]

    wanted = [np.flip(np.cumsum(part, axis, np.float64), 0) for part in (x.T, x[:, ::-1], x[:, 1::3]) for axis in (0, 1)]
    for got, true in zip(compiled(views, x), wanted, strict=True):
        np.testing.assert_allclose(got, true.astype(np.float32), rtol=1.2e-7)


def test_long_sums_do_not_lose_digits() -> None:
    x = np.full(1_000_000, 0.1, np.float32)
    (got,) = compiled(lambda x: [cumsum(x)], x)
    assert got[-1] == np.float32(np.float64(np.float32(0.1)) * 1_000_000)


def test_log_of_sums_at_the_ends_of_the_range() -> None:
    x = np.array([-np.inf, -np.inf, 80.0, 1e4, -1e4, 1e4, np.inf, 0.0, np.nan, 0.0], np.float32)
    (got,) = compiled(lambda x: [logcumsumexp(x)], x)
    wanted = [-np.inf, -np.inf, 80.0, 1e4, 1e4, np.float32(1e4 + np.log(2)), np.inf, np.inf, np.nan, np.nan]
    np.testing.assert_array_equal(got, np.array(wanted, np.float32))


def test_a_recurrence_whose_products_overflow_where_it_does_not() -> None:
    a = np.full((1, 40), 1e30, np.float64)
    b = np.zeros((1, 40))
    b[0, -2:] = 1, 2
    (got,) = compiled(lambda a, b: [recurrence(a, b, 1)], a, b)
    np.testing.assert_array_equal(got[0, -3:], [0, 1, 1e30 + 2])


@pytest.mark.parametrize("fold", FOLDS, ids=lambda cls: cls.name)
def test_combine_is_associative_and_its_identity_changes_nothing(fold: type[Cumulative]) -> None:
    """As lanes assume: at whole numbers, infinities and NaN."""
    e, op = NumpyEmitter(), fold(0)
    values = np.array([0, 1, -3, 7, np.inf, -np.inf, np.nan], np.float64)
    place = np.arange(len(values), dtype=np.int64)
    a, b, c = (
        op.state(e, lambda place=place, shape=shape: place.reshape(shape), values.reshape(shape)) for shape in ((-1, 1, 1), (-1, 1), (-1,))
    )
    with np.errstate(all="ignore"):
        left = op.finish(e, op.combine(e, op.combine(e, a, b), c), dtypes.float64)
        right = op.finish(e, op.combine(e, a, op.combine(e, b, c)), dtypes.float64)
        nothing = tuple(np.full(values.shape, n, x.dtype) for n, x in zip(op.identity([x.dtype for x in c]), c, strict=True))
        alone = op.finish(e, c, dtypes.float64), op.finish(e, op.combine(e, nothing, c), dtypes.float64)
    for one, other in (*zip(left, right, strict=True), *zip(*alone, strict=True)):
        np.testing.assert_allclose(one, other, rtol=1e-15, atol=1e-15)
