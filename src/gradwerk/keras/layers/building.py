"""Layers that are built for several inputs: `build(query_shape, value_shape)` is told the shapes of `call`'s query and value."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.keras.layers.inputs import shapes_of

ENDING = "_shape"


def shapes_asked(build: Callable[..., None]) -> tuple[str, ...]:
    """The shapes that a `build` takes behind the first, by name."""
    return tuple(name for name in list(inspect.signature(build).parameters)[2:] if name.endswith(ENDING))


def shapes_of_arguments(
    layer: Any, args: Sequence[Any], kwargs: Mapping[str, Any], shape_of: Callable[[Any], Any] = shapes_of,  # noqa: ANN401
) -> dict[str, Any]:  # fmt: skip
    """The shapes of the further arguments of a layer's call, as its `build` has them; none of what is not given.

    Raises: ArgumentTypeError where one that `build` cannot do without is not given.
    """
    names = list(inspect.signature(layer.call).parameters)[1:]
    given = {name: value for name, value in (*zip(names, args, strict=False), *kwargs.items()) if value is not None}
    found = {}
    for asked in layer.further_shapes:
        name = asked.removesuffix(ENDING)
        if name in given:
            found[asked] = shape_of(given[name])
        elif inspect.signature(layer.build).parameters[asked].default is inspect.Parameter.empty:
            raise ArgumentTypeError(f"{type(layer).__name__} is called without its {name!r}")
    return found


def built_for(build: Callable[..., None], shapes: Sequence[Any], named: Mapping[str, Any]) -> dict[str, Any]:
    """The shapes by the names of the parameters of `build`."""
    return {**dict(zip(list(inspect.signature(build).parameters)[1:], shapes, strict=False)), **named}


def first_shape(build: Callable[..., None], named: dict[str, Any]) -> Any:  # noqa: ANN401  a shape, or a tree of them
    """The first shape, taken out of those by name.  Raises: ArgumentTypeError where there is none."""
    name = next((one for one in (list(inspect.signature(build).parameters)[1], "input_shape") if one in named), None)
    if name is None:
        raise ArgumentTypeError(f"{build.__qualname__} takes the shape of an input, it is called without")
    return named.pop(name)
