"""Activations: functions, a table of the names front ends accept, and a module that holds one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import exp, sigmoid, softplus, sub, tanh, where
from gradwerk.ops.functions import gelu, log_softmax, logsumexp, relu, softmax

Operand = Any
"""An array, a Value or a Tensor."""
Function = Callable[[Operand], Operand]


def identity(x: Operand) -> Operand:
    """y = x."""
    return x


NAMED: dict[str, Function] = {
    "linear": identity, "relu": relu, "tanh": tanh, "sigmoid": sigmoid, "softmax": softmax, "log_softmax": log_softmax, "exponential": exp,
    "softplus": softplus, "gelu": gelu,
}  # fmt: skip
"""Activations by name."""


def named(name: str) -> Function:
    """The activation of a name.  Raises ArgumentError listing the known names."""
    if name not in NAMED:
        raise ArgumentError(f"unknown activation {name!r}", facts=("known: " + ", ".join(NAMED),))
    return NAMED[name]


def softmax_over(x: Operand, axes: int | Sequence[int], mask: Operand | None = None) -> Operand:
    """e**x / sum(e**x) over one axis or several, of the elements where the mask is true; 0 elsewhere, and of no elements 0.

    Shape: that of x, beside which the mask broadcasts.  Dtype: floating, kept.
    """
    seen = x if mask is None else where(mask, x, HIDDEN)
    one = axes if isinstance(axes, int) else axes[0] if len(axes) == 1 else None
    y = exp(sub(seen, logsumexp(seen, axes, keepdims=True))) if one is None else softmax(seen, one)
    return y if mask is None else where(mask, y, 0)


HIDDEN = -1e9
"""What stands for a number that a mask hides: its share is 0 beside any other."""


class Activation(Module):
    """y = function(x).  Shape: x, of any; that of the function's result."""

    def __init__(self, function: Function) -> None:
        self.function = function

    def forward(self, x: Operand) -> Operand:
        """The function's result."""
        return self.function(x)

    def describe(self) -> str:
        """`relu`."""
        return getattr(self.function, "__name__", None) or str(getattr(self.function, "name", self.function))
