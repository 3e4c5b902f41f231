"""Diagonals of matrices, and matrices that have one; parts of matrices on one side of it."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import int64
from gradwerk.base.errors import ShapeError
from gradwerk.ir.graph import Type
from gradwerk.ir.op import Array, Example, Grads, Movement, Operand, typed
from gradwerk.ir.strides import Strides
from gradwerk.ops.arithmetic import add, where
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.compare import greater_equal, less_equal
from gradwerk.ops.made import made
from gradwerk.ops.movement import expand_dims
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import arange


def length(rows: int, columns: int, offset: int) -> int:
    """How many elements the diagonal of a matrix has that begins `offset` columns to the right (below 0: rows down)."""
    return max(min(rows + min(offset, 0), columns - max(offset, 0)), 0)


@final
@dataclass(frozen=True)
class Diagonal(Movement):
    """The elements x[..., i, ..., i + offset, ...] of the axes `rows` and `columns`, along a new last axis.

    Shape: the other axes in their order, and the length of the diagonal.  Dtype: kept.  Raises: ShapeError for an axis that x does not
    have, and where both are one.
    """

    rows: int
    columns: int
    offset: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(0, 1, 0), (typed(3, 4),)), (cls(2, 0, -1), (typed(2, 3, 4),)), (cls(0, 2, 1), (typed(2, 0, 4),)),
            (cls(0, 1, 5), (typed(2, 3),)),
        )  # fmt: skip

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if self.rows == self.columns or not (0 <= self.rows < x.ndim and 0 <= self.columns < x.ndim):
            raise ShapeError(f"diagonal: {self.rows} and {self.columns} are no two axes of the input", facts=(f"input {x}",))
        count = length(x.shape[self.rows], x.shape[self.columns], self.offset)
        return (x.with_shape((*self._others(x.shape), count)),)

    def _others(self, numbers: Sequence[int]) -> tuple[int, ...]:
        """What is said of the other axes."""
        return tuple(n for k, n in enumerate(numbers) if k not in (self.rows, self.columns))

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (DiagonalEmbed(self.rows, self.columns, self.offset, (x.shape[self.rows], x.shape[self.columns]))(ct),)

    def reference(self, x: Array) -> Array:
        return x.diagonal(self.offset, self.rows, self.columns)

    def view(self, x: Strides) -> Strides | None:
        count = length(x.shape[self.rows], x.shape[self.columns], self.offset)
        first = max(-self.offset, 0) * x.strides[self.rows] + max(self.offset, 0) * x.strides[self.columns]
        strides = (*self._others(x.strides), x.strides[self.rows] + x.strides[self.columns])
        return Strides((*self._others(x.shape), count), strides, x.offset + (first if count else 0))


@final
@dataclass(frozen=True)
class DiagonalEmbed(Movement):
    """The last axis as a diagonal of zeros: the inverse of `Diagonal`, into axes `rows` and `columns` of these two extents.

    Shape: the other axes in their order, between them the two.  Dtype: kept.  Raises: ShapeError where the diagonal has another length.
    """

    covers: ClassVar[bool] = False
    rows: int
    columns: int
    offset: int
    extents: tuple[int, int]

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(0, 1, 0, (3, 4)), (typed(3),)), (cls(2, 0, -1, (4, 2)), (typed(3, 2),)), (cls(0, 1, 2, (2, 2)), (typed(0),)),
            (cls(1, 2, 1, (2, 3)), (typed(0, 2),)),
        )  # fmt: skip

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        axes = range(x.ndim + 1)
        if self.rows == self.columns or self.rows not in axes or self.columns not in axes or not x.ndim:
            raise ShapeError(f"diagonal_embed: {self.rows} and {self.columns} are no two axes of the result", facts=(f"input {x}",))
        if x.shape[-1] != length(*self.extents, self.offset):
            facts = (f"input {x}", f"extents {self.extents}  offset {self.offset}")
            raise ShapeError(f"diagonal_embed: {x.shape[-1]} elements are not the diagonal", facts=facts)
        others = iter(x.shape[:-1])
        placed = {self.rows: self.extents[0], self.columns: self.extents[1]}
        return (x.with_shape(placed[k] if k in placed else next(others) for k in axes),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (made(Diagonal, self.rows, self.columns, self.offset)(ct),)

    def reference(self, x: Array) -> Array:
        (y,) = self.infer(Type(x.shape, x.dtype))
        result = np.zeros(y.shape, x.dtype)
        place = np.arange(x.shape[-1])
        matrices = np.moveaxis(result, (self.rows, self.columns), (-2, -1))
        matrices[..., place + max(-self.offset, 0), place + max(self.offset, 0)] = x
        return result

    def view(self, x: Strides) -> Strides | None:
        return None

    def places(self, y: Strides, *types: Type) -> tuple[Strides, ...] | None:
        there = Diagonal(self.rows, self.columns, self.offset).view(y)
        return None if there is None else (there,)


def diagonal(x: Operand, offset: int = 0, axes: tuple[int, int] = (0, 1)) -> Operand:
    """The diagonal of two axes, along a new last one; see `Diagonal`.

    Shape: x without the two axes, then the length of the diagonal.  Dtype: kept.
    """
    rows, columns = (normal_axis("diagonal", axis, x.ndim) for axis in axes)
    return made(Diagonal, rows, columns, int(offset))(x)


def diagonal_embed(x: Operand, offset: int = 0, axes: tuple[int, int] = (-2, -1)) -> Operand:
    """Square matrices with the last axis of x as a diagonal, in two axes of the result; see `DiagonalEmbed`.

    Shape: x without its last axis, then (n + |offset|, n + |offset|) at `axes`.  Dtype: kept.
    """
    rows, columns = (normal_axis("diagonal_embed", axis, x.ndim + 1) for axis in axes)
    side = x.shape[-1] + abs(offset)
    return DiagonalEmbed(rows, columns, int(offset), (side, side))(x)


def trace(x: Operand) -> Operand:
    """The sum of the diagonal of the first two axes.  Shape: x without its first two axes.  Dtype: numbers, kept."""
    return reduce_sum(diagonal(x), -1)


def _beside_diagonal(x: Operand, name: str) -> tuple[Operand, Operand]:
    """The numbers of the rows, standing, and of the columns of the last two axes.  Raises: ShapeError."""
    if x.ndim < 2:
        raise ShapeError(f"{name}: the input has no matrices", facts=(f"input {tuple(x.shape)}",))
    return expand_dims(arange(x.shape[-2], int64, like=x), 1), arange(x.shape[-1], int64, like=x)


def tril(x: Operand, offset: int = 0) -> Operand:
    """The elements of matrices on and below the diagonal that begins at `offset`, the others 0.  Raises: ShapeError for a vector.

    Shape: that of x, (..., m, n).  Dtype: kept.
    """
    rows, columns = _beside_diagonal(x, "tril")
    return where(less_equal(columns, add(rows, offset)), x, dtypes.of_value(0, x.dtype))


def triu(x: Operand, offset: int = 0) -> Operand:
    """The elements of matrices on and above the diagonal that begins at `offset`, the others 0.  Raises: ShapeError for a vector.

    Shape: that of x, (..., m, n).  Dtype: kept.
    """
    rows, columns = _beside_diagonal(x, "triu")
    return where(greater_equal(columns, add(rows, offset)), x, dtypes.of_value(0, x.dtype))


def on_diagonal(shape: Sequence[int], op: Diagonal) -> Array:
    """Where the diagonal is of an array of this shape, as a mask of extent 1 along the other axes."""
    rows, columns = shape[op.rows], shape[op.columns]
    mask = np.eye(rows, columns, op.offset, dtype=np.bool_)
    mask = mask if op.rows < op.columns else mask.T
    kept = math.prod(mask.shape)
    return mask.reshape([shape[k] if k in (op.rows, op.columns) else 1 for k in range(len(shape))]) if kept else np.zeros(shape, np.bool_)
