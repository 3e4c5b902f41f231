"""From work to a Plan's tables: order, chains and stages from read and write sets, addresses from lifetimes.

A piece of work goes into the earliest stage that its dependences allow.  It may share a stage with what it depends on only as the next
link of one chain: same number of chunks, and of each access in question chunk c meets chunk c of the earlier work alone, by the sets that
both declare (compiler/footprint.py).
Work that overwrites an input stands in a later stage than all work so far that may note a fault, and the first such work in a later stage
than all work so far: until then a run can be broken off (compiler/commits.py puts it last).  Nothing here knows an op.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.accesses import History, Link, Reach, Touch
from gradwerk.compiler.arena import Arena
from gradwerk.compiler.footprint import Hull
from gradwerk.compiler.steps import HostStep, Repeated, Segment, Step
from gradwerk.compiler.work import Access, Buffer, Form, Operand, Work
from gradwerk.ir.plan import ARENA, Block, Pointer


@dataclass(eq=False)
class IterationSlice(Buffer):
    """In loops: the part of `base` that belongs to one iteration of each, `start` and for each of them iteration * step elements in.

    `steps`: of the loops around, outermost first, down to the one it belongs to.
    """

    base: Buffer = field(kw_only=True)
    start: int = 0
    steps: tuple[int, ...] = ()


@dataclass(eq=False)
class Overwritten(Buffer):
    """The memory of `base`, an input, with the content that an output written in its place gives it: another one than was read before."""

    base: Buffer = field(kw_only=True)


@dataclass(eq=False)
class Cycle:
    """Stages [first, end) that are a loop."""

    first: int
    loop: Repeated
    around: tuple[Cycle, ...] = ()
    """The loops that it is in, outermost first."""
    end: int = 0


Cycles = tuple[Cycle, ...]


def root(buffer: Buffer) -> Buffer:
    """The memory a buffer lies in."""
    if type(buffer) is Buffer:  # nearly always
        return buffer
    buffer = content(buffer)
    return buffer.base if isinstance(buffer, Overwritten) else buffer


def content(buffer: Buffer) -> Buffer:
    """The memory with what it holds: all slices of it are one, what was written over an input is not the input."""
    return buffer.base if isinstance(buffer, IterationSlice) else buffer


def place_of(operand: Operand) -> tuple[int, tuple[int, ...]]:
    """(element of the memory at which an operand begins, elements further in each iteration of the loops around)."""
    buffer, offset = operand.buffer, operand.offset
    return (buffer.start + offset, buffer.steps) if isinstance(buffer, IterationSlice) else (offset, ())


def touches(accesses: Sequence[Access]) -> list[Touch]:
    """What accesses do to which memory."""
    return [touch_of(access) for access in accesses]


def touch_of(access: Access) -> Touch:
    """What an access touches, in elements of its memory."""
    operand, part = access.operand, access.part or access.footprint
    (low, high), hull = part.whole, part.hull
    if type(operand.buffer) is Buffer and not operand.offset:  # nearly always
        return Touch(access.writes, operand.buffer, Reach((), low, high, hull))
    at, steps = place_of(operand)
    reach = Reach(steps if any(steps) else (), at + low, at + high, Hull(at + hull.low, at + hull.high, hull.shift))
    return Touch(access.writes, root(operand.buffer), reach)


@lru_cache(maxsize=256)
def reaches(form: Form) -> tuple[tuple[int, bool, Reach], ...]:
    """What work of a form touches: the places of the buffers, whether it writes, and where, counted from the buffers' first elements."""
    found: list[tuple[int, bool, Reach]] = []
    for part in form.parts:
        (low, high), hull, at = part.footprint.whole, part.footprint.hull, part.layout.offset
        found.append((part.place, part.writes, Reach((), at + low, at + high, Hull(at + hull.low, at + hull.high, hull.shift))))
    return tuple(found)


