"""Watched: a NumPy array whose contents Python needed while a step was traced, so that the step is right only while they stay."""

from __future__ import annotations

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Array
from gradwerk.jit.slots import Slot


def lies(array: Array) -> tuple[object, ...]:
    """How an array lies, and whether it may be written to."""
    return array.shape, array.dtype, array.strides, array.flags.writeable


class Lying(Slot):
    """How an array lies, as a guard: for one whose contents are an input."""

    def __init__(self, array: Array) -> None:
        super().__init__(f"array {dtypes.name(array.dtype)}{list(array.shape)}", array, None, lies(array))

    def read(self) -> tuple[object, ...]:
        """How it lies now."""
        return lies(self.owner)

    def holds(self) -> bool:
        """Whether it lies as it did."""
        return bool(self.read() == self.was)

    def put_back(self) -> None:
        """Nothing: a step that does this to an array is one that nobody has written."""


class Watched(Slot):
    """The contents of an array, as a guard; `key` says how it lies."""

    def __init__(self, array: Array) -> None:
        super().__init__(f"array {dtypes.name(array.dtype)}{list(array.shape)}", array, lies(array), array.tobytes())

    def read(self) -> bytes:
        """The present contents."""
        contents: bytes = self.owner.tobytes()
        return contents

    def holds(self) -> bool:
        """Whether they are the same to the bit."""
        return bool(lies(self.owner) == self.key and self.read() == self.was)

    def put_back(self) -> None:
        """The former contents again."""
        self.owner[...] = np.frombuffer(self.was, self.owner.dtype).reshape(self.owner.shape)

    def change(self) -> str:
        """`the contents of array int64[3] changed`."""
        return f"the contents of {self.label} changed"
