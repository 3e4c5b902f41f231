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

from gradwerk.base.errors import VerifyError
from gradwerk.compiler.accesses import History, Link, Reach, Touch
from gradwerk.compiler.arena import Arena
from gradwerk.compiler.footprint import Hull
from gradwerk.compiler.work import Access, Buffer, Work
from gradwerk.ir.plan import ARENA, Block, Chain, Launch, Loop, Pointer, Stage


@dataclass(eq=False)
class Slice(Buffer):
    """In a loop: the part of `base` that belongs to one iteration, `start + iteration * step` elements in."""

    base: Buffer = field(kw_only=True)
    start: int = 0
    step: int = 0


@dataclass(eq=False)
class Overwritten(Buffer):
    """The memory of `base`, an input, with the content that an output written in its place gives it: another one than was read before."""

    base: Buffer = field(kw_only=True)


@dataclass(frozen=True)
class Segment:
    """Work in order; run once, or `trips` times with the iteration number."""

    work: tuple[Work, ...]
    trips: int = 0
    """0: not a loop."""


@dataclass
class Schedule:
    """Stages of chains of work, and which stages are loops.  `kept`: memory that was there before the run; `faults`: records of checks."""

    stages: list[list[Link]] = field(default_factory=list)
    loops: list[Loop] = field(default_factory=list)
    kept: frozenset[Buffer] = frozenset()
    faults: frozenset[Buffer] = frozenset()
    committing: bool = False
    """Whether one of the stages so far overwrites what was there before the run."""

    def commits(self, work: Work) -> bool:
        """Whether the work overwrites what was there before the run."""
        return any(access.writes and root(access.operand.buffer) in self.kept for access in work.accesses)

    def looks(self, work: Work) -> bool:
        """Whether the work may note a fault."""
        return bool(self.faults) and any(access.writes and access.operand.buffer in self.faults for access in work.accesses)


def root(buffer: Buffer) -> Buffer:
    """The memory a buffer lies in."""
    buffer = content(buffer)
    return buffer.base if isinstance(buffer, Overwritten) else buffer


def content(buffer: Buffer) -> Buffer:
    """The memory with what it holds: all slices of it are one, what was written over an input is not the input."""
    return buffer.base if isinstance(buffer, Slice) else buffer


def extend(plan: Schedule, segment: Segment) -> None:
    """Appends a segment's stages."""
    first = len(plan.stages)
    stages = arrange(segment.work, plan)
    plan.stages += stages
    if segment.trips and stages:
        plan.loops.append(Loop(first, len(stages), segment.trips))


def arrange(works: Sequence[Work], plan: Schedule) -> list[list[Link]]:
    """The stages of one segment: each piece of work in the earliest stage its dependences allow."""
    stages: list[list[Link]] = []
    behind_checks = 0
    commits_from = 0 if plan.committing else None
    history = History()
    for work in works:
        touched = touches(work.accesses)
        conflicts = [(link, theirs, touch.reach) for touch in touched for link, theirs in history.conflicts(touch)]
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
        for touch in touched:
            history.add(link, touch)
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


def place_of(access: Access) -> tuple[int, int]:
    """(element of the memory at which the operand begins, elements further in each iteration)."""
    buffer, offset = access.operand.buffer, access.operand.offset
    return (buffer.start + offset, buffer.step) if isinstance(buffer, Slice) else (offset, 0)


def touches(accesses: Sequence[Access]) -> list[Touch]:
    """What accesses do to which memory."""
    return [Touch(access.writes, root(access.operand.buffer), reach_of(access)) for access in accesses]


def reach_of(access: Access) -> Reach:
    """What an access touches, in elements of its memory."""
    (at, step), (low, high), hull = place_of(access), access.footprint.whole, access.footprint.hull
    return Reach(step, at + low, at + high, Hull(at + hull.low, at + hull.high, hull.shift))


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
    """First and last stage in which each buffer is touched; a buffer touched in a loop lives through all of it."""
    spans: dict[Buffer, tuple[int, int]] = {}
    loops = {number: loop for loop in plan.loops for number in range(loop.first, loop.first + loop.count)}
    for number, links in enumerate(plan.stages):
        inside = loops.get(number)
        low, high = (number, number) if inside is None else (inside.first, inside.first + inside.count - 1)
        for link in links:
            for work in link.work:
                for access in work.accesses:
                    buffer = root(access.operand.buffer)
                    first, last = spans.get(buffer, (low, high))
                    spans[buffer] = (min(first, low), max(last, high))
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


def pointer(access: Access, places: dict[Buffer, Pointer]) -> Pointer:
    """The address of an operand's first element."""
    buffer, item = access.operand.buffer, access.operand.buffer.dtype.itemsize
    base = places[root(buffer)]
    start, step = (buffer.start, buffer.step) if isinstance(buffer, Slice) else (0, 0)
    return Pointer(base.slot, base.offset + (start + access.operand.offset) * item, step * item)


def tables(plan: Schedule, places: dict[Buffer, Pointer]) -> tuple[list[Launch], list[Chain], list[Stage]]:
    """The Plan's rows."""
    launches: list[Launch] = []
    chains: list[Chain] = []
    stages: list[Stage] = []
    for links in plan.stages:
        commits = any(plan.commits(work) for link in links for work in link.work)
        stages.append(Stage(len(chains), len(links), commits))
        for link in links:
            chains.append(Chain(len(launches), len(link.work), link.work[0].chunks))
            launches += [launch(work, places) for work in link.work]
    return launches, chains, stages


def launch(work: Work, places: dict[Buffer, Pointer]) -> Launch:
    """One row."""
    nbytes = sum(min(_span(a), a.operand.buffer.count) * a.operand.dtype.itemsize for a in work.accesses)
    where = tuple(pointer(access, places) for access in work.accesses)
    return Launch(work.kernel.name, where, work.extents, work.chunks, work.title, work.flops, nbytes, work.origins)


def _span(access: Access) -> int:
    count = 1
    for extent, stride in zip(access.operand.shape, access.operand.strides, strict=True):
        count *= extent if stride else 1
    return count

