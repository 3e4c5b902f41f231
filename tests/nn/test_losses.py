"""Losses where naive forms fail: small and large errors, probabilities of 0, alignments counted one by one; and numbers out of range."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError, ShapeError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn import ctc_loss, divergence_loss, loss, margin_loss, regression_loss
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(5)


def gradient(function: Any, x: Any, *others: Any) -> Any:
    """Of the sum, for the first argument."""
    leaf = Tensor(np.asarray(x), requires_grad=True)
    function(leaf, *map(Tensor, others)).sum().backward()
    assert leaf.grad is not None
    return leaf.grad.numpy()


def test_small_errors_keep_their_digits() -> None:
    e = np.array([1e-3, -2e-2, 0.0499, 0.0501, 3.0, 1e-20, 0.0], np.float32)
    wide = e.astype(np.float64)
    exact = np.log1p(2 * np.sinh(wide / 2) ** 2)  # log(cosh(e))
    made = regression_loss.log_cosh(e, np.zeros_like(e))
    np.testing.assert_allclose(made, exact, rtol=1e-4)
    np.testing.assert_allclose(made[:3], exact[:3], rtol=3e-7)
    np.testing.assert_allclose(gradient(regression_loss.log_cosh, e, np.zeros_like(e)), np.tanh(wide), rtol=3e-5)


def test_large_errors_have_a_loss_and_a_slope() -> None:
    e = np.array([1e30, -1e30, 1e38], np.float32)
    np.testing.assert_allclose(regression_loss.huber(e, np.zeros_like(e), delta=2.0), 2 * np.abs(e))
    np.testing.assert_allclose(gradient(regression_loss.huber, e, np.zeros_like(e)), np.sign(e))
    np.testing.assert_allclose(regression_loss.log_cosh(e, np.zeros_like(e)), np.abs(e))
    np.testing.assert_allclose(margin_loss.soft_margin(e, -np.sign(e)), np.abs(e))


def test_the_root_of_no_error_has_no_slope() -> None:
    def rmse(x: Any, y: Any) -> Any:
        return regression_loss.root_mean(loss.squared_error(x, y))

    y = RNG.standard_normal(5)
    np.testing.assert_array_equal(gradient(rmse, y, y), np.zeros(5))
    np.testing.assert_allclose(rmse(y + 2, y), 2.0)


def test_what_is_nearly_right_has_a_small_focal_loss() -> None:
    z = np.array([20.0], np.float32)
    exact = np.exp(-20.0) ** 3 * (1 - 2 * np.exp(-20.0))  # 1 - p and -log(p) are both nearly exp(-z)
    np.testing.assert_allclose(divergence_loss.binary_focal(z, np.ones_like(z)), exact, rtol=1e-5)
    assert divergence_loss.binary_focal_of_probabilities(np.float32([1.0]), np.float32([1.0])) == 0


def test_a_divergence_of_nothing_is_nothing() -> None:
    q = np.log(np.array([0.5, 0.5, 1e-3]))
    np.testing.assert_allclose(divergence_loss.kl_divergence(q, np.array([0.0, 1.0, 0.0])), [0, np.log(2), 0])
    assert np.isfinite(gradient(lambda y: divergence_loss.kl_divergence(q, y), np.array([0.0, 1.0, 0.0]))).all()


def test_a_variance_of_nothing_still_learns() -> None:
    slope = gradient(lambda v: regression_loss.gaussian_nll(np.array([1.0]), np.array([0.0]), v), np.array([0.0]))
    np.testing.assert_allclose(slope, [0.5 * (1 / 1e-6 - 1 / 1e-12)])


def alignments(p: Any, labels: Any, blank: int) -> float:
    """The probability of all alignments, one by one."""
    total = 0.0
    for path in itertools.product(range(p.shape[1]), repeat=p.shape[0]):
        shown = [c for k, c in enumerate(path) if c != blank and (k == 0 or path[k - 1] != c)]
        if shown == list(labels):
            total += float(np.prod(p[np.arange(p.shape[0]), list(path)]))
    return total


@pytest.mark.parametrize("blank", [0, 2])
def test_ctc_counts_all_alignments(blank: int) -> None:
    p = RNG.dirichlet(np.ones(3), (5, 4))
    one, two = [c for c in range(3) if c != blank]
    rows, steps = [[one, two], [one, one], [], [two, one, two]], [5, 4, 3, 5]
    labels = np.array([[*row, *[one] * (3 - len(row))] for row in rows])
    given = [Tensor(x) for x in (np.log(p), labels, np.array(steps), np.array([len(row) for row in rows]))]
    exact = [-np.log(alignments(p[:n, k], row, blank)) for k, (row, n) in enumerate(zip(rows, steps, strict=True))]
    for run in (ctc_loss.ctc, compile_(ctc_loss.ctc)):
        np.testing.assert_allclose(run(*given, blank=blank).numpy(), exact)


def test_what_cannot_be_read_is_infinitely_unlikely() -> None:
    scores = Tensor(np.log(RNG.dirichlet(np.ones(3), (2, 2))), requires_grad=True)
    labels, steps, counts = (Tensor(np.array(x)) for x in ([[1, 1], [1, 2]], [2, 2], [2, 2]))
    values = ctc_loss.ctc(scores, labels, steps, counts)  # 1, 1 takes a blank between
    assert np.isinf(values.numpy()).tolist() == [True, False]
    values.sum().backward()
    assert scores.grad is not None
    assert np.isfinite(scores.grad.numpy()).all()
    assert not scores.grad.numpy()[:, 0].any()
    with pytest.raises(DataError, match="label 3"):
        ctc_loss.ctc(scores, Tensor(np.array([[1, 3], [1, 2]])), steps, counts)
    with pytest.raises(ShapeError, match="batch"):
        ctc_loss.ctc(scores, labels, steps, Tensor(np.array([2])))


BAD: dict[str, Any] = {
    "huber: delta is above 0, this is 0": lambda a: regression_loss.huber(a, a, delta=0),
    "gaussian_nll: epsilon is above 0, this is -1": lambda a: regression_loss.gaussian_nll(a, a, a, epsilon=-1),
    "triplet: margin is above 0, this is nan": lambda a: margin_loss.triplet(a, a, margin=float("nan")),
    "multi_margin: the power is 1 or 2, this is 3": lambda a: margin_loss.multi_margin(a, np.array([0]), power=3),
    "binary_focal: alpha is between 0 and 1, this is 2": lambda a: divergence_loss.binary_focal(a, a, alpha=2),
    "categorical_focal: gamma is not below 0, this is -1": lambda a: divergence_loss.categorical_focal(a, a, gamma=-1),
    "categorical_cross_entropy: smoothing is between 0 and 1, this is 1.5": lambda a: loss.categorical_cross_entropy(a, a, smoothing=1.5),
}


@pytest.mark.parametrize("said", BAD)
def test_numbers_out_of_range_are_refused(said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        BAD[said](np.full((1, 2), 0.5))
