"""Long short-term memory.

Gates stand in the order input i, forget f, cell g, output o along the last axis (Keras' and torch's order alike):

    z = x_t W + h U + b;   i, f, o = sigmoid(z_i, z_f, z_o);   g = tanh(z_g)
    c <- f c + i g;        h <- o tanh(c)

Source: Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.jit.control import scan
from gradwerk.nn import init
from gradwerk.nn.linear import linear
from gradwerk.nn.module import Module
from gradwerk.ops.elementwise import add, mul, sigmoid, tanh
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import slice_axis, transpose
from gradwerk.ops.source import full
from gradwerk.tensor.random import Generator, default_generator
from gradwerk.tensor.tensor import Parameter

Operand = Any
"""An array, a Value or a Tensor."""


def lstm_cell(projected: Operand, h: Operand, c: Operand, recurrent_kernel: Operand) -> tuple[Operand, Operand]:
    """One step from the projected input x_t W + b: the new (h, c).

    Shape: projected (batch, 4 units), h and c (batch, units), recurrent_kernel (units, 4 units).
    """
    z = add(projected, matmul(h, recurrent_kernel))
    units = h.shape[-1]
    i, f, g, o = (slice_axis(z, -1, k * units, (k + 1) * units) for k in range(4))
    c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    return mul(sigmoid(o), tanh(c)), c


def lstm(
    x: Operand, h: Operand, c: Operand, kernel: Operand, recurrent_kernel: Operand, bias: Operand | None, *, reverse: bool = False
) -> tuple[Operand, Operand, Operand]:
    """All steps of a sequence: (h at every step, last h, last c).

    The input projection does not depend on the state: it stands outside the scan, one product over all steps.
    Shape: x (time, batch, features), h and c (batch, units), kernel (features, 4 units), recurrent_kernel (units, 4 units),
    bias (4 units,); results (time, batch, units), (batch, units), (batch, units).
    """
    projected = linear(x, kernel, bias)

    def step(carry: tuple[Operand, Operand], z: Operand) -> tuple[tuple[Operand, Operand], Operand]:
        h_new, c_new = lstm_cell(z, *carry, recurrent_kernel)
        return (h_new, c_new), h_new

    (h, c), steps = scan(step, (h, c), projected, reverse=reverse)
    return steps, h, c


class LSTM(Module):
    """A layer of LSTM cells over a sequence.

    Shape: x (batch, time, features) -> (batch, time, units) and the last (h, c), each (batch, units).
    Parameters: kernel (features, 4 units), recurrent_kernel (units, 4 units), bias (4 units,), whose forget quarter begins at
    `forget_bias` (Jozefowicz et al., 2015).
    """

    def __init__(
        self, features: int, units: int, *, use_bias: bool = True, forget_bias: float = 1.0,
        kernel_init: init.Initializer = init.glorot_uniform, recurrent_init: init.Initializer = init.orthogonal,
        generator: Generator | None = None,
    ) -> None:  # fmt: skip
        source = generator or default_generator()
        self.units = units
        self.kernel = Parameter(kernel_init((features, 4 * units), source))
        self.recurrent_kernel = Parameter(recurrent_init((units, 4 * units), source))
        self.bias = Parameter(np.repeat(np.asarray([0, forget_bias, 0, 0], np.float32), units)) if use_bias else None

    def forward(
        self, x: Operand, state: tuple[Operand, Operand] | None = None, *, reverse: bool = False
    ) -> tuple[Operand, tuple[Operand, Operand]]:
        """See `lstm`; the state begins at zero unless given."""
        features = self.kernel.shape[0]
        if len(x.shape) != 3 or x.shape[-1] != features:
            raise ShapeError(
                f"the input must be (batch, time, {features})",
                facts=(f"input   {tuple(x.shape)} {dtypes.name(x.dtype)}      kernel {tuple(self.kernel.shape)}",),
                likely=f"the layer was built for {features} features a step",
            )
        h, c = state if state is not None else zero_state(x.shape[0], self.units, x)
        steps, h, c = lstm(transpose(x, (1, 0, 2)), h, c, self.kernel, self.recurrent_kernel, self.bias, reverse=reverse)
        return transpose(steps, (1, 0, 2)), (h, c)

    def describe(self) -> str:
        """`64, 256`."""
        return f"{self.kernel.shape[0]}, {self.units}"


def zero_state(batch: int, units: int, like: Operand) -> tuple[Operand, Operand]:
    """(h, c) of zeros, each (batch, units), in the dtype of `like`."""
    zeros = full((batch, units), 0.0, like.dtype, like=(like,))
    return zeros, zeros
