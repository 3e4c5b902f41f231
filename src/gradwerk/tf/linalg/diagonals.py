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
from gradwerk.tf.tensors import Tensor, as_tensor, operands, settled

# ruff: noqa: A002, ANN401  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def _main(k: Any) -> None:
    if int(k):
        raise ArgumentError("diagonals beside the main one are not here", likely="tf.linalg.diag_part of a part of the matrix")


@op("MatrixDiagV3")
def diag(
    diagonal: Any, name: str = "diag", k: Any = 0, num_rows: Any = -1, num_cols: Any = -1, padding_value: Any = 0,
    align: str = "RIGHT_LEFT",
) -> Any:  # fmt: skip
    """Matrices with these on a diagonal, and 0 elsewhere.

    Args:
        k: which diagonal; above the main one where positive.

    Shape: (..., n + |k|, n + |k|).
    """
    x, at = settled(diagonal), int(k)
    count = x.shape[-1]
    mark = Tensor(np.eye(count, dtype=bool))
    wide = movement.broadcast_to(movement.expand_dims(x, -1), (*x.shape, count))
    found = where(movement.broadcast_to(mark, tuple(wide.shape)), wide, ops.full_like(wide, padding_value))
    if not at:
        return found
    lead, low, high = [0] * (len(x.shape) - 1), [max(-at, 0), max(at, 0)], [max(at, 0), max(-at, 0)]
    return movement.pad(found, [*lead, *low], [*lead, *high])


@op("MatrixDiagPartV3")
def diag_part(input: Any, name: str = "diag_part", k: Any = 0, padding_value: Any = 0, align: str = "RIGHT_LEFT") -> Any:
    """A diagonal of matrices.

    Args:
        k: which one; above the main one where positive.

    Shape: (..., its length).
    """
    return ops.diagonal(settled(input), offset=int(k), axis1=-2, axis2=-1)


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
