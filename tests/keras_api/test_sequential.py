"""Sequential: how it is put together, what it knows of itself, and its table."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.keras import layers


def lenet() -> keras.Sequential:
    keras.utils.clear_session()
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(6, 5, activation="tanh", padding="same"),
        layers.AveragePooling2D(2),
        layers.Conv2D(16, 5, activation="tanh"),
        layers.AveragePooling2D(2),
        layers.Flatten(),
        layers.Dense(120, activation="tanh"),
        layers.Dense(84, activation="tanh"),
        layers.Dense(10, activation="softmax"),
    ])  # fmt: skip


def test_lenet_has_lenets_shapes_and_sizes() -> None:
    model = lenet()
    assert model.built
    assert model.input_shape == (None, 28, 28, 1)
    assert model.output_shape == (None, 10)
    assert model.count_params() == 61_706
    assert len(model.layers) == 8
    assert [len(layer.weights) for layer in model.layers] == [2, 0, 2, 0, 0, 2, 2, 2]
    assert model(np.zeros((2, 28, 28, 1))).shape == (2, 10)


def test_adding_with_an_input_builds_at_once() -> None:
    model = keras.Sequential()
    model.add(keras.Input((4,)))
    model.add(layers.Dense(3))
    assert len(model.weights) == 2
    model.add(layers.Dense(2))
    assert model.output_shape == (None, 2)
    assert [w.shape for w in model.weights] == [(4, 3), (3,), (3, 2), (2,)]


def test_without_an_input_the_first_call_builds() -> None:
    model = keras.Sequential([layers.Dense(3), layers.Dense(2)])
    assert model.weights == []
    with pytest.raises(StateError, match="input shape"):
        _ = model.input_shape
    model(np.zeros((5, 4)))
    assert model.input_shape == (None, 4)
    assert len(model.get_weights()) == 4
    model.build((None, 4))
    model.add(layers.Dense(1))
    assert model(np.zeros((5, 4))).shape == (5, 1)


def test_the_old_input_shape_argument() -> None:
    model = keras.Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(2)])
    assert model.output_shape == (None, 2)
    assert model.count_params() == 23


def test_pop_and_layers_by_name() -> None:
    model = lenet()
    assert model.get_layer("conv2d_1") is model.layers[2]
    assert model.get_layer(index=-1) is model.layers[-1]
    assert model.pop().name == "dense_2"
    assert model.output_shape == (None, 84)
    with pytest.raises(ArgumentError, match="no layer 99"):
        model.get_layer(index=99)
    with pytest.raises(ArgumentError, match="stands first"):
        model.add(keras.Input((3,)))


def test_models_inside_models() -> None:
    inner = keras.Sequential([layers.Dense(3, name="a"), layers.Dense(3, name="b")], name="inner")
    model = keras.Sequential([keras.Input((4,)), inner, layers.Dense(2, name="c")])
    assert model.count_params() == 15 + 12 + 8
    inner.trainable = False
    assert [w.shape for w in model.trainable_weights] == [(3, 2), (2,)]
    paths = [path for path, _ in model.named_parameters()]
    assert paths == ["inner.a.kernel", "inner.a.bias", "inner.b.kernel", "inner.b.bias", "c.kernel", "c.bias"]
    model.trainable = True
    assert len(model.trainable_weights) == 6


def test_training_is_an_argument_of_the_call() -> None:
    model = keras.Sequential([keras.Input((50,)), layers.Dropout(0.5), layers.BatchNormalization()])
    x = np.ones((4, 50), np.float32)
    calm = model(x).numpy()
    assert not np.array_equal(model(x, training=True).numpy(), calm)
    assert not any(module.training for module in model.modules())


def test_summary_is_keras_table() -> None:
    text: list[str] = []
    model = lenet()
    model.compile("adam", "sparse_categorical_crossentropy")
    model.summary(print_fn=text.append, line_length=80)
    table = text[0]
    assert table.startswith('Model: "sequential"')
    assert "│ conv2d (Conv2D)" in table
    assert "(None, 28, 28, 6)" in table
    assert " Total params: 61,706 (241.04 KB)" in table
    assert " Trainable params: 61,706 (241.04 KB)" in table
    assert " Non-trainable params: 0 (0.00 B)" in table
    model.train_on_batch(np.zeros((2, 28, 28, 1)), [1, 2])
    model.summary(print_fn=text.append, line_length=80, show_trainable=True)
    assert " Optimizer params: 123,414 (482.09 KB)" in text[1]
    assert "Trainable" in text[1]
