"""HDF5 files of models that Keras 2 (tf_keras 2.21) and Keras 3.15.1 wrote, to be read here for ever.

    python -m tests.peers.old_models        with either package: writes its files anew
"""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "recorded" / "keras_files"
_ANSWERS = FOLDER / "old_answers.json"


def _sequence(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    return keras.Sequential([
        layers.InputLayer((6, 6, 1), name="pictures"), layers.Conv2D(2, 3, kernel_regularizer="l2", kernel_initializer="he_normal"),
        layers.BatchNormalization(), layers.LeakyReLU(), layers.MaxPooling2D(), layers.Flatten(), layers.Dropout(0.5),
        layers.Dense(2, kernel_constraint="max_norm", activation="softmax"),
    ])  # fmt: skip


def _words(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    return keras.Sequential([
        layers.Embedding(9, 3, input_shape=(5,), mask_zero=True), layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3)), layers.GRU(3), layers.Dense(2),
    ])  # fmt: skip


def _graph(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((3, 2), name="b")
    shared = layers.Dense(3, activation="relu", name="shared")
    inner = keras.Sequential([layers.Dense(3, input_shape=(3,)), layers.BatchNormalization()], name="inner")
    one = keras.Input((3,))
    nested = keras.Model(one, layers.Dense(2, name="deep")(one), name="nested")
    _, h, c = layers.LSTM(3, return_state=True, name="encoder")(b)
    decoded = layers.LSTM(3, name="decoder")(b, initial_state=[h, c])
    joined = layers.Concatenate(name="joined")([inner(shared(a)), decoded])
    return keras.Model([a, b], [nested(layers.Add()([decoded, shared(a)])), layers.Dense(2, name="last")(joined)], name="graph")


CASES: dict[str, Callable[[Any], Any]] = {"sequence": _sequence, "words": _words, "graph": _graph}
RECORDED: dict[str, Any] = json.loads(_ANSWERS.read_text(encoding="utf-8")) if _ANSWERS.exists() else {}


def data_of(case: str) -> tuple[Any, Any]:
    """Inputs and targets for a case."""
    draw = np.random.default_rng(4)
    y = draw.normal(size=(6, 2)).astype(np.float32)
    if case == "graph":
        return [draw.normal(size=(6, 4)).astype(np.float32), draw.normal(size=(6, 3, 2)).astype(np.float32)], [y, y * 2]
    x = draw.integers(0, 9, (6, 5)) if case == "words" else draw.normal(size=(6, 6, 6, 1)).astype(np.float32)
    return x, np.eye(2, dtype=np.float32)[draw.integers(0, 2, 6)] if case == "sequence" else y


def compiled(keras: Any, model: Any, case: str) -> Any:  # noqa: ANN401
    """Compiled as the case has it."""
    if case == "sequence":
        model.compile("adam", keras.losses.CategoricalCrossentropy(), metrics=["accuracy"])
    elif case == "words":
        model.compile(keras.optimizers.RMSprop(keras.optimizers.schedules.ExponentialDecay(0.01, 5, 0.5)), "mse", metrics=["mae"])
    else:
        model.compile(keras.optimizers.SGD(0.01, momentum=0.9), ["mse", "mae"], loss_weights=[1.0, 0.5])
    return model


def rounded(answers: Any) -> Any:  # noqa: ANN401
    """Numbers as a file holds them."""
    return [one.astype(float).round(6).tolist() for one in (answers if isinstance(answers, list) else [answers])]


if __name__ == "__main__":
    found = dict(RECORDED)
    for package, era in (("tf_keras", "keras2"), ("keras", "keras3")):
        if package not in sys.argv[1:]:
            continue
        original = importlib.import_module(package)
        for case, make in CASES.items() if era == "keras2" else [("graph", _graph)]:  # tests/peers tries the others of Keras 3
            original.utils.set_random_seed(3)
            model = compiled(original, make(original), case)
            x, y = data_of(case)
            model.fit(x, y, epochs=2, verbose=0, shuffle=False)
            model.save(FOLDER / f"{era}_{case}.h5")
            found[f"{era}_{case}"] = (rounded(model.predict(x, verbose=0)), np.ravel(model.evaluate(x, y, verbose=0)).tolist())
    _ANSWERS.write_text(json.dumps(found) + "\n", encoding="utf-8")
