"""tf.queue: queues that threads put elements into and take them from, waiting for each other."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.data.elements import Array
from gradwerk.tf.absent import ORIGINAL
from gradwerk.tf.calls import op
from gradwerk.tf.dtypes import as_dtype
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.operations import first_symbol, here
from gradwerk.tf.queues.store import Element, Fifo, Ranked, Shuffled, Store
from gradwerk.tf.shapes import TensorShape
from gradwerk.tf.values.hosted import array_of, is_text, whole
from gradwerk.tf.values.texts import tensor_of, texts_of

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

_numbers = itertools.count()


class QueueBase:
    """What all queues have in common.  Made by one of its kinds.

    Args:
        store: what is in it.
        dtypes: of the components of an element.
        shapes: of them, or None where they are not said.
        names: of them, where elements are dicts.
        name: of the queue.
    """

    def __init__(self, store: Store, dtypes: Any, shapes: Any, names: Any, name: str) -> None:
        self._store = store
        self._dtypes = [as_dtype(one) for one in (dtypes if isinstance(dtypes, (list, tuple)) else [dtypes])]
        self._shapes = _shapes(shapes, len(self._dtypes))
        self._names = _names(names, len(self._dtypes))
        self._name = name

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    @property
    def queue_ref(self) -> Store:
        """What is in it."""
        return self._store

    @property
    def dtypes(self) -> list[Any]:
        """The dtypes of the components of an element."""
        return self._dtypes

    @property
    def shapes(self) -> list[TensorShape]:
        """Their shapes."""
        return [TensorShape(one) for one in self._shapes]

    @property
    def names(self) -> list[str] | None:
        """Their names, where elements are dicts."""
        return self._names

    # ---- in and out

    def enqueue(self, vals: Any, name: str | None = None) -> Any:
        """One element more; waits while the queue is full.

        Raises: ArgumentError for another number of components, InvalidArgumentError for other dtypes or shapes, CancelledError where the
        queue is closed.
        """
        return noted(_enqueue(self, self._parts(vals), name=name), vals)

    def enqueue_many(self, vals: Any, name: str | None = None) -> Any:
        """The rows of the components, one element each; waits while the queue is full.  Raises: as `enqueue`."""
        return noted(_enqueue_many(self, self._parts(vals), name=name), vals)

    def dequeue(self, name: str | None = None) -> Any:
        """The next element: a Tensor, of several components a list, of named ones a dict.

        Waits while the queue is empty.  Raises: OutOfRangeError where it is closed and empty.
        """
        return self._whole(_dequeue(self, name=name))

    def dequeue_many(self, n: Any, name: str | None = None) -> Any:
        """So many elements as one; waits for them.

        Raises: OutOfRangeError where the queue is closed and has fewer, ArgumentError for components of unknown shapes.
        """
        self._check_known("dequeue_many")
        return self._whole(_dequeue_many(self, n, name=name))

    def dequeue_up_to(self, n: Any, name: str | None = None) -> Any:
        """So many elements as one; waits for them, but gives what is left of a closed queue.  Raises: as `dequeue_many`."""
        self._check_known("dequeue_up_to")
        return self._whole(_dequeue_up_to(self, n, name=name))

    def close(self, cancel_pending_enqueues: bool = False, name: str | None = None) -> Any:
        """Nothing more is put in; what waits to be put in gives up where it is said."""
        return noted(_close(self, cancel_pending_enqueues, name=name))

    def is_closed(self, name: str | None = None) -> Any:
        """Whether it is closed.  Shape: ().  Dtype: bool."""
        return _is_closed(self, name=name)

    def size(self, name: str | None = None) -> Any:
        """How many elements are in it.  Shape: ().  Dtype: int32."""
        return _size(self, name=name)

    # ---- elements

    def _parts(self, vals: Any) -> list[Any]:
        if self._names is not None:
            if not isinstance(vals, dict) or sorted(vals) != sorted(self._names):
                raise ArgumentError("elements of a queue with names are dicts of these names", facts=(f"names {self._names}",))
            return [vals[one] for one in self._names]
        given = list(vals) if isinstance(vals, (list, tuple)) else [vals]
        if len(given) != len(self._dtypes):
            raise ArgumentError(f"elements of this queue have {len(self._dtypes)} components, given are {len(given)}")
        return given

    def arrays(self, given: Sequence[Any]) -> list[Array]:
        """Components as arrays of their dtypes.  Raises: InvalidArgumentError for others."""
        return [_array(one, dtype, self._store.said) for one, dtype in zip(given, self._dtypes, strict=True)]

    def check(self, arrays: Sequence[Array]) -> Element:
        """An element of the shapes that were said.  Raises: InvalidArgumentError."""
        for array, shape in zip(arrays, self._shapes, strict=True):
            if shape is not None and not _fits(array.shape, shape):
                facts = (f"element {array.shape}", f"queue {shape}")
                raise InvalidArgumentError(None, None, f"Shape mismatch in tuple component of {self._store.said}", facts=facts)
        return tuple(arrays)

    def stacked(self, elements: Sequence[Element]) -> list[Any]:
        """Elements as one: along a new first axis."""
        return [tensor_of(np.stack(column)) for column in zip(*elements, strict=True)]

    def said(self, count: int | None = None) -> list[tuple[Any, Any]]:
        """(shape, dtype) of what is taken out, where nothing is known of a queue that is not there yet."""
        shapes = [None if one is None else one if count is None else (count, *one) for one in self._shapes]
        return list(zip(shapes, [one.dtype for one in self._dtypes], strict=True))

    def _check_known(self, what: str) -> None:
        if any(one is None or None in one for one in self._shapes):
            raise ArgumentError(f"{what} requires the components to have specified shapes.", facts=(f"shapes {self._shapes}",))

    def _whole(self, parts: Any) -> Any:
        given = list(parts) if isinstance(parts, (list, tuple)) else [parts]
        if self._names is not None:
            return dict(zip(self._names, given, strict=True))
        return given[0] if len(given) == 1 else given


class FIFOQueue(QueueBase):
    """Elements leave in the order in which they came.

    Args:
        capacity: elements that it holds at most.
        dtypes: of the components of an element.
        shapes: of them; needed for taking several at once.
        names: of them, where elements are dicts.
        shared_name: as TensorFlow's; a queue here is that of its object.
        name: of the queue.

    Raises: ArgumentError where there are not as many shapes or names as dtypes.
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None, name: str = "fifo_queue"
    ) -> None:
        super().__init__(_store("FIFOQueue", name, capacity, Fifo()), dtypes, shapes, names, name)


