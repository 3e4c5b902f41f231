"""keras.activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import masked
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.custom_objects import custom_object_scope
from gradwerk.keras.identifiers import as_config, entry, of_config
from gradwerk.keras.masked import Masked
from gradwerk.keras.options import checked, whole
from gradwerk.nn import activation as known
from gradwerk.ops import activations as ops
from gradwerk.ops import functions, pieces
from gradwerk.tensor.storage import version_of
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.checks import as_data

Operand = Any
"""A Tensor or an array."""
Activation = Callable[..., Operand]
ActivationLike = str | Activation | Mapping[str, Any] | None
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
def relu(x: Operand, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Operand:
    """The positive part, y = max(x, 0); see `rectified` for a slope, a bound and a limit.

    Raises: ArgumentError for what is no number.
    """
    if not negative_slope and max_value is None and not threshold:
        return known.NAMED["relu"](x)
    return pieces.rectified(x, negative_slope, max_value, threshold)


@checked
def leaky_relu(x: Operand, negative_slope: float = 0.2) -> Operand:
    """x above 0, else negative_slope x.  Raises: ArgumentError for what is no number."""
    return ops.leaky_relu(x, negative_slope)


def relu6(x: Operand) -> Operand:
    """x held between 0 and 6."""
    return ops.relu6(x)


@checked
def elu(x: Operand, alpha: float = 1.0) -> Operand:
    """x above 0, else alpha (exp(x) - 1).  Raises: ArgumentError for what is no number."""
    return ops.elu(x, alpha)


@checked
def celu(x: Operand, alpha: float = 1.0) -> Operand:
    """x above 0, else alpha (exp(x / alpha) - 1).  Raises: ArgumentError for what is no number."""
    return ops.celu(x, alpha)


def selu(x: Operand) -> Operand:
    """`elu` of alpha 1.673 times 1.051."""
    return ops.selu(x)


@checked
def gelu(x: Operand, approximate: bool = False) -> Operand:  # noqa: FBT001, FBT002  Keras' signature
    """x times the normal distribution's mass below x; `approximate` by tanh.  Raises: ArgumentError for what is no truth value."""
    return functions.gelu(x, approximate=bool(approximate))


def silu(x: Operand) -> Operand:
    """x sigmoid(x), also called swish."""
    return ops.silu(x)


def mish(x: Operand) -> Operand:
    """x tanh(softplus(x))."""
    return ops.mish(x)


def softplus(x: Operand) -> Operand:
    """log(1 + exp(x))."""
    return known.NAMED["softplus"](x)


def softsign(x: Operand) -> Operand:
    """x / (1 + |x|)."""
    return ops.softsign(x)


def hard_sigmoid(x: Operand) -> Operand:
    """(x + 3) / 6 held between 0 and 1."""
    return ops.hard_sigmoid(x)


def hard_silu(x: Operand) -> Operand:
    """x hard_sigmoid(x), also called hard_swish."""
    return ops.hard_swish(x)


def hard_tanh(x: Operand) -> Operand:
    """x held between -1 and 1."""
    return ops.hard_tanh(x)


@checked
def hard_shrink(x: Operand, threshold: float = 0.5) -> Operand:
    """x where |x| is above the threshold, else 0.  Raises: ArgumentError for what is no number."""
    return ops.hard_shrink(x, threshold)


@checked
def soft_shrink(x: Operand, threshold: float = 0.5) -> Operand:
    """x moved toward 0 by the threshold, 0 where it is not that far away.  Raises: ArgumentError for what is no number."""
    return ops.soft_shrink(x, threshold)


def tanh_shrink(x: Operand) -> Operand:
    """x - tanh(x)."""
    return ops.tanh_shrink(x)


@checked
def threshold(x: Operand, threshold: float, default_value: float) -> Operand:
    """x above the threshold, else the default value.  Raises: ArgumentError for what is no number."""
    return ops.threshold(x, threshold, default_value)


@checked
def glu(x: Operand, axis: int = -1) -> Operand:
    """The first half of an axis times the sigmoid of the second.  Raises: ShapeError where the axis is odd."""
    return ops.glu(x, axis)


