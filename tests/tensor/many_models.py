"""Memory of many models, one after the other: `python -m tests.tensor.many_models 500 [--varied]` prints the MB that they add.

Each model is built, trained for a step, used and dropped.  `--varied`: each is wider than the one before.
"""

from __future__ import annotations

import argparse
import gc
from pathlib import Path

import numpy as np

from gradwerk import keras


def resident() -> float:
    """MB of memory that the process has written to; pages of files, as LLVM's own code, are the system's to take back."""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon:")) * 1024 / 1e6


def use(width: int) -> None:
    """One model's life."""
    layers = keras.layers
    model = keras.Sequential([
        layers.Input((12, 12, 1)), layers.Conv2D(8, 3, activation="relu"), layers.MaxPooling2D(2), layers.Flatten(),
        layers.Dense(width, activation="relu"), layers.Dense(10),
    ])  # fmt: skip
    model.compile(optimizer="adam", loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    x = np.ones((64, 12, 12, 1), np.float32)
    model.train_on_batch(x, np.arange(64) % 10)
    model.predict(x, verbose=0)


def grown(count: int, *, varied: bool) -> float:
    """MB that `count` models add to what the first four took."""
    before = 0.0
    for number in range(4 + count):
        if number == 4:
            before = resident()
        use(16 + (number if varied else 0))
        gc.collect()
    return resident() - before


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser()
    parser.add_argument("count", type=int)
    parser.add_argument("--varied", action="store_true")
    given = parser.parse_args()
    print(f"{grown(given.count, varied=given.varied):.1f}")


if __name__ == "__main__":
    main()
