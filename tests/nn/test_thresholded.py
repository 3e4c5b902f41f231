"""Counts at thresholds and what follows, against their definitions in NumPy: over batches, merged, weighted, by label, compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn import curves
from gradwerk.nn.counted import R2, Confusion, Sum, adjusted, among_first
from gradwerk.nn.f_score import FScore
from gradwerk.nn.thresholded import KINDS, Thresholded, best_only, best_where
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(8)
bits, heavy_of = RNG.integers(0, 2, (40, 3)).astype(np.float32), RNG.uniform(0.1, 2.0, 40)
drawn = RNG.random((40, 3)).astype(np.float32)
EVEN = tuple(k / 6 for k in range(7))
THRESHOLDS = {"one": (0.4,), "unsorted": (0.8, 0.1, 0.45), "even": EVEN, "beyond": (-1e-7, *EVEN[1:-1], 1 + 1e-7)}


def counts_of(thresholds: Any, weights: Any, labels: bool) -> dict[str, Any]:  # noqa: FBT001
    """As they are defined."""
    axes = 0 if labels else (0, 1)
    above = [drawn > np.float32(t) for t in thresholds]
    hits = {"true_positives": (1, 1), "false_positives": (0, 1), "true_negatives": (0, 0), "false_negatives": (1, 0)}
    heavy = np.ones(40) if weights is None else weights
    return {
        kind: np.array([(((bits == y) & (up == p)) * heavy[:, None]).sum(axes) for up in above]) for kind, (y, p) in hits.items()
    }


@pytest.mark.parametrize("name", THRESHOLDS)
@pytest.mark.parametrize("labels", [None, 3])
def test_counts_are_what_they_are_defined_as(name: str, labels: int | None) -> None:
    thresholds = THRESHOLDS[name]
    for weights in (None, heavy_of):
        first, second = Thresholded(thresholds, labels=labels), Thresholded(thresholds, labels=labels)
        update = compile_(first.update) if weights is not None else first.update
        for part, counting in ((slice(0, 15), update), (slice(15, 30), update), (slice(30, 40), second.update)):
            counting(*(Tensor(x[part]) for x in (drawn, bits, *([] if weights is None else [weights]))))
        first.merge(second)
        exact = counts_of(thresholds, weights, labels is not None)
        for kind in KINDS:
            np.testing.assert_allclose(first.counted(kind), exact[kind], rtol=1e-12, atol=1e-12, err_msg=kind)
        tp, fp, tn, fn = (exact[kind] for kind in KINDS)
        with np.errstate(invalid="ignore"):
            exact_rates = tp / (tp + fp), tp / (tp + fn), tn / (tn + fp)
        for rate, wanted in zip((first.precision(), first.recall(), first.specificity()), exact_rates, strict=True):
            np.testing.assert_allclose(rate, np.nan_to_num(wanted))
    first.reset()
    assert not first.recall().any()


def test_what_is_nan_is_above_no_threshold_and_what_lies_outside_is_held() -> None:
    for thresholds, above in ((EVEN, [1, 0]), ((0.5, 0.7), [2, 1])):
        counts = Thresholded(thresholds, kept=("true_positives",))
        counts.update(Tensor(np.array([np.nan, 2.0, -1.0, 0.65], np.float32)), Tensor(np.ones(4, np.float32)))
        assert counts.true_positives.numpy()[[0, -1]].tolist() == [2.0, float(thresholds[-1] < 1)], above


def test_a_fine_curve_comes_near_the_area_of_all_pairs() -> None:
    """The area under ROC is the share of pairs, one positive and one negative, in which the positive has the larger prediction."""
    scores = np.clip(drawn[:, 0] + 0.3 * bits[:, 0], 0, 1)
    counts = Thresholded(np.linspace(-1e-7, 1 + 1e-7, 4001))
    counts.update(Tensor(scores), Tensor(bits[:, 0]))
    up, down = scores[bits[:, 0] == 1], scores[bits[:, 0] == 0]
    pairs = ((up[:, None] > down).mean() + (up[:, None] == down).mean() / 2).item()
    assert curves.area(counts, curves.roc) == pytest.approx(pairs, abs=2e-3)
    assert curves.area(counts, curves.roc, np.minimum) <= curves.area(counts, curves.roc) <= curves.area(counts, curves.roc, np.maximum)
    below, above = (curves.area(counts, curves.precision_recall, bound) for bound in (np.minimum, np.maximum))
    assert below <= curves.interpolated_precision_recall(counts) <= above
    assert curves.area(counts, curves.precision_recall_gain, np.minimum) <= curves.area(counts, curves.precision_recall_gain)
    perfect = Thresholded(np.linspace(-1e-7, 1 + 1e-7, 11))
    perfect.update(Tensor(bits * 0.8 + 0.1), Tensor(bits))
    for curve in (curves.roc, curves.precision_recall_gain):
        assert curves.area(perfect, curve) == pytest.approx(1.0)
    assert curves.interpolated_precision_recall(perfect) == pytest.approx(1.0)


def test_the_best_alone_pass_and_the_best_where_another_rate_suffices() -> None:
    held = best_only(drawn, 2)
    np.testing.assert_array_equal(held > -1, drawn > drawn.min(-1, keepdims=True))
    assert (best_only(np.ones((1, 3), np.float32), 1) > 0).tolist() == [[True, False, False]]
    rates = np.array([0.1, 0.9, 0.5]), np.array([0.9, 0.2, 0.6])
    assert [best_where(*rates, least) for least in (0.0, 0.5, 0.95)] == [0.9, 0.5, 0.0]
    np.testing.assert_array_equal(among_first(np.array([1, 2]), np.array([[0, 1, 2], [0, 1, 2]]), 2), [1, 0])


@pytest.mark.parametrize("threshold", [None, 0.4])
def test_f_Pare_made_of_counts(threshold: float | None) -> None:
    said = drawn == drawn.max(-1, keepdims=True) if threshold is None else drawn > threshold
    hits, wrong, missed = (((a * b) * heavy_of[:, None]) for a, b in ((said, bits), (said, 1 - bits), (~said, bits)))
    for classes, axes in ((3, 0), (None, (0, 1))):
        first, second = FScore(classes, threshold=threshold), FScore(classes, threshold=threshold)
        for score, part in ((first, slice(0, 25)), (second, slice(25, 40))):
            score.update(*(Tensor(x[part]) for x in (drawn, bits, heavy_of)))
        first.merge(second)
        for beta in (1.0, 2.0):
            above = (1 + beta**2) * hits.sum(axes)
            exact = above / (above + beta**2 * missed.sum(axes) + wrong.sum(axes))
            np.testing.assert_allclose(first.result(beta), exact, rtol=1e-5)
            there = (bits * heavy_of[:, None]).sum(axes)
            assert first.weighted(beta) == pytest.approx((exact * there).sum() / np.sum(there), rel=1e-5)


def test_r2_of_columns_with_weights_is_that_of_repeated_rows() -> None:
    y = RNG.normal(size=(12, 2))
    p, times = y + RNG.normal(size=(12, 2)), RNG.integers(1, 4, 12)
    weighted, repeated = R2(2), R2(2)
    weighted.update(*(Tensor(x) for x in (p, y, times.astype(np.float64))))
    repeated.update(*(Tensor(np.repeat(x, times, 0)) for x in (p, y)))
    np.testing.assert_allclose(weighted.scores(), repeated.scores(), rtol=1e-10)
    np.testing.assert_allclose(repeated.scores(), 1 - ((np.repeat(y - p, times, 0)) ** 2).sum(0) / repeated.spread(), rtol=1e-10)
    assert adjusted(0.5, 11, 2) == pytest.approx(1 - 0.5 * 10 / 8)
    equal = R2(2)
    equal.update(Tensor(np.array([[1.0, 2.0]])), Tensor(np.array([[1.0, 3.0]])))
    np.testing.assert_array_equal(equal.scores(), [np.nan, 0.0])


def test_what_is_no_class_is_left_out_where_that_was_said() -> None:
    skipping = Confusion(2, ignored=0, skips=True)
    compile_(skipping.update)(Tensor(np.array([1, 1, 5, 0, 1])), Tensor(np.array([1, 0, 1, 1, -3])))
    assert skipping.matrix.numpy().tolist() == [[0, 0], [1, 1]]
    total = Sum()
    total.update(Tensor(drawn), Tensor(heavy_of))
    assert total.result() == pytest.approx((drawn * heavy_of[:, None]).sum())


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ArgumentError):
        Thresholded(())
    counts = Thresholded((0.5,))
    for wrong in (
        lambda: counts.update(Tensor(drawn), Tensor(bits[:, 0])),
        lambda: counts.update(Tensor(drawn), Tensor(bits), Tensor(heavy_of[:3])),
        lambda: FScore(4).update(Tensor(drawn), Tensor(bits)), lambda: R2(2).update(Tensor(drawn), Tensor(bits)),
        lambda: counts.merge(Thresholded((0.5, 0.6))),
    ):  # fmt: skip
        with pytest.raises(ShapeError):
            wrong()
