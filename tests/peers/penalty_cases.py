"""Models with regularizers, constraints and losses of their own, the same in Keras and here: what they add, and what they become.

    python -m tests.peers.penalty_cases        with Keras 3.15.1: records what it makes of them
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "penalties.json"
X = np.random.default_rng(0).normal(size=(8, 4)).astype(np.float32)
Y = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32)
IMAGES = np.random.default_rng(2).normal(size=(4, 5, 5, 2)).astype(np.float32)
STEPS = np.random.default_rng(3).normal(size=(4, 3, 2)).astype(np.float32)
WORDS = np.random.default_rng(4).integers(0, 6, (4, 3))


def _dense(**options: Any) -> Callable[[Any], Any]:  # noqa: ANN401
    def make(keras: Any) -> Any:  # noqa: ANN401
        given = {name: value(keras) if callable(value) else value for name, value in options.items()}
        return keras.Sequential([keras.Input((4,)), keras.layers.Dense(5, activation="tanh", **given), keras.layers.Dense(3)])

    return make


def _others(keras: Any) -> Any:  # noqa: ANN401
    layers, rules, limits = keras.layers, keras.regularizers, keras.constraints
    return keras.Sequential([
        keras.Input((5, 5, 2)),
        layers.Conv2D(3, 2, kernel_regularizer="l1", bias_constraint="non_neg", kernel_constraint=limits.MaxNorm(0.4, [0, 1, 2])),
        layers.BatchNormalization(beta_regularizer=rules.L2(0.1), gamma_constraint=limits.MinMaxNorm(0.3, 0.9, 0.5)),
        layers.Flatten(), layers.Dense(3, activity_regularizer="l2"),
    ])  # fmt: skip


def _recurrent(keras: Any) -> Any:  # noqa: ANN401
    layers, rules = keras.layers, keras.regularizers
    return keras.Sequential([
        keras.Input((3,), dtype="int32"),
        layers.Embedding(6, 2, embeddings_regularizer=rules.L1L2(0.01, 0.02), embeddings_constraint="unit_norm"),
        layers.LSTM(3, kernel_regularizer="l2", recurrent_regularizer="l1",
                    recurrent_constraint="max_norm", bias_regularizer="l2"),
    ])  # fmt: skip


CASES: dict[str, tuple[Callable[[Any], Any], np.ndarray[Any, Any]]] = {
    "l2": (_dense(kernel_regularizer="l2", bias_regularizer="L1"), X),
    "l1 and l2": (_dense(kernel_regularizer=lambda keras: keras.regularizers.L1L2(0.02, 0.03)), X),
    "l1 alone": (_dense(kernel_regularizer=lambda keras: keras.regularizers.l1_l2(l1=0.02)), X),
    "rows": (_dense(kernel_regularizer=lambda keras: keras.regularizers.OrthogonalRegularizer(0.5)), X),
    "columns": (_dense(kernel_regularizer=lambda keras: keras.regularizers.OrthogonalRegularizer(0.5, "columns")), X),
    "answers": (_dense(activity_regularizer=lambda keras: keras.regularizers.L1L2(0.1, 0.2)), X),
    "max norm": (_dense(kernel_constraint=lambda keras: keras.constraints.MaxNorm(0.6), bias_constraint="non_neg"), X),
    "unit norm": (_dense(kernel_constraint=lambda keras: keras.constraints.UnitNorm(1)), X),
    "between": (_dense(kernel_constraint=lambda keras: keras.constraints.MinMaxNorm(0.5, 0.8, 0.7)), X),
    "other layers": (_others, IMAGES), "recurrent": (_recurrent, WORDS),
}  # fmt: skip


def facts(keras: Any, name: str) -> dict[str, Any]:  # noqa: ANN401
    """What a package makes of a case: what is added at first, the losses of three steps, the weights behind them, and the config."""
    make, x = CASES[name]
    model = make(keras)
    draw = np.random.default_rng(9)
    model.set_weights([draw.normal(size=tuple(w.shape)).astype(np.float32) * 0.7 for w in model.weights if len(w.shape)])
    model(x)
    added = [float(f"{float(np.asarray(loss)):.6g}") for loss in model.losses]
    model.compile(keras.optimizers.SGD(0.1), "mse")
    history = model.fit(x, Y[: len(x)], epochs=3, batch_size=len(x), shuffle=False, verbose=0).history["loss"]
    model.layers[0].trainable = False
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return {
        "added": added, "losses": [float(f"{loss:.6g}") for loss in history],
        "frozen": float(f"{model.evaluate(x, Y[: len(x)], verbose=0):.6g}"),
        "weights": [np.asarray(w, np.float64).round(6).tolist() for w in model.get_weights()],
    }  # fmt: skip


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> None:
    """Raises: AssertionError where two packages made something else of a case."""
    for name in ("added", "losses", "frozen"):
        np.testing.assert_allclose(ours[name], theirs[name], rtol=2e-4, atol=1e-6, err_msg=name)
    for one, other in zip(ours["weights"], theirs["weights"], strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-3, atol=2e-5)


if __name__ == "__main__":
    import keras as original

    RECORD.write_text(json.dumps({name: facts(original, name) for name in CASES}, indent=0) + "\n", encoding="utf-8")
