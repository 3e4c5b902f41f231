"""A call's signature: the structure of its arguments, the types of its Tensors and arrays, the values of its numbers.

Leaves that carry data become inputs; all else is part of the key.  Objects are taken by identity.  NumPy's numbers are numbers, as for all
operations; arrays of texts or objects, which no Tensor can be made of, are objects.
"""

from __future__ import annotations

from collections import deque
from typing import Any

import numpy as np

from gradwerk.base.plain import PLAIN
from gradwerk.jit.answer import filled
from gradwerk.jit.known import is_library
from gradwerk.jit.leaks import traced_in
from gradwerk.jit.looking import alike, attributes_of, factory_of, is_a, is_plain, is_value, items_in, module_of, pairs_of, refill, shown
from gradwerk.tensor.devices import KINDS, place_of
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

Leaf = Any
_OBJECTS = (np.character, np.object_, np.datetime64, np.timedelta64)
"""Elements of arrays that no Tensor can be made of: Python alone reads them."""
_VALUES = frozenset(map(id, (bool, int, float, complex, str, bytes, type(None), slice, range)))
"""By id, as the classes of anybody's need not be hashable.  Of a class below them they are objects."""
_CONTAINERS = (list, tuple, dict, set, frozenset, deque)
_BUILTIN = frozenset(map(id, _CONTAINERS))
DEEPEST = 50
"""Containers inside each other; what lies deeper is an object."""

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

    def _take(self, value: Any, key: list[Any], label: object, depth: int = 0) -> None:  # noqa: ANN401
        kind = type(value)
        if issubclass(kind, Handle):
            type_, view = value._type, value._view
            place = place_of(value._storage) if KINDS else None
            wants = value._requires_grad or ((value._node is not None or view is not None) and value.requires_grad)
            key += (kind, type_.shape, type_.dtype, wants, place)
            if view is not None and not view.strides.dense:  # which of its views share its memory depends on it
                key.append(view.strides.strides)
            self.leaves.append(value)
            self.memories.append(value._storage)
            if kind.__dictoffset__ and not is_library(module_of(kind)):
                self._attributes(value, key, label)
        elif issubclass(kind, np.ndarray) and not issubclass(value.dtype.type, _OBJECTS):
            key += (np.ndarray, value.shape, value.dtype)
            self.leaves.append(value)
            self.memories.append(id(value))
        elif id(kind) in _VALUES:
            key += typed(value)
        elif issubclass(kind, np.generic) and is_value(kind):  # a number, as an operation takes it
            key += (value.dtype, kind, repr(value.item()))
        elif issubclass(kind, _CONTAINERS) and depth < DEEPEST:
            self._contents(value, key, label, depth + 1)
        elif issubclass(kind, np.dtype):
            key += (kind, value)
        else:
            self._object(value, key, label)

    def _object(self, value: Any, key: list[Any], label: object) -> None:  # noqa: ANN401
        """What is taken by identity."""
        key += (id(type(value)), id(value))
        self.objects.append((f"argument {label}", value))

    def _contents(self, value: Any, key: list[Any], label: object, depth: int) -> None:  # noqa: ANN401
        """A container: what is in it."""
        kind = type(value)
        if issubclass(kind, set | frozenset) and not _is_of_values(value):
            self._object(value, key, label)
            return
        if id(kind) in _BUILTIN:
            key.append(kind)
        else:
            self._object_of(kind, value, key, label)
        if issubclass(kind, dict):
            pairs = pairs_of(value)
            key.append(len(pairs))
            for name, item in pairs:
                self._name(name, key, label)
                self._take(item, key, f"{label}[{shown(name)}]", depth)
        elif issubclass(kind, set | frozenset):
            key.append(frozenset(map(typed, items_in(value))))
        else:
            items = items_in(value)
            key += (len(items), value.maxlen) if kind is deque else (len(items),)
            for number, item in enumerate(items):
                self._take(item, key, f"{label}[{number}]", depth)

    def _object_of(self, kind: type, value: Any, key: list[Any], label: object) -> None:  # noqa: ANN401
        """The class of a container, which has code of its own, and what attributes it has."""
        key.append(id(kind))
        self.objects.append((f"the class of argument {label}", kind))
        if (factory := factory_of(value)) is not None:
            self._take(factory, key, f"{label}.default_factory")
        self._attributes(value, key, label)

    def _attributes(self, value: Any, key: list[Any], label: object) -> None:  # noqa: ANN401
        """What somebody has hung on an argument, each by identity."""
        attributes = pairs_of(attributes_of(value) or {})
        parts = {id(part): place for place, part in enumerate(parts_of(value))} if attributes else {}
        for name, held in attributes:
            key.append(name)
            if id(held) in parts:  # an output of transformers has its items as attributes too
                key.append(parts[id(held)])
            elif is_plain(held):
                key += typed(held)
            else:
                self._object(held, key, f"{label}.{name}")

    def _name(self, name: Any, key: list[Any], label: object) -> None:  # noqa: ANN401
        """A key of a dict."""
        if is_plain(name):
            key += typed(name)
        elif type(name) is tuple:
            key.append(len(name))
            for part in name:
                self._name(part, key, label)
        else:
            self._object(name, key, f"key of {label}")

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
        self.depth = 0
        self.made: list[tuple[Any, Any, list[Any], list[Any]]] = []
        """What was given, what was made of it, and the parts of both at the time."""

    def take(self, value: Any) -> Any:  # noqa: ANN401
        """The next argument, or a part of one."""
        kind = type(value)
        if issubclass(kind, Handle) or (issubclass(kind, np.ndarray) and not issubclass(value.dtype.type, _OBJECTS)):
            return next(self.leaves)
        if not issubclass(kind, list | tuple | deque | dict | set) or self.depth >= DEEPEST:
            return value
        if issubclass(kind, set) and not _is_of_values(value):
            return value  # an object, in which `Call` found no leaves
        self.depth += 1
        given = parts_of(value)
        made = filled(value, [self.take(item) for item in (_values(value) if issubclass(kind, dict) else items_in(value))])
        self.depth -= 1
        own = attributes_of(made)
        if own is not None:
            back = {id(part): mine for part, mine in zip(given, parts_of(made), strict=True)}
            dict.update(own, [(name, back.get(id(held), held)) for name, held in pairs_of(attributes_of(value) or {})])
        if not issubclass(kind, tuple):
            self.made.append((value, made, given, parts_of(made)))
        return made

    def changed(self) -> list[tuple[Any, list[Any]]]:
        """Which lists, sets and dicts hold other things than they were given with, and what: in terms of what was given."""
        back = {id(part): own for _, _, given, before in self.made for part, own in zip(before, given, strict=True)}
        found = []
        for value, made, _, before in self.made:
            now = parts_of(made)
            if len(now) != len(before) or any(a is not b for a, b in zip(now, before, strict=True)):
                found.append((value, [back.get(id(part), part) for part in now]))
        return found

    def changes(self) -> list[str]:
        """The same as text."""
        return [
            f"a {type(value).__name__} among the arguments, given with {len(parts_of(value))} parts, now has {len(now)}"
            for value, now in self.changed()
        ]

    def traced(self) -> Handle | None:
        """What one holds now that has no contents."""
        return next((found for _, now in self.changed() if (found := traced_in(now, ())) is not None), None)

    def hand_back(self) -> None:
        """Does to the arguments what was done to what was made of them."""
        for value, now in self.changed():
            if is_a(value, dict):
                half = len(now) // 2
                refill(value, zip(now[:half], now[half:], strict=True))
            elif is_a(value, list):
                list.__setitem__(value, slice(None), now)
            else:
                kind: Any = set if is_a(value, set) else deque
                kind.clear(value)
                (set.update if kind is set else deque.extend)(value, now)


