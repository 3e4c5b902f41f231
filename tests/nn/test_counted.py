"""Metrics of a few sums against NumPy's formulas on all data at once: over batches, merged, compiled, weighted."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, DataError, ShapeError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.counted import R2, Confusion, top_k_hits
from gradwerk.nn.metric import Mean
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(6)
LABELS, GUESSES, WEIGHTS = RNG.integers(0, 4, 60), RNG.integers(0, 3, 60), RNG.uniform(0.1, 2.0, 60)
TARGETS = RNG.standard_normal(60) * 3 + 5
PREDICTIONS = TARGETS + RNG.standard_normal(60)


def matrix_of(weights: Any) -> Any:
    exact = np.zeros((4, 4))
    np.add.at(exact, (LABELS, GUESSES), weights)
    return exact


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_a_confusion_matrix_and_what_follows(*, compiled: bool, weighted: bool) -> None:
    first, second = Confusion(4), Confusion(4)
    for part, metric in ((slice(0, 20), first), (slice(20, 40), first), (slice(40, 60), second)):
        update = compile_(metric.update) if compiled else metric.update
        given = [GUESSES[part], LABELS[part], *([WEIGHTS[part]] if weighted else [])]
        update(*map(Tensor, given))
    first.merge(second)
    exact = matrix_of(WEIGHTS if weighted else 1.0)
    np.testing.assert_allclose(first.matrix.numpy(), exact, rtol=1e-12)
    hits, found, there = np.diag(exact), exact.sum(0), exact.sum(1)
    assert first.accuracy() == pytest.approx(hits.sum() / exact.sum())
    precision = np.array([h / f if f else 0.0 for h, f in zip(hits, found, strict=True)])
    np.testing.assert_allclose(first.precision(), precision)  # class 3 is never said
    np.testing.assert_allclose(first.recall(), hits / there)
    np.testing.assert_allclose(first.intersection_over_union(), hits / (found + there - hits))
    for beta in (1.0, 2.0):  # of counts: (1 + b^2) hits / ((1 + b^2) hits + b^2 missed + wrongly said)
        below = (1 + beta**2) * hits + beta**2 * (there - hits) + (found - hits)
        np.testing.assert_allclose(first.f_score(beta), (1 + beta**2) * hits / below)
    first.reset()
    assert first.accuracy() == 0.0


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_the_coefficient_of_determination(*, compiled: bool) -> None:
    metrics = R2(), R2()
    for part, metric in ((slice(0, 25), metrics[0]), (slice(25, 60), metrics[1])):
        (compile_(metric.update) if compiled else metric.update)(Tensor(PREDICTIONS[part]), Tensor(TARGETS[part]))
    metrics[0].merge(metrics[1])
    exact = 1 - ((TARGETS - PREDICTIONS) ** 2).sum() / ((TARGETS - TARGETS.mean()) ** 2).sum()
    assert metrics[0].result() == pytest.approx(exact, rel=1e-10)
    empty = R2()
    with pytest.raises(ArgumentError, match="of equal targets"):
        empty.result()


def test_means_merge() -> None:
    one, other = Mean(), Mean()
    one.update(Tensor(TARGETS[:10]))
    other.update(Tensor(TARGETS[10:]))
    one.merge(other)
    assert one.result() == pytest.approx(TARGETS.mean())


def test_the_best_k_hold_the_label() -> None:
    scores = RNG.permuted(np.tile(np.arange(6.0), (40, 1)), axis=1)
    labels = RNG.integers(0, 6, 40)
    for k in (1, 2, 5, 6, 9):
        exact = [label in np.argsort(-row)[:k] for row, label in zip(scores, labels, strict=True)]
        np.testing.assert_array_equal(top_k_hits(scores, labels, k), np.array(exact, np.float32))
    assert top_k_hits(np.array([[1.0, 1.0, 1.0]]), np.array([2]), 1) == 1  # of equals all are in


def test_what_does_not_fit_is_refused() -> None:
    metric = Confusion(3)
    with pytest.raises(DataError, match="label 3"):
        metric.update(Tensor(np.array([0, 3])), Tensor(np.array([0, 1])))
    with pytest.raises(ShapeError):
        metric.update(Tensor(np.array([0, 1])), Tensor(np.array([[0, 1]])))
    with pytest.raises(ShapeError, match="other sums"):
        metric.merge(Confusion(4))
    for wrong in (lambda: Confusion(0), lambda: metric.f_score(-1.0), lambda: top_k_hits(np.eye(2), np.array([0, 1]), 0)):
        with pytest.raises(ArgumentError):
            wrong()
