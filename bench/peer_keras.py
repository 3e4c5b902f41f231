"""The row of Keras on TensorFlow: `train_on_batch`; for the blocks a tf.function.

    python bench/peer_keras.py WORKLOAD tf SECONDS THREADS
"""

from __future__ import annotations

import sys
from typing import Any

import keras
import tensorflow as tf
from keras import layers
from keras_step import Step, make_step
from timing import measure
from workloads import BLOCKS, WORKLOADS


def make(name: str) -> Step:
    """The step."""
    keras.utils.set_random_seed(0)
    return make_block(name) if name in BLOCKS else make_step(keras, name)


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
