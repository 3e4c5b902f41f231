"""Pooling: ties, NaN, padding, and the averages with and without it."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import ShapeError
from gradwerk.ops.functions import avg_pool, max_pool
from gradwerk.ops.window import WindowMax, WindowMaxGrad, WindowMaxPick
from tests import tolerances
from tests.laws.laws import slope_law

WINDOW, STRIDES, NONE = (1, 2, 2, 1), (1, 2, 2, 1), ((0, 0),) * 4


def test_ties_go_to_the_first_in_row_major_order() -> None:
    x = np.zeros((1, 4, 4, 1), np.float32)
    ct = np.arange(1, 5, dtype=np.float32).reshape(1, 2, 2, 1)
    grad = WindowMaxGrad(WINDOW, STRIDES, (0,) * 4, (0,) * 4)(x, ct)[0, :, :, 0]
    assert grad.tolist() == [[1, 0, 2, 0], [0, 0, 0, 0], [3, 0, 4, 0], [0, 0, 0, 0]]


def test_overlapping_windows_add_up() -> None:
    x = np.array([0, 5, 1], np.float32)
    op = WindowMaxGrad((2,), (1,), (0,), (0,))
    assert op(x, np.array([2, 3], np.float32)).tolist() == [0, 5, 0]


def test_nan_is_the_largest_and_the_place_of_the_gradient() -> None:
    x = np.array([1, np.nan, 2, np.nan], np.float32)
    assert np.isnan(WindowMax((4,), (4,), (0,), (0,))(x)).all()
    assert WindowMaxGrad((4,), (4,), (0,), (0,))(x, np.array([3], np.float32)).tolist() == [0, 0, 0, 3]  # the last NaN, as in PyTorch
    assert WindowMaxPick((4,), (4,), (0,), (0,))(x, np.arange(4, dtype=np.float32)).tolist() == [3]


def test_padding_is_below_everything() -> None:
    x = np.full((3,), -7, np.float32)
    assert WindowMax((2,), (2,), (1,), (0,))(x).tolist() == [-7, -7]
    assert WindowMax((2,), (2,), (1,), (0,))(x.astype(np.int32)).tolist() == [-7, -7]


@pytest.mark.parametrize("lowest", [np.array([-np.inf], np.float32), np.array([-(2**31)], np.int32)])
def test_the_place_is_never_in_the_padding(lowest: np.ndarray) -> None:
    """Where nothing is above the padding's value the first element inside gets the gradient, as in PyTorch."""
    x, ct = np.repeat(lowest, 3), np.array([1, 2], lowest.dtype)
    geometry = (3,), (2,), (1,), (1,)
    assert WindowMaxGrad(*geometry)(x, ct).tolist() == [1, 2, 0]
    assert WindowMaxPick(*geometry)(x, np.array([7, 8, 9], lowest.dtype)).tolist() == [7, 8]


@pytest.mark.parametrize("count_padding", [False, True])
def test_averages(count_padding: bool) -> None:
    x = np.random.default_rng(0).standard_normal((2, 5, 6, 3))
    padding = ((0, 0), (1, 1), (0, 1), (0, 0))
    found = avg_pool(x, (1, 3, 2, 1), (1, 2, 2, 1), padding, count_padding=count_padding)
    whole, ones = np.pad(x, padding), np.pad(np.ones_like(x), padding)
    for i, j in np.ndindex(*found.shape[1:3]):
        place = np.s_[:, 2 * i : 2 * i + 3, 2 * j : 2 * j + 2]
        count = 6 if count_padding else ones[place].sum((1, 2))
        tolerances.allclose(found[:, i, j], whole[place].sum((1, 2)) / count, "sums")
    slope_law(lambda y: (avg_pool(y, (1, 3, 2, 1), (1, 2, 2, 1), padding, count_padding=count_padding),), [x], "average")


def test_one_gradient_of_pooling_has_a_gradient() -> None:
    rng = np.random.default_rng(1)
    x = rng.standard_normal((2, 5, 5, 2))
    op = WindowMaxGrad((1, 3, 3, 1), (1, 2, 2, 1), (0, 1, 0, 0), (0, 0, 0, 0))
    slope_law(lambda ct: (op(x, ct),), [rng.standard_normal((2, 2, 2, 2))], "grad")


def test_a_window_that_does_not_fit() -> None:
    with pytest.raises(ShapeError, match="does not fit axis 1"):
        max_pool(np.zeros((1, 1, 4, 1), np.float32), WINDOW, STRIDES, NONE)
    with pytest.raises(ShapeError, match="does not fit axis 1"):
        max_pool(np.zeros((1, 4, 4, 1), np.float32), WINDOW, STRIDES, ((0, 0), (2, 0), (0, 0), (0, 0)))
