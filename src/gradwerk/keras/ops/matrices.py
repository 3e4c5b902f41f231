"""keras.ops.linalg: factors, inverses and norms of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.operands import Axes, Operand, axes_of, floating, tensor, tensors
from gradwerk.ops import eigenvalues, factorizations, functions, movement, norms
from gradwerk.ops import linalg as systems
from gradwerk.ops import matrices as stacks
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.lapack import lu
from gradwerk.ops.linalg import swapped
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: A002, ANN401, FBT001, FBT002  Keras' names and signatures; operands are Tensors, arrays, lists and numbers
op = Family("linalg")


def _matrix(name: str, x: Operand, *, square: bool = True) -> Any:
    """A stack of matrices.  Raises: ShapeError."""
    x = floating(x)
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        raise ShapeError(f"ops.{name} takes {'square ' if square else ''}matrices", facts=(f"given {tuple(x.shape)}",))
    return x


@op(matrices=True)
def cholesky(x: Operand, upper: bool = False) -> Any:
    """L of L L' = x, or with `upper` its transpose.  Shape, dtype: kept.  Raises: LinAlgError for what is not positive definite."""
    factor = factorizations.Cholesky("lower", "ops.cholesky")(_matrix("cholesky", x))[0]
    return swapped(factor) if upper else factor


@op(matrices=True)
def cholesky_inverse(x: Operand, upper: bool = False) -> Any:
    """The inverse of L L', of which x is L, or with `upper` its transpose.  Shape, dtype: kept."""
    x = _matrix("cholesky_inverse", x)
    lower = swapped(x) if upper else x
    inverse = systems.SolveTriangular(False, False)(lower, systems.unit(x.shape[-1], x))  # noqa: FBT003  not upper, not of ones
    return functions.matmul(swapped(inverse), inverse)


@op()
def det(x: Operand) -> Any:
    """The determinants.  Shape: (..., n, n) -> (...).  Dtype: kept."""
    return systems.Determinant()(_matrix("det", x))


@op(eager=True)
def eig(x: Operand) -> tuple[Any, Any]:
    """Eigenvalues and eigenvectors, complex numbers; without a gradient.  Shape: (..., n) and (..., n, n).  Dtype: complex."""
    values, vectors = eigenvalues.Eig("ops.eig")(_matrix("eig", x))[:2]
    return values, vectors


@op()
def eigh(x: Operand) -> tuple[Any, Any]:
    """Eigenvalues, from the smallest, and eigenvectors of symmetric matrices.  Shape: (..., n) and (..., n, n).  Dtype: kept."""
    values, vectors = factorizations.Eigh("lower", "ops.eigh")(_matrix("eigh", x))[:2]
    return values, vectors


@op(matrices=True)
def inv(x: Operand) -> Any:
    """The inverses.  Shape, dtype: kept.  Raises: LinAlgError for a singular matrix."""
    return systems.inv(_matrix("inv", x), "ops.inv")


@op()
def lu_factor(x: Operand) -> tuple[Any, Any]:
    """L (without its diagonal of ones) and U in one matrix, and the row exchanged with each; without a gradient, eager only.

    Shape: that of x, and (..., n).  Dtype: kept, and int32.
    """
    x = _matrix("lu_factor", x)
    held = x.contents("ops.lu_factor")
    factors, rows = [], []
    for one in held.reshape(-1, *held.shape[-2:]):
        both, exchanged = lu(np.array(one))[:2]
        order = list(range(len(one)))
        for k, other in enumerate(np.asarray(exchanged).tolist()):
            order[k], order[other - 1] = order[other - 1], order[k]
        factors.append(both)
        rows.append(np.asarray(exchanged) - 1)
    made = np.reshape(factors, held.shape), np.reshape(rows, held.shape[:-1])
    return Tensor(made[0], x.dtype), Tensor(made[1], dtypes.int32)


@op()
def matrix_rank(x: Operand, tol: Any = None) -> Any:
    """How many singular values are above a bound, by default one of rounding.  Shape: (..., m, n) -> (...).  Dtype: int32."""
    x = _matrix("matrix_rank", x, square=False)
    return cast(stacks.matrix_rank(x, None if tol is None else tensor(tol, x.dtype), None if tol is None else 0.0), dtypes.int32)


@op()
def pinv(x: Operand, rcond: Any = None) -> Any:
    """The pseudo-inverses; singular values up to rcond of the largest count as 0.  Shape: (..., m, n) -> (..., n, m).  Dtype: kept."""
    x = _matrix("pinv", x, square=False)
    share = float(10 * max(x.shape[-2:]) * dtypes.limits(x.dtype).eps) if rcond is None else rcond
    return stacks.pinv(x, None, share, asked="ops.pinv")


