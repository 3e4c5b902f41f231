"""Rules that take the direction of a gradient and not its size: by sign, or as the nearest orthogonal matrix."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Unpack

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.optimizer import Around, Optimizer, Parameters, named
from gradwerk.nn.ranges import count, fraction, positive, share
from gradwerk.nn.updates import Decay, Operand, adam
from gradwerk.ops.compare import equal, less
from gradwerk.ops.elementwise import add, cast, div, maximum, mul, sign, sqrt, sub, where
from gradwerk.ops.functions import clip, matmul, power
from gradwerk.ops.movement import transpose
from gradwerk.ops.norms import norm
from gradwerk.tensor.once import once
from gradwerk.tensor.tensor import Parameter


@once
def lion(w: Operand, g: Operand, m: Operand, learning_rate: Operand, beta_1: float, beta_2: float) -> tuple[Operand, Operand]:
    """One step of Lion.   w <- w - learning_rate * sign(beta_1 m + (1 - beta_1) g);   m <- beta_2 m + (1 - beta_2) g.

    Source: Chen et al., 2023, "Symbolic discovery of optimization algorithms".
    """
    step = sign(add(mul(m, beta_1), mul(g, 1.0 - beta_1)))
    return sub(w, mul(step, learning_rate)), add(mul(m, beta_2), mul(g, 1.0 - beta_2))


class Lion(Optimizer):
    """Lion: the sign of a mean that leans towards the last gradient.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        beta_1: the share of the mean in the step.
        beta_2: the share of the mean that stays.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, beta_1: float = 0.9, beta_2: float = 0.99, **around: Unpack[Around]
    ) -> None:
        self.beta_1, self.beta_2 = share("Lion", "beta_1", beta_1), share("Lion", "beta_2", beta_2)
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The mean gradient."""
        return ("momentum",)

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `lion`."""
        w = self.decay.parameter(w, numbers[0])
        return lion(w, g, slots[0], numbers[0], self.beta_1, self.beta_2)


@once
def rprop(
    w: Operand, g: Operand, before: Operand, size: Operand, first: Operand, less_by: float, more_by: float, least: float, most: float
) -> tuple[Operand, ...]:
    """One step of Rprop.  A size below 0 is that before any step: `first`.

    size <- size * more_by where g has the sign that it had `before`, * less_by where it has the other one, within [least, most];
    w <- w - sign(g) * size, but where the sign changed, which then is forgotten;   before <- g.
    Source: Riedmiller and Braun, 1993, "A direct adaptive method for faster backpropagation learning: the RPROP algorithm".
    """
    turned = sign(mul(g, before))
    size = where(less(size, 0), first, size)
    size = clip(where(equal(turned, 0), size, where(less(turned, 0), mul(size, less_by), mul(size, more_by))), least, most)
    g = where(less(turned, 0), 0, g)
    return sub(w, mul(sign(g), size)), g, size


class Rprop(Optimizer):
    """Resilient backpropagation: each weight has a step size of its own; for full batches.

    Raises: ArgumentError for factors not on both sides of 1, or sizes out of order.

    Args:
        parameters, around: see `Optimizer`.
        learning_rate: the first size of all steps; it says nothing later.
        factors: what a size is multiplied by where the sign of the gradient changed, below 1, and where it did not, above 1.
        sizes: the smallest and the largest step.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.01, *, factors: tuple[float, float] = (0.5, 1.2),
        sizes: tuple[float, float] = (1e-6, 50.0), **around: Unpack[Around],
    ) -> None:  # fmt: skip
        if not 0.0 < factors[0] < 1.0 < factors[1]:
            raise ArgumentError("Rprop: the factors are between 0 and 1, and above 1", facts=(f"factors {factors}",))
        if not 0.0 < sizes[0] <= sizes[1]:
            raise ArgumentError("Rprop: the sizes are above 0, the smaller one first", facts=(f"sizes {sizes}",))
        self.factors, self.sizes = factors, sizes
        super().__init__(parameters, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The gradient before, and the sizes of steps."""
        return ("gradient_before", "step_size")

    def slot_start(self, slot: str) -> float:
        """The first size is the learning rate then, which may be 0: no size is below."""
        return -1.0 if slot == "step_size" else 0.0

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """See `rprop`."""
        w = self.decay.parameter(w, numbers[0])
        return rprop(w, g, slots[0], slots[1], numbers[0], *self.factors, *self.sizes)


def orthogonalized(x: Operand, factors: tuple[float, float, float], steps: int, epsilon: float) -> Operand:
    """Nearly the orthogonal matrix that is nearest to x: singular values around 1, between 0.7 and 1.2.

    By a polynomial of x x^T, again and again.  Shape: x (rows, columns), kept.
    Source: Jordan et al., 2024, "Muon: an optimizer for hidden layers in neural networks".
    """
    a, b, c = factors
    wide = x.shape[0] <= x.shape[1]
    x = x if wide else transpose(x, (1, 0))
    x = div(x, maximum(norm(x), epsilon))
    for _ in range(steps):
        gram = matmul(x, transpose(x, (1, 0)))
        x = add(mul(x, a), matmul(add(mul(gram, b), mul(matmul(gram, gram), c)), x))
    return x if wide else transpose(x, (1, 0))


