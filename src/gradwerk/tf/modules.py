"""tf.Module: an object whose variables and submodules are found in its attributes."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from typing import Any

from gradwerk.keras.variables import Variable as KerasVariable
from gradwerk.tf.variables import Variable

# ruff: noqa: ANN401  attributes are anything


class Module:
    """An object with variables and modules among its attributes, also in lists and dicts of them.

    Args:
        name: what it is called; the class's name in small letters.

    Raises: ArgumentError for a name that is none of Python's.
    Source: https://www.tensorflow.org/api_docs/python/tf/Module
    """

    def __init__(self, name: str | None = None) -> None:
        self._name = name or re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", type(self).__name__).lower()

    @property
    def name(self) -> str:
        """What it is called."""
        return getattr(self, "_name", type(self).__name__.lower())

    @property
    def name_scope(self) -> Any:
        """A block inside of which names begin with that of the module."""
        return contextlib.nullcontext(f"{self.name}/")

    @classmethod
    def with_name_scope(cls, method: Any) -> Any:
        """The method: names of eager values are not written."""
        return method

    @property
    def variables(self) -> tuple[Any, ...]:
        """All variables, its own first, then those of submodules."""
        return tuple(_unique(_found(self, (Variable, KerasVariable))))

    @property
    def trainable_variables(self) -> tuple[Any, ...]:
        """Those variables that are trained."""
        return tuple(one for one in self.variables if one.trainable)

    @property
    def non_trainable_variables(self) -> tuple[Any, ...]:
        """Those variables that are not trained."""
        return tuple(one for one in self.variables if not one.trainable)

    @property
    def submodules(self) -> tuple[Any, ...]:
        """All modules and layers inside of it."""
        from gradwerk.keras.layers.layer import Layer  # noqa: PLC0415  seldom asked

        return tuple(_unique(_found(self, (Module, Layer))))


def _unique(found: Iterator[Any]) -> list[Any]:
    return list({id(one): one for one in found}.values())


def _found(owner: Any, kinds: tuple[type, ...]) -> Iterator[Any]:
    """What is of these classes among attributes: breadth first, by name."""
    waiting: list[Any] = [owner]
    seen = {id(owner)}
    while waiting:
        one = waiting.pop(0)
        for value in _leaves(one):
            if id(value) in seen:
                continue
            seen.add(id(value))
            if any(isinstance(value, kind) for kind in kinds):
                yield value
            if _has_parts(value):
                waiting.append(value)


def _has_parts(value: Any) -> bool:
    return isinstance(value, Module) or hasattr(value, "trainable_variables")


def _leaves(owner: Any) -> Iterator[Any]:
    if not isinstance(owner, Module):
        yield from getattr(owner, "variables", ())
        return
    for name in sorted(vars(owner)):
        yield from _inside(vars(owner)[name])


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for key in sorted(value, key=str):
            yield from _inside(value[key])
    elif isinstance(value, (list, tuple)):
        for one in value:
            yield from _inside(one)
    else:
        yield value


__all__ = ["Module"]
