"""Lowered work checked against its own declarations, under settings.check and in every test.

    in the order of the program    every element is written before it is read, and read as what was last written there
    in the order of the schedule   every read finds the same writer: stages, addresses and reused memory change nothing
    within a stage                 chunks that may run at the same time have nothing in common that one of them writes, by what is meant
                                   and by where it lies

Elements are followed one by one, by sets that are enumerated (Footprint.elements) and not by the formulas of hulls from which barriers were
derived.  Programs that touch more than MOST elements are checked by bounds alone.  That declarations are true is held by tests, which
record the loads and stores of kernels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import VerifyError
from gradwerk.compiler.memory import Schedule, content, place_of, root
from gradwerk.compiler.steps import HostStep, Repeated, Segment, Step, depends
from gradwerk.compiler.work import Access, Buffer, Operand, Work
from gradwerk.ir.plan import Pointer

MOST = 1 << 21
"""Elements, counted once for each access that touches them, that are followed one by one."""
NOBODY, SEVERAL, EVERY = -1, -2, (1 << 12) - 1
"""Who touched an element in this stage: none, more than one, all chunks of a chain."""

Ints = np.ndarray[tuple[int], np.dtype[np.int64]]


Trips = tuple[int, ...]
"""Iterations of the loops around, outermost first."""
Moment = tuple[int, ...]
"""Places in the steps that lie in one another, iterations between them, then which access."""


@dataclass
class Trace:
    """What the walk in the order of the program saw, for the walk in the order of the schedule to see again."""

    writers: dict[Moment, bytes] = field(default_factory=dict)
    """Of every read, the number of the write that each element holds."""
    numbers: dict[Moment, int] = field(default_factory=dict)
    """The number of every write, from 1."""
    through: list[Buffer | None] = field(default_factory=lambda: [None])
    """By number, the content that was written; None: what was given."""

    def number(self, moment: Moment, buffer: Buffer) -> int:
        """The number of this write."""
        if moment not in self.numbers:
            self.numbers[moment] = len(self.through)
            self.through.append(content(buffer))
        return self.numbers[moment]


def verify_work(
    steps: Sequence[Step], plan: Schedule, starts: Sequence[int], places: Mapping[Buffer, Pointer], given: Sequence[Buffer],
    outputs: Sequence[Buffer],
) -> None:  # fmt: skip
    """Checks a whole program.  `starts`: the first stage of each step; `given`: memory that is filled before the run.

    Raises: VerifyError, which names the work, the operand and an element.
    """
    check_reach(steps, ())
    if sum(map(amount, steps)) > MOST:
        return
    for holds in (True, False) if depends(steps) else (True,):
        Walks(plan, places, given, holds=holds).compare(steps, starts, outputs)


class Walks:
    """The walk in the order of the program, and that of the schedule, which must see the same.

    `holds`: whether what flags decide about goes on; every one does for two iterations, or none.
    """

    def __init__(self, plan: Schedule, places: Mapping[Buffer, Pointer], given: Sequence[Buffer], *, holds: bool) -> None:
        trace = Trace()
        self.plan, self.places, self.holds = plan, places, holds
        self.in_order, self.scheduled = Memory({}, given, trace), Memory(places, given, trace)

    def compare(self, steps: Sequence[Step], starts: Sequence[int], outputs: Sequence[Buffer]) -> None:
        """Raises: VerifyError."""
        results = [Access(Operand(b, (b.count,), (1,))) for b in outputs]
        for number, step in enumerate(steps):
            self.written(step, (number,), ())
        self.in_order.touch((len(steps),), (), results, None, first=True)
        for number, step in enumerate(steps):
            end = starts[number + 1] if number + 1 < len(starts) else len(self.plan.stages)
            self.run(step, (number,), (), starts[number], end)
        self.scheduled.touch((len(steps),), (), results, None, first=False)

    def written(self, step: Step, key: Moment, trips: Trips) -> None:
        """A step in the order of the program."""
        if isinstance(step, Segment):
            for place, work in enumerate(step.work):
                self.in_order.touch((*key, place), trips, work.accesses, work, first=True)
        elif isinstance(step, HostStep):
            self.in_order.touch(key, trips, called(step), None, first=True)
        else:
            self.asked(self.in_order, step, key, trips, first=True)
            for trip in range(step.tried(holds=self.holds)):
                for number, inner in enumerate(step.steps):
                    self.written(inner, (*key, trip, number), (*trips, trip))

    def asked(self, memory: Memory, step: Repeated, key: Moment, trips: Trips, *, first: bool) -> None:
        """The flag of a loop, as it is read before its first iteration."""
        if step.flag is not None:
            memory.touch((*key, -1), trips, [Access(step.flag)], None, first=first)

    def run(self, step: Step, key: Moment, trips: Trips, first: int, end: int) -> None:
        """A step in the order of the schedule, where it has the stages [first, end)."""
        if isinstance(step, HostStep):
            self.scheduled.touch(key, trips, called(step), None, first=False)
        elif isinstance(step, Repeated):
            if first < end:  # one without work has no place in the Plan, and nobody reads its flag
                self.asked(self.scheduled, step, key, trips, first=False)
            spans = [self.plan.spans[inner] for inner in step.steps]
            for trip in range(step.tried(holds=self.holds)):
                for number, (inner, (begin, behind)) in enumerate(zip(step.steps, spans, strict=True)):
                    self.run(inner, (*key, trip, number), (*trips, trip), begin, behind)
        else:
            order = {id(work): k for k, work in enumerate(step.work)}
            for links in self.plan.stages[first:end]:
                check_stage([link.work for link in links], trips)
                works = [work for link in links for work in link.work]
                for work in works:
                    self.scheduled.touch((*key, order[id(work)]), trips, work.accesses, work, first=False)
                check_apart(works, self.places)


def called(step: HostStep) -> list[Access]:
    """What a call of Python touches."""
    return [*(Access(o) for o in step.reads), *(Access(o, writes=True, reads=False) for o in step.writes)]


def amount(step: Step) -> int:
    """Elements touched, an upper bound."""
    if isinstance(step, Repeated):
        return max(step.tried(holds=step.when), 1) * sum(map(amount, step.steps))
    if isinstance(step, HostStep):
        return sum(math.prod(o.shape) for o in (*step.reads, *step.writes))
    return sum(min(size(a), a.operand.buffer.count) for work in step.work for a in work.accesses)


def size(access: Access) -> int:
    """Elements of a footprint; those that two axes reach are counted twice."""
    return math.prod(n if s else min(n, 1) for n, s in zip(access.footprint.extents, access.footprint.strides, strict=True))


def check_reach(steps: Sequence[Step], trips: Trips) -> None:
    """Every access lies in its buffer, in every iteration of loops that run `trips` times.  Raises: VerifyError."""
    for step in steps:
        if isinstance(step, Segment):
            for work in step.work:
                check_bounds(work, trips)
        elif isinstance(step, Repeated):
            check_reach(step.steps, (*trips, step.trips))


def check_bounds(work: Work, trips: Trips) -> None:
    """Every access lies in its buffer, in every iteration.  Raises: VerifyError."""
    for number, access in enumerate(work.accesses):
        if access.footprint.empty:
            continue
        (at, steps), (low, high) = place_of(access.operand), access.footprint.whole
        moves = [step * (count - 1) for step, count in zip(steps, trips, strict=False)]
        first, last = at + low + sum(min(move, 0) for move in moves), at + high + sum(max(move, 0) for move in moves)
        if first < 0 or last >= root(access.operand.buffer).count:
            raise fault(work, number, f"reaches elements {first} to {last} of {root(access.operand.buffer).count}", work.accesses)


def fault(work: Work | None, number: int, what: str, accesses: Sequence[Access]) -> VerifyError:
    """The error, with the work (None: a call of Python) and what it touches."""
    name = "a call of Python" if work is None else work.title or work.kernel.name
    lines = [str(origin) for origin in work.origins[:1]] if work is not None else []
    return VerifyError(f"{name}: operand {number} {what}", facts=(*map(describe, accesses), *lines))


def describe(access: Access) -> str:
    """One line about an access."""
    verb = "writes" if access.writes and not access.reads else "updates" if access.writes else "reads"
    part = access.footprint
    moving = "" if part.moving is None else f", axis {part.moving} by {part.step} a chunk (-{part.before} +{part.behind})"
    return (
        f"{verb} {access.operand.buffer.label or 'buffer'} at {place_of(access.operand)[0]}: {part.extents} strides {part.strides}{moving}"
    )


def began(operand: Operand, trips: Trips) -> int:
    """The element of its memory at which an operand begins in an iteration."""
    start, steps = place_of(operand)
    return start + sum(step * trip for step, trip in zip(steps, trips, strict=False))


class Memory:
    """Which write each element holds: -1 none, 0 what was given, else its number.  Without `places`, every buffer is memory of its own."""

    def __init__(self, places: Mapping[Buffer, Pointer], given: Sequence[Buffer], trace: Trace) -> None:
        self.places, self.trace = places, trace
        self.slots: dict[object, Ints] = {}
        for buffer in given:
            memory, found = self.where(Operand(buffer, (buffer.count,), (1,)), (), np.arange(buffer.count))
            memory[found] = 0

    def where(self, operand: Operand, trips: Trips, elements: Ints) -> tuple[Ints, Ints]:
        """The memory of an operand, and where in it these elements of it lie."""
        found, base = elements + began(operand, trips), root(operand.buffer)
        at = self.places.get(base)
        if at is None:
            return self.region(base, base.count), found
        return self.region(at.slot, at.offset + base.nbytes), found * base.dtype.itemsize + at.offset

    def region(self, key: object, count: int) -> Ints:
        """The memory of a slot, at least so long."""
        have = self.slots.get(key)
        if have is None or len(have) < count:
            longer = np.full(max(count, 0 if have is None else 2 * len(have)), -1, np.int64)
            longer[: 0 if have is None else len(have)] = [] if have is None else have
            have = self.slots[key] = longer
        return have

    def touch(self, key: Moment, trips: Trips, accesses: Sequence[Access], work: Work | None, *, first: bool) -> None:
        """All reads, then all writes.  On the `first` walk reads are judged and noted, on the second compared."""
        for n, access in enumerate(accesses):
            if not access.reads or access.operand.dtype == dtypes.token:  # which has no data
                continue
            memory, found = self.where(access.operand, trips, access.footprint.elements())
            writers = memory[found]
            if first:
                self.judge(access, writers, work, n)
                self.trace.writers[*key, n] = writers.tobytes()
            elif self.trace.writers[*key, n] != writers.tobytes():
                raise fault(work, n, "finds in the schedule what other work wrote, or nothing yet", accesses)
        for n, access in enumerate(accesses):
            if access.writes:
                memory, found = self.where(access.operand, trips, access.footprint.elements())
                memory[found] = self.trace.number((*key, n), access.operand.buffer)

    def judge(self, access: Access, writers: Ints, work: Work | None, number: int) -> None:
        """All is defined, and by writes of the content that is meant.  Raises: VerifyError."""
        if (writers < 0).any():
            raise fault(work, number, f"reads {int((writers < 0).sum())} of {writers.size} elements that nothing has written", [access])
        meant, base = content(access.operand.buffer), root(access.operand.buffer)
        for writer in np.unique(writers):
            through = self.trace.through[writer] or base
            if through is not meant:
                what = f"means {meant.label or 'a buffer'} and finds what was written as {through.label or 'another'}"
                raise fault(work, number, what, [access])


@dataclass
class Touched:
    """Who wrote and who read each element of one memory within a stage."""

    writer: Ints
    reader: Ints

    @classmethod
    def of(cls, count: int) -> Touched:
        """Memory that nobody has touched."""
        return cls(np.full(count, NOBODY, np.int64), np.full(count, NOBODY, np.int64))


def check_stage(chains: Sequence[Sequence[Work]], trips: Trips) -> None:
    """Different chains, and different chunks of one, have nothing in common that one of them writes.  Raises: VerifyError."""
    accesses = [access for works in chains for work in works for access in work.accesses]
    written = {root(access.operand.buffer) for access in accesses if access.writes}
    count: dict[Buffer, int] = {}
    for access in accesses:
        count[root(access.operand.buffer)] = count.get(root(access.operand.buffer), 0) + 1
    touched = {base: Touched.of(base.count) for base in written}
    for number, works in enumerate(chains):
        for work in works:
            for n, access in enumerate(work.accesses):
                base = root(access.operand.buffer)
                if base not in touched or (count[base] == 1 and work.chunks == 1):
                    continue
                if access.writes and work.chunks > 1 and access.footprint.moving is None:
                    raise fault(work, n, "is written as a whole by every chunk", work.accesses)
                at = began(access.operand, trips)
                for elements, who in owners(access, work.chunks, number):
                    if not mark(touched[base], elements + at, who, access):
                        raise fault(work, n, "meets chunks that may run at the same time", work.accesses)


def check_apart(works: Sequence[Work], places: Mapping[Buffer, Pointer]) -> None:
    """Buffers that one stage touches have no byte in common: its chains run at the same time, in any order.  Raises: VerifyError."""
    touched = dict.fromkeys(root(access.operand.buffer) for work in works for access in work.accesses)
    placed = sorted(((places[base], base) for base in touched if base in places), key=lambda row: (row[0].slot, row[0].offset))
    for (here, ours), (there, theirs) in itertools.pairwise(placed):
        if here.slot == there.slot and there.offset < here.offset + ours.nbytes and theirs.nbytes:
            raise VerifyError(f"{ours.label or 'a buffer'} and {theirs.label or 'another'} lie in the same memory in one stage")


def owners(access: Access, chunks: int, chain: int) -> Iterator[tuple[Ints, Ints]]:
    """The elements of an access with the number of the chunk that touches each."""
    part, first = access.footprint, chain * (EVERY + 1)
    if part.moving is None or part.before or part.behind:
        for chunk in range(chunks) if part.moving is not None and not access.writes else (None,):
            elements = part.elements(chunk)
            yield elements, np.full(elements.size, first + (0 if chunks == 1 else EVERY if chunk is None else chunk), np.int64)
        return
    still = replace(part, extents=(*part.extents[: part.moving], 1, *part.extents[part.moving + 1 :]), moving=None).elements()
    entries = np.arange(part.extents[part.moving], dtype=np.int64)
    elements = np.add.outer(entries * part.strides[part.moving], still)
    yield elements.ravel(), np.repeat(first + entries // part.step, still.size)


def mark(touched: Touched, elements: Ints, who: Ints, access: Access) -> bool:
    """Notes an access; whether nobody else is in the way."""
    writer = touched.writer[elements]
    if not ((writer == NOBODY) | (writer == who)).all():
        return False
    if access.reads:
        reader = touched.reader[elements]
        touched.reader[elements] = np.where((reader == NOBODY) | (reader == who), who, SEVERAL)
    if access.writes:
        reader = touched.reader[elements]
        if not ((reader == NOBODY) | (reader == who)).all():
            return False
        touched.writer[elements] = who
        return bool((touched.writer[elements] == who).all())
    return True
