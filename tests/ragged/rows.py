"""Ragged values for tests: rows drawn by a seed, the same with a spoiled tail, and gradients by finite differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import gradwerk as gw
from gradwerk.base import dtypes
from gradwerk.ragged.value import Ragged

Array = np.ndarray[Any, Any]
LENGTHS = ((3, 0, 1, 17, 4), (0, 0, 5), (130, 2), (), (0,), (1,), (7, 7, 7), (64, 65, 0, 63))


def drawn(lengths: Sequence[int], element: tuple[int, ...] = (3,), dtype: Any = np.float64, seed: int = 0) -> list[Array]:
    """Rows of these lengths."""
    random = np.random.default_rng([seed, *lengths])
    return [random.standard_normal((n, *element)).astype(dtype) for n in lengths]


def of(rows: Sequence[Array], element: tuple[int, ...] = (3,), dtype: Any = np.float64, capacity: int | None = None) -> Ragged:
    """The ragged value; of no rows too."""
    flat = np.concatenate([*rows, np.zeros((0, *element), dtype)])
    return gw.ragged.from_lengths(flat, np.array([len(row) for row in rows], np.int64), capacity=capacity)


def spoiled(x: Ragged) -> Ragged:
    """The same value; in its tail is what must not be read: NaN, or a whole number that is no label and no id."""
    flat = x.flat.numpy()
    flat[int(x.total) :] = np.nan if dtypes.is_float(x.dtype) else 99
    return x._replace(flat=gw.Tensor(flat))


def rows_of(x: Ragged) -> list[Array]:
    """The rows as arrays."""
    return [row.numpy() for row in x.rows()]


def slope(function: Callable[[Array], float], at: Array, direction: Array) -> float:
    """The derivative of a function of an array along a direction."""
    step = 1e-6
    return (function(at + step * direction) - function(at - step * direction)) / (2 * step)
