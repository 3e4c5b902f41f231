"""Attributes of a module that are computed at each reading, from its parameters: what parametrizations, norms of weights and pruning share.

The module's class becomes one with a property in the attribute's place.  What computes is an object that holds no module, so that copies of
the module compute from their own parameters.
"""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache
from typing import Any, Protocol, cast

from gradwerk.nn.configured import count_change
from gradwerk.torch.nn.module import Module

HELD = "_computed"


class Computes(Protocol):
    """Gives the attribute of a module."""

    def value(self, module: Any) -> Any:  # noqa: ANN401  a Tensor
        """The attribute, of this module's parameters."""

    def assign(self, module: Any, value: Any) -> None:  # noqa: ANN401  a Tensor
        """Takes another value."""


@cache
def _class_of(base: Hashable, names: tuple[str, ...], title: str) -> type:
    """A subclass with properties of these names."""

    def one(name: str) -> property:
        return property(
            lambda module: vars(module)[HELD][name].value(module), lambda module, value: vars(module)[HELD][name].assign(module, value)
        )

    cls: Any = base
    return type(title + cls.__name__, (cls,), {"__module__": cls.__module__, "__doc__": cls.__doc__, **{n: one(n) for n in names}})


def class_before(module: Module) -> type[Module]:
    """The class that a module had."""
    held: type[Module] = vars(module).get("_class_before", type(module))
    return held


def computed(module: Module) -> dict[str, Any]:
    """What computes attributes of a module, by name."""
    found: dict[str, Any] = vars(module).get(HELD, {})
    return found


def compute(module: Module, name: str, source: Computes, title: str = "") -> None:
    """From now on the attribute is what `source` gives."""
    base = class_before(module)
    vars(module).pop(name, None)
    vars(module)["_class_before"] = base
    vars(module)[HELD] = {**computed(module), name: source}
    _settle(module, base, title)


def keep(module: Module, name: str, value: Any) -> None:  # noqa: ANN401  a Tensor or Parameter
    """From now on the attribute is this value, as before."""
    base, title = class_before(module), type(module).__name__.removesuffix(class_before(module).__name__)
    vars(module)[HELD] = {other: source for other, source in computed(module).items() if other != name}
    if not computed(module):
        del vars(module)[HELD], vars(module)["_class_before"]
        title = ""
    _settle(module, base, title)
    setattr(module, name, value)


def _settle(module: Module, base: type[Module], title: str) -> None:
    names = tuple(sorted(computed(module)))
    object.__setattr__(module, "__class__", _class_of(cast("Hashable", base), names, title) if names else base)
    count_change(module)
