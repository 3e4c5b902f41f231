"""Numbers at special points, by TensorFlow 2.21's values: ties, zeros, no numbers, nothing at all, labels and sizes that do not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.tf as tf

# ruff: noqa: E731  functions of one line are the cases
NAN, INF = float("nan"), float("inf")


def gradients(function: Callable[..., Any], *values: Any) -> list[Any]:
    """The gradients of the sum of a function's results by its arguments."""
    given = [tf.constant(value, tf.float32) for value in values]
    with tf.GradientTape() as tape:
        for one in given:
            tape.watch(one)
        found = function(*given)
    return [one.numpy() for one in tape.gradient(found, given)]


def crossed(x: Any) -> Any:
    return tf.nn.sigmoid_cross_entropy_with_logits([0.3, 0.7], x)


GRADIENTS: dict[str, tuple[Callable[..., Any], list[Any], list[Any]]] = {
    "maximum": (tf.maximum, [[0.0, 1.0, -1.0], [0.0, 1.0, 2.0]], [[1, 1, 0], [0, 0, 1]]),
    "minimum": (tf.minimum, [[0.0, 1.0, -1.0], [0.0, 1.0, 2.0]], [[1, 1, 1], [0, 0, 0]]),
    "maximum of a number": (lambda x: tf.maximum(x, 0.0), [[0.0, 1.0, -1.0]], [[1, 1, 0]]),
    "clip_by_value": (tf.clip_by_value, [[0.0, 1.0, 0.5, 2.0], 0.0, 1.0], [[1, 1, 1, 0], 0, 1]),
    "pow": (tf.pow, [[0.0, 2.0, -2.0], [2.0, 3.0, 2.0]], [[0, 12, -4], [0, 5.5451775, 0]]),
    "**": (lambda x, y: x**y, [[0.0, 2.0, -2.0], [2.0, 3.0, 2.0]], [[0, 12, -4], [0, 5.5451775, 0]]),
    "selu": (tf.nn.selu, [[0.0, 1.0, -1.0]], [[1.050701, 1.050701, 0.64676857]]),
    "sigmoid_cross_entropy_with_logits": (crossed, [[0.0, -1000.0]], [[0.2, -0.7]]),
}


@pytest.mark.parametrize("name", GRADIENTS)
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "function"])
def test_gradients_at_special_points_are_tensorflows(name: str, compiled: bool) -> None:  # noqa: FBT001  a parameter of the test
    function, values, wanted = GRADIENTS[name]
    found = gradients(tf.function(function) if compiled else function, *values)
    for one, other in zip(found, wanted, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-6)


F64, F32, I32 = "float64", "float32", "int32"
VALUES: dict[str, tuple[Callable[[], Any], str, Any]] = {
    "sign": (lambda: tf.sign([NAN, -2.0, 0.0]), F32, [NAN, -1, 0]),
    "max of NaN": (lambda: tf.maximum([NAN, 1.0], [1.0, NAN]), F32, [NAN, NAN]),
    "min of NaN": (lambda: tf.minimum([NAN, 1.0], [1.0, NAN]), F32, [NAN, NAN]),
    "max of nothing": (lambda: tf.reduce_max(np.zeros((0, 3), np.float32), 0), F32, [-INF] * 3),
    "min of nothing": (lambda: tf.reduce_min(np.zeros((0, 3), np.float32)), F32, INF),
    "whole max of nothing": (lambda: tf.reduce_max(np.zeros((2, 0), np.int32), -1, keepdims=True), I32, [[-(2**31)]] * 2),
    "logsumexp of nothing": (lambda: tf.reduce_logsumexp(np.zeros((0, 2), np.float32), 0), F32, [-INF, -INF]),
    "exclusive logsumexp": (lambda: tf.math.cumulative_logsumexp([1.0, 1.0], exclusive=True), F32, [-INF, 1]),
    "relu6 of whole numbers": (lambda: tf.nn.relu6([-3, 3, 9]), I32, [0, 3, 6]),
    "map of nothing": (lambda: tf.map_fn(lambda x: tf.cast(x, tf.int32), np.zeros((0, 2), np.float32)), I32, np.zeros((0, 2))),
    "stack of numbers": (lambda: tf.stack([1, 2.5]), F32, [1, 2.5]),
    "a wider bitcast": (lambda: tf.bitcast([[1.0, 2.0]], tf.float64), F64, [2.00000047]),
    "a narrower bitcast": (lambda: tf.bitcast(tf.constant([1], tf.int64), tf.int32), I32, [[1, 0]]),
    "a bitcast without axes": (lambda: tf.bitcast(1.0, tf.int32), I32, 1065353216),
    "NumPy's whole numbers": (lambda: tf.constant([np.int64(1), 2]), I32, [1, 2]),
    "NumPy's arrays of them": (lambda: tf.constant([np.array([1, 2]), [3, 4]]), I32, [[1, 2], [3, 4]]),
    "NumPy's large ones": (lambda: tf.constant([np.int64(2**40)]), "int64", [2**40]),
    "a double first": (lambda: tf.constant([np.float64(1), np.float32(2)]), F64, [1, 2]),
    "a number first": (lambda: tf.constant([1.5, np.float64(2)]), F32, [1.5, 2]),
    "a float first": (lambda: tf.constant([np.array([1, 2], np.float32), np.array([3.0, 4.0])]), F32, [[1, 2], [3, 4]]),
    "a half first": (lambda: tf.constant([np.float16(1), np.float32(2)]), "float16", [1, 2]),
    "a text": (lambda: tf.constant("a") == "a", "bool", True),
    "a number to a power": (lambda: 2 ** tf.constant([1, 2]), I32, [2, 4]),
}


