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


class Root(keras.metrics.MeanSquaredError):
    def result(self):
        return super().result() ** 0.5


class Percent(keras.metrics.BinaryAccuracy):
    def result(self):
        return super().result() * 100.0


class Flipped(keras.metrics.MeanSquaredError):
    def update_state(self, y_true, y_pred):
        super().update_state(-y_true, y_pred)


class Lasting(keras.metrics.MeanSquaredError):
    def reset_state(self):
        pass


@pytest.mark.parametrize("eagerly", [False, True])
def test_what_a_metric_overrides_is_asked_in_training_too(eagerly: bool) -> None:  # noqa: FBT001
    x, y = np.array([[1.0], [2.0]], np.float32), np.array([[4.0], [5.0]], np.float32)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, kernel_initializer="ones", use_bias=False)])
    metrics = [Root(name="root"), Percent(name="percent"), Flipped(name="flipped"), Lasting(name="lasting")]
    model.compile(keras.optimizers.SGD(0.0), "mse", metrics=metrics, run_eagerly=eagerly)
    wanted = {"root": 3.0, "percent": 0.0, "flipped": (25.0 + 49.0) / 2, "lasting": 9.0}
    fitted = model.fit(x, y, epochs=2, verbose=0).history
    evaluated = model.evaluate(x, y, verbose=0, return_dict=True)
    for name, value in wanted.items():
        np.testing.assert_allclose([*fitted[name], evaluated[name]], value, rtol=1e-6)
    assert float(metrics[3].variables[1]) == 6.0  # the count of three passes, which nobody has reset
    alone = Flipped()
    np.testing.assert_allclose(float(alone(y, x)), 37.0)
    assert [variable.name for variable in alone.variables] == ["total", "count"]


def test_what_is_counted_both_ways_has_two_names() -> None:
    """Keras': a weighted metric of a name that is taken is weighted_..., behind the name of its output; then there are numbers."""
    both, mean = {"metrics": ["mae"], "weighted_metrics": ["mae", "mse"]}, keras.metrics.MeanAbsoluteError
    model = keras.Sequential([keras.Input((4,)), layers.Dense(1)])
    model.compile("sgd", "mse", **both)
    history = model.fit(X, Y, sample_weight=np.arange(20.0), batch_size=5, verbose=0, validation_split=0.2).history
    assert sorted(history) == sorted(f"{when}{name}" for when in ("", "val_") for name in ("loss", "mae", "weighted_mae", "mse"))
    model.compile("sgd", "mse", metrics=["mae", mean(name="mae")], weighted_metrics=["mae", mean(name="mae")])
    assert sorted(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss", "mae", "mae_1", "weighted_mae", "weighted_mae_1"]
    x = keras.Input((4,))
    model = keras.Model(x, [layers.Dense(1, name="a")(x), layers.Dense(1, name="b")(x)])
    model.compile("sgd", ["mse", "mse"], metrics=[["mae"], []], weighted_metrics=[["mae"], ["mae"]])
    found = model.evaluate(X, [Y, Y], verbose=0, return_dict=True)
    assert [name for name in sorted(found) if "mae" in name] == ["a_mae", "a_weighted_mae", "b_mae"]
