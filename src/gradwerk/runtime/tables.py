"""A Plan as the words that native code reads, and as the steps that Python takes where a Plan has host calls."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from gradwerk.ir.plan import ENDLESS, HostCall, Loop, Plan
from gradwerk.ir.words import (
    CHUNK_BITS,
    LOOP_ITEM,
    STAGES_ITEM,
    UNTIL_ITEM,
    WHILE_ITEM,
    Argument,
    ChainRow,
    ItemRow,
    LaunchRow,
    StageRow,
    words_of,
)
from gradwerk.runtime.memory import address, several_words

MOST_CHUNKS = 1 << CHUNK_BITS
"""What a claim word has room for beside a visit; a stage has fewer (compiler/llvm/executor.py)."""
MOST_INSTANCES = (1 << 63 - CHUNK_BITS) - 1
"""Those from 0 on; the visit of the last has this number, which beside the chunks fits an i64."""
MOST_NATIVE = 1 << 41
"""Iterations of nested loops together, above which Python drives the outer ones: instances would soon be used up."""


@dataclass(frozen=True)
class Run:
    """Stages [first, end)."""

    first: int
    end: int


@dataclass(frozen=True)
class Nest:
    """A loop and what an iteration of it does, in order."""

    loop: Loop
    parts: tuple[Part, ...]

    @property
    def most(self) -> int:
        """How many instances of the innermost parts it may have."""
        return max(self.loop.trips, 1) * max((part.most for part in self.parts if isinstance(part, Nest)), default=1)

    @property
    def native(self) -> bool:
        """Whether native code runs it, from beginning to end."""
        return self.most <= MOST_NATIVE and all(isinstance(part, Run) or (isinstance(part, Nest) and part.native) for part in self.parts)


Part = Run | Nest | HostCall


@dataclass(frozen=True)
class Native:
    """Items [first, end) run natively."""

    first: int
    end: int


@dataclass(frozen=True)
class Repeat:
    """A loop that Python drives: the steps of one iteration."""

    loop: Loop
    steps: tuple[Step, ...]


Step = Native | HostCall | Repeat


NOTHING = ItemRow(STAGES_ITEM, 0, 0)


class Tables:
    """The rows of launches, chains, stages and items.  They never change, and live as long as a worker may read them."""

    def __init__(self, plan: Plan, addresses: Mapping[str, int]) -> None:
        given = [
            [*(word for p in launch.pointers for word in Argument(p.slot, p.offset, p.step)), *launch.extents] for launch in plan.launches
        ]
        starts = np.cumsum([0, *(len(row) for row in given)]).tolist()
        totals = [sum(c.chunks for c in plan.chains[s.first : s.first + s.count]) for s in plan.stages]
        chains = [ChainRow(c.first, c.first + c.count, c.chunks) for c in plan.chains]
        stages = [StageRow(s.first, s.first + s.count, n, int(s.commits)) for s, n in zip(plan.stages, totals, strict=True)]
        if max(totals, default=0) >= MOST_CHUNKS:
            raise ValueError(f"a stage of {max(totals)} chunks")
        self.parts = parts_of(plan)
        self.rows: list[ItemRow] = []
        self.steps = steps(self.parts, self.rows)
        self.most = max([1, *(part.most for part in self.natives(self.parts))])
        """How many instances the innermost native items of one walk may have."""
        counts = ((LaunchRow, len(given)), (ChainRow, len(chains)), (StageRow, len(stages)), (ItemRow, len(self.rows)))
        arguments, *tables = several_words(max(1, starts[-1]), *(max(1, words_of(row) * count) for row, count in counts))
        self.launches = tables[0]
        first = address(arguments)
        launches = [LaunchRow(addresses[launch.kernel], first + 8 * at) for launch, at in zip(plan.launches, starts, strict=False)]
        contents: list[Sequence[Sequence[int]]] = [given, launches, chains, stages, self.rows]
        for table, rows in zip((arguments, *tables), contents, strict=True):
            numbers = [word for row in rows for word in row]
            table[: len(numbers)] = numbers
        self.addresses = [address(table) for table in tables]

    def natives(self, parts: Sequence[Part]) -> list[Nest]:
        """The outermost loops that run natively."""
        loops = [part for part in parts if isinstance(part, Nest)]
        return [found for loop in loops for found in ([loop] if loop.native else self.natives(loop.parts))]


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """The Plan's stages, loops and host calls as they nest, in the order in which they run."""
    loops = deque(loop for loop in plan.loops if loop.count)
    calls = deque(sorted(plan.host_calls, key=lambda call: call.before))
    return _level(0, len(plan.stages), loops, calls, last=len(plan.stages))


