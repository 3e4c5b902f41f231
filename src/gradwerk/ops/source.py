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
        if not dtypes.is_numeric(self.dtype):
            raise DTypeError(f"iota counts in numbers, not in {dtypes.name(self.dtype)}")
        if dtypes.is_integer(self.dtype) and self.shape[self.axis] - 1 > np.iinfo(self.dtype).max:
            raise DTypeError(f"{dtypes.name(self.dtype)} cannot count to {self.shape[self.axis] - 1}")
        return (Type(self.shape, self.dtype),)

    def reference(self, *arrays: Array) -> Array:
        count = np.arange(self.shape[self.axis], dtype=dtypes.accumulator(self.dtype))
        return np.broadcast_to(count.reshape([-1 if k == self.axis else 1 for k in range(len(self.shape))]), self.shape)


@final
@dataclass(frozen=True)
class Counted(Source):
    """A number made of extents, such as one over the number of examples.

    Unlike a constant it is never part of a kernel's code, which must serve any number of examples.  Shape: ().  Dtype: `dtype`, floating.
    Raises: DTypeError.
    """

    value: float
    dtype: DType

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(1 / 37, dtypes.float32), ()), (cls(8.0, dtypes.float64), ())

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if not dtypes.is_float(self.dtype):
            raise DTypeError(f"counted makes a floating number, not {dtypes.name(self.dtype)}")
        return (Type((), self.dtype),)

    def reference(self, *arrays: Array) -> Array:
        return np.asarray(self.value, dtypes.accumulator(self.dtype))


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


def counted(value: float, *, like: Operand) -> Operand:
    """A number made of extents, in the world and of the dtype of `like`."""
    return beside(Counted(float(value), like.dtype), (), (like,))


def full(shape: Sequence[int], value: float, dtype: DType, *, like: Sequence[Operand]) -> Operand:
    """`value` everywhere, in the world of the operands `like`."""
    return beside(BroadcastTo(tuple(shape)), (dtypes.of_value(value, dtype),), like)
