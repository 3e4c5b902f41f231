"""A batch size never seen makes a new Plan of known kernels: nothing is compiled for it.

One limit: a single example is another program, since an extent of 1 broadcasts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.events import listening
from gradwerk.keras import layers

RNG = np.random.default_rng(0)
IMAGES, LABELS = RNG.random((3000, 28, 28, 1), np.float32), RNG.integers(0, 10, 3000)
SIZES = (64, 37, 100, 17, 8, 5, 4, 3, 2, 256, 1024, 10, 16, 28, 32, 84, 512, 1100, 3000)


def compiled(*stack: Any, optimizer: Any) -> Any:
    model = keras.Sequential([*stack])
    model.compile(optimizer=optimizer, loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    return model


def tanh_and_average(classes: int) -> Any:
    return compiled(
        keras.Input((28, 28, 1)), layers.Conv2D(6, 5, padding="same", activation="tanh"), layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"), layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(84), layers.Dense(classes),
        optimizer=keras.optimizers.SGD(0.05, momentum=0.9),
    )  # fmt: skip


def relu_and_max_with_norms(classes: int) -> Any:
    return compiled(
        keras.Input((28, 28, 1)), layers.Conv2D(8, 3, strides=2, activation="relu"), layers.BatchNormalization(), layers.MaxPooling2D(2),
        layers.Conv2D(32, 3, padding="same", activation="relu"), layers.BatchNormalization(), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(classes), optimizer=keras.optimizers.Adam(1e-3),
    )  # fmt: skip


def dense(classes: int) -> Any:
    return compiled(
        keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(512, activation="relu"), layers.Dense(256, activation="relu"),
        layers.Dense(classes), optimizer=keras.optimizers.Adam(1e-3),
    )  # fmt: skip


def recurrent(classes: int) -> Any:
    """Without an Embedding: a table of more rows than are looked up is used another way than one of fewer."""
    return compiled(keras.Input((28, 16)), layers.LSTM(32), layers.Dense(classes), optimizer=keras.optimizers.Adam(1e-3))


LONGEST_PANEL = 512
"""Examples: a sum over more is not copied into panels, on CPUs where that of fewer is."""
BUILDS: list[Callable[[int], Any]] = [tanh_and_average, relu_and_max_with_norms, dense, recurrent]


def data_for(build: Callable[[int], Any]) -> Any:
    return IMAGES[..., :16, 0].copy() if build is recurrent else IMAGES


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("first", [128, 6])
def test_no_kernel_depends_on_the_number_of_examples(build: Callable[[int], Any], first: int) -> None:
    model, plans, x = build(13 + first), [], data_for(build)  # a model that no other test has planned
    with listening("program", lambda plan, **_: plans.append(plan)):
        for size in (first, *SIZES, 13 + first):
            model.train_on_batch(x[:size], LABELS[:size])
            new = set(plans[-1].objects) - set(plans[0].objects)
            assert len(new) <= (size > LONGEST_PANEL), size
    assert len(plans) == len(SIZES) + 2


@pytest.mark.parametrize("build", BUILDS)
def test_neither_does_one_of_predict(build: Callable[[int], Any]) -> None:
    model, plans, x = build(11), [], data_for(build)
    with listening("program", lambda plan, **_: plans.append(plan)):
        for size in (32, *SIZES):
            model.predict_on_batch(x[:size])
            new = set(plans[-1].objects) - set(plans[0].objects)
            assert len(new) <= (size > LONGEST_PANEL), size
