"""keras.constraints: what weights are brought back to after each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.identifiers import as_config, object_of
from gradwerk.keras.naming import snake_case
from gradwerk.keras.options import checked_except, not_negative
from gradwerk.nn.configured import Configured
from gradwerk.ops.elementwise import add, div, maximum, mul, sqrt
from gradwerk.ops.functions import clip, square
from gradwerk.ops.reduction import reduce_sum

Operand = Any
"""A Tensor."""
Axes = int | Sequence[int]
EPSILON = 1e-7
"""What is added to lengths before they divide, as `keras.backend.epsilon()`."""


class Constraint(Configured):
    """The base: a subclass gives the weight that is allowed in `__call__`, and says its arguments in `get_config`."""

    def __call__(self, w: Operand) -> Operand:
        """The allowed weight nearest to `w`, in its shape: that itself, where a subclass says no other."""
        return w

    def get_config(self) -> dict[str, Any]:
        """The arguments that make an equal constraint."""
        return {}

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Constraint:
        """A constraint from `get_config`'s answer."""
        return cls(**config)


class NonNeg(Constraint):
    """No weight is below 0."""

    def __call__(self, w: Operand) -> Operand:
        """max(w, 0).  Shape: any, kept."""
        return maximum(w, 0)


class MaxNorm(Constraint):
    """The weights along `axis` are at most `max_value` long together.

    `axis` 0 holds the weights that lead to one unit of a Dense together, [0, 1, 2] those of one filter of a Conv2D.
    """

    @checked_except("max_value", "axis")
    def __init__(self, max_value: float = 2, axis: Axes = 0) -> None:
        self.max_value, self.axis = not_negative("MaxNorm", "max_value", max_value), _axes("MaxNorm", axis)

    def __call__(self, w: Operand) -> Operand:
        """w min(|w|, max_value) / (|w| + 1e-7).  Shape: any, kept."""
        length = _length(w, self.axis)
        return mul(w, div(clip(length, 0, self.max_value), add(length, EPSILON)))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"max_value": self.max_value, "axis": self.axis}


class UnitNorm(Constraint):
    """The weights along `axis` are of length 1 together."""

    @checked_except("axis")
    def __init__(self, axis: Axes = 0) -> None:
        self.axis = _axes("UnitNorm", axis)

    def __call__(self, w: Operand) -> Operand:
        """w / (|w| + 1e-7).  Shape: any, kept."""
        return div(w, add(_length(w, self.axis), EPSILON))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"axis": self.axis}


class MinMaxNorm(Constraint):
    """The length of the weights along `axis` comes nearer to `min_value` .. `max_value`, by the share `rate` at each step."""

    @checked_except("min_value", "max_value", "rate", "axis")
    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Axes = 0) -> None:
        self.min_value = not_negative("MinMaxNorm", "min_value", min_value)
        self.max_value = not_negative("MinMaxNorm", "max_value", max_value)
        self.rate, self.axis = not_negative("MinMaxNorm", "rate", rate), _axes("MinMaxNorm", axis)

    def __call__(self, w: Operand) -> Operand:
        """w (rate clip(|w|, min_value, max_value) + (1 - rate) |w|) / (|w| + 1e-7).  Shape: any, kept."""
        length = _length(w, self.axis)
        wanted = add(mul(clip(length, self.min_value, self.max_value), self.rate), mul(length, 1 - self.rate))
        return mul(w, div(wanted, add(length, EPSILON)))

    def get_config(self) -> dict[str, Any]:
        """The arguments."""
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


def _length(w: Operand, axis: Axes) -> Operand:
    axes = (axis,) if isinstance(axis, int) else tuple(axis)
    return sqrt(reduce_sum(square(w), tuple(sorted(a % len(w.shape) for a in axes)), keepdims=True))


def _axes(owner: str, axis: object) -> Axes:
    one = isinstance(axis, (int, np.integer)) and not isinstance(axis, bool)
    if one:
        return int(axis)  # type: ignore[call-overload, no-any-return]  # which it is
    if isinstance(axis, (list, tuple)) and axis and all(isinstance(a, (int, np.integer)) and not isinstance(a, bool) for a in axis):
        return [int(a) for a in axis]
    raise ArgumentError(f"{owner}: axis is a number or a list of numbers, this is {axis!r}")


max_norm, min_max_norm, non_neg, unit_norm = MaxNorm, MinMaxNorm, NonNeg, UnitNorm
CLASSES: tuple[type[Constraint], ...] = (MaxNorm, MinMaxNorm, NonNeg, UnitNorm)
NAMED: dict[str, Any] = {form: made for made in CLASSES for form in (made.__name__, snake_case(made.__name__))}


def get(identifier: Any) -> Any:  # noqa: ANN401  a constraint or a function
    """What a name, a config, a class or a function says.  None is None.  Raises: ArgumentError for an unknown name."""
    return None if identifier is None else object_of("constraint", "keras.constraints", identifier, NAMED)


def serialize(constraint: Any) -> dict[str, Any]:  # noqa: ANN401
    """A constraint as plain data."""
    return as_config("keras.constraints", constraint)


def deserialize(config: str | Mapping[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401
    """The constraint of `serialize`'s answer; of one's own where `custom_objects` names it.  Raises: ArgumentError."""
    return object_of("constraint", "keras.constraints", config, NAMED | dict(custom_objects or {}))


__getattr__ = ORIGINAL.module("keras.constraints", __name__)
