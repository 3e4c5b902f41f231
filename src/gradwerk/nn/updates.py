"""Update rules as recurrences: pure functions of (parameter w, gradient g, its slots, the step's numbers).

Conventions in which Keras and torch differ are arguments, described at the rule.  What goes before a rule and behind it composes around it:
clipping.py, `Decay`, averaging.py, schedules.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gradwerk.ops.elementwise import add, div, maximum, mul, sqrt, sub
from gradwerk.tensor.once import once

Operand = Any
"""An array, a Value or a Tensor."""
ONE = 1.0


@dataclass(frozen=True)
class Decay:
    """Weight decay, coupled or decoupled.

        coupled     g <- g + rate * w                       (an L2 penalty; torch's SGD and Adam)
        decoupled   w <- w - learning_rate * rate * w       (Loshchilov and Hutter, 2017; torch's AdamW, Keras)
    """

    rate: float = 0.0
    decoupled: bool = False

    def gradient(self, w: Operand, g: Operand) -> Operand:
        """The gradient with a coupled penalty."""
        return add(g, mul(w, self.rate)) if self.rate and not self.decoupled else g

    def parameter(self, w: Operand, learning_rate: Operand) -> Operand:
        """The parameter after a decoupled decay."""
        return sub(w, mul(w, mul(learning_rate, self.rate))) if self.rate and self.decoupled else w


def descend(w: Operand, g: Operand, learning_rate: Operand) -> Operand:
    """w <- w - learning_rate * g."""
    return sub(w, mul(g, learning_rate))


@once
def momentum_of_steps(
    w: Operand, g: Operand, v: Operand, learning_rate: Operand, momentum: float, *, nesterov: bool
) -> tuple[Operand, Operand]:
    """Keras' momentum: the velocity is a step, the learning rate is in it.

    v <- momentum * v - learning_rate * g;   w <- w + v,   with Nesterov   w <- w + momentum * v - learning_rate * g.
    Source: Sutskever et al., 2013, "On the importance of initialization and momentum in deep learning".
    """
    step = mul(g, learning_rate)
    v = sub(mul(v, momentum), step)
    return add(w, sub(mul(v, momentum), step) if nesterov else v), v


@once
def momentum_of_gradients(
    w: Operand, g: Operand, v: Operand, learning_rate: Operand, momentum: float, *, nesterov: bool, share: Operand = ONE
) -> tuple[Operand, Operand]:
    """torch's momentum: the velocity is a sum of gradients, scaled by the learning rate when it is used.

    v <- momentum * v + share * g;   w <- w - learning_rate * v,   with Nesterov   w <- w - learning_rate * (g + momentum * v).
    The share is 1 - dampening, but 1 at the first step.
    """
    v = add(mul(v, momentum), g if share is ONE else mul(g, share))
    return descend(w, add(g, mul(v, momentum)) if nesterov else v, learning_rate), v


@once
def adam(
    w: Operand, g: Operand, m: Operand, v: Operand, rate: Operand, epsilon: Operand, beta_1: float, beta_2: float, *,
    largest: Operand | None = None,
) -> tuple[Operand, ...]:  # fmt: skip
    """One step of Adam, given the corrected rate and epsilon (`Adam.numbers_of_step`): the new w, m, v, and `largest` where that is there.

    m <- beta_1 m + (1 - beta_1) g;   v <- beta_2 v + (1 - beta_2) g^2;   w <- w - rate * m / (sqrt(v) + epsilon),
    with AMSGrad   largest <- max(largest, v)   in the place of v below the root.
    Source: Kingma and Ba, 2014, "Adam: a method for stochastic optimization"; Reddi et al., 2018, "On the convergence of Adam and beyond".
    """
    m = add(mul(m, beta_1), mul(g, 1.0 - beta_1))
    v = add(mul(v, beta_2), mul(mul(g, g), 1.0 - beta_2))
    kept: tuple[Operand, ...] = (m, v) if largest is None else (m, v, maximum(largest, v))
    return sub(w, mul(rate, div(m, add(sqrt(kept[-1]), epsilon)))), *kept
