"""Memory that kernels may read a little past, on cache-line boundaries, and the addresses of arrays."""

from __future__ import annotations

import math
from itertools import accumulate
from typing import Any

import numpy as np

from gradwerk.base.dtypes import DType, token

ALIGNMENT = 64
SLACK = 256
"""Readable bytes behind every array: vector loads may run past a row's end."""

Array = np.ndarray[Any, np.dtype[Any]]


def empty(shape: tuple[int, ...], dtype: DType) -> Array:
    """A dense array on a 64-byte boundary with spare bytes behind it; contents are arbitrary."""
    return placed(shape, dtype)[0]


def placed(shape: tuple[int, ...], dtype: DType) -> tuple[Array, int]:
    """The same, and where it lies."""
    nbytes = math.prod(shape) * dtype.itemsize
    raw = np.empty(nbytes + ALIGNMENT + SLACK, np.uint8)
    begin = address(raw)
    start = -begin % ALIGNMENT
    return np.ndarray(shape, dtype, raw, start), begin + start


def words(count: int) -> Array:
    """Zeroed i64 words on a cache line, for what native code and Python share."""
    return several_words(count)[0]


def several_words(*counts: int) -> list[Array]:
    """The same several times, in one piece of memory."""
    line = ALIGNMENT // 8
    starts = list(accumulate((-(-count // line) * line for count in counts), initial=0))
    raw = np.zeros(starts[-1] + line - 1, np.int64)
    first = -address(raw) % ALIGNMENT // 8
    return [raw[first + start : first + start + count] for start, count in zip(starts, counts, strict=False)]


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


class _Memory:
    """An address as NumPy's array interface."""

    def __init__(self, interface: dict[str, object]) -> None:
        self.__array_interface__ = interface


def view(start: int, shape: tuple[int, ...], dtype: DType) -> Array:
    """The memory at an address as an array; the caller keeps it alive."""
    if math.prod(shape) == 0 or dtype == token:
        return np.zeros(shape, dtype)
    held = np.asarray(_Memory({"data": (start, False), "shape": shape, "typestr": dtype.str, "version": 3}))
    return held if held.dtype.type is dtype.type else held.view(dtype)  # the interface knows bfloat16 as two bytes


class Results:
    """Makes the arrays that leave a program, call after call.

    Small ones are cut one behind the other from a block of some KB, which costs one array constructor each and neither an allocation nor
    a look-up of an address; a small result that is kept keeps its block.  Large ones are allocated each time.  One thread at a time.
    """

    LARGEST_CUT = 512
    BLOCK = 8192

    def __init__(self, types: tuple[tuple[tuple[int, ...], DType], ...]) -> None:
        self._rows: list[tuple[tuple[int, ...], DType, int]] = []
        self._cut = 0
        for shape, dtype in types:
            nbytes = math.prod(shape) * dtype.itemsize
            small = nbytes <= self.LARGEST_CUT
            self._rows.append((shape, dtype, self._cut if small else -1))
            self._cut += -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT if small else 0  # an empty one stands somewhere too
        self._size = max(self.BLOCK, self._cut)
        self._used = self._size
        self._block = bytearray()
        """No array: so NumPy has a view of a result refer to that result, and who counts references sees whose it is."""
        self._begin = 0
        self._address = 0

    def __call__(self) -> tuple[list[Array], list[int]]:
        """New arrays, and their addresses."""
        start = self._used
        if start + self._cut > self._size:
            self._block = bytearray(ALIGNMENT + self._size + SLACK)
            begin = address(np.frombuffer(self._block, np.uint8))
            self._begin, start = -begin % ALIGNMENT, 0
            self._address = begin + self._begin
        self._used = start + self._cut
        made, where = [], []
        for shape, dtype, offset in self._rows:
            if offset >= 0:
                made.append(np.ndarray(shape, dtype, self._block, self._begin + start + offset))
                where.append(self._address + start + offset)
            else:
                array, start_of = placed(shape, dtype)
                made.append(array)
                where.append(start_of)
        return made, where
