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

from gradwerk.jit.control import scan, traced
from gradwerk.nn.linear import linear
from gradwerk.ops.control import Scan
from gradwerk.ops.elementwise import add, mul, sigmoid, sub, tanh
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import slice_axis
from gradwerk.ops.source import full
from gradwerk.tensor.handle import make
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

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

    def step(carry: tuple[Operand, Operand], z: Operand) -> tuple[tuple[Operand, Operand], Operand]:
        h_new, c_new = lstm_cell(z, *carry, recurrent_kernel)
        return (h_new, c_new), h_new

    operands = (h, c, projected, recurrent_kernel)
    if mode.trace is None and all(isinstance(operand, Tensor) for operand in operands):
        h, c, steps = _scan_of(*operands, reverse=reverse)(*operands)
    else:
        (h, c), steps = scan(step, (h, c), projected, reverse=reverse)
    return steps, h, c


_scans: dict[tuple[object, ...], Scan] = {}
"""The scans of calls outside of any trace, by the types that they follow from.

Nobody asks their nodes for a line: the program of an operation is that of all operations alike, and a cell looks at no data.
"""
MOST_SCANS = 64


def _scan_of(h: Tensor, c: Tensor, projected: Tensor, kernel: Tensor, *, reverse: bool) -> Scan:
    """The op of all steps, of (h, c, projected, kernel): to trace the cell at each call takes longer than a step."""
    key = (h._type, c._type, projected._type, kernel._type, reverse)
    known = _scans.get(key)
    if known is None:
        outside = make(Tensor, kernel._storage, kernel._held, kernel._type)  # as it lies: views of it are the caller's own affair

        def step(carry: tuple[Operand, Operand], z: Operand) -> tuple[tuple[Operand, Operand], Operand]:
            h_new, c_new = lstm_cell(z, *carry, outside)
            return (h_new, c_new), h_new

        if len(_scans) >= MOST_SCANS:
            _scans.clear()
        known, _, _, _ = traced(step, (h, c), projected, [h, c], [projected], projected.shape[0], reverse=reverse)
        _scans[key] = known
    return known


def zero_state(batch: int, units: int, like: Operand) -> tuple[Operand, Operand]:
    """(h, c) of zeros, each (batch, units), in the dtype of `like`."""
    zeros = full((batch, units), 0.0, like.dtype, like=(like,))
    return zeros, zeros
