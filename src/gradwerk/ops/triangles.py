"""Triangles and diagonals of stacks of matrices: choices by place, which fuse with what stands beside them."""

from __future__ import annotations

from gradwerk.base import dtypes
from gradwerk.ir.op import Operand
from gradwerk.ops.arithmetic import cast, mul, where
from gradwerk.ops.compare import equal, greater, greater_equal
from gradwerk.ops.movement import expand_dims, reshape
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import arange


def lower(x: Operand, *, strictly: bool = False) -> Operand:
    """The lower triangle of each matrix, without its diagonal where `strictly`; zeros elsewhere.  Shape, dtype: kept."""
    rows, columns = places(x)
    return where((greater if strictly else greater_equal)(rows, columns), x, 0)


def upper(x: Operand, *, strictly: bool = False) -> Operand:
    """The upper triangle of each matrix, without its diagonal where `strictly`; zeros elsewhere.  Shape, dtype: kept."""
    rows, columns = places(x)
    return where((greater if strictly else greater_equal)(columns, rows), x, 0)


def diagonal_halved(x: Operand) -> Operand:
    """Each matrix with half of its diagonal.  Shape, dtype: kept."""
    return where(equal(*places(x)), mul(x, 0.5), x)


def eye(x: Operand) -> Operand:
    """The unit matrix of the shape and dtype of the matrices of a stack, in its world.  Shape: (rows, columns)."""
    return cast(equal(*places(x)), x.dtype)


def diagonal(x: Operand) -> Operand:
    """The diagonal of each square matrix.  Shape: (..., n, n) -> (..., n)."""
    return reduce_sum(where(equal(*places(x)), x, 0), -1)


def of_diagonal(x: Operand) -> Operand:
    """Square matrices with these diagonals.  Shape: (..., n) -> (..., n, n)."""
    wide = expand_dims(x, -1)
    n = x.shape[-1]
    here = arange(n, dtypes.int32, like=x)
    return where(equal(reshape(here, (n, 1)), here), wide, 0)


def places(x: Operand) -> tuple[Operand, Operand]:
    """The row and the column of each element of the matrices of a stack, as a column and a row."""
    rows, columns = x.shape[-2:]
    return reshape(arange(rows, dtypes.int32, like=x), (rows, 1)), arange(columns, dtypes.int32, like=x)
