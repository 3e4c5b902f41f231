"""Where torch's order of axes meets the core's: parameters lie in memory as they are computed with, until somebody looks at the memory.

The memory of a weight (out, in, *window) is (*window, in, out): a trace lifts it as it lies, the transposes meet and vanish, and a step is
the step of any other front end.  See docs/decisions/0012-layout-until-seen.md.
"""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from gradwerk.ir.op import Array, Operand
from gradwerk.ops.movement import transpose
from gradwerk.tensor.grad import copied, laid
from gradwerk.torch.tensors import Parameter, Tensor


def weight(values: Array) -> Parameter:
    """A parameter of these contents.  Shape: values (out, in, *window), kept."""
    rank = values.ndim
    return Parameter(laid(Tensor, values, (rank - 1, rank - 2, *range(rank - 2))))


def physical(weight: Operand) -> Operand:
    """A weight (out, in, *window) as it lies in memory: (*window, in, out)."""
    return transpose(weight, (*range(2, weight.ndim), 1, 0))


def channels_last(x: Tensor) -> Tensor:
    """(N, C, ...) as (N, ..., C)."""
    return transpose(x, (0, *range(2, len(x.shape)), 1))


def channels_first(x: Tensor) -> Tensor:
    """(N, ..., C) as (N, C, ...), contiguous for the user; in a compiled step no copy is made."""
    return copied(transpose(x, (0, len(x.shape) - 1, *range(1, len(x.shape) - 1))))