class PaddingFIFOQueue(QueueBase):
    """As FIFOQueue; shapes may have open extents, and elements that are taken together are filled up with 0 to the longest.

    Args:
        capacity: elements that it holds at most.
        dtypes: of the components of an element.
        shapes: of them; None for an extent that differs.
        names: of them, where elements are dicts.
        shared_name: as TensorFlow's; a queue here is that of its object.
        name: of the queue.

    Raises: ArgumentError where there are not as many shapes or names as dtypes.
    """

    def __init__(
        self, capacity: int, dtypes: Any, shapes: Any, names: Any = None, shared_name: str | None = None, name: str = "padding_fifo_queue"
    ) -> None:
        super().__init__(_store("PaddingFIFOQueue", name, capacity, Fifo()), dtypes, shapes, names, name)

    def stacked(self, elements: Sequence[Element]) -> list[Any]:
        return [_padded(column) for column in zip(*elements, strict=True)]

    def _check_known(self, what: str) -> None:
        if any(one is None for one in self._shapes):
            raise ArgumentError(f"{what} requires the components to have specified ranks.", facts=(f"shapes {self._shapes}",))


class RandomShuffleQueue(QueueBase):
    """Elements leave by chance.

    Args:
        capacity: elements that it holds at most.
        min_after_dequeue: so many stay in it until it is closed, so that what leaves is well mixed.
        dtypes: of the components of an element.
        shapes: of them; needed for taking several at once.
        names: of them, where elements are dicts.
        seed: of the draws.
        shared_name: as TensorFlow's; a queue here is that of its object.
        name: of the queue.

    Raises: ArgumentError where there are not as many shapes or names as dtypes, or more stay than it holds.
    """

    def __init__(
        self, capacity: int, min_after_dequeue: int, dtypes: Any, shapes: Any = None, names: Any = None, seed: int | None = None,
        shared_name: str | None = None, name: str = "random_shuffle_queue",
    ) -> None:  # fmt: skip
        least = whole(min_after_dequeue, "min_after_dequeue")
        if least >= whole(capacity, "capacity") > 0 or least < 0:
            raise ArgumentError(f"min_after_dequeue {least} must be >= 0 and below capacity {capacity}")
        super().__init__(_store("RandomShuffleQueue", name, capacity, Shuffled(seed), least), dtypes, shapes, names, name)


