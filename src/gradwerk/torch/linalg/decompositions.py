"""Factors of matrices."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import Any, NamedTuple

from gradwerk.base.errors import ArgumentError
from gradwerk.ops import factorizations, matrices
from gradwerk.ops.eigenvalues import Eig
from gradwerk.ops.factorizations import Triangle
from gradwerk.ops.linalg import swapped
from gradwerk.ops.source import full
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch.linalg.checks import matrix, square
from gradwerk.torch.options import as_recorded

# ruff: noqa: FBT001, FBT002, N803  torch's names


class CholeskyEx(NamedTuple):
    """What cholesky_ex gives."""

    L: Any
    info: Any


class QR(NamedTuple):
    """What qr gives."""

    Q: Any
    R: Any


class SVD(NamedTuple):
    """What svd gives."""

    U: Any
    S: Any
    Vh: Any


class Eigen(NamedTuple):
    """What eig and eigh give."""

    eigenvalues: Any
    eigenvectors: Any


@as_recorded()
def cholesky(A: Tensor, *, upper: bool = False) -> Tensor:
    """L of L L' = A, or its transpose; of A one triangle is read.  Raises: LinAlgError for what is not positive definite."""
    return _cholesky(A, upper, "linalg.cholesky")[0]


@as_recorded()
def cholesky_ex(A: Tensor, *, upper: bool = False, check_errors: bool = False) -> CholeskyEx:
    """As cholesky, and for each matrix 0 or the order of the leading minor that is not positive: then the factor is NaN."""
    return CholeskyEx(*_cholesky(A, upper, "linalg.cholesky" if check_errors else ""))


def _cholesky(A: Any, upper: bool, asked: str) -> tuple[Any, Any]:  # noqa: ANN401
    square("linalg.cholesky", A)
    factor, info = factorizations.Cholesky("upper" if upper else "lower", asked)(A)
    return (swapped(factor) if upper else factor), info


@as_recorded()
def qr(A: Tensor, mode: str = "reduced") -> QR:
    """Q and R; of mode "r" R alone.  Raises: ArgumentError for another mode."""
    matrix("linalg.qr", A)
    if mode not in ("reduced", "complete", "r"):
        raise ArgumentError(f"qr received unrecognized mode '{mode}' but expected one of 'reduced' (default), 'r', or 'complete'")
    q, r = factorizations.QR(mode == "complete")(A)
    return QR(full((0,), 0, A.dtype, like=(A,)) if mode == "r" else q, r)


@as_recorded()
def svd(A: Tensor, full_matrices: bool = True) -> SVD:
    """U, the singular values, and V'.  Raises: LinAlgError for NaN and infinities."""
    return SVD(*factorizations.Svd(bool(full_matrices), "linalg.svd")(matrix("linalg.svd", A))[:3])


@as_recorded()
def svdvals(A: Tensor) -> Tensor:
    """The singular values, from the largest."""
    return matrices.singular_values(matrix("linalg.svdvals", A), "linalg.svd")


@as_recorded()
def eig(A: Tensor) -> Eigen:
    """Eigenvalues and eigenvectors, complex numbers; without a derivative."""
    return Eigen(*Eig("linalg.eig")(square("linalg.eig", A))[:2])


@as_recorded()
def eigvals(A: Tensor) -> Tensor:
    """Eigenvalues, complex numbers; without a derivative."""
    return Eig("linalg.eig")(square("linalg.eigvals", A))[0]


@as_recorded()
def eigh(A: Tensor, UPLO: str = "L") -> Eigen:
    """Eigenvalues and eigenvectors of symmetric matrices, of which one triangle is read."""
    triangle = _triangle(UPLO)
    return Eigen(*factorizations.Eigh(triangle, "linalg.eigh")(square("linalg.eigh", A))[:2])


@as_recorded()
def eigvalsh(A: Tensor, UPLO: str = "L") -> Tensor:
    """Eigenvalues of symmetric matrices, of which one triangle is read."""
    return matrices.eigenvalues_of_symmetric(square("linalg.eigvalsh", A), _triangle(UPLO), "linalg.eigh")


def _triangle(name: str) -> Triangle:
    if not isinstance(name, str) or name.upper() not in ("L", "U"):
        raise ArgumentError(f"Expected UPLO argument to be 'L' or 'U', but got {name}")
    return "lower" if name.upper() == "L" else "upper"
