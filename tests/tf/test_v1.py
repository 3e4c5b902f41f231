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


@pytest.mark.parametrize("name", [name for name in cases.LOSSES if name != "hinge_loss" and "cross" not in name])
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
