"""Where torch's order of axes meets the core's: parameters lie in memory as they are computed with, and are shown as torch shows them.

A weight (out, in, *window) is a view of a Storage (*window, in, out): the trace lifts the Storage, the transposes meet and vanish, and a
step is the step of any other door.  See docs/decisions/0008-layout-of-torch-parameters.md.
"""

from __future__ import annotations

from gradwerk.ir.op import Array, Operand
from gradwerk.ops.movement import transpose
from gradwerk.torch.tensors import Parameter, Tensor


def weight(values: Array) -> Parameter:
    """A parameter of these contents.  Shape: values (out, in, *window), kept."""
    return Parameter(shown(Tensor(held(values))))


def held(weight: Operand) -> Operand:
    """A weight (out, in, *window) as it lies in memory: (*window, in, out)."""
    return transpose(weight, (*range(2, len(weight.shape)), 1, 0))


def shown(kernel: Operand) -> Operand:
    """A kernel (*window, in, out) as torch shows it: (out, in, *window)."""
    rank = len(kernel.shape)
    return transpose(kernel, (rank - 1, rank - 2, *range(rank - 2)))
