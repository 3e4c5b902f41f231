"""Iterators of TensorFlow 1, summaries, records and files by its names."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.tf.compat.v1 as tf


def session() -> Any:
    return tf.Session()


def all_of(run: Any, fetches: Any) -> list[Any]:
    found: list[Any] = []
    with pytest.raises(tf.errors.OutOfRangeError):
        while len(found) < 20:
            found += [run(fetches)]
    return found


def test_an_iterator_of_one_shot() -> None:
    with tf.Graph().as_default(), session() as sess:
        data = tf.data.Dataset.from_tensor_slices((np.arange(4, dtype=np.float32), ["a", "b", "c", "d"])).batch(2)
        x, text = tf.data.make_one_shot_iterator(data).get_next()
        found = all_of(sess.run, [x * 2.0, text])
    assert [one.tolist() for one, _ in found] == [[0.0, 2.0], [4.0, 6.0]]
    assert [one.tolist() for _, one in found] == [[b"a", b"b"], [b"c", b"d"]]


def test_an_iterator_begins_anew_with_what_is_fed() -> None:
    with tf.Graph().as_default(), session() as sess:
        values = tf.placeholder(tf.float32, [None, 2])
        iterator = tf.data.Dataset.from_tensor_slices({"x": values}).batch(2).make_initializable_iterator()
        following = iterator.get_next()["x"]
        with pytest.raises(tf.errors.FailedPreconditionError, match="initialize"):
            sess.run(following)
        for rows in (3, 1):
            sess.run(iterator.initializer, {values: np.ones((rows, 2))})
            assert sum(len(one) for one in all_of(sess.run, following)) == rows


def test_an_iterator_of_two_data_sets() -> None:
    with tf.Graph().as_default(), session() as sess:
        first, second = tf.data.Dataset.range(2), tf.data.Dataset.range(5, 8)
        iterator = tf.data.Iterator.from_structure(first.output_types, first.output_shapes)
        following, begin, other = iterator.get_next(), iterator.make_initializer(first), iterator.make_initializer(second)
        sess.run(begin)
        assert [int(one) for one in all_of(sess.run, following)] == [0, 1]
        sess.run(other)
        assert [int(one) for one in all_of(sess.run, following)] == [5, 6, 7]


def test_names_of_files(tmp_path: Path) -> None:
    path = str(tmp_path / "r")
    with tf.python_io.TFRecordWriter(path, tf.python_io.TFRecordOptions(tf.python_io.TFRecordCompressionType.GZIP)) as file:
        file.write(b"one")
    assert list(tf.python_io.tf_record_iterator(path, tf.python_io.TFRecordOptions("GZIP"))) == [b"one"]
    assert tf.gfile.Exists(path)
    assert tf.gfile.ListDirectory(str(tmp_path)) == ["r"]
    with tf.gfile.FastGFile(path, "rb") as held:
        assert held.read()[:2] == b"\x1f\x8b"


def test_a_queue_by_its_name_of_version_1() -> None:
    with tf.Graph().as_default(), session() as sess:
        queue = tf.FIFOQueue(2, tf.int32, ())
        put, taken = queue.enqueue(7), queue.dequeue()
        thread = threading.Thread(target=lambda: sess.run(put), daemon=True)
        thread.start()
        assert int(sess.run(taken)) == 7
        thread.join(20)
        assert not thread.is_alive()


def test_merged_summaries(tmp_path: Path) -> None:
    with tf.Graph().as_default() as graph, session() as sess:
        tf.summary.scalar("loss", tf.constant(1.5))
        merged = tf.summary.merge_all()
        writer = tf.summary.FileWriter(str(tmp_path), graph)
        writer.add_summary(sess.run(merged), 1)
        writer.close()
    (file,) = tmp_path.iterdir()
    assert b"loss" in file.read_bytes()


@pytest.mark.parametrize("shuffled", [False, True])
def test_threads_fill_batches(shuffled: bool) -> None:
    with tf.Graph().as_default(), session() as sess:
        number, text = tf.train.slice_input_producer([np.arange(6, dtype=np.int32), list("abcdef")], num_epochs=1, shuffle=shuffled, seed=1)
        taken = (
            tf.train.shuffle_batch([number, text], 2, capacity=8, min_after_dequeue=2, seed=1)
            if shuffled else tf.train.batch([number, text], 2, capacity=8)
        )  # fmt: skip
        coord = tf.train.Coordinator()
        threads = tf.train.start_queue_runners(sess, coord)
        found = all_of(sess.run, taken)
        coord.request_stop()
        coord.join(threads, stop_grace_period_secs=20)
    pairs = [(int(number), text.decode()) for numbers, texts in found for number, text in zip(numbers, texts, strict=True)]
    assert sorted(pairs) == list(enumerate("abcdef"))
    assert shuffled or pairs == sorted(pairs)