def typed(value: Any) -> Any:  # noqa: ANN401
    """A plain value, apart from those that are equal to it and another: 1, 1.0 and True, or ranges of the same numbers but another end."""
    return type(value), repr(value) if isinstance(value, float | complex | slice | range) else value


def _is_of_values(items: Any) -> bool:  # noqa: ANN401  a set
    """Whether a set holds plain values alone, so that its contents say what it is."""
    return all(id(type(item)) in _VALUES for item in items_in(items))


def parts_of(value: Any) -> list[Any]:  # noqa: ANN401  a list, deque, set or dict
    """The items; of a dict the keys, and then its items."""
    return [*(key for key, _ in pairs_of(value)), *_values(value)] if is_a(value, dict) else items_in(value)


def _values(value: dict[Any, Any]) -> list[Any]:
    return [item for _, item in pairs_of(value)]


def said(part: object) -> str:
    """A part of a key, for people."""
    if type(part) is str:  # a number stands there as text
        return part
    return repr(part) if is_plain(part) or type(part) in (tuple, type) or isinstance(part, np.dtype) else f"a {type(part).__name__}"


def describe_change(old: tuple[Any, ...], new: tuple[Any, ...]) -> str:
    """The first difference of two keys, for people."""
    place = first_difference(old, new)
    if place < 0:
        return f"the number of arguments changed from {len(old)} to {len(new)} parts"
    if type(old[place]) is int and type(new[place]) is int and not isinstance(old[place - 1], type):
        return "an argument is another object"
    return f"an argument changed from {said(old[place])} to {said(new[place])}"


def value_changed(old: tuple[Any, ...], new: tuple[Any, ...]) -> bool:
    """Whether the first difference of two keys is a number or text, or the identity of an object: no flag, shape, length or class."""
    place = first_difference(old, new)
    if place < 1:
        return False
    of_object = type(old[place]) is type(new[place]) is type(old[place - 1]) is int
    return of_object or any(old[place - 1] is kind for kind in PLAIN) or is_number(old[place - 1])


def is_number(part: object) -> bool:
    """Whether a part of a key is a class of NumPy's numbers."""
    return is_a(part, type) and issubclass(part, np.generic)  # type: ignore[arg-type]  # mypy does not see `is_a` as a check


def first_difference(old: tuple[Any, ...], new: tuple[Any, ...]) -> int:
    """Where two keys differ; -1 where one is the beginning of the other."""
    return next((place for place, (a, b) in enumerate(zip(old, new, strict=False)) if not alike(a, b) and a != b), -1)
