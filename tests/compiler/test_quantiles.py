"""Medians, quantiles, modes and places in sorted axes beside NumPy's, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.ops.quantiles import WAYS, is_in, median, mode, quantile, searchsorted
from gradwerk.ops.sorting import lexsort
from tests.compiler.test_cumulative import compiled


def numbers(*, with_nan: bool) -> Any:  # noqa: ANN401  an array
    """Rows of an odd and axes of an even number of elements."""
    x = np.random.default_rng(0).normal(size=(7, 300))
    if with_nan:
        x[2, 5] = x[2, 9] = x[4, 0] = np.nan
        x[6] = np.nan
    return x


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.parametrize("with_nan", [False, True])
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_quantiles(axis: int, *, with_nan: bool) -> None:
    x, q = numbers(with_nan=with_nan), np.array([0.0, 0.1, 0.5, 0.77, 1.0])
    ways = [(way, ignores) for way in WAYS for ignores in (False, True)]
    made = compiled(lambda x, q: [quantile(x, q, axis, interpolation=way, ignores_nan=ignores) for way, ignores in ways], x, q)
    for (way, ignores), got in zip(ways, made, strict=True):
        wanted = (np.nanquantile if ignores else np.quantile)(x, q, axis, method=way, keepdims=True)
        np.testing.assert_allclose(got, wanted, rtol=1e-12, atol=1e-14, err_msg=f"{way} {ignores}")


@pytest.mark.parametrize("axis", [0, 1])
@pytest.mark.filterwarnings("ignore:All-NaN")
def test_medians_are_the_lower_ones(axis: int) -> None:
    x = numbers(with_nan=True)
    values, places, other, its = compiled(lambda x: [*median(x, axis), *median(x, axis, ignores_nan=True)], x)
    np.testing.assert_array_equal(values, np.quantile(x, 0.5, axis, method="lower", keepdims=True))
    np.testing.assert_array_equal(other, np.nanquantile(x, 0.5, axis, method="lower", keepdims=True))
    for found, at in ((values, places), (other, its)):
        np.testing.assert_array_equal(np.take_along_axis(x, at, axis), found)


def test_modes() -> None:
    x = np.random.default_rng(0).integers(0, 5, (4, 60))
    values, places = compiled(lambda x: [*mode(x, 1)], x)
    for row, value, place in zip(x, values[:, 0], places[:, 0], strict=True):
        counts = np.bincount(row)
        assert value == counts.argmax()
        assert place == np.flatnonzero(row == value)[-1]


def test_places_in_a_sorted_axis() -> None:
    rng = np.random.default_rng(0)
    ordered, values = np.sort(rng.integers(0, 30, 50)), rng.integers(-2, 33, (6, 40))
    rows = np.sort(rng.integers(0, 30, (6, 20)), 1)

    def places(a: Any, b: Any, r: Any) -> list[Any]:
        return [y for right in (False, True) for y in (searchsorted(a, b, right=right), searchsorted(r, b, right=right))]

    made = compiled(places, ordered, values, rows)
    for k, side in enumerate(("left", "right")):
        np.testing.assert_array_equal(made[2 * k], np.searchsorted(ordered, values, side))
        np.testing.assert_array_equal(made[2 * k + 1], [np.searchsorted(r, v, side) for r, v in zip(rows, values, strict=True)])
    (got,) = compiled(lambda b, a: [is_in(b, a)], values, ordered[::3])
    np.testing.assert_array_equal(got, np.isin(values, ordered[::3]))


def test_an_order_of_several_keys() -> None:
    keys = np.random.default_rng(0).integers(0, 4, (3, 500))
    (got,) = compiled(lambda a, b, c: [lexsort([a, b, c])], *keys)
    np.testing.assert_array_equal(got, np.lexsort(keys))
