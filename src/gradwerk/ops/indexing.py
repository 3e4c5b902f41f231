"""Reads and writes of whole rows at places that data names."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base.dtypes import int32, int64
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Indexed, Operand, typed
from gradwerk.ops.look import InRange, check_whole, indices_of
from gradwerk.ops.made import made


@final
@dataclass(frozen=True)
class Gather(Indexed):
    """(x, indices) -> x[indices]: rows of x, that is entries along axis 0.

    Shape: indices.shape + x.shape[1:].  Dtype: that of x; indices are integers.
    Raises: IndexDataError for an index outside 0..rows-1 (negative ones too), ShapeError where x has no axis.
    """

    rounds = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(), (typed(4, 3), typed(2, 5, dtype=int64))),
            (cls(), (typed(5), typed(dtype=int32))),
            (cls(), (typed(4, 2), typed(0, dtype=int32))),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x, indices = types
        check_whole(self, "indices", indices)
        if x.ndim == 0:
            raise ShapeError("gather: the source has no rows", facts=(f"source {x}",))
        return (x.with_shape((*indices.shape, *x.shape[1:])),)

    def vjp(self, ct: Operand, y: Operand, x: Operand, indices: Operand) -> Grads:
        return scatter_add(ct, indices, x.shape[0]), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, types[0].shape[0]

    def reference(self, x: Array, indices: Array) -> Array:
        rows: Array = x[made(InRange, x.shape[0], indices_of(self)).reference(indices)]
        return rows


@final
@dataclass(frozen=True)
class ScatterAdd(Indexed):
    """(updates, indices) -> an array of `rows` rows, zero, to which each update is added at its index, in row-major order.

    Shape: (rows, ...) where updates are indices.shape + (...).  Dtype: that of updates, a number; indices are integers.
    Raises: IndexDataError for an index outside 0..rows-1, ShapeError where updates do not begin with the shape of indices.
    """

    rows: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(4), (typed(2, 5, 3), typed(2, 5, dtype=int64))),
            (cls(5), (typed(), typed(dtype=int32))),
            (cls(4), (typed(0, 2), typed(0, dtype=int32))),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        updates, indices = types
        check_whole(self, "indices", indices)
        if updates.shape[: indices.ndim] != indices.shape:
            facts = (f"updates {updates}", f"indices {indices}")
            raise ShapeError("scatter_add: updates must begin with the shape of indices", facts=facts)
        return (updates.with_shape((self.rows, *updates.shape[indices.ndim :])),)

    def vjp(self, ct: Operand, y: Operand, updates: Operand, indices: Operand) -> Grads:
        return gather(ct, indices), None

    def indexed(self, *types: Type) -> tuple[int, int]:
        return 1, self.rows

    def reference(self, updates: Array, indices: Array) -> Array:
        made(InRange, self.rows, "scatter_add: index").reference(indices)
        result = np.zeros((self.rows, *updates.shape[indices.ndim :]), updates.dtype)
        np.add.at(result, indices, updates)
        return result


def gather(x: Operand, indices: Operand) -> Operand:
    """Rows of x: x[indices].  Shape: indices.shape + x.shape[1:].  Raises: IndexDataError, ShapeError, DTypeError."""
    return _gather(x, indices)


def scatter_add(updates: Operand, indices: Operand, rows: int) -> Operand:
    """The sum of the updates at each of `rows` rows.

    Shape: (rows, ...).  Raises: IndexDataError, ShapeError, DTypeError, ArgumentError for a negative number of rows.
    """
    if rows < 0:
        raise ArgumentError(f"scatter_add: a number of rows is not negative, this is {rows}")
    return made(ScatterAdd, rows)(updates, indices)


_gather = Gather()
