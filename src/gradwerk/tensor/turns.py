"""Threads take turns at what each of them reads, computes with and sets: what came between the two would be lost.

    turn(leaves)        those that add to one gradient
    turns_of(written)   those that run compiled functions which write to the same Tensors: counters of draws, running means, weights

Locks are taken in one order.  Threads that train different models never wait for each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, TypeVar
from weakref import WeakKeyDictionary, WeakSet, ref

from gradwerk.base.forks import Renewed
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

R = TypeVar("R")
MANY = 16
"""Turns that are taken at once."""
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


class Turn:
    """What one thread has at a time while it runs what writes.  It may take it again: a signal is handled in the middle.

    Taken by `with turn.lock:`, nothing else: Ctrl-C cannot come between the lock and the block that gives it back.
    """

    __slots__ = ("__weakref__", "lock", "number")

    def __init__(self) -> None:
        self.lock, self.number = threading.RLock(), next(_numbers)


_numbers = count()
_turns: WeakKeyDictionary[Storage, Turn] = WeakKeyDictionary()
_all: WeakSet[Turn] = WeakSet()
_giving = Renewed()


def turns_of(written: Sequence[Storage]) -> tuple[Turn, ...]:
    """What to take, in this order, before one writes to these.  Those that are new have one turn together: a step takes few."""
    with _giving.lock:
        given = [(storage, _turns.get(storage)) for storage in written]
        known = {turn for _, turn in given if turn is not None}
        if missing := [storage for storage, turn in given if turn is None]:
            known.add(new := Turn())
            _all.add(new)
            _turns.update(dict.fromkeys(missing, new))
        return tuple(sorted(known, key=lambda turn: turn.number))


def in_turns(turns: Sequence[Turn], run: Callable[..., R], *args: Any) -> R:  # noqa: ANN401
    """run(*args) while this thread has all of these turns: many to a frame of Python's, which has no more than a thousand."""
    if not turns:
        return run(*args)
    if len(turns) == 1:
        with turns[0].lock:
            return run(*args)
    if len(turns) < MANY:
        with turns[0].lock, turns[1].lock:
            return in_turns(turns[2:], run, *args)
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p = (turn.lock for turn in turns[:MANY])  # noqa: E741
    with a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p:
        return in_turns(turns[MANY:], run, *args)


def _renew() -> None:
    for given in _all:
        given.lock = threading.RLock()


def _lock_of(leaf: Handle) -> threading.RLock:
    key = id(leaf)
    found = _locks.get(key)
    if found is None:  # a thread may take it twice: a signal may be handled in the middle
        locks = _locks  # the module may be gone before the leaf
        found = locks.setdefault(key, (ref(leaf, lambda _: locks.pop(key, None)), threading.RLock()))
    return found[1]


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_locks.clear)  # the threads that held some are not there
    os.register_at_fork(after_in_child=_renew)
