"""A recurrent network: what it was a step ago is an input.

Source: Elman, 1990, "Finding structure in time".
"""

from __future__ import annotations

from typing import Any

from gradwerk.jit.control import scan
from gradwerk.nn.linear import Linear
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import add, tanh
from gradwerk.ops.source import full
from gradwerk.tensor.random import Generator

Operand = Any
"""An array, a Value or a Tensor."""


class Elman(Module):
    """h_t = tanh(x_t W + h_{t-1} U + b);   y_t = h_t V + d, at every step.

    Shape: x (time, batch, inputs) -> (time, batch, outputs).  The state begins with zeros.
    """

    def __init__(self, inputs: int, units: int, outputs: int, *, generator: Generator | None = None) -> None:
        self.units = units
        self.read = Linear(inputs, units, generator=generator)
        self.remember = Linear(units, units, use_bias=False, generator=generator)
        self.output = Linear(units, outputs, generator=generator)

    def forward(self, x: Operand) -> Operand:
        """The outputs of all steps."""

        def step(h: Operand, projected: Operand) -> tuple[Operand, Operand]:
            h = tanh(add(projected, self.remember(h)))
            return h, h

        start = full((x.shape[1], self.units), 0.0, x.dtype, like=(x,))
        _, states = scan(step, start, self.read(x))
        return self.output(states)
