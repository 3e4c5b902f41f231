"""Footprints: what hulls conclude is what the elements, enumerated, say."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.compiler.footprint import Footprint, independent

CHUNKS = 5


@st.composite
def footprints(draw: st.DrawFn) -> Footprint:
    rank = draw(st.integers(1, 3))
    extents = tuple(draw(st.integers(1, 6)) for _ in range(rank))
    strides = tuple(draw(st.integers(-7, 7)) for _ in range(rank))
    moving = draw(st.none() | st.integers(0, rank - 1))
    before, behind = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    return Footprint(extents, strides, draw(st.integers(-4, 4)), moving, draw(st.integers(1, 3)), before, behind)


def touched(part: Footprint, chunk: int) -> np.ndarray:
    """By the definition: every index vector, one by one."""
    found = set()
    for index in np.ndindex(*part.extents):
        if part.moving is not None:
            first = chunk * part.step - part.before
            if not first <= index[part.moving] < (chunk + 1) * part.step + part.behind:
                continue
        found.add(part.start + sum(i * s for i, s in zip(index, part.strides, strict=True)))
    return np.array(sorted(found), np.int64)


@given(footprints())
def test_elements_are_those_of_the_definition(part: Footprint) -> None:
    for chunk in range(CHUNKS):
        np.testing.assert_array_equal(np.sort(part.elements(chunk)), touched(part, chunk))


@given(footprints())
def test_the_hull_holds_every_chunk(part: Footprint) -> None:
    low, high, shift = part.hull
    for chunk in range(CHUNKS):
        elements = part.elements(chunk)
        assert ((elements >= low + chunk * shift) & (elements <= high + chunk * shift)).all()
        assert ((elements >= part.whole[0]) & (elements <= part.whole[1])).all()


@given(footprints(), footprints(), st.integers(-20, 20))
def test_what_is_called_independent_has_nothing_in_common(ours: Footprint, theirs: Footprint, distance: int) -> None:
    if not independent(ours.hull, theirs.hull, distance):
        return
    for c in range(CHUNKS):
        for d in range(CHUNKS):
            if c != d:
                assert not np.intersect1d(ours.elements(c) + distance, theirs.elements(d)).size


def test_neighbouring_rows_are_independent_and_their_borders_are_not() -> None:
    rows = Footprint((8, 10), (10, 1), moving=0, step=2)
    halo = Footprint((8, 10), (10, 1), moving=0, step=2, before=1, behind=1)
    assert independent(rows.hull, rows.hull, 0)
    assert not independent(halo.hull, rows.hull, 0)
    assert not independent(rows.hull, rows.hull, 5)
