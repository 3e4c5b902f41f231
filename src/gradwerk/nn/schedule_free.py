"""AdamW without a schedule: the parameters stand between where gradients are followed and the mean of where that was."""

from __future__ import annotations

from typing import Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.nn.optimizer import Around, Optimizer, Parameters
from gradwerk.nn.ranges import count, fraction, positive
from gradwerk.nn.updates import Operand
from gradwerk.ops.elementwise import add, cast, div, minimum, mul, sqrt, sub
from gradwerk.ops.functions import power
from gradwerk.tensor.grad import alike
from gradwerk.tensor.once import once
from gradwerk.tensor.tensor import Tensor


@once
def schedule_free_adamw(
    w: Operand, g: Operand, z: Operand, v: Operand, rate: Operand, correction: Operand, share: Operand, beta_1: float, beta_2: float,
    epsilon: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of w, which is (1 - beta_1) z + beta_1 x of the point z and the mean x of all of them.

    v <- beta_2 v + (1 - beta_2) g^2;   z <- z - rate g / (sqrt(v / correction) + epsilon);   x <- (1 - share) x + share z.
    Source: Defazio et al., 2024, "The road less scheduled".
    """
    x = div(sub(w, mul(z, 1.0 - beta_1)), beta_1)
    v = add(mul(v, beta_2), mul(mul(g, g), 1.0 - beta_2))
    z = sub(z, div(mul(g, rate), add(sqrt(div(v, correction)), epsilon)))
    x = add(mul(x, sub(1.0, share)), mul(z, share))
    return add(mul(z, 1.0 - beta_1), mul(x, beta_1)), z, v


class ScheduleFreeAdamW(Optimizer):
    """AdamW of a constant rate, with the mean of all points in the place of a schedule; the share of step t is 1 / t.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        beta_1: how near to the mean the parameters are; above 0.
        beta_2: the share of the mean square that stays.
        epsilon: beside the root.
        warm_up: so many steps, in which the rate grows from 0.

    Raises: ArgumentError for a number out of range.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.0025, *, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-8,
        warm_up: int = 0, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        self.beta_1 = positive("ScheduleFreeAdamW", "beta_1", fraction("ScheduleFreeAdamW", "beta_1", beta_1))
        self.beta_2, self.epsilon = fraction("ScheduleFreeAdamW", "beta_2", beta_2), positive("ScheduleFreeAdamW", "epsilon", epsilon)
        self.warm_up = count("ScheduleFreeAdamW", "warm_up", warm_up, 0)
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The point, which begins where the parameter is, and the mean square."""
        return ("point", "mean_square")

    def empty_slot(self, slot: str) -> list[Tensor]:
        """What a slot holds before the first step."""
        if slot != "point":
            return super().empty_slot(slot)
        return [alike(Tensor(p.numpy()), p) for p in self.targets.values()]

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, that of the step, 1 - beta_2^t, 1 / t)."""
        (rate,) = super().numbers_of_step()
        steps = cast(self.iterations, dtypes.float64)
        wide = cast(rate, dtypes.float64)
        of_step = mul(wide, minimum(div(steps, float(self.warm_up)), 1.0)) if self.warm_up else wide
        return rate, of_step, sub(1.0, power(np.float64(self.beta_2), steps)), div(np.float64(1.0), steps)

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `schedule_free_adamw`."""
        (z, v), (rate, of_step, correction, share) = slots, numbers
        w = self.decay.parameter(w, rate)
        return schedule_free_adamw(w, g, z, v, of_step, correction, share, self.beta_1, self.beta_2, self.epsilon)
