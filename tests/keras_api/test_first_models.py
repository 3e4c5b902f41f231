"""What beginners write: a call without a result, a shape with the number of examples, one output of a softmax."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.keras import layers

X = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)


class Forgets(keras.Model):  # type: ignore[misc, unused-ignore]
    def __init__(self) -> None:
        super().__init__()
        self.dense = layers.Dense(4)

    def call(self, inputs: Any) -> Any:  # noqa: ANN401
        self.dense(inputs)


def made(*stack: Any, loss: str = "mse") -> keras.Sequential:  # noqa: ANN401
    model = keras.Sequential(list(stack))
    model.compile("sgd", loss)
    return model


def test_a_call_without_return() -> None:
    model = Forgets()
    model.compile("sgd", "mse")
    with pytest.raises(RuntimeError, match=r"Forgets.*gives back None[\s\S]*return"):
        model.fit(X, X, verbose=0)


def test_an_input_with_the_number_of_examples() -> None:
    with pytest.raises(ValueError, match=r"likely: .*keras\.Input\(\(4,\)\)"):
        made(keras.Input((12, 4)), layers.Dense(1)).fit(X, X[:, :1], verbose=0)
    with pytest.raises(ValueError, match=r"likely: .*x\[None\]"):
        made(keras.Input((12, 4)), layers.Dense(1)).predict(X, verbose=0)


def test_one_target_for_many_outputs_of_a_regression() -> None:
    with pytest.raises(ValueError, match="the last layer needs 1 output, it has 4"):
        made(layers.Dense(4)).fit(X, np.zeros((12, 1)), verbose=0)


def test_validation_data_is_named() -> None:
    with pytest.raises(ValueError, match="validation_data: axis 1 of x is 3"):
        made(layers.Dense(1)).fit(X, X[:, :1], validation_data=(X[:, :3], X[:, :1]), verbose=0)


def test_a_softmax_of_one_output() -> None:
    model = made(layers.Dense(1, activation="softmax"), loss="binary_crossentropy")
    with pytest.warns(UserWarning, match="always 1") as told:
        model.fit(X, X[:, :1] > 0, verbose=0)
    assert told[0].filename == __file__


def test_a_window_larger_than_the_image() -> None:
    with pytest.raises(ValueError, match=r"space \(4, 4\)      window \(5, 5\)"):
        made(layers.Conv2D(4, 5)).predict(np.zeros((2, 4, 4, 1)), verbose=0)
