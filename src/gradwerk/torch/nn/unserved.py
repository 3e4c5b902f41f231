"""Options of torch's modules that are not here, set as attributes: each module has them at the value that says nothing special."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.signatures import says_nothing

UNSERVED = "__gradwerk_unserved__"
"""The attribute of a class that names them."""


def check_served(module: Any, name: str, value: object) -> None:  # noqa: ANN401  a Module
    """An attribute may be set to what its class says it is, and to anything in a class with a `forward` of its own.

    Raises: ArgumentError.
    """
    owner = next(cls for cls in type(module).__mro__ if name in vars(cls).get(UNSERVED, ()))
    if type(module).forward.__module__ == owner.__module__:
        _refuse_special(module, owner, name, value)


def check_options(module: Any) -> None:  # noqa: ANN401  a Module
    """What the `forward` of a layer looks at first: a class with one of its own, which may set all, has called this one.

    Raises: ArgumentError.
    """
    owner = next(cls for cls in type(module).__mro__ if UNSERVED in vars(cls))
    for name in vars(owner)[UNSERVED]:
        value = getattr(module, name)
        if value is not getattr(owner, name):
            _refuse_special(module, owner, name, value)


def _refuse_special(module: Any, owner: type, name: str, value: object) -> None:  # noqa: ANN401
    if not says_nothing(value, getattr(owner, name)):
        public = next(cls.__name__ for cls in type(module).__mro__ if cls.__module__ == owner.__module__)
        raise ArgumentError(f"{public}: torch's option {name!r} is not supported here yet", facts=(f"given: {name}={value!r}",))
