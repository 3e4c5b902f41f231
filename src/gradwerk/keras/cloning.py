"""Models of equal layers, made anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten, unflatten
from gradwerk.keras.layers.input import InputLayer
from gradwerk.keras.layers.layer import Layer
from gradwerk.keras.model import Model
from gradwerk.keras.sequential import Sequential

Clone = Callable[[Any], Any]
Call = Callable[..., Any]


def clone_model(
    model: Model, input_tensors: Any = None, clone_function: Clone | None = None, call_function: Call | None = None,  # noqa: ANN401
    recursive: bool = False,  # noqa: FBT001, FBT002  Keras' signature
) -> Model:  # fmt: skip
    """A model of equal layers, its weights begun anew.

    Args:
        model: a Sequential or functional model.
        input_tensors: symbolic values, or InputLayers, in place of new inputs.
        clone_function: makes a layer of each layer; by class and config unless given.
        call_function: (layer, *args, **kwargs), calls the new layers of a functional model; it may put others before or behind.
        recursive: whether models inside are cloned by all this, and not as layers.
    Raises: ArgumentError for what is no Sequential or functional model, a `call_function` for a Sequential, and other numbers of inputs.
    """
    graph = getattr(model, "graph", None)
    if not isinstance(model, Sequential) and graph is None:
        raise ArgumentError(f"clone_model takes a Sequential or functional model, this is a {type(model).__name__}")
    if input_tensors is None and clone_function is None and call_function is None and not recursive:
        made: Model = type(model).from_config(model.get_config())
        return made
    made_of = clone_function or (lambda layer: type(layer).from_config(layer.get_config()))

    def twin(layer: Any) -> Any:  # noqa: ANN401
        if recursive and (isinstance(layer, Sequential) or getattr(layer, "graph", None) is not None):
            inner = None if isinstance(layer, Sequential) else call_function
            return clone_model(layer, clone_function=clone_function, call_function=inner, recursive=True)
        return made_of(layer)

    if isinstance(model, Sequential):
        if call_function is not None:
            raise ArgumentError("clone_model: call_function is for functional models, this is a Sequential")
        return _chain(model, input_tensors, twin)
    return _drawn(model, graph, input_tensors, twin, call_function)


def _chain(model: Sequential, given: Any, twin: Clone) -> Model:  # noqa: ANN401
    layers = [twin(layer) for layer in model.layers]
    if given is not None:
        (start,) = _inputs(given, 1)
        return Model(start, _through(layers, start), name=model.name)
    if model.input_is_known:
        layers.insert(0, InputLayer(batch_shape=model.input_shape, dtype=model.input.dtype, name=model.input.name))
    return Sequential(layers, name=model.name)


def _through(layers: list[Any], x: Any) -> Any:  # noqa: ANN401
    for layer in layers:
        x = layer(x)
    return x


def _drawn(model: Model, graph: Any, given: Any, twin: Clone, call_function: Call | None) -> Model:  # noqa: ANN401
    expected = flatten(graph.expected)
    if given is None:
        inputs = [InputLayer(batch_shape=one.shape, dtype=one.dtype, name=one.name).output for one in expected]
    else:
        inputs = _inputs(given, len(expected))
    twins: dict[int, Any] = {}

    def call(caller: Any, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Any:  # noqa: ANN401
        if id(caller) not in twins:
            twins[id(caller)] = twin(caller) if isinstance(caller, Layer) else caller
        called = twins[id(caller)]
        return called(*args, **kwargs) if call_function is None else call_function(called, *args, **kwargs)

    return Model(unflatten(graph.expected, inputs), graph.redrawn(inputs, call), name=model.name)


def _inputs(given: Any, count: int) -> list[Any]:  # noqa: ANN401
    """Symbolic values of what is given for inputs.  Raises: ArgumentError for another number of them."""
    found = [one.output if isinstance(one, InputLayer) else one for one in flatten(given)]
    if len(found) != count:
        raise ArgumentError(f"clone_model: the model has {count} inputs, input_tensors has {len(found)}")
    return found
