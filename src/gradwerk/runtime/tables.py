"""A Plan as the words that native code reads, and as the steps that Python takes where a Plan has host calls."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from gradwerk.ir.plan import HostCall, Plan
from gradwerk.runtime.memory import address, several_words


@dataclass(frozen=True)
class Native:
    """Segments [first, end) run natively; `looped` when they are part of a loop that Python drives."""

    first: int
    end: int
    looped: bool = False


@dataclass(frozen=True)
class Repeat:
    """A loop with host calls inside: the steps of one iteration."""

    trips: int
    steps: tuple[Native | HostCall, ...]


Step = Native | HostCall | Repeat
Row = tuple[int, ...]


class Tables:
    """The rows of launches, chains, stages and segments.  They never change, and live as long as a worker may read them."""

    def __init__(self, plan: Plan, addresses: Mapping[str, int]) -> None:
        given = [[*(word for p in launch.pointers for word in (p.slot, p.offset, p.step)), *launch.extents] for launch in plan.launches]
        starts = np.cumsum([0, *(len(row) for row in given)]).tolist()
        totals = [sum(c.chunks for c in plan.chains[s.first : s.first + s.count]) for s in plan.stages]
        chains = [(c.first, c.first + c.count, c.chunks) for c in plan.chains]
        stages = [(s.first, s.first + s.count, n, int(s.commits)) for s, n in zip(plan.stages, totals, strict=True)]
        self.steps, segments = steps(plan)
        self.segment_count = len(segments)
        sizes = (starts[-1], 2 * len(starts), 3 * len(chains), 4 * len(stages), 3 * len(segments))
        arguments, *tables = several_words(*(max(1, size) for size in sizes))
        self.launches, self.chains, self.stages, self.segments = tables
        first = address(arguments)
        launches = [(addresses[launch.kernel], first + 8 * at) for launch, at in zip(plan.launches, starts, strict=False)]
        contents: list[Sequence[Sequence[int]]] = [given, launches, chains, stages, segments]
        for table, rows in zip((arguments, *tables), contents, strict=True):
            numbers = [word for row in rows for word in row]
            table[: len(numbers)] = numbers
        self.addresses = [address(table) for table in tables]


def steps(plan: Plan) -> tuple[tuple[Step, ...], list[Row]]:
    """What Python does in order, and the segment rows (first stage, end, trips).

    A host call before stage s runs between stages s - 1 and s; strictly inside a loop it runs in every iteration.
    """
    rows: list[Row] = []
    taken: list[Step] = []
    loops = {loop.first: loop for loop in plan.loops}
    calls: dict[int, list[HostCall]] = {}
    for call in plan.host_calls:
        calls.setdefault(call.before, []).append(call)
    edges = sorted({*loops, *calls, len(plan.stages)})
    begin = stage = 0

    def close() -> None:
        nonlocal begin
        if begin < len(rows):
            taken.append(Native(begin, len(rows)))
        begin = len(rows)

    while True:
        if stage in calls:
            close()
            taken += calls[stage]
        if stage >= len(plan.stages):
            break
        loop = loops.get(stage)
        if loop is None:
            end = edges[bisect_right(edges, stage)]
            rows.append((stage, end, 1))
        else:
            end = stage + loop.count
            inside = [cut for cut in edges[bisect_right(edges, stage) : bisect_left(edges, end)] if cut in calls]
            if inside:
                close()
                taken.append(_driven([stage, *inside, end], loop.trips, calls, rows))
                begin = len(rows)
            else:
                rows.append((stage, end, loop.trips))
        stage = end
    close()
    return tuple(taken), rows


def _driven(edges: Sequence[int], trips: int, calls: Mapping[int, Sequence[HostCall]], rows: list[Row]) -> Repeat:
    """A loop of the stages between the first edge and the last, cut at the host calls before the others."""
    body: list[Native | HostCall] = []
    for begin, end in pairwise(edges):
        body += calls[begin] if begin != edges[0] else ()
        body.append(Native(len(rows), len(rows) + 1, looped=True))
        rows.append((begin, end, trips))
    return Repeat(trips, tuple(body))


def iterations(plan: Plan) -> list[int]:
    """How often each launch runs."""
    result = [1] * len(plan.launches)
    for loop in plan.loops:
        for stage in plan.stages[loop.first : loop.first + loop.count]:
            for chain in plan.chains[stage.first : stage.first + stage.count]:
                result[chain.first : chain.first + chain.count] = [loop.trips] * chain.count
    return result


def parallel(plan: Plan) -> bool:
    """Whether a second thread could do anything."""
    return not plan.serial and any(sum(c.chunks for c in plan.chains[s.first : s.first + s.count]) > 1 for s in plan.stages)
