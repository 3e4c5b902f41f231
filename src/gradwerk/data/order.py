"""Which examples are in which batch: a function of a seed and an epoch's number alone, so that any batch of any epoch can be made again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.ops.random import philox

Array = np.ndarray[Any, np.dtype[Any]]
_POOL = 50
"""Batches whose examples are sorted by length together: enough to be alike, few enough to differ from epoch to epoch."""


def permutation(seed: int | None, epoch: int, count: int) -> Array:
    """0 .. count - 1 in the order of an epoch; as they stand without a seed.  Shape: (count,) int64."""
    return np.arange(count) if seed is None else np.random.default_rng([seed, epoch]).permutation(count)


def in_batches(order: Array, batch_size: int, *, drop_last: bool = False) -> list[Array]:
    """The order cut into batches; the last may be smaller, and is left out by `drop_last`."""
    stop = len(order) - len(order) % batch_size if drop_last else len(order)
    return [order[start : start + batch_size] for start in range(0, stop, batch_size)]


def by_length(lengths: Sequence[int] | Array, batch_size: int, seed: int | None, epoch: int, *, drop_last: bool = False) -> list[Array]:
    """Batches of examples of like length, so that little is padded: shuffled, sorted in pools of 50 batches, and the batches shuffled.

    Without a seed all are sorted, the shortest first.  Raises: DataError for lengths that are no vector of whole numbers.
    """
    lengths = np.asarray(lengths)
    if lengths.ndim != 1 or not dtypes.is_integer(lengths.dtype):
        raise DataError("lengths are one whole number for each example", facts=(f"lengths {lengths.shape} {dtypes.name(lengths.dtype)}",))
    if seed is None:
        return in_batches(np.argsort(lengths, kind="stable"), batch_size, drop_last=drop_last)
    order = permutation(seed, epoch, len(lengths))
    pools = in_batches(order, batch_size * _POOL)
    batches = [rows for pool in pools for rows in in_batches(pool[np.argsort(lengths[pool], kind="stable")], batch_size)]
    if drop_last and batches and len(batches[-1]) < batch_size:
        batches.pop()
    return [batches[k] for k in np.random.default_rng([seed, epoch, 1]).permutation(len(batches))]


def example_random(seed: int | None, epoch: int, example: int) -> np.random.Generator:
    """The random numbers of one example in one epoch, whoever makes it and whatever was made before."""
    return np.random.default_rng([seed or 0, epoch, example])


def example_keys(seed: int | None, epoch: int, examples: Array) -> Array:
    """A word for each example of an epoch, from which compiled steps draw (see `gradwerk.data.distort`).  Shape: (n,) uint32."""
    key = np.array(np.random.default_rng([seed or 0, epoch]).integers(2**32), np.uint32)
    rows = np.asarray(examples)
    return philox(rows.astype(np.uint32), (rows >> 32).astype(np.uint32), key)[0]


def checked_seed(seed: int | None) -> int | None:
    """Raises: ArgumentError for what is no seed."""
    if seed is None or (isinstance(seed, (int, np.integer)) and not isinstance(seed, bool) and seed >= 0):
        return None if seed is None else int(seed)
    raise ArgumentError(f"a seed is a whole number from 0 on, or None for the order as it stands, this is {seed!r}")
