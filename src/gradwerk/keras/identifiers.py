"""What Keras' `get` takes for a loss, a metric or an optimizer: a name, a config, a class, or the thing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.options import by_name


def object_of(what: str, place: str, identifier: Any, known: Mapping[str, Any]) -> Any:  # noqa: ANN401  an instance or a function
    """The entry of a name, an instance where that is a class; what a config describes; an instance or a function as it is.

    `place` is Keras' module of them, "keras.losses".  Raises: ArgumentError for an unknown name, and for anything else.
    """
    if isinstance(identifier, Mapping):
        return of_config(what, place, identifier, known)
    found = entry(what, place, identifier, known) if isinstance(identifier, str) else identifier
    if not callable(found):
        return by_name(what, found, known)  # which says that there is none
    return found() if isinstance(found, type) else found


def of_config(what: str, place: str, config: Mapping[str, Any], known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """What `{"class_name": ..., "config": {...}}` describes.  Raises: ArgumentError for a class that is not here, and for no config."""
    name, options = config.get("class_name"), config.get("config", {})
    if isinstance(name, str) and name == "function":  # as Keras writes a function of its own
        return entry(what, place, options, known)
    if not isinstance(options, Mapping) or not all(isinstance(key, str) for key in options):
        raise ArgumentError(f"the config of a {what} maps options to values, this is {options!r}")
    made = entry(what, place, name, known)
    if not isinstance(made, type):
        raise ArgumentError(f"the {what} {name!r} is a function, which has no config")
    from_config: Any = getattr(made, "from_config", None)
    return made(**options) if from_config is None else from_config(options)


def entry(what: str, place: str, name: object, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The entry of a name.  Raises: ArgumentError, which says of a name of Keras' that it is not here yet."""
    if isinstance(name, str) and name not in known and name in ORIGINAL.names(place):
        near = ORIGINAL.near(place, name, known)
        raise ArgumentError(
            f"the {what} {name!r} is not here yet{f'; near: {near}' if near else ''}", facts=(f"known: {', '.join(sorted(known))}",)
        )
    return by_name(what, name, known)
