"""Memory that shows what was not written: filled with a pattern, between guards that nobody may write.

Under `settings.check` each run's arena, its results and copies of what it only reads are such memory.  Two bytes make the pattern: it is
NaN in every floating type, far out of range as an index and no truth value, so a kernel that reads what nobody wrote does not get away with
zeros.  After the run, guards and inputs that have changed, and results that were never written, are errors that name the place and the
launches there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType, token
from gradwerk.base.errors import VerifyError
from gradwerk.ir.plan import ARENA, FIRST_INPUT, POISON, Block, Plan
from gradwerk.runtime.memory import SLACK, Array, address, empty, view

GUARD = SLACK
"""Bytes before and behind: kernels may read this far, and no further."""
BYTE = np.dtype(np.uint8)
PAIR = np.frombuffer(POISON, BYTE)


def pattern(nbytes: int) -> Array:
    """So many bytes of the pattern, for what stands at an even address.  (np.resize joins a copy for every two bytes.)"""
    return np.full(-(-nbytes // 2), PAIR.view(np.uint16)[0], np.uint16).view(BYTE)[:nbytes]


def filled(nbytes: int) -> bytes:
    """The pattern as bytes."""
    return pattern(nbytes).tobytes()


class Guarded:
    """`nbytes` of memory from `start` on, and a guard on either side; all of it is the pattern at first."""

    __slots__ = ("nbytes", "start", "whole")

    def __init__(self, nbytes: int) -> None:
        self.nbytes = nbytes
        self.whole = empty((GUARD + nbytes + nbytes % 2 + GUARD,), BYTE)
        self.start = address(self.whole) + GUARD
        self.fill()

    def fill(self) -> None:
        """Forgets all that was written."""
        self.whole.view(np.uint16)[:] = PAIR.view(np.uint16)

    def array(self, shape: tuple[int, ...], dtype: DType) -> Array:
        """The memory as an array."""
        return np.ndarray(shape, dtype, self.whole, GUARD)

    def spoiled(self, zone: slice) -> tuple[int, ...]:
        """Of the bytes `zone` of the whole: the first and the last that are not the pattern any more; empty where all are."""
        part = self.whole[zone]
        first = zone.start or 0
        wrong = np.flatnonzero(part != pattern(part.size + 1)[first % 2 :][: part.size])
        return () if not wrong.size else (first + int(wrong[0]) - GUARD, first + int(wrong[-1]) - GUARD)

    def check(self, what: str, launches: Sequence[str]) -> None:
        """Raises VerifyError where a guard was written."""
        for zone in (slice(0, GUARD), slice(GUARD + self.nbytes, len(self.whole))):
            found = self.spoiled(zone)
            if found:
                facts = (f"{what} of {self.nbytes} bytes: bytes {found[0]} to {found[1]} were written", *launches)
                raise VerifyError("a kernel wrote outside of its memory", facts=facts)


class GuardedResults:
    """Makes the arrays that leave a program, each between guards of its own."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.rows = [(k, b.shape, b.dtype) for k, b in enumerate(plan.outputs) if b.in_place_of is None]
        self.made: list[Guarded] = []

    def __call__(self) -> tuple[list[Array], list[int]]:
        """New arrays, and their addresses."""
        self.made = [Guarded(math.prod(shape) * dtype.itemsize) for _, shape, dtype in self.rows]
        arrays = [memory.array(shape, dtype) for memory, (_, shape, dtype) in zip(self.made, self.rows, strict=True)]
        return arrays, [memory.start for memory in self.made]

    def check(self) -> None:
        """Raises VerifyError where a guard was written, or a result was not."""
        if not self.made:  # the caller gave memory of its own
            return
        slot = self.plan.first_output
        for k, (memory, (number, shape, dtype)) in enumerate(zip(self.made, self.rows, strict=True)):
            launches = touching(self.plan, slot + k, 0, memory.nbytes)
            memory.check(f"output {number}", launches)
            missing = unwritten(memory.array(shape, dtype))
            if missing.size:
                place = tuple(int(index) for index in np.unravel_index(missing[0], shape))
                problem = f"output {number} {shape} {dtypes.name(dtype)}: {missing.size} of {math.prod(shape)} elements were never written"
                raise VerifyError(problem, facts=(f"the first at {place}", *launches))
        self.made = []


