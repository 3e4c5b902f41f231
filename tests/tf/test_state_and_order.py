"""State of sessions and functions: what is fed, what is written later, what the host does anew in each call."""

from __future__ import annotations

import operator
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, StateError
from gradwerk.tf.compat import v1
from gradwerk.tf.queues.store import Fifo, Ranked, Shuffled, Store


def test_what_is_fed_for_a_variable_is_what_its_reads_give() -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        v = v1.Variable([1.0, 2.0])
        doubled, again = v * 2.0, v1.cond(v1.constant(value=True), lambda: v + 1.0, lambda: v + 0.0)
        sess.run(v.initializer)
        for _ in range(3):  # interpreted, compiled, kept
            found = sess.run([doubled, again, v], {v: [7.0, 8.0]})
            np.testing.assert_array_equal(found, [[14.0, 16.0], [8.0, 9.0], [7.0, 8.0]])
            np.testing.assert_array_equal(sess.run(doubled), [2.0, 4.0])


def test_a_tuple_of_tensors_is_fed_by_a_tuple() -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        state = v1.nn.rnn_cell.LSTMStateTuple(v1.placeholder(v1.float32, [2]), v1.placeholder(v1.float32, [2]))
        other = v1.placeholder(v1.float32, [])
        total = state.c * 10.0 + state.h + other
        one, two = np.ones(2), np.full(2, 2.0)
        for given in (v1.nn.rnn_cell.LSTMStateTuple(one, two), (one, two), [one, two]):
            np.testing.assert_array_equal(sess.run(total, {state: given, other: 0.5}), [12.5, 12.5])
        with pytest.raises(ArgumentError, match="Key had 2 elements, but value had 3 parts"):
            sess.run(total, {state: (one, one, one), other: 0.5})


GIVEN = {
    "constant": v1.constant, "variable": lambda x: v1.Variable(x, name="held"), "operand": lambda x: v1.constant([0.0] * 3) + x,
    "product": lambda x: v1.matmul(v1.ones([1, 1]), x.reshape(1, 3))[0], "list": lambda x: v1.concat([v1.zeros([0]), x], 0),
    "initializer": lambda x: v1.get_variable("named", initializer=x), "default": lambda x: v1.placeholder_with_default(x, [3]),
}  # fmt: skip


@pytest.mark.parametrize("name", GIVEN)
def test_an_array_that_is_written_later_stays_what_it_was_in_the_graph(name: str) -> None:
    x = np.ones(3, np.float32)
    with v1.Graph().as_default(), v1.Session() as sess:
        made = GIVEN[name](x)
        x[:] = 7.0
        sess.run(v1.global_variables_initializer())
        np.testing.assert_array_equal(sess.run(made), np.ones(3))


def test_assert_is_an_operation_in_graphs_that_others_depend_on() -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(v1.float32, [])
        v = v1.Variable(0.0)
        with v1.control_dependencies([v1.Assert(x < 3.0, [x])]):
            changed = v1.assign_add(v, x)
        sess.run(v.initializer)
        for _ in range(3):
            sess.run(changed, {x: 2.0})
        with pytest.raises(tf.errors.InvalidArgumentError, match="assertion failed"):
            sess.run(changed, {x: 5.0})
        assert sess.run(v) == 6.0


