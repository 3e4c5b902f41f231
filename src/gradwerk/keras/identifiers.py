"""What Keras' `get` takes for a loss, a metric or an optimizer: a name, a config, a class, or the thing itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.custom_objects import get_registered_name, get_registered_object
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
    if name is None and place in BY_OUTPUT and config:
        problem = f"the {what} is a dict without 'class_name': one for each output by its name is not supported here yet"
        raise ArgumentError(problem, facts=(f"given: {', '.join(map(repr, config))}",))
    registered = config.get("registered_name")
    own = get_registered_object(registered, known) if isinstance(registered, str) else None
    if isinstance(name, str) and name == "function":  # as Keras writes a function of its own
        return entry(what, place, options, known) if own is None else own
    if not isinstance(options, Mapping) or not all(isinstance(key, str) for key in options):
        raise ArgumentError(f"the config of a {what} maps options to values, this is {options!r}")
    made = entry(what, place, name, known) if own is None else own
    if not isinstance(made, type):
        raise ArgumentError(f"the {what} {name!r} is a function, which has no config")
    from_config: Any = getattr(made, "from_config", None)
    return made(**options) if from_config is None else from_config(options)


BY_OUTPUT = ("keras.losses", "keras.metrics")
"""Of which Keras takes one for each output."""
ABBREVIATED: Mapping[str, str] = MappingProxyType({
    "mape": "MeanAbsolutePercentageError", "msle": "MeanSquaredLogarithmicError", "kld": "KLDivergence", "bce": "BinaryCrossentropy",
})  # fmt: skip
"""What Keras calls some losses and metrics besides, in capitals too."""


def entry(what: str, place: str, name: object, known: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The entry of a name, one's own first: of a scope, or registered.

    Raises: ArgumentError, which says of a name of Keras' that it is not here yet.
    """
    own = get_registered_object(name) if isinstance(name, str) else None
    if own is not None:
        return own
    if isinstance(name, str) and name not in known and (meant := _of_keras(place, name, known)):
        near = ORIGINAL.near(place, meant, known)
        raise ArgumentError(
            f"the {what} {name!r} is not here yet{f'; near: {near}' if near else ''}", facts=(f"known: {', '.join(sorted(known))}",)
        )
    return by_name(what, name, known)


def _of_keras(place: str, name: str, known: Mapping[str, Any]) -> str:
    """The name in Keras' module that an identifier says, in capitals, in snake case or short; '' where it has none, or where it is here."""
    here = {_letters(one) for one in known}
    meant = _letters(ABBREVIATED.get(name.lower(), name))
    return "" if meant in here else next((one for one in sorted(ORIGINAL.names(place)) if _letters(one) == meant), "")


def _letters(name: str) -> str:
    """`MeanIoU`, `mean_io_u` and `mean_iou` alike."""
    return name.replace("_", "").lower()


def as_config(place: str, thing: Any) -> dict[str, Any]:  # noqa: ANN401  an instance or a function
    """A function by its name, an instance by its class and arguments, as `of_config` takes them."""
    if not hasattr(thing, "get_config"):
        registered = "function" if thing.__module__.startswith("gradwerk.") else get_registered_name(thing)
        return {"module": "builtins", "class_name": "function", "config": thing.__name__, "registered_name": registered}
    cls, config = type(thing), thing.get_config()
    said = (place, None) if cls.__module__.startswith("gradwerk.keras") else (None, get_registered_name(cls))
    return {"module": said[0], "class_name": cls.__name__, "config": config, "registered_name": said[1]}
