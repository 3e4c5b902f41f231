"""Watched: a NumPy array whose contents Python needed while a step was traced, so that the step is right only while they stay."""

from __future__ import annotations

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Array
from gradwerk.jit.slots import Slot


class Watched(Slot):
    """The contents of an array, as a guard."""

    def __init__(self, array: Array) -> None:
        super().__init__(f"array {dtypes.name(array.dtype)}{list(array.shape)}", array, None, array.tobytes())

    def read(self) -> bytes:
        """The present contents."""
        contents: bytes = self.owner.tobytes()
        return contents

    def holds(self) -> bool:
        """Whether they are the same to the bit."""
        return bool(self.read() == self.was)

    def put_back(self) -> None:
        """The former contents again."""
        self.owner[...] = np.frombuffer(self.was, self.owner.dtype).reshape(self.owner.shape)

    def change(self) -> str:
        """`the contents of array int64[3] changed`."""
        return f"the contents of {self.label} changed"
