"""The leaves of a graph: its arguments, and data known when it is built."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.ir.op import Array, Source
from gradwerk.ir.type import Type


@dataclass(frozen=True)
class Input(Source):
    """An argument of the graph.  `label` is for people, and no part of what a graph says: layers of other names are the same program."""

    rounds = False
    position: int
    type: Type
    label: str = field(default="", compare=False)

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (self.type,)


@dataclass(frozen=True)
class Constant(Source):
    """Data known when the graph is built; equal by dtype, shape and bits (0.0 is not -0.0, 1 is not True)."""

    rounds = False
    type: Type
    data: bytes

    @classmethod
    def of(cls, array: Array) -> Constant:
        """The constant of an array's present contents."""
        return cls(Type(array.shape, array.dtype), array.tobytes())

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if len(self.data) != self.type.size * self.type.dtype.itemsize:
            raise ShapeError(f"a constant {self.type} does not have {len(self.data)} bytes")
        return (self.type,)

    def reference(self, *arrays: Array) -> Array:
        return np.frombuffer(self.data, self.type.dtype).reshape(self.type.shape)

    def __str__(self) -> str:
        if self.type.size == 1:
            return f"constant({dtypes.number_of(self.reference())!r}: {self.type})"
        return f"constant({self.type})"
