"""Means of equal numbers are that number, to the bit, and they do not deviate from it: somebody asks whether an accuracy is 1."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.ops.norms import deviation


@pytest.mark.parametrize("number", [1.0, 3.0])
def test_the_mean_of_equal_numbers(number: float) -> None:
    for count in range(1, 1025):
        x = gw.Tensor(np.full(count, number, np.float32))
        assert gw.mean(x).item() == number, count
        if count % 41 == 0:
            step = gw.compile(lambda x: (gw.mean(x), gw.variance(x), deviation(x)))
            assert [y.item() for y in step(x)] == [number, 0, 0], count


def test_a_mean_of_nothing_is_no_number() -> None:
    x = gw.Tensor(np.zeros((2, 0), np.float32))
    for fn in (lambda x: gw.mean(x, 1), gw.compile(lambda x: gw.mean(x, 1))):
        assert np.isnan(fn(x).numpy()).all()
