"""keras.ops.linalg: linear algebra."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.ops.core import (
    jvp,
)  # fmt: skip
from gradwerk.keras.ops.matrices import (
    cholesky,
    cholesky_inverse,
    det,
    eig,
    eigh,
    inv,
    lstsq,
    lu_factor,
    matrix_rank,
    norm,
    pinv,
    qr,
    solve,
    solve_triangular,
    svd,
)  # fmt: skip

__all__ = [
    "cholesky", "cholesky_inverse", "det", "eig", "eigh", "inv", "jvp", "lstsq", "lu_factor", "matrix_rank", "norm", "pinv", "qr",
    "solve", "solve_triangular", "svd",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.ops.linalg", __name__)
