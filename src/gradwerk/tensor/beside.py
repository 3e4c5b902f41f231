"""Beside: what is kept for an object of the user's without being one of its attributes, and goes when the object does.

What is kept may hold the object itself, as the traced forms of a method hold what they read: a table would keep both forever.  So while
Python looks for garbage, and only then, each object has what is kept for it among its attributes, as part of the cycle that it is.
"""

from __future__ import annotations

import gc
import weakref
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Kept(Generic[T]):
    """One object, by a weak reference, and what is kept for it: weak, too, while the object has it."""

    __slots__ = ("__weakref__", "lent", "owner", "value")

    def __init__(self, owner: weakref.ref[Any], value: T) -> None:
        self.owner, self.lent = owner, weakref.ref(value)
        self.value: T | None = value


class Beside(Generic[T]):
    """A table by identity."""

    def __init__(self) -> None:
        self.table: dict[int, Kept[T]] = {}
        self.young: dict[int, Kept[T]] = {}
        """Those that came since Python looked for garbage last: they are all that a search among the youngest can be about."""

    def get(self, owner: object) -> T | None:
        """What is kept for an object."""
        kept = self.table.get(id(owner))
        return None if kept is None else kept.value or kept.lent()

    def keep(self, owner: object, value: T) -> T:
        """Keeps it for an object that has attributes and weak references.  What another thread keeps meanwhile is what is kept."""
        key, number = id(self), id(owner)
        _tables.setdefault(key, weakref.ref(self, lambda _: _tables.pop(key, None)))
        kept = self.table.setdefault(number, Kept(weakref.ref(owner, lambda _: self.table.pop(number, None)), value))
        self.young[number] = kept
        return kept.value or kept.lent() or value

    def lend(self, generation: int) -> None:
        """Gives each object what is kept for it."""
        for number, kept in list((self.table if generation else self.young).items()):
            owner = kept.owner()
            if owner is not None and kept.value is not None:
                vars(owner)[self.name(number)], kept.value = kept.value, None

    def take_back(self, generation: int) -> None:
        """Takes it back from those that are still there."""
        for number, kept in list((self.table if generation else self.young).items()):
            owner = kept.owner()
            if owner is not None and kept.value is None:
                kept.value = vars(owner).pop(self.name(number), None)
        self.young.clear()

    def name(self, number: int) -> str:
        """What the attribute is called meanwhile: objects may share their attributes."""
        return f"__gradwerk_kept_{id(self)}_{number}"


_tables: dict[int, weakref.ref[Beside[Any]]] = {}
"""Those that something was kept in."""


def _collecting(phase: str, info: dict[str, int]) -> None:
    """Python begins to look for garbage, or has ended."""
    for table in [found for ref in list(_tables.values()) if (found := ref()) is not None]:
        (table.lend if phase == "start" else table.take_back)(info["generation"])


gc.callbacks.append(_collecting)
