"""Dropout.  Source: Srivastava et al., 2014, "Dropout: a simple way to prevent neural networks from overfitting"."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.nn.module import Module
from gradwerk.ops.functions import dropout as dropout_by_bits
from gradwerk.tensor.random import Generator, fresh_seed

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


class Dropout(Module):
    """`dropout` while training, nothing otherwise.  Draws from a generator of its own, begun from the default one when it is made."""

    def __init__(self, rate: float, *, generator: Generator | None = None) -> None:
        if not 0 <= rate <= 1:
            raise ArgumentError(f"a dropout rate lies between 0 and 1, this is {rate}")
        self.rate, self.generator = rate, generator or Generator(fresh_seed())

    def forward(self, x: Operand) -> Operand:
        """See `dropout`."""
        return dropout(x, self.rate, self.generator) if self.training else x

    def describe(self) -> str:
        """`0.5`."""
        return str(self.rate)
