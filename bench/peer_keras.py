"""The row of Keras on TensorFlow: `train_on_batch`; for the blocks a tf.function.

    python bench/peer_keras.py WORKLOAD tf SECONDS THREADS
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf
from keras import layers
from timing import measure
from workloads import ADAM_RATE, BLOCKS, EMBEDDED, LEARNING_RATE, MOMENTUM, STEPS, SYMBOLS, UNITS, WORKLOADS

Step = tuple[Callable[[], object], Callable[[], float]]


def make(name: str) -> Step:
    """The step."""
    keras.utils.set_random_seed(0)
    if name in BLOCKS:
        return make_block(name)
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
    model.compile(optimizer=optimizer, loss="mse" if name == "tiny" else keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x, y = WORKLOADS[name].data()
    last = [0.0]

    def run() -> None:
        last[0] = model.train_on_batch(x, y)

    return run, lambda: float(last[0])


def make_block(name: str) -> Step:
    """Forward and backward of a block."""
    shape = BLOCKS[name]
    inputs = keras.Input(shape[1:])
    inner = layers.ReLU()(layers.BatchNormalization(momentum=0.9)(layers.Conv2D(shape[-1], 3, padding="same", use_bias=False)(inputs)))
    inner = layers.BatchNormalization(momentum=0.9)(layers.Conv2D(shape[-1], 3, padding="same", use_bias=False)(inner))
    model = keras.Model(inputs, layers.ReLU()(layers.Add()([inner, inputs])))
    x, ct = (tf.constant(array) for array in WORKLOADS[name].data())

    @tf.function
    def step(x: Any, ct: Any) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = model(x, training=True)
        return tape.gradient(y, [x, *model.trainable_variables], output_gradients=ct)

    last: list[Any] = [None]

    def run() -> None:
        last[0] = step(x, ct)

    return run, lambda: float(last[0][0].numpy()[0, 0, 0, 0])


if __name__ == "__main__":
    workload, _, seconds, threads = sys.argv[1:]
    tf.config.threading.set_intra_op_parallelism_threads(int(threads))
    tf.config.threading.set_inter_op_parallelism_threads(1)
    measure(lambda: make(workload), float(seconds))
