"""A call's signature: the structure of its arguments, the types of its Tensors and arrays, the values of its numbers.

Leaves that carry data become inputs; all else is part of the key.  Objects are taken by identity.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.tensor.handle import Handle
from gradwerk.tensor.storage import Storage

Leaf = Any
_VALUES = (bool, int, float, complex, str, bytes, type(None), type, np.dtype, slice, range)


class Call:
    """The arguments of one call, taken apart: `leaves` are the Tensors and arrays in order, `key` is hashable."""

    __slots__ = ("key", "leaves", "objects", "storages")

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.leaves: list[Leaf] = []
        self.storages: list[Storage] = []
        self.objects: list[tuple[str, Any]] = []
        key: list[Any] = []
        for position, value in enumerate(args):
            self._take(value, key, position)
        for name in kwargs:
            key.append(name)
            self._take(kwargs[name], key, name)
        self.key = tuple(key)

    def _take(self, value: Any, key: list[Any], label: object) -> None:  # noqa: ANN401
        if isinstance(value, Handle):
            type_ = value._type
            key += (type(value), type_.shape, type_.dtype, value._wants or value.requires_grad)
            if value._view is not None and not value._view.strides.dense:  # which of its views share its memory depends on it
                key.append(value._view.strides.strides)
            self.leaves.append(value)
            self.storages.append(value._storage)
        elif isinstance(value, np.ndarray | np.generic):
            key += (np.ndarray, value.shape, value.dtype)
            self.leaves.append(value)
        elif isinstance(value, _VALUES):
            key += (type(value), repr(value) if isinstance(value, float | slice) else value)
        elif isinstance(value, list | tuple):
            key += (type(value), len(value))
            for number, item in enumerate(value):
                self._take(item, key, f"{label}[{number}]")
        elif isinstance(value, dict):
            key += (dict, len(value))
            for name, item in value.items():
                key.append(name)
                self._take(item, key, f"{label}[{name!r}]")
        else:
            key += (type(value), id(value))
            self.objects.append((f"argument {label}", value))

    def sharing(self) -> tuple[Any, ...]:
        """How arguments share memory: for each that lies in the Storage of an earlier one, that one's place; and then every view."""
        places: dict[int, int] = {}
        shared = False
        rows = []
        for place, leaf in enumerate(self.leaves):
            if isinstance(leaf, Handle):
                first = places.setdefault(id(leaf._storage), place)
                shared = shared or first != place
                rows.append((place, first, leaf._view.steps if leaf._view is not None else ()))
        return tuple(rows) if shared else ()


def rebuilt(value: Any, leaves: list[Leaf], taken: list[int]) -> Any:  # noqa: ANN401
    """The argument with its data leaves replaced, in the order `Call` found them; `taken` counts."""
    if isinstance(value, Handle | np.ndarray | np.generic):
        taken[0] += 1
        return leaves[taken[0] - 1]
    if isinstance(value, list | tuple):
        items = [rebuilt(item, leaves, taken) for item in value]
        return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
    if isinstance(value, dict):
        return {name: rebuilt(item, leaves, taken) for name, item in value.items()}
    return value


def describe_change(old: tuple[Any, ...], new: tuple[Any, ...]) -> str:
    """The first difference of two keys, for people."""
    for a, b in zip(old, new, strict=False):
        if a is not b and a != b:
            return f"an argument changed from {a} to {b}"
    return f"the number of arguments changed from {len(old)} to {len(new)} parts"
