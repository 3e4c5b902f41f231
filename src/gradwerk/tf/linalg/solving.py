"""Factors, inverses and solutions of matrices (..., rows, columns)."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.keras import ops
from gradwerk.ops import functions
from gradwerk.ops.linalg import swapped
from gradwerk.tf.calls import FLOATS, of_kind, op
from gradwerk.tf.tensors import operands

# ruff: noqa: A002, ANN401, FBT001, FBT002  TensorFlow's names and signatures; operands are Tensors, arrays, lists and numbers


def _matrix(x: Any, kind: str) -> Any:
    """Raises: InvalidArgumentError for whole numbers."""
    return of_kind(x, FLOATS, kind)


@op("MatrixInverse")
def inv(input: Any, adjoint: bool = False, name: Any = None) -> Any:
    """The inverse; of the adjoint where asked.

    Shape and dtype: kept.  Raises: InvalidArgumentError for a matrix that has none.
    """
    x = _matrix(input, "MatrixInverse")
    return ops.linalg.inv(swapped(x) if adjoint else x)


@op("MatrixDeterminant")
def det(input: Any, name: Any = None) -> Any:
    """The determinant.

    Shape: without the last two axes.
    """
    return ops.linalg.det(_matrix(input, "MatrixDeterminant"))


@op("LogMatrixDeterminant")
def slogdet(input: Any, name: Any = None) -> Any:
    """The sign of the determinant, and the logarithm of its size.

    Shape: both without the last two axes.
    """
    return ops.slogdet(_matrix(input, "LogMatrixDeterminant"))


@op("LogDet")
def logdet(matrix: Any, name: Any = None) -> Any:
    """The logarithm of the determinant of a positive definite matrix.

    Shape: without the last two axes.
    """
    return 2.0 * ops.sum(ops.log(ops.diagonal(ops.linalg.cholesky(_matrix(matrix, "Cholesky")), axis1=-2, axis2=-1)), axis=-1)


@op("Cholesky")
def cholesky(input: Any, name: Any = None) -> Any:
    """The lower triangular L with L @ L^T = x, of a positive definite matrix.

    Shape and dtype: kept.  Raises: InvalidArgumentError for one that is not.
    """
    return ops.linalg.cholesky(_matrix(input, "Cholesky"))


@op("MatrixSolve")
def solve(matrix: Any, rhs: Any, adjoint: bool = False, name: Any = None) -> Any:
    """x with matrix @ x = rhs.

    Shape: that of rhs.  Raises: InvalidArgumentError for a matrix without an inverse.
    """
    matrix, rhs = operands(matrix, rhs)
    return ops.linalg.solve(swapped(matrix) if adjoint else matrix, rhs)


@op("MatrixTriangularSolve")
def triangular_solve(matrix: Any, rhs: Any, lower: bool = True, adjoint: bool = False, name: Any = None) -> Any:
    """x with matrix @ x = rhs, of a triangular matrix.

    Shape: that of rhs.
    """
    matrix, rhs = operands(matrix, rhs)
    if adjoint:
        return ops.linalg.solve_triangular(swapped(ops.tril(matrix) if lower else ops.triu(matrix)), rhs, lower=not lower)
    return ops.linalg.solve_triangular(matrix, rhs, lower=bool(lower))


@op("CholeskySolve")
def cholesky_solve(chol: Any, rhs: Any, name: Any = None) -> Any:
    """x with L @ L^T @ x = rhs, of a lower triangular L.

    Shape: that of rhs.
    """
    chol, rhs = operands(chol, rhs)
    inner = ops.linalg.solve_triangular(chol, rhs, lower=True)
    return ops.linalg.solve_triangular(swapped(chol), inner, lower=False)


@op("MatrixSolveLs")
def lstsq(matrix: Any, rhs: Any, l2_regularizer: float = 0.0, fast: bool = True, name: Any = None) -> Any:
    """x for which the sum of squares of matrix @ x - rhs, and of x times l2_regularizer, is smallest.

    Shape: (..., columns of the matrix, columns of rhs).
    """
    matrix, rhs = operands(matrix, rhs)
    turned = swapped(matrix)
    rows, columns = matrix.shape[-2:]
    if rows >= columns:
        square = functions.matmul(turned, matrix) + ops.eye(columns, dtype=core.name(matrix._type.dtype)) * l2_regularizer
        return ops.linalg.solve(square, functions.matmul(turned, rhs))
    square = functions.matmul(matrix, turned) + ops.eye(rows, dtype=core.name(matrix._type.dtype)) * l2_regularizer
    return functions.matmul(turned, ops.linalg.solve(square, rhs))


@op("Qr")
def qr(input: Any, full_matrices: bool = False, name: Any = None) -> Any:
    """q with orthonormal columns and an upper triangular r with q @ r = x.

    Shape: (..., rows, k) and (..., k, columns).
    """
    return ops.linalg.qr(_matrix(input, "Qr"), mode="complete" if full_matrices else "reduced")


@op("Svd")
def svd(tensor: Any, full_matrices: bool = False, compute_uv: bool = True, name: Any = None) -> Any:
    """Singular values s, the largest first, and u and v with u @ diag(s) @ v^T = x.

    Shape: (..., k), (..., rows, k) and (..., columns, k); the first alone without compute_uv.
    """
    x = _matrix(tensor, "Svd")
    if not compute_uv:
        return ops.linalg.svd(x, compute_uv=False)
    u, s, turned = ops.linalg.svd(x, full_matrices=bool(full_matrices))
    return s, u, swapped(turned)


@op("SelfAdjointEigV2")
def eigh(tensor: Any, name: Any = None) -> Any:
    """Eigenvalues of a symmetric matrix, the smallest first, and their vectors as columns.

    Shape: (..., n) and (..., n, n).
    """
    return ops.linalg.eigh(_matrix(tensor, "SelfAdjointEigV2"))


@op("SelfAdjointEigvals")
def eigvalsh(tensor: Any, name: Any = None) -> Any:
    """Eigenvalues of a symmetric matrix, the smallest first.

    Shape: (..., n).
    """
    return ops.linalg.eigh(_matrix(tensor, "SelfAdjointEigV2"))[0]


@op("Pinv")
def pinv(a: Any, rcond: Any = None, validate_args: bool = False, name: Any = None) -> Any:
    """The pseudo-inverse; singular values below rcond times the largest count as 0.

    Shape: (..., columns, rows).
    """
    return ops.linalg.pinv(_matrix(a, "Svd"), rcond)


@op("MatrixRank")
def matrix_rank(a: Any, tol: Any = None, validate_args: bool = False, name: Any = None) -> Any:
    """How many singular values are above tol.

    Shape: without the last two axes.  Dtype: int32.
    """
    return ops.cast(ops.linalg.matrix_rank(_matrix(a, "Svd"), tol), "int32")


@op("Cross")
def cross(a: Any, b: Any, name: Any = None) -> Any:
    """The cross product of vectors of three.

    Shape and dtype: theirs.
    """
    a, b = operands(a, b)
    return ops.cross(a, b)


__all__ = [
    "cholesky", "cholesky_solve", "cross", "det", "eigh", "eigvalsh", "inv", "logdet", "lstsq", "matrix_rank", "pinv", "qr", "slogdet",
    "solve", "svd", "triangular_solve",
]  # fmt: skip