def touched_by(work: Work) -> list[Touch]:
    """What work touches."""
    memories = list(work.buffers)
    for place, buffer in enumerate(memories):
        if type(buffer) is not Buffer:
            if isinstance(buffer, IterationSlice):
                return touches(work.accesses)
            memories[place] = root(buffer)
    return [Touch(writes, memories[place], reach) for place, writes, reach in reaches(work.form)]


class Touched:
    """What pieces of work touch, each asked once: whoever orders work wants to know."""

    def __init__(self) -> None:
        self.known: dict[int, tuple[Work, list[Touch], list[Buffer]]] = {}
        """By id, as equal pieces are two: what they touch, and the memories that they write to."""

    def of(self, work: Work) -> list[Touch]:
        """What it touches."""
        return self.asked(work)[1]

    def written(self, work: Work) -> list[Buffer]:
        """The memories that it writes to."""
        return self.asked(work)[2]

    def asked(self, work: Work) -> tuple[Work, list[Touch], list[Buffer]]:
        """What is known of it."""
        found = self.known.get(id(work))
        if found is None:
            touched = touched_by(work)
            found = self.known[id(work)] = work, touched, [touch.memory for touch in touched if touch.writes]
        return found


@dataclass
class Schedule:
    """Stages of chains of work, and which stages are loops.  `kept`: memory that was there before the run; `faults`: records of checks."""

    stages: list[list[Link]] = field(default_factory=list)
    loops: list[Cycle] = field(default_factory=list)
    """A loop within another stands behind it."""
    calls: list[tuple[int, HostStep, Cycles]] = field(default_factory=list)
    """Calls of Python, with the stages before which they run and the loops that they are in."""
    around: list[Cycles] = field(default_factory=list)
    """The loops that each stage is in, outermost first."""
    spans: dict[Step, tuple[int, int]] = field(default_factory=dict)
    """The stages [first, end) that each step has."""
    kept: frozenset[Buffer] = frozenset()
    faults: frozenset[Buffer] = frozenset()
    committing: bool = False
    """Whether one of the stages so far overwrites what was there before the run."""
    touched: Touched = field(default_factory=Touched)

    def commits(self, work: Work) -> bool:
        """Whether the work overwrites what was there before the run."""
        return not self.kept.isdisjoint(self.touched.written(work))

    def looks(self, work: Work) -> bool:
        """Whether the work may note a fault."""
        if self.faults.isdisjoint(work.buffers):
            return False
        return any(part.writes and work.buffers[part.place] in self.faults for part in work.form.parts)


def extend(plan: Schedule, step: Step, around: Cycles = ()) -> None:
    """Appends a step's stages, which are in these loops."""
    first = len(plan.stages)
    if isinstance(step, Segment):
        append(plan, arrange(step.work, plan), around)
    elif isinstance(step, HostStep):
        plan.calls.append((first, step, around))
    else:
        cycle = Cycle(first, step, around)
        plan.loops.append(cycle)
        within = (*around, cycle)
        if step.steps and not isinstance(step.steps[0], Segment):  # to see in which loop a call is, and a place for `Pointers.moving`
            append(plan, [[]], within)
        for inner in step.steps:
            extend(plan, inner, within)
        if step.steps and isinstance(step.steps[-1], HostStep):
            append(plan, [[]], within)
        cycle.end = len(plan.stages)
        if cycle.end == first:
            plan.loops.pop()  # nothing was added, so it is the last
    plan.spans[step] = (first, len(plan.stages))


def append(plan: Schedule, stages: Sequence[list[Link]], around: Cycles) -> None:
    """More stages in these loops."""
    plan.stages += stages
    plan.around += [around] * len(stages)


