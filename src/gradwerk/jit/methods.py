"""What the compiled methods of an object are: kept among its attributes, as functools.cached_property does it, and gone when it goes.

The traced forms of a method hold the object itself: a table of ours would keep both forever, and only Python, which looks for garbage in
cycles, knows when nobody else has them.  (A callback that moves them while it looks loses the Ctrl-C that comes meanwhile: record 0021.)
"""

from __future__ import annotations

from typing import Any
from weakref import ref

ATTRIBUTE = "__gradwerk_methods__"


class Methods:
    """By compiled function, what it is as a method of one object.  A copy or a pickle of the object has none."""

    __slots__ = ("found", "owner")

    def __init__(self, owner: Any = None) -> None:  # noqa: ANN401
        self.owner = None if owner is None else ref(owner)
        self.found: dict[Any, Any] = {}

    def belong_to(self, owner: object) -> bool:
        """Whether they are this object's: a shallow copy has the attributes of another one, and objects may share them."""
        return self.owner is not None and self.owner() is owner

    def __reduce__(self) -> tuple[type[Methods], tuple[()]]:
        return Methods, ()

    def __eq__(self, other: object) -> bool:
        """Objects whose attributes are equal remain so."""
        return isinstance(other, Methods)

    __hash__ = None  # type: ignore[assignment]  # as of everything that changes


def can_keep(owner: object) -> bool:
    """Whether an object has attributes and weak references."""
    return isinstance(getattr(owner, "__dict__", None), dict) and bool(type(owner).__weakrefoffset__)


def methods_of(owner: Any) -> dict[Any, Any]:  # noqa: ANN401
    """Those of an object that can keep them, by compiled function."""
    attributes = owner.__dict__
    methods: Methods | None = attributes.get(ATTRIBUTE)
    if methods is None:
        methods = attributes.setdefault(ATTRIBUTE, Methods(owner))
    if not methods.belong_to(owner):
        attributes[ATTRIBUTE] = methods = Methods(owner)
    return methods.found
