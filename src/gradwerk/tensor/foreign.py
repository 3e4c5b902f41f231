"""NumPy arrays of the user's, whose memory Tensors share or compiled functions hold, and memory of Tensors that NumPy arrays outside show.

Three things may happen to them behind our back.  `resize(refcheck=False)` frees their memory; it refuses to where a weak reference to the
array exists, so we keep one to the array and to each that it is a view of.  Their shape or type may be set anew; so Tensors lie on a view.
And they may be made read-only, which a view does not notice; so writes ask the array itself.
"""

from __future__ import annotations

from typing import Any
from weakref import ref

import numpy as np

from gradwerk.base.errors import StateError
from gradwerk.ir.op import Array


class Foreign:
    """One array, kept, and kept where it is."""

    __slots__ = ("array", "pins")

    def __init__(self, array: Array) -> None:
        self.array = array
        self.pins = pinned(array)

    @property
    def writeable(self) -> bool:
        """Whether its owner lets it be written."""
        return self.array.flags.writeable


def pinned(array: Array) -> tuple[Any, ...]:
    """References that keep the memory of an array where it is as long as they are there."""
    pins: list[ref[Array]] = []
    base: Any = array
    while isinstance(base, np.ndarray):
        pins.append(ref(base))
        base = base.base
    return tuple(pins)


def read_only(what: str, type_: object) -> StateError:
    """The error for a write to memory that nobody may write."""
    likely = "write to a copy, or make the array with flags.writeable = True"
    return StateError(f"{what} is to be written, and its memory is read-only", facts=(str(type_),), likely=likely)


class Lent:
    """Memory of a Tensor as arrays outside show it: it is there as long as one of them is, or a view of one.

    NumPy has a view refer to what its array refers to, as long as that is an array: so this is none.
    """

    __slots__ = ("__weakref__", "memory")

    def __init__(self, memory: Array) -> None:
        self.memory = memory

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The bytes, for NumPy."""
        return {"version": 3, "shape": (self.memory.nbytes,), "typestr": "|u1", "data": self.memory.__array_interface__["data"]}

    def shown(self, array: Array) -> Array:
        """An array of our own, which lies in the memory, for somebody outside."""
        begin, first = (x.__array_interface__["data"][0] for x in (self.memory, array))
        out: Array = np.ndarray(array.shape, array.dtype, np.asarray(self), first - begin, array.strides)
        out.flags.writeable = array.flags.writeable
        return out
