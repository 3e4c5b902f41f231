"""The arrays of NumPy's that a function holds, or makes, while it is traced: which of them are inputs, and which were lent to Tensors."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array
from gradwerk.tensor.foreign import Foreign
from gradwerk.tensor.handle import Handle, make
from gradwerk.tensor.storage import Storage


class HeldArrays:
    """Those of one trace."""

    def __init__(self) -> None:
        self.owners: set[int] = set()
        """Of those in closure, globals and attributes, the ids of the arrays that hold the memory."""
        self.tensors: dict[int, Handle] = {}
        """Those that became Tensors, by id."""
        self.lent: dict[Storage, tuple[Array, bytes]] = {}
        """Tensors made inside on the memory of arrays that the function does not hold, and what these held then."""

    def hold(self, arrays: Sequence[Array]) -> None:
        """Takes note of the arrays that the function holds."""
        self.owners = {id(owner_of(array)) for array in arrays}

    def tensor_of(self, array: Array) -> Handle | None:
        """An array that the function holds, or a part of one, as a Tensor from outside; None for any other."""
        if id(owner_of(array)) not in self.owners:
            return None
        if id(array) not in self.tensors:
            self.tensors[id(array)] = on_memory(array)
        return self.tensors[id(array)]

    def lend(self, storage: Storage, array: Array) -> None:
        """A Tensor was made on the memory of an array that the function has made."""
        self.lent[storage] = array, array.tobytes()

    def overwritten(self) -> list[Array]:
        """The arrays that NumPy wrote to after a Tensor was made on their memory."""
        return [array for array, contents in self.lent.values() if array.tobytes() != contents]


def owner_of(array: Array) -> Array:
    """The array that holds the memory that this one looks into."""
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def on_memory(array: Array) -> Handle:
    """A Tensor on the memory of an array of the user's, whatever its strides."""
    storage = Storage(array, Type(array.shape, array.dtype))
    storage.owner = Foreign(array)
    return make(Handle, storage, array, storage.type)
