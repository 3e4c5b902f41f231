"""Chunks in any order that the barriers allow: the same tables and kernels as the native executor's, walked by Python for tests.

Chains of a stage need nothing of each other, nor do the chunks of a chain; only the launches of one chunk have an order.  So a stage is a
set of tasks, one for each chunk of each chain, and at every moment any of them may run its next launch.  `settings.chunk_order` chooses:

    forward         each task from end to end, in order (what one thread does)
    reverse         the same from the last to the first
    random:SEED     any task's next launch, by chance
    late:N          task N (counted round) waits until all others are through; with N odd it has run its first launch before

Under `settings.check` what a buffer holds is forgotten before the first and behind the last stage that it lives in.  A signal handler that
raises leaves such a run where it stands: this is no executor for training.
"""

from __future__ import annotations

import ctypes
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

import numpy as np

from gradwerk.ir.plan import Block, Plan, Pointer, Stage
from gradwerk.ir.words import FAULTY, LOOP_ITEM, SCRATCH, SLOTS, STAGES_ITEM, UNTIL_ITEM, WITHOUT_END, ItemRow, LaunchRow
from gradwerk.runtime.memory import view
from gradwerk.runtime.poison import Poison

Kernel = Callable[[int, int, int, int, int], None]


@dataclass
class Task:
    """One chunk of one chain: the launches [next, end) are still to be run."""

    next: int
    end: int
    chunk: int


Order = Callable[[list[Task], int, int], Iterator[Task]]
"""From the tasks of a stage, its number and the trip: whose next launch runs, again and again until no task has any."""


def forward(tasks: list[Task], stage: int, trip: int) -> Iterator[Task]:
    """Each task from end to end."""
    for task in tasks:
        while task.next < task.end:
            yield task


def backward(tasks: list[Task], stage: int, trip: int) -> Iterator[Task]:
    """The last task first."""
    yield from forward(tasks[::-1], stage, trip)


def by_chance(seed: int) -> Order:
    """Launches of all tasks mixed."""

    def order(tasks: list[Task], stage: int, trip: int) -> Iterator[Task]:
        chance, left = random.Random(f"{seed} {stage} {trip}"), list(tasks)
        while left:
            k = chance.randrange(len(left))
            yield left[k]
            if left[k].next == left[k].end:
                left[k] = left[-1]
                left.pop()

    return order


def one_late(number: int) -> Order:
    """One task far behind all others."""

    def order(tasks: list[Task], stage: int, trip: int) -> Iterator[Task]:
        late = tasks[number // 2 % len(tasks)]
        if number % 2:
            yield late
        yield from forward([task for task in tasks if task is not late], stage, trip)
        yield from forward([late], stage, trip)

    return order


def order_of(text: str) -> Order:
    """The order that `settings.chunk_order` names; the setting has checked the text."""
    kind, _, number = text.partition(":")
    if kind == "random":
        return by_chance(int(number))
    if kind == "late":
        return one_late(int(number))
    return backward if kind == "reverse" else forward


@cache
def _kernel(address: int) -> Kernel:
    word = ctypes.c_int64
    return ctypes.CFUNCTYPE(None, word, word, word, word, word)(address)


def pointed(slots: memoryview[int], pointer: Pointer, iteration: int) -> int:
    """The address that a pointer means in an iteration."""
    return slots[pointer.slot] + pointer.offset + iteration * pointer.step


class Memory(Protocol):
    """What a walk needs of a context: its addresses by slot, its job, its record of faults and its poison."""

    slots: memoryview[int]
    job: memoryview[int]
    faults: memoryview[int]
    poison: Poison | None


class OrderedWalk:
    """Walks native items of one context's run in a given order.

    `rows`: the Plan's launches and items.
    """

    def __init__(self, plan: Plan, rows: tuple[Sequence[LaunchRow], Sequence[ItemRow]], order: Order, memory: Memory) -> None:
        self.plan, self.order, self.memory = plan, order, memory
        self.launches, self.rows = rows
        self.begun: set[int] = set()
        self.blocks = list(plan.blocks) if memory.poison is not None else []

    def items(self, first: int, end: int, trip: int) -> int:
        """All launches of items that belong to iteration `trip` of a loop; whether it went to the end, in the executor's codes."""
        for row in self.rows[first:end]:
            if row.kind == STAGES_ITEM:
                for number in range(row.first, row.end):
                    if self.plan.stages[number].commits and self.memory.faults[0]:
                        return FAULTY
                    self.stage(number, trip)
                continue
            number = 0
            while number < row.trips:
                if row.kind != LOOP_ITEM:
                    if self.memory.faults[0]:
                        return FAULTY
                    (byte,) = view(pointed(self.memory.slots, Pointer(row.slot, row.offset, row.step), trip), (1,), np.dtype(np.uint8))
                    if bool(byte) is (row.kind == UNTIL_ITEM):
                        break
                code = self.items(row.first, row.end, number)
                if code:
                    return code
                number += 1
            else:
                if row.endless:
                    return WITHOUT_END
        return 0

    def stage(self, number: int, trip: int) -> None:
        """All launches of one stage."""
        if number not in self.begun:
            self.begun.add(number)
            self.forget(number)
        tasks, job = self.tasks(self.plan.stages[number]), self.memory.job
        for task in self.order(tasks, number, trip) if tasks else ():
            launch = self.launches[task.next]
            task.next += 1
            _kernel(launch.kernel)(job[SLOTS], launch.arguments, task.chunk, trip, job[SCRATCH])

    def tasks(self, stage: Stage) -> list[Task]:
        """One for each chunk of each chain."""
        chains = self.plan.chains[stage.first : stage.first + stage.count]
        return [Task(chain.first, chain.first + chain.count, chunk) for chain in chains for chunk in range(chain.chunks)]

    def forget(self, number: int) -> None:
        """What those buffers hold that begin with this stage, or have ended before, is of no use to anybody.

        A buffer that loops touch lives through the outermost of them: it is forgotten before, and behind.
        """
        left: list[Block] = []
        for block in self.blocks:
            if self.memory.poison is not None and (block.last < number or 0 < block.first == number):
                self.memory.poison.forget(block)
            if block.last >= number:
                left.append(block)
        self.blocks = left
