"""A completely connected network that remembers.

Source: Hopfield, 1982, "Neural networks and physical systems with emergent collective computational abilities"; the projection rule, which
stores patterns that resemble each other: Personnaz, Guyon and Dreyfus, 1986, "Collective computational properties of neural networks".
"""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.jit.compile import compile as compiled
from gradwerk.jit.control import scan
from gradwerk.nn.module import Module
from gradwerk.ops.compare import equal, greater_equal
from gradwerk.ops.elementwise import mul, where
from gradwerk.ops.functions import matmul
from gradwerk.ops.indexing import gather
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import arange
from gradwerk.tensor.tensor import Parameter, Tensor

Array = np.ndarray[Any, np.dtype[Any]]
Operand = Any
"""An array, a Value or a Tensor."""


class Hopfield(Module):
    """Units of +1 or -1, each connected to each other: s_i <- sign(sum_j w_ij s_j), one unit after the other.

    With symmetric weights and none from a unit to itself no such step raises the energy -s . W s / 2, so it comes to rest; stored patterns
    are where it rests.

    Args:
        patterns: What it remembers, (patterns, units) of +1 and -1.
        projection: Whether weights project onto the patterns (each is stored, up to half as many as there are units where they are
            independent) instead of Hebb's rule W = P^T P / units (about 0.14 units of them, and only where they hardly resemble another).
    Raises: ShapeError for what is no table, ArgumentError for values other than +1 and -1.
    """

    def __init__(self, patterns: Array, *, projection: bool = True) -> None:
        patterns = np.asarray(patterns, np.float32)
        if patterns.ndim != 2:
            raise ShapeError("a Hopfield net stores a table of patterns, one in each row", facts=(f"patterns {patterns.shape}",))
        if not (np.abs(patterns) == 1).all():
            raise ArgumentError("a Hopfield net stores patterns of +1 and -1", likely="np.where(images > 127, 1, -1)")
        weights = np.linalg.pinv(patterns) @ patterns if projection else patterns.T @ patterns / patterns.shape[1]
        np.fill_diagonal(weights, 0)
        self.weights = Parameter(((weights + weights.T) / 2).astype(np.float32))

    def forward(self, state: Operand, order: Operand) -> Operand:
        """The state after each unit named in `order` looked at all others once.

        Shape: state (units,), order (any number,) of integers -> (units,).
        """
        units = arange(state.shape[0], dtypes.int64, like=state)

        def step(now: Operand, unit: Operand) -> tuple[Operand, Operand]:
            field = reduce_sum(mul(gather(self.weights, unit), now))
            after = where(equal(units, unit), where(greater_equal(field, 0.0), 1.0, -1.0), now)
            return after, field

        after, _ = scan(step, state, order)
        return after

    def energy(self, state: Operand) -> Operand:
        """-s . W s / 2, which no step raises.  Shape: (units,) -> ()."""
        return mul(reduce_sum(mul(state, matmul(self.weights, state))), -0.5)

    def recall(self, state: Array, *, seed: int = 0, most: int = 20) -> tuple[Array, list[float]]:
        """Where it comes to rest from a state, and the energy before and after each round over all units in random order.

        Shape: (units,) of +1 and -1, kept.
        """
        generator = np.random.default_rng(seed)
        now = Tensor(np.asarray(state, np.float32))
        energies = [float(self.energy(now).item())]
        for _ in range(most):
            after = self._round(now, Tensor(generator.permutation(len(state))))
            energies.append(float(self.energy(after).item()))
            rests = bool(np.array_equal(after.numpy(), now.numpy()))
            now = after
            if rests:
                break
        return now.numpy(), energies

    @compiled
    def _round(self, state: Operand, order: Operand) -> Operand:
        return self(state, order).detach()