@op()
def qr(x: Operand, mode: str = "reduced") -> tuple[Any, Any]:
    """Q and R of Q R = x.  Shape: (..., m, k) and (..., k, n), k the smaller, m for mode="complete".  Dtype: kept.

    Raises: ArgumentError for another mode.
    """
    if mode not in {"reduced", "complete"}:
        raise ArgumentError(f"ops.qr: mode is 'reduced' or 'complete', this is {mode!r}")
    q, r = factorizations.QR(mode == "complete")(_matrix("qr", x, square=False))
    return q, r


@op(2, matrices=True)
def solve(a: Operand, b: Operand) -> Any:
    """x of a x = b; a vector for each matrix is a column.  Shape: that of b.  Dtype: in which both meet.

    Raises: LinAlgError for a singular matrix, ShapeError where they do not fit.
    """
    return _solved("solve", lambda a, b: systems.solve(a, b, "ops.solve"), a, b)


@op(2, matrices=True)
def solve_triangular(a: Operand, b: Operand, lower: bool = False) -> Any:
    """x of a x = b, where of a only one triangle is read.  Shape: that of b.  Dtype: in which both meet.  Raises: ShapeError."""
    return _solved("solve_triangular", systems.SolveTriangular(not lower, False), a, b)  # noqa: FBT003  not of ones


def _solved(name: str, function: Any, a: Operand, b: Operand) -> Any:
    left, right = tensors(a, b, beside=(float,))
    _matrix(name, left)
    vector = right.ndim == left.ndim - 1
    right = movement.expand_dims(right, right.ndim) if vector else right
    if right.ndim < 2 or right.shape[-2] != left.shape[-1]:
        raise ShapeError(f"ops.{name}: a and b do not fit", facts=(f"a {tuple(left.shape)}  b {tuple(tensor(b).shape)}",))
    found = function(left, right)
    return movement.squeeze(found, -1) if vector else found


@op(name="SVD")
def svd(x: Operand, full_matrices: bool = True, compute_uv: bool = True) -> Any:
    """U, the singular values from the largest, and V'; or these values alone.  Shape: (..., m, m), (..., k), (..., n, n), else of k.

    Dtype: kept.
    """
    x = _matrix("svd", x, square=False)
    if not compute_uv:
        return stacks.singular_values(x, "ops.svd")
    u, s, v = factorizations.Svd(bool(full_matrices), "ops.svd")(x)[:3]
    return u, s, v


@op(2)
def lstsq(a: Operand, b: Operand, rcond: Any = None) -> Any:
    """x of the smallest |a x - b|, and of these the smallest.  Shape: (m, n), (m,) or (m, k) -> (n,) or (n, k).  Dtype: floating.

    Raises: ShapeError where they do not fit.
    """
    left, right = tensors(a, b, beside=(float,))
    if left.ndim != 2 or right.ndim not in (1, 2) or left.shape[0] != right.shape[0]:
        raise ShapeError("ops.lstsq takes a matrix and as many rows", facts=(f"a {tuple(left.shape)}  b {tuple(right.shape)}",))
    share = max(left.shape) * dtypes.limits(left.dtype).eps if rcond is None else rcond
    return functions.matmul(stacks.pinv(left, None, float(share), asked="ops.lstsq"), right)


@op()
def norm(x: Operand, ord: Any = None, axis: Axes = None, keepdims: bool = False) -> Any:
    """The norm of vectors along one axis, of matrices along two, of all elements without an axis.  Shape: without them, or of extent 1.

    Dtype: floating.  Raises: ArgumentError for an order that there is not.
    """
    x, named = floating(x), axes_of("norm", axis)
    axes = (named,) if isinstance(named, int) else tuple(range(x.ndim)) if named is None else tuple(named)
    if len(axes) == 2 and ord is not None:
        if ord not in ("fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf):
            raise ArgumentError(f"ops.norm: matrices have no norm {ord!r}", facts=("known: 'fro', 'nuc', 1, -1, 2, -2, inf, -inf",))
        return stacks.matrix_norm(x, ord, (axes[0], axes[1]), keepdims=bool(keepdims))
    if isinstance(ord, str) or (len(axes) > 2 and (ord is not None or named is not None)):
        raise ArgumentError(f"ops.norm: there is no norm {ord!r} along {len(axes)} axes")
    return norms.norm(x, axes, order=2 if ord is None else ord, keepdims=bool(keepdims))
