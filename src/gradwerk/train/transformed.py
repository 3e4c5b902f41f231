"""Batches with their inputs changed at random, in a way that a seed, the epoch and the batch's number decide."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from gradwerk.train.loop import Batches

Array = np.ndarray[Any, np.dtype[Any]]
Transform = Callable[[Array, np.random.Generator], Array]


class TransformedBatches:
    """`transform(x, random)` in place of each batch's x.  A resumed run meets the same changes."""

    def __init__(self, batches: Batches, transform: Transform, *, seed: int) -> None:
        self.batches, self.transform, self.seed = batches, transform, seed

    def __len__(self) -> int:
        return len(self.batches)

    def epoch(self, number: int, first: int = 0) -> Iterator[tuple[Array, ...]]:
        """The batches of an epoch from the one numbered `first` on."""
        for position, (x, *others) in enumerate(self.batches.epoch(number, first), first):
            yield self.transform(x, np.random.default_rng([self.seed, number, position])), *others
