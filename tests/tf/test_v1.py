"""tf.compat.v1 beside TensorFlow's, whose answers are recorded (tests/peers/tf_v1_cases.py)."""

from __future__ import annotations

import gzip
import json
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.tf.compat.v1 as tf
from gradwerk.base.errors import GradwerkError
from gradwerk.tf.compat.v1 import flags as flags_module
from gradwerk.tf.compat.v1.examples.tutorials.mnist import input_data
from tests.aliases.running import run
from tests.peers import tf_v1_cases as cases

RECORD: dict[str, Any] = json.loads(cases.RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", cases.RATES)
def test_rates_decay_as_tensorflows_do(name: str) -> None:
    assert np.allclose(cases.rates(tf, name), RECORD["rates"][name], rtol=1e-5)


def test_means_over_steps_are_tensorflows() -> None:
    found, *names = cases.averages(tf)
    expected, *expected_names = RECORD["averages"]
    for ours, theirs in zip(found, expected, strict=True):
        assert all(np.allclose(a, b, rtol=1e-5) for a, b in zip(ours, theirs, strict=True))
    assert names == expected_names


@pytest.mark.parametrize("name", cases.METRICS)
def test_metrics_over_runs_are_tensorflows(name: str) -> None:
    assert np.allclose(cases.metrics(tf, name), RECORD["metrics"][name], rtol=1e-5)


@pytest.mark.parametrize("name", list(cases.LOSSES))
def test_losses_are_weighed_and_reduced_as_tensorflows(name: str) -> None:
    for ours, theirs in zip(cases.losses(tf, name), RECORD["losses"][name], strict=True):
        assert np.allclose(ours, theirs, rtol=2e-5, atol=1e-6)


def test_checkpoints_are_kept_found_and_read(tmp_path: Path) -> None:
    with tf.Graph().as_default():
        v, w = tf.Variable([1.0, 2.0], name="v"), tf.Variable(3, name="w")
        saver, change = tf.train.Saver(max_to_keep=2), tf.group(v.assign_add([1.0, 1.0]), w.assign_add(1))
        with tf.Session() as sess:
            with pytest.raises(GradwerkError, match="uninitialized value v"):
                saver.save(sess, tmp_path / "model.ckpt")
            sess.run(tf.global_variables_initializer())
            for _ in range(3):
                sess.run(change)
                last = saver.save(sess, str(tmp_path / "model.ckpt"), global_step=w)
        assert last == str(tmp_path / "model.ckpt-6") == tf.train.latest_checkpoint(str(tmp_path))
        state = tf.train.get_checkpoint_state(str(tmp_path))
        assert state.all_model_checkpoint_paths == [str(tmp_path / f"model.ckpt-{n}") for n in (5, 6)]
        assert not tf.train.checkpoint_exists(str(tmp_path / "model.ckpt-4"))
        with tf.Session() as sess:
            saver.restore(sess, last)
            assert sess.run([v, w])[0].tolist() == [4, 5] and sess.run(w) == 6
        assert tf.train.list_variables(str(tmp_path)) == [("v", [2]), ("w", [])]
    with tf.Graph().as_default():
        tf.Variable([1.0, 2.0], name="other")
        with tf.Session() as sess, pytest.raises(GradwerkError, match="Key other not found in checkpoint"):
            tf.train.Saver().restore(sess, last)
    with tf.Graph().as_default():
        tf.Variable([1.0, 2.0, 3.0], name="v")
        with tf.Session() as sess, pytest.raises(GradwerkError, match="shapes of both tensors"):
            tf.train.Saver().restore(sess, last)


def test_a_monitored_session_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    def train() -> list[int]:
        with tf.Graph().as_default():
            step = tf.train.get_or_create_global_step()
            w = tf.Variable(5.0, name="w")
            op = tf.train.GradientDescentOptimizer(0.1).minimize(w * w, global_step=step)
            seen = []
            hooks = [tf.train.StopAtStepHook(num_steps=3)]
            with tf.train.MonitoredTrainingSession(checkpoint_dir=str(tmp_path), hooks=hooks) as sess:
                while not sess.should_stop():
                    seen.append(int(sess.run([op, step])[1]))
            return seen

    assert len(train()) == len(train()) == 3
    assert tf.train.latest_checkpoint(str(tmp_path)) == str(tmp_path / "model.ckpt-6")


def test_flags_are_read_from_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    fresh = flags_module.FlagValues()
    monkeypatch.setattr(flags_module, "FLAGS", fresh)
    flags_module.DEFINE_string("name", "x", "a text")
    flags_module.DEFINE_integer("steps", 5, "100% of them")
    flags_module.DEFINE_float("rate", 0.5)
    flags_module.DEFINE_boolean("fast", True)
    assert fresh(["prog", "--steps=7", "--nofast", "rest", "--name", "y"]) == ["prog", "rest"]
    assert (fresh.steps, fresh.fast, fresh.name, fresh.rate) == (7, False, "y", 0.5)
    with pytest.raises(AttributeError, match="no flag 'other'"):
        _ = fresh.other


def test_python_in_the_midst_of_a_graph(capfd: pytest.CaptureFixture[str]) -> None:
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None])
        (doubled,) = tf.py_func(lambda a: a * 2 if a.sum() else a, [x], [tf.float32])
        doubled.set_shape([None])
        said = tf.Print(doubled + 1.0, [doubled], "doubled: ")
        with tf.Session() as sess:
            for _ in range(3):
                assert sess.run(said * 2.0, {x: [1.0, 2.0]}).tolist() == [6, 10]
    assert capfd.readouterr().err == "doubled: [2.0 4.0]\n" * 3


