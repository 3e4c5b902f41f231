"""Relatives of Adam: other norms, momentum that looks ahead, a warm-up that follows from the variance, steps as large as the weights."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.nn.optimizer import Around, Optimizer, Parameters
from gradwerk.nn.ranges import fraction, positive
from gradwerk.nn.updates import Operand
from gradwerk.ops.compare import equal, greater
from gradwerk.ops.elementwise import abs_, add, cast, div, maximum, mul, sqrt, sub, where
from gradwerk.ops.functions import power
from gradwerk.ops.norms import norm
from gradwerk.tensor.once import once


class Moments(Optimizer):
    """What rules with running means of the gradient and of its size hold.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        beta_1: the share of the mean gradient that stays.
        beta_2: the share of the mean size that stays.
        epsilon: what keeps a quotient finite.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7,
        **around: Unpack[Around],
    ) -> None:  # fmt: skip
        owner = type(self).__name__
        self.beta_1, self.beta_2 = fraction(owner, "beta_1", beta_1), fraction(owner, "beta_2", beta_2)
        self.epsilon = positive(owner, "epsilon", epsilon, zero=True)
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The moments."""
        return ("first_moment", "second_moment")

    def corrections(self) -> tuple[Operand, Operand, Operand, Operand]:
        """(learning rate, step count, 1 - beta_1^t, 1 - beta_2^t), float64 but the first: 1 - beta_2 has only four digits in float32."""
        (rate,) = super().numbers_of_step()
        steps = cast(self.iterations, dtypes.float64)
        left = [sub(1.0, power(np.asarray(beta, np.float64), steps)) for beta in (self.beta_1, self.beta_2)]
        return rate, steps, left[0], left[1]


@once
def adamax(
    w: Operand, g: Operand, m: Operand, u: Operand, rate: Operand, epsilon: float, beta_1: float, beta_2: float, *, inside: bool
) -> tuple[Operand, ...]:
    """One step of Adamax, given learning_rate / (1 - beta_1^t).

    m <- beta_1 m + (1 - beta_1) g;   u <- max(beta_2 u, |g|);   w <- w - rate * m / (u + epsilon); `inside` the epsilon is added to |g|.
    Source: Kingma and Ba, 2014, section 7.1.
    """
    m, size = add(mul(m, beta_1), mul(g, 1.0 - beta_1)), abs_(g)
    u = maximum(mul(u, beta_2), add(size, epsilon) if inside else size)
    return sub(w, mul(rate, div(m, u if inside else add(u, epsilon)))), m, u


class Adamax(Moments):
    """Adam with the largest gradient in the place of the root mean square; `epsilon_inside`: it is added to the size of each (torch)."""

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, epsilon_inside: bool = False, **options: Any,  # noqa: ANN401  those of Moments
    ) -> None:  # fmt: skip
        self.epsilon_inside = epsilon_inside
        super().__init__(parameters, learning_rate, **options)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The mean gradient, and the largest one lately."""
        return ("first_moment", "largest_gradient")

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, corrected rate)."""
        rate, _, left, _ = self.corrections()
        return rate, div(cast(rate, dtypes.float64), left)

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `adamax`."""
        w = self.decay.parameter(w, numbers[0])
        return adamax(w, g, slots[0], slots[1], numbers[1], self.epsilon, self.beta_1, self.beta_2, inside=self.epsilon_inside)


