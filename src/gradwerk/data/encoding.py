"""Numbers of classes as rows: one-hot, which of them there are, how often each."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
MODES = ("one_hot", "multi_hot", "count")


def encoded(indices: Array, mode: str, depth: int, dtype: Any) -> Array:  # noqa: ANN401  a NumPy dtype
    """Rows of `depth` numbers; an index outside of 0 .. depth - 1 counts for nothing.

    Shape: one_hot (..., n) -> (..., n, depth), (..., 1) -> (..., depth); the others (batch, n, ...) -> (batch, ..., depth), (n,) ->
    (depth,).
    """
    indices = indices.reshape(1) if indices.ndim == 0 else indices
    if mode == "one_hot":
        indices = indices[..., 0] if indices.ndim > 1 and indices.shape[-1] == 1 else indices
        groups = indices[..., None]
    else:
        groups = np.moveaxis(indices, 1 if indices.ndim > 1 else 0, -1)
    rows = groups.reshape(-1, groups.shape[-1])
    found = np.zeros((len(rows), depth), dtype)
    which, where = np.nonzero((rows >= 0) & (rows < depth))
    if mode == "count":
        np.add.at(found, (which, rows[which, where]), 1)
    else:
        found[which, rows[which, where]] = 1
    return found.reshape(*groups.shape[:-1], depth)
