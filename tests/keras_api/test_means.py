"""keras.metrics.Mean with and without weights, and what counts like it: the totals and counts of Keras 3.15.1, of each of its backends."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.tensor.tensor import Tensor

ROWS, CUBE, NAN = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(2, 3, 2), float("nan")
CASES: list[tuple[Any, Any, float, float]] = [
    (2.0, None, 2, 1), (2.0, 0, 0, 0), (2.0, 2.0, 4, 2), (2.0, [2.0], 4, 2), (3.0, True, 3, 1), ([], None, 0, 0), ([], 2.0, NAN, 2),
    ([], [], 0, 0), ([1, 2, 6], None, 9, 3), ([1, 2, 6], 2.0, 6, 2), ([1, 2, 6], [2.0], 18, 6), ([1, 2, 6], [1, 0, 3], 19, 4),
    ([1, 2, 6], [1, -1, 3], 17, 3), ([1, 2, 6], [[1], [1], [1]], 9, 3),
    ([1, 2, 6], [True, False, True], 7, 2), ([True, False, True], [1, 0, 3], 4, 4),
    ([1, 2, 6], [1, NAN, 1], NAN, NAN), (ROWS, None, 5, 2), (ROWS, 2.0, 5, 2), (ROWS, [1, 3], 13, 4), (ROWS, [[1], [3]], 13, 4),
    (ROWS, [[1, 0, 3]], 8, 8 / 3), (ROWS, ROWS, 55 / 3, 5), (ROWS, ROWS[..., None], 55 / 3, 5), ([[1], [2]], [1, 3], 7, 4),
    (CUBE, None, 11, 2), (CUBE, [1, 3], 28, 4), (CUBE, [[1], [3]], 28, 4), (CUBE, [[1, 0, 3]], 52 / 3, 8 / 3), (CUBE, ROWS, 117.5 / 3, 5),
    (CUBE, ROWS[..., None], 117.5 / 3, 5), (CUBE, CUBE, 506 / 6, 11),
]  # fmt: skip


@pytest.mark.parametrize("place", range(len(CASES)))
def test_totals_and_counts(place: int) -> None:
    values, weights, total, count = CASES[place]
    for as_tensor in (False, True):
        mean = keras.metrics.Mean()
        given = [Tensor(np.asarray(x, np.float32)) if as_tensor and x is not None else x for x in (values, weights)]
        mean.update_state(given[0], sample_weight=given[1])
        np.testing.assert_allclose([float(mean.total.numpy()), float(mean.count.numpy())], [total, count], rtol=1e-6)
        wanted = total / count if count else 0.0
        np.testing.assert_allclose(float(mean.result()), wanted, rtol=1e-6)
        called = keras.metrics.Mean()(given[0], sample_weight=given[1])
        np.testing.assert_allclose(float(called), wanted, rtol=1e-6)


def test_updates_of_several_shapes_and_weights() -> None:
    for updates, wanted in (
        ((([1, 2, 6], 2.0), ([10.0], None)), 16 / 3), (((ROWS + 1, None), ([[10.0]], None)), 17 / 3),
        (((ROWS + 1, [1, 3]), (2.0, 0.5)), 18 / 4.5),
    ):  # fmt: skip
        mean = keras.metrics.Mean()
        for values, weights in updates:
            mean.update_state(values, weights)
        np.testing.assert_allclose(float(mean.result()), wanted, rtol=1e-6)


@pytest.mark.parametrize(("values", "weights"), [
    (2.0, [1, 3]), ([1, 2, 6], [1, 2]), ([1, 2, 6], [[1, 0, 3]]), ([1, 2, 6], ROWS), ([], [1, 2]), (ROWS, [1, 2, 3]),
    (CUBE, [[1], [1], [1]]),
])  # fmt: skip
def test_weights_that_do_not_fit(values: Any, weights: Any) -> None:
    mean = keras.metrics.Mean()
    with pytest.raises(ShapeError, match="weights stand along the first axes"):
        mean.update_state(values, sample_weight=weights)
    assert float(mean.count.numpy()) == float(mean.total.numpy()) == 0
    with pytest.raises(DTypeError, match="sample_weight holds"):
        mean.update_state(values, sample_weight="a")


def test_a_sample_counts_once_however_long_it_is() -> None:
    squares = keras.metrics.MeanSquaredError()
    squares.update_state(np.zeros((1, 2, 1)), [[[1.0], [2.0]]])
    squares.update_state(np.zeros((2, 4, 1)), np.full((2, 4, 1), 3.0))
    np.testing.assert_allclose(float(squares.result()), (2.5 + 9 + 9) / 3, rtol=1e-6)
    hits = keras.metrics.SparseCategoricalAccuracy()
    hits.update_state([[0, 0, 1], [1, 0, 0]], np.tile([1.0, 0.0], (2, 3, 1)))
    hits.update_state([[1]], [[[1.0, 0.0]]])
    np.testing.assert_allclose(float(hits.result()), (2 / 3 + 2 / 3 + 0) / 3, rtol=1e-6)


def test_a_mean_in_a_metric_of_ones_own_counts_in_a_compiled_step() -> None:
    class Weighted(keras.Metric):
        def __init__(self) -> None:
            super().__init__(name="weighted")
            self.mean = keras.metrics.Mean()

        def update_state(self, y_true: Any, y_pred: Any) -> None:
            self.mean.update_state((y_true - y_pred) ** 2, sample_weight=y_true)

        def result(self) -> Any:
            return self.mean.result()

        def reset_state(self) -> None:
            self.mean.reset_state()

    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones")])
    model.compile("sgd", "mse", metrics=[Weighted()])
    x = np.array([[1.0], [2.0], [4.0], [3.0]], np.float32)
    y = np.array([[2.0], [4.0], [1.0], [3.0]], np.float32)
    seen = model.evaluate(x, y, batch_size=2, verbose=0, return_dict=True)["weighted"]
    np.testing.assert_allclose(seen, ((x - y) ** 2 * y).sum() / y.sum(), rtol=1e-6)


PLAIN = {
    "MeanAbsolutePercentageError": lambda y, p: 100 * np.abs((y - p) / y).mean(),
    "MeanSquaredLogarithmicError": lambda y, p: ((np.log1p(y) - np.log1p(p)) ** 2).mean(),
    "LogCoshError": lambda y, p: np.log(np.cosh(y - p)).mean(),
    "Poisson": lambda y, p: (p - y * np.log(p)).mean(),
    "KLDivergence": lambda y, p: (y * np.log(y / p)).sum(-1).mean(),
    "Hinge": lambda y, p: np.maximum(1 - y * p, 0).mean(),
    "SquaredHinge": lambda y, p: (np.maximum(1 - y * p, 0) ** 2).mean(),
    "CategoricalHinge": lambda y, p: np.maximum(((1 - y) * p).max(-1) - (y * p).sum(-1) + 1, 0).mean(),
}


@pytest.mark.parametrize("name", PLAIN)
def test_means_of_losses_are_those_of_all_batches_at_once(name: str) -> None:
    rng = np.random.default_rng(4)
    y, p = (rng.uniform(0.1, 0.9, (9, 4)) for _ in range(2))
    metric = getattr(keras.metrics, name)()
    for part in (slice(0, 2), slice(2, 9)):
        metric.update_state(y[part].astype(np.float32), p[part].astype(np.float32))
    assert float(metric.result()) == pytest.approx(PLAIN[name](y, p), rel=1e-5)


def test_the_best_k_are_asked_of_labels_and_of_rows() -> None:
    rng = np.random.default_rng(4)
    p, labels = rng.random((20, 6)).astype(np.float32), rng.integers(0, 6, 20)
    exact = np.mean([label in np.argsort(-row)[:2] for row, label in zip(p, labels, strict=True)])
    for kind, y in (("SparseTopKCategoricalAccuracy", labels), ("TopKCategoricalAccuracy", np.eye(6, dtype=np.float32)[labels])):
        metric = getattr(keras.metrics, kind)(k=2)
        metric.update_state(y, p)
        assert float(metric.result()) == pytest.approx(exact)
