"""Rules that divide a step by the size of the gradients before: Adagrad, Adadelta, RMSprop.

Where the epsilon stands differs: below the root (Keras, and Adadelta's paper), or beside it (torch).  Both can be had.
"""

from __future__ import annotations

from typing import Unpack

from gradwerk.nn.optimizer import Around, Optimizer, Parameters
from gradwerk.nn.ranges import fraction, positive
from gradwerk.nn.updates import Operand
from gradwerk.ops.elementwise import add, cast, div, mul, sqrt, sub
from gradwerk.tensor.once import once


def rooted(x: Operand, epsilon: float, *, inside: bool) -> Operand:
    """sqrt(x + epsilon), or sqrt(x) + epsilon."""
    return sqrt(add(x, epsilon)) if inside else add(sqrt(x), epsilon)


@once
def rmsprop(
    w: Operand, g: Operand, v: Operand, mean: Operand | None, velocity: Operand | None, learning_rate: Operand, rho: float, momentum: float,
    epsilon: float, *, inside: bool = True, of_steps: bool = True,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of RMSprop: the new w, v, and of mean and velocity those that are there.

    v <- rho v + (1 - rho) g^2;   mean <- rho mean + (1 - rho) g;   step = learning_rate * g / sqrt(v - mean^2 + epsilon);
    w <- w - step, with momentum   velocity <- momentum * velocity + step;   w <- w - velocity.
    Not `inside` the root it is sqrt(v - mean^2) + epsilon; not `of_steps` the learning rate multiplies the velocity, not what it sums.
    Source: Hinton, 2012, "Neural networks for machine learning", lecture 6e; Graves, 2013, for the centred form.
    """
    v = add(mul(v, rho), mul(mul(g, g), 1.0 - rho))
    spread = v
    kept: tuple[Operand, ...] = (v,)
    if mean is not None:
        mean = add(mul(mean, rho), mul(g, 1.0 - rho))
        spread = sub(v, mul(mean, mean))
        kept += (mean,)
    step = div(mul(g, learning_rate) if of_steps else g, rooted(spread, epsilon, inside=inside))
    if velocity is not None:
        step = add(mul(velocity, momentum), step)
        kept += (step,)
    return (sub(w, step if of_steps else mul(step, learning_rate)), *kept)


class RMSprop(Optimizer):
    """RMSprop.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        rho: the share of the mean square that stays.
        momentum: the share of the last step that stays; 0 for none, and no slot.
        epsilon: below the root (Keras), or beside it (torch).
        centered: divides by the deviation instead of the root mean square.
        epsilon_inside: which of the two.
        velocity_of_steps: the velocity is a sum of steps (Keras), or of scaled gradients (torch); equal while the rate is constant.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7,
        centered: bool = False, epsilon_inside: bool = True, velocity_of_steps: bool = True, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        self.rho, self.momentum, self.epsilon, self.centered = rho, momentum, positive("RMSprop", "epsilon", epsilon, zero=True), centered
        self.epsilon_inside, self.velocity_of_steps = epsilon_inside, velocity_of_steps
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The mean square; the mean where centred; the velocity where there is momentum."""
        return ("mean_square", *(["mean"] if self.centered else []), *(["velocity"] if self.momentum else []))

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `rmsprop`."""
        held = dict(zip(self.slot_names, slots, strict=True))
        w = self.decay.parameter(w, numbers[0])
        given = held["mean_square"], held.get("mean"), held.get("velocity")
        ways = {"inside": self.epsilon_inside, "of_steps": self.velocity_of_steps}
        return rmsprop(w, g, *given, numbers[0], self.rho, self.momentum, self.epsilon, **ways)


@once
def adagrad(
    w: Operand, g: Operand, total: Operand, learning_rate: Operand, epsilon: float, *, inside: bool
) -> tuple[Operand, Operand]:  # fmt: skip
    """One step of Adagrad.   total <- total + g^2;   w <- w - learning_rate * g / sqrt(total + epsilon), or / (sqrt(total) + epsilon).

    Source: Duchi et al., 2011, "Adaptive subgradient methods for online learning and stochastic optimization".
    """
    total = add(total, mul(g, g))
    return sub(w, div(mul(g, learning_rate), rooted(total, epsilon, inside=inside))), total


class Adagrad(Optimizer):
    """Adagrad: steps become smaller, those along directions of large gradients soonest.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        start: what the sums begin with.
        epsilon: below the root (Keras), or beside it (torch).
        rate_decay: the learning rate of step t is divided by 1 + (t - 1) * rate_decay.
        epsilon_inside: where the epsilon stands.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, start: float = 0.1, epsilon: float = 1e-7, rate_decay: float = 0.0,
        epsilon_inside: bool = True, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        self.start, self.epsilon = (positive("Adagrad", *pair, zero=True) for pair in (("start", start), ("epsilon", epsilon)))
        self.rate_decay, self.epsilon_inside = positive("Adagrad", "rate_decay", rate_decay, zero=True), epsilon_inside
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The sum of squares."""
        return ("sum_of_squares",)

    def slot_start(self, slot: str) -> float:
        """What was asked for."""
        return self.start if slot == "sum_of_squares" else 0.0

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, decayed rate)."""
        (rate,) = super().numbers_of_step()
        if not self.rate_decay:
            return rate, rate
        steps = cast(sub(self.iterations, 1), rate.dtype)
        return rate, div(rate, add(mul(steps, self.rate_decay), 1.0))

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `adagrad`."""
        w = self.decay.parameter(w, numbers[0])
        return adagrad(w, g, slots[0], numbers[1], self.epsilon, inside=self.epsilon_inside)


@once
def adadelta(
    w: Operand, g: Operand, v: Operand, moved: Operand, learning_rate: Operand, rho: float, epsilon: float
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of Adadelta.

    v <- rho v + (1 - rho) g^2;   step = g * sqrt(moved + epsilon) / sqrt(v + epsilon);   moved <- rho moved + (1 - rho) step^2;
    w <- w - learning_rate * step.   Source: Zeiler, 2012, "ADADELTA: an adaptive learning rate method" (there the rate is 1).
    """
    v = add(mul(v, rho), mul(mul(g, g), 1.0 - rho))
    step = mul(g, div(sqrt(add(moved, epsilon)), sqrt(add(v, epsilon))))
    return sub(w, mul(step, learning_rate)), v, add(mul(moved, rho), mul(mul(step, step), 1.0 - rho))


class Adadelta(Optimizer):
    """Adadelta: a step has the size of the steps before, over that of the gradients.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        rho: the share of both mean squares that stays.
        epsilon: below both roots; the first steps are as large as it lets them be.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, rho: float = 0.95, epsilon: float = 1e-7, **around: Unpack[Around]
    ) -> None:
        self.rho, self.epsilon = fraction("Adadelta", "rho", rho), positive("Adadelta", "epsilon", epsilon, zero=True)
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """Mean squares of gradients and of steps."""
        return ("mean_square", "mean_square_of_steps")

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `adadelta`."""
        w = self.decay.parameter(w, numbers[0])
        return adadelta(w, g, slots[0], slots[1], numbers[0], self.rho, self.epsilon)
