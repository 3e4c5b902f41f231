"""Rules of online learning: averaged gradient descent, and following the regularised leader."""

from __future__ import annotations

from typing import Unpack

from gradwerk.nn.optimizer import Around, Optimizer, Parameters
from gradwerk.nn.ranges import positive
from gradwerk.nn.updates import Operand
from gradwerk.ops.compare import equal, less
from gradwerk.ops.elementwise import add, cast, div, maximum, mul, sub, where
from gradwerk.ops.functions import clip, power
from gradwerk.tensor.once import once


@once
def asgd(
    w: Operand, g: Operand, average: Operand, eta: Operand, share: Operand, first: Operand, following: Operand, new_share: Operand,
    strength: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of averaged gradient descent.  An eta below 0 is that before any step: `first`.

    w <- (1 - strength * eta) w - eta g;   average <- average + share (w - average);   then eta <- following, share <- new_share.
    Source: Polyak and Juditsky, 1992; Bottou, 2012, "Stochastic gradient descent tricks", for the rate.
    """
    eta = where(less(eta, 0), first, eta)
    w = sub(mul(w, sub(1.0, mul(eta, strength))), mul(g, eta))
    average = where(equal(share, 1), w, add(average, mul(sub(w, average), share)))
    return w, average, mul(following, 1.0), mul(new_share, 1.0)


class ASGD(Optimizer):
    """Gradient descent with a falling rate, and the average of the parameters behind step `begin` in a slot.

    The rate of step t + 1 is learning_rate / (1 + strength * learning_rate * t)^exponent.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        strength: of the decay that the rule has by itself, and of that of the rate (torch's lambd).
        exponent: of the fall of the rate (torch's alpha).
        begin: the average is that of steps begin + 2 and later (torch's t0); before it is the parameter.
    """

    numbers_kept = ("rate_now", "share")

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.01, *, strength: float = 0.0, exponent: float = 0.75, begin: float = 1e6,
        **around: Unpack[Around],
    ) -> None:  # fmt: skip
        self.strength, self.exponent = positive("ASGD", "strength", strength, zero=True), positive("ASGD", "exponent", exponent, zero=True)
        self.begin = begin
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The average; the rate and the share of the next step, one number each."""
        return ("averaged", "rate_now", "share")

    def slot_start(self, slot: str) -> float:
        """The first share is 1, the first rate the learning rate then, which may be 0: no rate is below."""
        return {"rate_now": -1.0, "share": 1.0}.get(slot, 0.0)

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, rate of the next step, share of the next step)."""
        (rate,) = super().numbers_of_step()
        steps = cast(self.iterations, rate.dtype)
        falling = power(add(mul(mul(rate, steps), self.strength), 1.0), -self.exponent)
        return rate, mul(rate, falling), div(1.0, maximum(sub(steps, self.begin), 1.0))

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `asgd`."""
        w = self.decay.parameter(w, numbers[0])
        (average, eta, share), (first, following, new_share) = slots, numbers
        return asgd(w, g, average, eta, share, first, following, new_share, self.strength)


@once
def ftrl(
    w: Operand, g: Operand, total: Operand, linear: Operand, rate: Operand, exponent: float, l1: float, l2: float, shrinkage: float,
    beta: float,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of FTRL-proximal: the parameter follows from sums over all gradients, and is 0 where those are below l1.

    new = total + g^2;   linear <- linear + g + 2 shrinkage w - (new^-exponent - total^-exponent) / rate * w;
    w <- (clip(linear, -l1, l1) - linear) / (new^-exponent / rate + 2 l2 + beta / rate);   total <- new.
    Source: McMahan et al., 2013, "Ad click prediction: a view from the trenches".
    """
    new = add(total, mul(g, g))
    roots = [power(x, -exponent) for x in (new, total)]
    slope = add(g, mul(w, 2.0 * shrinkage)) if shrinkage else g
    linear = add(linear, sub(slope, mul(div(sub(*roots), rate), w)))
    curvature = add(div(add(roots[0], beta), rate), 2.0 * l2)
    return div(sub(clip(linear, -l1, l1), linear), curvature), new, linear


class Ftrl(Optimizer):
    """Follow the regularised leader; made for few of many weights that are not 0.

    A decoupled decay before the rule changes what the sums say, not the weight itself.

    Args:
        parameters, learning_rate, around: see `Optimizer`; the learning rate is above 0.
        exponent: of the sum of squares, not above 0.
        start: what the sum of squares begins with.
        l1, l2: strengths of the penalties.
        shrinkage: of a penalty on the gradient only.
        beta: added to the root of the sum of squares.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, exponent: float = -0.5, start: float = 0.1, l1: float = 0.0,
        l2: float = 0.0, shrinkage: float = 0.0, beta: float = 0.0, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        self.exponent = -positive("Ftrl", "-exponent", -exponent, zero=True)
        self.start, self.l1, self.l2 = (positive("Ftrl", *x, zero=True) for x in (("start", start), ("l1", l1), ("l2", l2)))
        self.shrinkage, self.beta = positive("Ftrl", "shrinkage", shrinkage, zero=True), positive("Ftrl", "beta", beta, zero=True)
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The sum of squares, and that of gradients less what the parameter said."""
        return ("sum_of_squares", "linear")

    def slot_start(self, slot: str) -> float:
        """What was asked for."""
        return self.start if slot == "sum_of_squares" else 0.0

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `ftrl`."""
        w = self.decay.parameter(w, numbers[0])
        return ftrl(w, g, slots[0], slots[1], numbers[0], self.exponent, self.l1, self.l2, self.shrinkage, self.beta)
