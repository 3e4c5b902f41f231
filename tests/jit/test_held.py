"""`Held` asks all places of a trace at once: where it says that they hold what they held, each place says so itself."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from itertools import pairwise
from types import CellType
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gradwerk.jit.compile import compile as compile_
from gradwerk.jit.held import Held
from gradwerk.jit.slots import ABSENT, LONGEST, Cell, Contents, Item, Parts, Slot, content_of, items_of
from gradwerk.jit.watched import Watched

ONE, OTHER = object(), object()
ALL = [ONE, OTHER, 1, 1.5, "text", None, 10**20]


class Own(list):
    """A list that says what it holds by code of its own."""

    def __iter__(self):
        return iter([ONE])


class Kept(list):
    """A list with a method more."""

    def first(self):
        return self[0]


class Sum:
    """An object that says what there is to guard."""

    def __init__(self):
        self.parts = (ONE, OTHER)

    def __gradwerk_guarded__(self):
        return self.parts


def contents(value: Any) -> Contents:
    short = len(value) <= LONGEST
    return Contents("it", value, len(value), items_of(value) if short else ())


def item(owner: dict[str, Any], key: str) -> Item:
    return Item("it", owner, key, owner.get(key, ABSENT))


def cell(*held: Any) -> Cell:
    made = CellType(*held)
    return Cell("it", made, None, content_of(made))


MAKE: dict[str, Callable[[], Slot]] = {
    "attribute": lambda: item({"a": ONE}, "a"), "none": lambda: item({}, "a"), "default": lambda: item(defaultdict(list, a=ONE), "a"),
    "cell": lambda: cell(ONE), "empty cell": cell,
    "list": lambda: contents([ONE, OTHER]), "empty list": lambda: contents([]), "long": lambda: contents([ONE] * (LONGEST + 1)),
    "own list": lambda: contents(Own([ONE])), "kept list": lambda: contents(Kept([ONE, OTHER])),
    "dict": lambda: contents({"a": ONE, "b": OTHER}), "empty dict": lambda: contents({}),
    "ordered": lambda: contents(OrderedDict(a=ONE, b=OTHER)), "defaultdict": lambda: contents(defaultdict(list, a=ONE)),
    "parts": lambda: (lambda owner: Parts("it", owner, None, owner.parts))(Sum()),
    "array": lambda: Watched(np.zeros(2)),
}  # fmt: skip

AT_ONCE = {"attribute", "none", "cell", "list", "empty list", "long", "kept list", "dict", "empty dict", "defaultdict"}


def test_what_can_be_asked_at_once_is() -> None:
    assert {name for name, make in MAKE.items() if not Held([make()]).others} == AT_ONCE


def change(slot: Slot, how: int, value: Any) -> None:
    """Something else stands in the place, or the same anew."""
    owner = slot.owner
    if isinstance(slot, Item):
        owner.pop(slot.key, None) if how == 0 else owner.__setitem__(slot.key if how < 3 else "other", value)
    elif isinstance(slot, Cell):
        if how == 0 and content_of(owner) is not ABSENT:
            del owner.cell_contents
        else:
            owner.cell_contents = value
    elif isinstance(owner, list):
        [owner.clear, lambda: owner.append(value), owner.reverse, lambda: owner.__setitem__(slice(0, 1), [value])][how]()
    elif isinstance(owner, dict):
        last = next(iter(owner), "b")
        [owner.clear, lambda: owner.__setitem__("c", value), lambda: owner.__setitem__(last, owner.pop(last, value)),
         lambda: owner.__setitem__(last, value)][how]()  # fmt: skip
    elif isinstance(owner, Sum):
        owner.parts = [(), (ONE, OTHER), (OTHER, ONE), (value,)][how]
    else:
        owner[how % 2] = how // 2


@given(
    st.lists(st.sampled_from(sorted(MAKE)), min_size=1, max_size=6),
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 3), st.sampled_from(ALL)), max_size=4),
)
def test_what_it_says_holds_holds(names: list[str], changes: list[tuple[int, int, Any]]) -> None:
    slots = [MAKE[name]() for name in names]
    held = Held(slots)
    assert held.holds() and all(slot.holds() for slot in slots)
    for place, how, value in changes:
        change(slots[place % len(slots)], how, value)
        assert not held.holds() or all(slot.holds() for slot in slots)
    for slot in slots:
        slot.put_back()
    if all(slot.holds() for slot in slots) and not any(isinstance(slot, Parts) or slot.key == LONGEST + 1 for slot in slots):
        assert held.holds()


@pytest.mark.parametrize("kinds", [([1, 2], [3]), ({"a": 1}, {"b": 2, "c": 3}), ([1], {"b": 2, "c": 3}), ([], [1])])
def test_what_moves_from_one_list_to_the_next_has_moved(kinds: tuple[Any, Any]) -> None:
    """All together hold the same things in the same order."""
    slots = [contents(kind) for kind in kinds]
    held = Held(slots)
    for one, other in pairwise(slots):
        if isinstance(one.owner, list) and isinstance(other.owner, list):
            one.owner.append(other.owner.pop(0))
        else:
            name = next(iter(other.owner))
            value = other.owner.pop(name)
            one.owner.append(value) if isinstance(one.owner, list) else one.owner.__setitem__(name, value)
    assert not held.holds() and not all(slot.holds() for slot in slots)


def test_a_warm_call_asks_no_list_or_cell_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Were they asked one by one, each would be a call."""
    rates, rate, names = [2.0, 3.0], 2.0, {"a": 1.0}
    step = compile_(lambda x: x * rate * rates[0] * names["a"])
    x = np.ones(2, np.float32)
    assert step(x).tolist() == [4, 4]
    asked: list[Slot] = []
    for kind in (Item, Cell, Contents):
        monkeypatch.setattr(kind, "holds", lambda self, holds=kind.holds: asked.append(self) or holds(self))
    assert step(x).tolist() == [4, 4] and not asked
    rates[0] = float("2")
    assert step(x).tolist() == [4, 4] and asked, "an equal number is another thing, and no other number"
    assert step.retraces == []
