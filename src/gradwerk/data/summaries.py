"""A summary of many numbers that says where their quantiles are, grown batch by batch."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
"""Shape (2, n): numbers that rise, and how many each stands for."""


def summary_of(values: Array, precision: float) -> Array:
    """Every so many of the sorted numbers."""
    values = np.sort(values.reshape(-1))
    step = max(values.size * precision, 1)
    kept = values[int(step - 1) :: int(step)]
    return np.stack([kept, np.full_like(kept, step)])


def merged(one: Array, other: Array, precision: float) -> Array:
    """The summary of both."""
    both = np.concatenate((one, other), axis=1)
    return compressed(np.take(both, np.argsort(both[0]), axis=1), precision)


def compressed(summary: Array, precision: float) -> Array:
    """The same in about 1 / precision numbers."""
    if summary.shape[1] * precision < 1:
        return summary
    shares = precision + np.arange(0.0, 1.0, precision)
    total = summary[1].cumsum()
    reached = total / total[-1]
    numbers, counts = np.interp(shares, reached, summary[0]), np.interp(shares, reached, total)
    return np.stack((numbers, counts - np.concatenate((np.zeros(1), counts[:-1])))).astype(np.float32)