def _level(first: int, end: int, loops: deque[Loop], calls: deque[HostCall], *, last: int) -> tuple[Part, ...]:
    """The parts of stages [first, end), taken from the loops and calls that are left; calls as far as before stage `last`."""
    found: list[Part] = []
    while True:
        called = calls[0].before if calls and calls[0].before <= last else end + 1
        loop = loops[0] if loops and loops[0].first < end else None
        at = min(called, end if loop is None else loop.first)
        if first < at:
            found.append(Run(first, at))
        first = at
        if called == at:
            found.append(calls.popleft())
        elif loop is not None:
            loops.popleft()
            found.append(Nest(loop, _level(loop.first, loop.end, loops, calls, last=loop.end - 1)))
            first = loop.end
        else:
            return tuple(found)


def steps(parts: Sequence[Part], rows: list[ItemRow]) -> tuple[Step, ...]:
    """What Python does in order; what is native goes into `rows`, each run of it together."""
    taken: list[Step] = []
    waiting: list[Run | Nest] = []

    def close() -> None:
        if waiting:
            taken.append(Native(*_placed(waiting, rows)))
            waiting.clear()

    for part in parts:
        if isinstance(part, Run) or (isinstance(part, Nest) and part.native):
            waiting.append(part)
            continue
        close()
        taken.append(part if isinstance(part, HostCall) else Repeat(part.loop, steps(part.parts, rows)))
    close()
    return tuple(taken)


def _placed(parts: Sequence[Part], rows: list[ItemRow]) -> tuple[int, int]:
    """Native parts as rows: those of one level side by side, what is in them behind."""
    first = len(rows)
    rows += [NOTHING] * len(parts)
    for number, part in enumerate(parts, first):
        if isinstance(part, Run):
            rows[number] = ItemRow(STAGES_ITEM, part.first, part.end)
        elif isinstance(part, Nest):
            loop, flag = part.loop, part.loop.flag
            kind = LOOP_ITEM if flag is None else WHILE_ITEM if loop.when else UNTIL_ITEM
            where = (0, 0, 0) if flag is None else (flag.slot, flag.offset, flag.step)
            rows[number] = ItemRow(kind, *_placed(part.parts, rows), loop.trips, *where, int(loop.trips == ENDLESS))
    return first, first + len(parts)


def iterations(plan: Plan) -> list[int]:
    """How often each launch runs, as far as is known."""
    result = [1] * len(plan.launches)

    def note(parts: Sequence[Part], times: int) -> None:
        for part in parts:
            if isinstance(part, Nest):
                note(part.parts, times * part.loop.runs)
            elif isinstance(part, Run):
                for stage in plan.stages[part.first : part.end]:
                    for chain in plan.chains[stage.first : stage.first + stage.count]:
                        result[chain.first : chain.first + chain.count] = [times] * chain.count

    note(parts_of(plan), 1)
    return result


def parallel(plan: Plan) -> bool:
    """Whether a second thread could do anything."""
    return not plan.serial and any(sum(c.chunks for c in plan.chains[s.first : s.first + s.count]) > 1 for s in plan.stages)
