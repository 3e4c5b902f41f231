"""When a program overwrites its inputs: as late as it can, because a run can be broken off until then (docs/decisions/0013-interrupts.md).

Work that overwrites an input, and that nothing else waits for, moves behind all other work.  What it reads has to live until then, the
gradients of all layers above all, so only so much waits as is little beside the inputs themselves; what comes after that is done at once.
"""

from __future__ import annotations

from collections.abc import Sequence, Set

from gradwerk.compiler.accesses import History, Link
from gradwerk.compiler.memory import Touched, touches
from gradwerk.compiler.steps import Segment, Step, calls_of, flags_of, works_of
from gradwerk.compiler.work import Access, Buffer, Work

LEAST_WAITING = 16 << 20
"""Bytes that may wait in any program."""


def commits_last(steps: Sequence[Step], inputs: Sequence[Buffer], lasting: Set[Buffer], touched: Touched) -> list[Step]:
    """The steps, with the work that overwrites inputs at the end.

    `lasting`: what else is there to the end in any case.  What waits takes half as many bytes as the inputs, or `LEAST_WAITING`.
    """
    kept = frozenset(inputs)
    most = max(LEAST_WAITING, sum(buffer.nbytes for buffer in kept) // 2)
    late = movable(steps, kept, touched)
    waiting: set[Buffer] = set()
    count = nbytes = 0
    for work in late:
        more = {touch.memory for touch in touched.of(work)} - kept - lasting - waiting
        nbytes += sum(buffer.nbytes for buffer in more)
        if nbytes > most:
            break
        waiting |= more
        count += 1
    moved, next_one = {id(work) for work in late[:count]}, late[count] if count < len(late) else None
    made: list[Step] = []
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
            made.append(Segment(tuple(works)))
    if next_one is None and count:
        last = made[-1] if made else None
        if isinstance(last, Segment):
            made[-1] = Segment((*last.work, *late))
        else:
            made.append(Segment(tuple(late)))
    return made


def movable(steps: Sequence[Step], kept: Set[Buffer], known: Touched) -> list[Work]:
    """The work that overwrites kept memory and may stand behind all that is not of its kind, in order."""
    later, stays, found = History(), Link([]), list[Work]()
    left = sum(not kept.isdisjoint(known.written(work)) for step in steps if isinstance(step, Segment) for work in step.work)
    for step in reversed(steps):
        if not left:  # what stands before all that overwrites stays where it is
            break
        if not isinstance(step, Segment):
            later.add(stays, touches(accesses_of(step)))
            continue
        for work in reversed(step.work):
            if not left:
                break
            touched, overwrites = known.of(work), not kept.isdisjoint(known.written(work))
            left -= overwrites
            if overwrites and not later.conflicts(touched):
                found.append(work)
            else:
                later.add(stays, touched)
    return found[::-1]


def accesses_of(step: Step) -> list[Access]:
    """All that is touched by a call of Python, or by a loop in any iteration."""
    reads = [operand for call in calls_of([step]) for operand in call.reads] + list(flags_of([step]))
    writes = [operand for call in calls_of([step]) for operand in call.writes]
    native = [access for work in works_of([step]) for access in work.accesses]
    return [*native, *(Access(operand) for operand in reads), *(Access(operand, writes=True) for operand in writes)]
