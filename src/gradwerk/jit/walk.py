"""A walk over objects: what was seen and at which depth of concern, what is guarded, what nobody can watch."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

import numpy as np

from gradwerk.jit.code import Asked
from gradwerk.jit.known import is_library
from gradwerk.jit.looking import (
    attributes_of,
    factory_of,
    is_a,
    is_atom,
    is_plain,
    items_in,
    module_of,
    pairs_of,
    shown,
    slots_of,
    text,
)
from gradwerk.jit.namespaces import Attributes, Names
from gradwerk.jit.slots import (
    LONGEST,
    Class,
    Contents,
    Inside,
    Item,
    Members,
    Place,
    Plain,
    Slot,
    Versioned,
    items_of,
    length_of,
    placed,
)
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

DEEPEST = 20
"""Visits inside each other; what lies deeper is looked at afterwards, so that no chain is too long for Python."""


class Concern(IntEnum):
    """How what is looked at may be read."""

    NONE = 0  # no code names it: it is looked at for the Tensors and modules in it, and may be of any kind
    OURS = 1  # code of ours reads it
    NAMED = 2  # the user's code reads it


@dataclass(frozen=True)
class Known:
    """Which attributes code asks for: by their names, by how these begin, or all."""

    names: frozenset[str]
    prefixes: tuple[str, ...]
    anything: bool

    def __call__(self, name: str) -> bool:
        """Whether this is one of them."""
        return self.anything or name in self.names or name.startswith(self.prefixes)


class Walk(ABC):
    """What one walk finds.

    Args:
        asked: what code was seen to ask for in an earlier walk; `found` is that with what this one has seen.
    """

    def __init__(self, asked: Asked) -> None:
        self.known, self.anything, self.found = asked.names, asked.anything, asked.copy()
        self.prefixes = tuple(asked.prefixes)
        self.is_known = Known(frozenset(asked.names), self.prefixes, asked.anything)
        self.called = set() if asked.anything else asked.names - asked.valued
        """Names that are called and nothing else: of an object that has a number there it is no concern which."""
        self.uncertain = asked.names if asked.catches or asked.anything else asked.optional
        """Names of what a Tensor need not have: all, where an error may be caught."""
        self.versions: list[Versioned] = []
        self.slots: list[Slot] = []
        self.arrays: dict[int, np.ndarray[Any, Any]] = {}
        self.labels: dict[int, str] = {}
        """Of arrays that code names, by id."""
        self.tensors: dict[Storage, str] = {}
        self.handles: dict[int, Handle] = {}
        """Tensors that code names, by id."""
        self.seen: dict[int, Any] = {}
        self.depths: dict[Any, Concern] = {}
        """With how much concern something was looked at, by what it is and its id."""
        self.places: set[tuple[int, object, type]] = set()
        self.long: list[Any] = []
        """Containers with too many items to look at."""
        self.unwatched: dict[str, str] = {}
        self.concern = Concern.NAMED
        self.inside = 0
        self.later: list[tuple[str, Any, Concern]] = []

    @abstractmethod
    def look(self, label: str, value: Any) -> None:  # noqa: ANN401
        """Guards one object and all it holds, by its kind."""

    @abstractmethod
    def methods(self, cls: type, *, making: bool = False) -> None:
        """Guards what of a class may be called."""

    def note(self, label: str, what: str) -> None:
        """Nobody can watch this."""
        if self.concern is Concern.NAMED:
            self.unwatched.setdefault(label, what)

    def guard(self, slot: Slot) -> None:
        """A place that must hold what it holds; once, whoever finds it."""
        owner = slot.owner if getattr(slot, "cls", None) is None else slot.cls  # type: ignore[attr-defined]  # what has one
        place = (id(owner), id(slot.key) if isinstance(slot, Place) else slot.key if isinstance(slot.key, str) else None, type(slot))
        if self.concern is not Concern.NONE and place not in self.places:
            self.places.add(place)
            self.slots.append(slot)

    @contextmanager
    def concerned(self, concern: Concern) -> Iterator[None]:
        """How what the block looks at may be read."""
        before, self.concern = self.concern, concern
        try:
            yield
        finally:
            self.concern = before

    def is_new(self, *what: object) -> bool:
        """Whether something was not yet looked at with this much concern.  It is now."""
        if self.depths.get(what, -1) >= self.concern:
            return False
        self.depths[what] = self.concern
        return True

    def visit_all(self, label: str, value: Any) -> None:  # noqa: ANN401
        """Guards an object and all it holds, however deep."""
        self.visit(label, value)
        while self.later:
            label, value, concern = self.later.pop()
            with self.concerned(concern):
                self.visit(label, value)

    def visit(self, label: str, value: Any) -> None:  # noqa: ANN401
        """Guards one object and all it holds; of what cannot be looked at, that it cannot be watched."""
        if is_atom(value):
            return
        if self.inside >= DEEPEST:
            self.later.append((label, value, self.concern))
            return
        if not self.is_new(id(value)):
            return
        self.seen[id(value)] = value
        self.inside += 1
        try:
            self.look(label, value)
        except Exception as error:  # whatever somebody's object does: it is no reason to stop a call
            self.note(label, f"cannot be looked at ({type(error).__name__})")
        finally:
            self.inside -= 1

    # ---- attributes and contents

    def named(self, label: str, value: Any, names: set[str]) -> None:  # noqa: ANN401
        """The attributes of these names, and that the object has no others of them."""
        held = attributes_of(value)
        if held is None:
            return
        self.guard(Attributes(label, value, None, held))
        if self.anything:
            self.contents(label, held)
        else:
            self.namespace(label, held, names)

    def namespace(self, label: str, held: dict[str, Any], names: set[str]) -> None:
        """What stands in a namespace under these names, and that nothing comes under another of them."""
        self.guard(Names(label, held, Known(frozenset(names), self.prefixes, anything=False)))
        self.items(label, held, names)

    def items(self, label: str, held: dict[str, Any], names: set[str]) -> None:
        """What stands there under these names."""
        called = self.called if names is self.known else ()  # of others code of ours or of a library may read the numbers
        for key, content in pairs_of(held):
            name = text(key)
            if name in names or name.startswith(self.prefixes):
                kind = Plain if name in called and is_plain(content) and not name.startswith(self.prefixes) else Item
                self.guard(kind(f"{label}.{name}", held, key, content))
                self.visit(f"{label}.{name}", content)

    def slotted(self, label: str, value: Any) -> None:  # noqa: ANN401
        """The attributes that stand in slots of the class."""
        for name, member in slots_of(type(value)):
            if self.is_known(name) and not is_library(module_of(member.__objclass__)):
                content = placed(value, member)
                self.guard(Place(f"{label}.{name}", value, member, content))
                self.visit(f"{label}.{name}", content)

    def container(self, label: str, value: Any) -> None:  # noqa: ANN401
        """A list, dict, set or tuple; of a class of the user's also what attributes it has."""
        if is_a(value, list | dict):
            self.contents(label, value)
        elif is_a(value, set | frozenset):
            self.guard(Members(label, value))
        if is_a(value, tuple | set | frozenset):
            for number, item in enumerate(items_in(value)):
                self.visit(f"{label}[{number}]", item)
        if not is_library(module_of(type(value))):
            self.guard(Class(label, value, None, type(value)))
            self.methods(type(value))
            self.named(label, value, self.known)
            self.slotted(label, value)
        self.visit(f"{label}.default_factory", factory_of(value))

    def contents(self, label: str, value: list[Any] | dict[Any, Any]) -> None:
        """A list or dict: what it holds, and that it still holds it."""
        length = length_of(value)
        short = length <= LONGEST
        if self.concern is Concern.NONE:
            self.slots.append(Inside(label, value))
        self.guard(Contents(label, value, length, items_of(value) if short else ()))
        if not short:
            self.note(label, f"has more than {LONGEST} items")
            self.long.append(value)
            return
        for key, item in pairs_of(value) if is_a(value, dict) else enumerate(items_in(value)):  # type: ignore[arg-type]  # `is_a` is a check
            self.visit(f"a key of {label}", key)
            self.visit(f"{label}[{shown(key)}]", item)


Ways = tuple[tuple[Any, Callable[[str, Any], None]], ...]

