"""Places that a trace has looked at, and what they held: an attribute, a closure cell, the contents of a list.

Values (numbers, texts, tuples and frozen sets of them) are compared by what they say, all else by identity.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable
from operator import is_
from types import CellType, MemberDescriptorType
from typing import Any

from gradwerk.jit.looking import alike, has, is_a, is_plain, items_in, mro_of, pairs_of, refill, token

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
        return alike(self.read(), self.was)

    def changed(self) -> bool:
        """Whether a trace has changed it."""
        return not self.holds()

    def change(self) -> str:
        """`global rate changed from 0.1 to 0.2`."""
        return f"{self.label} changed from {_short(self.was)} to {_short(self.read())}"


class Item(Slot):
    """A key of a dict: a global, an attribute of a plain object."""

    def read(self) -> Any:  # noqa: ANN401
        return dict.get(self.owner, self.key, ABSENT)

    def put_back(self) -> None:
        if self.was is ABSENT:
            dict.pop(self.owner, self.key, None)
        else:
            dict.__setitem__(self.owner, self.key, self.was)


class Plain(Item):
    """A number or a text under a name that code calls and does nothing else with: which one it is makes no difference."""

    def holds(self) -> bool:
        return is_plain(self.read())


class Cell(Slot):
    """A closure cell."""

    def read(self) -> Any:  # noqa: ANN401
        return content_of(self.owner)

    def put_back(self) -> None:
        self.owner.cell_contents = self.was


class ClassItem(Slot):
    """An attribute of a class.

    Args:
        label, key, was: as of any slot.
        owner: the attributes of the class, as `vars` gives them.
        cls: the class.
    """

    __slots__ = ("cls",)

    def __init__(self, label: str, owner: Any, key: Any, was: Any, cls: type) -> None:  # noqa: ANN401
        super().__init__(label, owner, key, was)
        self.cls = cls

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.get(self.key, ABSENT)

    def put_back(self) -> None:
        if self.was is ABSENT:
            type.__delattr__(self.cls, self.key)
        else:
            type.__setattr__(self.cls, self.key, self.was)


class Code(Slot):
    """What a function does: editors that load a module anew put other code into the functions that are there."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.__code__

    def put_back(self) -> None:
        self.owner.__code__ = self.was


