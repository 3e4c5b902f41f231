"""What goes: it warns for one minor release, says what to write instead, and is gone in the next.

    @deprecated("gather", since="0.2", gone="0.3")
    def take(x, indices): ...

    @renamed("batch", "batch_size", since="0.2", gone="0.3")
    def fit(x, *, batch_size=32): ...

    __getattr__ = moved(__name__, {"Loader": "gradwerk.data.loader"}, since="0.2", gone="0.3")
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.base.origin import warn

F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Deprecation:
    """One thing that goes."""

    what: str
    instead: str
    since: str
    """The minor release that begins to warn: "0.2"."""
    gone: str
    """The one that no longer has it: "0.3"."""

    def say(self) -> None:
        """A warning at the user's line."""
        warn(f"{self.what} is deprecated since Gradwerk {self.since} and gone in {self.gone}; write {self.instead}", DeprecationWarning)


DEPRECATIONS: list[Deprecation] = []
"""All that the loaded modules declare; a test holds them to the version."""


def deprecated(instead: str, *, since: str, gone: str) -> Callable[[F], F]:
    """A function that goes, or a method: each call warns, and does what it did."""

    def decorate(function: F) -> F:
        entry = _noted(Deprecation(f"{function.__qualname__}()", instead, since, gone))

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            entry.say()
            return function(*args, **kwargs)

        return call  # type: ignore[return-value]  # with the function's own arguments

    return decorate


def renamed(old: str, new: str, *, since: str, gone: str) -> Callable[[F], F]:
    """An argument that has another name now: the old one is taken, with a warning.  Raises: ArgumentTypeError where both are given."""

    def decorate(function: F) -> F:
        entry = _noted(Deprecation(f"{function.__qualname__}({old}=...)", f"{new}=...", since, gone))

        @functools.wraps(function)
        def call(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            if old in kwargs:
                if new in kwargs:
                    raise ArgumentTypeError(f"{function.__qualname__} is given {old} and {new}, which is its new name")
                entry.say()
                kwargs[new] = kwargs.pop(old)
            return function(*args, **kwargs)

        return call  # type: ignore[return-value]  # with the function's own arguments

    return decorate


def moved(module: str, homes: Mapping[str, str], *, since: str, gone: str) -> Callable[[str], Any]:
    """A module's `__getattr__` for names that are in other modules now."""
    entries = {name: _noted(Deprecation(f"{module}.{name}", f"{home}.{name}", since, gone)) for name, home in homes.items()}

    def get(name: str) -> Any:  # noqa: ANN401
        if name not in homes:
            raise AttributeError(f"module {module!r} has no attribute {name!r}")
        entries[name].say()
        return getattr(importlib.import_module(homes[name]), name)

    return get


def _noted(entry: Deprecation) -> Deprecation:
    DEPRECATIONS.append(entry)
    return entry
