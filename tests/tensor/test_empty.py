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


SHAPES = [(8, 0), (0, 8), (3, 8, 0), (3, 0, 8), (0, 0), (2, 0, 5), (8, 0, 2), (1, 0), (0, 1), (4, 1, 0)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_rows_of_nothing_between_what_is_as_wide_and_what_is_one_number_per_row(shape):
    """Sums over the last, the first, and all axes but one, of a producer whose values and whose sums are results too."""
    x, mask = gw.Tensor(np.ones(shape, np.float32)), gw.Tensor(np.ones(shape, bool))
    for axes in {(len(shape) - 1,), (0,), tuple(range(1, len(shape)))}:
        for kept in (True, False):

            def step(x, mask, axes=axes, kept=kept):
                wide = gw.where(mask, x, 0.0)
                total = gw.reduce_sum(wide, axes, keepdims=kept)
                return wide, total, total * 2.0, (wide - total) if kept else wide * 1.5

            for got, wanted in zip(gw.compile(step)(x, mask), step(x, mask), strict=True):
                np.testing.assert_array_equal(got.numpy(), wanted.numpy())
