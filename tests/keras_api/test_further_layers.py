"""Layers of normalisation, regularisation and attention: what is drawn, masks, layers built for several inputs, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, GradwerkError, ShapeError
from gradwerk.inspect import explain
from gradwerk.keras import layers
from gradwerk.keras.masked import mask_of
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor

RNG = np.random.default_rng(4)
X = RNG.normal(size=(2, 5, 6)).astype(np.float32)


@pytest.mark.parametrize(
    ("layer", "mean", "deviation"),
    [
        (layers.GaussianNoise(0.5, seed=1), 1.0, 0.5), (layers.GaussianDropout(0.2, seed=1), 1.0, 0.5),
        (layers.Dropout(0.2, (None, 1), seed=1), 1.0, 0.5), (layers.SpatialDropout1D(0.2, seed=1), 1.0, 0.5),
    ], ids=lambda one: one.name if isinstance(one, layers.Layer) else "",
)  # fmt: skip
def test_what_is_drawn_has_the_mean_of_its_input_and_the_deviation_of_its_rate(layer: Any, mean: float, deviation: float) -> None:
    ones = np.ones((20000, 2) if not isinstance(layer, layers.SpatialDropout1D) else (10000, 3, 2), np.float32)
    y = layer(ones, training=True).numpy()
    assert abs(y.mean() - mean) < 0.02 and abs(y.std() - deviation) < 0.02
    assert np.array_equal(layer(ones, training=False).numpy(), ones)
    again = type(layer).from_config(layer.get_config())
    assert again(ones, training=True).numpy().tobytes() == y.tobytes()


def test_alpha_dropout_keeps_mean_and_variance() -> None:
    x = RNG.normal(size=(400, 500)).astype(np.float32)
    y = layers.AlphaDropout(0.3, seed=1)(x, training=True).numpy()
    assert abs(y.mean()) < 0.02 and abs(y.var() - 1) < 0.02


@pytest.mark.parametrize(
    ("layer", "shape", "along"),
    [
        (layers.Dropout(0.5, (None, 1, None)), (4, 6, 5), 1), (layers.AlphaDropout(0.5, (4, 6, 1)), (4, 6, 5), 2),
        (layers.SpatialDropout1D(0.5), (4, 6, 5), 1), (layers.SpatialDropout2D(0.5), (4, 3, 6, 5), (1, 2)),
        (layers.SpatialDropout3D(0.5, "channels_first"), (4, 8, 3, 2, 2), (2, 3, 4)),
    ], ids=lambda one: type(one).__name__,
)  # fmt: skip
def test_elements_share_their_fate_along_an_axis(layer: Any, shape: tuple[int, ...], along: Any) -> None:
    y = layer(np.ones(shape, np.float32), training=True).numpy()
    assert (y.max(along) == y.min(along)).all() and y.max() > y.min()


def test_layer_normalisation_is_one_launch_and_its_gradient_few() -> None:
    layer, x = layers.LayerNormalization(), Tensor(RNG.normal(size=(32, 64)).astype(np.float32))
    layer(x)
    assert len(explain(layer.call, x).launches) == 1

    def step(given: Any) -> Any:
        leaf = given.detach()
        leaf.requires_grad = True
        return grad((layer(leaf) * 2.0).sum(), [leaf, *layer.trainable_weights])

    assert len(explain(step, x).launches) <= 4


def test_masks_of_embeddings_hide_keys_and_go_on_with_the_query() -> None:
    ids = np.array([[1, 2, 0, 0], [3, 0, 0, 0]])
    embedded = layers.Embedding(5, 6, mask_zero=True)(ids)
    plain = Tensor(embedded.numpy())
    for layer in (layers.MultiHeadAttention(2, 3), layers.GroupQueryAttention(3, 2, 1)):
        y = layer(embedded, embedded)
        seen = (ids != 0)[:, None] & (ids != 0)[:, :, None]
        assert np.array_equal(mask_of(y).numpy(), ids != 0)
        np.testing.assert_allclose(y.numpy(), layer(plain, plain, attention_mask=seen).numpy(), rtol=1e-6)
        assert not np.allclose(y.numpy()[0, 0], layer(plain, plain).numpy()[0, 0])
    attention = layers.Attention()
    y = attention([embedded, embedded])
    assert np.array_equal(mask_of(y).numpy(), ids != 0) and not y.numpy()[ids == 0].any()


def test_a_transformer_is_trained_saved_and_read(tmp_path: Path) -> None:
    keras.utils.set_random_seed(3)
    tokens = keras.Input((None,), dtype="int32")
    x = layers.Embedding(12, 8, mask_zero=True)(tokens)
    y = layers.MultiHeadAttention(2, 4, dropout=0.1, seed=5)(x, x, use_causal_mask=True)
    x = layers.LayerNormalization()(layers.Add()([x, y]))
    y = layers.Dense(8)(layers.Dense(16, activation="gelu")(x))
    x = layers.LayerNormalization(axis=[-1])(layers.Add()([x, y]))
    model = keras.Model(tokens, layers.Dense(12, activation="softmax")(x))
    model.compile("adam", "sparse_categorical_crossentropy")
    ids = RNG.integers(1, 12, (32, 7))
    history = model.fit(ids, ids, epochs=8, verbose=0).history["loss"]
    assert history[-1] < history[0]
    model.save(tmp_path / "m.keras")
    twin = keras.models.load_model(tmp_path / "m.keras")
    assert twin.predict(ids, verbose=0).tobytes() == model.predict(ids, verbose=0).tobytes()


def test_a_layer_of_ones_own_is_built_for_all_its_inputs() -> None:
    class Gate(layers.Layer):
        def build(self, x_shape: Any, condition_shape: Any, more_shape: Any = None) -> None:
            self.kernel = self.add_weight((condition_shape[-1], x_shape[-1]), name="kernel")
            self.told = more_shape

        def call(self, x: Any, condition: Any, more: Any = None) -> Any:
            return x * (condition @ self.kernel)

    eager, drawn = Gate(), Gate()
    assert eager(np.ones((2, 3), np.float32), condition=np.ones((2, 4), np.float32)).shape == (2, 3)
    assert eager.told is None
    assert drawn(keras.Input((3,)), keras.Input((4,)), keras.Input((2,))).shape == (None, 3)
    assert drawn.told == (None, 2)
    with pytest.raises(ArgumentError, match="Gate is called without its 'condition'"):
        Gate()(np.ones((2, 3), np.float32))


def test_a_spectral_kernel_has_a_largest_singular_value_of_one() -> None:
    keras.utils.set_random_seed(1)
    layer = layers.SpectralNormalization(layers.Dense(4), power_iterations=30)
    layer(X)
    before = layer.layer.kernel.numpy()
    layer(X)
    assert np.array_equal(layer.layer.kernel.numpy(), before)
    layer(X, training=True)
    assert np.linalg.svd(layer.layer.kernel.numpy())[1].max() == pytest.approx(1, abs=1e-4)
    layer.layer.kernel.assign(np.zeros((6, 4), np.float32))
    assert np.isfinite(layer(X, training=True).numpy()).all()


def test_kernels_over_several_axes_begin_with_the_variance_of_their_inputs_and_outputs() -> None:
    layer = layers.EinsumDense("abc,cde->abde", (5, 20, 30))
    layer(np.ones((1, 5, 40), np.float32))
    assert layer.kernel.numpy().std() == pytest.approx(np.sqrt(2 / (40 + 600)), rel=0.05)
    heads = layers.MultiHeadAttention(2, 3)
    heads(X, X)
    assert not np.array_equal(heads.query_dense.kernel.numpy(), heads.key_dense.kernel.numpy())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: layers.Dropout(0.5, (3, 1))(X, training=True), "noise_shape does not broadcast"),
        (lambda: layers.Dropout(0.5, "abc"), "noise_shape is a tuple of counts"),
        (lambda: layers.SpatialDropout2D(0.5)(X, training=True), "SpatialDropout2D expects"),
        (lambda: layers.GaussianNoise(1.5), "stddev lies between 0 and 1"),
        (lambda: layers.GaussianDropout(1.0), "the rate must be below 1"),
        (lambda: layers.GroupNormalization(4)(X), "6 channels are no 4 equal groups"),
        (lambda: layers.GroupNormalization(0), "groups is above 0"),
        (lambda: layers.LayerNormalization(axis=4)(X), "there is no axis 4"),
        (lambda: layers.LayerNormalization(axis=[]), "axis is an integer"),
        (lambda: layers.LayerNormalization(epsilon=-1), "epsilon is a number from 0 on"),
        (lambda: layers.BatchNormalization()(X, mask=np.ones((2, 5, 6), bool)), "the mask must have the shape of the inputs"),
        (lambda: layers.Attention()(X), r"takes \[query, value\]"),
        (lambda: layers.Attention()([X, X[:, :3], X]), "key and value other counts"),
        (lambda: layers.Attention(score_mode="sum"), "score_mode='sum' is not known"),
        (lambda: layers.Attention()([X, X], mask=np.ones((2, 5), bool)), "the mask is a list"),
        (lambda: layers.MultiHeadAttention(2, 3, flash_attention=True), "flash_attention=True asks for"),
        (lambda: layers.MultiHeadAttention(2, 3)(X), "is called without its 'value'"),
        (lambda: layers.MultiHeadAttention(2, 3)(X, X, X[:, :2]), "there is a value for each key"),
        (lambda: layers.MultiHeadAttention(2, 3)(X, X, attention_mask=np.ones((5, 5), bool)), "a mask has the batch"),
        (lambda: layers.GroupQueryAttention(2, 3, 2), "cannot share"),
        (lambda: layers.EinsumDense("abc", 4), "is no equation"),
        (lambda: layers.EinsumDense("abc,cd->abe", (None, 4)), "stands nowhere else"),
        (lambda: layers.EinsumDense("ab,bc->ac", 4)(X), "of other axes"),
        (lambda: layers.EinsumDense("abc,cd->abd", (4, 4))(X), "axis 'b' is 5 in the input and 4"),
        (lambda: layers.EinsumDense("abc,cd->abd", 4, bias_axes="c"), "letters of the result"),
        (lambda: layers.SpectralNormalization(layers.ReLU())(X), "neither kernel nor embeddings"),
        (lambda: layers.SpectralNormalization(layers.Dense(2), 0), "at least 1"),
    ],
)  # fmt: skip
def test_what_is_refused_says_why(make: Any, message: str) -> None:
    with pytest.raises(GradwerkError, match=message) as caught:
        make()
    assert isinstance(caught.value, (ArgumentError, ShapeError, LookupError))


def test_whether_a_model_trains_goes_before_what_a_call_was_drawn_with() -> None:
    """Keras' rule; and its files say training=False of every call of a layer that asks, which then never drew again."""
    ones = np.ones((1, 200), np.float32)
    for drawn in (False, True):
        given = keras.Input((200,))
        model = keras.Model(given, layers.Dropout(0.5)(given, training=drawn))
        assert (model(ones, training=True).numpy() == 0).any()
        assert not (model(ones, training=False).numpy() == 0).any()
        assert (model(ones).numpy() == 0).any() == drawn
        assert not (model.predict(ones, verbose=0) == 0).any()


