"""Batches of arrays, in an order that a seed and the epoch's number decide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.base.trees import flatten, leaves, unflatten
from gradwerk.data.order import permutation
from gradwerk.train.checks import check_lengths

Array = np.ndarray[Any, np.dtype[Any]]


class ArrayBatches:
    """Slices arrays of equal length into batches, shuffled anew each epoch where a `seed` is given.

    `trees` are the parts of a batch, (x,), (x, y) or (x, y, weights): each an array, or a list, tuple or dict of arrays.  The order is a
    function of (seed, epoch) alone, so a resumed run meets the same batches.  Each batch is cast to its part's entry of `dtypes`, one dtype
    or a tree of them; the last batch may be smaller.
    """

    def __init__(self, trees: tuple[Any, ...], batch_size: int, *, seed: int | None = None, dtypes: tuple[Any, ...] = ()) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise ArgumentError(f"the batch size is a positive integer, this is {batch_size!r}")
        self.trees, self.batch_size, self.seed = trees, batch_size, seed
        self.arrays: list[Array] = flatten(trees)
        self.examples = check_lengths(**{f"array {path or 0}": array for path, array in leaves(trees)})
        wanted = [
            dtype for part, of_part in zip(trees, dtypes, strict=bool(dtypes))
            for dtype in (flatten(of_part) if isinstance(of_part, (list, tuple, dict)) else [of_part] * len(flatten(part)))
        ]  # fmt: skip
        self.dtypes = [np.dtype(dtype) for dtype in wanted] or [array.dtype for array in self.arrays]

    def describe(self) -> dict[str, int | None]:
        """What decides the batches, for checkpoints."""
        return {"examples": self.examples, "batch_size": self.batch_size, "seed": self.seed}

    def __len__(self) -> int:
        return -(-self.examples // self.batch_size)

    def epoch(self, number: int, first: int = 0) -> Iterator[tuple[Any, ...]]:
        """The batches of an epoch from the one numbered `first` on; arrays of their own, not views."""
        order = None if self.seed is None else permutation(self.seed, number, self.examples)
        for start in range(first * self.batch_size, self.examples, self.batch_size):
            stop = start + self.batch_size
            parts = [array[start:stop].copy() if order is None else array.take(order[start:stop], 0) for array in self.arrays]
            cast = [np.ascontiguousarray(dtypes.converted(part, dtype)) for part, dtype in zip(parts, self.dtypes, strict=True)]
            yield unflatten(self.trees, cast)