@once
def nadam(
    w: Operand, g: Operand, m: Operand, v: Operand, product: Operand, rate: Operand, now: Operand, following: Operand, left: Operand,
    epsilon: float, beta_1: float, beta_2: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of Nadam, given the momentum `now` and of the `following` step, and 1 - beta_2^t.

    product <- product * now;   m <- beta_1 m + (1 - beta_1) g;   v <- beta_2 v + (1 - beta_2) g^2;
    w <- w - rate * ((1 - now) / (1 - product) g + following / (1 - product * following) m) / (sqrt(v / left) + epsilon).
    Source: Dozat, 2016, "Incorporating Nesterov momentum into Adam".
    """
    product = mul(product, now)
    m, v = add(mul(m, beta_1), mul(g, 1.0 - beta_1)), add(mul(v, beta_2), mul(mul(g, g), 1.0 - beta_2))
    ahead = add(
        mul(g, div(sub(1.0, now), sub(1.0, product))), mul(m, div(following, sub(1.0, mul(product, following))))
    )  # fmt: skip
    return sub(w, mul(rate, div(ahead, add(sqrt(div(v, left)), epsilon)))), m, v, product


class Nadam(Moments):
    """Adam with Nesterov's momentum, which grows to beta_1: beta_1 (1 - 0.96^(t * momentum_decay) / 2) at step t."""

    numbers_kept = ("momentum_product",)

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, momentum_decay: float = 1.0, **options: Any,  # noqa: ANN401  those of Moments
    ) -> None:  # fmt: skip
        self.momentum_decay = positive("Nadam", "momentum_decay", momentum_decay, zero=True)
        super().__init__(parameters, learning_rate, **options)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The moments, and the product of the momentum of all steps, one number."""
        return ("first_moment", "second_moment", "momentum_product")

    def slot_start(self, slot: str) -> float:
        """A product of nothing is 1; after some hundred steps it is 0, and stays so."""
        return 1.0 if slot == "momentum_product" else 0.0

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, momentum of this step, of the next one, 1 - beta_2^t)."""
        rate, steps, _, left = self.corrections()
        base = np.asarray(0.96**self.momentum_decay, np.float64)
        now, following = (mul(sub(1.0, mul(power(base, count), 0.5)), self.beta_1) for count in (steps, add(steps, 1.0)))
        return rate, now, following, left

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `nadam`."""
        (m, v, product), (rate, now, following, left) = slots, numbers
        w = self.decay.parameter(w, rate)
        return nadam(w, g, m, v, product, rate, now, following, left, self.epsilon, self.beta_1, self.beta_2)


@once
def radam(
    w: Operand, g: Operand, m: Operand, v: Operand, rate: Operand, rectified: Operand, epsilon: float, beta_1: float, beta_2: float
) -> tuple[Operand, ...]:
    """One step of RAdam, given learning_rate / (1 - beta_1^t) and the rectification, 0 where the variance is not known yet.

    m <- beta_1 m + (1 - beta_1) g;   v <- beta_2 v + (1 - beta_2) g^2;   w <- w - rate * m * rectified / (sqrt(v) + epsilon), and
    w <- w - rate * m as long as that is 0.   Source: Liu et al., 2019, "On the variance of the adaptive learning rate and beyond".
    """
    m, v = add(mul(m, beta_1), mul(g, 1.0 - beta_1)), add(mul(v, beta_2), mul(mul(g, g), 1.0 - beta_2))
    step = mul(m, rate)
    adapted = div(mul(step, rectified), add(sqrt(v), epsilon))
    return sub(w, where(greater(rectified, 0), adapted, step)), m, v


class RAdam(Moments):
    """Adam that goes without the second moment until its variance is bounded."""

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, corrected rate, rectification times sqrt(1 - beta_2^t))."""
        rate, steps, left_1, left_2 = self.corrections()
        most = 2.0 / (1.0 - self.beta_2) - 1.0
        length = sub(most, div(mul(mul(steps, 2.0), sub(1.0, left_2)), left_2))
        known = greater(length, 5.0)
        held = where(known, length, most)
        ratio = div(mul(mul(sub(held, 4.0), sub(held, 2.0)), most), mul(held, (most - 4.0) * (most - 2.0)))
        rectified = where(known, sqrt(mul(where(known, ratio, 1.0), left_2)), 0.0)
        return rate, div(cast(rate, dtypes.float64), left_1), rectified

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `radam`."""
        w = self.decay.parameter(w, numbers[0])
        return radam(w, g, slots[0], slots[1], numbers[1], numbers[2], self.epsilon, self.beta_1, self.beta_2)


@once
def lamb(
    w: Operand, g: Operand, m: Operand, v: Operand, rate: Operand, left_1: Operand, left_2: Operand, epsilon: float, beta_1: float,
    beta_2: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of LAMB, given 1 - beta^t of both: Adam's step in the size of the parameter.

    step = (m / left_1) / (sqrt(v / left_2) + epsilon);   w <- w - rate * step * |w| / |step|, where both norms are above 0.
    Source: You et al., 2019, "Large batch optimization for deep learning"; without the weight decay in the step, as in Keras.
    """
    m, v = add(mul(m, beta_1), mul(g, 1.0 - beta_1)), add(mul(v, beta_2), mul(mul(g, g), 1.0 - beta_2))
    step = div(div(m, left_1), add(sqrt(div(v, left_2)), epsilon))
    sizes = norm(w), norm(step)
    nothing = equal(mul(*sizes), 0)
    ratio = where(nothing, 1, div(sizes[0], where(nothing, 1, sizes[1])))
    return sub(w, mul(step, mul(ratio, rate))), m, v


class Lamb(Moments):
    """Adam with steps as large as the weights of a layer are."""

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, 1 - beta_1^t, 1 - beta_2^t)."""
        rate, _, left_1, left_2 = self.corrections()
        return rate, left_1, left_2

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `lamb`."""
        (m, v), (rate, left_1, left_2) = slots, numbers
        w = self.decay.parameter(w, rate)
        return lamb(w, g, m, v, rate, left_1, left_2, self.epsilon, self.beta_1, self.beta_2)
