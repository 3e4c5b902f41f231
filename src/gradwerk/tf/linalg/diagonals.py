"""Diagonals and bands of matrices (..., rows, columns)."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import movement, reduction
from gradwerk.ops.arithmetic import where
from gradwerk.ops.linalg import swapped
from gradwerk.tf.calls import op, to
from gradwerk.tf.errors import InvalidArgumentError
from gradwerk.tf.tensors import Tensor, as_tensor, operands, settled

# ruff: noqa: A002, ANN401  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def _main(k: Any) -> None:
    if _one(k):
        raise ArgumentError("diagonals beside the main one are not here", likely="tf.linalg.diag_part of a part of the matrix")


@op("MatrixDiagV3")
def diag(
    diagonal: Any, name: str = "diag", k: Any = 0, num_rows: Any = -1, num_cols: Any = -1, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:  # fmt: skip
    """Matrices with these on a diagonal, and 0 elsewhere.

    Args:
        k: which diagonal; above the main one where positive.
        num_rows, num_cols: the extents; where none is given the smallest square, where one is the smallest other.
        padding_value: what stands elsewhere.

    Shape: (..., rows, columns).  Raises: InvalidArgumentError where the diagonal of such a matrix is not as long, or for several diagonals.
    """
    x, at = settled(diagonal), _one(k)
    count, below, right = x.shape[-1], max(-at, 0), max(at, 0)
    rows, columns = int(num_rows), int(num_cols)
    if rows == columns == -1:
        rows = columns = count + abs(at)
    rows, columns = count + below if rows == -1 else rows, count + right if columns == -1 else columns
    if min(rows - below, columns - right) != count:
        raise InvalidArgumentError(f"the diagonal {at} of ({rows}, {columns}) is not {count} long", facts=(f"diagonal {tuple(x.shape)}",))
    lead = [0] * (len(x.shape) - 1)
    long = movement.pad(x, [*lead, below], [*lead, rows - below - count])
    wide = movement.broadcast_to(movement.expand_dims(long, -1), (*long.shape, columns))
    mark = Tensor(np.eye(rows, columns, at, dtype=bool))
    return where(movement.broadcast_to(mark, tuple(wide.shape)), wide, ops.full_like(wide, padding_value))


def _one(k: Any) -> int:
    """The number of one diagonal.  Raises: InvalidArgumentError for several."""
    given = np.unique(np.asarray(k.numpy() if hasattr(k, "numpy") else k))
    if len(given) != 1:
        raise InvalidArgumentError(f"k={k!r}: one diagonal is taken, not a band of them", likely="one call a diagonal, and their sum")
    return int(given[0])


@op("MatrixDiagPartV3")
def diag_part(input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """A diagonal of matrices.

    Args:
        k: which one; above the main one where positive.

    Shape: (..., its length).
    """
    return ops.diagonal(settled(input), offset=_one(k), axis1=-2, axis2=-1)


@op("MatrixSetDiagV3")
def set_diag(input: Any, diagonal: Any, name: str = "set_diag", k: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """Matrices with these on the main diagonal.

    Shape and dtype: those of the input.  Raises: ArgumentError for another diagonal.
    """
    _main(k)
    x, diagonal = operands(settled(input), diagonal)
    rows, columns = x.shape[-2:]
    mark = Tensor(np.eye(rows, columns, dtype=bool))
    lead = [0] * (len(diagonal.shape) - 1)
    line = movement.pad(diagonal, [*lead, 0], [*lead, rows - diagonal.shape[-1]])
    wide = movement.broadcast_to(movement.expand_dims(line, -1), tuple(x.shape))
    return where(movement.broadcast_to(mark, tuple(x.shape)), wide, x)


@op("MatrixBandPart")
def band_part(input: Any, num_lower: Any, num_upper: Any, name: Any = None) -> Any:
    """Matrices with so many diagonals below and above the main one, all where negative; 0 elsewhere.

    Shape and dtype: kept.
    """
    x = settled(input)
    rows, columns = x.shape[-2:]
    apart = np.arange(columns)[None] - np.arange(rows)[:, None]
    keep = np.ones((rows, columns), bool)
    if int(num_lower) >= 0:
        keep &= apart >= -int(num_lower)
    if int(num_upper) >= 0:
        keep &= apart <= int(num_upper)
    return where(movement.broadcast_to(Tensor(keep), tuple(x.shape)), x, ops.zeros_like(x))


@op("Trace")
def trace(x: Any, name: Any = None) -> Any:
    """The sum of the main diagonal.

    Shape: without the last two axes.
    """
    x = settled(x)
    return to(reduction.reduce_sum(ops.diagonal(x, axis1=-2, axis2=-1), -1), x._type.dtype)


@op("Adjoint")
def adjoint(matrix: Any, name: Any = None) -> Any:
    """The last two axes swapped, and conjugated.

    Shape: (..., columns, rows).
    """
    return ops.conj(swapped(as_tensor(matrix)))


@op("Diag")
def tensor_diag(diagonal: Any, name: Any = None) -> Any:
    """A Tensor of twice the axes with these on its diagonal.

    Shape: that of the diagonal, twice.
    """
    x = settled(diagonal)
    flat = movement.reshape(x, (-1,))
    return movement.reshape(ops.diag(flat), (*x.shape, *x.shape))


@op("DiagPart")
def tensor_diag_part(input: Any, name: Any = None) -> Any:
    """The diagonal of a Tensor of twice the axes.

    Shape: the first half.
    """
    x = settled(input)
    half = tuple(x.shape[: len(x.shape) // 2])
    count = int(np.prod(half))
    return movement.reshape(ops.diagonal(movement.reshape(x, (count, count))), half)


__all__ = ["adjoint", "band_part", "diag", "diag_part", "set_diag", "tensor_diag", "tensor_diag_part", "trace"]
