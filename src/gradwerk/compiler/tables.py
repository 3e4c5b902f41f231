"""A schedule with addresses as the Plan's rows: pointers, launches, chains, stages, loops and host calls.

A kernel gets the iteration of the innermost loop around it.  Where an operand also moves with outer loops, its pointer has a slot of its
own, and a launch at the beginning of each iteration of the outer loop says where that slot is now: `Pointers.moving`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from gradwerk.compiler.memory import Cycle, Cycles, IterationSlice, Schedule, place_of, root
from gradwerk.compiler.steps import HostStep
from gradwerk.compiler.work import Buffer, Form, Operand, Work
from gradwerk.ir.plan import ArrayAt, Chain, HostCall, Launch, Loop, Pointer, Stage


class Pointers:
    """Where operands are, in the loops that they stand in."""

    def __init__(self, plan: Schedule, places: dict[Buffer, Pointer], first_slot: int, mover: str) -> None:
        self.plan, self.places, self.next, self.mover = plan, places, first_slot, mover
        self.first_slot = first_slot
        self.slots: dict[tuple[int, int, int], int] = {}
        self.launches: dict[int, list[Launch]] = {}
        """By first stage of a loop: what says, at the beginning of each iteration, where slots are."""

    def of(self, buffer: Buffer, offset: int, loops: Cycles) -> Pointer:
        """The address of an element of a buffer, for whoever stands in these loops."""
        if not loops and not isinstance(buffer, IterationSlice):  # nearly always
            base = self.places[root(buffer)]
            return Pointer(base.slot, base.offset + offset * buffer.dtype.itemsize) if offset else base
        at, steps = place_of(Operand(buffer, (), (), offset))
        base, item = self.places[root(buffer)], buffer.dtype.itemsize
        moves = [step * item for step in steps] + [0] * (len(loops) - len(steps))
        inner = moves.pop() if moves else 0
        return Pointer(self.moving(base.slot, loops[:-1], moves), base.offset + at * item, inner)

    def moving(self, slot: int, loops: Cycles, moves: list[int]) -> int:
        """The slot that is another, moved by each of these loops so many bytes in an iteration."""
        for depth, move in enumerate(moves):
            if not move:
                continue
            key = (slot, loops[depth].first, move)
            if key not in self.slots:
                self.slots[key] = self.next
                launch = Launch(self.mover, (Pointer(slot, 0, move),), (self.next,), 1, "where a part of an outer loop is")
                self.launches.setdefault(loops[depth].first, []).append(launch)
                self.next += 1
            slot = self.slots[key]
        return slot

    def array(self, operand: Operand, loops: Cycles) -> ArrayAt:
        """Where a host call finds an array."""
        return ArrayAt(self.of(operand.buffer, operand.offset, loops), operand.shape, operand.dtype)


@dataclass(frozen=True)
class Rows:
    """The Plan's rows, and how many slots move."""

    launches: list[Launch]
    chains: list[Chain]
    stages: list[Stage]
    loops: list[Loop]
    calls: list[HostCall]
    moving: int


def tables(plan: Schedule, places: dict[Buffer, Pointer], first_slot: int, mover: str) -> Rows:
    """The Plan's rows.  `first_slot`: the first that no input or output has; `mover`: the kernel that says where a slot is."""
    pointers = Pointers(plan, places, first_slot, mover)
    made = [
        [[launch(work, pointers, loops) for work in link.work] for link in links]
        for links, loops in zip(plan.stages, plan.around, strict=True)
    ]
    loops = [loop_row(cycle, pointers) for cycle in plan.loops]
    calls = [call_row(before, step, around, pointers) for before, step, around in plan.calls]
    rows = Rows([], [], [], loops, calls, pointers.next - first_slot)
    for number, links in enumerate(plan.stages):
        commits = any(plan.commits(work) for link in links for work in link.work)
        parts = [(part, link.work[0].chunks) for part, link in zip(made[number], links, strict=True)]
        if number in pointers.launches:
            parts.append((pointers.launches[number], 1))
        rows.stages.append(Stage(len(rows.chains), len(parts), commits))
        for part, chunks in parts:
            rows.chains.append(Chain(len(rows.launches), len(part), chunks))
            rows.launches.extend(part)
    return rows


def loop_row(cycle: Cycle, pointers: Pointers) -> Loop:
    """A loop.  Its flag is read where the loop stands, in the loops around it."""
    loop = cycle.loop
    flag = pointers.of(loop.flag.buffer, loop.flag.offset, cycle.around) if loop.flag is not None else None
    return Loop(cycle.first, cycle.end - cycle.first, loop.trips, flag, loop.when)


def call_row(before: int, step: HostStep, loops: Cycles, pointers: Pointers) -> HostCall:
    """A call of Python."""
    reads, writes = (tuple([pointers.array(operand, loops) for operand in operands]) for operands in (step.reads, step.writes))
    return HostCall(before, step.op, reads, writes, str(step.op), tuple(step.node.origins))


def launch(work: Work, pointers: Pointers, loops: Cycles) -> Launch:
    """One row."""
    form, buffers = work.form, work.buffers
    nbytes = sum([min(span, buffers[place].count) * buffers[place].dtype.itemsize for place, span in spans(form)])
    where = tuple([pointers.of(buffers[part.place], part.layout.offset, loops) for part in form.parts])
    return Launch(form.kernel.name, where, form.extents, form.chunks, form.title, form.flops, nbytes, work.origins, form.scratch)


@lru_cache(maxsize=256)
def spans(form: Form) -> tuple[tuple[int, int], ...]:
    """Of each part of a form, the place of its buffer, and how many elements its layout reaches at most."""
    layouts = [(part.place, part.layout) for part in form.parts]
    return tuple([(place, math.prod([n for n, stride in zip(x.shape, x.strides, strict=True) if stride])) for place, x in layouts])
