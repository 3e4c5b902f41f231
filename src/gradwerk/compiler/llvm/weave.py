"""Rows of lanes as neighbours and back: what stands in `count` vectors row by row becomes `count` vectors column by column.

    weave     rows a0 a1 a2 ..., b0 b1 b2 ...        ->  a0 b0 a1 b1 a2 b2 ...
    unweave   the way back

Each result takes from the vectors in pairs by one shuffle and puts the pairs together by blends: for 6 vectors of 16 lanes about 30
instructions, where a scatter takes one store for each of the 96 lanes.
"""

from __future__ import annotations

from collections.abc import Sequence

from gradwerk.compiler.llvm.function import Function
from gradwerk.compiler.llvm.values import Value, lanes


def weave(f: Function, rows: Sequence[Value]) -> list[Value]:
    """The elements in the order lane 0 of all rows, lane 1 of all rows, ..., cut into as many vectors."""
    count, width = len(rows), lanes(rows[0].type)
    return [picked(f, rows, [(n % count, n // count) for n in range(v * width, (v + 1) * width)]) for v in range(count)]


def unweave(f: Function, vectors: Sequence[Value]) -> list[Value]:
    """The rows that `weave` made these vectors of."""
    count, width = len(vectors), lanes(vectors[0].type)
    return [picked(f, vectors, [divmod(lane * count + row, width) for lane in range(width)]) for row in range(count)]


def picked(f: Function, sources: Sequence[Value], wanted: Sequence[tuple[int, int]]) -> Value:
    """The vector of the lanes (source, lane) wanted."""
    width = len(wanted)
    used = sorted({source for source, _ in wanted})
    parts: list[tuple[set[int], Value]] = []
    for n in range(0, len(used), 2):
        pair = used[n : n + 2]
        order = [pair.index(source) * width + lane if source in pair else -1 for source, lane in wanted]
        second = sources[pair[1]] if len(pair) == 2 else None
        parts.append((set(pair), f.shuffle(sources[pair[0]], second, order)))
    while len(parts) > 1:
        joined = []
        for n in range(0, len(parts) - 1, 2):
            (of_first, first), (of_second, second) = parts[n], parts[n + 1]
            order = [k if source in of_first else width + k if source in of_second else -1 for k, (source, _) in enumerate(wanted)]
            joined.append((of_first | of_second, f.shuffle(first, second, order)))
        parts = joined + parts[len(parts) - len(parts) % 2 :]
    return parts[0][1]
