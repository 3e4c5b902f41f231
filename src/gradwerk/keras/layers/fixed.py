"""Settings of a layer that are what they were when it was made: set to something else they would be passed over."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.base.signatures import says_nothing
from gradwerk.keras.layers.penalties import options_of

C = TypeVar("C", bound=type)
_ABSENT = object()
_MADE_WITH = "__gradwerk_made_with__"
"""The attribute with what settings were that a subclass has set to something else."""


def fixed(*names: str, once_built: tuple[str, ...] = ()) -> Callable[[C], C]:
    """A class decorator: these attributes may be set to what they are, and to anything in a subclass whose `call` does not ask this one.

    An option of Keras that is not here stands in the class at the value that says nothing special.  Those of `once_built` say which weights
    are made, and may change before.
    """

    def decorate(cls: C) -> C:
        before: Any = cls.__setattr__
        settled = {*once_built, *options_of(vars(cls).get("weight_options", ()))}

        def set_attribute(self: Any, name: str, value: object) -> None:  # noqa: ANN401  a layer
            if name in names or (name in settled and self.built):
                held = getattr(self, name, _ABSENT)
                if held is not _ABSENT and not says_nothing(value, held):
                    if type(self).call.__module__ == cls.__module__:
                        raise _refused(self, name, held, value)
                    vars(self).setdefault(_MADE_WITH, {}).setdefault(name, held)
            before(self, name, value)

        layer: Any = cls
        own = layer.call

        @functools.wraps(own)
        def call(self: Any, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401  a layer, and what its call takes
            for name, held in vars(self).get(_MADE_WITH, {}).items():  # of a subclass that has set them, and comes here
                if not says_nothing(getattr(self, name), held):
                    raise _refused(self, name, held, getattr(self, name))
            return own(self, *args, **kwargs)

        layer.__setattr__, layer.call = set_attribute, call
        return cls

    return decorate


def _refused(layer: Any, name: str, held: object, value: object) -> ArgumentError:  # noqa: ANN401
    problem = f"{type(layer).__name__}: {name} is set when the layer is made, another one later is not supported here yet"
    return ArgumentError(problem, facts=(f"it is {held!r}      given: {value!r}",))


def weight_for(layer: Any, name: str, setting: str) -> Any:  # noqa: ANN401  a layer; a weight, or None
    """The weight that a setting asks for, None where it does not.  Raises: StateError where the layer was built without."""
    if not getattr(layer, setting):
        return None
    weight = getattr(layer, name)
    if weight is None:
        raise StateError(f"{type(layer).__name__} was built without {name}, and {setting} is {getattr(layer, setting)!r} now")
    return weight
