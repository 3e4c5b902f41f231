"""tf.GradientTape, against derivatives written out."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import Tensor, keras, tf
from gradwerk.base.errors import ArgumentTypeError, StateError


def test_variables_are_watched_and_others_when_told() -> None:
    v, x = keras.layers.Layer().add_weight(shape=(2,), initializer="ones"), Tensor([3.0, 4.0])
    with tf.GradientTape() as tape:
        loss = (v * x).sum()
    assert np.array_equal(tape.gradient(loss, v), [3, 4])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = (v * x * x).sum()
    gradients = tape.gradient(loss, {"v": v, "x": x})
    assert np.array_equal(gradients["v"], [9, 16]) and np.array_equal(gradients["x"], [6, 8])
    y = Tensor([3.0])
    with tf.GradientTape() as tape:
        loss = (v * y).sum()
    assert tape.gradient(loss, y) is None
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        loss = (v * y).sum()
    assert tape.gradient(loss, v) is None


def test_zeros_for_what_is_not_connected_and_sums_of_targets() -> None:
    x = Tensor([1.0, 2.0])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        a, b = x * 2, x * x
    assert np.array_equal(tape.gradient([a, b], x), [4, 6])
    assert np.array_equal(tape.gradient(b, x, output_gradients=Tensor([10.0, 1.0])), [20, 4])
    assert np.array_equal(tape.gradient(a, Tensor([5.0]), unconnected_gradients=tf.UnconnectedGradients.ZERO), [0])
    assert tape.gradient(a, Tensor([5.0])) is None


def test_tapes_in_tapes_give_second_derivatives() -> None:
    x = Tensor(3.0)
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        slope = inner.gradient(y, x)
    assert float(slope) == 27 and float(outer.gradient(slope, x)) == 18


def test_jacobians() -> None:
    x = Tensor([[1.0, 2.0], [3.0, 4.0]])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        y = x * x * Tensor([1.0, 10.0])
    whole = np.zeros((2, 2, 2, 2))
    for i in range(2):
        for j in range(2):
            whole[i, j, i, j] = 2 * float(x[i, j]) * (1, 10)[j]
    assert np.array_equal(tape.jacobian(y, x), whole)
    assert np.array_equal(tape.batch_jacobian(y, x), np.stack([whole[0, :, 0], whole[1, :, 1]]))
    assert tape.jacobian(y, Tensor([1.0])) is None


def test_a_tape_gives_one_gradient_unless_it_is_persistent() -> None:
    x = Tensor(2.0)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = x * x
    assert float(tape.gradient(y, x)) == 4
    with pytest.raises(StateError, match="non-persistent") as error:
        tape.gradient(y, x)
    assert error.value.likely == "GradientTape(persistent=True)"


def test_what_is_refused() -> None:
    tape = tf.GradientTape()
    with pytest.raises(StateError, match="outside of the tape's block"):
        tape.watch(Tensor(1.0))
    with tape:
        tape.watch(whole := Tensor([1]))  # told, and left out, as in TensorFlow
    assert tape.gradient(whole, whole) is None and not whole.requires_grad
    tape = tf.GradientTape()
    with pytest.raises(ArgumentTypeError, match="takes Tensors, not a float"):
        tape.gradient(1.0, Tensor(1.0))
    with tape, pytest.raises(StateError, match="still recording"), tape:
        pass


def test_a_step_of_a_keras_model_with_a_tape_is_that_of_fit() -> None:
    x, y = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32), np.zeros((8, 1), np.float32)
    results = []
    for by_hand in (True, False):
        keras.utils.set_random_seed(1)
        model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "tanh"), keras.layers.Dense(1)])
        optimizer = keras.optimizers.SGD(0.1)
        if by_hand:
            with tf.GradientTape() as tape:
                loss = keras.losses.MeanSquaredError()(y, model(x, training=True))
            optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True))
        else:
            model.compile(optimizer, "mse")
            model.fit(x, y, batch_size=8, verbose=0)
        results.append(model.get_weights())
    for ours, fitted in zip(*results, strict=True):
        np.testing.assert_allclose(ours, fitted, rtol=1e-6)
