"""Several inputs made one."""

from __future__ import annotations

from string import ascii_lowercase
from typing import Any

from gradwerk.base.errors import ShapeError
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.einsum import einsum
from gradwerk.ops.movement import expand_dims

Operand = Any
"""An array, a Value or a Tensor."""


def batch_dot(a: Operand, b: Operand, axes: tuple[int, int]) -> Operand:
    """The sum of products over one axis of each, example by example.

    Shape: a (batch, ...), b (batch, ...); result (batch, axes of a without its own, axes of b without its own), at least two axes.
    Raises: ShapeError where the axes' extents differ, or one is the batch.

    Args:
        a, b: of one batch.
        axes: of a, and of b.
    """
    taken = normal_axis("batch_dot", axes[0], a.ndim), normal_axis("batch_dot", axes[1], b.ndim)
    facts = (f"{tuple(a.shape)} along axis {axes[0]}      {tuple(b.shape)} along axis {axes[1]}",)
    if 0 in taken or a.shape[0] != b.shape[0] or a.shape[taken[0]] != b.shape[taken[1]]:
        raise ShapeError("batch_dot: batches or summed axes differ, or an axis is the batch", facts=facts)
    letters = ascii_lowercase[1 : a.ndim], ascii_lowercase[a.ndim : a.ndim + b.ndim - 1]
    first, second = letters[0], letters[1].replace(letters[1][taken[1] - 1], letters[0][taken[0] - 1])
    shared = first[taken[0] - 1]
    left = (first + second).replace(shared, "")
    y = einsum(f"a{first},a{second}->a{left}", a, b)
    return y if left else expand_dims(y, -1)
