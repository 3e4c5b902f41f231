"""Long short-term memory, and the cells of other recurrences.

Gates stand in the order input i, forget f, cell g, output o along the last axis (Keras' and torch's order alike):

    z = x_t W + h U + b;   i, f, o = sigmoid(z_i, z_f, z_o);   g = tanh(z_g)
    c <- f c + i g;        h <- o tanh(c)

Source: Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000.

Gated recurrent units have a reset gate r, an update gate z and a candidate n, in torch's order (Keras has z first):

    a = x_t W + b;   s = h U + d;   r, z = sigmoid(a_r + s_r, a_z + s_z);   n = tanh(a_n + r s_n)
    h <- (1 - z) n + z h

Source: Cho et al., 2014; the reset gate behind the product, as cuDNN has it, which torch and Keras (`reset_after`) follow.
"""

from __future__ import annotations

from typing import Any

from gradwerk.nn.linear import linear
from gradwerk.nn.recurrence import LSTMStep, recurrence
from gradwerk.ops.elementwise import add, mul, sigmoid, sub, tanh
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import slice_axis
from gradwerk.ops.source import full

Operand = Any
"""An array, a Value or a Tensor."""


def lstm_cell(projected: Operand, h: Operand, c: Operand, recurrent_kernel: Operand) -> tuple[Operand, Operand]:
    """One step from the projected input x_t W + b: the new (h, c).

    Shape: projected (batch, 4 units), h and c (batch, units), recurrent_kernel (units, 4 units).
    """
    return lstm_gates(add(projected, matmul(h, recurrent_kernel)), c)


def lstm_gates(z: Operand, c: Operand) -> tuple[Operand, Operand]:
    """What the gates make of their sums: the new (h, c).  Shape: z (batch, 4 units), c (batch, units)."""
    units = c.shape[-1]
    i, f, g, o = (slice_axis(z, -1, k * units, (k + 1) * units) for k in range(4))
    c = add(mul(sigmoid(f), c), mul(sigmoid(i), tanh(g)))
    return mul(sigmoid(o), tanh(c)), c


def gru_cell(projected: Operand, h: Operand, recurrent_kernel: Operand, recurrent_bias: Operand | None = None) -> Operand:
    """One step of gated recurrent units from the projected input x_t W + b: the new h.

    Shape: projected (batch, 3 units), h (batch, units), recurrent_kernel (units, 3 units), recurrent_bias (3 units,).
    """
    s = linear(h, recurrent_kernel, recurrent_bias)
    units = h.shape[-1]
    (r, z, n), (s_r, s_z, s_n) = ([slice_axis(part, -1, k * units, (k + 1) * units) for k in range(3)] for part in (projected, s))
    r, z = sigmoid(add(r, s_r)), sigmoid(add(z, s_z))
    n = tanh(add(n, mul(r, s_n)))
    return add(mul(sub(1.0, z), n), mul(z, h))


def simple_cell(projected: Operand, h: Operand, recurrent_kernel: Operand) -> Operand:
    """One step of a simple recurrence from the projected input x_t W + b: tanh(projected + h U).  Source: Elman, 1990.

    Shape: projected and h (batch, units), recurrent_kernel (units, units).
    """
    return tanh(add(projected, matmul(h, recurrent_kernel)))


def lstm(
    x: Operand, h: Operand, c: Operand, kernel: Operand, recurrent_kernel: Operand, bias: Operand | None, *, reverse: bool = False
) -> tuple[Operand, Operand, Operand]:
    """All steps of a sequence: (h at every step, last h, last c).

    The input projection does not depend on the state: it stands outside the scan, one product over all steps.
    Shape: x (time, batch, features), h and c (batch, units), kernel (features, 4 units), recurrent_kernel (units, 4 units),
    bias (4 units,); results (time, batch, units), (batch, units), (batch, units).
    """
    projected = linear(x, kernel, bias)
    (h, c), steps = recurrence(PLAIN, (h, c), (projected,), (recurrent_kernel,), reverse=reverse, known=True)
    return steps, h, c


PLAIN = LSTMStep(tanh, recurrent_activation=sigmoid)
"""The step that everybody means."""


def zero_state(batch: int, units: int, like: Operand) -> tuple[Operand, Operand]:
    """(h, c) of zeros, each (batch, units), in the dtype of `like`."""
    zeros = full((batch, units), 0.0, like.dtype, like=(like,))
    return zeros, zeros
