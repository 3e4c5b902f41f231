"""Graphs and sessions beside TensorFlow's compat.v1, whose answers are recorded (tests/peers/tf_graph_cases.py)."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from gradwerk import tf as tf2
from tests.peers import tf_graph_cases as cases
from tests.tf.noted import tf

RECORD: dict[str, Any] = json.loads(cases.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", cases.OPTIMIZERS)
def test_optimizers_reach_what_tensorflows_reach(name: str) -> None:
    *numbers, label = cases.trained(tf, name)
    *expected, expected_label = RECORD["optimizers"][name]
    for ours, theirs in zip(numbers, expected, strict=True):
        assert np.allclose(ours, theirs, rtol=2e-5, atol=2e-5)
    assert label == expected_label


def test_nodes_are_called_as_tensorflow_calls_them() -> None:
    assert cases.names(tf) == RECORD["names"]


def test_effects_come_in_the_order_of_control_dependencies() -> None:
    assert cases.effects(tf) == RECORD["effects"]


def test_branches_and_loops_give_what_tensorflows_give() -> None:
    for ours, theirs in zip(cases.branches(tf), RECORD["branches"], strict=True):
        assert np.allclose(ours, theirs, rtol=1e-5)


def test_functions_of_elements_give_what_tensorflows_give() -> None:
    for ours, theirs in zip(cases.elements(tf), RECORD["elements"], strict=True):
        assert all(np.allclose(a, b, rtol=1e-5) for a, b in zip(ours, theirs, strict=True))


@pytest.mark.parametrize("name", cases.ERRORS)
def test_errors_are_of_tensorflows_kind(name: str) -> None:
    own = {"OpError", "OperatorNotAllowedInGraphError", "NotImplementedError"}
    expected = [kind for kind in RECORD["errors"][name] if kind not in own]
    assert expected[:1] == [] or expected[0] in cases.error(tf, name)


def test_a_missing_placeholder_is_named_with_the_fetch_and_the_line() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 3], name="x")
        y = x * 2.0
        with tf.Session() as sess, pytest.raises(Exception, match="'x' with dtype float and shape") as raised:
            sess.run(y)
    assert "fetch 'mul:0' needs it" in str(raised.value) and "test_graphs.py" in str(raised.value)


def test_fetches_are_given_back_in_their_structure() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [2], name="x")
        y, v = x + 1.0, tf.Variable([5.0, 6.0], name="v")
        with tf.Session() as sess:
            sess.run(v.initializer)
            for _ in range(3):  # interpreted, compiled, compiled again
                found = sess.run({"a": [y, (x, y.op)], "b": "v:0"}, {x: [1.0, 2.0]})
                assert found["a"][0].tolist() == [2, 3] and found["a"][1][0].tolist() == [1, 2] and found["a"][1][1] is None
                assert found["b"].tolist() == [5, 6]
                assert sess.run(y * 2.0, {y: [3.0, 4.0]}).tolist() == [6, 8]  # any tensor may be fed


def test_gradients_of_inner_values_and_of_gradients() -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [])
        y = x * x
        z = y * y * x
        (by_y,), (by_x,) = tf.gradients(z, y), tf.gradients(z, x)
        (second,) = tf.gradients(by_x, x)
        assert tf.gradients(z, tf.constant(1.0)) == [None]
        with tf.Session() as sess:
            for _ in range(3):
                assert np.allclose(sess.run([by_y, by_x, second], {x: 2.0}), [2 * 4 * 2, 5 * 16, 20 * 8])


def test_sessions_have_variables_of_their_own() -> None:
    with tf.Graph().as_default():
        v = tf.Variable(1.0)
        add = v.assign_add(1.0)
        one, other = tf.Session(), tf.Session()
        for each in (one, other):
            each.run(v.initializer)
        for _ in range(3):
            one.run(add)
        assert one.run(v) == 4.0 and other.run(v) == 1.0
        v.load(7.0, other)
        assert v.eval(other) == 7.0


def test_shapes_are_known_as_far_as_what_is_fed_leaves_them() -> None:
    with tf.Graph().as_default():
        x, w = tf.placeholder(tf.float32, [None, 3]), tf.Variable(np.zeros((3, 2), "f4"))
        y = tf.matmul(x, w)
        assert tuple(y.shape) == (None, 2) and tuple(tf.reduce_mean(y, axis=0).shape) == (2,) and tuple(tf.reduce_mean(y).shape) == ()
        anything = tf.placeholder(tf.float32)
        assert tuple(tf.reduce_mean(anything).shape) == () and (anything * 2.0).dtype == anything.dtype


def test_the_names_of_tensorflow_2_note_in_a_graph_too() -> None:
    with tf2.Graph().as_default() as graph:
        v = tf2.Variable(3.0)
        y = tf2.constant(2.0) * v
        assert isinstance(y, tf2.Tensor) and isinstance(v, tf2.Variable) and isinstance(tf2.group(y), tf2.Operation)
        (slope,) = tf2.gradients(y, v)
    with tf.Session(graph=graph) as sess:
        sess.run(v.initializer)
        assert sess.run([y, slope]) == [6.0, 2.0]
    assert float(tf2.Variable(3.0) * 2.0) == 6.0
