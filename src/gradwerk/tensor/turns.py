"""Threads that add to one gradient take turns: `.grad` is read, added to and set, and a contribution between the two would be lost.

A turn is for some leaves, whose locks are taken in one order.  Threads that train different models never wait for each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any
from weakref import ref

from gradwerk.tensor.handle import Handle

_locks: dict[int, tuple[Any, threading.RLock]] = {}
"""By id of the leaf, which takes its lock along when it goes."""
_latest = object()
"""Another one after each turn, so that who has looked at gradients before its turn knows whether they may have changed."""


def latest() -> object:
    """What stays the same while nobody has a turn."""
    return _latest


class turn:  # noqa: N801  a block
    """A block that no other thread is in with one of these leaves."""

    __slots__ = ("locks",)

    def __init__(self, leaves: Sequence[Handle]) -> None:
        self.locks = [_lock_of(leaf) for leaf in (sorted(leaves, key=id) if len(leaves) > 1 else leaves)]

    def __enter__(self) -> None:
        try:
            for lock in self.locks:
                lock.acquire()
        except BaseException:  # Ctrl-C while it waits
            self.__exit__()
            raise

    def __exit__(self, *error: object) -> None:
        global _latest  # noqa: PLW0603  one assignment, which threads see whole
        _latest = object()
        for lock in self.locks:
            try:  # noqa: SIM105  suppress() takes longer than the lock
                lock.release()
            except RuntimeError:
                pass  # it was not taken yet


def _lock_of(leaf: Handle) -> threading.RLock:
    key = id(leaf)
    found = _locks.get(key)
    if found is None:  # a thread may take it twice: a signal may be handled in the middle
        found = _locks.setdefault(key, (ref(leaf, lambda _: _locks.pop(key, None)), threading.RLock()))
    return found[1]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_locks.clear)  # the threads that held some are not there
