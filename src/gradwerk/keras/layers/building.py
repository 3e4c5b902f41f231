"""How a layer is built: once, for a shape, for what it is called with, or on the first examples.

A layer of several inputs has a `build(query_shape, value_shape)`, which is told the shapes of `call`'s query and value.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentTypeError, StateError
from gradwerk.base.origin import module_path
from gradwerk.base.trees import flatten, map_tree
from gradwerk.keras.layers.calls import inside
from gradwerk.keras.layers.inputs import as_inputs, shapes_of
from gradwerk.keras.layers.shapes import Shape, Shapes, check_one_input, common_shape, output_shape_of, without_traces
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

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


def once(build: Callable[..., None]) -> Callable[..., None]:
    """A `build` that does nothing on a built layer, and says afterwards that it is built."""
    optional = list(inspect.signature(build).parameters.values())[1].default is None

    @functools.wraps(build)
    def build_once(self: Any, *shapes: Shapes, **named: Shapes) -> None:  # noqa: ANN401
        if not self.built:
            first, *further = shapes or (None if optional and not named else first_shape(build, named),)
            shape: Any = first if first is None or isinstance(first, dict) else tuple(first)
            with inside(self):
                build(self, shape, *further, **named)
            if self.further_shapes:
                self.built_for = built_for(build, (shape, *further), named)
            mark_built(self, shape)

    return build_once


def mark_built(layer: Any, input_shape: Shapes) -> None:  # noqa: ANN401
    """The layer is built, for this shape first of all; the weights of a frozen one are frozen."""
    layer.built = True
    if layer._input_shape is None and input_shape is not None:
        layer._input_shape = input_shape
    if not layer._trainable:
        layer.trainable = False


def check_built(layer: Any) -> None:  # noqa: ANN401
    """Raises: StateError before the layer, or one inside, is built."""
    unbuilt = next((one for one in (layer, *layer.modules()) if not getattr(one, "built", True)), None)
    if unbuilt is not None:
        raise StateError(f"{unbuilt.label} has no weights yet", likely="build it: call it once, or give the model an Input")


def build_for_call(layer: Any, x: Any, *, makes_weights: bool) -> None:  # noqa: ANN401
    """Builds a layer for what it is called with.  Raises: StateError where that cannot be done."""
    if "name" not in vars(layer):
        raise StateError(f"{type(layer).__name__}.__init__ does not call that of its base", likely="begin it with super().__init__()")
    if mode.trace is None:
        layer.build(shapes_of(x))
    elif makes_weights:
        what = f"{layer.label} has no weights yet, and a compiled function cannot make them"
        raise StateError(what, likely="call the model once before, or give it an Input")
    else:  # there is nothing to make, and this is no setting
        object.__setattr__(layer, "built", True)
        object.__setattr__(layer, "_input_shape", shapes_of(x))


def build_for_shape(layer: Any, shape: Shape) -> Shape:  # noqa: ANN401
    """Builds a layer and those inside where they are not built yet; the output shape."""
    with module_path(layer.label) if layer.names_path else nullcontext():
        check_one_input(shape, several=layer.computes_in is None)
        layer.build(shape)
        result: Shape = layer.compute_output_shape(shape)
        if not all(part.built for part in layer.sublayers()):
            layer.remember_shape(shape, output_shape_of(layer, shape))
        return result


def build_on_examples(layer: Any, x: Any) -> None:  # noqa: ANN401  arrays
    """Builds what is not built yet by a call on the first examples, in inference, that changes no weight.

    Another on twice as many says which extents are the batch's.
    """
    few, more = (as_inputs(layer, map_tree(lambda array: np.concatenate([array[:2]] * times), x)) for times in (1, 2))  # noqa: B023
    with module_path(layer.label) if layer.names_path else nullcontext():
        layer.build(shapes_of(few))
        result = without_traces(layer, few)
        if all(isinstance(part, Tensor) for part in flatten(result)):
            layer.remember_shape(layer._input_shape, common_shape(layer, result, without_traces(layer, more)))
