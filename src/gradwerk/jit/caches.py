"""What a function with a cache has computed, as a guard: whoever calls it gets that again, as long as it is there."""

from __future__ import annotations

import gc
from functools import lru_cache
from operator import is_
from typing import Any

from gradwerk.jit.looking import attributes_of, is_atom
from gradwerk.jit.slots import Slot


class Cached(Slot):
    """The cache of a function: what stands in it, in the order in which it came.  More may come.

    Args:
        label: as of any slot.
        function: what `lru_cache` has made.
    """

    __slots__ = ("before", "function")

    def __init__(self, label: str, function: Any) -> None:  # noqa: ANN401
        cache = cache_of(function)
        super().__init__(label, cache, "cached", list(cache.values()))
        self.function = function
        self.before = {id(part): part for part in self.parts()}

    def parts(self) -> list[Any]:
        """Arguments and results in it."""
        own = attributes_of(self.function)
        held = [part for part in gc.get_referents(self.function) if part is not self.owner and part is not own]
        return [*held, *self.owner.keys(), *self.owner.values()]

    def read(self) -> list[Any]:
        """What has come, but for numbers and texts."""
        return [part for part in self.parts() if id(part) not in self.before and not is_atom(part) and type(part) is not LINK]

    def holds(self) -> bool:
        now = list(self.owner.values())
        return len(now) >= len(self.was) and all(map(is_, now, self.was))

    def changed(self) -> bool:
        return not self.holds() or bool(self.read())

    def settle(self) -> None:
        """Takes note of what has come since."""
        now = list(self.owner.values())
        if len(now) > len(self.was) and all(map(is_, now, self.was)):
            self.was = now

    def put_back(self) -> None:
        kept = set(map(id, self.was))
        for key in [key for key, held in list(self.owner.items()) if id(held) not in kept]:
            self.owner.pop(key, None)

    def change(self) -> str:
        return f"the cache of {self.label} changed"


def cache_of(function: Any) -> dict[Any, Any]:  # noqa: ANN401
    """Where a function with a cache keeps it.  Raises: StopIteration where Python does not show it."""
    own = attributes_of(function)
    return next(part for part in gc.get_referents(function) if type(part) is dict and part is not own)


def _link() -> type:
    """The class of what stands in a cache with a limit."""

    @lru_cache(maxsize=2)
    def one(of: int) -> int:
        return of

    one(1)
    return next(type(held) for held in cache_of(one).values())


LINK = _link()
