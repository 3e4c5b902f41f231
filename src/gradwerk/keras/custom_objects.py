"""Classes and functions of one's own by name: those of a scope, and those that are registered."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TypeVar

from gradwerk.base.errors import ArgumentError

T = TypeVar("T")
_registered: dict[str, Any] = {}
_scope: ContextVar[Mapping[str, Any]] = ContextVar("custom_objects", default=MappingProxyType({}))


def register_keras_serializable(package: str = "Custom", name: str | None = None) -> Callable[[T], T]:
    """A decorator: files name the class or function `package>name`, and find it by that.

    Raises: ArgumentError for a class without get_config.
    """

    def decorate(made: T) -> T:
        if isinstance(made, type) and not hasattr(made, "get_config"):
            raise ArgumentError(f"{made.__name__} has no get_config: a file could not keep it")
        _registered[f"{package}>{name or getattr(made, '__name__', '')}"] = made
        return made

    return decorate


def get_custom_objects() -> dict[str, Any]:
    """The registered ones by name; what is put in is registered."""
    return _registered


def get_registered_name(obj: Any) -> str:  # noqa: ANN401  a class or a function
    """The name under which it was registered, else its own."""
    return next((name for name, one in _registered.items() if one is obj), obj.__name__)


def get_registered_object(
    name: str, custom_objects: Mapping[str, Any] | None = None, module_objects: Mapping[str, Any] | None = None,
) -> Any:  # noqa: ANN401  # fmt: skip
    """What a name says here: of the scope, of the registered ones, of `custom_objects`, of `module_objects`; None where nothing does."""
    return next((known[name] for known in (_scope.get(), _registered, custom_objects or {}, module_objects or {}) if name in known), None)


@contextmanager
def custom_object_scope(custom_objects: Mapping[str, Any] | None) -> Iterator[None]:
    """Names that are known inside, in this thread; None for no further ones."""
    token = _scope.set({**_scope.get(), **(custom_objects or {})})
    try:
        yield
    finally:
        _scope.reset(token)


CustomObjectScope = custom_object_scope