class GuardedInputs:
    """Copies of what a run only reads, each between guards: what stands behind an input is nothing to count on."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        taken = {buffer.in_place_of for buffer in plan.outputs}
        given = [(k, buffer) for k, buffer in enumerate(plan.inputs) if k not in taken and buffer.dtype != token]
        self.made = {k: Guarded(math.prod(buffer.shape) * buffer.dtype.itemsize) for k, buffer in given}
        self.before: dict[int, bytes] = {}

    def __call__(self, inputs: Sequence[int]) -> list[int]:
        """The addresses, of the copies where there are any."""
        where = list(inputs)
        for number, memory in self.made.items():
            shape, dtype = self.plan.inputs[number].shape, self.plan.inputs[number].dtype
            memory.array(shape, dtype)[...] = view(inputs[number], shape, dtype)
            self.before[number] = memory.whole.tobytes()
            where[number] = memory.start
        return where

    def check(self) -> None:
        """Raises VerifyError where one was written, or its guards."""
        for number, memory in self.made.items():
            wrong = np.flatnonzero(memory.whole != np.frombuffer(self.before[number], BYTE))
            if wrong.size:
                places = f"input {number} of {memory.nbytes} bytes: bytes {wrong[0] - GUARD} to {wrong[-1] - GUARD} were written"
                facts = (places, *touching(self.plan, FIRST_INPUT + number, 0, memory.nbytes))
                raise VerifyError("a kernel wrote to what it may only read", facts=facts)


def unwritten(array: Array) -> Array:
    """The places, in memory order, of elements that still are the pattern; of truth values: that are none."""
    if array.dtype == token or not array.size:
        return np.empty(0, np.int64)
    if array.dtype.itemsize > 8:  # complex128: the halves that are the pattern, of which a written one is none
        return np.flatnonzero((array.reshape(-1).view(np.uint64).reshape(-1, 2) == np.frombuffer(filled(8), np.uint64)[0]).any(1))
    bits = array.reshape(-1).view(f"u{array.dtype.itemsize}")
    if array.dtype == np.bool_:
        return np.flatnonzero(bits > 1)
    if array.dtype.itemsize == 1:  # every value of one byte may be meant
        return np.empty(0, np.int64)
    return np.flatnonzero(bits == np.frombuffer(filled(8), bits.dtype)[0])


class Poison:
    """The memory of one context, filled before each run; and which bytes of its arena no buffer ever owns."""

    def __init__(self, plan: Plan) -> None:
        self.plan, self.memory, self.scratch = plan, Guarded(plan.arena_bytes), Guarded(plan.scratch_bytes)
        self.results, self.inputs = GuardedResults(plan), GuardedInputs(plan)
        free = np.ones(plan.arena_bytes, np.bool_)
        for block in plan.blocks:
            free[block.offset : block.offset + block.nbytes] = False
        self.free = np.flatnonzero(free) if plan.blocks else np.empty(0, np.int64)
        self.expected = pattern(plan.arena_bytes + 1)[self.free] if plan.blocks else np.empty(0, np.uint8)

    def fill(self, inputs: Sequence[int]) -> list[int]:
        """Before a run on these inputs: where it finds them."""
        self.memory.fill()
        self.scratch.fill()
        return self.inputs(inputs)

    def check(self) -> None:
        """Behind a run.  Raises: VerifyError."""
        self.memory.check("the arena", ())
        self.scratch.check("a thread's scratch memory", ())
        wrong = self.free[self.memory.whole[GUARD:][self.free] != self.expected]
        if wrong.size:
            raise between(self.plan, int(wrong[0]), int(wrong[-1]))
        self.inputs.check()
        self.results.check()

    def forget(self, block: Block) -> None:
        """Fills what one buffer owns."""
        part = self.memory.whole[GUARD + block.offset :][: block.nbytes]
        part[:] = pattern(block.nbytes)


def between(plan: Plan, first: int, last: int) -> VerifyError:
    """The error for bytes of the arena that were written though they belong to no buffer."""
    before = [block for block in plan.blocks if block.offset + block.nbytes <= first]
    nearest = max((block.offset + block.nbytes for block in before), default=0)
    facts = [f"bytes {first} to {last} of the arena were written and belong to no buffer"]
    for block in before:
        if block.offset + block.nbytes == nearest:
            facts.append(f"{block.label or 'a buffer'} ends {first - nearest} bytes before")
            facts += touching(plan, ARENA, block.offset, block.nbytes)
    return VerifyError("a kernel wrote outside of its memory", facts=tuple(facts))


def touching(plan: Plan, slot: int, offset: int, nbytes: int) -> list[str]:
    """The launches with an operand that begins in this memory, as text."""
    return [
        f"launch {number}: {launch.kernel} {launch.title}".rstrip()
        for number, launch in enumerate(plan.launches)
        if any(p.slot == slot and offset <= p.offset < offset + max(nbytes, 1) for p in launch.pointers)
    ]
