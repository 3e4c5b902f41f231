"""Layers, losses, rules and values as plain data that JSON can hold, and back: Keras 3's form.

    {"module": "keras.layers", "class_name": "Dense", "config": {...}, "registered_name": null, "build_config": {"input_shape": [null, 4]}}

A class of one's own is found by the name under which it was registered, or in `custom_objects`.  Code in a file (a lambda) is never run.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, TypeVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import activations, constraints, initializers, losses, metrics, optimizers, regularizers
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.custom_objects import (
    custom_object_scope,
    get_registered_name,
    get_registered_object,
)
from gradwerk.keras.layers.layer import KNOWN, Layer
from gradwerk.keras.layers.rebuilt import know
from gradwerk.keras.layers.symbolic import is_symbol
from gradwerk.keras.optimizers import schedules
from gradwerk.keras.saving import operations

T = TypeVar("T")
MODULES: Mapping[str, Any] = MappingProxyType({
    "keras.initializers": initializers, "keras.regularizers": regularizers, "keras.constraints": constraints, "keras.losses": losses,
    "keras.metrics": metrics, "keras.optimizers": optimizers, "keras.optimizers.schedules": schedules, "keras.activations": activations,
})  # fmt: skip
"""Where classes of Keras' are found here, but for layers and models (structure.py)."""
SPEAK_OF_OTHERS = frozenset({"get", "serialize", "deserialize"})
"""What Keras' modules have besides what files name."""


def named_in(module: str) -> Iterator[tuple[str, Any]]:
    """The classes and functions of Keras' module that are here: all that a file may name of it, whatever else is imported there."""
    held = vars(MODULES[module])
    return ((name, held[name]) for name in ORIGINAL.names(module) - SPEAK_OF_OTHERS if callable(held.get(name)))


def serialize_keras_object(obj: Any) -> Any:  # noqa: ANN401
    """Plain data for a value, or for an object with `get_config`.  Raises: ArgumentError for what a file cannot keep."""
    if obj is None or isinstance(obj, (bool, int, float, str)):
        return obj
    if isinstance(obj, (list, tuple)):
        return [serialize_keras_object(item) for item in obj]
    if isinstance(obj, Mapping):
        return {name: serialize_keras_object(item) for name, item in obj.items()}
    special = _special(obj)
    if special is not None:
        return special
    if inspect.isfunction(obj) or (callable(obj) and not hasattr(obj, "get_config")):
        return _function(obj)
    if not hasattr(obj, "get_config"):
        raise ArgumentError(f"a {type(obj).__name__} cannot be kept in a file", likely="give its class a get_config")
    return _described(obj)


def _special(obj: Any) -> Any:  # noqa: ANN401
    """Values that are no JSON by themselves."""
    if isinstance(obj, (np.integer, np.floating, np.bool_)):
        return obj.item()
    if isinstance(obj, slice):
        parts = {part: serialize_keras_object(getattr(obj, part)) for part in ("start", "stop", "step")}
        return {"class_name": "__slice__", "config": parts}
    if isinstance(obj, np.ndarray):
        return {"class_name": "__numpy__", "config": {"value": obj.tolist(), "dtype": dtypes.name(obj.dtype)}}
    if isinstance(obj, np.dtype) or (isinstance(obj, type) and issubclass(obj, np.generic)):
        return np.dtype(obj).name
    if obj is Ellipsis:
        return {"class_name": "__ellipsis__", "config": {}}
    if is_symbol(obj):
        return {"class_name": "__keras_tensor__", "config": {"shape": list(obj.shape), "dtype": obj.dtype}}
    return None


def _function(made: Any) -> dict[str, Any]:  # noqa: ANN401
    """A function by its name.  Raises: ArgumentError for one without a name that a file could find it by."""
    name = getattr(made, "__name__", "")
    if not name.isidentifier():
        raise ArgumentError(f"{made!r} has no name that a file could keep", likely="a function with `def` and a name, registered")
    of_ours = str(getattr(made, "__module__", "")).startswith("gradwerk.")
    return {
        "module": "builtins", "class_name": "function", "config": name, "registered_name": name if of_ours else get_registered_name(made)
    }  # fmt: skip


def _described(obj: Any) -> dict[str, Any]:  # noqa: ANN401
    cls = type(obj)
    config = serialize_keras_object(obj.get_config())
    place = place_of(cls)
    if isinstance(obj, Layer) and place:
        config = operations.as_keras(obj, config)
    registered = get_registered_name(cls)
    found = {
        "module": place or cls.__module__, "class_name": cls.__name__, "config": config, "registered_name": None if place else registered
    }  # fmt: skip
    if isinstance(obj, Layer) and obj.built_for:
        found["build_config"] = {"shapes_dict": serialize_keras_object(obj.built_for)}
    elif isinstance(obj, Layer) and obj.built and obj._input_shape is not None and not isinstance(obj._input_shape, dict):
        found["build_config"] = {"input_shape": serialize_keras_object(obj._input_shape)}
    return found


def place_of(cls: type) -> str:
    """Keras' module of a class of ours; '' for one's own."""
    package, _, module = cls.__module__.partition("gradwerk.keras.")
    if package:
        return ""
    first, _, rest = module.partition(".")
    if first in {"model", "sequential"}:
        return "keras"
    if rest.startswith("schedules"):
        return "keras.optimizers.schedules"
    return {"crossentropies": "keras.losses", "loss": "keras.losses"}.get(first, f"keras.{first}")


