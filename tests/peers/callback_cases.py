"""Callbacks told of scripted numbers, the same in Keras and here: when training ends, with which weights, and which rates there were.

    python -m tests.peers.callback_cases        with Keras 3.15.1: records what they do
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "callbacks.json"
SCRIPTS = {
    "falls": [5.0, 4.0, 3.0, 3.5, 3.2, 3.1, 2.9, 2.95, 2.94, 2.93, 2.92, 2.91],
    "rises": [0.1, 0.5, 0.4, 0.6, 0.6, 0.59, 0.7, 0.7, 0.7, 0.7],
    "flat": [1.0] * 9, "creeps": [1 - 0.0005 * k for k in range(10)],
}  # fmt: skip
CASES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "stop": (lambda c: c.EarlyStopping(patience=2), "falls"), "stop at once": (lambda c: c.EarlyStopping(), "falls"),
    "stop, best weights": (lambda c: c.EarlyStopping(patience=3, restore_best_weights=True), "falls"),
    "stop, delta": (lambda c: c.EarlyStopping(patience=2, min_delta=0.3), "falls"),
    "stop, larger": (lambda c: c.EarlyStopping(patience=2, mode="max", restore_best_weights=True), "rises"),
    "stop, baseline": (lambda c: c.EarlyStopping(patience=3, baseline=3.3), "falls"),
    "stop, later": (lambda c: c.EarlyStopping(patience=2, start_from_epoch=4, restore_best_weights=True), "falls"),
    "stop, flat": (lambda c: c.EarlyStopping(patience=4), "flat"),
    "stop, accuracy": (lambda c: c.EarlyStopping("val_accuracy", patience=2), "rises"),
    "reduce": (lambda c: c.ReduceLROnPlateau(patience=2, factor=0.5), "falls"),
    "reduce, cooldown": (lambda c: c.ReduceLROnPlateau(patience=1, factor=0.5, cooldown=2), "flat"),
    "reduce, least": (lambda c: c.ReduceLROnPlateau(patience=1, factor=0.1, min_lr=0.003), "flat"),
    "reduce, delta": (lambda c: c.ReduceLROnPlateau(patience=2, min_delta=0.01, factor=0.2), "creeps"),
    "reduce, larger": (lambda c: c.ReduceLROnPlateau(patience=2, mode="max", factor=0.3), "rises"),
    "schedule": (lambda c: c.LearningRateScheduler(lambda epoch, rate: rate * 0.9 if epoch > 2 else rate), "flat"),
    "schedule of the epoch": (lambda c: c.LearningRateScheduler(lambda epoch: 0.1 / (1 + epoch)), "flat"),
}  # fmt: skip


def facts(keras: Any, name: str) -> dict[str, Any]:  # noqa: ANN401
    """What a callback does: the epochs there were, the rate in each, what enters the logs, and the weight in the end."""
    make, script = CASES[name]
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1, use_bias=False)])
    model.compile(keras.optimizers.SGD(0.1), "mse", metrics=["accuracy"])
    model.fit(np.zeros((2, 1)), np.zeros((2, 1)), verbose=0)
    callback = make(keras.callbacks)
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin({})
    rates, logged = [], []
    for epoch, value in enumerate(SCRIPTS[script]):
        callback.on_epoch_begin(epoch, {})
        model.set_weights([np.full((1, 1), epoch, np.float32)])
        logs = {"loss": value, "val_loss": value, "val_accuracy": value}
        rates.append(float(f"{float(np.asarray(model.optimizer.learning_rate)):.6g}"))
        callback.on_epoch_end(epoch, logs)
        logged.append({key: float(f"{float(number):.6g}") for key, number in logs.items() if key == "learning_rate"})
        if model.stop_training:
            break
    callback.on_train_end({})
    return {"rates": rates, "logged": logged, "weight": float(model.get_weights()[0][0, 0])}


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Raises: AssertionError where two packages did something else."""
    assert (len(ours["rates"]), ours["weight"], len(ours["logged"])) == (len(theirs["rates"]), theirs["weight"], len(theirs["logged"]))
    assert all(math.isclose(a, b, rel_tol=1e-5) for a, b in zip(ours["rates"], theirs["rates"], strict=True))
    assert [sorted(one) for one in ours["logged"]] == [sorted(one) for one in theirs["logged"]]


if __name__ == "__main__":
    import keras as original

    RECORD.write_text(json.dumps({name: facts(original, name) for name in CASES}) + "\n", encoding="utf-8")
