"""keras.activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.options import by_name, checked
from gradwerk.nn import activation as known
from gradwerk.ops import functions

Operand = Any
"""A Tensor or an array."""
Activation = Callable[..., Operand]
ActivationLike = str | Activation | None
"""What layers take for one."""


def linear(x: Operand) -> Operand:
    """The identity, y = x."""
    return known.identity(x)


@checked
def relu(x: Operand) -> Operand:
    """The positive part, y = max(x, 0)."""
    return known.NAMED["relu"](x)


def tanh(x: Operand) -> Operand:
    """The hyperbolic tangent."""
    return known.NAMED["tanh"](x)


def sigmoid(x: Operand) -> Operand:
    """The logistic function, y = 1 / (1 + exp(-x))."""
    return known.NAMED["sigmoid"](x)


def softmax(x: Operand, axis: int = -1) -> Operand:
    """exp(x) / sum of exp(x) along `axis`."""
    return functions.softmax(x, axis)


def log_softmax(x: Operand, axis: int = -1) -> Operand:
    """The logarithm of softmax, x - log(sum of exp(x)) along `axis`."""
    return functions.log_softmax(x, axis)


def exponential(x: Operand) -> Operand:
    """exp(x)."""
    return known.NAMED["exponential"](x)


NAMED: dict[str, Activation] = {
    function.__name__: function for function in (linear, relu, tanh, sigmoid, softmax, log_softmax, exponential)
}


def get(identifier: ActivationLike) -> Activation:
    """The activation of a name; a function is itself, None is linear.

    Raises: ArgumentError for an unknown name.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    return by_name("activation", identifier, NAMED)


def serialize(activation: Activation) -> str:
    """The name of an activation.

    Raises: ArgumentError for a function without one here.
    """
    name = getattr(activation, "__name__", "")
    if NAMED.get(name) is not activation:
        raise ArgumentError(f"the activation {activation!r} has no name to save", likely="use one of keras.activations")
    return name
