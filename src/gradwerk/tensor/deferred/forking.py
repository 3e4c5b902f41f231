"""A fork while other threads compute: the child finds no stretch that a thread which it has not is in the middle of."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import ExitStack

from gradwerk.base.forks import one_at_a_time
from gradwerk.tensor.deferred.stretch import Stretch

PATIENCE = 5.0
"""Seconds to wait for what another thread is running: it may itself wait for the thread that forks."""


class Forking:
    """Runs what waits before a fork, and holds what could be run meanwhile until it is over.

    The lock of whoever compiles comes first: its thread may look at what waits in another.  What could not be had in time is taken from the
    thread that had it, in the child: nothing has been made of it then, and it is run again when somebody looks.

    Args:
        finish: runs what waits in all threads.
        stretches: those that there are.
    """

    def __init__(self, finish: Callable[[], None], stretches: Callable[[], Iterable[Stretch]]) -> None:
        self.finish, self.stretches = finish, stretches
        self.held = ExitStack()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(before=self.hold, after_in_parent=self.release, after_in_child=self.take_over)

    def hold(self) -> None:
        """Before the fork."""
        self.finish()
        with ExitStack() as held:
            held.enter_context(one_at_a_time())
            for stretch in self.stretches():
                if stretch.lock.acquire(timeout=PATIENCE):
                    held.callback(stretch.lock.release)
            self.held = held.pop_all()

    def release(self) -> None:
        """Behind it."""
        held, self.held = self.held, ExitStack()
        held.close()

    def take_over(self) -> None:
        """Behind it, in the child."""
        for stretch in self.stretches():
            if not stretch.lock.acquire(blocking=False):
                stretch.lock, stretch.running = threading.RLock(), False
            else:
                stretch.lock.release()
        self.release()