def test_mnist_is_read_from_its_own_files_and_given_in_batches(tmp_path: Path) -> None:
    for name, count in (("train", 7), ("t10k", 3)):
        images = np.arange(count * 784, dtype=np.uint32).astype(np.uint8)
        with gzip.open(tmp_path / f"{name}-images-idx3-ubyte.gz", "wb") as file:
            file.write(struct.pack(">IIII", 2051, count, 28, 28) + images.tobytes())
        with gzip.open(tmp_path / f"{name}-labels-idx1-ubyte.gz", "wb") as file:
            file.write(struct.pack(">II", 2049, count) + bytes(range(count)))
    data = input_data.read_data_sets(str(tmp_path), one_hot=True, validation_size=2)
    assert (data.train.num_examples, data.validation.num_examples, data.test.num_examples) == (5, 2, 3)
    seen = []
    for _ in range(5):
        x, y = data.train.next_batch(2)
        assert x.shape == (2, 784) and x.dtype == np.float32 and x.max() <= 1 and y.shape == (2, 10)
        seen += y.argmax(1).tolist()
    assert sorted(seen[:5]) == sorted(seen[5:]) == [2, 3, 4, 5, 6] and data.train.epochs_completed == 1


def test_layers_make_variables_of_tensorflows_names_and_compute_what_they_say() -> None:
    data = np.random.RandomState(0).rand(4, 6, 6, 2).astype("f4")
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 6, 6, 2])
        h = tf.layers.conv2d(x, 3, 3, padding="same", activation=tf.nn.relu)
        pooled = tf.layers.max_pooling2d(h, 2, 2)
        flat = tf.layers.flatten(pooled)
        out = tf.layers.dense(flat, 5, name="out", kernel_regularizer=tf.contrib.layers.l2_regularizer(0.5))
        again = tf.layers.dense(flat, 5, name="out", reuse=True)
        normal = tf.layers.batch_normalization(h, training=True)
        updates = tf.get_collection(tf.GraphKeys.UPDATE_OPS)
        (penalty,) = tf.losses.get_regularization_losses()
        assert [v.name for v in tf.trainable_variables()] == [
            "conv2d/kernel:0", "conv2d/bias:0", "out/kernel:0", "out/bias:0", "batch_normalization/gamma:0", "batch_normalization/beta:0",
        ]  # fmt: skip
        assert flat.shape.as_list() == [None, 27] and len(updates) == 2
        kernel, mean = tf.trainable_variables()[2], tf.global_variables()[-2]
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(2):
                a, b, f, k, n, values, loss = sess.run([out, again, flat, kernel, normal, h, penalty], {x: data})
                assert np.array_equal(a, b) and np.allclose(a, f @ k, atol=1e-5) and np.isclose(loss, 0.25 * (k * k).sum(), rtol=1e-5)
                assert np.allclose(n, (values - values.mean((0, 1, 2))) / np.sqrt(values.var((0, 1, 2)) + 1e-3), atol=1e-4)
            sess.run(updates, {x: data})
            assert np.allclose(sess.run(mean), 0.01 * values.mean((0, 1, 2)), atol=1e-6)


