"""Layers inside of a config: as their class and arguments, and back.

What writes and reads configs knows every layer (saving/objects.py), and says so here when it is loaded, as it always is with models.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


class Forms:
    """How objects are written as plain data and read: by who knows all classes."""

    written: Callable[[Any], Any]
    read: Callable[[Any, Mapping[str, Any] | None], Any]
    fitting: Callable[[Any, Mapping[str, Any]], dict[str, Any]]


forms = Forms()


def know(
    written: Callable[[Any], Any], read: Callable[[Any, Mapping[str, Any] | None], Any],
    fitting: Callable[[Any, Mapping[str, Any]], dict[str, Any]],
) -> None:  # fmt: skip
    """Says how objects are written and read, and what of a config a class takes."""
    forms.written, forms.read, forms.fitting = written, read, fitting


def said(layer: Any) -> dict[str, Any]:  # noqa: ANN401
    """A layer, or a cell, by its class and arguments; not whether it is built.  Raises: ArgumentError for one without `get_config`."""
    found: dict[str, Any] = _unbuilt(forms.written(layer))
    return found


def made_of(cls: Any, config: Mapping[str, Any], classes: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  a layer
    """A layer of a class, from a config with others inside; `classes` are those of one's own, by name.

    Raises: ArgumentError for a class that is not known.
    """
    return cls(**{name: forms.read(_unbuilt(item), classes) for name, item in forms.fitting(cls, config).items()})


def _unbuilt(value: Any) -> Any:  # noqa: ANN401
    """A value of a config, in which layers are not built yet: that around them does it, and their weights are named by it."""
    if type(value) in {list, tuple}:
        return type(value)([_unbuilt(item) for item in value])
    if isinstance(value, Mapping):
        return {name: _unbuilt(item) for name, item in value.items() if name != "build_config"}
    return value


def copied(layer: Any, **changes: Any) -> Any:  # noqa: ANN401
    """An equal layer with some other arguments, not built; its classes are those of the layer and of what it holds."""
    held = [layer, *layer.modules(), *(one for one in vars(layer).values() if hasattr(one, "get_config"))]
    make = type(layer).from_config
    more = {"custom_objects": {type(one).__name__: type(one) for one in held}}
    return make(layer.get_config() | changes, **(more if "custom_objects" in inspect.signature(make).parameters else {}))
