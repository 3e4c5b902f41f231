"""Initialisers: bounds, variances, orthogonality, fans, and equal numbers for equal seeds."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.nn import init
from gradwerk.tensor.random import Generator


def test_fans_count_the_window() -> None:
    assert init.fans((5, 5, 3, 8)) == (75, 200)
    assert init.fans((8, 3, 5, 5), in_axis=1, out_axis=0) == (75, 200)
    assert init.fans((7,)) == (7, 7)


PUBLISHED = {
    # Glorot and Bengio 2010, equations 12 and 16
    "glorot_uniform": ("uniform", lambda fan_in, fan_out: 6 / (fan_in + fan_out) / 3),
    "glorot_normal": ("truncated", lambda fan_in, fan_out: 2 / (fan_in + fan_out)),
    # He et al. 2015, equation 10
    "he_uniform": ("uniform", lambda fan_in, fan_out: 2 / fan_in),
    "he_normal": ("truncated", lambda fan_in, fan_out: 2 / fan_in),
    # LeCun et al. 1998, section 4.6
    "lecun_uniform": ("uniform", lambda fan_in, fan_out: 1 / fan_in),
    "lecun_normal": ("truncated", lambda fan_in, fan_out: 1 / fan_in),
}
"""What is drawn by each name, with its variance."""
SHAPES = {"uniform": (math.sqrt(3), 1.8), "truncated": (2 / 0.8796256610342398, 2.3654)}
"""Of each distribution the bound in deviations of its own, and the mean fourth power of what has variance 1."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_what_is_drawn_is_what_was_published(name: str) -> None:
    shape, variance = PUBLISHED[name]
    bound, fourth = SHAPES[shape]
    drawn = init.named(name)((3, 2, 20, 150), Generator(1))  # fans of 120 and 900
    assert drawn.dtype == np.float32
    unit = drawn.astype(np.float64) / math.sqrt(variance(120, 900))
    assert unit.mean() == pytest.approx(0, abs=0.03)
    assert unit.var() == pytest.approx(1, rel=0.03)
    assert (unit**4).mean() == pytest.approx(fourth, rel=0.05)
    assert 0.995 * bound < np.abs(unit).max() <= bound * (1 + 1e-6)


def test_all_scaled_by_fans_are_in_the_table() -> None:
    assert PUBLISHED.keys() == {name for name, rule in init.NAMED.items() if isinstance(rule, init.VarianceScaling)}


GAINS = {"linear": 1, "sigmoid": 1, "tanh": 5 / 3, "relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + 0.01**2))}
"""torch.nn.init.calculate_gain's table."""


@pytest.mark.parametrize("activation", GAINS)
def test_gains(activation: str) -> None:
    assert init.gain(activation, 0.01) == pytest.approx(GAINS[activation], rel=1e-12)


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


@pytest.mark.parametrize("bounds", [(-2.0, 2.0), (-0.1, 0.3), (0.4, 9.0), (3.0, 4.0), (5.0, 50.0), (-60.0, -8.0), (-1.0, 0.2)])
def test_what_is_cut_is_normal_between_its_bounds(bounds: tuple[float, float]) -> None:
    low, high = bounds
    drawn = init.Cut(1.0, 0.5, 1 + 0.5 * low, 1 + 0.5 * high)((4000,), Generator(5)).astype(np.float64)
    assert drawn.min() >= 1 + 0.5 * low
    assert drawn.max() <= 1 + 0.5 * high
    unit = (drawn - 1) / 0.5
    grid = np.linspace(low, min(high, low + 40) if low > 0 else high, 200_001)
    if high < 0:
        grid = np.linspace(max(low, high - 40), high, 200_001)
    density = np.exp(-(grid**2 - np.min(grid**2)) / 2)
    mean = (grid * density).sum() / density.sum()
    deviation = math.sqrt(((grid - mean) ** 2 * density).sum() / density.sum())
    assert unit.mean() == pytest.approx(mean, abs=5 * deviation / math.sqrt(4000))
    assert unit.std() == pytest.approx(deviation, rel=0.06)


def test_identity_dirac_and_sparse() -> None:
    np.testing.assert_array_equal(init.Identity(3.0)((2, 3), Generator(1)), 3 * np.eye(2, 3))
    kernel = init.Dirac()((3, 3, 4, 2), Generator(1))
    assert kernel.sum() == 2
    assert (kernel[1, 1] == np.eye(4, 2)).all()
    grouped = init.Dirac(2, in_axis=1, out_axis=0)((4, 2, 5), Generator(1))
    np.testing.assert_array_equal(grouped[:, :, 2], np.tile(np.eye(2), (2, 1)))
    matrix = init.Sparse(0.3, 2.0)((10, 40), Generator(1))
    assert ((matrix == 0).sum(0) == 3).all()
    assert len({tuple(np.flatnonzero(column == 0)) for column in matrix.T}) > 10
    assert matrix[matrix != 0].std() == pytest.approx(2.0, rel=0.1)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: init.Cut(0.0, 0.0), "the deviation is above 0"), (lambda: init.Cut(low=1.0, high=1.0), "low is below high"),
        (lambda: init.VarianceScaling(-1.0), "scale is not below 0"), (lambda: init.Sparse(1.5), "between 0 and 1"),
        (lambda: init.Dirac(0), "at least 1"), (lambda: init.Dirac(3)((3, 4, 4), Generator(1)), "without a remainder"),
        (lambda: init.Identity()((3,), Generator(1)), "fills a matrix"), (lambda: init.Dirac()((3, 4), Generator(1)), "with a window"),
    ],
)  # fmt: skip
def test_numbers_out_of_range_are_refused(made: Any, said: str) -> None:
    with pytest.raises((ArgumentError, ShapeError), match=said):
        made()
