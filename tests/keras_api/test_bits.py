"""Equal seeds give equal bits: with one thread, two threads, and in another process.  Long training holds on to no memory."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.keras import layers

SCRIPT = """
import hashlib
import numpy as np
from gradwerk import keras
from gradwerk.data.datasets import digits
from gradwerk.keras import layers

keras.utils.set_random_seed(3)
model = keras.Sequential([
    keras.Input((28, 28, 1)), layers.Conv2D(6, 5, activation="tanh"), layers.AveragePooling2D(), layers.Conv2D(16, 5),
    layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(),
    layers.Flatten(), layers.Dropout(0.3), layers.Dense(84, activation="tanh"),
    layers.Dense(10, activation="softmax"),
])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
data = digits().train
model.fit(data.x[:700, :, :, None] / 255.0, data.y[:700], batch_size=64, epochs=2, verbose=0)
print(hashlib.sha256(b"".join(array.tobytes() for array in model.get_weights())).hexdigest())
"""


def weights_with(threads: int) -> str:
    paths = os.pathsep.join([str(Path(__file__).parents[2] / "src"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": paths, "GRADWERK_THREADS": str(threads)}
    done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment, timeout=100, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_number_of_threads_does_not_show_in_the_bits() -> None:
    assert weights_with(1) == weights_with(2) == weights_with(2)


def test_thousands_of_steps_hold_on_to_no_memory() -> None:
    resource = pytest.importorskip("resource", reason="the size of a process is asked the POSIX way")
    x, y = np.zeros((4, 2), np.float32), np.zeros((4, 1), np.float32)
    model = keras.Sequential([keras.Input((2,)), layers.Dense(8, activation="tanh"), layers.Dense(1)])
    model.compile(keras.optimizers.SGD(momentum=0.9), "mse", metrics=["mae"])
    for _ in range(500):
        model.train_on_batch(x, y)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(10_000):
        model.train_on_batch(x, y)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 5 * 1024
