"""keras.utils."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, DataError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.data import ArrayLike, as_array
from gradwerk.keras.naming import forget_names
from gradwerk.keras.options import positive_integer
from gradwerk.tensor.random import seed as seed_generator
from gradwerk.train.checks import check_finite, check_ids

Array = np.ndarray[Any, np.dtype[Any]]


def set_random_seed(seed: int) -> None:
    """Seeds Python's, NumPy's and the framework's random numbers: weights, shuffling, dropout.

    Raises: ArgumentError for what is no whole number of 32 bits.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ArgumentError(f"a seed is a whole number from 0 to 2^32 - 1, this is {seed!r}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: TID251  scripts that draw from NumPy's global generator expect it
    seed_generator(seed)


def to_categorical(x: ArrayLike, num_classes: int | None = None) -> Array:
    """One-hot float64 rows of class numbers.  Shape: (...) or (..., 1) -> (..., num_classes), by default the largest label + 1.

    Raises: DataError for a label outside 0 .. num_classes - 1.
    """
    labels = as_array(x, "x", classes=True)
    check_finite(labels, "x")
    check_ids(labels, 2**53, "to_categorical: x") if labels.size and labels.min() >= 0 else None
    labels = labels.astype(np.int64)
    if labels.ndim > 1 and labels.shape[-1] == 1:
        labels = labels[..., 0]
    count = int(labels.max()) + 1 if num_classes is None else positive_integer("to_categorical", "num_classes", num_classes)
    if labels.size and not 0 <= labels.min() <= labels.max() < count:
        raise DataError(f"to_categorical: labels {labels.min()} to {labels.max()} do not fit {count} classes")
    return np.eye(count)[labels]


def clear_session(free_memory: bool = True) -> None:  # noqa: FBT001, FBT002
    """Numbering of layer names starts again."""
    forget_names()

__getattr__ = ORIGINAL.module("keras.utils", __name__)
