"""Pooling in any number of dimensions, channels last: the largest or the mean of each window."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.nn.conv import Padding, named_padding, output_extents
from gradwerk.nn.module import Module
from gradwerk.nn.padding import padded
from gradwerk.ops import functions
from gradwerk.ops.arithmetic import cast, div, mul, stop_gradient, where
from gradwerk.ops.compare import equal, greater_equal, logical_and
from gradwerk.ops.movement import broadcast_to, expand_dims, reshape
from gradwerk.ops.precision import rounded_once
from gradwerk.ops.reduction import argmax, reduce_max, reduce_sum
from gradwerk.ops.source import arange
from gradwerk.ops.unfold import unfold_all
from gradwerk.ops.window import WindowMax, WindowMaxPick, WindowSum

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


@rounded_once
def average_pool_beyond(
    x: Operand, window: Sequence[int], *, strides: Sequence[int], padding: Padding, beyond: Sequence[int], count_padding: bool = False,
    divisor: int | None = None,
) -> Operand:  # fmt: skip
    """`average_pool` with so many places more behind the padding (see `ceil_beyond`), which never count; or the sum by a `divisor`."""
    low, high = (tuple(pair[end] for pair in padding) for end in range(2))
    behind = tuple(map(sum, zip(high, beyond, strict=True)))
    _check(x, window, strides, tuple(zip(low, behind, strict=True)))
    total = WindowSum((1, *window, 1), (1, *strides, 1), (0, *low, 0), (0, *behind, 0))(x)
    if divisor is not None:
        return div(total, divisor)
    scale = np.ones((1,) * x.ndim)
    for axis, (size, step, before, after) in enumerate(zip(window, strides, low, high, strict=True), 1):
        first, extent = np.arange(total.shape[axis]) * step - before, x.shape[axis]
        ends = (-before, extent + after) if count_padding else (0, extent)
        counted = np.minimum(first + size, ends[1]) - np.maximum(first, ends[0])
        scale = scale / counted.reshape([-1 if k == axis else 1 for k in range(x.ndim)])
    return mul(total, dtypes.converted(scale, x.dtype))


def ceil_beyond(
    space: Sequence[int], window: Sequence[int], strides: Sequence[int], padding: Padding, dilation: Sequence[int]
) -> tuple[int, ...]:
    """How many places behind the padding the last windows need, where the number of windows is rounded up.

    A window that would begin behind the input and its padding in front is none.
    """
    found = []
    for extent, size, step, (low, high), gap in zip(space, window, strides, padding, dilation, strict=True):
        reach = gap * (size - 1) + 1
        count = -((extent + low + high - reach) // -step) + 1
        count -= (count - 1) * step >= extent + low
        found.append(max((count - 1) * step + reach - extent - low - high, 0))
    return tuple(found)


def mean_of_steps(x: Operand, mask: Operand, axis: int, *, keepdims: bool = False) -> Operand:
    """The mean along an axis of the steps where the mask is True; of none NaN.

    Shape: x (batch, steps, channels) of axis 1, (batch, channels, steps) of axis 2, mask (batch, steps); result (batch, channels), with
    an axis of 1 where it is kept.
    """
    shown = cast(expand_dims(mask, 3 - axis), x.dtype)
    return div(reduce_sum(mul(x, shown), axis, keepdims=keepdims), reduce_sum(shown, axis, keepdims=keepdims))


def max_pool_with_places(
    x: Operand, window: Sequence[int], *, strides: Sequence[int], padding: Padding, dilation: Sequence[int]
) -> tuple[Operand, Operand]:
    """`max_pool` of windows that may have gaps (dilation), and where in space the largest lies, row-major; the first of equals.

    Shape: x (batch, *space, channels); results (batch, *positions, channels).  Dtype: kept; places int64.  Raises: ShapeError.
    """
    _check(x, window, strides, padding, dilation)
    if all(gap == 1 for gap in dilation):
        low, high = ((0, *(pair[end] for pair in padding), 0) for end in range(2))
        geometry = (1, *window, 1), (1, *strides, 1), low, high
        wide = cast(x, _holding(x))
        places = WindowMaxPick(*geometry)(stop_gradient(wide), positions(x, wide.dtype))
        return WindowMax(*geometry)(x), cast(places, dtypes.int64)
    rank = len(window)
    number = cast(positions(x, dtypes.int64), dtypes.int64)
    outside = [(0, 0), *padding, (0, 0)]
    parts = []
    for part, border in ((x, _lowest(x.dtype)), (number, -1)):
        wide = padded(part, outside, "constant", border)
        windows = unfold_all(wide, range(1, rank + 1), window, strides, dilation)
        parts.append(reshape(windows, (*windows.shape[: rank + 2], math.prod(window))))
    rows, numbers = parts
    inside = greater_equal(numbers, 0)
    nothing = equal(rows, _lowest(x.dtype))
    rank_of = where(logical_and(nothing, inside), 1, where(nothing, 0, 2))  # inside before the border, though all be -inf
    best = reduce_max(rank_of, -1, keepdims=True)
    place = argmax(where(equal(rank_of, best), where(equal(best, 2), rows, 0), _lowest(x.dtype)), -1, keepdims=True)
    chosen = equal(place, arange(math.prod(window), dtypes.int64, like=x))
    return reduce_sum(where(chosen, rows, 0), -1), reduce_sum(where(chosen, numbers, 0), -1)


def positions(x: Operand, dtype: dtypes.DType) -> Operand:
    """The number of each place in space, row-major, in the shape of x."""
    space = tuple(x.shape[1:-1])
    numbers = cast(arange(math.prod(space), dtypes.int64, like=x), dtype)
    return broadcast_to(reshape(numbers, (*space, 1)), tuple(x.shape))


def _holding(x: Operand) -> dtypes.DType:
    """A dtype that holds the elements of x in their order, and the numbers of places."""
    if not dtypes.is_float(x.dtype):
        return dtypes.int64
    many = math.prod(x.shape[1:-1]) > 1 << 24
    return dtypes.float64 if many else dtypes.accumulator(x.dtype)


def _lowest(dtype: dtypes.DType) -> float:
    return -math.inf if dtypes.is_float(dtype) else int(np.iinfo(dtype).min)


@rounded_once
def power_pool(x: Operand, window: Sequence[int], order: float, *, strides: Sequence[int], beyond: Sequence[int]) -> Operand:
    """(sum of x**order)**(1 / order) of each window; sums below 0 count as 0.  What a window covers behind x is made up for, as in PyTorch.

    Shape: x (batch, *space, channels); result (batch, *positions, channels).  Raises: ShapeError.
    """
    pads = ((0, 0),) * len(window)
    mean = average_pool_beyond(functions.power(x, order), window, strides=strides, padding=pads, beyond=beyond)
    return functions.power(mul(functions.relu(mean), math.prod(window)), 1 / order)


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


def _check(x: Operand, window: Sequence[int], strides: Sequence[int], padding: Padding, dilation: Sequence[int] | None = None) -> None:
    if len(x.shape) != len(window) + 2:
        raise ShapeError(
            f"the input has {len(x.shape)} axes, pooling over {len(window)} dimensions of space expects {len(window) + 2}",
            facts=(f"input   {tuple(x.shape)} {dtypes.name(x.dtype)}      window {tuple(window)}",),
            likely="the input is (batch, *space, channels)",
        )
    output_extents(tuple(x.shape[1:-1]), window, strides, padding, dilation or (1,) * len(window))

