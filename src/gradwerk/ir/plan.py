"""The Plan: what the compiler makes and the runtime runs.  Plain data: it can be printed, timed launch by launch, cached, shipped.

Memory is named by slots.  Slot 0 is the arena (one per invocation), slot 1 the constants, slot 2 the faults (one per invocation, zero at
first), then one slot per input, then one per output that is not written in place of an input, then one per place that moves with the
iterations of an outer loop: a launch at the beginning of each of its iterations says where that is now.  A pointer is (slot, byte offset,
bytes per iteration of the innermost loop).

The kernel ABI: `void kernel(ptr slots, ptr args, i64 chunk, i64 iteration, ptr scratch)`.  `slots` is an array of base addresses; `args`
an array of i64: three words (slot, offset, step) per pointer, then the extents.  A pointer's address is slots[slot] + offset + iteration *
step.  `scratch` is memory of the thread's own, as much as the launch asks for, in which each chunk finds what the one before it left: it is
not on the stack, of which a thread may have little.

Work is cut into chunks by size, never by the number of threads.  A chain is a run of launches with the same chunk count in which chunk c
of each launch needs, of the chain's earlier launches, only chunk c: one worker runs chunk c of all of them, end to end.  Chains of one
stage need nothing of each other.  Between stages there is a barrier; a stage without chains does nothing.  Loops are runs of stages, and
nest: docs/decisions/0018-nested-loops.md.

Faults: a launch that finds an index out of range goes on, but notes it.  Word 0 of the slot says that there is any; check k has the record
from word 8 (k + 1) on: found (0 or 1), iteration (of nested loops counted through, see `Turns`), place of the first (row-major), that
index, lowest and highest of all.  All checks stand in stages before the first that `commits`, that is, writes over an input; no such stage
is begun when a fault is noted, nor an iteration that a flag decides about.  Host calls, which may raise, come before all stages that
commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import numpy as np

from gradwerk.base.dtypes import DType
from gradwerk.base.origin import Origin

ARENA, CONSTANTS, FAULTS, FIRST_INPUT = 0, 1, 2, 3
POISON = b"\xf5\x7f"
"""What fills memory that nobody has written, under `settings.check`: NaN in every floating type, far out of range as an index."""
MOST_SCRATCH = 1 << 18
"""Bytes that every worker has to itself."""
FAULT_WORDS = 8
"""i64 words of one record of a fault: a cache line."""


@dataclass(frozen=True, slots=True)
class Pointer:
    """Where a kernel's operand lies: base of the slot + offset + iteration * step, in bytes."""

    slot: int
    offset: int
    step: int = 0


@dataclass(frozen=True)
class Launch:
    """One kernel on its operands.  `flops` and `nbytes` are the useful work of all chunks, for reports."""

    kernel: str
    pointers: tuple[Pointer, ...]
    extents: tuple[int, ...]
    chunks: int
    title: str = ""
    flops: int = 0
    nbytes: int = 0
    origins: tuple[Origin, ...] = ()
    scratch: int = 0
    """Bytes, at most MOST_SCRATCH, that each thread needs beside."""


@dataclass(frozen=True)
class Chain:
    """Launches [first, first + count) of the table, the same chunk of each run by one worker, in order."""

    first: int
    count: int
    chunks: int


@dataclass(frozen=True)
class Stage:
    """Chains [first, first + count); all are done before the next stage begins.  `commits`: writes over an input; not begun when a fault is
    noted or the run was cancelled.
    """

    first: int
    count: int
    commits: bool = False


ENDLESS = 1 << 31
"""Trips of a loop of which nobody knows how often it runs; one that comes so far is broken off with an error."""


@dataclass(frozen=True)
class Loop:
    """Stages [first, first + count) run `trips` times; kernels of stages that are in no loop within it get the iteration, 0 .. trips - 1.

    With a `flag`, it goes on only while the byte there is not 0 (`when` False: while it is 0), read before each iteration: a pointer as
    kernels around the loop would have it.  A loop within another stands behind it in the Plan.
    """

    first: int
    count: int
    trips: int
    flag: Pointer | None = None
    when: bool = True

    @property
    def end(self) -> int:
        """The stage behind it."""
        return self.first + self.count

    @property
    def runs(self) -> int:
        """How often it runs, as far as is known: once where the flag says it."""
        return self.trips if self.flag is None else 1


