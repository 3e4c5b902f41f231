"""Mutexes: what only one thread holds at a time; tf.CriticalSection runs functions one after the other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import StateError
from gradwerk.tf.calls import op

# ruff: noqa: ANN401, FBT001, FBT002  TensorFlow's signatures


class Mutex:
    """A mutex, as an operation gives it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()


class Lock:
    """That a mutex is held: by whoever has this, until it is consumed."""

    def __init__(self, mutex: Mutex) -> None:
        self._mutex, self._held = mutex, True

    def consume(self) -> None:
        """Lets it go.  Raises: StateError the second time."""
        if not self._held:
            raise StateError("the lock was consumed already: its mutex is not held")
        self._held = False
        self._mutex.lock.release()


@op("MutexV2", host=True, effects=True)
def mutex_v2(container: str = "", shared_name: str = "", name: str | None = None) -> Mutex:
    """A new mutex."""
    return Mutex()


@op("MutexLock", host=True, effects=True)
def mutex_lock(mutex: Mutex, name: str | None = None) -> Lock:
    """Waits until nobody holds the mutex, and holds it: until the lock that is given is consumed."""
    mutex.lock.acquire()
    return Lock(mutex)


@op("ConsumeMutexLock", host=True, effects=True)
def consume_mutex_lock(mutex_lock: Lock, name: str | None = None) -> None:
    """Lets the mutex go.  Raises: StateError for a lock that was consumed already."""
    mutex_lock.consume()


@op("MutexAcquire", host=True, effects=True)
def mutex_acquire(mutex: Mutex, name: str | None = None) -> Lock:
    """MutexLock by the name of TensorFlow's first paper."""
    mutex.lock.acquire()
    return Lock(mutex)


@op("MutexRelease", host=True, effects=True)
def mutex_release(mutex_lock: Lock, name: str | None = None) -> None:
    """ConsumeMutexLock by the name of TensorFlow's first paper.  Raises: StateError for a lock that was consumed already."""
    mutex_lock.consume()


class CriticalSection:
    """Functions that are never run at the same time.

    Args:
        name: of the section.
        shared_name: sections of one name exclude each other.
        critical_section_def: takes no other than None.
        import_scope: takes no other than None.
    """

    _shared: dict[str, threading.RLock] = {}

    def __init__(
        self, name: str | None = None, shared_name: str | None = None, critical_section_def: None = None, import_scope: None = None
    ) -> None:
        self._name = name or "critical_section"
        self._mutex = threading.RLock() if shared_name is None else self._shared.setdefault(shared_name, threading.RLock())

    @property
    def name(self) -> str:
        """The name."""
        return self._name

    def execute(self, fn: Callable[[], Any], exclusive_resource_access: bool = True, name: str | None = None) -> Any:
        """What a function gives that is run while no other of the section is."""
        with self._mutex:
            return fn()


__all__ = ["CriticalSection"]
