"""Options of torch's modules that are not here, set as attributes: each module has them at the value that says nothing special."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.plain import PLAIN


def check_served(module: Any, name: str, value: object) -> None:  # noqa: ANN401  a Module
    """An attribute may be set to what its class says it is, and to anything in a class that computes by itself.

    Raises: ArgumentError.
    """
    owner = next(cls for cls in type(module).__mro__ if name in vars(cls).get("unserved", ()))
    default = getattr(owner, name)
    if type(module).forward.__module__ != owner.__module__ or value is default:
        return
    values = value if isinstance(value, tuple | list) and value else (value,)
    if default is None or not all(isinstance(one, PLAIN) and one == default for one in values):
        raise ArgumentError(f"{owner.__name__}: torch's option {name!r} is not supported here yet", facts=(f"given: {name}={value!r}",))
