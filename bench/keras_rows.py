"""A Keras model on rows of different lengths: as they are, and padded with `Masking`; what a training step takes.

    python bench/keras_rows.py [--rounds 20] [--units 128]

A figure is the least processor time of a step, for each batch of one pass, with the making of the batch, on one thread; their mean.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

os.environ.setdefault("GRADWERK_THREADS", "1")

import numpy as np

from gradwerk import keras
from gradwerk.data.datasets import shakespeare, vowels
from gradwerk.keras import layers
from gradwerk.keras.running import of_arrays
from gradwerk.keras.utils import pad_sequences


def utterances() -> tuple[list[Any], Any, int]:
    """Vowels; one label a row."""
    data = vowels().train
    return list(data.x), data.y, 54


def lines() -> tuple[list[Any], list[Any], int]:
    """Characters, of each the next one."""
    text = [line for line in shakespeare().split("\n") if len(line) > 1][:800]
    places = {symbol: 1 + k for k, symbol in enumerate(sorted(set("".join(text))))}
    ids = [np.array([places[symbol] for symbol in line]) for line in text]
    return [row[:-1] for row in ids], [row[1:] for row in ids], 64


def model(x: list[Any], units: int) -> keras.Sequential:
    """An LSTM over vectors, or over an embedding of ids, which gives one result, or one for each step."""
    vectors = x[0].ndim > 1
    start = [keras.Input((None, 12)), layers.Masking()] if vectors else [keras.Input((None,)), layers.Embedding(100, 64, mask_zero=True)]
    made = keras.Sequential([*start, layers.LSTM(units, return_sequences=not vectors), layers.Dense(100)])
    made.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return made


def seconds(made: keras.Sequential, x: Any, y: Any, size: int, rounds: int) -> float:
    """Of a step."""
    state = made.training_state
    made.fit(x, y, batch_size=size, shuffle=False, verbose=0)
    feed = of_arrays(state, state.data(x, y, None), size, None)
    steps, least = state.steps_for(feed.y), np.full(len(feed.batches), np.inf)
    for _ in range(rounds):
        batches = feed.batches.epoch(0)
        for k in range(len(least)):
            began = time.process_time()
            steps.train(*next(batches))
            least[k] = min(least[k], time.process_time() - began)
    return float(least.mean())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--units", type=int, default=128)
    asked = parser.parse_args()
    for name, make in (("vowels", utterances), ("lines", lines)):
        x, y, size = make()
        longest, kind = max(map(len, x)), "float32" if x[0].ndim > 1 else "int32"
        wide = pad_sequences(x, longest, dtype=kind, padding="post")
        wide_y = pad_sequences(y, longest, padding="post") if isinstance(y, list) else y
        took = [seconds(model(x, asked.units), *data, size, asked.rounds) for data in ((x, y), (wide, wide_y))]
        print(f"{name}: as they are {took[0] * 1e3:.2f} ms a step, padded {took[1] * 1e3:.2f}: {took[0] / took[1]:.2f}", flush=True)
