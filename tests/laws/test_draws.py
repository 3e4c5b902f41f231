"""Draws: the Kolmogorov-Smirnov distance to closed forms, means and variances; equal seeds draw equally, compiled too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base import dtypes
from gradwerk.base.errors import GradwerkError
from gradwerk.ops import distributions
from gradwerk.tensor import draws
from gradwerk.tensor.random import Generator
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, Any]
COUNT = 20_000
MOST = 1.95 / math.sqrt(COUNT)
"""A distance that is larger once in a thousand draws; the seeds are fixed."""
SHAPE = (COUNT,)
below = np.vectorize(distributions.normal_below)


def erlang(shape: int) -> Callable[[Array], Array]:
    return lambda x: 1 - np.exp(-x) * sum(x**k / math.factorial(k) for k in range(shape))


def cut(low: float, high: float) -> Callable[[Array], Array]:
    return lambda x: (below(x) - below(low)) / (below(high) - below(low))


CONTINUOUS: dict[str, tuple[Callable[[Generator], Any], Callable[[Array], Array], float, float]] = {
    "exponential": (lambda g: draws.exponential(g, SHAPE, 2.0), lambda x: 1 - np.exp(-2 * x), 0.5, 0.25),
    "truncated normal": (lambda g: draws.truncated_normal(g, SHAPE), cut(-2, 2), 0, 0.7737),
    "truncated normal, an end": (
        lambda g: draws.truncated_normal(g, SHAPE, low=3, high=4, dtype=dtypes.float64), cut(3, 4), 3.26044, 0.04935
    ),
    "gamma of 1/2": (lambda g: draws.gamma(g, 0.5, shape=SHAPE), lambda x: np.vectorize(math.erf)(np.sqrt(x)), 0.5, 0.5),
    "gamma of 1": (lambda g: draws.gamma(g, np.ones(COUNT)), erlang(1), 1, 1),
    "gamma of 4": (lambda g: draws.gamma(g, 4.0, shape=SHAPE, dtype=dtypes.float64), erlang(4), 4, 4),
    "beta": (lambda g: draws.beta(g, 2.0, 3.0, SHAPE), lambda x: 6 * x**2 - 8 * x**3 + 3 * x**4, 0.4, 0.04),
    "beta of halves": (lambda g: draws.beta(g, 0.5, np.full(COUNT, 0.5)), lambda x: 2 / np.pi * np.arcsin(np.sqrt(x)), 0.5, 0.125),
    "log normal": (
        lambda g: draws.log_normal(g, SHAPE, 0.5, 0.25, dtypes.float64), lambda x: below((np.log(x) - 0.5) / 0.25), 1.7011, 0.18664
    ),
    "cauchy": (
        lambda g: draws.cauchy(g, SHAPE, 1.0, 2.0, dtypes.float64), lambda x: 0.5 + np.arctan((x - 1) / 2) / np.pi, np.nan, np.nan
    ),
}  # fmt: skip
WHOLE: dict[str, tuple[Callable[[Generator], Any], Callable[[int], float]]] = {
    **{
        f"poisson of {rate}": (
            lambda g, rate=rate: draws.poisson(g, rate, SHAPE),
            lambda k, rate=rate: math.exp(k * math.log(rate) - rate - math.lgamma(k + 1)),
        )
        for rate in (0.3, 7.0, 10.0, 40.0, 1000.0)
    },
    "geometric": (lambda g: draws.geometric(g, SHAPE, 0.3, dtypes.float32), lambda k: 0.3 * 0.7 ** (k - 1) if k else 0),
    "categorical": (lambda g: draws.categorical(g, np.array([0, 1, 4, 3.0]), COUNT), lambda k: [0, 1, 4, 3, 0][min(k, 4)] / 8),
    "bernoulli": (lambda g: draws.bernoulli(g, 0.3, SHAPE), lambda k: {0: 0.7, 1: 0.3}.get(k, 0)),
}


@pytest.mark.parametrize("name", CONTINUOUS)
def test_the_distribution_of_numbers(name: str) -> None:
    draw, distribution, mean, variance = CONTINUOUS[name]
    x = np.sort(draw(Generator(11)).numpy().astype(np.float64))
    assert x.shape == SHAPE
    assert np.isfinite(x).all()
    expected = distribution(x)
    steps = np.arange(COUNT + 1) / COUNT
    assert max(np.max(steps[1:] - expected), np.max(expected - steps[:-1])) < MOST
    if mean == mean:
        assert x.mean() == pytest.approx(mean, abs=4 * math.sqrt(variance / COUNT))
        assert x.var() == pytest.approx(variance, rel=0.06)


@pytest.mark.parametrize("name", WHOLE)
def test_the_distribution_of_whole_numbers(name: str) -> None:
    draw, chance = WHOLE[name]
    x = draw(Generator(12)).numpy().astype(np.float64)
    assert (x == np.floor(x)).all()
    top = int(x.max()) + 1
    chances = np.array([chance(k) for k in range(top + 1)])
    found = np.cumsum(np.bincount(x.astype(np.int64), minlength=top + 1)) / COUNT
    assert np.abs(found - np.cumsum(chances)).max() < MOST
    spread = np.sqrt(chances * (1 - chances) / COUNT)
    assert (np.abs(np.bincount(x.astype(np.int64), minlength=top + 1) / COUNT - chances) <= 5 * spread + 3 / COUNT).all()


@pytest.mark.parametrize("name", [*CONTINUOUS, *WHOLE])
def test_a_seed_draws_the_same_in_every_mode(name: str) -> None:
    draw = (CONTINUOUS | WHOLE)[name][0]
    generator = Generator(5)
    first, second = draw(generator).numpy(), draw(generator).numpy()
    assert (first != second).any()
    other = Generator(5)
    compiled = gradwerk.compile(lambda: draw(other))
    made = compiled().numpy(), compiled().numpy()
    for got, wanted in zip(made, (first, second), strict=True):
        np.testing.assert_allclose(got.astype(np.float64), wanted.astype(np.float64), 2e-6)
    assert generator.get_state() == other.get_state()


def test_quantiles_are_the_inverse_of_the_distribution() -> None:
    p = np.concatenate([10.0 ** np.arange(-300, 0, 7), np.linspace(0.001, 0.999, 101)])
    np.testing.assert_allclose(below(distributions.normal_quantile(p)), p, 1e-12)
    np.testing.assert_allclose(distributions.normal_quantile(1 - p[-101:]), -distributions.normal_quantile(p[-101:]), 1e-12, 1e-15)
    k = np.arange(0.0, 3000.0, 7)
    np.testing.assert_allclose(distributions.log_factorial(k), [math.lgamma(n + 1) for n in k], 1e-9, 1e-9)


def test_parameters_of_each_element() -> None:
    rates = np.repeat([0.0, 0.5, 20.0, 3e6], 4000).reshape(4, 4000)
    x = draws.poisson(Generator(1), Tensor(rates), dtype=dtypes.float64).numpy()
    assert not x[0].any()
    for row, rate in zip(x[1:], rates[1:, 0], strict=True):
        assert row.mean() == pytest.approx(rate, abs=4 * math.sqrt(rate / 4000))
        assert row.var() == pytest.approx(rate, rel=0.12)
    tiny = draws.beta(Generator(2), 1e-3, 1e-3, (4000,)).numpy()
    assert np.isfinite(tiny).all()
    assert tiny.mean() == pytest.approx(0.5, abs=0.04)
    sure = draws.bernoulli(Generator(3), np.array([0.0, 1.0]), (1000, 2)).numpy()
    assert (sure == [False, True]).all()


def test_without_replacement_each_comes_once_and_the_heaviest_first() -> None:
    weights = np.tile([1.0, 0.0, 2.0, 5.0], (6000, 1))
    x = draws.categorical(Generator(4), weights, 3, replacement=False).numpy()
    assert (np.sort(x, 1) == [0, 2, 3]).all()
    assert np.bincount(x[:, 0], minlength=4) / 6000 == pytest.approx([1 / 8, 0, 2 / 8, 5 / 8], abs=0.03)
    after = x[x[:, 0] == 3][:, 1]
    assert np.mean(after == 2) == pytest.approx(2 / 3, abs=0.03)


def test_permutations_are_those_of_the_host() -> None:
    wanted = Generator(6).permutation(500)
    compiled = gradwerk.compile(lambda g: draws.permutation(g, 500))
    for made in (draws.permutation(Generator(6), 500), compiled(Generator(6))):
        np.testing.assert_array_equal(made.numpy(), wanted)


def test_what_is_no_distribution_is_refused() -> None:
    g = Generator(0)
    for wrong in (
        lambda: draws.exponential(g, (), -1.0), lambda: draws.truncated_normal(g, (), low=1, high=1),
        lambda: draws.geometric(g, (), 1.0, dtypes.float32),
        lambda: draws.categorical(g, np.ones(2), 3, replacement=False), lambda: draws.beta(g, np.ones(2), np.ones(3)),
    ):  # fmt: skip
        with pytest.raises(GradwerkError):
            wrong()
