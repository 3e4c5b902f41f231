"""Dropout.  Source: Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.ops.activations import SELU_ALPHA, SELU_SCALE
from gradwerk.ops.elementwise import add, mul, where
from gradwerk.ops.from_bits import dropout as dropout_by_bits
from gradwerk.ops.from_bits import keep_mask
from gradwerk.tensor.random import Generator

Operand = Any
"""An array, a Value or a Tensor."""


def dropout(x: Operand, rate: float, generator: Generator) -> Operand:
    """y = x / (1 - rate) with probability 1 - rate, else 0: each element kept where its random bits are below (1 - rate) 2^32.

    Shape: any, kept.  The bits are a function of the generator's seed and counter, so compiled and eager drop the same elements.
    Raises: ArgumentError unless 0 <= rate <= 1.
    """
    _check(rate)
    return x if rate == 0 else dropout_by_bits(x, generator.bits(tuple(x.shape)), rate)


def shared_dropout(x: Operand, rate: float, generator: Generator, shape: Sequence[int]) -> Operand:
    """`dropout` with bits of a shape that broadcasts: along its extents of 1 all or none are kept.

    Shape: any, kept.  Raises: ArgumentError unless 0 <= rate <= 1.
    """
    _check(rate)
    if tuple(shape) == tuple(x.shape):
        return dropout(x, rate, generator)
    bits = generator.bits(tuple(shape))
    return x if rate == 0 else where(keep_mask(bits, rate), mul(x, 1 / (1 - rate) if rate < 1 else 0), 0)


def channel_dropout(x: Operand, rate: float, generator: Generator) -> Operand:
    """`dropout` of whole channels of each example.  Source: Tompson et al., arXiv:1411.4280.

    Shape: x (batch, channels, ...), kept.  Raises: ArgumentError.
    """
    return shared_dropout(x, rate, generator, _of_channels(x))


def _of_channels(x: Operand) -> tuple[int, ...]:
    """The shape of one number for each channel of each example."""
    return (*x.shape[:2], *(1,) * (x.ndim - 2))


def alpha_dropout(
    x: Operand, rate: float, generator: Generator, *, by_channel: bool = False, shape: Sequence[int] | None = None
) -> Operand:  # fmt: skip
    """a (x where it is kept, else SELU's least value) + b, of such a and b that mean 0 and variance 1 stay.

    Of whole channels too, or with bits of another shape that broadcasts.
    Shape: kept.  Source: Klambauer et al., arXiv:1706.02515.  Raises: ArgumentError.
    """
    _check(rate)
    whole = _of_channels(x) if by_channel else tuple(x.shape)
    kept = keep_mask(generator.bits(whole if shape is None else tuple(shape)), rate)
    if rate == 0:
        return x
    if rate == 1:
        return mul(x, 0)
    least = -SELU_ALPHA * SELU_SCALE
    factor = ((1 - rate) * (1 + rate * least**2)) ** -0.5
    moved = -factor * rate * least
    return where(kept, add(mul(x, factor), moved), dtypes.of_value(factor * least + moved, x.dtype))


def gaussian_noise(x: Operand, deviation: float, generator: Generator) -> Operand:
    """x and normal numbers of mean 0.  Shape, dtype: kept."""
    return add(x, generator.normal(tuple(x.shape), 0.0, deviation, x.dtype))


def gaussian_dropout(x: Operand, rate: float, generator: Generator) -> Operand:
    """x times normal numbers of mean 1 and variance rate / (1 - rate), that of dropout.  Source: Srivastava et al., 2014.

    Shape, dtype: kept.  Raises: ArgumentError unless 0 <= rate < 1.
    """
    if not 0 <= rate < 1:
        raise ArgumentError(f"the rate of gaussian dropout is below 1, this is {rate}")
    return mul(x, generator.normal(tuple(x.shape), 1.0, math.sqrt(rate / (1 - rate)), x.dtype))


def _check(rate: float) -> None:
    """Raises: ArgumentError unless 0 <= rate <= 1."""
    if not 0 <= rate <= 1:
        raise ArgumentError(f"a dropout rate lies between 0 and 1, this is {rate}")
