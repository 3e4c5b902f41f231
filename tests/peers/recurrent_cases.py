"""Recurrent layers of Keras, in either namespace, with masks and first states; and what is recorded of Keras 3.15.1 on TensorFlow.

As in keras_cases.py, whose `differentiate_layer` asks them: a case is called like a layer, and gives all its results in one row.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tests.peers.keras_cases import OnTensorFlow, weights_for
from tests.peers.layer_cases import drawn, error

SHAPE = (4, 5, 3)
MASK = np.array([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1], [1, 1, 0, 0, 0], [0, 0, 0, 0, 0]], bool)
"""Whole, with holes, padded at the end, and nothing at all."""
Make = Callable[[Any], tuple[Any, Callable[[Any, Any], Any]]]
"""keras to a layer, and (layer, x) to its results; the layer is called in the mode of the call around it."""


def plain(kind: str, units: int = 4, **options: Any) -> Make:
    return lambda keras: (getattr(keras.layers, kind)(units, name="one", **options), lambda layer, x: layer(x))


def masked(kind: str, **options: Any) -> Make:
    return lambda keras: (getattr(keras.layers, kind)(4, name="one", **options), lambda layer, x: layer(x, mask=MASK))


def started(kind: str, count: int, *, mask: Any = None, **options: Any) -> Make:
    def call(layer: Any, x: Any) -> Any:
        dtype = np.float64 if "float64" in str(x.dtype) else np.float32
        return layer(x, initial_state=[drawn(f"state {k}", (4, 4)).astype(dtype) for k in range(count)], mask=mask)

    return lambda keras: (getattr(keras.layers, kind)(4, name="one", **options), call)


def over(cell: Callable[[Any], Any], mask: Any = None, **options: Any) -> Make:
    return lambda keras: (keras.layers.RNN(cell(keras.layers), name="one", **options), lambda layer, x: layer(x, mask=mask))


def own(keras: Any) -> Any:
    """A cell of the user's own: the first of Keras' documentation."""

    class Minimal(keras.layers.Layer):  # type: ignore[misc, name-defined]
        def __init__(self, units: int, **options: Any) -> None:
            super().__init__(**options)
            self.units = self.state_size = units

        def build(self, input_shape: Any) -> None:
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), initializer="uniform", name="kernel")
            self.recurrent_kernel = self.add_weight(shape=(self.units, self.units), initializer="uniform", name="recurrent_kernel")

        def call(self, inputs: Any, states: Any) -> Any:
            output = inputs @ self.kernel + states[0] @ self.recurrent_kernel
            return output, [output]

    return Minimal(4)


def both(kind: str, mask: Any = None, mode: str | None = "concat", **options: Any) -> Make:
    def make(keras: Any) -> Any:
        inner = getattr(keras.layers, kind)(4, name="inner", **options)
        return keras.layers.Bidirectional(inner, merge_mode=mode, name="one"), lambda layer, x: layer(x, mask=mask)

    return make


def each(inner: Callable[[Any], Any]) -> Make:
    return lambda keras: (keras.layers.TimeDistributed(inner(keras.layers), name="one"), lambda layer, x: layer(x))


ALL = {"return_sequences": True, "return_state": True}
SOME: dict[str, Any] = {"activation": "relu", "recurrent_activation": "linear"}
CASES: dict[str, Make] = {
    f"{kind}, {name}": plain(kind, **options)
    for kind in ("SimpleRNN", "GRU", "LSTM")
    for name, options in {
        "as it is": {}, "all of it": ALL, "backwards": ALL | {"go_backwards": True}, "without bias": ALL | {"use_bias": False},
        "unrolled": {"unroll": True},
    }.items()
} | {
    "SimpleRNN, relu": plain("SimpleRNN", activation="relu"),
    "GRU, other activations": plain("GRU", **SOME), "LSTM, other activations": plain("LSTM", **SOME),
    "GRU, reset before": plain("GRU", reset_after=False),
    "GRU, reset before, without bias": plain("GRU", reset_after=False, use_bias=False),
    "LSTM, no forget bias": plain("LSTM", unit_forget_bias=False),
    **{f"{kind}, masked": masked(kind, **ALL) for kind in ("SimpleRNN", "GRU", "LSTM")},
    **{f"{kind}, masked, the last": masked(kind) for kind in ("SimpleRNN", "GRU", "LSTM")},
    "LSTM, masked backwards": masked("LSTM", go_backwards=True, **ALL),
    "SimpleRNN, started": started("SimpleRNN", 1, **ALL), "GRU, started": started("GRU", 1), "LSTM, started": started("LSTM", 2, **ALL),
    "LSTM, started and masked": started("LSTM", 2, mask=MASK, **ALL),
    "RNN of an LSTM": over(lambda layers: layers.LSTMCell(4), **ALL),
    "RNN of three": over(lambda layers: [layers.LSTMCell(4), layers.GRUCell(3), layers.SimpleRNNCell(2)], **ALL),
    "RNN of three, masked": over(lambda layers: [layers.LSTMCell(4), layers.GRUCell(3), layers.SimpleRNNCell(2)], MASK, **ALL),
    "RNN of zeros where it is masked": over(lambda layers: layers.GRUCell(4), MASK, zero_output_for_mask=True, **ALL),
    **{
        f"RNN of a user's{name}": (lambda keras, options=options, mask=mask: over(lambda layers: own(keras), mask, **options)(keras))
        for name, options, mask in (("", ALL, None), (", masked", ALL, MASK), (", backwards", {"go_backwards": True}, None))
    },
    **{f"Bidirectional, {mode}": both("LSTM", mode=mode, return_sequences=True) for mode in ("concat", "sum", "mul", "ave", None)},
    "Bidirectional, the last": both("GRU"), "Bidirectional, all of it": both("LSTM", **ALL),
    "Bidirectional, masked": both("LSTM", MASK, **ALL), "Bidirectional, masked, the last": both("GRU", MASK),
    "TimeDistributed Dense": each(lambda layers: layers.Dense(2, activation="tanh")),
    "TimeDistributed BatchNormalization": each(lambda layers: layers.BatchNormalization()),
}  # fmt: skip
GROUPS = {"keras recurrent": tuple(CASES)}


class Called:
    """A case as a layer: `join` puts results in one row."""

    def __init__(self, keras: Any, name: str, join: Callable[[list[Any]], Any]) -> None:
        self.layer, self.call = CASES[name](keras)
        self.join = join

    def __call__(self, x: Any, *, training: bool) -> Any:
        return self.join(_leaves(self.call(_Training(self.layer) if training else self.layer, x)))

    @property
    def trainable_weights(self) -> list[Any]:
        return list(self.layer.trainable_weights)


class _Training:
    """A layer that is told that it trains."""

    def __init__(self, layer: Any) -> None:
        self.layer = layer

    def __call__(self, x: Any, **options: Any) -> Any:
        return self.layer(x, training=True, **options)


def _leaves(results: Any) -> list[Any]:
    return [leaf for one in results for leaf in _leaves(one)] if isinstance(results, (list, tuple)) else [results]


def answers(keras: Any, name: str, dtype: str, side: Any, modes: tuple[bool, ...] = (False, True)) -> dict[str, Any]:
    """All results in a row, in training and not, the gradients of the input and the weights, and the paths of these."""
    case, x = Called(keras, name, side.join), drawn(f"x {name}", SHAPE).astype(dtype)
    case(side.tensor(x), training=False)
    case.layer.set_weights(weights_for(case.layer, name, dtype))
    found: dict[str, Any] = {}
    for training in modes:
        values, grads = side.differentiate_layer(case, [side.tensor(x)], training=training)
        found |= {f"value {training}": values[1]} | {f"gradient {training} {k}": g for k, g in enumerate(grads)}
    return found | {"paths": np.array([weight.path for weight in case.layer.weights])}


class Joining(OnTensorFlow):
    """Keras itself."""

    def join(self, results: list[Any]) -> Any:
        return self.tf.concat([self.tf.reshape(one, [-1]) for one in results], 0)


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras
    import tensorflow as tf

    side, found = Joining(keras, tf), {}
    for name in CASES:
        made = {}
        for dtype in ("float64", "float32"):
            keras.config.set_floatx(dtype)
            keras.config.set_dtype_policy(dtype)
            keras.utils.clear_session()
            made[dtype] = answers(keras, name, dtype, side)
        paths = [one.pop("paths") for one in made.values()]
        found |= {f"keras recurrent/{name}/{key}": array for key, array in made["float64"].items()}
        found[f"keras recurrent/{name}/error"] = np.float64(error(made["float32"], made["float64"]))
        found[f"keras recurrent/{name}/paths"] = paths[0]
    return found
