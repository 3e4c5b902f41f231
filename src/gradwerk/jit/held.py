"""Held: all places that a trace has looked at, asked at once whether they hold what they held."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from operator import is_
from types import CellType
from typing import Any

from gradwerk.jit.looking import dict_of, found_in, is_a, mro_of
from gradwerk.jit.slots import ABSENT, Bases, Cell, Class, ClassItem, Code, Contents, Defaults, Item, Slot


class Held:
    """What places hold, asked for all at once: yes means that each holds what it held, no that they are to be asked one by one.

    To ask a place takes longer than to look into it.  Contents lie behind each other, as they are found by one walk over all lists and
    dicts; the lengths say that each begins where it did.
    """

    __slots__ = ("bases", "cells", "classes", "flat", "functions", "items", "lengths", "others", "sized", "walked")

    def __init__(self, slots: Iterable[Slot]) -> None:
        self.items: list[tuple[Any, Any, Any]] = []
        self.functions: list[tuple[Any, Any, Any]] = []
        self.classes: list[tuple[Any, type]] = []
        self.bases: list[tuple[type, Any]] = []
        self.cells: list[tuple[CellType, Any]] = []
        self.sized: list[Any] = []
        self.lengths: list[int] = []
        self.walked: list[Iterable[Any]] = []
        self.flat: list[Any] = []
        self.others: list[Slot] = []
        slots = list(slots)
        code = {id(slot.owner) for slot in slots if type(slot) is Code}
        defaults = {id(slot.owner): slot.was for slot in slots if type(slot) is Defaults}
        for slot in slots:
            if type(slot) is Defaults and id(slot.owner) in code:
                continue  # looked at with it
            if (type(slot) is Item and type(slot.owner) is dict) or type(slot) is ClassItem:
                self.items.append((slot.owner, slot.key, slot.was))
            elif type(slot) is Code:
                self.functions.append((slot.owner, slot.was, defaults.get(id(slot.owner), slot.owner.__defaults__)))
            elif type(slot) is Class or type(slot) is Bases:
                (self.classes if type(slot) is Class else self.bases).append((slot.owner, slot.was))
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
        if is_a(slot.owner, list):
            parts = [(slot.owner, slot.was)]
        else:
            parts = [(slot.owner, slot.was[::2]), (slot.owner.values(), slot.was[1::2])]
        for walked, was in parts if slot.was else ():
            self.walked.append(walked)
            self.flat += was

    def classes_hold(self) -> bool:
        """Whether classes, and those of objects, are what they were."""
        for owner, was in self.classes:
            if type(owner) is not was:
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
        for function, code, defaults in self.functions:
            if function.__code__ is not code or function.__defaults__ is not defaults:
                return False
        if (self.classes or self.bases) and not self.classes_hold():
            return False
        if [*map(len, self.sized)] != self.lengths or not all(map(is_, chain.from_iterable(self.walked), self.flat)):
            return False
        return not self.others or all(slot.holds() for slot in self.others)


def walks_as_builtin(kind: type) -> bool:
    """Whether lists or dicts of a class are walked and counted as Python's own are, without code of somebody's."""
    builtin = list if issubclass(kind, list) else dict
    names = ("__iter__", "__len__") if builtin is list else ("__iter__", "__len__", "values")
    return all(found_in(kind, name) is dict_of(builtin)[name] for name in names)
