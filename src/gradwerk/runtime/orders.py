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

from gradwerk.ir.plan import Block, Plan, Stage
from gradwerk.runtime.poison import Poison

Kernel = Callable[[int, int, int, int], None]


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
    return ctypes.CFUNCTYPE(None, word, word, word, word)(address)


class OrderedWalk:
    """Walks segments of one context's run in a given order.  `rows` are the Plan's launches as (kernel, arguments)."""

    def __init__(self, plan: Plan, rows: Sequence[Sequence[int]], order: Order, slots: int, poison: Poison | None) -> None:
        self.plan, self.rows, self.order, self.slots = plan, rows, order, slots
        self.begins: dict[int, list[Block]] = {}
        self.ends: dict[int, list[Block]] = {}
        self.poison = poison
        last = len(plan.stages) - 1
        loops = {loop.first: loop for loop in plan.loops}
        self.trips = {n: loop.trips for loop in loops.values() for n in range(loop.first, loop.first + loop.count)}
        for block in plan.blocks if poison is not None else ():
            if block.first > 0:
                self.begins.setdefault(block.first, []).append(block)
            if block.last < last:
                self.ends.setdefault(block.last, []).append(block)

    def stage(self, number: int, trip: int) -> None:
        """All launches of one stage."""
        if trip == 0:
            self.forget(self.begins.get(number, []))
        for task in self.order(self.tasks(self.plan.stages[number]), number, trip):
            kernel, arguments = self.rows[task.next]
            task.next += 1
            _kernel(kernel)(self.slots, arguments, task.chunk, trip)
        if trip == self.trips.get(number, 1) - 1:
            self.forget(self.ends.get(number, []))

    def tasks(self, stage: Stage) -> list[Task]:
        """One for each chunk of each chain."""
        chains = self.plan.chains[stage.first : stage.first + stage.count]
        return [Task(chain.first, chain.first + chain.count, chunk) for chain in chains for chunk in range(chain.chunks)]

    def forget(self, blocks: list[Block]) -> None:
        """What these buffers hold is of no use to anybody."""
        for block in blocks:
            if self.poison is not None:
                self.poison.forget(block)
