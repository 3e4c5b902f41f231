"""The perceptron: one unit that learns from its mistakes.

Source: Rosenblatt, 1958, "The perceptron"; that it ends where a line separates the classes: Novikoff, 1962, "On convergence proofs on
perceptrons"; that it does not where none does (XOR): Minsky and Papert, 1969, "Perceptrons".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.jit.compile import compile as compiled
from gradwerk.jit.control import scan
from gradwerk.nn.module import Module
from gradwerk.ops.compare import greater, not_equal
from gradwerk.ops.elementwise import add, cast, mul, sub
from gradwerk.ops.reduction import reduce_sum
from gradwerk.tensor.tensor import Parameter, Tensor

Operand = Any
"""An array, a Value or a Tensor."""


class Perceptron(Module):
    """y = 1 where x . w + b > 0, else 0.

    Shape: x (..., inputs) -> (...).

    Args:
        inputs: The number of inputs, at least 1.
        rate: What a mistake moves the weights by: w <- w + rate (t - y) x.
    Raises: ArgumentError for a number of inputs or a rate that is not positive.
    """

    def __init__(self, inputs: int, *, rate: float = 1.0) -> None:
        if inputs < 1 or not rate > 0:
            raise ArgumentError(f"a perceptron has at least one input and a positive rate; got inputs={inputs}, rate={rate}")
        self.rate = rate
        self.weights = Parameter(np.zeros(inputs, np.float32))
        self.bias = Parameter(np.zeros((), np.float32))

    def forward(self, x: Operand) -> Operand:
        """Which side of the line each x is on, as 0 or 1."""
        return _side(x, self.weights, self.bias)

    def epochs(self, x: Operand, targets: Operand, most: int = 100) -> Iterator[int]:
        """Learns by Rosenblatt's rule, example after example: the number of mistakes of each epoch, the first without one the last.

        Shape: x (examples, inputs), targets (examples,) of 0 and 1.
        Raises: ShapeError where they do not fit.
        """
        x, targets = (cast(value if isinstance(value, Tensor) else Tensor(value), dtypes.float32) for value in (x, targets))
        if x.ndim != 2 or x.shape[1:] != self.weights.shape or targets.shape != x.shape[:1]:
            raise ShapeError(
                "a perceptron learns from a table and a target for each row",
                facts=(f"x {x.shape}, targets {targets.shape}, weights {self.weights.shape}",),
            )
        for _ in range(most):
            mistakes = int(self._epoch(x, targets).item())
            yield mistakes
            if mistakes == 0:
                return

    @compiled
    def _epoch(self, x: Operand, targets: Operand) -> Operand:
        """All examples in their order, one loop of native code; the number of mistakes."""

        def step(carry: tuple[Operand, Operand], example: tuple[Operand, Operand]) -> tuple[tuple[Operand, Operand], Operand]:
            weights, bias = carry
            row, target = example
            error = sub(target, _side(row, weights, bias))
            moved = mul(error, self.rate)
            return (add(weights, mul(moved, row)), add(bias, moved)), cast(not_equal(error, 0.0), dtypes.int64)

        (weights, bias), mistakes = scan(step, (self.weights.detach(), self.bias.detach()), (x, targets))
        self.weights.assign(weights)
        self.bias.assign(bias)
        return reduce_sum(mistakes)


def _side(x: Operand, weights: Operand, bias: Operand) -> Operand:
    return cast(greater(add(reduce_sum(mul(x, weights), (-1,)), bias), 0.0), x.dtype)
