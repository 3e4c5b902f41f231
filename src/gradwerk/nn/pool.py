"""Pooling in any number of dimensions, channels last: the largest or the mean of each window."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.conv import Padding, named_padding, output_extents
from gradwerk.nn.module import Module
from gradwerk.ops import functions

Operand = Any
"""An array, a Value or a Tensor."""


def max_pool(x: Operand, window: Sequence[int], *, strides: Sequence[int], padding: Padding) -> Operand:
    """y[n, p..., c] = max over r... of x[n, stride p + r - low, c]; padding never wins.

    Shape: x (batch, *space, channels); result (batch, *positions, channels).  Raises: ShapeError.
    """
    _check(x, window, strides, padding)
    return functions.max_pool(x, (1, *window, 1), (1, *strides, 1), ((0, 0), *padding, (0, 0)))


def average_pool(x: Operand, window: Sequence[int], *, strides: Sequence[int], padding: Padding, count_padding: bool = False) -> Operand:
    """y[n, p..., c] = mean over r... of x[n, stride p + r - low, c].

    `count_padding` divides by the window's size everywhere (torch's default), otherwise by the number of positions inside x (Keras).
    Shape: x (batch, *space, channels); result (batch, *positions, channels).  Raises: ShapeError.
    """
    _check(x, window, strides, padding)
    pads = ((0, 0), *padding, (0, 0))
    return functions.avg_pool(x, (1, *window, 1), (1, *strides, 1), pads, count_padding=count_padding)


class MaxPool(Module):
    """`max_pool`; strides are the window unless given.  Shape: (batch, *space, channels) -> (batch, *positions, channels)."""

    def __init__(self, window: Sequence[int], *, strides: Sequence[int] | None = None, padding: str | Padding = "valid") -> None:
        self.window, self.padding = tuple(window), padding
        self.strides = tuple(strides) if strides is not None else self.window

    def forward(self, x: Operand) -> Operand:
        """See `max_pool`."""
        return max_pool(x, self.window, strides=self.strides, padding=_resolve(self.padding, x, self.window, self.strides))

    def describe(self) -> str:
        """`(2, 2), strides=(2, 2)`."""
        return f"{self.window}, strides={self.strides}"


class AveragePool(Module):
    """`average_pool`; strides are the window unless given.  Shape: (batch, *space, channels) -> (batch, *positions, channels)."""

    def __init__(
        self, window: Sequence[int], *, strides: Sequence[int] | None = None, padding: str | Padding = "valid", count_padding: bool = False
    ) -> None:
        self.window, self.padding, self.count_padding = tuple(window), padding, count_padding
        self.strides = tuple(strides) if strides is not None else self.window

    def forward(self, x: Operand) -> Operand:
        """See `average_pool`."""
        padding = _resolve(self.padding, x, self.window, self.strides)
        return average_pool(x, self.window, strides=self.strides, padding=padding, count_padding=self.count_padding)

    def describe(self) -> str:
        """`(2, 2), strides=(2, 2)`."""
        return f"{self.window}, strides={self.strides}"


def _resolve(padding: str | Padding, x: Operand, window: tuple[int, ...], strides: tuple[int, ...]) -> Padding:
    return named_padding(padding, tuple(x.shape[1:-1]), window, strides, (1,) * len(window)) if isinstance(padding, str) else padding


def _check(x: Operand, window: Sequence[int], strides: Sequence[int], padding: Padding) -> None:
    if len(x.shape) != len(window) + 2:
        raise ShapeError(
            f"the input has {len(x.shape)} axes, pooling over {len(window)} dimensions of space expects {len(window) + 2}",
            facts=(f"input   {tuple(x.shape)} {dtypes.name(x.dtype)}      window {tuple(window)}",),
            likely="the input is (batch, *space, channels)",
        )
    output_extents(tuple(x.shape[1:-1]), window, strides, padding, (1,) * len(window))

