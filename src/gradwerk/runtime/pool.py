"""The pool: Python threads that live inside the native worker loop and never take the interpreter lock while they work.

One run at a time has the pool.  A second thread that calls a program meanwhile walks it alone: chunks depend on sizes only, so its bits are
the same.  The pool starts at the first shared run, stops at exit, and starts anew in a forked child.

A worker may come late to a run that the others have finished; it does no harm there, but it reads the run's tables.  So whatever native
code may read is given up through `retire`, which keeps it until every worker is through with the last run.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
from collections import deque
from functools import cache

from gradwerk.base.settings import settings
from gradwerk.runtime.executor import CONTROL_WORDS, EPOCH, LINE, PAUSES, STOP, Executor
from gradwerk.runtime.memory import address, words
from gradwerk.runtime.quota import granted_cores

SPIN = 2000
"""Pauses before a waiting thread parks: 0 to 2,000 are equally good under load, 20,000 costs 20 percent."""
MOST_WAIT = 10.0
"""Seconds that the end of the process waits for a run of another thread."""


def thread_count() -> int:
    """The threads that a run uses, the caller's among them."""
    return settings.threads or usable_cores()


def usable_cores() -> int:
    """The cores that this process may use: those it is bound to, or fewer under a container's quota."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min(bound, _quota()))


_quota = cache(granted_cores)


class Pool:
    """Workers of one process, waiting on one control block."""

    def __init__(self, executor: Executor, asked: int) -> None:
        self.executor, self.asked = executor, asked
        size = thread_count()
        self.lock = threading.Lock()
        self.control = words(CONTROL_WORDS)
        self.control[PAUSES] = SPIN if size <= usable_cores() else 0
        self.address = address(self.control)
        self.seen = words(LINE * size)
        self.threads: list[threading.Thread] = []
        self._retired: deque[tuple[int, object]] = deque()
        self._pruning = threading.Lock()
        first = address(self.seen)
        for number in range(1, size):
            arguments = (self.address, first + 8 * LINE * number, number)
            thread = threading.Thread(target=executor.serve, args=arguments, name=f"gradwerk-{number}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads to be had: those we have will do
                break
            self.threads.append(thread)

    @property
    def size(self) -> int:
        """Threads of a shared run."""
        return len(self.threads) + 1

    def stop(self) -> None:
        """Ends the workers and waits for them."""
        got = self.lock.acquire(timeout=MOST_WAIT)
        self.control[STOP] = 1
        self.executor.poke(self.address)
        for thread in self.threads:
            thread.join(MOST_WAIT)
        self.threads = []
        if got:
            self.lock.release()

    def through(self) -> int:
        """The last epoch that every worker is through with."""
        epoch = int(self.control[EPOCH])
        return min([epoch, *(int(self.seen[LINE * number]) for number in range(1, self.size))])

    def settle(self) -> None:
        """Waits until no worker is inside a run any more; the caller has the lock."""
        epoch = int(self.control[EPOCH])
        while self.through() < epoch:
            time.sleep(0.0002)

    def retire(self, memory: object) -> None:
        """Keeps what a worker may still read until it cannot any more.  Finalizers call this: at any time, from any thread."""
        self._retired.append((int(self.control[EPOCH]), memory))
        through = self.through()
        if self._pruning.acquire(blocking=False):
            while self._retired and self._retired[0][0] <= through:
                self._retired.popleft()
            self._pruning.release()


_pool: Pool | None = None
_guard = threading.Lock()


def pool(executor: Executor) -> Pool:
    """The pool that the settings ask for now; of one thread it has no workers."""
    global _pool  # noqa: PLW0603  one pool a process, replaced when the wanted size changes
    present = _pool
    if present is not None and present.asked == settings.threads:
        return present
    with _guard:
        if _pool is None or _pool.asked != settings.threads:
            if _pool is not None:
                _pool.stop()
                _pool = None
            _pool = Pool(executor, settings.threads)
        return _pool


def stop() -> None:
    """Ends the pool; the next shared run starts it again."""
    global _pool  # noqa: PLW0603
    with _guard:
        if _pool is not None:
            _pool.stop()
            _pool = None


def retire(memory: object) -> None:
    """Gives up memory that native code reads, as soon as no worker can."""
    present = _pool
    if present is not None and present.threads:
        present.retire(memory)


def _forget() -> None:
    """In a forked child: the workers did not come along."""
    global _pool, _guard
    _pool, _guard = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
