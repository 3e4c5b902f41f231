"""The pool: Python threads that live inside the native worker loop and never take the interpreter lock while they work.

One run at a time has the pool.  A second thread that calls a program meanwhile walks it alone: chunks depend on sizes only, so its bits are
the same.  The pool starts at the first shared run, ends with the process, and starts anew in a forked child.

A worker may come late to a run that the others have finished; it does no harm there, but it reads the run's tables.  So whatever native
code may read is given up through `retire`, which keeps it until every worker is through with the last run.
"""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from collections import deque
from functools import cache

import numpy as np

from gradwerk.base.errors import VerifyError
from gradwerk.base.forks import Renewed
from gradwerk.base.settings import settings
from gradwerk.ir.plan import MOST_SCRATCH
from gradwerk.ir.words import CONTROL_WORDS, CREW, CREW_SIZE, EPOCH, HIGHEST, LINE, OWNER, PAUSES, STOP
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address, empty, words
from gradwerk.runtime.poison import GUARD, pattern
from gradwerk.runtime.quota import granted_cores

SPIN = 2000
"""Pauses before a waiting thread parks: 0 to 2,000 are equally good under load, 20,000 costs 20 percent."""
SHARE = MOST_SCRATCH + GUARD
"""Bytes from one worker's scratch memory to the next one's."""
MOST_WAIT = 5.0
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
    """Workers of one process, waiting on one control block.  A job that finds another at work there runs without them."""

    def __init__(self, executor: Executor, asked: int, size: int) -> None:
        self.executor, self.asked = executor, asked
        self.control = words(CONTROL_WORDS)
        self.control[PAUSES] = SPIN if size <= usable_cores() else 0
        self.address = address(self.control)
        self.seen = words(LINE * size)
        self.scratch = empty((size - 1, SHARE), np.dtype(np.uint8))  # untouched, it takes no memory
        for own in self.scratch:
            own[0 if settings.check else MOST_SCRATCH :] = pattern(SHARE - (0 if settings.check else MOST_SCRATCH))
        self.threads: list[threading.Thread] = []
        self._retired: deque[tuple[int, object]] = deque()
        self._pruning = threading.Lock()
        self.control[CREW] = address(self.seen)
        for number in range(1, size):
            thread = threading.Thread(target=self._serve, args=(number,), name=f"gradwerk-{number}", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no more threads to be had: those we have will do
                break
            except BaseException:  # a signal handler's
                self.stop()
                raise
            self.threads.append(thread)
            self.control[CREW_SIZE] = number + 1

    def _serve(self, number: int) -> None:
        """A worker's life.  As long as it lasts, it keeps the pool's memory."""
        seen, scratch = int(self.control[CREW]) + 8 * LINE * number, address(self.scratch) + SHARE * (number - 1)
        self.executor.serve(self.address, seen, number, scratch)

    def check(self) -> None:
        """Raises: VerifyError where a worker wrote behind its scratch memory."""
        for number, own in enumerate(self.scratch, 1):
            if (own[MOST_SCRATCH:] != pattern(GUARD)).any():
                raise VerifyError(f"worker {number} wrote behind its {MOST_SCRATCH} bytes of scratch memory")

    @property
    def size(self) -> int:
        """Threads of a shared run."""
        return len(self.threads) + 1

    @property
    def alive(self) -> bool:
        """Whether any worker has not gone home yet."""
        return any(self.seen[LINE * number] != HIGHEST for number in range(1, self.size))

    def stop(self, wait: float = 0.0) -> None:
        """Sends the workers home, those of a run under way when it ends; waits for them, at most so many seconds."""
        self.control[STOP] = HIGHEST
        self.executor.poke(self.address)
        until = time.monotonic() + wait
        for thread in self.threads:
            thread.join(max(0.0, until - time.monotonic()))

    def through(self) -> int:
        """The last epoch that every worker is through with."""
        epoch = int(self.control[EPOCH])
        return min([epoch, *(int(self.seen[LINE * number]) for number in range(1, self.size))])

    def settle(self) -> None:
        """Waits until no worker is inside a run any more."""
        self.executor.settle(self.address)

    def retire(self, memory: object) -> None:
        """Keeps what a worker may still read until it cannot any more.  Finalizers call this: at any time, from any thread."""
        self._retired.append((int(self.control[EPOCH]), memory))
        through = self.through()
        if self._pruning.acquire(blocking=False):
            while self._retired and self._retired[0][0] <= through:
                self._retired.popleft()
            self._pruning.release()


_pool: Pool | None = None
_left: list[Pool] = []
"""Pools that were replaced while a run had their workers, until these have gone home."""
_guard = Renewed()
_ending = False


def pool(executor: Executor) -> Pool:
    """The pool that the settings ask for now; of one thread it has no workers.

    A run that has the workers of a pool that is replaced goes on with them.  When the process ends there are no workers any more: a thread
    that is started then may never run.
    """
    global _pool  # noqa: PLW0603  one pool a process, replaced when the wanted size changes
    present, asked = _pool, settings.threads
    if present is not None and present.asked == asked:
        return present
    if _ending or sys.is_finalizing():
        return Pool(executor, asked, 1)
    with _guard.lock:
        if _pool is None or _pool.asked != asked:
            _replace()
            _pool = Pool(executor, asked, thread_count())
        return _pool


def _replace(wait: float = MOST_WAIT) -> None:
    """Ends the present pool; the caller has the guard."""
    global _pool, _left  # noqa: PLW0603
    old, _pool = _pool, None
    if old is not None and old.threads:
        _left = [*(left for left in _left if left.alive), old]
        busy = bool(old.control[OWNER])
        old.stop(0.0 if busy else wait)


def stop() -> None:
    """Ends the pool; the next shared run starts it again."""
    with _guard.lock:
        _replace()


def end() -> None:
    """When the process ends: breaks off what another thread has under way, unless it has begun to commit, and sends the workers home."""
    global _ending  # noqa: PLW0603
    _ending = True
    present = _pool
    if present is not None and present.threads:
        present.executor.dismiss(present.address)
        present.stop(MOST_WAIT)
    if _guard.lock.acquire(timeout=MOST_WAIT):
        _replace()
        _guard.lock.release()


def retire(memory: object) -> None:
    """Gives up memory that native code reads, as soon as no worker can."""
    for present in (_pool, *_left):
        if present is not None and present.alive:
            present.retire(memory)


def _forget() -> None:
    """In a forked child: the workers did not come along."""
    global _pool, _left, _ending
    _pool, _left, _ending = None, [], False


atexit.register(end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)
