"""What chooses an element gives that element: the sign of a zero and the bits of a NaN too."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base import dtypes
from gradwerk.ops.functions import max_pool
from gradwerk.ops.reduction import largest, reduce_max, reduce_min, smallest
from gradwerk.tensor.grad import value_and_grad
from gradwerk.tensor.tensor import Tensor
from tests.laws.cases import DTYPES

Array = np.ndarray[Any, Any]
FLOATS = [dtypes.bfloat16, *(dtype for dtype in DTYPES["f"] if dtype != dtypes.bfloat16)]
WAYS: dict[str, Callable[[Callable[[Any], Any], Array], Array]] = {
    "reference": lambda f, x: np.asarray(f(x)),
    "eager": lambda f, x: f(Tensor(x)).numpy(),
    "compiled": lambda f, x: gw.compile(f)(Tensor(x)).numpy(),
    "behind a producer": lambda f, x: gw.compile(lambda x, one: f(x * one))(Tensor(x), Tensor(one_of(x.dtype))).numpy(),
}


def one_of(dtype: Any) -> Array:
    """The number 1."""
    return dtypes.converted(np.ones(()), dtype)


def odd(dtype: Any) -> Array:
    """Rows of three of all that compares equal to others, or to nothing."""
    nans = np.array([np.nan, -np.nan])
    numbers = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, *nans]
    return dtypes.converted(np.array(list(itertools.product(numbers, repeat=3))), dtype)


def bits(x: Array) -> Array:
    """The memory of each element as a whole number."""
    return np.ascontiguousarray(x).view(f"u{x.dtype.itemsize}")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("choose", [largest, smallest], ids=lambda choose: choose.__name__)
@pytest.mark.parametrize("dtype", FLOATS, ids=dtypes.name)
@pytest.mark.parametrize("axis", [0, 1])
def test_the_value_is_what_stands_at_its_place(way: str, choose: Any, dtype: Any, axis: int) -> None:
    x = odd(dtype) if axis else odd(dtype).T
    place = np.asarray(choose(x, axis, keepdims=True)[1])
    for keepdims in (False, True):
        value = WAYS[way](lambda x, keepdims=keepdims: choose(x, axis, keepdims=keepdims)[0], x)
        wanted = np.take_along_axis(x, place, axis)
        np.testing.assert_array_equal(bits(value), bits(wanted if keepdims else wanted.squeeze(axis)))


@pytest.mark.parametrize("choose", [largest, smallest], ids=lambda choose: choose.__name__)
def test_the_gradient_goes_to_that_place_alone(choose: Any) -> None:
    x = odd(dtypes.float32)
    place = choose(x, 1, keepdims=True)[1]
    _, given = value_and_grad(lambda x: gw.reduce_sum(choose(x, 1)[0] * (np.arange(len(x), dtype=np.float32) + 1)))(Tensor(x))
    wanted = np.where(np.arange(3) == place, np.arange(len(x))[:, None] + 1, 0)
    np.testing.assert_array_equal(given.numpy(), wanted)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("fold", [
    lambda x: reduce_max(x, 1), lambda x: reduce_min(x, 1), lambda x: max_pool(x, (1, 3), (1, 3), ((0, 0), (0, 0)))[:, 0],
], ids=["max", "min", "windows"])  # fmt: skip
@pytest.mark.parametrize("dtype", FLOATS, ids=dtypes.name)
def test_an_extreme_is_one_of_the_elements(way: str, fold: Any, dtype: Any) -> None:
    """Which of two zeros is not said."""
    x = odd(dtype)
    found = WAYS[way](fold, x)
    nan = np.isnan(dtypes.widened(found))
    np.testing.assert_array_equal(nan, np.isnan(dtypes.widened(x)).any(1))
    assert (bits(found)[:, None] == bits(x)).any(1)[~nan].all()