class Muon(Optimizer):
    """Momentum made orthogonal, for matrices; parameters of other ranks follow Adam.

    Args:
        parameters, learning_rate, around: see `Optimizer`.
        momentum: the share of the velocity that stays.
        nesterov: looks ahead by the momentum.
        factors: of the polynomial.
        steps: how often it is applied.
        epsilon: below it a norm counts as this.
        by_size: the learning rate is multiplied by 0.2 sqrt(max(rows, columns)), so that steps have the size of Adam's; otherwise by
            sqrt(max(1, rows / columns)).  A number stands for the 0.2, None for a rate that is not multiplied.
        betas: those of Adam, for other parameters.
        others: which parameters follow Adam besides, by path.
        ratio: what the learning rate of those that follow Adam is multiplied by.
        decay_of_others: their decay; None is that of all.
        of_sums: the velocity is a sum of gradients, not a mean.
    """

    def __init__(
        self, parameters: Parameters, learning_rate: float = 0.001, *, momentum: float = 0.95, nesterov: bool = True,
        factors: tuple[float, float, float] = (3.4445, -4.775, 2.0315), steps: int = 5, epsilon: float = 1e-7,
        by_size: bool | float | None = False, betas: tuple[float, float] = (0.9, 0.999), others: Callable[[str], bool] | None = None,
        ratio: float = 1.0, decay_of_others: Decay | None = None, of_sums: bool = False, **around: Unpack[Around],
    ) -> None:  # fmt: skip
        self.momentum, self.nesterov, self.factors = fraction("Muon", "momentum", momentum), nesterov, factors
        self.steps, self.epsilon, self.by_size = count("Muon", "steps", steps), positive("Muon", "epsilon", epsilon), by_size
        self.betas = fraction("Muon", "betas", betas[0]), fraction("Muon", "betas", betas[1])
        self.ratio, self.decay_of_others, self.of_sums = positive("Muon", "ratio", ratio, zero=True), decay_of_others, of_sums
        targets = named(parameters)
        self.others = frozenset(id(p) for path, p in targets.items() if others is not None and others(path))
        super().__init__(targets, learning_rate, **around)

    @property
    def slot_names(self) -> tuple[str, ...]:
        """The mean gradient; the second moment of what is no matrix, one number where it is one."""
        return ("momentum_buffer", "second_moment")

    def slot_shape(self, slot: str, parameter: Parameter) -> tuple[int, ...]:
        """Nothing is kept of the second moment of a matrix."""
        is_matrix = len(parameter.shape) == 2 and id(parameter) not in self.others
        return () if slot == "second_moment" and is_matrix else parameter.shape

    def numbers_of_step(self) -> tuple[Operand, ...]:
        """(learning rate, Adam's corrected rate)."""
        (rate,) = super().numbers_of_step()
        steps = cast(self.iterations, dtypes.float64)
        left = [sub(1.0, power(np.asarray(beta, np.float64), steps)) for beta in self.betas]
        return rate, div(mul(mul(cast(rate, dtypes.float64), self.ratio), sqrt(left[1])), left[0])

    def rule(self, w: Operand, g: Operand, slots: tuple[Operand, ...], numbers: tuple[Operand, ...]) -> tuple[Operand, ...]:
        """m <- momentum m + (1 - momentum) g; w <- w - rate * orthogonalized(m), with Nesterov's form of (1 - momentum) g + momentum m."""
        (m, v), (rate, corrected) = slots, numbers
        if len(w.shape) != 2 or v.shape == w.shape:
            w = (self.decay_of_others or self.decay).parameter(w, rate)
            return adam(w, g, m, v, corrected, self.epsilon, *self.betas)
        w, share = self.decay.parameter(w, rate), 1.0 if self.of_sums else 1.0 - self.momentum
        m = add(mul(m, self.momentum), mul(g, share))
        ahead = add(mul(m, self.momentum), mul(g, share)) if self.nesterov else m
        step = orthogonalized(ahead, self.factors, self.steps, self.epsilon)
        return sub(w, mul(step, mul(rate, self.size(*w.shape)))), m, v

    def size(self, rows: int, columns: int) -> float:
        """What the learning rate of a matrix is multiplied by."""
        if self.by_size is None:
            return 1.0
        if self.by_size is False:
            return math.sqrt(max(1.0, rows / columns))
        return (0.2 if self.by_size is True else self.by_size) * math.sqrt(max(rows, columns))