@pytest.mark.parametrize("name", VALUES)
def test_values_at_special_points_are_tensorflows(name: str) -> None:
    make, dtype, wanted = VALUES[name]
    found = make()
    assert found.dtype.name == dtype
    np.testing.assert_array_equal(found.numpy(), np.asarray(wanted, dtype) if dtype != F64 else found.numpy())
    np.testing.assert_allclose(np.asarray(found.numpy(), float), np.asarray(wanted, float), rtol=1e-6)


REFUSED: dict[str, Callable[[], Any]] = {
    "a label too large": lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([3], [[1.0, 2.0, 3.0]]),
    "a label below 0": lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([-1], [[1.0, 2.0, 3.0]]),
    "a label of floats": lambda: tf.nn.sparse_softmax_cross_entropy_with_logits([0.0], [[1.0, 2.0, 3.0]]),
    "a segment too large": lambda: tf.math.unsorted_segment_sum([1, 2], [0, 2], 2),
    "counting below 0": lambda: tf.math.bincount([-1, 1]),
    "no permutation": lambda: tf.math.invert_permutation([2, 2, 1]),
    "a mirror too large": lambda: tf.pad([1.0, 2.0], [[3, 0]], "SYMMETRIC"),
    "a reflection too large": lambda: tf.pad([1.0, 2.0], [[2, 0]], "REFLECT"),
    "steps of 0": lambda: tf.constant([1.0, 2.0])[1:0:0],
    "an output that is none": lambda: tf.nn.conv2d_transpose(tf.ones([1, 3, 3, 1]), tf.ones([2, 2, 1, 1]), [1, 9, 6, 1], 2),
    "a bitcast of odd size": lambda: tf.bitcast([1.0, 2.0, 3.0], tf.float64),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_has_no_value_is_refused_and_never_counted_as_0(name: str) -> None:
    with pytest.raises(tf.errors.InvalidArgumentError):
        REFUSED[name]()


def test_a_label_that_is_no_class_is_nan_in_a_compiled_function() -> None:
    loss = tf.function(tf.nn.sparse_softmax_cross_entropy_with_logits)
    found = loss(tf.constant([3, 0, -1]), tf.constant([[0.0, 0.0, 0.0]] * 3)).numpy()
    np.testing.assert_allclose(found, [NAN, np.log(3), NAN], rtol=1e-6)


def test_a_ragged_tensor_is_named_where_none_is_taken() -> None:
    with pytest.raises(ValueError, match="ragged"):
        tf.sort(tf.ragged.constant([[1], []]))


@pytest.mark.parametrize("size", [5, 6])
@pytest.mark.parametrize("window", [2, 3, 4, 5])
@pytest.mark.parametrize("padding", ["SAME", "VALID"])
def test_a_transposed_convolution_is_the_gradient_of_the_convolution_that_gives_its_input(size: int, window: int, padding: str) -> None:
    random = np.random.default_rng(size * 10 + window)
    image = tf.constant(random.normal(size=(1, size, size, 2)), tf.float32)
    kernel = tf.constant(random.normal(size=(window, window, 2, 3)), tf.float32)
    with tf.GradientTape() as tape:
        tape.watch(image)
        result = tf.nn.conv2d(image, kernel, 2, padding)
    above = tf.constant(random.normal(size=tuple(result.shape)), tf.float32)
    wanted = tape.gradient(result, image, output_gradients=above)
    found = tf.nn.conv2d_transpose(above, kernel, [1, size, size, 2], 2, padding)
    np.testing.assert_allclose(found.numpy(), wanted.numpy(), rtol=1e-4, atol=1e-5)


DIAGONALS: dict[str, tuple[dict[str, int], list[list[float]]]] = {
    "rows": ({"num_rows": 3}, [[1, 9], [9, 2], [9, 9]]),
    "columns": ({"num_cols": 3}, [[1, 9, 9], [9, 2, 9]]),
    "above": ({"k": 1}, [[9, 1, 9], [9, 9, 2], [9, 9, 9]]),
    "below, two columns": ({"k": -1, "num_cols": 2}, [[9, 9], [1, 9], [9, 2]]),
}


@pytest.mark.parametrize("name", DIAGONALS)
def test_a_matrix_of_a_diagonal_has_the_extents_and_the_padding_that_are_asked(name: str) -> None:
    options, wanted = DIAGONALS[name]
    np.testing.assert_array_equal(tf.linalg.diag([1.0, 2.0], padding_value=9.0, **options).numpy(), wanted)


def test_diagonals_that_do_not_fit_and_bands_are_refused() -> None:
    for options in ({"num_rows": 1}, {"num_rows": 3, "num_cols": 3}, {"k": (0, 1)}):
        with pytest.raises(tf.errors.InvalidArgumentError):
            tf.linalg.diag([1.0, 2.0], **options)


def test_a_picture_stands_in_the_middle_as_tensorflow_counts_it() -> None:
    found = tf.image.resize_with_pad(tf.ones([1, 4, 2, 1]), 3, 3).numpy()
    np.testing.assert_array_equal(found[0, :, :, 0], [[1, 0, 0]] * 3)