@dataclass(frozen=True)
class ArrayAt:
    """An array a host call reads or writes."""

    pointer: Pointer
    shape: tuple[int, ...]
    dtype: DType


class HostFunction(Protocol):
    """What a host call runs: an op."""

    def evaluate(self, *arrays: np.ndarray[Any, Any]) -> Sequence[np.ndarray[Any, Any]]:
        """The results on arrays."""


@dataclass(frozen=True)
class HostCall:
    """A Python function between two native segments: evaluates `graph_node_op` on arrays.

    Runs before stage `before`: in a loop where stages of it stand before and behind, else outside.
    """

    before: int
    op: HostFunction
    reads: tuple[ArrayAt, ...]
    writes: tuple[ArrayAt, ...]
    title: str = ""
    origins: tuple[Origin, ...] = ()


class Looking(Protocol):
    """What a check asks for the error: an op."""

    def error(
        self, shape: tuple[int, ...], dtype: DType, found: tuple[int, ...], *, steps: tuple[str, ...], origin: Origin | None
    ) -> Exception:
        """For the first index outside: its place, itself, lowest and highest of all.  `steps`: of the loops around, innermost first."""


@dataclass(frozen=True)
class Turns:
    """A loop around a check, for people: `trips` of them, from the last step to the first where it is `reverse`.

    `what` names it, "" for one that is none to the user.  The record of a check counts iterations of nested loops through, as the digits of
    a number, of which that of this loop goes up to `span`.
    """

    trips: int
    reverse: bool = False
    what: str = "scan"
    span: int = 0

    def text(self, iteration: int) -> str:
        """The step that this iteration is."""
        of = f" of {self.trips}" if self.trips < ENDLESS else ""
        return f"step {self.trips - 1 - iteration if self.reverse else iteration} of a {self.what}{of}" if self.what else ""


@dataclass(frozen=True)
class Check:
    """A look at indices of this shape and dtype, whose record stands at its number in `Plan.checks`; `op` makes the error.

    `loops`: those around it, outermost first.
    """

    op: Looking
    shape: tuple[int, ...]
    dtype: DType
    loops: tuple[Turns, ...] = ()
    origins: tuple[Origin, ...] = ()

    def steps(self, iteration: int) -> tuple[str, ...]:
        """The steps of the loops around in which it was, innermost first, from the iteration that the record has."""
        found: list[str] = []
        for loop in reversed(self.loops):
            span = loop.span or loop.trips
            found.append(loop.text(iteration % span))
            iteration //= span
        return tuple(filter(None, found))


@dataclass(frozen=True)
class Buffer:
    """The type of one input or output, and for an output written in place the input it takes the place of."""

    shape: tuple[int, ...]
    dtype: DType
    in_place_of: int | None = None


@dataclass(frozen=True)
class Block:
    """Memory of the arena that one buffer takes from its first to its last stage, in bytes."""

    label: str
    first: int
    last: int
    offset: int
    nbytes: int


@dataclass(frozen=True)
class Plan:
    """A whole program.  `objects` maps kernel name to object code; several plans share kernels by name."""

    name: str
    inputs: tuple[Buffer, ...]
    outputs: tuple[Buffer, ...]
    launches: tuple[Launch, ...]
    chains: tuple[Chain, ...]
    stages: tuple[Stage, ...]
    loops: tuple[Loop, ...]
    host_calls: tuple[HostCall, ...]
    arena_bytes: int
    constants: bytes
    objects: dict[str, bytes] = field(repr=False)
    serial: bool = False
    """True when the whole program is too small to share: the caller runs it alone and wakes nobody."""
    checks: tuple[Check, ...] = ()
    blocks: tuple[Block, ...] = ()
    """What the arena holds when; known where the Plan was made under `settings.check`."""
    moving: int = 0
    """How many slots move with the iterations of outer loops."""

    @cached_property
    def scratch_bytes(self) -> int:
        """What each thread needs beside the arena."""
        return max((launch.scratch for launch in self.launches), default=0)

    @cached_property
    def context_bytes(self) -> int:
        """What one invocation has to itself."""
        return self.arena_bytes + self.scratch_bytes

    @property
    def first_output(self) -> int:
        """The slot of the first output that is not written in place."""
        return FIRST_INPUT + len(self.inputs)