@pytest.mark.parametrize("options", [{}, {"padding": "same", "return_sequences": True, "strides": 2}], ids=["valid", "same"])
def test_conv_lstm_with_channels_first_is_that_with_channels_last_moved(options: Any) -> None:
    x = RNG.normal(size=(2, 3, 5, 4, 2)).astype(np.float32)
    last, first = layers.ConvLSTM2D(3, 2, **options), layers.ConvLSTM2D(3, 2, data_format="channels_first", **options)
    y, moved = last(x).numpy(), np.moveaxis(x, -1, 2)
    assert first(moved).shape == first.compute_output_shape(moved.shape)
    first.set_weights(last.get_weights())
    np.testing.assert_allclose(first(moved).numpy(), np.moveaxis(y, -1, -3), rtol=1e-5, atol=1e-6)
    model = keras.Sequential([keras.Input((3, 2, 5, 4)), first])
    assert model.predict(moved, verbose=0).shape == np.moveaxis(y, -1, -3).shape


def test_conv_lstm_goes_on_from_batch_to_batch() -> None:
    x = RNG.normal(size=(2, 6, 5, 2)).astype(np.float32)
    whole, parts = layers.ConvLSTM1D(3, 2), layers.ConvLSTM1D(3, 2, stateful=True)
    expected = whole(x).numpy()
    parts(x[:, :3])
    parts.set_weights(whole.get_weights())
    parts.reset_state()
    parts(x[:, :3])
    np.testing.assert_allclose(parts(x[:, 3:]).numpy(), expected, rtol=1e-5, atol=1e-6)
    assert layers.CuDNNLSTM(2)(np.ones((1, 3, 4), np.float32)).shape == (1, 2)
    with pytest.raises(ShapeError, match="expects"):
        whole(np.ones((2, 3, 4), np.float32))
    with pytest.raises(ShapeError, match="extents of space"):
        keras.Sequential([keras.Input((3, None, 2)), layers.ConvLSTM1D(2, 2)])
    with pytest.raises(ArgumentError, match="cannot both be above 1"):
        layers.ConvLSTM2D(2, 2, strides=2, dilation_rate=2)
