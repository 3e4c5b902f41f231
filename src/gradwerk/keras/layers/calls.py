"""What the layers of one call share: whether it trains, and whether it is a call for shapes only.

A `training` argument reaches every layer called inside, as in Keras: what is given goes before what the outer call was given, and that
before the default in the signature of `call`.
"""

from __future__ import annotations

import inspect
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final, NamedTuple, Protocol

import numpy as np

from gradwerk.base.errors import ArgumentTypeError
from gradwerk.tensor.tensor import Tensor

Array = np.ndarray[Any, np.dtype[Any]]


class Named(Protocol):
    """What is asked of a layer that others are made in."""

    name: str


class Added(NamedTuple):
    """What a layer has added to the loss in a call, and in which trace; None for a layer that is gone."""

    layer: Callable[[], Any]
    loss: Tensor
    trace: Any


class Factors(NamedTuple):
    """What a recurrent cell multiplies its inputs and its states with while training: one for all gates, or one for each."""

    inputs: tuple[Any, ...] = ()
    states: tuple[Any, ...] = ()


class Calls(threading.local):
    """The call under way in this thread."""

    training: bool | None = None
    made: list[tuple[Tensor, Array]] | None = None
    """Weights made during a call for shapes, and what they were filled with; None outside of one."""
    inside: tuple[Named, ...] = ()
    """The layers that are called or built, the outermost first: weights made now are named by them."""
    factors: Mapping[int, Factors] = MappingProxyType({})
    """Those of the cells in the recurrent layers under way, by the cells' ids: the same at each step."""
    added: tuple[Added, ...] = ()
    """What layers have added to the loss since their outermost ones were called (penalties.py)."""


calls = Calls()


@contextmanager
def training_is(value: bool | None) -> Iterator[None]:  # noqa: FBT001  one obvious value
    """Layers called inside train, infer, or (None) do as their signatures say."""
    before, calls.training = calls.training, value
    try:
        yield
    finally:
        calls.training = before


@contextmanager
def inside(layer: Named) -> Iterator[None]:
    """What is made now is a part of this layer."""
    before = calls.inside
    if not before or before[-1] is not layer:
        calls.inside = (*before, layer)
    try:
        yield
    finally:
        calls.inside = before


@contextmanager
def for_shapes() -> Iterator[list[tuple[Tensor, Array]]]:
    """A call that is made to learn shapes: the list of weights made inside, for their first contents to be put back."""
    before, added = calls.made, calls.added
    made: list[tuple[Tensor, Array]] = []
    calls.made = made
    try:
        with training_is(value=False):
            yield made
    finally:
        calls.made, calls.added = before, added
        if before is not None:
            before += made


BY_NAME: Final = object()
"""The inputs of a call that are given by the name that `call` has for them."""


def first_by_name(layer: Any, given: dict[str, Any]) -> Any:  # noqa: ANN401  a layer; its input
    """The first argument of a layer's `call`, taken out of those by name.  Raises: ArgumentTypeError where it is missing."""
    name = next(iter(inspect.signature(layer.call).parameters), "inputs")
    if name not in given:
        raise ArgumentTypeError(f"{type(layer).__name__} is called without its input, {name!r}")
    return given.pop(name)


def place_of(call: Callable[..., Any], name: str) -> int | None:
    """Where an argument of `call` stands: see `Layer.training_place`."""
    parameters = inspect.signature(call).parameters
    found = parameters.get(name)
    if found is None:
        return None
    return list(parameters).index(name) - 1 if found.kind is inspect.Parameter.POSITIONAL_OR_KEYWORD else -1
