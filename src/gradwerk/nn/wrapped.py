"""What stands around a whole update rule: gradients that are added up over several steps, losses that are scaled.

Both say what an update writes, and choose for each element between that and what is there: a step stays one compiled program.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.nn.module import Module
from gradwerk.nn.optimizer import Optimizer
from gradwerk.nn.ranges import count, positive
from gradwerk.ops.compare import equal, less, logical_and, logical_not
from gradwerk.ops.elementwise import abs_, add, cast, div, mul, where
from gradwerk.ops.functions import floor_divide, remainder
from gradwerk.ops.truths import reduce_all
from gradwerk.tensor.tensor import Parameter, Tensor
from gradwerk.tensor.whole import Part, Writes, update_all

Operand = Any
"""An array, a Value or a Tensor."""


class Wrapped(Module):
    """An optimizer around another one.  A subclass says what its update writes: `parts`."""

    inner: Optimizer | Wrapped

    @property
    def targets(self) -> dict[str, Parameter]:
        """The parameters, by path."""
        return self.inner.targets

    @property
    def learning_rate(self) -> Tensor:
        """The inner rule's."""
        return self.inner.learning_rate

    def scaled(self, loss: Operand) -> Operand:
        """The loss whose gradients `apply` is given."""
        return self.inner.scaled(loss)

    def parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """An update in parts, in their order (tensor/whole.py)."""
        raise ArgumentError(f"{type(self).__name__} says no update")

    def apply(self, gradients: Sequence[Tensor | None]) -> None:
        """One update in place; a parameter without a gradient, or frozen, stays as it is.

        Raises: ArgumentError when the number of gradients is not that of the parameters.
        """
        if len(gradients) != len(self.targets):
            raise ArgumentError(f"{len(gradients)} gradients for {len(self.targets)} parameters")
        self.update([g if w.requires_grad else None for w, g in zip(self.targets.values(), gradients, strict=True)])

    def update(self, gradients: Sequence[Tensor | None]) -> None:
        """The same of all that have a gradient, frozen or not."""
        update_all([WrappedStep(self, gradients)])

    def finish(self) -> None:
        """What comes behind the last step."""
        self.inner.finish()


class WrappedStep:
    """One update of a wrapped optimizer (tensor/whole.py): nobody knows beforehand what it reads."""

    def __init__(self, optimizer: Updates, gradients: Sequence[Tensor | None]) -> None:
        self.optimizer, self.gradients = optimizer, gradients

    def parts(self) -> list[Part]:
        """See `Wrapped.parts`."""
        return self.optimizer.parts(self.gradients)

    def trusted(self) -> bool:
        """No."""
        return False

    def said(self) -> object:
        """Nothing."""
        return None

    def written(self) -> list[Tensor]:
        """Nothing is said."""
        return []

    def read(self) -> list[Tensor]:
        """Nothing is said."""
        return []


def where_so(condition: Operand, part: Part) -> Part:
    """A part whose writes are made where a condition holds; elsewhere what is there stays, whatever was computed."""

    def made() -> Writes:
        return [(tensor, where(condition, cast(value, tensor.dtype), tensor)) for tensor, value in part()]

    return made


class Accumulated(Wrapped):
    """Adds up gradients, and updates by their mean at every so many steps.

    Averages of parameters go on at each step, as in Keras: in them a parameter counts as often as it was there.

    Args:
        inner: what updates.  Its schedule, where it has one, is of the number of updates.
        every: so many steps are one update.
    """

    def __init__(self, inner: Optimizer, every: int) -> None:
        self.inner: Optimizer = inner
        self.every = count("Accumulated", "every", every)
        self.steps = Tensor(np.asarray(0, np.int64))
        self.sums = [Tensor(np.zeros(p.shape, p.dtype)) for p in inner.targets.values()]

    def parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """The update where one is due, the sums, the count, averages."""
        due = equal(remainder(add(self.steps, 1), self.every), 0)
        round_ = add(floor_divide(self.steps, self.every), 1)
        with_sums = [None if g is None else add(g, held) for g, held in zip(gradients, self.sums, strict=True)]
        means = [None if total is None else div(total, float(self.every)) for total in with_sums]
        parts = [where_so(due, part) for part in self.inner.update_parts(means)]
        sums = [(held, where(due, np.zeros((), held.dtype), total)) for held, total in zip(self.sums, with_sums, strict=True)
                if total is not None]  # fmt: skip
        parts.append(lambda: [*sums, (self.steps, add(self.steps, 1))])
        return parts + self.inner.average_parts(round_)


class LossScaled(Wrapped):
    """Multiplies the loss, so that gradients of narrow floats do not vanish, and divides the gradients by the same number.

    Where a gradient is not finite, nothing is updated and the scale is halved; after so many updates in a row without that it is doubled.
    Without growth the scale stays, and nothing is looked at.
    Source: Micikevicius et al., 2018, "Mixed precision training".

    Args:
        inner: what updates.
        scale: the first one.
        growth_steps: after so many good updates the scale grows; None for a scale that stays.
    """

    def __init__(self, inner: Optimizer | Wrapped, scale: float = 2.0**15, growth_steps: int | None = 2000) -> None:
        self.inner = inner
        self.growth_steps = None if growth_steps is None else count("LossScaled", "growth_steps", growth_steps)
        self.scale = Tensor(np.asarray(positive("LossScaled", "scale", scale), np.float32))
        self.good_steps = Tensor(np.asarray(0, np.int64))

    def scaled(self, loss: Operand) -> Operand:
        """The loss, as large as its gradients are to be."""
        inner = self.inner.scaled(loss)
        return mul(inner, cast(self.scale, inner.dtype))

    def parts(self, gradients: Sequence[Tensor | None]) -> list[Part]:
        """The update where all gradients are finite; the scale and its count."""
        scaled_back = [None if g is None else div(g, cast(self.scale, g.dtype)) for g in gradients]
        if self.growth_steps is None:
            return self.inner.parts(scaled_back)
        there = [reduce_all(less(abs_(g), math.inf)) for g in gradients if g is not None]
        if not there:
            return self.inner.parts(scaled_back)
        finite = reduce(logical_and, there)
        grows = logical_and(finite, equal(self.good_steps, self.growth_steps - 1))
        scale = mul(self.scale, where(finite, where(grows, np.float32(2.0), np.float32(1.0)), np.float32(0.5)))
        steps = where(logical_and(finite, logical_not(grows)), add(self.good_steps, 1), np.int64(0))
        parts = [where_so(finite, part) for part in self.inner.parts(scaled_back)]
        parts.append(lambda: [(self.scale, scale), (self.good_steps, steps)])
        return parts


Updates = Optimizer | Wrapped
"""What a step can train with."""
