"""Layers inside of a config: as their class and arguments, and back."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.identifiers import as_config
from gradwerk.keras.options import nearest


def said(layer: Any) -> dict[str, Any]:  # noqa: ANN401
    """A layer, or a cell, by its class and arguments.  Raises: ArgumentError for one without `get_config`."""
    if not hasattr(layer, "get_config"):
        raise ArgumentError(f"{type(layer).__name__} says nothing of how it was made", likely="write get_config and from_config")
    return as_config("keras.layers", layer)


def layer_of(config: Any, classes: Mapping[str, type] | None = None) -> Any:  # noqa: ANN401  a layer or cell
    """What a config describes, by Keras' classes and those given; a layer is itself.

    Raises: ArgumentError for a class that is not known, and for what is no config.
    """
    if not isinstance(config, Mapping):
        return config
    name, options = config.get("class_name"), config.get("config")
    if not isinstance(name, str) or not isinstance(options, Mapping):
        raise ArgumentError(f"the config of a layer says its class_name and its config, this is {dict(config)!r}")
    place = sys.modules["gradwerk.keras.layers"]
    known = {one: getattr(place, one) for one in place.__all__} | dict(classes or {})
    if name not in known:
        likely = nearest(name, known) or f"give the class: custom_objects={{{name!r}: {name}}}"
        raise ArgumentError(f"the layer {name!r} is not known here", likely=likely)
    make = known[name].from_config
    more = {"custom_objects": classes} if "custom_objects" in inspect.signature(make).parameters else {}
    return make(dict(options), **more)


def copied(layer: Any, **changes: Any) -> Any:  # noqa: ANN401
    """An equal layer with some other arguments, not built; its classes are those of the layer and of what it holds."""
    config = layer.get_config() | changes
    held = [layer, *layer.modules(), *(one for one in vars(layer).values() if hasattr(one, "get_config"))]
    return layer_of({"class_name": type(layer).__name__, "config": config}, {type(one).__name__: type(one) for one in held})
