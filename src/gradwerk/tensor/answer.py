"""What a compiled function gives back, as a pattern: marks where its Tensors stand, and all else of which each call makes its own.

Lists, tuples, deques and dicts are made anew at each call, as are dataclasses that hold Tensors; so are arrays and sets, which the function
would make anew itself, and which nobody may find changed by whoever got them last.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import deque
from collections.abc import Container, Iterable, Iterator
from types import AsyncGeneratorType, CoroutineType
from typing import Any

import numpy as np

from gradwerk.base.errors import TraceError
from gradwerk.tensor.handle import Handle

Tree = Any
CONTAINERS = (set, frozenset, bytearray, np.ndarray)
"""What is copied for each call where it holds no Tensor."""


class Leaf:
    """A mark where a Tensor stands."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


class Copied:
    """A mark where an object stands of which each call gives a copy, with `parts` in the place of its fields."""

    __slots__ = ("original", "parts")

    def __init__(self, original: Any, parts: dict[str, Tree]) -> None:  # noqa: ANN401
        self.original, self.parts = original, parts

    def made(self, results: list[Any]) -> Any:  # noqa: ANN401
        """The copy."""
        made = copy.copy(self.original)
        for name, part in self.parts.items():
            object.__setattr__(made, name, grown(part, results))
        return made


def marked(tree: Tree, found: list[Handle], held: Container[int]) -> Tree:
    """The pattern of a result; its Tensors are added to `found`, one that stands there twice once.  `held` are arrays from outside, by id.

    Raises: TraceError for Tensors of the step in what is no tree, and for code that would run later.
    """
    if isinstance(tree, Handle):
        place = next((k for k, handle in enumerate(found) if handle is tree), len(found))
        if place == len(found):
            found.append(tree)
        return Leaf(place)
    if isinstance(tree, list | tuple | deque):
        return filled(tree, [marked(item, found, held) for item in tree])
    if isinstance(tree, dict):
        return filled(tree, [marked(item, found, held) for item in tree.values()])
    if isinstance(tree, CONTAINERS):
        if not isinstance(tree, np.ndarray | bytearray):
            refuse_inside(tree, tree)
        return tree if id(tree) in held else Copied(tree, {})
    if is_record(tree) and any_of_step(parts_of(tree)):
        return Copied(tree, {name: marked(getattr(tree, name), found, held) for name in fields_of(tree)})
    if isinstance(tree, Iterator | CoroutineType | AsyncGeneratorType):
        kind = type(tree).__name__
        raise TraceError(f"a compiled function gives a {kind}, whose code would run outside of it", likely="return a list of what it gives")
    attributes = getattr(tree, "__dict__", None)
    refuse_inside(tree, attributes.values() if isinstance(attributes, dict) else ())
    return tree


def filled(like: Any, items: list[Any]) -> Any:  # noqa: ANN401
    """A list, tuple, deque, set or dict like another, with other items at the same places."""
    if isinstance(like, dict):
        pairs = zip(like, items, strict=True)
        if type(like) is dict:
            return dict(pairs)
        made = copy.copy(like)
        for name, item in pairs:
            dict.__setitem__(made, name, item)
        return made
    if isinstance(like, deque):
        return type(like)(items, like.maxlen)
    return type(like)(*items) if hasattr(like, "_fields") else type(like)(items)


def grown(tree: Tree, results: list[Any]) -> Any:  # noqa: ANN401
    """The result of a pattern: Tensors at its marks."""
    if isinstance(tree, Leaf):
        return results[tree.number]
    if isinstance(tree, list | tuple | deque):
        return filled(tree, [grown(item, results) for item in tree])
    if isinstance(tree, dict):
        return filled(tree, [grown(item, results) for item in tree.values()])
    return tree.made(results) if isinstance(tree, Copied) else tree


def is_record(value: Any) -> bool:  # noqa: ANN401
    """Whether it is an instance of a dataclass."""
    return dataclasses.is_dataclass(value) and not isinstance(value, type)


def fields_of(record: Any) -> list[str]:  # noqa: ANN401
    """The names of the fields of a dataclass that are set."""
    return [field.name for field in dataclasses.fields(record) if hasattr(record, field.name)]


def parts_of(value: Any) -> Iterable[Any]:  # noqa: ANN401
    """What a container or dataclass holds."""
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, list | tuple | deque | set | frozenset):
        return value
    return [getattr(value, name) for name in fields_of(value)] if is_record(value) else ()


def any_of_step(parts: Iterable[Any]) -> bool:
    """Whether Tensors without contents stand among these values, or inside of them."""
    return any(part._array is None if isinstance(part, Handle) else any_of_step(parts_of(part)) for part in parts)


def refuse_inside(owner: Any, parts: Iterable[Any]) -> None:  # noqa: ANN401
    """Raises: TraceError where Tensors of the step would leave it inside of an object that no call can make again."""
    if any_of_step(parts):
        raise TraceError(
            f"a compiled function gives Tensors inside of a {type(owner).__name__}",
            likely="return Tensors in lists, tuples, dicts or dataclasses of them",
        )
