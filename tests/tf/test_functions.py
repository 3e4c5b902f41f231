"""tf.function, tf.Module, and functions of tf among those of Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk import keras


def test_a_function_is_traced_once_for_each_kind_of_arguments() -> None:
    @tf.function
    def total(x: Any, factor: float = 1.0) -> Any:
        return tf.reduce_sum(x) * factor

    found = [float(total(tf.constant(numbers), factor)) for numbers, factor in (([1.0, 2.0], 1.0), ([3.0, 4.0], 1.0), ([1.0, 2.0], 2.0))]
    assert found == [3.0, 7.0, 6.0] and total.experimental_get_tracing_count() == 2
    assert float(total(np.ones(3, np.float32))) == 3.0 and total.experimental_get_tracing_count() == 3


def test_a_training_step_is_one_function() -> None:
    weight = tf.Variable(1.0)

    @tf.function
    def step(x: Any) -> Any:
        with tf.GradientTape() as tape:
            loss = (weight * x - 3.0) ** 2
        weight.assign_sub(0.1 * tape.gradient(loss, weight))
        return loss

    losses = [float(step(tf.constant(2.0))) for _ in range(3)]
    np.testing.assert_allclose(losses, [1.0, 0.04, 0.0016], rtol=1e-5)
    assert step.experimental_get_tracing_count() == 1


def test_python_on_contents_runs_as_python_does() -> None:
    @tf.function
    def size(x: Any) -> Any:
        if x > 0:
            return x
        return -x

    assert [float(size(tf.constant(x))) for x in (-2.0, 3.0, -1.0)] == [2.0, 3.0, 1.0]


class Line(tf.Module):  # type: ignore[misc]  # the names of tf are found when asked for
    """A module whose variables are made in its first call."""

    def __init__(self) -> None:
        super().__init__(name="line")
        self.offset, self.weight = tf.Variable(1.0, name="offset"), None
        self.frozen = tf.Variable(2.0, trainable=False)

    @tf.function
    def __call__(self, x: Any) -> Any:
        if self.weight is None:
            self.weight = tf.Variable(tf.ones([2]), name="weight")
        return x * self.weight + self.offset


def test_variables_are_made_in_the_first_call_of_a_module() -> None:
    line, other = Line(), Line()
    for _ in range(2):
        assert line(tf.ones([2])).numpy().tolist() == [2.0, 2.0]
    assert [one.name for one in line.trainable_variables] == ["offset:0", "weight:0"] and line.name == "line"
    assert len(line.variables) == 3 and len(line.non_trainable_variables) == 1 and other.weight is None


def test_gradients_go_through_functions() -> None:
    square = tf.function(lambda x: x * x)
    with tf.GradientTape() as tape:
        tape.watch(x := tf.constant(3.0))
        y = square(x) * x
    assert float(tape.gradient(y, x)) == 27.0


def test_random_numbers_of_a_function_are_drawn_at_each_call() -> None:
    draw = tf.function(lambda: tf.random.normal([3]))
    tf.random.set_seed(4)
    first, second = draw().numpy(), draw().numpy()
    tf.random.set_seed(4)
    assert (draw().numpy() == first).all() and (first != second).any()


class Scaled(keras.layers.Layer):
    """A layer whose call and variable are TensorFlow's."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = tf.Variable(tf.ones([3]), name="scale")
        self.dense = keras.layers.Dense(3)

    def call(self, x: Any) -> Any:
        """Keras' layer beside TensorFlow's functions."""
        return tf.nn.relu(self.dense(x)) * self.scale + tf.reduce_mean(x, axis=-1, keepdims=True)


def test_layers_losses_and_steps_of_keras_take_functions_of_tf() -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([Scaled()])
    model.compile(keras.optimizers.SGD(0.1), lambda wanted, found: tf.reduce_mean(tf.abs(wanted - found), axis=-1))
    x, y = np.ones((8, 2), np.float32), np.zeros((8, 3), np.float32)
    losses = model.fit(x, y, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0] and len(model.trainable_variables) == 3
    found = model(tf.constant(x))
    assert isinstance(found, tf.Tensor) and found.dtype == tf.float32 and found.shape.as_list() == [8, 3]
    optimizer = keras.optimizers.Adam(0.01)
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(tf.constant(x))))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
    assert float(tf.reduce_mean(tf.square(model(tf.constant(x))))) < float(loss)


def test_a_part_of_a_variable_stays_when_the_variable_changes() -> None:
    held = tf.Variable([1.0, 2.0])
    parts = held[0], tf.reshape(held, [2, 1]), tf.identity(held), tf.convert_to_tensor(held), held.value(), tf.split(held, 2)[0]
    before = [part.numpy().copy() for part in parts]
    held.assign([7.0, 8.0])
    for part, was in zip(parts, before, strict=True):
        np.testing.assert_array_equal(part.numpy(), was)


def test_variables_are_scattered_to() -> None:
    held = tf.Variable([1.0, 2.0, 3.0])
    held.scatter_nd_update([[0], [2]], [9.0, 8.0])
    held.scatter_nd_add([[0], [0]], [1.0, 1.0])
    held.scatter_nd_sub([[1]], [2.0])
    assert held.numpy().tolist() == [11.0, 0.0, 8.0]


def test_tf_print_writes_contents(capsys: pytest.CaptureFixture[str]) -> None:
    tf.print("loss:", tf.constant([1.5, 2.0]), tf.range(9), True)
    assert capsys.readouterr().err == "loss: [1.5 2] [0 1 2 ... 6 7 8] True\n"
