"""tf.train.Coordinator: threads that stop together, and whose errors come out where they are joined."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from gradwerk.base.errors import StateError
from gradwerk.tf.errors import CancelledError, OutOfRangeError

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures

_POLL = 0.1


class Coordinator:
    """Tells threads to stop, waits for them, and raises what one of them raised.

    Args:
        clean_stop_exception_types: errors that are no errors: that data has come to its end, unless others are given.

    Source: https://www.tensorflow.org/api_docs/python/tf/train/Coordinator
    """

    def __init__(self, clean_stop_exception_types: Sequence[type[BaseException]] | None = None) -> None:
        self._clean = tuple(clean_stop_exception_types) if clean_stop_exception_types is not None else (OutOfRangeError,)
        self._lock, self._stop = threading.Lock(), threading.Event()
        self._raised: BaseException | None = None
        self._threads: set[threading.Thread] = set()
        self._joined = False

    def request_stop(self, ex: Any = None) -> None:
        """All threads are to stop; the first error given is raised by `join`."""
        error = ex[1] if isinstance(ex, tuple) else ex
        with self._lock:
            if self._joined and error is not None and not isinstance(error, self._clean):
                raise error
            if not self._stop.is_set() and error is not None and not isinstance(error, self._clean):
                self._raised = error
            self._stop.set()

    def should_stop(self) -> bool:
        """Whether threads are to stop."""
        return self._stop.is_set()

    def clear_stop(self) -> None:
        """As if nobody had asked to stop."""
        with self._lock:
            self._joined, self._raised = False, None
            self._stop.clear()

    @contextmanager
    def stop_on_exception(self) -> Iterator[None]:
        """An error inside the block is kept, and all threads are to stop."""
        try:
            yield
        except BaseException:
            self.request_stop(sys.exc_info()[1])

    def wait_for_stop(self, timeout: float | None = None) -> bool:
        """Waits until threads are to stop; whether they are."""
        return self._stop.wait(timeout)

    def register_thread(self, thread: threading.Thread) -> None:
        """A thread that `join` waits for."""
        with self._lock:
            self._threads.add(thread)

    def join(
        self, threads: Sequence[threading.Thread] | None = None, stop_grace_period_secs: float = 120, ignore_live_threads: bool = False
    ) -> None:
        """Waits for threads, those registered and others, and raises what one of them raised.

        Raises: StateError where they have not ended so many seconds after they were to stop.
        """
        with self._lock:
            waited = {*self._threads, *(threads or ())}
        while any(one.is_alive() for one in waited) and not self.wait_for_stop(_POLL):
            pass
        end = time.monotonic() + stop_grace_period_secs
        for one in waited:
            one.join(max(0.0, end - time.monotonic()))
        left = [one.name for one in waited if one.is_alive()]
        with self._lock:
            self._joined, self._threads = True, set()
            if self._raised is not None:
                raise self._raised
        if left and not ignore_live_threads:
            raise StateError(f"Coordinator stopped with threads still running: {' '.join(left)}", likely="close the queue they wait for")

    @property
    def joined(self) -> bool:
        """Whether threads were joined."""
        return self._joined

    def raise_requested_exception(self) -> None:
        """Raises what was given to `request_stop`."""
        if self._raised is not None:
            raise self._raised


class QueueRunner:
    """Threads that run operations which fill a queue, until they are to stop or data has come to its end.

    Args:
        queue: the queue.
        enqueue_ops: what each thread runs, one thread for each.
        close_op: what is run when data has come to its end; closing the queue unless given.
        cancel_op: what is run when threads are to stop; closing it at once unless given.
        queue_closed_exception_types: errors that say that data has come to its end.
    """

    def __init__(
        self, queue: Any = None, enqueue_ops: Sequence[Any] = (), close_op: Any = None, cancel_op: Any = None,
        queue_closed_exception_types: Sequence[type[BaseException]] | None = None, queue_runner_def: None = None,
        import_scope: None = None,
    ) -> None:  # fmt: skip
        self.queue, self.enqueue_ops = queue, list(enqueue_ops)
        self.close_op = queue.close() if close_op is None else close_op
        self.cancel_op = queue.close(cancel_pending_enqueues=True) if cancel_op is None else cancel_op
        self.queue_closed_exception_types = tuple(queue_closed_exception_types or (OutOfRangeError, CancelledError))
        self._lock, self._running = threading.Lock(), 0
        self.exceptions_raised: list[BaseException] = []

    @property
    def name(self) -> str:
        """The queue's."""
        return str(self.queue.name)

    def _fill(self, session: Any, enqueue_op: Any, coord: Coordinator | None) -> None:
        try:
            while coord is None or not coord.should_stop():
                try:
                    session.run(enqueue_op)
                except self.queue_closed_exception_types:
                    break
        except Exception as error:
            if coord is None:
                self.exceptions_raised.append(error)
            else:
                coord.request_stop(error)
        finally:
            with self._lock:
                self._running -= 1
                last = not self._running
            if last:
                session.run(self.close_op)

    def _cancel(self, session: Any, coord: Coordinator) -> None:
        coord.wait_for_stop()
        session.run(self.cancel_op)

    def create_threads(
        self, sess: Any, coord: Coordinator | None = None, daemon: bool = False, start: bool = False
    ) -> list[threading.Thread]:
        """The threads, which run operations in a session."""
        with self._lock:
            self._running = len(self.enqueue_ops)
        made = [threading.Thread(target=self._fill, args=(sess, one, coord), daemon=daemon) for one in self.enqueue_ops]
        if coord is not None:
            made.append(threading.Thread(target=self._cancel, args=(sess, coord), daemon=True))
            for thread in made:
                coord.register_thread(thread)
        if start:
            for thread in made:
                thread.start()
        return made
