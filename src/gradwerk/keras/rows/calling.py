"""A layer that is called on rows of different lengths: by its own rule, as a model of layers, or on a padded rectangle with a mask."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from typing import Any

from gradwerk.base.errors import StateError
from gradwerk.base.trees import flatten, map_tree
from gradwerk.keras.layers.calls import calls
from gradwerk.keras.masked import mask_of, with_mask
from gradwerk.keras.rows.value import Rows, closed, opened
from gradwerk.ragged.value import Ragged
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

Rule = Callable[..., Any]
"""(layer, inputs, args, kwargs) -> what it gives, or NotImplemented where these settings of the layer are none that it knows."""
RULES: dict[type, Rule] = {}
"""How layers compute on rows; those of a class that writes another `call` are not its own any more."""


def called_on_rows(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401  a Layer
    """What a layer makes of rows.  Of ragged values (`gradwerk.ragged`) it gives ragged ones."""
    raw = any(isinstance(leaf, Ragged) for leaf in _parts((inputs, args, kwargs)))
    inputs, args, kwargs = opened(inputs), opened(args), opened(kwargs)
    if not layer.built:
        _build(layer, inputs)
    if not RULES:
        importlib.import_module("gradwerk.keras.rows.rules")
    rule = rule_of(layer)
    result = NotImplemented if rule is None else rule(layer, inputs, args, kwargs)
    if result is NotImplemented and is_model(layer):
        result = layer.run(inputs, args, _told(kwargs), kwargs.get("training"))
    elif result is NotImplemented:
        result = _on_rectangle(layer, inputs, args, kwargs)
    return closed(result) if raw else result


def rule_of(layer: Any) -> Rule | None:  # noqa: ANN401
    """The rule of the class whose `call` the layer has."""
    for kind in type(layer).__mro__:
        if kind in RULES:
            return RULES[kind]
        if "call" in vars(kind):
            return None
    return None


def is_model(layer: Any) -> bool:  # noqa: ANN401
    """Whether what it does is done by layers inside, which are each called on rows."""
    return hasattr(layer, "training_state")


def _told(kwargs: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in kwargs.items() if name != "training"}


def _parts(value: Any) -> Iterator[Any]:  # noqa: ANN401
    if isinstance(value, Ragged):
        yield value
    elif isinstance(value, (list, tuple)):
        for part in value:
            yield from _parts(part)
    elif isinstance(value, dict):
        for part in value.values():
            yield from _parts(part)


def _build(layer: Any, inputs: Any) -> None:  # noqa: ANN401
    """Builds a layer for rows of any length.  Raises: StateError under trace."""
    if mode.trace is not None:
        raise StateError(f"{layer.label} has no weights yet, and a compiled function cannot make them", likely="call the model once before")
    if not layer.further_shapes and not is_model(layer):
        layer.build(map_tree(lambda one: (None, *one.shape[1:]), inputs))


def _on_rectangle(layer: Any, inputs: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
    """The layer on padded rectangles that have masks.  A result with the mask of the first rows is rows again."""
    like = next(leaf for leaf in flatten((inputs, args, kwargs)) if isinstance(leaf, Rows))
    rectangles: dict[int, Any] = {}

    def padded(leaf: Any) -> Any:  # noqa: ANN401
        if not isinstance(leaf, Rows):
            return leaf
        if id(leaf) not in rectangles:
            x, mask = leaf.rectangle()
            masks.append(mask)
            rectangles[id(leaf)] = with_mask(x, mask)
        return rectangles[id(leaf)]

    masks: list[Any] = []
    given = map_tree(padded, (inputs, list(args), kwargs))
    result = layer(given[0], *given[1], **given[2])
    return map_tree(lambda y: like.from_rectangle(y) if isinstance(y, Tensor) and mask_of(y) is masks[0] else y, result)


def trains(kwargs: dict[str, Any]) -> bool:
    """Whether the call trains."""
    told = kwargs.get("training")
    return bool(calls.training if told is None else told)
