"""Every layer keeps the same contract: shapes, weights, config, training and inference, eager and compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ShapeError, StateError
from gradwerk.jit.compile import compile as compiled
from gradwerk.keras import layers
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Parameter, Tensor
from tests.keras_api.cases import CASES, Case, tensors
from tests.keras_api.further_cases import FURTHER
from tests.keras_api.preprocessing_layers import COLOURED, ON_HOST, PREPROCESSING, RANDOM
from tests.keras_api.recurrent_layers import RECURRENT

ALL = [*CASES, *RECURRENT, *PREPROCESSING, *FURTHER]
each_case = pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)


def inputs(case: Case) -> Any:
    return case.inputs()


def test_every_layer_has_a_case() -> None:
    named = {name for name in layers.__all__ if isinstance(vars(layers)[name], type)}
    aliases = {name for name in named if vars(layers)[name].__name__ != name}
    cells = {"SimpleRNNCell", "GRUCell", "LSTMCell", "StackedRNNCells", "MultiHeadAttention", "GroupQueryAttention"}
    drawing = {"MixUp"} | {type(make()).__name__ for make in (*RANDOM, *COLOURED, *(one for one, _ in ON_HOST))}
    assert {type(case.make()).__name__ for case in ALL} | cells | drawing == named - aliases - {"Layer", "InputLayer", "Wrapper"}


@each_case
def test_shapes(case: Case) -> None:
    layer = case.make()
    assert layer.compute_output_shape(case.input_shape) == (None, *case.outside)
    with pytest.raises(StateError):
        _ = layer.output_shape
    result = layer(inputs(case))
    assert result.shape == (3, *case.outside)
    assert result.dtype == np.float32
    assert layer.built
    assert layer.output_shape == (None, *case.outside)
    assert tuple(weight.shape for weight in layer.weights) == case.weights
    assert layer.count_params() == sum(int(np.prod(shape)) for shape in case.weights)


@each_case
def test_weights_round_trip(case: Case) -> None:
    keras.utils.set_random_seed(4)
    one, other = case.make(), case.make()
    x = inputs(case)
    expected = one(x).numpy()
    other(x)
    other.set_weights(one.get_weights())
    assert other(x).numpy().tobytes() == expected.tobytes()
    with pytest.raises(ArgumentError, match="weights"):
        other.set_weights([*one.get_weights(), np.zeros(1)])
    if one.weights:
        before = other.get_weights()
        with pytest.raises(ShapeError, match="another shape"):
            other.set_weights([*before[:-1], np.zeros((1, 1))])
        assert all(np.array_equal(a, b) for a, b in zip(before, other.get_weights(), strict=True))


@each_case
def test_config_round_trip(case: Case) -> None:
    layer = case.make()
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    x = inputs(case)
    layer(x), twin(x)
    twin.set_weights(layer.get_weights())
    assert twin(x).numpy().tobytes() == layer(x).numpy().tobytes()


@each_case
def test_eager_is_compiled(case: Case) -> None:
    layer, x = case.make(), tensors(inputs(case))
    expected = layer(x).numpy()
    np.testing.assert_allclose(compiled(layer.call)(x).numpy(), expected, rtol=2e-5, atol=1e-6)


@each_case
def test_freezing(case: Case) -> None:
    layer = case.make()
    layer.trainable = False
    layer(inputs(case))
    assert layer.trainable_weights == []
    assert len(layer.non_trainable_weights) == len(case.weights)
    layer.trainable = True
    assert len(layer.trainable_weights) == sum(isinstance(w, Parameter) for w in layer.weights)


@each_case
def test_in_a_model(case: Case, tmp_path: Path) -> None:
    """Called on symbolic inputs: the shape is the real one, the numbers are the layer's, and its weights can be saved and read."""
    layer, x = case.make(), inputs(case)
    drawn = case.each(lambda shape: keras.Input(shape, dtype="int32" if case.integers else None))
    y = layer(drawn)
    assert y.shape == (None, *case.outside)
    model = keras.Model(drawn, y)
    assert model(x).numpy().tobytes() == layer(x).numpy().tobytes()
    if layer.weights:
        kept = layer.get_weights()
        model.save_weights(tmp_path / "layer.weights.safetensors")
        layer.set_weights([np.zeros_like(weight) for weight in kept])
        model.load_weights(tmp_path / "layer.weights.safetensors")
        assert all(np.array_equal(a, b) for a, b in zip(layer.get_weights(), kept, strict=True))


@each_case
def test_a_step_lowers_the_loss(case: Case) -> None:
    layer, x = case.make(), tensors(inputs(case))
    layer(x)
    if not layer.trainable_weights:
        return

    def loss() -> Tensor:
        error = layer(x) - 0.3
        return (error * error).mean()

    before = loss()
    slopes = grad(before, layer.trainable_weights)
    assert all(np.any(slope.numpy() != 0) for slope in slopes), "the gradient reaches each weight"
    for weight, slope in zip(layer.trainable_weights, slopes, strict=True):
        weight.assign(weight.numpy() - 0.01 * slope.numpy())
    assert float(loss().numpy()) < float(before.numpy())


