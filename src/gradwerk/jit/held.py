"""Held: all places that a trace has looked at, asked at once whether they hold what they held."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence
from itertools import chain
from operator import is_
from types import CellType
from typing import Any

from gradwerk.jit.caches import Cached
from gradwerk.jit.looking import dict_of, found_in, is_a, mro_of
from gradwerk.jit.namespaces import Attributes, Names, answers_itself, is_walked
from gradwerk.jit.slots import ABSENT, Bases, Cell, Class, ClassItem, Code, Contents, Defaults, Item, Slot


class Held:
    """What places hold, asked for all at once: yes means that each holds what it held, no that they are to be asked one by one.

    To ask a place takes longer than to look into it.  Contents lie behind each other, as they are found by one walk over all lists and
    dicts; the lengths say that each begins where it did.  Names lie there too: those of a namespace are the keys of a dict.
    """

    __slots__ = (
        "bare", "bases", "cells", "classes", "empty", "flat", "functions", "items", "keepers", "lengths", "others", "sized", "walked",
    )  # fmt: skip

    def __init__(self, slots: Iterable[Slot]) -> None:
        self.items: list[tuple[Any, Any, Any]] = []
        self.functions: list[tuple[Any, Any, Any]] = []
        self.bare: list[tuple[Any, Any, Any]] = []
        """Functions that have no attributes."""
        self.classes: list[tuple[Any, type]] = []
        self.keepers: list[tuple[Any, Any]] = []
        """Objects, and the dict in which one has its attributes."""
        self.empty: list[Any] = []
        """Dicts and lists with nothing in them."""
        self.bases: list[tuple[type, Any]] = []
        self.cells: list[tuple[CellType, Any]] = []
        self.sized: list[Any] = []
        self.lengths: list[int] = []
        self.walked: list[Iterable[Any]] = []
        self.flat: list[Any] = []
        self.others: list[Slot] = []
        for slot in self.but_of_functions(list(slots)):
            self.sort(slot)

    def but_of_functions(self, slots: list[Slot]) -> Iterator[Slot]:
        """All places but those of functions, which are looked at together: code, defaults, and that there are no attributes."""
        functions = {id(slot.owner): slot for slot in slots if type(slot) is Code}
        defaults = {id(slot.owner): slot.was for slot in slots if type(slot) is Defaults}
        empty = {id(slot.owner) for slot in slots if type(slot) is Names and not slot.was}
        keepers = (slot for slot in slots if type(slot) is Attributes and id(slot.owner) in functions)
        bare = {id(slot.owner): id(slot.was) for slot in keepers if id(slot.was) in empty}
        for key, code in functions.items():
            row = code.owner, code.was, defaults.get(key, code.owner.__defaults__)
            (self.bare if key in bare else self.functions).append(row)
        taken: dict[type, Container[int]] = {Code: functions, Defaults: functions, Attributes: bare, Names: {*bare.values()}}
        for slot in slots:
            if id(slot.owner) not in taken.get(type(slot), ()):
                yield slot

    def sort(self, slot: Slot) -> None:
        """Where one is looked at."""
        kind = type(slot)
        if (kind is Item and type(slot.owner) is dict) or kind is ClassItem:
            self.items.append((slot.owner, slot.key, slot.was))
        elif kind is Class:
            self.classes.append((slot.owner, slot.was))
        elif kind is Attributes and not answers_itself(type(slot.owner)):
            self.keepers.append((slot.owner, slot.was))
        elif kind is Bases:
            self.bases.append((slot.owner, slot.was))
        elif kind is Names and is_walked(slot.owner):
            self.walk(slot.owner, len(slot.was), ((slot.owner, slot.was),))
        elif kind is Cached:
            self.walk(slot.owner, len(slot.was), ((slot.owner.values(), slot.was),))
        elif kind is Cell and slot.was is not ABSENT:
            self.cells.append((slot.owner, slot.was))
        elif isinstance(slot, Contents) and walks_as_builtin(type(slot.owner)):
            self.take(slot)
        else:
            self.others.append(slot)

    def take(self, slot: Contents) -> None:
        """The contents of one list or dict; of one that is data the length."""
        if is_a(slot.owner, list):
            parts = [(slot.owner, slot.was)]
        else:
            parts = [(slot.owner, slot.was[::2]), (slot.owner.values(), slot.was[1::2])]
        self.walk(slot.owner, slot.key, parts if slot.was else ())

    def walk(self, owner: Any, length: int, parts: Iterable[tuple[Iterable[Any], Sequence[Any]]]) -> None:  # noqa: ANN401
        """That something has as many items as it had, and what is found in parts of it."""
        if not length and type(owner) in (dict, list):
            self.empty.append(owner)
            return
        self.sized.append(owner)
        self.lengths.append(length)
        for walked, was in parts if length else ():
            self.walked.append(walked)
            self.flat += was

    def objects_hold(self) -> bool:
        """Whether classes, and those of objects, are what they were, and attributes stand where they stood."""
        for owner, was in self.classes:
            if type(owner) is not was:
                return False
        for owner, kept in self.keepers:
            if owner.__dict__ is not kept:
                return False
        return all(mro_of(cls) is bases for cls, bases in self.bases)

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
        for function, code, defaults in self.bare:
            if function.__code__ is not code or function.__defaults__ is not defaults or function.__dict__:
                return False
        for function, code, defaults in self.functions:
            if function.__code__ is not code or function.__defaults__ is not defaults:
                return False
        if (self.classes or self.keepers or self.bases) and not self.objects_hold():
            return False
        if any(self.empty) or [*map(len, self.sized)] != self.lengths or not all(map(is_, chain.from_iterable(self.walked), self.flat)):
            return False
        return not self.others or all(slot.holds() for slot in self.others)


def walks_as_builtin(kind: type) -> bool:
    """Whether lists or dicts of a class are walked and counted as Python's own are, without code of somebody's."""
    builtin = list if issubclass(kind, list) else dict
    names = ("__iter__", "__len__") if builtin is list else ("__iter__", "__len__", "values")
    return all(found_in(kind, name) is dict_of(builtin)[name] for name in names)