def _sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


def test_recurrent_networks_are_the_same_step_by_step_and_as_a_loop() -> None:
    data = np.random.RandomState(0).randn(2, 5, 3).astype("f4")
    with tf.Graph().as_default():
        x = tf.placeholder(tf.float32, [None, 5, 3])
        cell = tf.nn.rnn_cell.BasicLSTMCell(4, name="cell")
        outputs, last = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32)
        steps, ended = tf.contrib.rnn.static_rnn(cell, tf.unstack(x, 5, 1), dtype=tf.float32)
        short, held = tf.nn.dynamic_rnn(cell, x, dtype=tf.float32, sequence_length=[2, 5])
        assert [v.name for v in tf.trainable_variables()] == ["rnn/cell/kernel:0", "rnn/cell/bias:0"]
        by_loop, by_steps = (tf.gradients(tf.reduce_sum(y * y), tf.trainable_variables()) for y in (outputs, tf.stack(steps, 1)))
        with tf.Session() as sess:
            sess.run(tf.global_variables_initializer())
            for _ in range(3):
                a, b, one, other, cut, c_end = sess.run([outputs, tf.stack(steps, 1), by_loop, by_steps, short, held.c], {x: data})
                assert np.allclose(a, b, atol=1e-6) and all(np.allclose(g, h, atol=1e-4) for g, h in zip(one, other, strict=True))
                assert np.allclose(cut[0, :2], a[0, :2], atol=1e-6) and not cut[0, 2:].any() and np.allclose(cut[1], a[1], atol=1e-6)
            kernel, bias = sess.run(tf.trainable_variables())
            assert all(np.allclose(h, a[:, -1], atol=1e-6) for h in sess.run([last.h, ended.h], {x: data}))
    c = h = np.zeros((2, 4))
    for at in range(5):
        i, j, f, o = np.split(np.concatenate([data[:, at], h], 1) @ kernel + bias, 4, 1)
        c = _sigmoid(f + 1) * c + _sigmoid(i) * np.tanh(j)
        h = _sigmoid(o) * np.tanh(c)
        assert np.allclose(a[:, at], h, atol=1e-5)
    assert np.allclose(c_end[1], c[1], atol=1e-5)


def test_a_shape_that_is_computed_is_known_as_far_as_it_can_be() -> None:
    with tf.Graph().as_default():
        x, n = tf.placeholder(tf.float32, [None, 8]), tf.placeholder(tf.int32, [])
        five, six = (tf.zeros(tf.stack([tf.shape(x)[0], width])) for width in (5, 6))
        made = [five, tf.zeros([n, 3]), six, tf.random_normal(tf.shape(x))]
        assert [each.shape.as_list() for each in made] == [[None, 5], [None, 3], [None, 6], [None, 8]]
        with tf.Session() as sess:
            for _ in range(3):
                assert [each.shape for each in sess.run(made, {x: np.ones((2, 8)), n: 4})] == [(2, 5), (4, 3), (2, 6), (2, 8)]


def test_draws_follow_the_seeds_of_graph_and_operation_in_each_session_anew() -> None:
    with tf.Graph().as_default():
        tf.set_random_seed(3)
        x = tf.random_normal([4], seed=1)
        with tf.Session() as one, tf.Session() as other:
            first = [one.run(x).tolist() for _ in range(4)]
            assert first == [other.run(x).tolist() for _ in range(4)] and len({str(each) for each in first}) == 4


OLD = """
import tensorflow as tf
x = tf.placeholder(tf.float32, [])
print(tf.Session().run(x + 1, {x: 2.0}), tf.executing_eagerly())
"""
NEW = """
import tensorflow as tf
print(float(tf.constant(1.0) + 1), tf.executing_eagerly())
"""


def test_a_script_of_tensorflow_1_runs_as_it_is(tmp_path: Path) -> None:
    done = run(tmp_path, OLD)
    assert done.stdout == "3.0 False\n" and "written for TensorFlow 1 (tf.placeholder)" in done.stderr
    done = run(tmp_path, NEW)
    assert done.stdout == "2.0 True\n" and not done.stderr
