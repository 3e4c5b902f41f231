"""Models with masks, in either namespace, trained; and what is recorded of Keras 3.15.1 on TensorFlow: histories, weights, predictions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.peers.keras_cases import weights_for
from tests.peers.layer_cases import Array, drawn, error

COUNTS = (5, 2, 0, 3, 4, 1)
IDS = np.array([[1 + (3 * row + k) % 7 if k < count else 0 for k in range(5)] for row, count in enumerate(COUNTS)], np.int32)
"""Sequences padded with zeros at the end; one is nothing else."""
STEPS = drawn("masked steps", (6, 5, 3)) * (IDS != 0)[..., None]
LABELS, VALUES, ROWS = IDS % 3, drawn("masked values", (6, 5, 1)), drawn("masked rows", (6, 2))
WEIGHTS = np.array([1.0, 2.0, 0.5, 0.0, 1.0, 3.0])[:, None]
Model = Callable[[Any], Any]


def of_ids(loss: Any, *inside: Callable[[Any], Any], metrics: Any = None) -> Model:
    """Layers upon an Embedding with a mask."""

    def make(keras: Any) -> Any:
        layers = keras.layers
        stack = [keras.Input((5,), dtype="int32"), layers.Embedding(8, 4, mask_zero=True), *(one(layers) for one in inside)]
        model = keras.Sequential(stack)
        model.compile(keras.optimizers.SGD(0.1), loss(keras) if callable(loss) else loss, metrics=metrics)
        return model

    return make


def two_inputs(keras: Any) -> Any:
    layers = keras.layers
    ids, steps = keras.Input((5,), dtype="int32"), keras.Input((5, 3))
    embedded = layers.Embedding(8, 4, mask_zero=True)(ids)
    y = layers.GRU(3, return_sequences=True)(layers.Dropout(0.0)(layers.Dense(3)(embedded)))
    z = layers.LSTM(2)(layers.Masking()(steps))
    model = keras.Model([ids, steps], [layers.Dense(1)(y), layers.Dense(2)(z)])
    model.compile(keras.optimizers.SGD(0.1), ["mse", "mae"], loss_weights=[1.0, 0.5], metrics=[["mae"], []])
    return model


def of_steps(keras: Any) -> Any:
    """Masking, then layers that hand the mask on, each in its way."""
    layers = keras.layers
    model = keras.Sequential([
        keras.Input((5, 3)), layers.Masking(), layers.BatchNormalization(), layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3, activation="tanh")), layers.Activation("relu"), layers.SimpleRNN(2),
    ])  # fmt: skip
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


def masked_by_argument(keras: Any) -> Any:
    layers = keras.layers
    steps, mask = keras.Input((5, 3)), keras.Input((5,), dtype="bool")
    y = layers.GRU(2, return_sequences=True, go_backwards=True)(steps, mask=mask)
    model = keras.Model([steps, mask], layers.Dense(1)(layers.LSTM(2)(y, mask=mask)))
    model.compile(keras.optimizers.SGD(0.1), "mse")
    return model


CROSS = "sparse_categorical_crossentropy"
TAGS = (lambda layers: layers.LSTM(3, return_sequences=True), lambda layers: layers.Dense(3, activation="softmax"))
ONE = (lambda layers: layers.GRU(3, return_sequences=True), lambda layers: layers.Dense(1))
CASES: dict[str, tuple[Model, Any, Any, Any]] = {
    "the last step": (of_ids("mse", lambda layers: layers.LSTM(3), lambda layers: layers.Dense(2)), IDS, ROWS, None),
    "classes of steps": (of_ids(CROSS, *TAGS, metrics=["accuracy"]), IDS, LABELS, None),
    "classes of steps, weighted": (of_ids(CROSS, *TAGS, metrics=["accuracy"]), IDS, LABELS, WEIGHTS),
    "classes of steps, an ignored one": (
        of_ids(lambda keras: keras.losses.SparseCategoricalCrossentropy(ignore_class=1), *TAGS), IDS, LABELS, None
    ),
    "the sum over steps": (of_ids(lambda keras: keras.losses.MeanSquaredError(reduction="sum"), *ONE), IDS, VALUES, None),
    "values of steps": (of_ids("mae", *ONE, metrics=["mse"]), IDS, VALUES, None),
    "steps without recurrence": (of_ids("mse", lambda layers: layers.Dense(1)), IDS, VALUES, None),
    "both ways": (of_ids("mse", lambda layers: layers.Bidirectional(layers.GRU(2)), lambda layers: layers.Dense(2)), IDS, ROWS, None),
    "two inputs": (two_inputs, [IDS, STEPS], [VALUES, ROWS], None), "layers that hand on": (of_steps, STEPS, ROWS, None),
    "by argument": (masked_by_argument, [STEPS, IDS != 0], VALUES[:, 0], None),
}  # fmt: skip


def answers(keras: Any, name: str, dtype: str) -> dict[str, Array]:
    """The history of three epochs without shuffling, the weights behind them, predictions, and the mask of what comes out."""
    make, x, y, weights = CASES[name]
    model = make(keras)
    model.set_weights(weights_for(model, name, dtype))
    x, y = _typed(x, dtype), _typed(y, dtype)
    history = model.fit(x, y, sample_weight=weights, batch_size=3, epochs=3, shuffle=False, verbose=0).history
    predicted = model.predict(x, verbose=0)
    found = {f"weight {k}": np.asarray(w) for k, w in enumerate(model.get_weights())}
    found |= {f"predicted {k}": np.asarray(one) for k, one in enumerate(predicted if isinstance(predicted, list) else [predicted])}
    return found | {key: np.asarray(values) for key, values in history.items()}


def _typed(data: Any, dtype: str) -> Any:
    if isinstance(data, list):
        return [_typed(one, dtype) for one in data]
    return data.astype(dtype) if data.dtype.kind == "f" else data


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras

    found: dict[str, Any] = {}
    for name in CASES:
        made = {}
        for dtype in ("float64", "float32"):
            keras.config.set_floatx(dtype)
            keras.config.set_dtype_policy(dtype)
            keras.utils.clear_session()
            made[dtype] = answers(keras, name, dtype)
        found |= {f"keras masked/{name}/{key}": array for key, array in made["float64"].items()}
        found[f"keras masked/{name}/error"] = np.float64(error(made["float32"], made["float64"]))
    return found
