"""Layers of normalisation, regularisation and attention, in either namespace, and what is recorded of Keras 3.15.1 on TensorFlow.

Of each: what it gives in inference and in training, the gradients of inputs and weights, and its weights after ten steps of descent, in
float64; and Keras' own largest error in float32, which bounds ours.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from tests.keras_api.further_cases import FURTHER
from tests.peers.keras_cases import OnTensorFlow, weights_for
from tests.peers.layer_cases import Array, drawn, error

Extents = tuple[int, ...]
SEEN = np.array([[1, 1, 0, 1], [1, 0, 0, 1]]) > 0
"""Which of four values count, in two examples."""
GIVEN = np.array([[[1, 1, 0, 1], [1, 0, 0, 1], [0, 1, 1, 1]], [[1, 1, 1, 1], [0, 0, 0, 0], [0, 1, 0, 0]]]) > 0
"""Which keys each of three queries sees: one sees none."""
STEPS, RATE = 10, 0.005


class Further(NamedTuple):
    """How a layer is made, the shapes of its inputs, and how it is called."""

    make: Callable[[Any], Any]
    shapes: tuple[Extents, ...]
    call: Callable[..., Any]


def of_list(layer: Any, xs: list[Any], **named: Any) -> Any:
    """Called with all of them in a list."""
    return layer(xs, **named)


def of_several(layer: Any, xs: list[Any], **named: Any) -> Any:
    """Called with each by itself."""
    return layer(*xs, **named)


def of_second(how: Callable[..., Any], **more: Any) -> Callable[..., Any]:
    """The second of two results, times a number of the first; with further arguments."""

    def call(layer: Any, xs: list[Any], **named: Any) -> Any:
        y, weights = how(layer, xs, **named, **more)
        return weights * y[(0,) * len(y.shape)]

    return call


def also(how: Callable[..., Any], **more: Any) -> Callable[..., Any]:
    """With further arguments."""
    return lambda layer, xs, **named: how(layer, xs, **named, **more)


QV, QVK = ((2, 3, 5), (2, 4, 5)), ((2, 3, 5), (2, 4, 3), (2, 4, 6))
SCORES = {"return_attention_scores": True}
CASES: dict[str, Further] = {
    "attention, masked": Further(lambda k: k.layers.Attention(), QV, also(of_list, mask=[SEEN[:, :3], SEEN])),
    "attention, causal": Further(lambda k: k.layers.Attention(use_scale=True), QV, also(of_list, use_causal_mask=True)),
    "attention, causal and masked": Further(
        lambda k: k.layers.Attention(score_mode="concat"), QV, also(of_list, mask=[None, SEEN], use_causal_mask=True)
    ),
    "attention, weights": Further(lambda k: k.layers.Attention(), QV, of_second(of_list, mask=[None, SEEN], **SCORES)),
    "additive attention, masked": Further(
        lambda k: k.layers.AdditiveAttention(use_scale=False), QV, also(of_list, mask=[SEEN[:, :3], SEEN])
    ),
    "heads": Further(lambda k: k.layers.MultiHeadAttention(2, 3), QV, of_several),
    "heads, three inputs": Further(lambda k: k.layers.MultiHeadAttention(2, 3, value_dim=4, output_shape=7), QVK, of_several),
    "heads, masked": Further(lambda k: k.layers.MultiHeadAttention(2, 3, use_bias=False), QV, also(of_several, attention_mask=GIVEN)),
    "heads, weights of what is masked": Further(
        lambda k: k.layers.MultiHeadAttention(2, 3), QV, of_second(of_several, attention_mask=GIVEN, **SCORES)
    ),
    "heads, causal": Further(lambda k: k.layers.MultiHeadAttention(3, 2), QV, also(of_several, use_causal_mask=True)),
    "heads, causal, masks by name": Further(
        lambda k: k.layers.MultiHeadAttention(3, 2), QVK,
        also(of_several, value_mask=SEEN, key_mask=SEEN[::-1], attention_mask=GIVEN | True, use_causal_mask=True),
    ),
    "heads, a window": Further(lambda k: k.layers.MultiHeadAttention(2, 3, sliding_window=2), QV, of_several),
    "heads, a gate": Further(lambda k: k.layers.MultiHeadAttention(2, 3, value_dim=2, use_gate=True), QV, of_several),
    "heads over columns": Further(
        lambda k: k.layers.MultiHeadAttention(2, 3, attention_axes=(2,)), ((2, 3, 4, 5), (2, 3, 6, 5)), of_several
    ),
    "heads over both axes": Further(
        lambda k: k.layers.MultiHeadAttention(2, 2, output_shape=(3, 2)), ((2, 2, 3, 4), (2, 3, 2, 4)), of_several
    ),
    "heads over both axes, weights": Further(
        lambda k: k.layers.MultiHeadAttention(2, 2), ((2, 2, 3, 4), (2, 3, 2, 4)), of_second(of_several, **SCORES)
    ),
    "groups": Further(lambda k: k.layers.GroupQueryAttention(3, 4, 2), QV, of_several),
    "groups, masked": Further(
        lambda k: k.layers.GroupQueryAttention(3, 4, 2, use_gate=True, sliding_window=3), QV,
        also(of_several, value_mask=SEEN, attention_mask=GIVEN | True, use_causal_mask=True),
    ),
    "groups, weights": Further(lambda k: k.layers.GroupQueryAttention(2, 4, 1), QV, of_second(of_several, attention_mask=GIVEN, **SCORES)),
    "pictures, masked": Further(
        lambda k: k.layers.ConvLSTM2D(2, 2, return_sequences=True), ((2, 4, 3, 3, 2),),
        lambda layer, xs, **named: layer(xs[0], mask=SEEN, **named),
    ),
    "pictures, states": Further(
        lambda k: k.layers.ConvLSTM1D(2, 2, return_state=True), ((2, 4, 3, 2), (2, 2, 2), (2, 2, 2)),
        lambda layer, xs, **named: layer(xs[0], initial_state=list(xs[1:]), **named)[2],
    ),
    "batch normalisation, masked": Further(
        lambda k: k.layers.BatchNormalization(momentum=0.7, epsilon=0.01, synchronized=True), ((2, 4, 3),),
        lambda layer, xs, **named: layer(xs[0], mask=SEEN, **named),
    ),
    "batch normalisation, frozen": Further(
        lambda k: k.layers.BatchNormalization(trainable=False), ((2, 4, 3),), lambda layer, xs, **named: layer(xs[0], **named)
    ),
    "layer normalisation of a wide range": Further(
        lambda k: k.layers.LayerNormalization(epsilon=0.1, scale=False), ((2, 4, 3),),
        lambda layer, xs, **named: layer(xs[0] * 30.0, **named),
    ),
}  # fmt: skip


def twin(keras: Any, layer: Any) -> Any:
    """The same layer of a namespace: from its config."""
    made = getattr(keras.layers, type(layer).__name__)
    return layer if isinstance(layer, made) else made.from_config(layer.get_config())


def from_case(case: Any) -> Further:
    """A case of tests/keras_api/further_cases.py."""
    several = case.inside if isinstance(case.inside, list) else [case.inside]
    one = not isinstance(case.inside, list)

    def call(layer: Any, xs: list[Any], **named: Any) -> Any:
        return layer(xs[0] if one else xs, **named)

    return Further(lambda keras: twin(keras, case.make()), tuple((3, *extents) for extents in several), call)


CASES |= {case.name: from_case(case) for case in FURTHER if not case.draws}


class Called:
    """A layer that is called in its way, with what is asked of one."""

    def __init__(self, layer: Any, call: Callable[..., Any]) -> None:
        self.layer, self.call = layer, call

    def __call__(self, xs: Any, *, training: bool) -> Any:
        return self.call(self.layer, xs if isinstance(xs, list) else [xs], training=training)

    @property
    def trainable_weights(self) -> Any:
        """Those of the layer."""
        return self.layer.trainable_weights


def flat(arrays: list[Any]) -> Array:
    """All numbers in a row."""
    return np.concatenate([np.asarray(array, np.float64).reshape(-1) for array in arrays] or [np.zeros(0)])


def answers(keras: Any, name: str, dtype: str, side: Any) -> dict[str, Array]:
    """All that is recorded of one case; `side` makes Tensors, sums and differentiates in that world."""
    case = CASES[name]
    layer = Called(case.make(keras), case.call)
    arrays = [drawn(f"x {name} {k}", shape).astype(dtype) for k, shape in enumerate(case.shapes)]
    xs = [side.tensor(x) for x in arrays]
    layer(xs, training=False)
    layer.layer.set_weights(weights_for(layer.layer, name, dtype))
    found = {}
    for training in (False, True):
        values, grads = side.differentiate_layer(layer, xs, training=training)
        found |= {f"value {training}": values[1], f"gradients {training}": flat(grads)}
    for _ in range(STEPS if layer.trainable_weights else 0):
        _, grads = side.differentiate_layer(layer, xs, training=True)
        slopes = dict(zip([id(w) for w in layer.trainable_weights], grads[len(xs) :], strict=True))
        pairs = zip(layer.layer.weights, layer.layer.get_weights(), strict=True)
        held = [w - RATE * slopes[id(one)] if id(one) in slopes else w for one, w in pairs]
        layer.layer.set_weights([np.asarray(w, dtype) for w in held])
    return found | {"trained": flat(layer.layer.get_weights())}


def recorded() -> dict[str, Any]:
    """Keras' answers in float64, and `error`, its own in float32."""
    import keras
    import tensorflow as tf

    side, found = OnTensorFlow(keras, tf), {}
    for name in CASES:
        both = {}
        for dtype in ("float64", "float32"):
            keras.config.set_floatx(dtype)
            keras.config.set_dtype_policy(dtype)
            keras.utils.set_random_seed(0)
            both[dtype] = answers(keras, name, dtype, side)
        found |= {f"keras further/{name}/{key}": array for key, array in both["float64"].items()}
        found[f"keras further/{name}/error"] = np.float64(error(both["float32"], both["float64"]))
    return found
