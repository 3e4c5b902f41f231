"""Places that a trace has looked at, and what they held: an attribute, a closure cell, the contents of a list.

Numbers and texts are compared by value, all else by identity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable
from itertools import chain
from operator import is_
from types import CellType
from typing import Any

from gradwerk.base.plain import PLAIN, same

LONGEST = 4096
"""Items: longer lists and dicts are data, not structure, and only their length is guarded."""
ABSENT = object()
"""What stands for no content: it is no value that anybody has."""


class Slot(ABC):
    """One place and what it held.  `read` gives the present content; `put_back` restores it after a failed trace.

    Args:
        label: how messages name the place: `global rate`.
        owner: what holds it: a dict, a list, an object, a cell.
        key: which of its places: a name, a number.
        was: the content when the trace saw it.
    """

    __slots__ = ("key", "label", "owner", "was")

    def __init__(self, label: str, owner: Any, key: Any, was: Any) -> None:  # noqa: ANN401
        self.label, self.owner, self.key, self.was = label, owner, key, was

    @abstractmethod
    def read(self) -> Any:  # noqa: ANN401
        """The present content."""

    @abstractmethod
    def put_back(self) -> None:
        """The former content again."""

    def holds(self) -> bool:
        """Whether it is still the same."""
        now = self.read()
        return now is self.was or same(now, self.was)

    def change(self) -> str:
        """`global rate changed from 0.1 to 0.2`."""
        return f"{self.label} changed from {_short(self.was)} to {_short(self.read())}"


class Item(Slot):
    """A key of a dict: a global, an attribute of a plain object."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.get(self.key, ABSENT)

    def put_back(self) -> None:
        if self.was is ABSENT:
            self.owner.pop(self.key, None)
        else:
            self.owner[self.key] = self.was


class Cell(Slot):
    """A closure cell."""

    def read(self) -> Any:  # noqa: ANN401
        return content_of(self.owner)

    def put_back(self) -> None:
        self.owner.cell_contents = self.was


class Contents(Slot):
    """What a list or dict holds: its items by identity, numbers by value.

    Args:
        label, owner: as of any slot; the owner is the list or dict.
        key: its length when the trace saw it.
        was: its items then, of a dict keys and values in turn; none of a long one.
    """

    def read(self) -> Any:  # noqa: ANN401
        return items_of(self.owner)

    def holds(self) -> bool:
        if len(self.owner) != self.key:
            return False
        return all(a is b or same(a, b) for a, b in zip(items_of(self.owner), self.was, strict=True))

    def put_back(self) -> None:
        if len(self.was) < 1 and self.key:
            return
        if isinstance(self.owner, dict):
            self.owner.clear()
            self.owner.update(zip(self.was[::2], self.was[1::2], strict=True))
        else:
            self.owner[:] = self.was

    def change(self) -> str:
        counts = "" if len(self.owner) == self.key else f" from {self.key} items to {len(self.owner)}"
        return f"the contents of {self.label} changed{counts}"


class Parts(Slot):
    """An object that says what a step depends on (`__gradwerk_guarded__`): the same things as at the trace."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.__gradwerk_guarded__()

    def holds(self) -> bool:
        now = self.read()
        return now is self.was or (len(now) == len(self.was) and all(map(is_, now, self.was)))

    def put_back(self) -> None:
        """Nothing: what it says follows from what it holds."""

    def change(self) -> str:
        return f"what {self.label} consists of changed"


class Held:
    """What places hold, asked for all at once: yes means that each holds what it held, no that they are to be asked one by one.

    To ask a place takes longer than to look into it.  Contents lie behind each other, as they are found by one walk over all lists and
    dicts; the lengths say that each begins where it did.
    """

    __slots__ = ("cells", "flat", "items", "lengths", "others", "sized", "walked")

    def __init__(self, slots: Iterable[Slot]) -> None:
        self.items: list[tuple[dict[Any, Any], Any, Any]] = []
        self.cells: list[tuple[CellType, Any]] = []
        self.sized: list[Any] = []
        self.lengths: list[int] = []
        self.walked: list[Iterable[Any]] = []
        self.flat: list[Any] = []
        self.others: list[Slot] = []
        for slot in slots:
            if type(slot) is Item and type(slot.owner) is dict:
                self.items.append((slot.owner, slot.key, slot.was))
            elif type(slot) is Cell and slot.was is not ABSENT:
                self.cells.append((slot.owner, slot.was))
            elif type(slot) is Contents and walks_as_builtin(type(slot.owner)):
                self.take(slot)
            else:
                self.others.append(slot)

    def take(self, slot: Contents) -> None:
        """The contents of one list or dict; of one that is data the length."""
        self.sized.append(slot.owner)
        self.lengths.append(slot.key)
        if isinstance(slot.owner, list):
            parts = [(slot.owner, slot.was)]
        else:
            parts = [(slot.owner, slot.was[::2]), (slot.owner.values(), slot.was[1::2])]
        for walked, was in parts if slot.was else ():
            self.walked.append(walked)
            self.flat += was

    def holds(self) -> bool:
        """Whether all hold the very same things."""
        for owner, key, was in self.items:
            if owner.get(key, ABSENT) is not was:
                return False
        try:
            for cell, was in self.cells:
                if cell.cell_contents is not was:
                    return False
        except ValueError:  # it holds nothing
            return False
        if [*map(len, self.sized)] != self.lengths or not all(map(is_, chain.from_iterable(self.walked), self.flat)):
            return False
        return not self.others or all(slot.holds() for slot in self.others)


class Versioned:
    """An object with a version, and its attributes at the time: set back to what they were, they are what they were."""

    __slots__ = ("held", "label", "owner", "version")

    def __init__(self, label: str, owner: Any) -> None:  # noqa: ANN401
        self.label, self.owner, self.version = label, owner, owner.__gradwerk_version__
        self.held = {name: value for name, value in list(vars(owner).items()) if not name.startswith("__gradwerk")}

    def change(self) -> str:
        """The first attribute that differs, or nothing."""
        now, cls = vars(self.owner), type(self.owner)
        for name in {**self.held, **now}:
            was = self.held.get(name, getattr(cls, name, ABSENT))
            value = now.get(name, getattr(cls, name, ABSENT))
            if not name.startswith("__gradwerk") and value is not was and not same(value, was):
                return f"{self.label}.{name} changed from {_short(was)} to {_short(value)}"
        return ""


def content_of(cell: CellType) -> Any:  # noqa: ANN401
    """What a closure cell holds; ABSENT while it holds nothing."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def items_of(value: list[Any] | dict[Any, Any]) -> tuple[Any, ...]:
    """The items of a list, the keys and values of a dict in turn; nothing of one that is data."""
    if len(value) > LONGEST:
        return ()
    return tuple(part for pair in value.items() for part in pair) if isinstance(value, dict) else tuple(value)


def walks_as_builtin(kind: type) -> bool:
    """Whether lists or dicts of a class are walked and counted as Python's own are, without code of somebody's."""
    if issubclass(kind, list):
        return kind.__iter__ is list.__iter__ and kind.__len__ is list.__len__
    return kind.__iter__ is dict.__iter__ and kind.__len__ is dict.__len__ and kind.values is dict.values  # type: ignore[attr-defined]  # it is a dict


def _short(value: Any) -> str:  # noqa: ANN401
    if value is ABSENT:
        return "nothing"
    return repr(value) if isinstance(value, PLAIN) else f"{type(value).__name__} object"
