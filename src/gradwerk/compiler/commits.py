"""When a program overwrites its inputs: as late as it can, because a run can be broken off until then (docs/decisions/0013-interrupts.md).

Work that overwrites an input, and that nothing else waits for, moves behind all other work.  What it reads has to live until then, the
gradients of all layers above all, so only so much waits as is little beside the inputs themselves; what comes after that is done at once.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from typing import TypeVar

from gradwerk.compiler.accesses import History, Link
from gradwerk.compiler.memory import Segment, root, touches
from gradwerk.compiler.verify import HostWork
from gradwerk.compiler.work import Access, Buffer, Work

S = TypeVar("S", bound=HostWork)
LEAST_WAITING = 16 << 20
"""Bytes that may wait in any program."""


def commits_last(steps: Sequence[Segment | S], inputs: Sequence[Buffer], lasting: Set[Buffer]) -> list[Segment | S]:
    """The steps, with the work that overwrites inputs at the end.

    `lasting`: what else is there to the end in any case.  What waits takes half as many bytes as the inputs, or `LEAST_WAITING`.
    """
    kept = frozenset(inputs)
    most = max(LEAST_WAITING, sum(buffer.nbytes for buffer in kept) // 2)
    late = movable(steps, kept)
    waiting: set[Buffer] = set()
    count = nbytes = 0
    for work in late:
        more = {root(access.operand.buffer) for access in work.accesses} - kept - lasting - waiting
        nbytes += sum(buffer.nbytes for buffer in more)
        if nbytes > most:
            break
        waiting |= more
        count += 1
    moved, next_one = {id(work) for work in late[:count]}, late[count] if count < len(late) else None
    made: list[Segment | S] = []
    for step in steps:
        if not isinstance(step, Segment):
            made.append(step)
            continue
        works: list[Work] = []
        for work in step.work:
            if work is next_one:
                works += late[:count]
            if id(work) not in moved:
                works.append(work)
        if works:
            made.append(Segment(tuple(works), step.trips))
    if next_one is None and count:
        last = made[-1] if made else None
        if isinstance(last, Segment) and not last.trips:
            made[-1] = Segment((*last.work, *late))
        else:
            made.append(Segment(tuple(late)))
    return made


def movable(steps: Sequence[Segment | S], kept: Set[Buffer]) -> list[Work]:
    """The work that overwrites kept memory and may stand behind all that is not of its kind, in order."""
    later, stays, found = History(), Link([]), list[Work]()
    for step in reversed(steps):
        if not isinstance(step, Segment):
            for touch in touches([*(Access(o) for o in step.reads), *(Access(o, writes=True) for o in step.writes)]):
                later.add(stays, touch)
            continue
        for work in reversed(step.work):
            touched = touches(work.accesses)
            commits = any(touch.writes and touch.memory in kept for touch in touched)
            if commits and not step.trips and not any(later.conflicts(touch) for touch in touched):
                found.append(work)
                continue
            for touch in touched:
                later.add(stays, touch)
    return found[::-1]
