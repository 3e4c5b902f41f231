"""Work drawn at random, in order and in stages, and what it computes: element by element, chunk by chunk, by the definition."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from hypothesis import strategies as st

from gradwerk.compiler.accesses import Link
from gradwerk.compiler.footprint import Footprint
from gradwerk.compiler.memory import IterationSlice, Overwritten, Schedule, root
from gradwerk.compiler.target import Target
from gradwerk.compiler.verify import began
from gradwerk.compiler.work import Access, Buffer, Operand, Work
from gradwerk.ir.plan import Pointer

F32 = np.dtype(np.float32)
COUNT, TRIP = 24, 2
"""Elements of a memory; the iteration in which slices are looked at."""


@dataclass(frozen=True)
class Kernel:
    """A kernel that is never built."""

    name: str = "by_hand"

    def build(self, target: Target) -> str:
        raise AssertionError("never built")


def cells(access: Access, chunk: int, chunks: int, trip: int = 0) -> list[int]:
    """The elements of the access's memory that a chunk touches, in order."""
    start = began(access.operand, (trip,))
    alone = chunks > 1 and access.footprint.moving is not None
    return sorted((access.footprint.elements(chunk if alone else None) + start).tolist())


# ---- one stage


@st.composite
def accesses(draw: st.DrawFn, memories: Sequence[Buffer], chunks: int, *, writes: bool) -> Access:
    """Rows of a memory or of a slice of it: cut by chunks or not, read with their neighbours or not."""
    base = draw(st.sampled_from(memories))
    rows, width = draw(st.integers(1, 4)), draw(st.integers(1, 3))
    stride = draw(st.sampled_from((width, 4, -width)))
    reach = (rows - 1) * stride
    whole = draw(st.booleans()) and not (writes and chunks > 1)
    halo = 0 if writes or whole else draw(st.integers(0, 1))
    part = Footprint((rows, width), (stride, 1), 0, None if whole or chunks == 1 else 0, -(-rows // chunks), halo, halo)
    low, high = -min(reach, 0), COUNT - max(reach, 0) - width
    offset = draw(st.integers(low, high))
    memory: Buffer = base
    if draw(st.booleans()) and offset - low >= TRIP:  # the same place, moved there by iterations
        memory = IterationSlice(F32, COUNT, base=base, start=-TRIP, steps=(1,))
    return Access(Operand(memory, (rows, width), (stride, 1), offset), writes=writes, reads=not writes or draw(st.booleans()), part=part)


@st.composite
def stages(draw: st.DrawFn) -> list[list[Work]]:
    """Chains of one stage over two memories."""
    memories = [Buffer(F32, COUNT, "one"), Buffer(F32, COUNT, "other")]
    chains = []
    for _ in range(draw(st.integers(1, 3))):
        chunks = draw(st.integers(1, 3))
        works = []
        for _ in range(draw(st.integers(1, 2))):
            read = draw(st.lists(accesses(memories, chunks, writes=False), max_size=2))
            written = draw(st.lists(accesses(memories, chunks, writes=True), max_size=1))
            works.append(Work(Kernel(), (*read, *written), (), chunks))
        chains.append(works)
    return chains


def clash(chains: Sequence[Sequence[Work]], trip: int) -> bool:
    """Whether two chunks that may run at the same time touch one element that one of them writes."""
    touched: dict[tuple[Buffer, int], dict[tuple[int, int], bool]] = {}
    for number, works in enumerate(chains):
        for work in works:
            for access in work.accesses:
                for chunk in range(work.chunks):
                    for cell in cells(access, chunk, work.chunks, trip):
                        who = touched.setdefault((root(access.operand.buffer), cell), {})
                        who[number, chunk] = who.get((number, chunk), False) or access.writes
    return any(len(who) > 1 and any(who.values()) for who in touched.values())


# ---- whole programs

ROWS, WIDTH, CHUNKS = 6, 4, 3
PARTS = {
    "rows": Footprint((ROWS, WIDTH), (WIDTH, 1), moving=0, step=2),
    "with neighbours": Footprint((ROWS, WIDTH), (WIDTH, 1), moving=0, step=2, before=1, behind=1),
    "whole": Footprint((ROWS, WIDTH), (WIDTH, 1)),
}


@dataclass
class Order:
    """Work in the order of a program, what is given to it and what it gives."""

    works: list[Work]
    given: list[Buffer]
    outputs: list[Buffer]
    inner: list[Buffer] = field(default_factory=list)


@st.composite
def orders(draw: st.DrawFn) -> Order:
    """A program that reads only what was written; an input may be overwritten at the end."""
    x, kept = Buffer(F32, COUNT, "x"), Buffer(F32, COUNT, "kept")
    inner = [Buffer(F32, COUNT, name) for name in "abc"]
    over = Overwritten(F32, COUNT, "new kept", base=kept)
    known, works = [x, kept], []
    for number in range(draw(st.integers(1, 7))):
        chunks = draw(st.sampled_from((1, CHUNKS)))
        reads = draw(st.lists(st.sampled_from(known), max_size=2))
        target = draw(st.sampled_from([*inner, over]))
        parts = [PARTS[draw(st.sampled_from(list(PARTS)))] for _ in reads]
        parts = [PARTS["rows"] if root(b) is root(target) else part for b, part in zip(reads, parts, strict=True)]  # no chunk overtakes
        view = [
            Access(Operand(b, (ROWS, WIDTH), (WIDTH, 1)), part=part if chunks > 1 else None) for b, part in zip(reads, parts, strict=True)
        ]
        written = Access(Operand(target, (ROWS, WIDTH), (WIDTH, 1)), writes=True, reads=False, part=PARTS["rows"] if chunks > 1 else None)
        works.append(Work(Kernel(), (*view, written), (), chunks, f"work {number}"))
        known = [b for b in dict.fromkeys([*known, target]) if not (target is over and b is kept)]
    outputs = draw(st.lists(st.sampled_from(known), min_size=1, max_size=2, unique=True))
    return Order(works, [x, kept], outputs, inner)


def computed(
    stages: Sequence[Sequence[Sequence[Work]]], places: Mapping[Buffer, Pointer], order: Order, *, backwards: bool = False
) -> list[list[object]]:  # fmt: skip
    """What the outputs hold behind these stages of chains: each element says what it was made of.  `backwards`: chains and chunks too."""
    memory: dict[tuple[object, int], object] = {}

    def at(buffer: Buffer, cell: int) -> tuple[object, int]:
        place = places.get(root(buffer))
        return (root(buffer), cell) if place is None else (place.slot, place.offset + cell * buffer.dtype.itemsize)

    for buffer in order.given:
        memory.update({at(buffer, cell): (buffer.label, cell) for cell in range(buffer.count)})
    numbers = {id(work): number for number, work in enumerate(order.works)}
    for chains in stages:
        for works in reversed(chains) if backwards else chains:
            for chunk in reversed(range(works[0].chunks)) if backwards else range(works[0].chunks):
                for work in works:
                    read = [memory.get(at(a.operand.buffer, c)) for a in work.accesses if a.reads for c in cells(a, chunk, work.chunks)]
                    made = hash((numbers[id(work)], chunk, tuple(read)))
                    for access in work.accesses:
                        if access.writes:
                            memory.update({at(access.operand.buffer, cell): made for cell in cells(access, chunk, work.chunks)})
    return [[memory.get(at(buffer, cell)) for cell in range(buffer.count)] for buffer in order.outputs]


def chains_of(plan: Schedule) -> list[list[list[Work]]]:
    """The stages of a schedule."""
    return [[list(link.work) for link in links] for links in plan.stages]


def disturbed(draw: st.DrawFn, plan: Schedule) -> Iterator[Schedule]:
    """Schedules in which one piece of work stands elsewhere: in another stage, or at the end of another chain."""
    links = [(number, link) for number, stage in enumerate(plan.stages) for link in stage]
    number, link = draw(st.sampled_from(links))
    place = draw(st.integers(0, len(link.work) - 1))
    target = draw(st.integers(0, len(plan.stages) - 1))
    copies = {id(one): Link(list(one.work)) for _, one in links}
    stages = [[copies[id(one)] for one in stage] for stage in plan.stages]
    moved = copies[id(link)].work.pop(place)
    fitting = [one for one in stages[target] if one.work and one.work[0].chunks == moved.chunks]
    if fitting and draw(st.booleans()):
        draw(st.sampled_from(fitting)).work.append(moved)
    else:
        stages[target].append(Link([moved]))
    yield Schedule([[one for one in stage if one.work] for stage in stages], kept=plan.kept)