class Defaults(Slot):
    """The defaults of a function's arguments."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.__defaults__

    def put_back(self) -> None:
        self.owner.__defaults__ = self.was


class NamedDefaults(Slot):
    """Those of arguments that are given by name."""

    def read(self) -> Any:  # noqa: ANN401
        return self.owner.__kwdefaults__

    def put_back(self) -> None:
        self.owner.__kwdefaults__ = self.was


class Bases(Slot):
    """The bases of a class."""

    def read(self) -> Any:  # noqa: ANN401
        return mro_of(self.owner)

    def holds(self) -> bool:
        return mro_of(self.owner) is self.was

    def put_back(self) -> None:
        """Nothing: a step that changes them is one that nobody has written."""


class Place(Slot):
    """An attribute that stands in a slot of the class; `key` is what the class has for it."""

    def read(self) -> Any:  # noqa: ANN401
        return placed(self.owner, self.key)

    def put_back(self) -> None:
        if self.was is ABSENT:
            self.key.__delete__(self.owner)
        else:
            self.key.__set__(self.owner, self.was)


class Class(Slot):
    """The class of an object."""

    def read(self) -> Any:  # noqa: ANN401
        return type(self.owner)

    def put_back(self) -> None:
        self.owner.__class__ = self.was


class Members(Slot):
    """What a set holds: `key` says what its items are, `was` are they."""

    def __init__(self, label: str, owner: Any) -> None:  # noqa: ANN401
        was = items_in(owner)
        super().__init__(label, owner, set(map(token, was)), was)

    def read(self) -> Any:  # noqa: ANN401
        return items_in(self.owner)

    def holds(self) -> bool:
        return bool(set(map(token, self.read())) == self.key)

    def put_back(self) -> None:
        if is_a(self.owner, set):
            set.clear(self.owner)
            set.update(self.owner, self.was)

    def change(self) -> str:
        return f"the contents of {self.label} changed"


class Row(Slot):
    """What a deque holds."""

    def read(self) -> Any:  # noqa: ANN401
        return items_in(self.owner)

    def holds(self) -> bool:
        now = self.read()
        return len(now) == len(self.was) and all(map(alike, now, self.was))

    def put_back(self) -> None:
        deque.clear(self.owner)
        deque.extend(self.owner, self.was)


class Contents(Slot):
    """What a list or dict holds: its items by identity, numbers by value.

    Args:
        label, owner: as of any slot; the owner is the list or dict.
        key: its length when the trace saw it.
        was: its items then, of a dict keys and values in turn; none of a long one.
    """

    def read(self) -> Any:  # noqa: ANN401
        return items_of(self.owner) or _all_items(self.owner)

    def holds(self) -> bool:
        if length_of(self.owner) != self.key:
            return False
        return all(map(alike, items_of(self.owner), self.was))

    def put_back(self) -> None:
        if len(self.was) < 1 and self.key:  # of a long one what it was given last is taken away
            for added in _all_items(self.owner)[self.key :] if is_a(self.owner, dict) else ():
                dict.pop(self.owner, added[0], None)
            if is_a(self.owner, list):
                list.__delitem__(self.owner, slice(self.key, None))
        elif is_a(self.owner, dict):
            refill(self.owner, zip(self.was[::2], self.was[1::2], strict=True))
        else:
            list.__setitem__(self.owner, slice(None), self.was)

    def change(self) -> str:
        length = length_of(self.owner)
        counts = "" if length == self.key else f" from {self.key} items to {length}"
        return f"the contents of {self.label} changed{counts}"


class Inside(Slot):
    """The modules and containers in a list or dict that no code names: code of ours finds them in all attributes of a module."""

    def __init__(self, label: str, owner: Any) -> None:  # noqa: ANN401
        super().__init__(label, owner, None, None)
        self.was = self.read()

    def read(self) -> Any:  # noqa: ANN401
        items = dict.values(self.owner) if is_a(self.owner, dict) else items_in(self.owner)
        return tuple(item for item in list(items) if is_a(item, list | tuple | dict) or has(item, "__gradwerk_version__"))

    def holds(self) -> bool:
        now = self.read()
        return len(now) == len(self.was) and all(map(is_, now, self.was))

    def put_back(self) -> None:
        """Nothing: no code names it."""

    def change(self) -> str:
        return f"the modules in {self.label} changed"


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


class Versioned:
    """An object with a version, and its attributes at the time: set back to what they were, they are what they were.

    Args:
        label: how messages name it.
        owner: the object.
        asks: which attributes code may read; of the others numbers and texts are no concern of a step.
    """

    __slots__ = ("asks", "cls", "held", "label", "owner", "version")

    def __init__(self, label: str, owner: Any, asks: Callable[[str], bool]) -> None:  # noqa: ANN401
        self.label, self.owner, self.asks, self.version = label, owner, asks, owner.__gradwerk_version__
        self.cls = type(owner)
        self.held = dict(self.now())

    def change(self) -> str:
        """The first attribute that differs, or nothing."""
        now, cls = dict(vars(self.owner)), type(self.owner)
        if cls is not self.cls:
            return f"{self.label} changed from {self.cls.__name__} object to {cls.__name__} object"
        for name in {**self.held, **now}:
            was = self.held.get(name, getattr(cls, name, ABSENT))
            value = now.get(name, getattr(cls, name, ABSENT))
            if name.startswith("__gradwerk") or alike(value, was) or not (self.asks(name) or _concerns(value) or _concerns(was)):
                continue
            return f"{self.label}.{name} changed from {_short(was)} to {_short(value)}"
        return ""

    def read(self) -> dict[str, Any]:
        """The attributes that are others than they were, also those that were set behind its back."""
        return {name: value for name, value in self.now() if self.held.get(name, ABSENT) is not value}

    def now(self) -> list[tuple[str, Any]]:
        """All present ones."""
        return [(name, value) for name, value in list(vars(self.owner).items()) if not name.startswith("__gradwerk")]

    def put_back(self) -> None:
        """The former attributes again."""
        for name in self.read():
            if name in self.held:
                vars(self.owner)[name] = self.held[name]
            else:
                del vars(self.owner)[name]


def placed(owner: Any, member: MemberDescriptorType) -> Any:  # noqa: ANN401
    """What stands in a slot; ABSENT while nothing does."""
    try:
        return member.__get__(owner, type(owner))
    except AttributeError:
        return ABSENT


def content_of(cell: CellType) -> Any:  # noqa: ANN401
    """What a closure cell holds; ABSENT while it holds nothing."""
    try:
        return cell.cell_contents
    except ValueError:
        return ABSENT


def length_of(value: list[Any] | dict[Any, Any]) -> int:
    """How many items a list or dict has."""
    return dict.__len__(value) if is_a(value, dict) else list.__len__(value)  # type: ignore[arg-type]  # mypy does not see `is_a` as a check


def items_of(value: list[Any] | dict[Any, Any]) -> tuple[Any, ...]:
    """The items of a list, the keys and values of a dict in turn; nothing of one that is data."""
    if length_of(value) > LONGEST:
        return ()
    return tuple(part for pair in pairs_of(value) for part in pair) if is_a(value, dict) else tuple(items_in(value))  # type: ignore[arg-type]  # as above


def _all_items(value: list[Any] | dict[Any, Any]) -> list[Any]:
    return pairs_of(value) if is_a(value, dict) else items_in(value)  # type: ignore[arg-type]  # as above


def _concerns(value: Any) -> bool:  # noqa: ANN401
    """Whether something is a concern of code that looks for modules and parameters in all attributes."""
    return not is_plain(value) and value is not ABSENT


def _short(value: Any) -> str:  # noqa: ANN401
    if value is ABSENT:
        return "nothing"
    return repr(value) if is_plain(value) else f"{type(value).__name__} object"
