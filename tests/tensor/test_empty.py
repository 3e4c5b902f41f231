"""Arrays without elements, and axes with too many."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import ShapeError
from gradwerk.ops.reduction import MOST_PLACES, argmax, argmin

EMPTY = [(0,), (0, 3), (3, 0), (2, 0, 4), (0, 0)]


@pytest.mark.parametrize("shape", EMPTY, ids=str)
def test_a_compiled_function_whose_results_are_all_empty(shape: tuple[int, ...]) -> None:
    x = gw.Tensor(np.zeros(shape, np.float32))
    for count in (1, 3):
        step = gw.compile(lambda x, count=count: [gw.tanh(x) * float(k) for k in range(count)])
        for _ in range(3):
            assert [y.shape for y in step(x)] == [shape] * count
            assert [y.numpy().shape for y in step(x)] == [shape] * count


def test_empty_results_beside_others() -> None:
    x = gw.Tensor(np.zeros((0, 3), np.float32))
    empty, total, ones = gw.compile(lambda x: (x @ np.ones((3, 2), np.float32), gw.reduce_sum(x, 0), gw.reduce_sum(x) + 1.0))(x)
    assert empty.shape == (0, 2)
    np.testing.assert_array_equal(total.numpy(), np.zeros(3))
    assert ones.item() == 1.0


@pytest.mark.parametrize("find", [argmax, argmin])
def test_a_place_among_more_elements_than_int32_counts_is_refused(find) -> None:
    x = np.broadcast_to(np.float32(0), (2, MOST_PLACES + 1))
    with pytest.raises(ShapeError, match=f"{find.__name__} counts at most {MOST_PLACES} elements along an axis, this one has 2147483648"):
        find(x, 1)
