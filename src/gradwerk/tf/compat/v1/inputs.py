"""Input by queues, as TensorFlow 1 had it before data sets: threads that fill queues, batches that are taken from them."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.tf import queue as queues
from gradwerk.tf.data.dataset import Dataset
from gradwerk.tf.operations import here
from gradwerk.tf.train_data.coordinator import Coordinator, QueueRunner

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

QUEUE_RUNNERS = "queue_runners"


def add_queue_runner(qr: QueueRunner, collection: str = QUEUE_RUNNERS) -> None:
    """Threads that `start_queue_runners` starts.  Raises: ArgumentError outside of a graph."""
    _graph("add_queue_runner").add_to_collection(collection, qr)


def start_queue_runners(
    sess: Any = None, coord: Coordinator | None = None, daemon: bool = True, start: bool = True, collection: str = QUEUE_RUNNERS
) -> list[threading.Thread]:
    """Starts the threads that fill the queues of a graph; they stop when a coordinator says so.

    Raises: ArgumentError outside of a graph, or without a session.
    """
    graph = _graph("start_queue_runners")
    session = sess
    if session is None:
        from gradwerk.tf.compat.v1.graphs import get_default_session  # noqa: PLC0415  of this one case

        session = get_default_session()
    if session is None:
        raise ArgumentError("Cannot start queue runners: No default session is registered.", likely="with sess.as_default():")
    return [thread for one in graph.get_collection(collection) for thread in one.create_threads(session, coord, daemon, start)]


def _graph(what: str) -> Any:
    graph: Any = here.graph
    if graph is None:
        raise ArgumentError(f"{what} is of graphs", likely="tf.data.Dataset, or tf.compat.v1.disable_eager_execution()")
    return graph


def _filled(queue: queues.QueueBase, put: Any, threads: int = 1) -> None:
    add_queue_runner(QueueRunner(queue, [put] * threads))


def string_input_producer(
    string_tensor: Any, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: str | None = None, name: str | None = None, cancel_op: Any = None,
) -> queues.FIFOQueue:  # fmt: skip
    """A queue of texts, gone through so many times, without an end unless given.  Raises: ArgumentError outside of a graph."""
    return _produced(Dataset.from_tensor_slices(string_tensor), num_epochs, seed, capacity, shuffle=shuffle)


def range_input_producer(
    limit: int, num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: str | None = None, name: str | None = None,
) -> queues.FIFOQueue:  # fmt: skip
    """A queue of the numbers below a limit.  Dtype: int32.  Raises: ArgumentError outside of a graph."""
    return _produced(Dataset.range(limit, output_type="int32"), num_epochs, seed, capacity, shuffle=shuffle)


def slice_input_producer(
    tensor_list: Sequence[Any], num_epochs: int | None = None, shuffle: bool = True, seed: int | None = None, capacity: int = 32,
    shared_name: str | None = None, name: str | None = None,
) -> list[Any]:  # fmt: skip
    """One row of each of several arrays at a time, from a queue.  Raises: ArgumentError outside of a graph."""
    found = _produced(Dataset.from_tensor_slices(tuple(tensor_list)), num_epochs, seed, capacity, shuffle=shuffle).dequeue()
    return found if isinstance(found, list) else [found]


def _produced(data: Any, epochs: int | None, seed: int | None, capacity: int, *, shuffle: bool) -> queues.FIFOQueue:
    _graph("an input producer")
    chain = data.shuffle(max(len(data), 1), seed) if shuffle else data
    following = chain.repeat(epochs).make_one_shot_iterator().get_next()
    parts = list(following) if isinstance(following, tuple) else [following]
    queue = queues.FIFOQueue(capacity, [one.dtype for one in parts], [tuple(one.shape) for one in parts])
    _filled(queue, queue.enqueue(parts))
    return queue


def batch(
    tensors: Any, batch_size: int, num_threads: int = 1, capacity: int = 32, enqueue_many: bool = False, shapes: Any = None,
    dynamic_pad: bool = False, allow_smaller_final_batch: bool = False, shared_name: str | None = None, name: str | None = None,
) -> Any:  # fmt: skip
    """Batches of what Tensors of a graph are each time they are computed, by threads that fill a queue.

    Raises: ArgumentError outside of a graph, or for Tensors of unknown shapes.
    """
    kind = queues.PaddingFIFOQueue if dynamic_pad else queues.FIFOQueue
    given = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
    queue = kind(capacity, [one.dtype for one in given], _shapes(given, shapes, many=enqueue_many))
    return _taken(queue, given, batch_size, num_threads, many=enqueue_many, smaller=allow_smaller_final_batch)


def shuffle_batch(
    tensors: Any, batch_size: int, capacity: int, min_after_dequeue: int, num_threads: int = 1, seed: int | None = None,
    enqueue_many: bool = False, shapes: Any = None, allow_smaller_final_batch: bool = False, shared_name: str | None = None,
    name: str | None = None,
) -> Any:  # fmt: skip
    """As `batch`, of elements drawn by chance from a queue in which `min_after_dequeue` stay.

    Raises: ArgumentError outside of a graph, or for Tensors of unknown shapes.
    """
    given = list(tensors) if isinstance(tensors, (list, tuple)) else [tensors]
    kinds = [one.dtype for one in given]
    queue = queues.RandomShuffleQueue(capacity, min_after_dequeue, kinds, _shapes(given, shapes, many=enqueue_many), seed=seed)
    return _taken(queue, given, batch_size, num_threads, many=enqueue_many, smaller=allow_smaller_final_batch)


def _shapes(given: Sequence[Any], said: Any, *, many: bool) -> list[Any]:
    return list(said) if said is not None else [tuple(one.shape)[int(many) :] for one in given]


def _taken(queue: queues.QueueBase, given: list[Any], size: int, threads: int, *, many: bool, smaller: bool) -> Any:
    _filled(queue, queue.enqueue_many(given) if many else queue.enqueue(given), threads)
    return queue.dequeue_up_to(size) if smaller else queue.dequeue_many(size)


__all__ = [
    "Coordinator", "QueueRunner", "add_queue_runner", "batch", "range_input_producer", "shuffle_batch", "slice_input_producer",
    "start_queue_runners", "string_input_producer",
]  # fmt: skip
