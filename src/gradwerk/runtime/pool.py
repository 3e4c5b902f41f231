"""The pool: Python threads that live inside the native worker loop and never take the interpreter lock while they work.

One run at a time has the pool.  A second thread that calls a program meanwhile walks it alone: chunks depend on sizes only, so its bits are
the same.  The pool starts at the first shared run, stops at exit, and starts anew in a forked child.
"""

from __future__ import annotations

import atexit
import ctypes
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import settings
from gradwerk.runtime.memory import address, empty

SPINS = 2000
"""Pauses before a waiting thread parks: 0 to 2,000 are equally good under load, 20,000 costs 20 percent."""
STOP, CANCEL, WORDS = 16, 24, 96
MOST_THREADS = 256


@dataclass(frozen=True)
class Executor:
    """The native executor's entry points."""

    walk: Callable[[int], int]
    profile: Callable[[int], int]
    share: Callable[[int, int], int]
    serve: Callable[[int, int, int], None]
    poke: Callable[[int], None]
    wake: Callable[[int], None]

    @classmethod
    def at(cls, addresses: dict[str, int]) -> Executor:
        """From the addresses of its functions."""
        word = ctypes.c_int64
        one, two = ctypes.CFUNCTYPE(word, word), ctypes.CFUNCTYPE(word, word, word)
        nothing, worker = ctypes.CFUNCTYPE(None, word), ctypes.CFUNCTYPE(None, word, word, word)
        return cls(
            one(addresses["walk"]), one(addresses["profile"]), two(addresses["share"]),
            worker(addresses["serve"]), nothing(addresses["poke"]), nothing(addresses["wake_all"]),
        )  # fmt: skip


def thread_count() -> int:
    """The threads that a run uses, the caller's among them."""
    wanted = settings.threads
    if wanted > MOST_THREADS:
        raise ArgumentError(f"threads={wanted} is more than {MOST_THREADS}", likely="GRADWERK_THREADS=0 takes one per usable core")
    return wanted or usable_cores()


def usable_cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Pool:
    """Workers of one process, waiting on one control block."""

    def __init__(self, executor: Executor, threads: int) -> None:
        self.executor, self.size = executor, threads
        self.lock = threading.Lock()
        self.control = empty((WORDS,), np.dtype(np.int64))
        self.control[:] = 0
        self.address = address(self.control)
        self.seen = [empty((8,), np.dtype(np.int64)) for _ in range(threads - 1)]
        self.threads: list[threading.Thread] = []
        for word in self.seen:
            word[:] = 0
            thread = threading.Thread(target=executor.serve, args=(self.address, address(word), SPINS), name="gradwerk", daemon=True)
            self.threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """Ends the workers and waits for them."""
        with self.lock:
            self.control[STOP] = 1
            self.executor.poke(self.address)
            for thread in self.threads:
                thread.join()
            self.threads = []

    def settle(self) -> None:
        """Waits until no worker is inside a run any more."""
        epoch = int(self.control[0])
        while any(int(word[0]) < epoch for word in self.seen):
            os.sched_yield() if hasattr(os, "sched_yield") else None


_pool: Pool | None = None
_guard = threading.Lock()


def pool(executor: Executor) -> Pool | None:
    """The running pool of the size that the settings ask for; None for one thread."""
    global _pool  # noqa: PLW0603  one pool a process, replaced when the wanted size changes
    wanted = thread_count()
    if _pool is not None and _pool.size == wanted:
        return _pool
    with _guard:
        if _pool is not None and _pool.size != wanted:
            _pool.stop()
            _pool = None
        if _pool is None and wanted > 1:
            _pool = Pool(executor, wanted)
        return _pool


def stop() -> None:
    """Ends the pool; the next shared run starts it again."""
    global _pool  # noqa: PLW0603
    with _guard:
        if _pool is not None:
            _pool.stop()
            _pool = None


def _forget() -> None:
    """In a forked child: the workers did not come along."""
    global _pool, _guard  # noqa: PLW0603
    _pool, _guard = None, threading.Lock()


atexit.register(stop)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


class Interruption:
    """Lets Ctrl-C end a long native run: a thread reads the signal's wake-up byte, since Python itself cannot run until native code returns.

    A run that ends within `GRACE` seconds is left to end, so that a training step is never torn.  Nothing is done when the program has its
    own SIGINT handler.
    """

    GRACE = 2.0

    def __init__(self) -> None:
        self.running: Callable[[], None] | None = None
        self.started = False

    def start(self) -> None:
        """Begins to watch, once, from the main thread."""
        if self.started or threading.current_thread() is not threading.main_thread() or not hasattr(os, "pipe"):
            return
        self.started = True
        read, write = os.pipe()
        os.set_blocking(write, False)
        previous = signal.set_wakeup_fd(write, warn_on_full_buffer=False)
        if previous != -1:  # an event loop owns it: leave it alone
            signal.set_wakeup_fd(previous)
            return
        threading.Thread(target=self._watch, args=(read,), name="gradwerk-interrupt", daemon=True).start()

    def _watch(self, read: int) -> None:
        while data := os.read(read, 1):
            running = self.running
            if data[0] == signal.SIGINT and running is not None and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                threading.Event().wait(self.GRACE)
                if self.running is running:
                    running()


interruption = Interruption()