def arrange(works: Sequence[Work], plan: Schedule) -> list[list[Link]]:
    """The stages of one segment: each piece of work in the earliest stage its dependences allow."""
    stages: list[list[Link]] = []
    behind_checks = 0
    commits_from = 0 if plan.committing else None
    history = History()
    changing = {memory for work in works for memory in plan.touched.written(work)}
    for work in works:
        touched = [touch for touch in plan.touched.of(work) if touch.memory in changing]  # nothing waits for what stays as it is
        conflicts = history.conflicts(touched)
        number = max((link.stage for link, _, _ in conflicts), default=0)
        if plan.commits(work):
            if commits_from is None:
                commits_from = len(stages)
            number, plan.committing = max(number, behind_checks, commits_from), True
        here = [conflict for conflict in conflicts if conflict[0].stage == number]
        link = chainable(work, here)
        if here and link is None:
            number += 1
        while len(stages) <= number:
            stages.append([])
        if link is None:
            link = Link([], number)
            stages[number].append(link)
        link.work.append(work)
        if plan.looks(work):
            behind_checks = max(behind_checks, number + 1)
        history.add(link, touched)
    return stages


def chainable(work: Work, conflicts: Sequence[tuple[Link, Reach, Reach]]) -> Link | None:
    """The one chain that all these dependences lie in, if the work may follow in it: if its chunk c meets chunk c of each alone."""
    if not conflicts:
        return None
    link = conflicts[0][0]
    if link.work[0].chunks != work.chunks or any(other is not link for other, _, _ in conflicts):
        return None
    if work.chunks > 1 and not all(ours.apart(theirs) for _, theirs, ours in conflicts):
        return None
    return link


def check_order(plan: Schedule, called: int = 0) -> None:
    """All checks, and the host calls, of which the last runs before stage `called`, stand before the first stage that overwrites an input.

    Raises: VerifyError.
    """
    committed = False
    for number, links in enumerate(plan.stages):
        works = [work for link in links for work in link.work]
        committed = committed or any(plan.commits(work) for work in works)
        if committed and any(plan.looks(work) for work in works):
            raise VerifyError(f"stage {number} looks at indices although something may have been overwritten")
        if committed and number < called:
            raise VerifyError(f"stage {number} overwrites an input although a host call before stage {called} may raise")


def lifetimes(plan: Schedule) -> dict[Buffer, tuple[int, int]]:
    """First and last stage in which each buffer is touched; one touched in a loop lives through all of the outermost loop around it."""
    spans: dict[Buffer, tuple[int, int]] = {}
    around = [*plan.around, *[()] * (len(plan.stages) - len(plan.around))]

    def touch(memories: Iterable[Buffer], number: int) -> None:
        inside = around[number][0] if around[number] else None
        low, high = (number, number) if inside is None else (inside.first, inside.end - 1)
        for memory in memories:
            span = spans.get(memory)
            spans[memory] = (low, high) if span is None else (min(span[0], low), max(span[1], high))

    for cycle in plan.loops:
        if cycle.loop.flag is not None:
            touch([root(cycle.loop.flag.buffer)], cycle.first)
    for number, links in enumerate(plan.stages):
        touch(dict.fromkeys([t.memory for link in links for work in link.work for t in plan.touched.of(work)]), number)
    return spans


def assign(plan: Schedule, fixed: dict[Buffer, Pointer], held: Iterable[Buffer]) -> tuple[dict[Buffer, Pointer], int]:
    """An address for every buffer: `fixed` ones as given, the others in the arena; `held` live to the end.  The arena's bytes too."""
    arena, places, end = Arena(len(plan.stages)), dict(fixed), max(len(plan.stages) - 1, 0)
    spans = lifetimes(plan)
    for buffer in held:
        spans[buffer] = (0, end)
    for buffer, (first, last) in sorted(spans.items(), key=lambda item: -item[0].nbytes):
        if buffer not in places:
            places[buffer] = Pointer(ARENA, arena.place(first, last, buffer.nbytes))
    return places, arena.nbytes


def blocks(plan: Schedule, places: dict[Buffer, Pointer], held: Iterable[Buffer]) -> list[Block]:
    """What the arena holds when; `held` buffers live to the end."""
    spans = lifetimes(plan) | {buffer: (0, max(len(plan.stages) - 1, 0)) for buffer in held}
    return [
        Block(buffer.label, first, last, places[buffer].offset, buffer.nbytes)
        for buffer, (first, last) in spans.items()
        if places[buffer].slot == ARENA
    ]
