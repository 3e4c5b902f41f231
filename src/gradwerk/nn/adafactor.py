"""Adafactor: second moments of matrices as an outer product of those of their rows and columns."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.optimizer import Around, Optimizer, Parameters
from gradwerk.nn.ranges import positive
from gradwerk.nn.updates import Operand
from gradwerk.ops.elementwise import add, cast, div, maximum, minimum, mul, rsqrt, sqrt, sub
from gradwerk.ops.functions import mean, power
from gradwerk.ops.movement import expand_dims
from gradwerk.tensor.once import once
from gradwerk.tensor.tensor import Parameter


@once
def adafactor(
    w: Operand, g: Operand, r: Operand, c: Operand, v: Operand, rate: Operand, share: Operand, epsilon: float, least_size: float,
    limit: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step, g^2 taken as g^2 + epsilon.

    Of matrices   r <- (1 - share) r + share mean(g^2 of rows);   c the same of columns;   v <- r c / mean(r);
    of others     v <- (1 - share) v + share g^2;
    u = g / sqrt(v);   w <- w - rate max(least_size, rms(w)) u / max(1, rms(u) / limit).
    Source: Shazeer and Stern, 2018, "Adafactor: adaptive learning rates with sublinear memory cost".
    """
    square = add(mul(g, g), epsilon)
    if len(w.shape) < 2:
        v = add(mul(v, sub(1.0, share)), mul(square, share))
    else:
        r = add(mul(r, sub(1.0, share)), mul(mean(square, (-1,)), share))
        c = add(mul(c, sub(1.0, share)), mul(mean(square, (-2,)), share))
        v = mul(expand_dims(div(r, mean(r, (-1,), keepdims=True)), -1), expand_dims(c, -2))
    step = mul(g, rsqrt(v))
    size = mul(rate, maximum(root_mean_square(w), least_size))
    return sub(w, mul(step, div(size, maximum(div(root_mean_square(step), limit), 1.0)))), r, c, v


def root_mean_square(x: Operand) -> Operand:
    """sqrt(mean(x^2)) of all elements."""
    return sqrt(mean(mul(x, x)))


class Adafactor(Optimizer):
    """Adafactor: Adam's second moments in the memory of a row and a column, steps of the size of what they change.

    Args:
        parameters, around: see `Optimizer`.
        learning_rate: that of a step is no more than 1 / sqrt(its number).
        decay_power: the share of the newest square in the second moments is step^decay_power, from below 0.
        epsilon: is added to squares.
        least_size: a parameter that is smaller counts as this large.
        limit: the largest root mean square of a step before it is scaled.

    Raises: ArgumentError for a number out of range.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, decay_power: float = -0.8, epsilon: float = 1e-30,
        least_size: float = 1e-3, limit: float = 1.0, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        if not decay_power <= 0:
            raise ArgumentError(f"Adafactor: decay_power is not above 0, this is {decay_power}")
        self.decay_power, self.epsilon = decay_power, positive("Adafactor", "epsilon", epsilon, zero=True)
        self.least_size, self.limit = positive("Adafactor", "least_size", least_size, zero=True), positive("Adafactor", "limit", limit)
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Second moments of rows and of columns, one number where there are none, and what follows from both."""
        return ("row_moment", "column_moment", "second_moment")

    def slot_shape(self, slot: str, parameter: Parameter) -> tuple[int, ...]:
        """A row or a column of a matrix; of many matrices those of each."""
        shape = tuple(parameter.shape)
        if slot == "second_moment":
            return shape
        if len(shape) < 2:
            return ()
        return shape[:-1] if slot == "row_moment" else (*shape[:-2], shape[-1])

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, that of the step, the share of the newest square)."""
        (rate,) = super().numbers_of_step()
        steps = cast(self.iterations, dtypes.float64)
        return rate, minimum(cast(rate, dtypes.float64), rsqrt(steps)), power(steps, np.float64(self.decay_power))

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `adafactor`."""
        (r, c, v), (rate, of_step, share) = slots, numbers
        w = self.decay.parameter(w, rate)
        return adafactor(w, g, r, c, v, of_step, share, self.epsilon, self.least_size, self.limit)
