"""Dropout.  Source: Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting"."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.ops.functions import dropout as dropout_by_bits
from gradwerk.tensor.random import Generator

Operand = Any
"""An array, a Value or a Tensor."""


def dropout(x: Operand, rate: float, generator: Generator) -> Operand:
    """y = x / (1 - rate) with probability 1 - rate, else 0: each element kept where its random bits are below (1 - rate) 2^32.

    Shape: any, kept.  The bits are a function of the generator's seed and counter, so compiled and eager drop the same elements.
    Raises: ArgumentError unless 0 <= rate <= 1.
    """
    if not 0 <= rate <= 1:
        raise ArgumentError(f"a dropout rate lies between 0 and 1, this is {rate}")
    return x if rate == 0 else dropout_by_bits(x, generator.bits(tuple(x.shape)), rate)
