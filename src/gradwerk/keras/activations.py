"""keras.activations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import masked
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.identifiers import entry
from gradwerk.keras.masked import Masked
from gradwerk.keras.options import checked, whole
from gradwerk.nn import activation as known
from gradwerk.ops import functions
from gradwerk.tensor.storage import version_of
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import as_data

Operand = Any
"""A Tensor or an array."""
Activation = Callable[..., Operand]
ActivationLike = str | Activation | None
"""What layers take for one."""


class Probabilities(Masked):
    """What softmax or sigmoid gave, and the logits it was made of: cross-entropies take these, since of a probability of 0 or 1 there is
    no gradient left.  What is computed from it is a plain Tensor.
    """

    __slots__ = ("logits", "made_by", "version")
    logits: Operand
    made_by: str
    version: int
    noted: ClassVar[tuple[str, ...]] = ("logits", "made_by", "version")


def remembering(y: Operand, logits: Operand, made_by: str) -> Operand:
    """`y` with its logits; arrays stay what they are."""
    if not isinstance(y, Tensor):
        return y
    return masked.remembering(y, Probabilities, logits=logits, made_by=made_by, version=version_of(y._storage), mask=None)


def logits_of(y: Operand, made_by: str) -> Operand | None:
    """The logits of probabilities that `made_by` ("softmax" or "sigmoid") gave, None where they are not known or y was written since."""
    known_ones = isinstance(y, Probabilities) and getattr(y, "made_by", "") == made_by and version_of(y._storage) == y.version
    return y.logits if known_ones else None


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
    return remembering(known.NAMED["sigmoid"](x), x, "sigmoid")


def softmax(x: Operand, axis: int = -1) -> Operand:
    """exp(x) / sum of exp(x) along `axis`."""
    numbers = hasattr(x, "dtype") and dtypes.is_data(x.dtype)
    x, axis = x if numbers else Tensor(as_data(x, "x").astype(np.float32)), whole("softmax", "axis", axis, -32)
    y = functions.softmax(x, axis)
    return remembering(y, x, "softmax") if axis in {-1, len(y.shape) - 1} else y


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
    found: Activation = entry("activation", "keras.activations", identifier, NAMED)
    return found


def serialize(activation: Activation) -> str:
    """The name of an activation.

    Raises: ArgumentError for a function without one here.
    """
    name = getattr(activation, "__name__", "")
    if NAMED.get(name) is not activation:
        raise ArgumentError(f"the activation {activation!r} has no name to save", likely="use one of keras.activations")
    return name

__getattr__ = ORIGINAL.module("keras.activations", __name__)
