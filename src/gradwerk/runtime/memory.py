"""Memory that kernels may read a little past, on cache-line boundaries, and the addresses of arrays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from gradwerk.base.dtypes import DType

ALIGNMENT = 64
SLACK = 256
"""Readable bytes behind every array: vector loads may run past a row's end."""

Array = np.ndarray[Any, np.dtype[Any]]


def empty(shape: tuple[int, ...], dtype: DType) -> Array:
    """A dense array on a 64-byte boundary with spare bytes behind it; contents are arbitrary."""
    nbytes = math.prod(shape) * dtype.itemsize
    raw = np.empty(nbytes + ALIGNMENT + SLACK, np.uint8)
    start = -address(raw) % ALIGNMENT
    return raw[start : start + nbytes].view(dtype).reshape(shape)


def address(array: Array) -> int:
    """Where the first element lies (about 0.3 us; keep it for arrays that stay)."""
    return int(array.__array_interface__["data"][0])


def usable(array: Array) -> Array:
    """The array itself if kernels can take it (dense, aligned), else a copy that they can."""
    if array.flags.c_contiguous and address(array) % 16 == 0:
        return array
    copy = empty(array.shape, array.dtype)
    copy[...] = array
    return copy
