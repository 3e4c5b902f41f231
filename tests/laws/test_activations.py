"""Activations: their formulas in float64, slopes, derivatives where there is none, narrow dtypes; the same compiled."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ops import activations
from gradwerk.ops.pieces import sparsemax
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor
from tests import tolerances
from tests.laws.laws import slope_law

Array = np.ndarray[Any, Any]
Function = Callable[[Any], Any]


def logistic(x: Array) -> Array:
    return 1 / (1 + np.exp(-x))


def normal_distribution(x: Array) -> Array:
    return np.vectorize(math.erfc)(-x / math.sqrt(2)) / 2


FORMULAS: dict[str, tuple[Function, Function]] = {
    "elu": (lambda x: activations.elu(x, 1.5), lambda x: np.where(x > 0, x, 1.5 * np.expm1(np.minimum(x, 0)))),
    "selu": (activations.selu, lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(np.minimum(x, 0)))),
    "celu": (lambda x: activations.celu(x, 0.5), lambda x: np.where(x > 0, x, 0.5 * np.expm1(np.minimum(x, 0) / 0.5))),
    "silu": (activations.silu, lambda x: x * logistic(x)),
    "mish": (activations.mish, lambda x: x * np.tanh(np.log1p(np.exp(x)))),
    "softplus": (lambda x: activations.softplus_of(x, 2, 4), lambda x: np.where(2 * x > 4, x, np.log1p(np.exp(np.minimum(2 * x, 4))) / 2)),
    "softsign": (activations.softsign, lambda x: x / (1 + np.abs(x))),
    "softmin": (activations.softmin, lambda x: np.exp(-x) / np.exp(-x).sum(-1, keepdims=True)),
    "log_sigmoid": (activations.log_sigmoid, lambda x: -np.log1p(np.exp(-x))),
    "leaky_relu": (lambda x: activations.leaky_relu(x, 0.3), lambda x: np.where(x > 0, x, 0.3 * x)),
    "hard_tanh": (lambda x: activations.hard_tanh(x, -0.6, 0.7), lambda x: np.clip(x, -0.6, 0.7)),
    "relu6": (activations.relu6, lambda x: np.clip(x, 0, 6)),
    "hard_sigmoid": (activations.hard_sigmoid, lambda x: np.clip(x + 3, 0, 6) / 6),
    "hard_swish": (activations.hard_swish, lambda x: x * np.clip(x + 3, 0, 6) / 6),
    "hard_shrink": (activations.hard_shrink, lambda x: np.where(np.abs(x) > 0.5, x, 0)),
    "soft_shrink": (activations.soft_shrink, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
    "tanh_shrink": (activations.tanh_shrink, lambda x: x - np.tanh(x)),
    "threshold": (lambda x: activations.threshold(x, 0.4, -2), lambda x: np.where(x > 0.4, x, -2)),
    "glu": (activations.glu, lambda x: x[..., : x.shape[-1] // 2] * logistic(x[..., x.shape[-1] // 2 :])),
}
RNG = np.random.default_rng(3)
X = np.concatenate([RNG.uniform(-8, 8, (30, 6)), RNG.uniform(-1, 1, (30, 6))])


@pytest.mark.parametrize("name", FORMULAS)
def test_formula(name: str) -> None:
    ours, formula = FORMULAS[name]
    for dtype in (dtypes.float64, dtypes.float32, dtypes.float16, dtypes.bfloat16):
        x = dtypes.converted(X, dtype)
        wanted = formula(dtypes.widened(x).astype(np.float64))
        for made in (ours(x), np.asarray(ours(Tensor(x)).numpy()), np.asarray(gradwerk.compile(ours)(Tensor(x)).numpy())):
            assert made.dtype == dtype
            most = 4 * tolerances.ulp(np.maximum(np.abs(wanted), 1), dtype)
            tolerances.within(dtypes.widened(made).astype(np.float64), wanted, most, name)


@pytest.mark.parametrize("name", FORMULAS)
def test_gradient_is_the_slope(name: str) -> None:
    slope_law(lambda x: (FORMULAS[name][0](x),), [X], name)


def test_digits_of_small_results_stay() -> None:
    small = np.array([1e-30, -1e-30, -1e-9, -3e-5], np.float32)
    for function in (activations.elu, lambda x: activations.celu(x, 2.0)):
        for made in (function(small), gradwerk.compile(function)(Tensor(small)).numpy()):
            np.testing.assert_allclose(made[:3], small[:3], 1e-6)
    large = np.array([30.0, 80.0], np.float32)
    np.testing.assert_allclose(gradwerk.compile(activations.log_sigmoid)(Tensor(large)).numpy(), -np.exp(-large.astype(np.float64)), 1e-6)


@pytest.mark.parametrize(
    ("function", "kinks", "slopes"),
    [
        (lambda x: activations.elu(x, 2.0), [0.0], [2.0]),
        (lambda x: activations.leaky_relu(x, 0.25), [0.0], [0.25]),
        (activations.hard_tanh, [-1.0, 1.0], [0, 0]),
        (activations.relu6, [0.0, 6.0], [0, 0]),
        (activations.hard_sigmoid, [-3.0, 3.0], [0, 0]),
        (activations.hard_swish, [-3.0, 3.0], [0, 1]),
        (activations.hard_shrink, [-0.5, 0.5], [0, 0]),
        (activations.soft_shrink, [-0.5, 0.0, 0.5], [0, 0, 0]),
        (activations.softsign, [0.0], [1]),
    ],
)
def test_derivatives_at_kinks(function: Function, kinks: list[float], slopes: list[float]) -> None:
    x = Tensor(np.array(kinks), requires_grad=True)
    np.testing.assert_array_equal(gradwerk.grad(function(x).sum(), [x])[0].numpy(), slopes)


def test_ends_and_nan() -> None:
    ends = np.array([-np.inf, np.inf, np.nan, -0.0], np.float32)
    expected = {
        "elu": [-1.5, np.inf, np.nan, -0.0], "softsign": [np.nan, np.nan, np.nan, -0.0],
        "log_sigmoid": [-np.inf, 0.0, np.nan, -math.log(2)],
        "hard_tanh": [-0.6, 0.7, np.nan, -0.0], "relu6": [0, 6, np.nan, -0.0], "soft_shrink": [-np.inf, np.inf, np.nan, 0.0],
        "hard_shrink": [-np.inf, np.inf, np.nan, 0.0], "threshold": [-2, np.inf, np.nan, -2], "leaky_relu": [-np.inf, np.inf, np.nan, -0.0],
    }  # fmt: skip
    for name, wanted in expected.items():
        for made in (FORMULAS[name][0](ends), gradwerk.compile(FORMULAS[name][0])(Tensor(ends)).numpy()):
            np.testing.assert_allclose(made, np.array(wanted, np.float32), 1e-6, err_msg=name)
            known = ~np.isnan(wanted)
            np.testing.assert_array_equal(np.signbit(made[known]), np.signbit(np.array(wanted)[known]), err_msg=name)


def test_glu_halves_an_even_axis() -> None:
    with pytest.raises(ShapeError, match="odd extent, 3"):
        activations.glu(np.zeros((2, 3)))
    np.testing.assert_allclose(activations.glu(X, 0), X[:30] * logistic(X[30:]))


@pytest.mark.parametrize("axis", [0, -1])
def test_sparsemax_is_the_nearest_distribution(axis: int) -> None:
    """Beside tau found by halving; and its derivative is that of differences."""
    x = np.random.default_rng(8).normal(size=(6, 5)) * 1.5
    low, high = x.min(axis, keepdims=True) - 1, x.max(axis, keepdims=True)
    for _ in range(60):
        middle = (low + high) / 2
        over = np.maximum(x - middle, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(over, middle, low), np.where(over, high, middle)
    np.testing.assert_allclose(sparsemax(x, axis), np.maximum(x - low, 0), atol=1e-12)
    weights, towards = np.random.default_rng(1).normal(size=(2, *x.shape))
    step = 1e-7
    slope = ((sparsemax(x + step * towards, axis) - sparsemax(x - step * towards, axis)) / (2 * step) * weights).sum()
    leaf = Tensor(x)
    leaf.requires_grad = True
    (found,) = grad((sparsemax(leaf, axis) * Tensor(weights)).sum(), [leaf])
    assert (found.numpy() * towards).sum() == pytest.approx(slope, rel=1e-6)
