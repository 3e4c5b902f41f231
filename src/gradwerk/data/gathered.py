"""Mean and variance of data that comes in batches, each looked at once."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True, eq=False)
class Gathered:
    """How many elements were seen, their mean and their variance, in float64."""

    count: int
    mean: Array
    variance: Array

    @classmethod
    def of(cls, batch: Array, axes: tuple[int, ...]) -> Self:
        """Those of one batch over some axes."""
        wide = batch.astype(np.float64)
        return cls(math.prod(batch.shape[axis] for axis in axes), wide.mean(axes), wide.var(axes))

    def with_more(self, batch: Array, axes: tuple[int, ...]) -> Self:
        """Those of this and another batch.  Source: Chan, Golub and LeVeque, 1979, "Updating formulae and a pairwise algorithm"."""
        other = self.of(batch, axes)
        count = self.count + other.count
        share = other.count / count
        apart = other.mean - self.mean
        variance = self.variance * (1 - share) + other.variance * share + apart**2 * share * (1 - share)
        return type(self)(count, self.mean + apart * share, variance)
