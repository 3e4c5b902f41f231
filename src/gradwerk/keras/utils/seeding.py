"""Random numbers and names that begin again."""

from __future__ import annotations

import random

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.naming import forget_names
from gradwerk.tensor.random import seed as seed_generator


def set_random_seed(seed: int) -> None:
    """Seeds Python's, NumPy's and the framework's random numbers: weights, shuffling, dropout.

    Raises: ArgumentError for what is no whole number of 32 bits.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ArgumentError(f"a seed is a whole number from 0 to 2^32 - 1, this is {seed!r}")
    random.seed(seed)
    np.random.seed(seed)  # noqa: TID251  scripts that draw from NumPy's global generator expect it
    seed_generator(seed)


def clear_session(free_memory: bool = True) -> None:  # noqa: FBT001, FBT002
    """Numbering of layer names starts again."""
    forget_names()
