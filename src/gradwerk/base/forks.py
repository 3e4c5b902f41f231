"""What must not be half done while another thread forks.

A lock that another thread holds at a fork stays held in the child for ever.  Libraries and imports have such locks of their own; whoever is
about to take one does so under `one_at_a_time`, which a fork takes first, and which both sides then give back.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gradwerk.base.errors import StateError

_lock = threading.RLock()
LONGEST = 5.0
"""Seconds to wait when the process ends: a thread that was stopped then gives nothing back."""


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """A block that one thread is in, and nobody forks meanwhile.  Raises: StateError when the process ends while another is inside."""
    if not sys.is_finalizing():
        with _lock:
            yield
    elif _lock.acquire(timeout=LONGEST):
        try:
            yield
        finally:
            _lock.release()
    else:
        raise StateError("the process ends, and another thread was stopped while it compiled")


@contextmanager
def one_if_free() -> Iterator[bool]:
    """The same for who can do without: False inside where somebody is in such a block already.

    Another thread may wait there for this one; and this thread is in one itself where a signal is handled in the middle.
    """
    owned: Any = _lock
    if owned._is_owned():
        yield False
        return
    try:
        _lock.acquire(blocking=False)
        yield owned._is_owned()
    finally:  # asked, not remembered: a signal may come between the two
        if owned._is_owned():
            _lock.release()


class Renewed:
    """A lock for short work of our own.  The child of a fork has a new one: the thread that held it is not there.

    A thread may enter twice: a signal is handled, or an object finalized, in the middle of what it does.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(after_in_child=self._renew)

    def _renew(self) -> None:
        self.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)
