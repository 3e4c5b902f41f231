"""What is in a queue, and who waits for it: one lock, two conditions, and an order in which elements leave.

    FIFOQueue           the first in is the first out
    PriorityQueue       the one with the smallest first component, of equal ones the first in
    RandomShuffleQueue  one by chance, and never fewer than min_after_dequeue stay until the queue is closed

Source: https://www.tensorflow.org/api_docs/python/tf/queue
"""

from __future__ import annotations

import heapq
import itertools
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from gradwerk.data.elements import Array
from gradwerk.tensor.random import fresh_seed
from gradwerk.tf.errors import CancelledError, DeadlineExceededError, OutOfRangeError

Element = tuple[Array, ...]


class Fifo:
    """Elements in the order in which they came."""

    def __init__(self) -> None:
        self._held: deque[Element] = deque()

    def __len__(self) -> int:
        return len(self._held)

    def put(self, element: Element) -> None:
        """One more."""
        self._held.append(element)

    def take(self) -> Element:
        """The next."""
        return self._held.popleft()

    def put_back(self, elements: Sequence[Element]) -> None:
        """Those that were taken, as if they had not been."""
        self._held.extendleft(reversed(elements))


class Shuffled(Fifo):
    """Elements in an order of chance."""

    def __init__(self, seed: int | None) -> None:
        self._random = np.random.default_rng(fresh_seed() if seed is None else seed % 2**63)
        self._several: list[Element] = []

    def __len__(self) -> int:
        return len(self._several)

    def put(self, element: Element) -> None:
        self._several.append(element)

    def take(self) -> Element:
        place = int(self._random.integers(len(self._several)))
        self._several[place], self._several[-1] = self._several[-1], self._several[place]
        return self._several.pop()

    def put_back(self, elements: Sequence[Element]) -> None:
        self._several.extend(elements)


class Ranked(Fifo):
    """Elements in the order of their first components, which are whole numbers."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Element]] = []
        self._numbers = itertools.count()

    def __len__(self) -> int:
        return len(self._heap)

    def put(self, element: Element) -> None:
        heapq.heappush(self._heap, (int(element[0]), next(self._numbers), element))

    def take(self) -> Element:
        return heapq.heappop(self._heap)[2]

    def put_back(self, elements: Sequence[Element]) -> None:
        for number, element in enumerate(elements):
            heapq.heappush(self._heap, (int(element[0]), number - len(elements), element))


class _Asked(threading.local):
    """For whom a thread waits: whether that one has given up, and until when (of `time.monotonic`)."""

    gone: Callable[[], bool] | None = None
    until: float | None = None
    waiting: list[Store] | None = None
    """Where a store stands while somebody waits for it, so that he is woken."""


asked = _Asked()


@contextmanager
def asking(gone: Callable[[], bool], waiting: list[Store], seconds: float | None) -> Iterator[None]:
    """Inside the block this thread waits for queues no longer than so, and not for one that has gone."""
    before = asked.gone, asked.until, asked.waiting
    asked.gone, asked.until, asked.waiting = gone, None if seconds is None else time.monotonic() + seconds, waiting
    try:
        yield
    finally:
        asked.gone, asked.until, asked.waiting = before


class Store:
    """The state of a queue.

    Args:
        said: its kind and name, for errors.
        capacity: how many elements it holds at most; below 1 as many as there are.
        order: in which they leave.
        least: how many stay until it is closed.
    """

    def __init__(self, said: str, capacity: int, order: Fifo, least: int = 0) -> None:
        self.said, self.capacity, self.order, self.least = said, capacity if capacity > 0 else 1 << 62, order, least
        self._lock = threading.Lock()
        self._room, self._filled = threading.Condition(self._lock), threading.Condition(self._lock)
        self._putting, self._taking = threading.Lock(), threading.Lock()  # attempts come one after the other, whole
        self._closed = self._cancelled = False

    def wake(self) -> None:
        """Those who wait look whether they still have to."""
        with self._lock:
            self._room.notify_all()
            self._filled.notify_all()

    def _wait(self, condition: threading.Condition, ready: Callable[[], bool]) -> None:
        """Waits, with the lock.  Raises: CancelledError where the session was closed, DeadlineExceededError behind its time."""
        if ready():
            return
        waiting = asked.waiting if asked.waiting is not None else []
        waiting.append(self)
        try:
            while not ready():
                left = self._left()
                condition.wait(left)
        finally:
            waiting.remove(self)

    def _left(self) -> float | None:
        """How long it may still be waited."""
        if asked.gone is not None and asked.gone():
            raise CancelledError(None, None, f"{self.said}: the session was closed while this waited")
        left = None if asked.until is None else asked.until - time.monotonic()
        if left is not None and left <= 0:
            raise DeadlineExceededError(None, None, f"Timed out waiting for {self.said}")
        return left

    @contextmanager
    def _turn(self, lock: threading.Lock) -> Iterator[None]:
        """The attempt of one, while others wait for theirs."""
        while not lock.acquire(timeout=0.2 if asked.waiting is not None else -1):
            self._left()
        try:
            yield
        finally:
            lock.release()

    def put(self, elements: Sequence[Element]) -> None:
        """Puts elements in, waiting for room.  Raises: CancelledError where it is closed."""
        with self._lock:
            self._check_open()
        with self._turn(self._putting):
            for element in elements:
                with self._lock:
                    self._wait(self._room, lambda: self._cancelled or len(self.order) < self.capacity)
                    if self._cancelled:
                        raise CancelledError(None, None, f"Enqueue operation was cancelled: {self.said} is closed.")
                    self.order.put(element)
                    self._filled.notify_all()

    def _check_open(self) -> None:
        if self._closed:
            raise CancelledError(None, None, f"{self.said} is closed.")

    def take(self, count: int, *, fewer: bool = False) -> list[Element]:
        """So many elements, waiting for them; with `fewer` what is left of a closed queue.

        Raises: OutOfRangeError where it is closed and has not as many.
        """
        with self._turn(self._taking):
            taken: list[Element] = []
            try:
                self._fill(taken, count, fewer=fewer)
            except BaseException:  # Ctrl-C among them: what an attempt took that fails stays in the queue
                with self._lock:
                    self.order.put_back(taken)
                    self._filled.notify_all()
                raise
            return taken

    def _fill(self, taken: list[Element], count: int, *, fewer: bool) -> None:
        while len(taken) < count:
            with self._lock:
                self._wait(self._filled, lambda: self._closed or len(self.order) > self.least)
                while len(taken) < count and len(self.order) > (0 if self._closed else self.least):
                    taken.append(self.order.take())
                    self._room.notify_all()
                if len(taken) < count and self._closed and not len(self.order):
                    if fewer and taken:
                        return
                    have = f"(requested {count}, current size {len(taken)})"
                    raise OutOfRangeError(None, None, f"{self.said} is closed and has insufficient elements {have}")

    def close(self, *, cancel: bool) -> None:
        """Nothing more is put in; with `cancel` what waits for room gives up."""
        with self._lock:
            self._closed, self._cancelled = True, self._cancelled or cancel
            self._room.notify_all()
            self._filled.notify_all()

    @property
    def closed(self) -> bool:
        """Whether nothing more is put in."""
        return self._closed

    def __len__(self) -> int:
        with self._lock:
            return len(self.order)
