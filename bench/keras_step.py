"""One `train_on_batch` of a workload, for whichever Keras is given: ours or Keras itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from workloads import ADAM_RATE, EMBEDDED, LEARNING_RATE, MOMENTUM, STEPS, SYMBOLS, UNITS, WORKLOADS

Step = tuple[Callable[[], object], Callable[[], float]]


def make_step(keras: Any, name: str) -> Step:
    """The step, and how to read its loss."""
    layers = keras.layers
    models: dict[str, list[Any]] = {
        "tiny": [keras.Input((2,)), layers.Dense(8, activation="tanh"), layers.Dense(1)],
        "mlp": [keras.Input((784,)), layers.Dense(512, activation="relu"), layers.Dense(256, activation="relu"), layers.Dense(10)],
        "lenet": [
            keras.Input((28, 28, 1)),
            layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2),
            layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2),
            layers.Flatten(), layers.Dense(120, activation="tanh"), layers.Dense(84, activation="tanh"), layers.Dense(10),
        ],
        "lstm": [
            keras.Input((STEPS,), dtype="int32"), layers.Embedding(SYMBOLS, EMBEDDED),
            layers.LSTM(UNITS, return_sequences=True), layers.Dense(SYMBOLS),
        ],
    }  # fmt: skip
    model = keras.Sequential(models[name])
    adam = name in ("mlp", "lstm")
    optimizer = keras.optimizers.Adam(ADAM_RATE) if adam else keras.optimizers.SGD(LEARNING_RATE, momentum=MOMENTUM)
    loss = "mse" if name == "tiny" else keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=optimizer, loss=loss)
    x, y = WORKLOADS[name].data()
    last: list[Any] = [0.0]

    def run() -> None:
        last[0] = model.train_on_batch(x, y)

    return run, lambda: float(np.asarray(last[0]))
