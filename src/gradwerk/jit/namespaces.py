"""Absence as a guard: the namespaces of objects, functions, modules and classes, to which no name may come that code asks for."""

from __future__ import annotations

from collections.abc import Callable
from operator import is_
from types import FunctionType, GetSetDescriptorType, MappingProxyType
from typing import Any

from gradwerk.jit.looking import attributes_of, dict_of, found_in, is_a, mro_of
from gradwerk.jit.slots import ABSENT, Slot


class Names(Slot):
    """The names in a namespace.  Others may come that no code asks for.

    Args:
        label: as of any slot.
        owner: a dict, or of a class what `vars` gives.
        asks: which names code may ask for.
        cls: the class whose names they are.
    """

    __slots__ = ("asks", "cls")

    def __init__(self, label: str, owner: Any, asks: Callable[[str], bool], cls: type | None = None) -> None:  # noqa: ANN401
        super().__init__(label, owner, "names", _names(owner))
        self.asks, self.cls = asks, cls

    def come(self, now: list[Any]) -> list[Any]:
        """What of these names was not there, and is asked for."""
        before = set(map(id, self.was))
        new = [name for name in now if id(name) not in before and type(name) is str]
        return [name for name in new if self.asks(name) and name not in self.was] if new else new

    def read(self) -> tuple[Any, ...]:
        """What has come."""
        return tuple(self.owner.get(name, ABSENT) for name in self.come(_names(self.owner)))

    def holds(self) -> bool:
        return not self.come(_names(self.owner))

    def settle(self) -> None:
        """Takes note of the names that came and are no concern, so that the next look at them is a short one."""
        now = _names(self.owner)
        if not (len(now) == len(self.was) and all(map(is_, now, self.was))) and not self.come(now):
            self.was = now

    def put_back(self) -> None:
        for name in self.come(_names(self.owner)):
            if self.cls is None:
                dict.pop(self.owner, name, None)
            else:
                type.__delattr__(self.cls, name)

    def change(self) -> str:
        name = next(iter(self.come(_names(self.owner))), "")
        return f"{self.label}.{name} changed from nothing to {type(self.owner.get(name)).__name__} object"


def _names(owner: Any) -> list[Any]:  # noqa: ANN401
    return list(dict.keys(owner)) if is_a(owner, dict) else list(owner)


class Attributes(Slot):
    """The dict in which an object keeps its attributes: another may be put in its place as a whole."""

    def read(self) -> Any:  # noqa: ANN401
        return attributes_of(self.owner)

    def holds(self) -> bool:
        return attributes_of(self.owner) is self.was

    def put_back(self) -> None:
        keeper = next(dict_of(base)["__dict__"] for base in mro_of(type(self.owner)) if hasattr(dict_of(base).get("__dict__"), "__set__"))
        keeper.__set__(self.owner, self.was)

    def change(self) -> str:
        return f"the attributes of {self.label} are kept elsewhere"


def answers_itself(kind: type) -> bool:
    """Whether to ask an object of a class for its `__dict__` runs somebody's code."""
    return is_a(found_in(kind, "__getattribute__"), FunctionType) or not is_a(found_in(kind, "__dict__"), GetSetDescriptorType)


def is_walked(owner: Any) -> bool:  # noqa: ANN401
    """Whether the names of a namespace are walked without somebody's code."""
    return type(owner) is dict or type(owner) is MappingProxyType
