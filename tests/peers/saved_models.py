"""Files of models that Keras 3.15.1 wrote, to be read here for ever.

    python -m tests.peers.saved_models        with Keras: writes them anew
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

FOLDER = Path(__file__).parent / "recorded" / "keras_files"
_ANSWERS = FOLDER / "answers.json"


def _images(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    return keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(2, 3, kernel_regularizer="l2", activation="relu"), layers.BatchNormalization(),
        layers.AveragePooling2D(2), layers.Flatten(), layers.Dense(2, kernel_constraint="max_norm"),
    ])  # fmt: skip


def _words(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((5,), dtype="int32"), layers.Embedding(9, 3), layers.LSTM(3), layers.Dense(2, "tanh")], name="words"
    )


def _graph(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    a, b = keras.Input((4,), name="a"), keras.Input((3,), name="b")
    shared = layers.Dense(3, activation="relu", name="shared")
    inner = keras.Sequential([layers.Dense(3, use_bias=False), layers.Dense(2)], name="inner")
    return keras.Model([a, b], inner(shared(a) * 2.0 - b) + inner(b)[:, :2], name="graph")


def _padded(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    cells = [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)]
    return keras.Sequential([
        keras.Input((5,), dtype="int32"), layers.Embedding(9, 3, mask_zero=True),
        layers.Bidirectional(layers.GRU(2, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3)), layers.RNN(cells, return_sequences=True), layers.SimpleRNN(2, "tanh"),
    ])  # fmt: skip


def _prepared(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    first = layers.Normalization(axis=(2, 3))
    first.adapt(np.arange(240.0, dtype=np.float32).reshape(4, 5, 6, 2) ** 1.5)
    return keras.Sequential([
        keras.Input((5, 6, 2)), first, layers.Resizing(7, 7, "bicubic"), layers.RandomRotation((0.1, 0.1)), layers.RandomZoom((0.2, 0.2)),
        layers.CenterCrop(3, 4), layers.Normalization(mean=[1.0, 2.0], variance=[2.0, 3.0]), layers.Rescaling([1.0, 2.0], offset=0.1),
        layers.GlobalAveragePooling2D(), layers.Dense(2),
    ])  # fmt: skip


def _attentive(keras: Any) -> Any:  # noqa: ANN401
    layers = keras.layers
    rows, columns = keras.Input((4, 6)), keras.Input((5, 3))
    y = layers.LayerNormalization(axis=(1, 2))(layers.MultiHeadAttention(2, 3, use_gate=True)(rows, columns))
    y = layers.GroupQueryAttention(2, 4, 2)(layers.AdditiveAttention()([layers.Attention(use_scale=True)([y, rows]), rows]), y)
    y = layers.RMSNormalization()(layers.GroupNormalization(4)(layers.EinsumDense("abc,cd->abd", (4, 8), bias_axes="d")(y)))
    y = layers.SpectralNormalization(layers.Dense(3))(layers.UnitNormalization()(y))
    for rateless in (layers.SpatialDropout1D(0.0), layers.AlphaDropout(0.0), layers.GaussianNoise(0.0), layers.GaussianDropout(0.0)):
        y = rateless(y)
    y = layers.Dropout(0.0, noise_shape=(None, 1, 3))(layers.ActivityRegularization(0.1, 0.1)(y))
    return keras.Model([rows, columns], layers.Dense(2)(layers.Flatten()(y)))


CASES: dict[str, Callable[[Any], Any]] = {
    "images": _images, "words": _words, "graph": _graph, "padded": _padded, "prepared": _prepared, "attentive": _attentive,
}  # fmt: skip
RECORDED: dict[str, Any] = json.loads(_ANSWERS.read_text(encoding="utf-8")) if _ANSWERS.exists() else {}


def data_of(model: Any) -> tuple[Any, Any]:  # noqa: ANN401
    """Inputs and targets for a model: the same for equal shapes."""
    draw = np.random.default_rng(4)
    x = [
        draw.integers(0, 9, (6, *t.shape[1:])) if "int" in t.dtype else draw.normal(size=(6, *t.shape[1:])).astype(np.float32)
        for t in model.inputs
    ]
    return x if len(x) > 1 else x[0], draw.normal(size=(6, 2)).astype(np.float32)


if __name__ == "__main__":
    import keras as original

    FOLDER.mkdir(exist_ok=True)
    found = dict(RECORDED)
    for name in sys.argv[1:] or CASES:
        make = CASES[name]
        original.utils.set_random_seed(3)
        model = make(original)
        model.compile("adam", "mse", metrics=["mae"])
        x, y = data_of(model)
        model.fit(x, y, epochs=2, verbose=0, shuffle=False)
        model.save(FOLDER / f"{name}.keras")
        answers = model.predict(x, verbose=0).astype(float).round(6).tolist()
        found[name] = (answers, [float(loss) for loss in model.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"]])
    _ANSWERS.write_text(json.dumps(found) + "\n", encoding="utf-8")