def test_functions_of_branches_and_loops_are_noted_under_the_names_of_both_versions() -> None:
    with tf.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(v1.int32, [])
        found = [
            tf.cond(x > 1, lambda: x * 2, lambda: x), tf.case([(x > 5, lambda: x * 0), (x > 1, lambda: x + 1)], lambda: x),
            tf.while_loop(lambda i: i < 20, lambda i: [i * 2], [x])[0], tf.foldl(lambda a, b: a + b, tf.range(4) + x),
            tf.map_fn(lambda a: a * x, tf.range(3)), tf.scan(lambda a, b: a + b, tf.range(3) + x),
            tf.switch_case(x, [lambda: x, lambda: x + 5]),
        ]  # fmt: skip
        one, three = sess.run(found, {x: 1}), sess.run(found, {x: 3})
    for got, want in zip(one, (1, 1, 32, 10, [0, 1, 2], [1, 3, 6], 6), strict=True):
        np.testing.assert_array_equal(got, want)
    for got, want in zip(three, (6, 4, 24, 18, [0, 3, 6], [3, 7, 12], 8), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_function_of_python_gives_the_dtype_that_was_said() -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        cut = v1.py_func(lambda x: np.float64(x) + 0.7, [v1.constant(1.0)], v1.int32)
        with pytest.raises(tf.errors.InvalidArgumentError, match="is double, but expects int32"):
            sess.run(cut)
        fewer = v1.py_func(lambda x: [x], [v1.constant(1.0)], [v1.float32, v1.float32])
        with pytest.raises(tf.errors.InvalidArgumentError, match="returns 1 values, but expects to see 2"):
            sess.run(fewer)


@pytest.mark.parametrize("way", [operator.iadd, operator.isub, operator.imul, operator.itruediv])
def test_a_variable_is_not_replaced_by_a_tensor(way: object) -> None:
    v = tf.Variable([1.0, 2.0])
    with pytest.raises(StateError, match="is not supported"):
        way(v, 1.0)  # type: ignore[operator]
    np.testing.assert_array_equal(v.numpy(), [1.0, 2.0])


def _iterator(folder: Path) -> object:
    held = iter(tf.data.Dataset.range(9))
    return lambda: next(held)


def _get_next(folder: Path) -> object:
    held = iter(tf.data.Dataset.range(9))
    return lambda: held.get_next()


def _single(folder: Path) -> object:
    counted = iter(range(9))
    data = tf.data.Dataset.from_generator(lambda: iter([next(counted)]), output_types=tf.int64)
    return lambda: data.get_single_element()


def _dequeued(folder: Path) -> object:
    queue = tf.queue.FIFOQueue(9, [tf.int64], [[]])
    for k in range(9):
        queue.enqueue(tf.constant(k, tf.int64))
    return lambda: queue.dequeue()


def _file(folder: Path) -> object:
    file, count = folder / "text", [0]

    def read() -> object:
        return tf.strings.to_number(tf.io.read_file(str(file)), tf.int64)

    def both() -> object:
        file.write_text(str(count[0]))
        count[0] += 1
        return read_in_function()

    read_in_function = tf.function(read)
    both.is_function = True  # type: ignore[attr-defined]
    return both


@pytest.mark.parametrize("make", [_iterator, _get_next, _single, _dequeued, _file])
def test_what_the_host_does_is_done_in_each_call_of_a_function(make: object, tmp_path: Path) -> None:
    body = make(tmp_path)  # type: ignore[operator]
    function = body if hasattr(body, "is_function") else tf.function(body)
    assert [int(function()) for _ in range(5)] == [0, 1, 2, 3, 4]


def test_an_assert_in_a_function_holds_in_each_call() -> None:
    @tf.function
    def root(x: tf.Tensor) -> tf.Tensor:
        tf.Assert(x >= 0.0, [x])
        return tf.sqrt(x)

    assert [float(root(tf.constant(x))) for x in (4.0, 9.0)] == [2.0, 3.0]
    with pytest.raises(tf.errors.InvalidArgumentError, match="Summarized data: -1"):
        root(tf.constant(-1.0))


def test_variables_of_layers_have_the_dtype_of_what_they_are_given() -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        x = v1.constant(np.ones((2, 3)))
        made = v1.layers.dense(v1.layers.batch_normalization(x), 4)
        sess.run(v1.global_variables_initializer())
        assert sess.run(made).dtype == np.float64
        assert {v.dtype.base_dtype for v in v1.global_variables()} == {v1.float64}
        training = v1.placeholder(v1.bool, [])
        dropped = v1.layers.dropout(x, 0.5, training=training)
        np.testing.assert_array_equal(sess.run(dropped, {training: False}), np.ones((2, 3)))
        assert set(np.unique(sess.run(dropped, {training: True}))) <= {0.0, 2.0}


@pytest.mark.parametrize("way", ["assign", "assign_add", "assign_sub", "load"])
def test_a_variable_keeps_its_shape_where_that_of_a_value_is_found_in_the_run(way: str) -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        v, given = v1.Variable([1.0, 2.0]), v1.placeholder(v1.float32)
        sess.run(v.initializer)
        changed = None if way == "load" else getattr(v, way)(given)

        def run(value: object) -> None:
            v.load(value, sess) if changed is None else sess.run(changed, {given: value})

        for _ in range(3):  # interpreted, compiled
            run([0.0, 0.0])
        before = sess.run(v)
        for wrong in ([1.0, 2.0, 3.0], [[1.0, 2.0], [3.0, 4.0]], 1.0):
            with pytest.raises((tf.errors.InvalidArgumentError, ValueError)):
                run(wrong)
            np.testing.assert_array_equal(sess.run(v), before)


@pytest.mark.parametrize("shuffle", [False, True])
def test_producers_of_rows_of_tensors_need_no_initializer(shuffle: bool) -> None:  # noqa: FBT001  a case
    with v1.Graph().as_default(), v1.Session() as sess:
        row = v1.train.slice_input_producer([v1.range(10), v1.range(10) * 2], num_epochs=1, shuffle=shuffle)
        batch = v1.train.batch(row, 4, allow_smaller_final_batch=True)
        sess.run(v1.local_variables_initializer())
        coord = v1.train.Coordinator()
        threads = v1.train.start_queue_runners(sess, coord)
        found = [sess.run(batch) for _ in range(3)]
        with pytest.raises(tf.errors.OutOfRangeError):
            sess.run(batch)
        coord.request_stop()
        coord.join(threads)
    numbers = np.concatenate([one for one, _ in found])
    assert sorted(numbers) == list(range(10)) and (shuffle or list(numbers) == list(range(10)))
    np.testing.assert_array_equal(np.concatenate([two for _, two in found]), numbers * 2)


@pytest.mark.parametrize("order", [Fifo, Ranked, lambda: Shuffled(1)], ids=["Fifo", "Ranked", "Shuffled"])
def test_what_an_interrupted_taking_took_stays_in_the_queue(order: Callable[[], Fifo], monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store("queue", 9, order())
    store.put([(np.int64(k),) for k in range(3)])

    def interrupted(seconds: float | None) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(store._filled, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        store.take(5)
    assert len(store) == 3
    assert sorted(int(x) for (x,) in store.take(3)) == [0, 1, 2]


@pytest.mark.parametrize("ready", ["taking", "putting", "second"])
def test_what_waits_for_a_queue_gives_up_when_its_session_is_closed(ready: str) -> None:
    with v1.Graph().as_default():
        queue = tf.queue.FIFOQueue(1, [tf.int32], [[]])
        put, taken = queue.enqueue(1), queue.dequeue()
        sess, other = v1.Session(), v1.Session()
        if ready == "putting":
            sess.run(put)
        found: list[str] = []

        def wait() -> None:
            try:
                sess.run(put if ready == "putting" else taken)
            except tf.errors.CancelledError as error:
                found.append(error.message)

        threads = [threading.Thread(target=wait, daemon=True) for _ in range(2 if ready == "second" else 1)]
        for thread in threads:
            thread.start()
        while not queue.queue_ref._room._waiters and not queue.queue_ref._filled._waiters:  # type: ignore[attr-defined]
            time.sleep(0.01)
        sess.close()
        for thread in threads:
            thread.join(5.0)
        assert len(found) == len(threads) and "the session was closed" in found[0]
        if ready != "putting":
            other.run(put)
        assert other.run(taken) == 1


def test_a_session_waits_for_a_queue_as_long_as_its_settings_say() -> None:
    with v1.Graph().as_default(), v1.Session(config=v1.ConfigProto(operation_timeout_in_ms=50)) as sess:
        queue = tf.queue.FIFOQueue(1, [tf.int32], [[]])
        put, taken = queue.enqueue(1), queue.dequeue()
        with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out"):
            sess.run(taken)
        sess.run(put)
        with pytest.raises(tf.errors.DeadlineExceededError, match="Timed out"):
            sess.run(put)
        assert sess.run(taken) == 1


def test_print_writes_in_each_call_of_a_function_and_each_run_of_its_operation(capsys: pytest.CaptureFixture[str]) -> None:
    @tf.function
    def shown(x: tf.Tensor) -> tf.Tensor:
        tf.print("x is", x)
        return x + 1.0

    assert [float(shown(tf.constant(x))) for x in (1.0, 2.0, 3.0)] == [2.0, 3.0, 4.0]
    assert capsys.readouterr().err == "x is 1\nx is 2\nx is 3\n"
    with v1.Graph().as_default(), v1.Session() as sess:
        x = v1.placeholder(v1.float32, [2])
        with v1.control_dependencies([v1.print("x is", x, {"twice": x * 2.0}, sep="|")]):
            y = x + 1.0
        assert capsys.readouterr().err == ""
        for _ in range(2):
            np.testing.assert_array_equal(sess.run(y, {x: [1.0, 2.0]}), [2.0, 3.0])
        assert capsys.readouterr().err == "x is|[1 2]|{'twice': [2 4]}\n" * 2


def test_functions_of_elements_of_a_placeholder_are_tried_before_it_is_fed() -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        whole, rows = v1.placeholder(v1.int64, [None]), v1.placeholder(v1.float32, [None, 3])
        data = tf.data.Dataset.from_tensor_slices((whole, rows)).map(lambda x, y: {"y": y / 2.0, "x": tf.one_hot(x, 4)}).batch(2)
        iterator = v1.data.make_initializable_iterator(data)
        following = iterator.get_next()
        assert following["y"].shape.as_list() == [None, 3] and following["x"].shape.as_list() == [None, 4]
        for given in ([1, 2], [3, 0]):
            sess.run(iterator.initializer, {whole: given, rows: np.ones((2, 3))})
            found = sess.run(following)
            np.testing.assert_array_equal(found["x"], np.eye(4)[given])
            np.testing.assert_array_equal(found["y"], np.full((2, 3), 0.5))


@pytest.mark.parametrize(
    ("fetches", "feeds", "said"),
    [([np.ones(2)], None, "invalid type ndarray"), (np.ones(2), None, "invalid type ndarray"), ([{1}], None, "invalid type set"),
     ("x:0", [1.0], "feed_dict is a dict"), ("x:0", {1.0}, "feed_dict is a dict")],
)  # fmt: skip
def test_what_is_no_fetch_and_no_feed_is_named(fetches: object, feeds: object, said: str) -> None:
    with v1.Graph().as_default(), v1.Session() as sess:
        v1.placeholder(v1.float32, [], name="x")
        with pytest.raises(ArgumentTypeError, match=said):
            sess.run(fetches, feeds)
