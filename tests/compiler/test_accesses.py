"""Accesses of a memory: what is found by rows and bundles is what a comparison with each of them finds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gradwerk.compiler.accesses import Accesses, Link, Reach
from gradwerk.compiler.footprint import Hull


@st.composite
def reaches(draw: st.DrawFn) -> Reach:
    """Parts far apart, parts that are interleaved, some of which move in a loop."""
    low = draw(st.integers(-5, 5) | st.integers(0, 100))
    high = low + draw(st.integers(0, 6) | st.integers(0, 80))
    hull = Hull(low, min(high, low + draw(st.integers(0, 5))), draw(st.sampled_from([0, 8, 8, 8, -8, 16])))
    return Reach(draw(st.sampled_from([(), (), (), (4,)])), low, high, hull)


@given(st.lists(st.tuples(reaches(), st.integers(0, 2)), max_size=30), reaches())
def test_chains_that_an_access_overlaps_and_whether_it_may_follow_in_them(before: list[tuple[Reach, int]], ours: Reach) -> None:
    links, accesses = [Link([]) for _ in range(3)], Accesses()
    for theirs, chain in before:
        accesses.add(links[chain], theirs)
    meets = lambda theirs: theirs.steps != ours.steps or (theirs.low <= ours.high and ours.low <= theirs.high)  # noqa: E731
    hit = [(links[k], theirs) for theirs, k in before if meets(theirs)]
    found = accesses.overlapping(ours)
    assert {id(link) for link, _ in found} == {id(link) for link, _ in hit}
    for link in links:
        one_by_one = all(ours.apart(theirs) for other, theirs in hit if other is link)
        assert all(ours.apart(theirs) for other, theirs in found if other is link) == one_by_one


def test_interleaved_parts_count_as_one() -> None:
    accesses, link = Accesses(), Link([])
    for k in range(100):
        accesses.add(link, Reach((), 4 * k, 4 * k + 1203, Hull(4 * k, 4 * k + 3, 400)))
    ((found, whole),) = accesses.overlapping(Reach((), 396, 1203, Hull(396, 403, 400)))
    assert found is link
    assert whole == Reach((), 0, 1599, Hull(0, 399, 400))
    assert len(accesses.overlapping(Reach((), 0, 7, Hull(0, 7, 0)))) == 2
