"""Takes and scatters along an axis beside NumPy's: of every way, along each axis, of larger and of odd layouts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.ir.graph import Graph, Type
from gradwerk.ops.along import WAYS, scatter_along, take_along
from gradwerk.ops.control import scan
from gradwerk.ops.movement import flip, slice_axis, transpose
from gradwerk.ops.scattering import counted, histogram, masked_scatter, scattered, segment_reduce
from gradwerk.ops.source import full
from tests.compiler.test_cumulative import compiled

SHAPES = ((40,), (7, 33), (33, 7), (60, 50), (5, 19, 6))


def drawn(shape: tuple[int, ...], axis: int) -> tuple[Any, Any, Any]:
    """Something, places along the axis of which several are equal, and what is written there."""
    rng = np.random.default_rng(axis)
    some = tuple(n + 3 if k == axis else n for k, n in enumerate(shape))
    return rng.normal(size=shape).astype(np.float32), rng.integers(0, shape[axis], some), rng.normal(size=some).astype(np.float32)


@pytest.mark.parametrize("shape", SHAPES)
def test_each_axis_and_way(shape: tuple[int, ...]) -> None:
    axes = range(len(shape))
    arrays = [array for axis in axes for array in drawn(shape, axis)]

    def all_of(*xs: Any) -> list[Any]:
        made = [take_along(xs[3 * axis], xs[3 * axis + 1], axis) for axis in axes]
        return made + [scatter_along(*xs[3 * axis : 3 * axis + 3], axis, way) for axis in axes for way in WAYS]

    for got, wanted in zip(compiled(all_of, *arrays), all_of(*arrays), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)
    for axis in axes:
        x, places, _ = arrays[3 * axis : 3 * axis + 3]
        np.testing.assert_array_equal(take_along(x, places, axis), np.take_along_axis(x, places, axis))


def test_operands_that_are_views() -> None:
    x, places, updates = drawn((24, 30), 1)

    def views(x: Any, places: Any, updates: Any) -> list[Any]:
        turned = transpose(x, (1, 0)), transpose(places, (1, 0)), transpose(updates, (1, 0))
        back = flip(x, (0,)), flip(places, (0,)), flip(updates, (0,))
        parts = tuple(slice_axis(y, 0, 1, 24, 2) for y in (x, places, updates))
        rows = [(*turned, 0), (*back, 1), (*parts, 1)]
        taken = [take_along(a, b, axis) for a, b, _, axis in rows]
        return taken + [scatter_along(a, b, c, axis, way) for a, b, c, axis in rows for way in ("set", "add")]

    for got, wanted in zip(compiled(views, x, places, updates), views(x, places, updates), strict=True):
        np.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6)


def test_indices_shorter_than_the_base() -> None:
    x, places, updates = drawn((6, 8), 1)
    short = places[:4, :5], updates[:5, :9]
    wanted = x.copy()
    for row in range(4):
        for column in range(5):
            wanted[row, places[row, column]] = updates[row, column]
    (got,) = compiled(lambda x, a, b: [scatter_along(x, a, b, 1)], x, *short)
    np.testing.assert_array_equal(got, wanted)


def test_a_scatter_in_a_loop_begins_with_its_base_each_time() -> None:
    body = Graph("step")
    places, updates = body.input(Type((3,), np.dtype(np.int64))), body.input(Type((3,), np.dtype(np.float32)))
    body.finish([scatter_along(full((2,), 0, np.dtype(np.float32), like=(updates,)), places, updates, 0, "add")])
    rows, numbers = np.array([[0, 0, 1], [1, 1, 1]]), np.ones((2, 3), np.float32)
    (got,) = compiled(lambda a, b: list(scan(body, 2, [], [a, b])), rows, numbers)
    np.testing.assert_array_equal(got, [[2, 1], [0, 3]])


def test_means_and_reductions_without_the_base() -> None:
    base, places, updates = np.array([8.0, 8.0, 8.0]), np.array([0, 0, 2]), np.array([1.0, 3.0, 5.0])
    ways = [("mean", True), ("mean", False), ("add", False), ("mul", False), ("max", False), ("min", False)]
    made = compiled(lambda *xs: [scattered(*xs, 0, way, own=own) for way, own in ways], base, places, updates)
    wanted = [[4, 8, 6.5], [2, 8, 5], [4, 8, 5], [3, 8, 5], [3, 8, 5], [1, 8, 5]]
    np.testing.assert_allclose(made, wanted)


def test_segments_counts_and_masks() -> None:
    x, lengths = np.array([1.0, 2.0, 3.0, 4.0]), np.array([2, 0, 2])
    made = compiled(lambda x, n: [segment_reduce(x, n, way) for way in ("sum", "prod", "max", "min", "mean")], x, lengths)
    np.testing.assert_allclose(made, [[3, 0, 7], [2, 1, 12], [2, -np.inf, 4], [1, np.inf, 3], [1.5, np.nan, 3.5]])
    numbers = np.array([1, 4, 1])
    (got,) = compiled(lambda n: [counted(n, 6)], numbers)
    np.testing.assert_array_equal(got, np.bincount(numbers, minlength=6))
    y = np.random.default_rng(0).normal(size=1000)
    (got,) = compiled(lambda y: [histogram(y, (np.float64(-2), np.float64(2)), 16)], y)
    np.testing.assert_array_equal(got, np.histogram(y, 16, (-2, 2))[0])
    mask = np.array([[True, False], [False, True]])
    (got,) = compiled(lambda m, s: [masked_scatter(np.zeros((2, 2)), m, s)], mask, np.array([5.0, 6.0, 7.0]))
    np.testing.assert_array_equal(got, [[5, 0], [0, 6]])