def deserialize_keras_object(
    config: Any, custom_objects: Mapping[str, Any] | None = None, safe_mode: bool = True,  # noqa: ANN401, FBT001, FBT002  Keras' signature
) -> Any:  # noqa: ANN401
    """The value or object of `serialize_keras_object`'s answer.

    Raises: ArgumentError for a class that is not known here, and for code, which is never run (`safe_mode` or not).
    """
    if not safe_mode:
        raise ArgumentError("code in a file is never run here: safe_mode=False changes nothing")
    if isinstance(config, list):
        return [deserialize_keras_object(item, custom_objects) for item in config]
    if not isinstance(config, dict):
        return config
    if "class_name" not in config or "config" not in config:
        return {name: deserialize_keras_object(item, custom_objects) for name, item in config.items()}
    name, inside = config["class_name"], config["config"]
    if name in VALUES:
        return VALUES[name](inside)
    if name == "__lambda__":
        raise ArgumentError("the file holds code (a lambda), which is not run", likely="a function with a name, given in custom_objects")
    if name == "function":
        return found(config.get("registered_name") or inside, "", custom_objects)
    module = str(config.get("module", ""))
    if operations.of_keras(name, module) is not None:  # layers have the same names
        return operations.made(name, module, inside)
    cls = found(config.get("registered_name") or name, str(config.get("module", "")), custom_objects, name)
    return made(cls, inside, config, custom_objects)


def made(cls: Any, inside: Any, config: Mapping[str, Any], custom_objects: Mapping[str, Any] | None) -> Any:  # noqa: ANN401
    """An object of a class from its config, built where the file says for which shapes; a function as it is, which a file never calls."""
    if not isinstance(cls, type):
        return cls
    if not isinstance(inside, dict):
        raise ArgumentError(f"the config of {config['class_name']} is a {type(inside).__name__}, a dict is needed")
    from_config: Any = getattr(cls, "from_config", None)
    with custom_object_scope(custom_objects or {}):
        if from_config is not None and "custom_objects" in inspect.signature(from_config).parameters:
            built = from_config(fitting(cls, inside), custom_objects=custom_objects)
        else:
            given = {name: deserialize_keras_object(item, custom_objects) for name, item in fitting(cls, inside).items()}
            built = cls(**given) if from_config is None else from_config(given)
    asked = config.get("build_config") or {}
    shape, several = asked.get("input_shape"), asked.get("shapes_dict")
    if isinstance(built, Layer) and not built.built and built.further_shapes and isinstance(several, dict):
        built.build(**{name: _shape(one) for name, one in several.items()})
    elif isinstance(built, Layer) and not built.built and shape is not None and not isinstance(shape, dict):
        built.build_for(_shape(shape))
    return built


def fitting(cls: type, config: Mapping[str, Any]) -> dict[str, Any]:
    """A config without what Keras writes and a class here does not take, where that says nothing; policies of dtypes as their names."""
    taken, ours = inspect.signature(cls).parameters, bool(place_of(cls)) and "layers" not in config
    return {
        name: (value["config"]["name"] if name == "dtype" and isinstance(value, dict) else value) for name, value in config.items()
        if name in taken or name == "trainable" or not ours or not (value is None or value is False)
    }  # fmt: skip


def found(name: str, module: str, custom_objects: Mapping[str, Any] | None, plain: str = "") -> Any:  # noqa: ANN401
    """The class or function of a name.  Raises: ArgumentError where nobody knows it."""
    own = get_registered_object(name, custom_objects)
    own = get_registered_object(plain, custom_objects) if own is None and plain else own
    if own is not None:
        return own
    if module in MODULES or not module:
        for place in [module] if module else MODULES:
            if (known := dict(named_in(place)).get(plain or name)) is not None:
                return known
    known_layer = KNOWN.get("Model" if (plain or name) == "Functional" else plain or name)
    if known_layer is not None and (module.startswith("keras") or not module):
        return known_layer
    raise ArgumentError(
        f"the file names {plain or name!r}{f' of {module}' if module else ''}, which is not known here",
        likely="" if module.startswith("keras") else f"custom_objects={{{plain or name!r}: {plain or name}}}, or register it",
    )


def _shape(shape: Any) -> Any:  # noqa: ANN401
    if isinstance(shape, list) and any(isinstance(part, list) for part in shape):
        return [_shape(part) for part in shape]
    return tuple(shape)


VALUES: Mapping[str, Callable[[Any], Any]] = MappingProxyType({
    "__tuple__": lambda inside: tuple(deserialize_keras_object(inside["value"])),
    "__slice__": lambda inside: slice(inside["start"], inside["stop"], inside["step"]),
    "__numpy__": lambda inside: np.asarray(inside["value"], inside["dtype"]),
    "__tensor__": lambda inside: np.asarray(inside["value"], inside["dtype"]),
    "__ellipsis__": lambda _: Ellipsis, "DTypePolicy": lambda inside: inside["name"],
})  # fmt: skip

know(serialize_keras_object, deserialize_keras_object, fitting)
