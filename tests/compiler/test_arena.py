"""Arenas: each buffer is where a comparison with every other one puts it, the lowest place that is free while it lives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradwerk.compiler.arena import Arena, padded

SPANS = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 2000)), min_size=1, max_size=60)


@given(SPANS, st.booleans())
def test_the_lowest_free_place(spans: list[tuple[int, int, int]], largest_first: bool) -> None:  # noqa: FBT001
    if largest_first:
        spans.sort(key=lambda span: -span[2])
    arena, placed = Arena(41), list[tuple[int, int, int, int]]()
    for one, other, nbytes in spans:
        first, last = sorted((one, other))
        start = 0
        for *_, begin, end in sorted((p for p in placed if p[0] <= last and first <= p[1]), key=lambda p: p[2]):
            if start + padded(nbytes) <= begin:
                break
            start = max(start, end)
        assert arena.place(first, last, nbytes) == start
        placed.append((first, last, start, start + padded(nbytes)))
    assert arena.nbytes == max(end for *_, end in placed)


def test_an_arena_of_one_stage() -> None:
    arena = Arena(1)
    assert [arena.place(0, 0, n) for n in (0, 64, 1)] == [0, 256, 576]
