"""Arenas that programs lend each other: what a run writes between its launches is of no use to anybody once it has ended.

A program of its own arena finds it cold whenever another has run in between, as the forms of one step for batches of several shapes do in
turn.  The latest that was given back is lent first, as its memory is in the caches; one that is too small gives way to a larger one.  So
there are as many as there were runs at a time, and they go with the program that they were made for.
"""

from __future__ import annotations

import numpy as np

from gradwerk.runtime.memory import Array, address, empty
from gradwerk.runtime.pool import retire

Arena = tuple[Array, int]
"""Memory, and where it lies."""
_free: list[Arena] = []


def lend(count: int) -> Arena:
    """An arena of so many bytes or more, which is nobody else's until it is given back."""
    try:
        found = _free.pop()
    except IndexError:
        return made(count)
    if len(found[0]) >= count:
        return found
    retire(found[0])
    return made(count)


def give_back(arena: Arena) -> None:
    """Whoever asks next may have it: the run that it was lent for has ended."""
    _free.append(arena)


def made(count: int) -> Arena:
    """A new arena."""
    memory = empty((count,), np.dtype(np.uint8))
    return memory, address(memory)


def release(count: int) -> None:
    """Lets go of the arenas that were made for a program of so many bytes, which nobody uses any more."""
    for _ in range(len(_free)):  # each in turn: another thread may lend them meanwhile
        try:
            arena = _free.pop(0)
        except IndexError:
            return
        if len(arena[0]) == count:
            retire(arena[0])
        else:
            _free.append(arena)