class PriorityQueue(QueueBase):
    """The element with the smallest priority leaves first; its first component is that whole number.

    Args:
        capacity: elements that it holds at most.
        types: dtypes of the components behind the priority.
        shapes: of them; needed for taking several at once.
        names: of them, where elements are dicts.
        shared_name: as TensorFlow's; a queue here is that of its object.
        name: of the queue.

    Raises: ArgumentError where there are not as many shapes or names as dtypes.
    """

    def __init__(
        self, capacity: int, types: Any, shapes: Any = None, names: Any = None, shared_name: str | None = None, name: str = "priority_queue"
    ) -> None:
        rest = list(types) if isinstance(types, (list, tuple)) else [types]
        known = None if shapes is None else [(), *_shapes(shapes, len(rest))]
        super().__init__(_store("PriorityQueue", name, capacity, Ranked()), ["int64", *rest], known, names, name)


def _store(kind: str, name: str, capacity: Any, order: Fifo, least: int = 0) -> Store:
    return Store(f"{kind} '_{next(_numbers)}_{name}'", whole(capacity, "capacity"), order, least)


def _shapes(shapes: Any, count: int) -> list[Any]:
    if shapes is None:
        return [None] * count
    several = list(shapes) if isinstance(shapes, (list, tuple)) else [shapes]
    if count == 1 and all(isinstance(one, int) or one is None for one in several):
        several = [several]
    if len(several) != count:
        raise ArgumentError(f"When providing `shapes`, there is one for each of {count} dtypes", facts=(f"given {shapes}",))
    return [one if one is None or (isinstance(one, tuple) and not hasattr(one, "unknown")) else _extents(one) for one in several]


def _extents(shape: Any) -> Any:
    held = TensorShape(shape)
    return None if held.unknown else tuple(held)


def _names(names: Any, count: int) -> list[str] | None:
    if names is None:
        return None
    several = [names] if isinstance(names, str) else list(names)
    if len(several) != count:
        raise ArgumentError(f"names has one for each of {count} dtypes", facts=(f"given {several}",))
    return several


def _array(value: Any, dtype: Any, said: str) -> Array:
    if dtype.name == "string":
        return np.array(texts_of(value, said), object)
    if is_text(value):
        raise InvalidArgumentError(None, None, f"{said}: a component is {dtype.name}, this is text")
    array = array_of(value, said)
    if array.dtype != dtype.dtype and hasattr(value, "dtype") and not isinstance(value, np.ndarray | np.generic):
        raise InvalidArgumentError(None, None, f"{said}: a component is {dtype.name}, this is {core.name(array.dtype)}")
    return core.converted(array, dtype.dtype)


def _fits(shape: tuple[int, ...], said: tuple[int | None, ...]) -> bool:
    return len(shape) == len(said) and all(b in (None, a) for a, b in zip(shape, said, strict=True))


