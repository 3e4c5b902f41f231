"""Long short-term memory.

Gates stand in the order input i, forget f, cell g, output o along the last axis (Keras' and torch's order alike):

    z = x_t W + h U + b;   i, f, o = sigmoid(z_i, z_f, z_o);   g = tanh(z_g)
    c <- f c + i g;        h <- o tanh(c)

Source: Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000.
"""

from __future__ import annotations

from typing import Any

from gradwerk.jit.control import scan
from gradwerk.nn.linear import linear
from gradwerk.ops.elementwise import add, mul, sigmoid, tanh
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import slice_axis
from gradwerk.ops.source import full

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


def zero_state(batch: int, units: int, like: Operand) -> tuple[Operand, Operand]:
    """(h, c) of zeros, each (batch, units), in the dtype of `like`."""
    zeros = full((batch, units), 0.0, like.dtype, like=(like,))
    return zeros, zeros
