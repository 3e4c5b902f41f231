"""Threads take turns at what each of them reads, computes with and sets: what came between the two would be lost.

    turns_of_gradients(leaves)   those that add to one gradient
    turns_of(written)            those that run compiled functions which write to the same Tensors: counters of draws, means, weights

Who takes turns of both kinds takes those of gradients first, and of each kind those of lower numbers.  Threads that train different models
never wait for each other.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from functools import partial
from itertools import count
from typing import Any, TypeVar
from weakref import ref

from gradwerk.base.forks import Renewed
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

R = TypeVar("R")
T = TypeVar("T")
MANY = 16
"""Turns that are taken at once."""


class Past:
    """`latest` is another object behind each turn at gradients, so that who looked at them before its own knows whether they may differ.

    Whoever has a turn makes the object before, and sets it last: a call could be interrupted between the two.
    """

    __slots__ = ("latest",)

    def __init__(self) -> None:
        self.latest: object = None


past = Past()


class Turn:
    """What one thread has at a time while it runs what writes.  It may take it again: a signal is handled in the middle.

    Taken by `with turn.lock:`, nothing else: Ctrl-C cannot come between the lock and the block that gives it back.
    """

    __slots__ = ("__weakref__", "lock", "number")

    def __init__(self) -> None:
        self.lock, self.number = threading.RLock(), next(_numbers)


_numbers = count()
_turns: dict[int, tuple[ref[Storage], Turn]] = {}
_leaves: dict[int, tuple[ref[Handle], Turn]] = {}
_all: dict[int, ref[Turn]] = {}
"""By id of the Storage, of the leaf, of the Turn, which take their own along when they go.

They do so without code of Python's (a WeakSet has some), in which a signal could be handled, and be lost.
"""
_giving = Renewed()


def turns_of(written: Sequence[Storage]) -> tuple[Turn, ...]:
    """What to take, in this order, before one writes to these.  Those that are new have one turn together: a step takes few."""
    with _giving.lock:
        known = {held[1] for storage in written if (held := _turns.get(id(storage))) is not None}
        if missing := [storage for storage in written if id(storage) not in _turns]:
            known.add(new := _another())
            for storage in missing:
                _note(_turns, storage, new)
        return _in_order(known)


def turns_of_gradients(leaves: Sequence[Handle]) -> tuple[Turn, ...]:
    """The same before one adds to the gradients of these."""
    with _giving.lock:
        known = {held[1] for leaf in leaves if (held := _leaves.get(id(leaf))) is not None}
        if missing := [leaf for leaf in leaves if id(leaf) not in _leaves]:
            known.add(new := _another())
            for leaf in missing:
                _note(_leaves, leaf, new)
        return _in_order(known)


def _another() -> Turn:
    new = Turn()
    _all[id(new)] = ref(new, partial(_all.pop, id(new)))
    return new


def _note(noted: dict[int, tuple[ref[T], Turn]], owner: T, turn: Turn) -> None:
    noted[id(owner)] = ref(owner, partial(noted.pop, id(owner))), turn


def _in_order(turns: set[Turn]) -> tuple[Turn, ...]:
    return tuple(turns) if len(turns) == 1 else tuple(sorted(turns, key=lambda turn: turn.number))


def in_turns(turns: Sequence[Turn], run: Callable[..., R], *args: Any) -> R:  # noqa: ANN401
    """run(*args) while this thread has all of these turns: many to a frame of Python's, which has no more than a thousand."""
    if len(turns) == 1:
        with turns[0].lock:
            return run(*args)
    if len(turns) == 2:
        with turns[0].lock, turns[1].lock:
            return run(*args)
    if not turns:
        return run(*args)
    if len(turns) < MANY:
        with turns[0].lock, turns[1].lock:
            return in_turns(turns[2:], run, *args)
    a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p = (turn.lock for turn in turns[:MANY])  # noqa: E741
    with a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p:
        return in_turns(turns[MANY:], run, *args)


def adding(leaves: Sequence[Handle], add: Callable[[], R]) -> R:
    """add() while no other thread adds to the gradients of these."""
    result: R = in_turns(turns_of_gradients(leaves), _added, add, object())
    return result


def _added(add: Callable[[], R], mark: object) -> R:
    try:
        return add()
    finally:
        past.latest = mark


def _renew() -> None:
    for held in list(_all.values()):
        given = held()
        if given is not None:
            given.lock = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew)  # the threads that held some are not there