def _padded(column: Sequence[Array]) -> Any:
    extents = np.max([one.shape for one in column], 0).tolist() if column[0].ndim else []
    made = np.zeros((len(column), *extents), column[0].dtype)
    if core.is_objects(made.dtype):
        made[...] = b""
    for row, one in enumerate(column):
        place: Any = (row, *(slice(0, extent) for extent in one.shape))
        made[place] = one
    return tensor_of(made)


def queue_op(kind: str, gives: Callable[..., Any]) -> Callable[[Any], Any]:
    """A decorator: an operation on the state of a queue.

    Args:
        kind: TensorFlow's name of the type.
        gives: from the arguments the [(shape, dtype), ...] of what it gives.
    """
    return op(kind, host=True, effects=True, gives=gives)


def nothing(*args: Any, **kwargs: Any) -> list[Any]:
    """What operations without results give."""
    return []


def noted(made: Any, vals: Any = ()) -> Any:
    """The operation that was noted in a graph; None where it ran at once."""
    if made is None:
        return None
    symbol = first_symbol(vals.values() if isinstance(vals, dict) else vals if isinstance(vals, (list, tuple)) else [vals])
    graph: Any = here.graph if symbol is None else symbol.graph
    return graph._operations[-1]


@queue_op("QueueEnqueueV2", nothing)
def _enqueue(queue: QueueBase, vals: list[Any], name: str | None = None) -> None:
    queue.queue_ref.put([queue.check(queue.arrays(vals))])


@queue_op("QueueEnqueueManyV2", nothing)
def _enqueue_many(queue: QueueBase, vals: list[Any], name: str | None = None) -> None:
    arrays = queue.arrays(vals)
    if any(not one.ndim for one in arrays) or len({len(one) for one in arrays}) != 1:
        raise ShapeError("enqueue_many: components have one first axis, of one length", facts=tuple(f"{one.shape}" for one in arrays))
    queue.queue_ref.put([queue.check([np.asarray(one[row], one.dtype) for one in arrays]) for row in range(len(arrays[0]))])


@queue_op("QueueDequeueV2", lambda queue, name=None: queue.said())
def _dequeue(queue: QueueBase, name: str | None = None) -> Any:
    return [tensor_of(one) for one in queue.queue_ref.take(1)[0]]


def _count(n: Any) -> int | None:
    return int(n) if isinstance(n, int) else None


@queue_op("QueueDequeueManyV2", lambda queue, n, name=None: queue.said(_count(n)))
def _dequeue_many(queue: QueueBase, n: Any, name: str | None = None) -> Any:
    return _taken(queue, n, fewer=False)


@queue_op("QueueDequeueUpToV2", lambda queue, n, name=None: queue.said(None))
def _dequeue_up_to(queue: QueueBase, n: Any, name: str | None = None) -> Any:
    return _taken(queue, n, fewer=True)


def _taken(queue: QueueBase, n: Any, *, fewer: bool) -> Any:
    count = whole(n, "n")
    if count < 0:
        raise InvalidArgumentError(None, None, f"{queue.queue_ref.said} requested {count} < 0 elements")
    return queue.stacked(queue.queue_ref.take(count, fewer=fewer))


@queue_op("QueueCloseV2", nothing)
def _close(queue: QueueBase, cancel_pending_enqueues: bool = False, name: str | None = None) -> None:
    queue.queue_ref.close(cancel=cancel_pending_enqueues)


@queue_op("QueueIsClosedV2", lambda queue, name=None: [((), np.dtype(bool))])
def _is_closed(queue: QueueBase, name: str | None = None) -> Any:
    return tensor_of(np.array(queue.queue_ref.closed))


@queue_op("QueueSizeV2", lambda queue, name=None: [((), np.dtype(np.int32))])
def _size(queue: QueueBase, name: str | None = None) -> Any:
    return tensor_of(np.array(len(queue.queue_ref), np.int32))


__all__ = ["FIFOQueue", "PaddingFIFOQueue", "PriorityQueue", "QueueBase", "RandomShuffleQueue"]

__getattr__ = ORIGINAL.module("tf.queue", __name__)
