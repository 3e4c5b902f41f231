"""tf.queue and what threads share: a model beside random threads, and what happens where a queue is full, empty, closed."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.tf.graph.graph import Graph
from gradwerk.tf.graph.session import Session
from gradwerk.tf.queues.mutex import consume_mutex_lock, mutex_acquire, mutex_lock, mutex_release, mutex_v2
from gradwerk.tf.train_data.coordinator import QueueRunner

PATIENCE = 20.0
"""Seconds after which a thread that should have ended hangs."""


def together(*works: Callable[[], Any]) -> list[Any]:
    """What functions give that are run by threads, each its result or its error; a thread that hangs fails the test."""
    found: list[Any] = [None] * len(works)

    def run(number: int) -> None:
        try:
            found[number] = works[number]()
        except Exception as error:  # noqa: BLE001  looked at by the test
            found[number] = error

    threads = [threading.Thread(target=run, args=(number,), daemon=True) for number in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
        assert not thread.is_alive(), "a thread hangs"
    return found


def made(kind: int, capacity: int) -> Any:
    return (
        lambda: tf.queue.FIFOQueue(capacity, tf.int32, ()),
        lambda: tf.queue.PaddingFIFOQueue(capacity, tf.int32, ()),
        lambda: tf.queue.RandomShuffleQueue(capacity, min(2, capacity - 1), tf.int32, (), seed=3),
        lambda: tf.queue.PriorityQueue(capacity, tf.int32, ()),
    )[kind]()


@pytest.mark.parametrize("seed", range(100))
def test_no_element_is_lost_or_doubled(seed: int) -> None:
    random = np.random.default_rng(seed)
    kind, capacity = int(random.integers(4)), int(random.integers(1, 9))
    queue = made(kind, capacity)
    shares = [random.integers(1, 4, int(random.integers(1, 6))).tolist() for _ in range(int(random.integers(1, 4)))]
    ranked, left, lock = kind == 3, [len(shares)], threading.Lock()

    def producer(number: int) -> Callable[[], None]:
        def work() -> None:
            at = 0
            for count in shares[number]:
                values = [number * 1000 + at + k for k in range(count)]
                at += count
                if count == 1:
                    queue.enqueue((values[0], values[0]) if ranked else values[0])
                else:
                    queue.enqueue_many((np.array(values, np.int64), values) if ranked else (values,))
            with lock:
                left[0] -= 1
                if not left[0]:
                    queue.close()

        return work

    def consumer(most: int) -> Callable[[], list[int]]:
        def work() -> list[int]:
            taken: list[int] = []
            while True:
                try:
                    found = queue.dequeue_up_to(most) if most > 1 else queue.dequeue()
                except tf.errors.OutOfRangeError:
                    return taken
                taken += np.atleast_1d((found[1] if ranked else found).numpy()).tolist()

        return work

    consumers = [consumer(int(random.integers(1, 4))) for _ in range(int(random.integers(1, 4)))]
    found = together(*map(producer, range(len(shares))), *consumers)
    assert not [one for one in found if isinstance(one, Exception)]
    taken = [one for several in found[len(shares) :] for one in several]
    put = [number * 1000 + k for number, share in enumerate(shares) for k in range(sum(share))]
    assert Counter(taken) == Counter(put)
    assert int(queue.size()) == 0
    if kind < 2 and len(consumers) == 1:  # of each producer in its order
        for number in range(len(shares)):
            own = [one for one in taken if one // 1000 == number]
            assert own == sorted(own)


def test_the_order_in_which_elements_leave() -> None:
    fifo, ranked = tf.queue.FIFOQueue(9, [tf.int32, tf.string]), tf.queue.PriorityQueue(9, tf.string, ())
    for number, text in ((3, "c"), (1, "a"), (2, "b"), (1, "z")):
        fifo.enqueue((number, text))
        ranked.enqueue((tf.constant(number, tf.int64), text))
    assert [fifo.dequeue()[1].numpy() for _ in range(4)] == [b"c", b"a", b"b", b"z"]
    assert [ranked.dequeue()[1].numpy() for _ in range(4)] == [b"a", b"z", b"b", b"c"]
    shuffled = tf.queue.RandomShuffleQueue(64, 0, tf.int32, (), seed=1)
    shuffled.enqueue_many((list(range(64)),))
    drawn = shuffled.dequeue_many(64).numpy().tolist()
    assert sorted(drawn) == list(range(64)) != drawn


def test_a_full_queue_makes_its_producers_wait() -> None:
    queue = tf.queue.FIFOQueue(1, tf.int32, ())
    queue.enqueue(1)
    began = threading.Event()

    def late() -> int:
        began.set()
        queue.enqueue(2)
        return int(queue.size())

    def take() -> list[int]:
        began.wait(PATIENCE)
        time.sleep(0.05)
        assert int(queue.size()) == 1
        return [int(queue.dequeue()), int(queue.dequeue())]

    assert together(late, take)[1] == [1, 2]


def test_what_stays_in_a_shuffled_queue_until_it_is_closed() -> None:
    queue = tf.queue.RandomShuffleQueue(10, 2, tf.int32, ())
    queue.enqueue_many(([1, 2, 3],))
    queue.dequeue()

    def close() -> None:
        time.sleep(0.05)
        queue.close()

    found, _ = together(lambda: sorted(queue.dequeue_many(2).numpy().tolist()), close)
    assert len(found) == 2


def test_closing() -> None:
    queue = tf.queue.FIFOQueue(1, tf.int32, ())
    queue.enqueue(1)

    def cancel() -> None:
        time.sleep(0.05)
        queue.close(cancel_pending_enqueues=True)

    waiting, _ = together(lambda: queue.enqueue(2), cancel)
    assert isinstance(waiting, tf.errors.CancelledError)
    assert bool(queue.is_closed())
    with pytest.raises(tf.errors.CancelledError, match="closed"):
        queue.enqueue(3)
    with pytest.raises(tf.errors.OutOfRangeError, match="requested 2, current size 1"):
        queue.dequeue_many(2)
    assert int(queue.dequeue()) == 1
    with pytest.raises(tf.errors.OutOfRangeError, match="insufficient"):
        queue.dequeue()


def test_elements_have_the_components_that_were_said() -> None:
    queue = tf.queue.FIFOQueue(5, [tf.int32, tf.float32], [(), (2,)], names=["a", "b"])
    queue.enqueue({"a": 1, "b": [1.0, 2.0]})
    found = queue.dequeue()
    assert (int(found["a"]), found["b"].numpy().tolist()) == (1, [1.0, 2.0])
    with pytest.raises(ArgumentError):
        queue.enqueue((1, [1.0, 2.0]))
    with pytest.raises(tf.errors.InvalidArgumentError):
        queue.enqueue({"a": 1, "b": [1.0]})
    with pytest.raises(ArgumentError, match="specified shapes"):
        tf.queue.FIFOQueue(5, tf.int32).dequeue_many(2)
    padding = tf.queue.PaddingFIFOQueue(5, tf.int32, (None,))
    padding.enqueue(([1],))
    padding.enqueue(([2, 3],))
    assert padding.dequeue_many(2).numpy().tolist() == [[1, 0], [2, 3]]


@pytest.mark.parametrize(("take", "let_go"), [(mutex_lock, consume_mutex_lock), (mutex_acquire, mutex_release)])
def test_one_thread_at_a_time_holds_a_mutex(take: Callable[[Any], Any], let_go: Callable[[Any], None]) -> None:
    mutex, inside, most = mutex_v2(), [0], [0]

    def work() -> None:
        for _ in range(40):
            lock = take(mutex)
            inside[0] += 1
            most[0] = max(most[0], inside[0])
            time.sleep(0)
            inside[0] -= 1
            let_go(lock)

    assert together(work, work) == [None, None]
    assert most[0] == 1
    lock = take(mutex)
    let_go(lock)
    with pytest.raises(StateError, match="consumed"):
        let_go(lock)


def test_a_critical_section_runs_one_function_at_a_time() -> None:
    section, total = tf.CriticalSection(name="s"), tf.Variable(0)

    def work() -> None:
        for _ in range(30):
            section.execute(lambda: total.assign(total + 1))

    together(work, work)
    assert int(total) == 60


def test_a_coordinator_stops_threads_and_raises_what_one_raised() -> None:
    coord = tf.train.Coordinator()
    seen = []

    def loop() -> None:
        while not coord.should_stop():
            seen.append(1)
            time.sleep(0.001)

    def fails() -> None:
        with coord.stop_on_exception():
            raise ZeroDivisionError("in a thread")

    threads = [threading.Thread(target=loop, daemon=True), threading.Thread(target=fails, daemon=True)]
    for thread in threads:
        thread.start()
    with pytest.raises(ZeroDivisionError, match="in a thread"):
        coord.join(threads, stop_grace_period_secs=PATIENCE)
    assert coord.joined
    coord.clear_stop()
    with coord.stop_on_exception():
        raise tf.errors.OutOfRangeError(None, None, "the end of the data is no error")
    coord.join()


def test_threads_fill_a_queue_of_a_graph_while_a_session_takes() -> None:
    with Graph().as_default() as graph:
        queue = tf.queue.FIFOQueue(3, tf.float32, ())
        put, total = queue.enqueue(tf.constant(2.0) * 3.0), queue.dequeue() + 1.0
        several = queue.dequeue_many(2)
        runner = QueueRunner(queue, [put] * 2)
        assert (put.type, several.shape.as_list() if hasattr(several.shape, "as_list") else list(several.shape)) == ("QueueEnqueueV2", [2])
        session, coord = Session(graph=graph), tf.train.Coordinator()
        threads = runner.create_threads(session, coord, daemon=True, start=True)
        assert [float(session.run(total)) for _ in range(5)] == [7.0] * 5
        assert session.run(several).tolist() == [6.0, 6.0]
        coord.request_stop()
        coord.join(threads, stop_grace_period_secs=PATIENCE)
        assert runner.exceptions_raised == []
        with pytest.raises(tf.errors.OutOfRangeError):
            for _ in range(5):
                session.run(total)
