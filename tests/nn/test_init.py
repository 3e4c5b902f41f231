"""Initialisers: bounds, variances, orthogonality, fans, and equal numbers for equal seeds."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tensor.random import Generator


def test_fans_count_the_window() -> None:
    assert init.fans((5, 5, 3, 8)) == (75, 200)
    assert init.fans((8, 3, 5, 5), in_axis=1, out_axis=0) == (75, 200)
    assert init.fans((7,)) == (7, 7)


@pytest.mark.parametrize("name", [n for n in init.NAMED if isinstance(init.NAMED[n], init.VarianceScaling)])
def test_variance_scaling_has_its_variance(name: str) -> None:
    rule = init.NAMED[name]
    assert isinstance(rule, init.VarianceScaling)
    fan_in, fan_out = 120, 80
    fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": 100}[rule.fan]
    drawn = rule((fan_in, fan_out), Generator(1))
    assert drawn.dtype == np.float32
    assert abs(drawn.var() * fan / rule.scale - 1) < 0.05
    if rule.distribution == "uniform":
        assert np.abs(drawn).max() <= math.sqrt(3 * rule.scale / fan)


def test_torch_kernel_is_bounded_by_one_over_the_root_of_the_inputs() -> None:
    drawn = init.torch_kernel((16, 4, 3, 3), Generator(2))
    assert 0.95 / 6 < np.abs(drawn).max() <= 1 / 6


def test_truncated_normal_ends_at_two_deviations() -> None:
    drawn = init.Normal(1.0, 0.5, truncated=True)((1000,), Generator(3))
    assert np.abs(drawn - 1).max() <= 1.0
    assert abs(drawn.mean() - 1) < 0.05


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (2, 3, 4)])
def test_orthogonal(shape: tuple[int, ...]) -> None:
    matrix = init.orthogonal(shape, Generator(4)).reshape(-1, shape[-1]).astype(np.float64)
    small = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(small, np.eye(len(small)), atol=1e-6)
    with pytest.raises(ShapeError, match="two axes"):
        init.orthogonal((3,), Generator(4))


def test_equal_seeds_equal_numbers_and_names() -> None:
    assert (init.glorot_uniform((3, 4), Generator(9)) == init.glorot_uniform((3, 4), Generator(9))).all()
    assert init.named("he_normal") is init.he_normal
    assert init.gain("leaky_relu", math.sqrt(5)) == pytest.approx(math.sqrt(1 / 3))
    with pytest.raises(ArgumentError, match="known: zeros, ones"):
        init.named("kaiming")
    with pytest.raises(ArgumentError, match="known: linear"):
        init.gain("swish")
