"""Long short-term memory.

Gates stand in the order input i, forget f, cell g, output o along the last axis (Keras' and torch's order alike):

    z = x_t W + h U + b;   i, f, o = sigmoid(z_i, z_f, z_o);   g = tanh(z_g)
    c <- f c + i g;        h <- o tanh(c)

Source: Hochreiter and Schmidhuber, 1997; forget gate: Gers et al., 2000.
"""

from __future__ import annotations

from typing import Any

from gradwerk.jit.control import scan, traced
from gradwerk.nn.linear import linear
from gradwerk.ops.control import Scan
from gradwerk.ops.elementwise import add, mul, sigmoid, tanh
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
