"""Nested containers as leaves and back; events."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, namedtuple
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.base.errors import ShapeError
from gradwerk.base.events import emit, heard, listening
from gradwerk.base.trees import flatten, flatten_as, leaves, map_tree, structure, unflatten

LEAVES = st.none() | st.integers() | st.text(max_size=3)
LISTS = partial(st.lists, max_size=3)
TREES = st.recursive(
    LEAVES, lambda inner: LISTS(inner) | LISTS(inner).map(tuple) | st.dictionaries(st.text(max_size=2), inner, max_size=3)
)
Pair = namedtuple("Pair", "left right")


@given(TREES)
def test_there_and_back(tree) -> None:
    assert unflatten(tree, flatten(tree)) == tree
    assert map_tree(lambda leaf: leaf, tree) == tree
    assert structure(map_tree(lambda _: 0, tree)) == structure(tree)
    assert len(list(leaves(tree))) == len(flatten(tree))
    assert len({path for path, _ in leaves(tree)}) == len(flatten(tree))
    hash(structure(tree))


def test_paths_read_like_python() -> None:
    assert list(leaves({"a": [1, (2,)]})) == [("['a'][0]", 1), ("['a'][1][0]", 2)]


def test_named_tuples_stay_named() -> None:
    assert map_tree(lambda a, b: a + b, Pair(1, [2]), Pair(10, [20])) == Pair(11, [22])


@pytest.mark.parametrize("tree", [Pair(1, [2]), OrderedDict(a=1, b=(2,)), defaultdict(list, a=1), [Pair({}, OrderedDict())]], ids=repr)
def test_types_stay(tree) -> None:
    same = unflatten(tree, flatten(tree))
    assert repr(same) == repr(tree)  # of these, types too
    if isinstance(tree, dict):
        assert same is not tree


def turned(tree):
    """The same with the keys of every dict in the other order, and lists for tuples."""
    if isinstance(tree, dict):
        return {key: turned(item) for key, item in reversed(tree.items())}
    return [turned(item) for item in tree] if isinstance(tree, list | tuple) else tree


@given(TREES)
def test_the_order_of_keys_says_nothing(tree) -> None:
    numbers = unflatten(tree, list(range(len(flatten(tree)))))
    assert flatten_as(numbers, turned(numbers)) == flatten(numbers)
    lists = map_tree(lambda x: x, turned(turned(tree)))
    assert structure(turned(lists)) == structure(lists)


@pytest.mark.parametrize(("one", "other"), [({"a": 1}, {"b": 1}), ([1], [1, 2]), ([1], 1), (1, {}), ({"a": 1}, [1]), ((), {})])
def test_leaves_of_another_structure_are_refused(one, other) -> None:
    for pair in ((one, other), (other, one)):
        with pytest.raises(ShapeError, match="structures differ"):
            flatten_as(*pair)


def test_different_structures_differ() -> None:
    different = [[1], (1,), {"a": 1}, {"b": 1}, 1, [[1]], [1, 2], [], ()]
    assert len({structure(tree) for tree in different}) == len(different)
    with pytest.raises(ValueError, match="shorter|longer"):
        map_tree(lambda a, b: a, [1, 2], [1])


def test_events_reach_who_listens() -> None:
    got = []
    assert not heard("launch")
    with listening("launch", lambda **facts: got.append(facts)):
        assert heard("launch")
        emit("launch", name="map")
        emit("other", name="no")
    emit("launch", name="late")
    assert got == [{"name": "map"}]
