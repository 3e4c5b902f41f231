"""Losses against their formulas in float64, at the edges where naive forms overflow; metrics over several batches."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk.base.errors import DataError, DTypeError, ShapeError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn import loss
from gradwerk.nn.metric import Accuracy, Mean, binary_hits, label_hits, one_hot_hits
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(5)


def test_softmax_cross_entropy_is_minus_the_log_of_the_softmax() -> None:
    z, y = RNG.standard_normal((6, 5)), RNG.integers(0, 5, 6)
    p = np.exp(z) / np.exp(z).sum(-1, keepdims=True)
    expected = -np.log(p[np.arange(6), y])
    np.testing.assert_allclose(loss.softmax_cross_entropy(z, y), expected)
    np.testing.assert_allclose(loss.categorical_cross_entropy(z, np.eye(5)[y]), expected)
    np.testing.assert_allclose(loss.cross_entropy_of_probabilities(3 * p, np.eye(5)[y]), expected, rtol=1e-6)


def test_extreme_logits_give_finite_losses_and_gradients() -> None:
    z = Tensor(np.array([[1e4, -1e4, 0.0], [-3e38, 3e38, 0.0]], np.float32), requires_grad=True)
    values = loss.softmax_cross_entropy(z, Tensor(np.array([1, 1])))
    np.testing.assert_allclose(values.numpy(), [2e4, 0.0])
    values.sum().backward()
    assert z.grad is not None
    np.testing.assert_allclose(z.grad.numpy(), [[1, -1, 0], [0, 0, 0]])
    z = Tensor(np.array([1e4, -1e4, 0.0], np.float32), requires_grad=True)
    values = loss.binary_cross_entropy(z, Tensor(np.array([1, 1, 0], np.float32)))
    np.testing.assert_allclose(values.numpy(), [0, 1e4, np.log(2)], rtol=1e-6)
    values.sum().backward()
    assert z.grad is not None
    np.testing.assert_allclose(z.grad.numpy(), [0, -1, 0.5])


def test_binary_forms_agree() -> None:
    z, y = RNG.standard_normal(20), RNG.integers(0, 2, 20).astype(float)
    p = 1 / (1 + np.exp(-z))
    expected = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    np.testing.assert_allclose(loss.binary_cross_entropy(z, y), expected)
    np.testing.assert_allclose(loss.binary_cross_entropy_of_probabilities(p, y), expected)
    edge = loss.binary_cross_entropy_of_probabilities(np.array([0.0, 1.0]), np.array([1.0, 0.0]), epsilon=1e-7)
    np.testing.assert_allclose(edge, -np.log(1e-7))


def test_errors_and_reductions() -> None:
    a, b = RNG.standard_normal((4, 3)), RNG.standard_normal((4, 3))
    np.testing.assert_allclose(loss.mean_loss(loss.squared_error(a, b)), ((a - b) ** 2).mean())
    np.testing.assert_allclose(loss.absolute_error(a, b), np.abs(a - b))


@pytest.mark.parametrize("compiled", [False, True])
def test_a_label_of_no_class_is_refused(compiled: bool) -> None:
    function = compile_(loss.softmax_cross_entropy) if compiled else loss.softmax_cross_entropy
    z, y = Tensor(np.zeros((3, 4), np.float32)), np.array([1, 4, 3])
    with pytest.raises(DataError, match=r"label 4 at \(1\) is outside 0\.\.3"):
        function(z, Tensor(y))
    with pytest.raises(DataError, match=r"label 4 at \(1\) is outside 0\.\.3"):
        function(z, Tensor(y), ignored=-100)


def test_ignored_labels_have_no_weight() -> None:
    z, y = RNG.standard_normal((3, 4)), np.array([1, -100, 3])
    assert loss.softmax_cross_entropy(z, y, ignored=-100)[1] == 0
    assert loss.softmax_cross_entropy(z, y, ignored=-100, smoothing=0.1)[1] == 0
    np.testing.assert_array_equal(loss.label_weights(y, z, -100, None), [1, 0, 1])
    np.testing.assert_array_equal(loss.label_weights(y, z, -100, np.arange(4.0)), [1, 0, 3])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_class_may_be_the_ignored_label(smoothing: float) -> None:
    """Padding is often number 0."""
    z, y = RNG.standard_normal((3, 4)), np.array([1, 0, 3])
    losses = loss.softmax_cross_entropy(z, y, ignored=0, smoothing=smoothing)
    assert losses[1] == 0
    np.testing.assert_array_equal(losses[[0, 2]], loss.softmax_cross_entropy(z, y, smoothing=smoothing)[[0, 2]])
    np.testing.assert_array_equal(loss.label_weights(y, z, 0), [1, 0, 1])
    np.testing.assert_array_equal(loss.label_weights(y, z, 0, np.arange(1.0, 5.0)), [2, 0, 4])


def test_what_does_not_fit_is_refused() -> None:
    with pytest.raises(ShapeError, match=r"the labels have shape \(4, 1\), the scores expect \(4,\)"):
        loss.softmax_cross_entropy(np.zeros((4, 3)), np.zeros((4, 1), np.int64))
    with pytest.raises(DTypeError, match="labels must be integers"):
        loss.softmax_cross_entropy(np.zeros((4, 3)), np.zeros(4))
    with pytest.raises(ShapeError, match="different shapes"):
        loss.squared_error(np.zeros((4, 1)), np.zeros(4))


def test_metrics_stream() -> None:
    scores, labels = RNG.standard_normal((10, 3)).astype(np.float32), RNG.integers(0, 3, 10)
    metric, mean = Accuracy(), Mean()
    assert metric.result() == 0.0
    for part in (slice(0, 6), slice(6, 10)):
        metric.update(Tensor(scores[part]), Tensor(labels[part]))
        mean.update(Tensor(np.float32(scores[part].mean())), len(scores[part]))
    assert metric.result() == pytest.approx((scores.argmax(-1) == labels).mean())
    assert mean.result() == pytest.approx(scores.mean(), rel=1e-5)
    metric.reset()
    assert metric.result() == 0.0
    np.testing.assert_array_equal(one_hot_hits(scores, np.eye(3)[labels]), label_hits(scores, labels))
    np.testing.assert_array_equal(binary_hits(np.array([0.2, 0.7]), np.array([0.0, 0.0])), [1, 0])
