"""The neuron as a switch.

Source: McCulloch and Pitts, 1943, "A logical calculus of the ideas immanent in nervous activity".

A unit fires where enough of its excitatory inputs are active and none of its inhibitory ones is.
"""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.module import Module
from gradwerk.ops.compare import equal, greater_equal, logical_and
from gradwerk.ops.elementwise import cast
from gradwerk.ops.reduction import reduce_sum

Operand = Any
"""An array, a Value or a Tensor."""


class ThresholdUnit(Module):
    """y = 1 where sum(excitatory) >= threshold and sum(inhibitory) = 0, else 0.

    Shape: excitatory (..., inputs), inhibitory (..., others) or None -> (...).  Dtype: that of the excitatory inputs, which are 0 or 1.

    Args:
        threshold: How many excitatory inputs make it fire: 1 is OR, the number of inputs is AND, 0 with one inhibitory input is NOT.
    Raises: ArgumentError for a negative threshold.
    """

    def __init__(self, threshold: int) -> None:
        if threshold < 0:
            raise ArgumentError(f"threshold is {threshold}; a unit counts its active inputs, which are 0 or more")
        self.threshold = threshold

    def forward(self, excitatory: Operand, inhibitory: Operand = None) -> Operand:
        """Whether it fires, as 0 or 1."""
        fires = greater_equal(reduce_sum(cast(excitatory, dtypes.int64), (-1,)), self.threshold)
        if inhibitory is not None:
            fires = logical_and(fires, equal(reduce_sum(cast(inhibitory, dtypes.int64), (-1,)), 0))
        return cast(fires, excitatory.dtype)
