"""A call's signature: the structure of its arguments, the types of its Tensors and arrays, the values of its numbers.

Leaves that carry data become inputs; all else is part of the key.  Objects are taken by identity.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from gradwerk.jit.answer import filled
from gradwerk.tensor.devices import KINDS, place_of
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

Leaf = Any
_ARRAYS = (np.ndarray, np.generic)
_VALUES = (bool, int, float, complex, str, bytes, type(None), type, np.dtype, slice, range)

NO_TWINS: dict[int, int] = {}


class Call:
    """The arguments of one call, taken apart: `leaves` are the Tensors and arrays in order, `key` is hashable.

    `twins` says which leaves are an earlier one themselves: (place, place of that).  `memories` are what leaves lie in: the Storages of
    Tensors, of arrays their ids, which say no more than that an array stands there twice.
    """

    __slots__ = ("key", "leaves", "memories", "objects", "shares", "twins")
    twins: dict[int, int]

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.leaves: list[Leaf] = []
        self.memories: list[Storage | int] = []
        self.objects: list[tuple[str, Any]] = []
        key: list[Any] = []
        for position, value in enumerate(args):
            self._take(value, key, position)
        for name in kwargs:
            key.append(name)
            self._take(kwargs[name], key, name)
        self.shares = len(self.memories) > 1 and len(set(self.memories)) != len(self.memories)
        """Whether Tensors among the arguments share memory, or an array stands there twice."""
        self.twins = NO_TWINS
        if self.shares:
            first: dict[int, int] = {}
            self.twins = {}
            for place, leaf in enumerate(self.leaves):
                if isinstance(leaf, Handle | np.ndarray) and first.setdefault(id(leaf), place) != place:
                    self.twins[place] = first[id(leaf)]
            key.append(tuple(self.twins.items()))
        self.key = tuple(key)

    def _take(self, value: Any, key: list[Any], label: object) -> None:  # noqa: ANN401
        if isinstance(value, Handle):
            type_, view = value._type, value._view
            place = place_of(value._storage) if KINDS else None
            wants = value._requires_grad or ((value._node is not None or view is not None) and value.requires_grad)
            key += (type(value), type_.shape, type_.dtype, wants, place)
            if view is not None and not view.strides.dense:  # which of its views share its memory depends on it
                key.append(view.strides.strides)
            self.leaves.append(value)
            self.memories.append(value._storage)
        elif isinstance(value, _ARRAYS):
            key += (np.ndarray, value.shape, value.dtype)
            self.leaves.append(value)
            self.memories += (id(value),) if isinstance(value, np.ndarray) else ()  # NumPy's numbers are values: nobody can write to one
        elif isinstance(value, _VALUES):
            key += typed(value)
        elif isinstance(value, list | tuple):
            key += (type(value), len(value))
            for number, item in enumerate(value):
                self._take(item, key, f"{label}[{number}]")
        elif isinstance(value, deque):
            key += (type(value), len(value), value.maxlen)
            for number, item in enumerate(value):
                self._take(item, key, f"{label}[{number}]")
        elif isinstance(value, set | frozenset) and all(isinstance(item, _VALUES) for item in value):
            key += (type(value), frozenset(map(typed, value)))
        elif isinstance(value, dict):
            key += (type(value), len(value), getattr(value, "default_factory", None))
            for name, item in value.items():
                key += (type(name), name)
                self._take(item, key, f"{label}[{name!r}]")
        else:
            key += (type(value), id(value))
            self.objects.append((f"argument {label}", value))

    def sharing(self) -> tuple[Any, ...]:
        """How arguments share memory, twins apart: for each that lies in the Storage of an earlier one, its place; and then every view."""
        places: dict[int, int] = {}
        shared = False
        rows = []
        for place, leaf in enumerate(self.leaves):
            if isinstance(leaf, Handle) and place not in self.twins:
                first = places.setdefault(id(leaf._storage), place)
                shared = shared or first != place
                rows.append((place, first, leaf._view.steps if leaf._view is not None else ()))
        return tuple(rows) if shared else ()


class Rebuilt:
    """Arguments with their data leaves replaced, in the order in which `Call` found them."""

    def __init__(self, leaves: list[Leaf]) -> None:
        self.leaves = iter(leaves)
        self.made: list[tuple[Any, list[Any]]] = []

    def take(self, value: Any) -> Any:  # noqa: ANN401
        """The next argument, or a part of one."""
        if isinstance(value, Handle | np.ndarray | np.generic):
            return next(self.leaves)
        if not isinstance(value, list | tuple | deque | dict | set):
            return value
        made = filled(value, [self.take(item) for item in (value.values() if isinstance(value, dict) else value)])
        if not isinstance(made, tuple):
            self.made.append((made, parts_of(made)))
        return made

    def changes(self) -> list[str]:
        """Which lists, sets and dicts hold other things than they were given with, as text."""
        found = []
        for made, before in self.made:
            now = parts_of(made)
            if len(now) != len(before) or any(a is not b for a, b in zip(now, before, strict=True)):
                found.append(f"a {type(made).__name__} among the arguments, given with {len(before)} parts, now has {len(now)}")
        return found


def typed(value: Any) -> Any:  # noqa: ANN401
    """A plain value, apart from those that are equal to it and another: 1, 1.0 and True."""
    return type(value), repr(value) if isinstance(value, float | complex | slice) else value


def parts_of(value: Any) -> list[Any]:  # noqa: ANN401  a list, deque, set or dict
    """The items; of a dict the keys, and then its items."""
    return [*value, *value.values()] if isinstance(value, dict) else list(value)


def describe_change(old: tuple[Any, ...], new: tuple[Any, ...]) -> str:
    """The first difference of two keys, for people."""
    for a, b in zip(old, new, strict=False):
        if a is not b and a != b:
            return f"an argument changed from {a} to {b}"
    return f"the number of arguments changed from {len(old)} to {len(new)} parts"