def log_sigmoid(x: Operand) -> Operand:
    """log(sigmoid(x)), which does not overflow."""
    return ops.log_sigmoid(x)


def sparse_plus(x: Operand) -> Operand:
    """0 up to -1, (x + 1)**2 / 4 up to 1, then x."""
    return pieces.sparse_plus(x)


def sparse_sigmoid(x: Operand) -> Operand:
    """(x + 1) / 2 held between 0 and 1."""
    return pieces.sparse_sigmoid(x)


@checked
def sparsemax(x: Operand, axis: int = -1) -> Operand:
    """The nearest probabilities to x along an axis, of which many are 0.  Raises: ArgumentError for what is no integer."""
    return pieces.sparsemax(x, axis)


@checked
def squareplus(x: Operand, b: float = 4) -> Operand:
    """(x + sqrt(x**2 + b)) / 2.  Raises: ArgumentError for what is no number."""
    return pieces.squareplus(x, b)


def tanh(x: Operand) -> Operand:
    """The hyperbolic tangent."""
    return known.NAMED["tanh"](x)


def sigmoid(x: Operand) -> Operand:
    """The logistic function, y = 1 / (1 + exp(-x))."""
    return remembering(known.NAMED["sigmoid"](x), x, "sigmoid")


def softmax(x: Operand, axis: int | tuple[int, ...] = -1) -> Operand:
    """exp(x) / sum of exp(x) along `axis`, or along several."""
    numbers = hasattr(x, "dtype") and dtypes.is_data(x.dtype)
    x = x if numbers else Tensor(as_data(x, "x").astype(np.float32))
    if isinstance(axis, tuple):
        return known.softmax_over(x, tuple(whole("softmax", "axis", one, -32) for one in axis))
    axis = whole("softmax", "axis", axis, -32)
    y = functions.softmax(x, axis)
    return remembering(y, x, "softmax") if axis in {-1, len(y.shape) - 1} else y


def log_softmax(x: Operand, axis: int = -1) -> Operand:
    """The logarithm of softmax, x - log(sum of exp(x)) along `axis`."""
    return functions.log_softmax(x, axis)


def exponential(x: Operand) -> Operand:
    """exp(x)."""
    return known.NAMED["exponential"](x)


swish, hard_swish = silu, hard_silu
NAMED: dict[str, Activation] = {
    function.__name__: function
    for function in (
        linear, relu, tanh, sigmoid, softmax, log_softmax, exponential, leaky_relu, relu6, elu, celu, selu, gelu, silu, mish, softplus,
        softsign, hard_sigmoid, hard_silu, hard_tanh, hard_shrink, soft_shrink, tanh_shrink, threshold, glu, log_sigmoid, sparse_plus,
        sparse_sigmoid, sparsemax, squareplus,
    )
} | {"swish": silu, "hard_swish": hard_silu}  # fmt: skip


def get(identifier: ActivationLike) -> Activation:
    """The activation of a name; a function is itself, None is linear.

    Raises: ArgumentError for an unknown name.
    """
    if identifier is None:
        return linear
    if callable(identifier):
        return identifier
    if isinstance(identifier, Mapping):  # of a function, or of a class of one's own
        made: Activation = of_config("activation", "keras.activations", identifier, NAMED)
        return made
    found: Activation = entry("activation", "keras.activations", identifier, NAMED)
    return found


def serialize(activation: Activation) -> str | dict[str, Any]:
    """The name of an activation; a function of one's own as plain data, which needs `custom_objects` to be read.

    Raises: ArgumentError for what has no name.
    """
    name = getattr(activation, "__name__", "")
    if NAMED.get(name) is activation:
        return name
    if not name.isidentifier():
        raise ArgumentError(f"the activation {activation!r} has no name to save", likely="use one of keras.activations, or a function")
    return as_config("keras.activations", activation)


def deserialize(config: ActivationLike, custom_objects: Mapping[str, Activation] | None = None) -> Activation:
    """What `serialize` gave, as a function; one of `custom_objects` by its name.  Raises: ArgumentError for an unknown name."""
    with custom_object_scope(custom_objects or {}):
        return get(config)


__getattr__ = ORIGINAL.module("keras.activations", __name__)
