"""Functions whose arguments TensorFlow 1 has in another order, by its values."""

from __future__ import annotations

import numpy as np

import gradwerk.tf.compat.v1 as tf

P = np.array([[0.1, 0.8, 0.1], [0.9, 0.05, 0.05]], np.float32)
IMAGE = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)


def run(make: object, **fed: object) -> object:
    with tf.Graph().as_default(), tf.Session() as session:
        return session.run(make())  # type: ignore[operator]  # the functions below


def test_in_top_k_takes_predictions_first() -> None:
    np.testing.assert_array_equal(run(lambda: tf.nn.in_top_k(P, [1, 2], 1)), [True, False])
    np.testing.assert_array_equal(run(lambda: tf.nn.in_top_k(predictions=P, targets=[1, 0], k=1)), [True, True])


def test_space_to_batch_takes_paddings_first_and_comes_back() -> None:
    moved = run(lambda: tf.space_to_batch(IMAGE, [[0, 0], [0, 0]], 2))
    np.testing.assert_array_equal(np.ravel(moved), [0, 1, 2, 3])
    assert np.shape(moved) == (4, 1, 1, 1)
    np.testing.assert_array_equal(run(lambda: tf.batch_to_space(moved, [[0, 0], [0, 0]], block_size=2)), IMAGE)


def test_sparse_to_dense_takes_places_shape_and_values() -> None:
    np.testing.assert_array_equal(run(lambda: tf.sparse_to_dense([1, 3], [4], 5)), [0, 5, 0, 5])
    np.testing.assert_array_equal(run(lambda: tf.sparse_to_dense([[0, 1], [1, 0]], [2, 2], [1.0, 2.0], -1.0)), [[-1, 1], [2, -1]])
    labels = np.array([2, 0])

    def one_hot() -> object:
        rows = tf.expand_dims(tf.range(tf.size(labels)), 1)
        places = tf.concat([rows, tf.expand_dims(tf.constant(labels, tf.int32), 1)], 1)
        return tf.sparse_to_dense(places, tf.stack([tf.size(labels), 3]), 1.0, 0.0)

    np.testing.assert_array_equal(run(one_hot), [[0, 0, 1], [1, 0, 0]])


def test_accumulate_n_takes_a_shape() -> None:
    np.testing.assert_array_equal(run(lambda: tf.accumulate_n([P, P], shape=[2, 3])), P + P)
