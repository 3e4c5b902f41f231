"""bfloat16, which NumPy does not have: a dtype of two bytes whose elements know their number, and conversions of whole arrays.

The memory is that of float32's upper halves.  NumPy does no arithmetic on the dtype and says so; it reads elements by `float`, so printing
and `astype(np.float32)` are right, and `converted` (base/dtypes.py) is both right and fast.  The other way `astype` cannot be taught: it
copies bytes.  Whoever makes narrow arrays does it by `converted`.
"""

from __future__ import annotations

import struct
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]


class bfloat(np.void):  # type: ignore[misc]  # noqa: N801  a dtype is named by the class of its elements and their bits: bfloat16
    """One element."""

    __slots__ = ()

    def item(self, *args: Any) -> float:  # type: ignore[override]  # noqa: ANN401  NumPy's signature
        """The number."""
        return float(self)

    def __float__(self) -> float:
        number: float = struct.unpack("<f", b"\0\0" + self.tobytes())[0]
        return number

    def __int__(self) -> int:
        return int(float(self))

    def __bool__(self) -> bool:
        return float(self) != 0

    def __repr__(self) -> str:
        return f"bfloat16({float(self)!r})"

    def __str__(self) -> str:
        return str(np.float32(float(self)))

    def __format__(self, spec: str) -> str:
        return format(float(self), spec)


bfloat16: np.dtype[Any] = np.dtype((bfloat, 2))


def to_single(array: Array) -> Array:
    """bfloat16 as float32, exactly."""
    return np.asarray(np.left_shift(array.view(np.uint16), 16, dtype=np.uint32)).view(np.float32)


def from_single(array: Array) -> Array:
    """float32 as bfloat16, rounded to nearest even; NaN stays NaN."""
    raw = array.view(np.uint32)
    kept = (raw + ((raw >> 16) & 1) + 0x7FFF) >> 16
    return np.asarray(np.where(np.isnan(array), (raw >> 16) | 0x40, kept), np.uint16).view(bfloat16)
