"""torch's draws from distributions, and dropouts of whole channels: shares and moments, equal seeds, compiled; what is refused."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import GradwerkError
from gradwerk.torch.nn import functional

P = torch.tensor([0.1, 0.9, 0.0, 1.0])
DRAWS: dict[str, tuple[Callable[[], Any], float, float]] = {
    "bernoulli": (lambda: torch.bernoulli(torch.full((20000,), 0.3)), 0.3, 0.21),
    "bernoulli of p": (lambda: torch.zeros(20000).bernoulli(0.3), 0.3, 0.21),
    "bernoulli in place": (lambda: torch.zeros(5000, 4).bernoulli_(P), 0.5, 0.25),
    "poisson": (lambda: torch.poisson(torch.full((20000,), 4.0)), 4, 4),
    "normal of Tensors": (lambda: torch.normal(torch.full((20000,), 2.0), torch.tensor(3.0)), 2, 9),
    "normal of numbers": (lambda: torch.normal(2.0, 3.0, (20000,)), 2, 9),
    "exponential": (lambda: torch.zeros(20000).exponential_(4.0), 0.25, 1 / 16),
    "geometric": (lambda: torch.zeros(20000, dtype=torch.int64).geometric_(0.5), 2, 2),
    "log normal": (lambda: torch.zeros(20000).log_normal_(0.5, 0.25), 1.7011, 0.18664),
    "multinomial": (lambda: torch.tensor([1.0, 0, 3]).multinomial(20000, replacement=True), 1.5, 0.75),
    "alpha dropout": (lambda: functional.alpha_dropout(torch.randn(20000), 0.4, training=True), 0, 1),
    "feature alpha dropout": (lambda: functional.feature_alpha_dropout(torch.randn(20000, 2), 0.4, training=True), 0, 1),
}


@pytest.mark.parametrize("name", DRAWS)
def test_moments_and_seeds(name: str) -> None:
    draw, mean, variance = DRAWS[name]
    torch.manual_seed(3)
    first, second = draw().numpy(), draw().numpy()
    x = first.astype(np.float64)
    assert x.mean() == pytest.approx(mean, abs=5 * np.sqrt(variance / 20000))
    assert x.var() == pytest.approx(variance, rel=0.1)
    torch.manual_seed(3)
    compiled = torch.compile(lambda: draw() * 1)
    for wanted in (first, second):
        np.testing.assert_allclose(compiled().numpy(), wanted, 2e-6, 2e-6)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_channels_are_dropped_as_one(rank: int) -> None:
    torch.manual_seed(1)
    x = torch.ones(200, 20, *(3, 2, 2)[:rank])
    y = getattr(functional, f"dropout{rank}d")(x, 0.25).numpy().reshape(4000, -1)
    assert (y == y[:, :1]).all()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
    assert (y[:, 0] == 0).mean() == pytest.approx(0.25, abs=0.03)
    assert getattr(functional, f"dropout{rank}d")(x, 0.25, training=False) is x


def test_random_orders_inside_and_outside() -> None:
    torch.manual_seed(2)
    outside = torch.randperm(50).numpy()
    torch.manual_seed(2)
    inside = torch.compile(lambda: torch.randperm(50))
    np.testing.assert_array_equal(inside().numpy(), outside)
    assert (inside().numpy() != outside).any()


def test_draws_have_no_history() -> None:
    rates = torch.full((3,), 2.0, requires_grad=True)
    assert not torch.poisson(rates).requires_grad
    assert torch.normal(rates, 1.0).detach().shape == (3,)
    assert torch.bernoulli(torch.full((2,), 0.5, dtype=torch.float64)).dtype == torch.float64


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: torch.bernoulli(torch.tensor([1.5])), lambda: torch.zeros(2).bernoulli_(-0.1), lambda: torch.poisson(torch.tensor([-1.0])),
        lambda: torch.tensor([1.0, 0.0]).multinomial(2), lambda: torch.tensor([1.0, -1.0]).multinomial(1), lambda: torch.normal(0.0, 1.0),
        lambda: torch.zeros(2).exponential_(0), lambda: torch.zeros(2).geometric_(1.0), lambda: torch.zeros(2).cauchy_(0, 0),
        lambda: torch.normal(torch.zeros(2), -1.0), lambda: torch.bernoulli(torch.tensor([1])), lambda: functional.dropout2d(P, 0.5),
    ],
)  # fmt: skip
def test_what_is_no_distribution_is_refused(wrong: Callable[[], Any]) -> None:
    with pytest.raises(GradwerkError):
        wrong()


CHANNELS = {
    ("dropout1d", 2): (0,), ("dropout1d", 3): (0, 1), ("dropout2d", 2): (0, 1), ("dropout2d", 3): (0, 1), ("dropout2d", 4): (0, 1),
    ("dropout2d", 5): (0, 1), ("dropout3d", 3): (0,), ("dropout3d", 4): (0,), ("dropout3d", 5): (0, 1), ("dropout3d", 6): (0,),
    ("dropout3d", 2): (0,), ("dropout3d", 1): (0,),
}  # fmt: skip
"""The axes along which the draws of a dropout differ, by the number of the input's axes: PyTorch 2.13's."""


@pytest.mark.parametrize(("name", "axes"), CHANNELS)
def test_channels_are_those_of_torch_whatever_the_axes(name: str, axes: int) -> None:
    extents = {1: (400,), 2: (20, 20), 3: (20, 20, 3), 4: (20, 20, 3, 2), 5: (20, 20, 3, 2, 2), 6: (20, 20, 3, 2, 2, 2)}[axes]
    odd = axes not in {int(name[7]) + 1, int(name[7]) + 2} or (name, axes) == ("dropout2d", 3)
    with pytest.warns(UserWarning, match=f"{name}: Received a") if odd else contextlib.nullcontext():
        kept = getattr(functional, name)(torch.ones(extents), 0.5).numpy() > 0
    along = CHANNELS[name, axes]
    others = tuple(axis for axis in range(axes) if axis not in along)
    same = (kept.all(others) | ~kept.any(others)) if others else np.ones(kept.shape, bool)
    assert same.all()  # what shares a channel shares its draw
    for axis in along:
        assert not (kept == kept.take([0], axis)).all()


def test_dropouts_of_channels_refuse_inputs_without_any() -> None:
    for axes in (0, 1, 4, 5):
        with pytest.raises(ValueError, match=f"dropout1d: Expected 2D or 3D input, but received a {axes}D input"):
            functional.dropout1d(torch.ones([2] * axes))
    with pytest.raises(ValueError, match="at least 2 dimensions"):
        functional.dropout2d(torch.ones(3))
