"""Hooks: functions that a user has called at a place of ours (the call of a module, the gradient of a Tensor), each until it is removed.

A place holds an immutable `Hooks`, or None.  A registration replaces it by another one; so a call that is under way keeps the hooks that it
found, and a compiled step sees by identity that they are others than when it was traced.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, Protocol, Self, final
from weakref import ref

from gradwerk.base.errors import ArgumentTypeError

_ids = itertools.count()


class Place(Protocol):
    """What can be hooked.  Setting `_hooks` tells compiled steps of it."""

    _hooks: Hooks | None


@final
class Hook:
    """One registration: the function, when it is called (`kind`), and how."""

    __slots__ = ("__weakref__", "always", "function", "kind", "with_kwargs")

    def __init__(self, kind: str, function: Callable[..., Any], *, with_kwargs: bool = False, always: bool = False) -> None:
        if not callable(function):
            likely = "pass the function itself, without brackets"
            raise ArgumentTypeError(f"a hook is a function, not {type(function).__name__}", likely=likely)
        self.kind, self.function, self.with_kwargs, self.always = kind, function, with_kwargs, always


@final
class Hooks:
    """The hooks of one place, in the order in which they are called."""

    __slots__ = ("entries",)

    def __init__(self, entries: tuple[Hook, ...]) -> None:
        self.entries = entries

    def of(self, kind: str) -> list[Hook]:
        """Those of one kind."""
        return [hook for hook in self.entries if hook.kind == kind]

    def __gradwerk_guarded__(self) -> tuple[Callable[..., Any], ...]:
        """What a compiled step depends on: what the functions read is guarded as what the step itself reads."""
        return tuple([hook.function for hook in self.entries])


class RemovableHandle:
    """What a registration gives back: `remove()` takes the hook away, and so does the end of a `with` block.

    It keeps neither the place nor the hook alive.  Copied together with the place, it removes the copy's hook.
    """

    def __init__(self, place: Place, hook: Hook) -> None:
        self.id = next(_ids)
        self._place: Callable[[], Place | None] = ref(place)
        self._hook: Callable[[], Hook | None] = ref(hook)

    def remove(self) -> None:
        """Takes the hook away.  A second time does nothing."""
        place, hook = self._place(), self._hook()
        if place is not None and hook is not None and place._hooks is not None and hook in place._hooks.entries:
            left = tuple(entry for entry in place._hooks.entries if entry is not hook)
            place._hooks = Hooks(left) if left else None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.remove()

    def __getstate__(self) -> tuple[int, Place | None, Hook | None]:
        return self.id, self._place(), self._hook()

    def __setstate__(self, state: tuple[int, Place | None, Hook | None]) -> None:
        self.id, place, hook = state
        self._place = ref(place) if place is not None else _nothing
        self._hook = ref(hook) if hook is not None else _nothing


def _nothing() -> None:
    """A reference to what is gone."""


def register(place: Place, hook: Hook, *, first: bool = False) -> RemovableHandle:
    """Adds a hook behind those of the place, or before them."""
    held = place._hooks.entries if place._hooks is not None else ()
    place._hooks = Hooks((hook, *held) if first else (*held, hook))
    return RemovableHandle(place, hook)
