"""keras.utils.legacy: objects as Keras 2 wrote them, a class's name and its config."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.custom_objects import custom_object_scope, get_registered_name, get_registered_object

__all__ = ["deserialize_keras_object", "serialize_keras_object"]


def serialize_keras_object(instance: Any) -> Any:  # noqa: ANN401  a text, or a dict
    """An object as `{"class_name": ..., "config": ...}`, a function as its name; None stays.

    Raises: ArgumentError for what has neither a config nor a name.
    """
    if instance is None:
        return None
    if hasattr(instance, "get_config") and not isinstance(instance, type):
        return {"class_name": get_registered_name(type(instance)), "config": instance.get_config()}
    if hasattr(instance, "__name__"):
        return get_registered_name(instance)
    raise ArgumentError(f"a {type(instance).__name__} has neither a config nor a name: it cannot be written")


def deserialize_keras_object(
    identifier: Any, module_objects: Mapping[str, Any] | None = None, custom_objects: Mapping[str, Any] | None = None,  # noqa: ANN401
    printable_module_name: str = "object",
) -> Any:  # noqa: ANN401  # fmt: skip
    """The object that `serialize_keras_object` wrote: of a class one is made, a function is found; what is no text and no dict stays.

    Args:
        identifier: what was written, or a name.
        module_objects: what names mean.
        custom_objects: what they mean before that.
        printable_module_name: what is looked for, in words.

    Raises: ArgumentError for a name that nobody knows, and for a dict of another form.
    """
    if isinstance(identifier, str):
        found = _named(identifier, module_objects, custom_objects, printable_module_name)
        return found() if isinstance(found, type) else found
    if not isinstance(identifier, Mapping):
        return identifier
    if not isinstance(identifier.get("class_name"), str) or not isinstance(identifier.get("config", {}), Mapping):
        raise ArgumentError(f"the {printable_module_name} is no dict of a class_name and a config", facts=(f"given: {identifier!r}"[:200],))
    cls = _named(identifier["class_name"], module_objects, custom_objects, printable_module_name)
    config = dict(identifier.get("config", {}))
    if not hasattr(cls, "from_config"):
        return cls(**config) if isinstance(cls, type) else cls
    with custom_object_scope(custom_objects or {}):
        return cls.from_config(config)


def _named(name: str, module_objects: Mapping[str, Any] | None, custom_objects: Mapping[str, Any] | None, what: str) -> Any:  # noqa: ANN401
    found = get_registered_object(name, custom_objects, module_objects)
    if found is None:
        known = sorted({*(module_objects or {}), *(custom_objects or {})})
        facts = (f"known: {', '.join(known)[:400]}",) if known else ()
        raise ArgumentError(f"unknown {what}: {name!r}", facts=facts)
    return found
