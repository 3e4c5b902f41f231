"""Averages of parameters over the steps of training: they vary less than the parameters, and predict better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.ops.compare import equal
from gradwerk.ops.elementwise import add, cast, div, mul, sub, where
from gradwerk.ops.functions import remainder
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.tensor.whole import Writes

Operand = Any


@dataclass(frozen=True)
class Average:
    """An exponential moving average:   average <- momentum * average + (1 - momentum) * w,   after the first step w itself.

    With `overwrite_every` the parameters take their averages after so many steps, again and again.
    Source: Polyak and Juditsky, 1992, "Acceleration of stochastic approximation by averaging".
    """

    momentum: float
    overwrite_every: int | None = None

    def follow(self, w: Parameter, average: Tensor, steps: Operand) -> Writes:
        """What is written after step number `steps`, counted from 1."""
        share = cast(where(equal(steps, 1), np.float64(0.0), np.float64(self.momentum)), w.dtype)
        new = add(mul(average, share), mul(w, sub(1.0, share)))
        if self.overwrite_every is None or not w.requires_grad:
            return [(average, new)]
        return [(average, new), (w, where(equal(remainder(steps, self.overwrite_every), 0), new, w))]


def leaky(average: Operand, w: Operand, decay: float) -> Operand:
    """decay * average + (1 - decay) * w."""
    return add(mul(average, decay), mul(w, 1.0 - decay))


def running(average: Operand, w: Operand, count: float) -> Operand:
    """The mean of one more: average + (w - average) / (count + 1).

    Source: Izmailov et al., 2018, "Averaging weights leads to wider optima and better generalization".
    """
    return add(average, div(sub(w, average), count + 1.0))