@pytest.mark.parametrize("case", [case for case in CASES if case.first], ids=lambda case: case.name)
def test_channels_first_are_channels_last_moved(case: Case) -> None:
    config, x = case.make().get_config() | ({"activation": None} if hasattr(case.make(), "activation") else {}), inputs(case)
    first, last = (type(case.make()).from_config(config | {"data_format": where}) for where in ("channels_first", "channels_last"))
    moved = np.moveaxis(x, 1, -1)
    expected = last(moved)
    first(x)
    first.set_weights(last.get_weights())
    y = np.moveaxis(expected.numpy(), -1, 1) if expected.ndim > 2 else expected.numpy()
    np.testing.assert_allclose(first(x).numpy(), y, rtol=1e-6)


def test_softmax_shares_what_its_mask_shows() -> None:
    x, mask = np.random.default_rng(2).normal(size=(4, 5)).astype(np.float32), np.array([[1, 0, 1, 1, 0]] * 3 + [[0] * 5]) > 0
    y = layers.Softmax()(x, mask=mask).numpy()
    raised = np.exp(x) * mask
    np.testing.assert_allclose(y, raised / np.maximum(raised.sum(1, keepdims=True), 1e-9), rtol=1e-6)


def test_names_are_keras_names() -> None:
    keras.utils.clear_session()
    names = [layer.name for layer in (layers.Dense(1), layers.Dense(1), layers.Conv2D(1, 1), layers.BatchNormalization(), layers.LSTM(1))]
    assert names == ["dense", "dense_1", "conv2d", "batch_normalization", "lstm"]
    assert layers.MaxPooling2D().name == "max_pooling2d"
    assert layers.Dense(1, name="mine").name == "mine"


def test_dropout_drops_only_while_training() -> None:
    x = np.ones((4, 1000), np.float32)
    layer = layers.Dropout(0.25, seed=1)
    assert np.array_equal(layer(x).numpy(), x)
    dropped = layer(x, training=True).numpy()
    assert set(np.unique(dropped)) == {np.float32(0), np.float32(1 / 0.75)}
    assert 0.2 < (dropped == 0).mean() < 0.3
    assert not np.array_equal(layer(x, training=True).numpy(), dropped)
    assert layers.Dropout(0.25, seed=1)(x, training=True).numpy().tobytes() == dropped.tobytes()


def test_batch_normalization_learns_statistics_only_while_training_and_not_when_frozen() -> None:
    x = np.random.default_rng(0).normal(3.0, 2.0, size=(64, 2)).astype(np.float32)
    layer = layers.BatchNormalization(momentum=0.5)
    layer(x)
    assert np.array_equal(layer.moving_mean.numpy(), [0, 0])
    y = layer(x, training=True).numpy()
    np.testing.assert_allclose(y.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.5 * x.mean(0), rtol=1e-5)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.5 + 0.5 * x.var(0), rtol=1e-5)
    layer.trainable = False
    before = layer.moving_mean.numpy()
    layer(x, training=True)
    assert np.array_equal(layer.moving_mean.numpy(), before)


def test_lstm_states_and_forget_bias() -> None:
    layer = layers.LSTM(3, return_sequences=True, return_state=True)
    steps, h, c = layer(np.random.default_rng(0).normal(size=(2, 5, 4)))
    assert (steps.shape, h.shape, c.shape) == ((2, 5, 3), (2, 3), (2, 3))
    assert np.array_equal(steps.numpy()[:, -1], h.numpy())
    assert layer.bias.numpy().tolist() == [0] * 3 + [1] * 3 + [0] * 6


def test_initializers_by_name_instance_config_and_function() -> None:
    a = layers.Dense(3, kernel_initializer=keras.initializers.RandomNormal(stddev=2.0, seed=7), bias_initializer="ones")
    a(np.zeros((1, 4)))
    b = layers.Dense.from_config(a.get_config() | {"name": "twin"})
    b(np.zeros((1, 4)))
    assert a.kernel.numpy().tobytes() == b.kernel.numpy().tobytes()
    assert b.bias.numpy().tolist() == [1, 1, 1]
    c = layers.Dense(3, kernel_initializer=lambda shape: np.full(shape, 0.5))
    c(np.zeros((1, 4)))
    assert c.kernel.numpy().tolist() == [[0.5] * 3] * 4


@pytest.mark.parametrize("strides", [(5, 3), (2, 2, 2, 2), (2, 2, 2, 2, 2, 2)], ids=str)
def test_the_shape_of_a_call_that_needs_images_of_some_size_is_found(strides: tuple[int, ...]) -> None:
    """Extents that are not known are tried with numbers, larger ones where windows do not fit the first."""

    class Own(layers.Layer):
        def __init__(self) -> None:
            super().__init__()
            self.convolutions = [layers.Conv2D(2, 3, strides=stride) for stride in strides]

        def call(self, x: Any) -> Any:
            for convolution in self.convolutions:
                x = convolution(x)
            return x

    assert keras.Sequential([keras.Input((None, None, 1)), Own()]).output_shape == (None, None, None, 2)
    with pytest.raises(ShapeError, match="does not fit"):
        keras.Sequential([keras.Input((4, 4, 1)), Own()])


def test_the_input_of_a_call_may_stand_by_the_name_it_has_there() -> None:
    class Own(layers.Layer):
        def call(self, x: Any, scale: float = 1.0) -> Any:
            return x * scale

    ones = np.ones((1, 2), np.float32)
    assert Own()(x=ones, scale=2.0).tolist() == [[2.0, 2.0]] and layers.Dense(3)(inputs=ones).shape == (1, 3)
    for wrong in ({}, {"y": ones}):
        with pytest.raises(ArgumentError, match="Own is called without its input, 'x'"):
            Own()(**wrong)
