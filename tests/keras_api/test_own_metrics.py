"""Metrics with state of the user's own, in fit and evaluate: the numbers of Keras 3.15.1 on TensorFlow 2.21, frozen here."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import StateError
from gradwerk.keras import layers

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = X[:, :1] * 2 + 1


class Bias(keras.metrics.Metric):
    """The mean of y_pred - y_true."""

    def __init__(self, name: str = "bias", **kwargs: Any) -> None:
        super().__init__(name=name, **kwargs)
        self.total = self.add_weight(name="total", initializer="zeros")
        self.count = self.add_variable(shape=(), initializer="zeros", name="count")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.total.assign_add((y_pred - y_true).sum())
        self.count.assign(self.count + (y_pred * 0 + 1).sum())

    def result(self) -> Any:
        return self.total / self.count


class Largest(keras.metrics.Metric):
    """The largest output; says itself how it begins again."""

    def __init__(self) -> None:
        super().__init__(name="largest")
        self.top = self.add_weight(shape=(), initializer=keras.initializers.Constant(-1e9), name="top")

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.top.assign(gradwerk.maximum(self.top, y_pred.max()))

    def result(self) -> Any:
        return self.top

    def reset_state(self) -> None:
        self.top.assign(-1e9)


def model(*metrics: Any, **options: Any) -> Any:
    made = keras.Sequential([keras.Input((4,)), layers.Dense(1, kernel_initializer="ones")])
    made.compile(keras.optimizers.SGD(0.1), "mse", metrics=[*metrics], **options)
    return made


@pytest.mark.parametrize("eagerly", [False, True])
def test_state_counts_in_fit_and_evaluate_as_in_keras(eagerly: bool) -> None:
    trained = model(Bias(), "mae", run_eagerly=eagerly)
    seen = trained.fit(X, Y, batch_size=8, epochs=3, verbose=0, shuffle=False, validation_data=(X[:5], Y[:5])).history
    np.testing.assert_allclose(seen["bias"], [-0.3943, -0.39385, -0.28625], atol=2e-5)
    np.testing.assert_allclose(seen["val_bias"], [-0.29729, -0.22179, -0.13015], atol=2e-5)
    np.testing.assert_allclose(seen["mae"], [1.52662, 0.79519, 0.481], atol=2e-5)
    np.testing.assert_allclose(trained.evaluate(X, Y, verbose=0, batch_size=7), [0.1673, -0.18591, 0.33164], atol=2e-5)


def test_a_metric_by_itself_counts_and_begins_again() -> None:
    metric = Bias()
    assert (float(metric(Y, Y + 1)), float(metric(Y, Y - 2))) == (1.0, -0.5)
    assert len(metric.variables) == 2
    metric.reset_state()
    assert float(metric(Y, Y + 3)) == 3.0


def test_a_reset_of_ones_own_is_asked() -> None:
    trained = model(Largest())
    for _ in range(2):
        answer = trained.evaluate(X, Y, verbose=0, batch_size=6)
        assert abs(answer[1] - trained.predict(X, verbose=0).max()) < 1e-5


def test_a_metric_without_result_says_so() -> None:
    class Half(keras.metrics.Metric):
        def update_state(self, y_true: Any, y_pred: Any) -> None:
            pass

    with pytest.raises(StateError, match="defines no result"):
        model(Half()).evaluate(X, Y, verbose=0)
