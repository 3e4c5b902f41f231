"""Values from nothing: counting, and one value repeated."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Op, Operand, Source
from gradwerk.ops.movement import BroadcastTo


@final
@dataclass(frozen=True)
class Iota(Source):
    """0, 1, 2, ... along `axis`, the same along the others.

    Shape: `shape`.  Dtype: `dtype`, a number.  Raises: ShapeError where there is no such axis, DTypeError for bool.
    """

    shape: tuple[int, ...]
    axis: int
    dtype: DType

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls((3, 4), 1, dtypes.int32), ()), (cls((2, 0), 0, dtypes.float32), ()), (cls((5,), 0, dtypes.uint32), ())

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if not 0 <= self.axis < len(self.shape):
            raise ShapeError(f"iota: there is no axis {self.axis} in {self.shape}")
        if self.dtype.kind not in "fiu":
            raise DTypeError(f"iota counts in numbers, not in {self.dtype}")
        return (Type(self.shape, self.dtype),)

    def reference(self, *arrays: Array) -> Array:
        count = np.arange(self.shape[self.axis], dtype=self.dtype)
        return np.broadcast_to(count.reshape([-1 if k == self.axis else 1 for k in range(len(self.shape))]), self.shape)


def beside(op: Op, args: tuple[Any, ...], like: Sequence[Operand]) -> Operand:
    """`op` of arrays in the world of the operands `like`: in the graph of a Value, beside a Tensor, else computed now."""
    for operand in like:
        apply = getattr(operand, "__gradwerk_apply__", None)
        if apply is not None:
            return apply(op, args)[0]
    return op(*args)


def arange(count: int, dtype: DType, *, like: Operand) -> Operand:
    """0 .. count - 1 in the world of `like`: an array beside arrays, a Value beside a Value.  Shape: (count,)."""
    return beside(Iota((count,), 0, dtype), (), (like,))


def full(shape: Sequence[int], value: float, dtype: DType, *, like: Sequence[Operand]) -> Operand:
    """`value` everywhere, in the world of the operands `like`."""
    return beside(BroadcastTo(tuple(shape)), (np.asarray(value, dtype),), like)
