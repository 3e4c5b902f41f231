"""What Keras' own tests found: numbers and arguments of theirs that were others here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from gradwerk import keras, torch
from gradwerk.base.errors import ArgumentError, DataError, ShapeError
from gradwerk.keras import layers

Y, P = np.array([[1, 9, 2], [-5, -2, 6]]), np.array([[4, 8, 12], [8, 1, 3]], np.float32)


def test_numbers_of_losses() -> None:
    logits = (np.arange(24).reshape(2, 4, 3).astype(np.float32) - 12) / 100
    np.testing.assert_allclose(keras.losses.CTC()(np.array([[1, 2, 1, 0], [1, 2, 0, 2]]), logits), 2.448645, rtol=1e-6)
    sure = keras.losses.BinaryCrossentropy()(np.array([[1, 0], [1, 0]]), np.array([[1, 1], [1, 0]], np.float32))
    np.testing.assert_allclose(sure, 3.985596, rtol=1e-6)


@pytest.mark.parametrize(("weights", "wanted"), [(2.3, 113.85), (0, 0.0), ([[1.2], [3.4]], 767.8 / 6)], ids=["number", "0", "rows"])
def test_weights_of_losses(weights: Any, wanted: float) -> None:
    np.testing.assert_allclose(keras.losses.MeanSquaredError()(Y, P, sample_weight=np.array(weights)), wanted, rtol=1e-5)


def test_weights_of_steps_may_have_an_axis_of_one() -> None:
    y, p, w = (np.arange(18, dtype=np.float32).reshape(2, 3, 3) % n for n in (5, 7, 4))
    plain = keras.losses.Huber()(y, p, sample_weight=w[..., 0])
    np.testing.assert_array_equal(keras.losses.Huber()(y, p, sample_weight=w[..., :1]), plain)


def test_the_weights_that_attention_gives_are_those_it_averaged_by() -> None:
    layer = layers.Attention(dropout=0.5, seed=1)
    query, value = np.eye(8, dtype=np.float32)[None], RANDOM.normal(size=(1, 8, 4)).astype(np.float32)
    y, weights = layer([query, value, query], return_attention_scores=True, training=True)
    assert (weights.numpy() == 0).any()
    np.testing.assert_allclose(y, weights.numpy() @ value, rtol=1e-5, atol=1e-6)


RANDOM = np.random.default_rng(0)


NARROW = [
    lambda d: layers.Rescaling(1 / 255, dtype=d), lambda d: layers.Normalization(mean=1.0, variance=2.0, dtype=d),
    lambda d: layers.RandomRotation(0.2, dtype=d), lambda d: layers.RandomZoom(0.2, dtype=d), lambda d: layers.RandomContrast(0.2, dtype=d),
    lambda d: layers.RandomTranslation(0.2, 0.2, dtype=d), lambda d: layers.RandomBrightness(0.2, dtype=d),
    lambda d: layers.RandomSharpness(0.5, dtype=d), lambda d: layers.RandomGaussianBlur(dtype=d),
    lambda d: layers.RandomShear(0.2, dtype=d), lambda d: layers.RandomHue(0.2, dtype=d), lambda d: layers.Solarization(dtype=d),
]  # fmt: skip


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16", "float16"])
@pytest.mark.parametrize("make", NARROW, ids=lambda make: type(make(None)).__name__)
def test_preparation_in_narrow_floats(make: Any, policy: str) -> None:
    layer = make(policy)
    y = layer(np.full((2, 6, 6, 3), 100, np.float32), training=True)
    assert keras.backend.standardize_dtype(y.dtype) == layer.compute_dtype
    assert np.isfinite(np.asarray(y.numpy(), np.float32)).all()


def test_what_layers_answer_about_themselves() -> None:
    layer = layers.Dense(3)
    assert layer.get_build_config() is None
    spec = layer.compute_output_spec(keras.KerasTensor((2, 4)))
    assert (spec.shape, spec.dtype, spec.sparse) == ((2, 3), "float32", False)
    twin = layers.Dense(3)
    twin.build_from_config(layer.get_build_config())
    assert [w.shape for w in twin.weights] == [w.shape for w in layer.weights]
    inner = layers.Dense(2, dtype="float16")
    assert layers.TimeDistributed(inner).compute_output_spec(keras.KerasTensor((2, 4, 5))).dtype == "float16"
    embedding = layers.Embedding(5, 2)
    embedding.build()
    assert embedding(np.array([[1, 2]])).shape == (1, 2, 2)

    class Counting(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.seen, self.inner = keras.metrics.Mean(), layers.Dense(1)

    assert [type(one) for one in Counting().metrics] == [keras.metrics.Mean]


def test_arguments_that_keras_takes() -> None:
    x = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    both = np.asarray(keras.activations.softmax(x, axis=(1, 2)))
    np.testing.assert_allclose(both.sum((1, 2)), 1, rtol=1e-6)
    np.testing.assert_allclose(both[0], both[1], rtol=1e-5)
    assert keras.initializers.get(None) is None
    with keras.utils.custom_object_scope(None):
        assert keras.initializers.RandomNormal(0.5, 2.0).mean == 0.5
    with pytest.raises(AttributeError, match="has no attribute 'gain'"):
        _ = keras.initializers.RandomNormal().gain
    weight = np.ones(3, np.float32)
    assert keras.constraints.Constraint()(weight) is weight
    shown = layers.Masking()(np.array([[[1, 2], [0, 0]]], np.int32))
    assert shown._keras_mask.numpy().tolist() == [[True, False]]
    rotated = layers.RandomTranslation((0.1, 0.2), 0.1)
    assert type(rotated).from_config(rotated.get_config()).get_config()["height_factor"] == rotated.get_config()["height_factor"]


def test_a_batch_is_looked_at_before_a_step() -> None:
    def batches() -> Iterator[Any]:
        yield np.ones((4, 3), np.float32), np.ones((4, 1), np.float32)
        yield np.full((4, 3), np.nan, np.float32), np.ones((4, 1), np.float32)

    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(DataError, match="x of a batch holds nan"):
        model.fit(batches(), steps_per_epoch=2, verbose=0)
    assert all(np.isfinite(weight).all() for weight in model.get_weights())


def test_unstack_of_an_axis_that_nobody_knows() -> None:
    with pytest.raises(ShapeError, match="another number of results"):
        keras.ops.unstack(keras.Input((None, 3)), axis=1)


def test_gradients_are_cast_to_their_weights() -> None:
    wide, narrow = (keras.Variable(np.ones(3), dtype=dtype) for dtype in ("float64", "float32"))
    for weight in (wide, narrow):
        optimizer = keras.optimizers.SGD(0.5)
        optimizer.apply([keras.ops.convert_to_tensor(np.array([1, 2, 3], np.float32))], [weight])
        np.testing.assert_array_equal(weight.numpy(), [0.5, 0, -0.5])


def test_clones_with_layers_of_another_kind() -> None:
    start = keras.Input((4,))
    inner = keras.Sequential([keras.Input((3,)), layers.Dense(3, name="inside")])
    shared = layers.Dense(3, activation="relu", name="shared")
    model = keras.Model(start, layers.Add(name="sum")([inner(shared(start)), shared(start) * 2]), name="whole")

    def wider(layer: Any) -> Any:
        made = type(layer).from_config(layer.get_config())
        if isinstance(layer, layers.Dense):
            made.activation = keras.activations.tanh
        return made

    called = []

    def noted(layer: Any, *args: Any, **kwargs: Any) -> Any:
        called.append(layer.name)
        return layer(*args, **kwargs)

    twin = keras.models.clone_model(model, clone_function=wider, call_function=noted, recursive=True)
    assert called.count("shared") == 2
    assert twin.get_layer("shared").activation is keras.activations.tanh
    assert twin.get_layer(inner.name).get_layer("inside").activation is keras.activations.tanh
    twin.set_weights(model.get_weights())
    x = np.ones((2, 4), np.float32)
    hidden = np.tanh(x @ shared.kernel.numpy())
    np.testing.assert_allclose(twin.predict(x, verbose=0), np.tanh(hidden @ inner.weights[0].numpy()) + 2 * hidden, rtol=1e-5)
    other = keras.Input((4,), name="other")
    assert keras.models.clone_model(model, input_tensors=other).input.name == "other"
    chain = keras.models.clone_model(keras.Sequential([keras.Input((4,)), layers.Dense(2)]), clone_function=wider)
    assert chain.layers[0].activation is keras.activations.tanh
    with pytest.raises(ArgumentError, match="call_function is for functional models"):
        keras.models.clone_model(inner, call_function=noted)
    with pytest.raises(ArgumentError, match="the model has 1 inputs, input_tensors has 2"):
        keras.models.clone_model(model, input_tensors=[other, other])


def test_pictures_that_no_memory_holds_are_refused_before_they_are_made(tmp_path: Any) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(ArgumentError, match="a size of 1000000 x 1000000 is of"):
        keras.utils.image_dataset_from_directory(str(tmp_path), image_size=(10**6, 10**6))


def test_a_tensor_of_keras_is_named_where_torch_wants_its_own() -> None:
    with pytest.raises(ArgumentError, match="must be Tensor, not a Tensor of another API"):
        torch.relu(keras.ops.convert_to_tensor(np.ones(3)))
