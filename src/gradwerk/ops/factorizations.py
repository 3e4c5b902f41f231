"""Factors of stacks of matrices, on NumPy's LAPACK: Cholesky's, orthogonal and triangular, singular values, eigenvalues.

A matrix without a result gets NaN, and `info` says what is wrong with it; an op that has a name to speak by (`asked`) raises instead.
Where two singular values or eigenvalues are equal, vectors have no derivative (NaN or infinities); values alone have.
Source: Giles, Collected matrix derivative results for forward and reverse mode AD (2008); Walter and Lehmann, Algorithmic
differentiation of linear algebra functions with application in optimum experimental design, arXiv:1001.1654 (QR).
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.ir.op import Array, Example, Grads, Host, Operand, typed
from gradwerk.ir.type import Type
from gradwerk.ops import lapack
from gradwerk.ops.arithmetic import add, div, mul, sub, where
from gradwerk.ops.compare import equal
from gradwerk.ops.functions import matmul
from gradwerk.ops.linalg import SolveTriangular, matrices, swapped, types_of
from gradwerk.ops.movement import concatenate, expand_dims, slice_axis
from gradwerk.ops.triangles import diagonal_halved, lower, of_diagonal, places

Triangle = Literal["lower", "upper", "both"]
"""Which triangle of a symmetric matrix is read; of both the mean, which is what finite differences can be taken of."""


@final
@dataclass(frozen=True)
class Cholesky(Host):
    """(A) -> (L with L L' = A, info): L is lower triangular; info is 0, or the order of the leading minor that is not positive.

    The derivative counts A as symmetric: half of it goes to each of two mirrored elements, also where one `triangle` is read alone.
    Shape: (..., n, n), kept; info (...).  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError for a matrix that is not positive definite, where it is `asked` for by a name.
    """

    triangle: Triangle = "both"
    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        return x, Type(x.shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        x = symmetric(arrays[0], self.triangle)
        made = lapack.each(np.linalg.cholesky, [x], self.infer(*types_of(arrays)), lapack.minor_not_positive)
        if self.asked:
            lapack.refuse(self.asked, made[1], not_positive)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return (None,)
        factor, over = ys[0], SolveTriangular(upper=True)
        inner = diagonal_halved(lower(matmul(swapped(factor), cts[0])))
        left = over(swapped(factor), inner)
        both = swapped(over(swapped(factor), swapped(left)))
        return (halves(both),)


def not_positive(order: int) -> str:
    """What is said of a matrix of which a leading minor is not positive."""
    return (
        f"The factorization could not be completed because the input is not positive-definite "
        f"(the leading minor of order {order} is not positive-definite)."
    )


@final
@dataclass(frozen=True)
class QR(Host):
    """(A) -> (Q, R): orthonormal columns, and an upper triangle; with `complete` Q is square, and then has no derivative of tall matrices.

    Shape: (..., m, n) -> (..., m, k), (..., k, n), k the smaller of m and n, or m with `complete`.  Dtype: float32 or float64, kept.
    """

    complete: bool = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        tall, square, wide = typed(4, 2), typed(2, 2, 2), typed(2, 3)
        return (cls(), (tall,)), (cls(complete=True), (square,)), (cls(complete=True), (wide,))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types)
        *lead, m, n = x.shape
        k = m if self.complete else min(m, n)
        return x.with_shape((*lead, m, k)), x.with_shape((*lead, k, n))

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        q, r = np.linalg.qr(arrays[0], "complete" if self.complete else "reduced")
        return np.asarray(q, arrays[0].dtype), np.asarray(r, arrays[0].dtype)

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        q, r = ys
        rows, columns = xs[0].shape[-2:]
        if self.complete and rows > columns:
            raise StateError("qr: complete factors of tall matrices have no derivative", likely="mode='reduced'")
        of_q, of_r = (mul(y, 0) if ct is None else ct for ct, y in zip(cts, ys, strict=True))
        if rows >= columns:
            return (_of_qr(of_q, of_r, q, r),)
        rest = slice_axis(of_r, of_r.ndim - 1, rows, columns)
        of_q = add(of_q, matmul(slice_axis(xs[0], xs[0].ndim - 1, rows, columns), swapped(rest)))
        first = _of_qr(of_q, slice_axis(of_r, of_r.ndim - 1, 0, rows), q, slice_axis(r, r.ndim - 1, 0, rows))
        return (concatenate([first, matmul(q, rest)], xs[0].ndim - 1),)


def _of_qr(of_q: Operand, of_r: Operand, q: Operand, r: Operand) -> Operand:
    """The gradient of a matrix that is not wide."""
    inner = sub(matmul(r, swapped(of_r)), matmul(swapped(of_q), q))
    mirrored = add(lower(inner), swapped(lower(inner, strictly=True)))
    return swapped(SolveTriangular(upper=True)(r, swapped(add(of_q, matmul(q, mirrored)))))


@final
@dataclass(frozen=True)
class Svd(Host):
    """(A) -> (U, S, V', info) with U diag(S) V' = A: singular values from the largest; info is 1 where none are found, of NaN.

    With `full` U and V are square; what they have more has no derivative.  Nor have the signs of vectors a meaning.
    Shape: (..., m, n) -> (..., m, k), (..., k), (..., k, n), (...).  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError where there are none, where it is `asked` for by a name.
    """

    full: bool = False
    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 2),)), (cls(), (typed(2, 3),)), (cls(full=True), (typed(2, 2),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types)
        *lead, m, n = x.shape
        k = min(m, n)
        shapes = (*lead, m, m if self.full else k), (*lead, k), (*lead, n if self.full else k, n)
        return (*map(x.with_shape, shapes), Type(tuple(lead), dtypes.int32))

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        def factors(x: Array) -> tuple[Array, Array, Array]:
            u, s, v = np.linalg.svd(finite(x), self.full)
            return u, s, v

        made = lapack.each(factors, arrays, self.infer(*types_of(arrays)), lambda _: 1)
        if self.asked:
            lapack.refuse(self.asked, made[-1], not_converged)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        values = ys[1]
        k = values.shape[-1]
        u, v = (slice_axis(y, y.ndim - axis, 0, k) for y, axis in ((ys[0], 1), (ys[2], 2)))
        of_u = None if cts[0] is None else slice_axis(cts[0], u.ndim - 1, 0, k)
        of_v = None if cts[2] is None else slice_axis(cts[2], v.ndim - 2, 0, k)
        return (_of_svd(of_u, cts[1], of_v, u, values, v),)


def _of_svd(of_u: Operand | None, of_s: Operand | None, of_v: Operand | None, u: Operand, s: Operand, v: Operand) -> Operand:
    """The gradient of a matrix, from those of its factors."""
    row, column = expand_dims(s, -2), expand_dims(s, -1)
    inner = of_diagonal(mul(s, 0) if of_s is None else of_s)
    if of_u is not None:
        inner = add(inner, mul(_apart(_skew(matmul(swapped(u), of_u)), s), row))
    if of_v is not None:
        inner = add(inner, mul(column, _apart(_skew(matmul(v, swapped(of_v))), s)))
    slope = matmul(matmul(u, inner), v)
    if of_u is not None and u.shape[-2] > u.shape[-1]:
        over = div(of_u, row)
        slope = add(slope, matmul(sub(over, matmul(u, matmul(swapped(u), over))), v))
    if of_v is not None and v.shape[-1] > v.shape[-2]:
        over = div(of_v, column)
        slope = add(slope, matmul(u, sub(over, matmul(matmul(over, swapped(v)), v))))
    return slope


def _skew(x: Operand) -> Operand:
    return sub(x, swapped(x))


def _apart(x: Operand, s: Operand) -> Operand:
    """x over the differences of the squares of singular values; 0 on the diagonal."""
    row, column = expand_dims(s, -2), expand_dims(s, -1)
    return _over_differences(x, mul(sub(row, column), add(row, column)))


def _over_differences(x: Operand, differences: Operand) -> Operand:
    here = equal(*places(x))
    return where(here, 0, div(x, where(here, 1, differences)))


@final
@dataclass(frozen=True)
class SingularValues(Host):
    """(A) -> (the singular values of each matrix, from the largest, info); see Svd.

    Shape: (..., m, n) -> (..., k), k the smaller of m and n; info (...).  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError where there are none, of NaN, where it is `asked` for by a name.
    """

    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 2, 3),)), (cls(), (typed(0, 2),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types)
        return x.with_shape((*x.shape[:-2], min(x.shape[-2:]))), Type(x.shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        def values(x: Array) -> Array:
            return np.linalg.svd(finite(x), compute_uv=False)

        made = lapack.each(values, arrays, self.infer(*types_of(arrays)), lambda _: 1)
        if self.asked:
            lapack.refuse(self.asked, made[-1], not_converged)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return (None,)
        u, _, v, _ = Svd()(xs[0])
        return (matmul(mul(u, expand_dims(cts[0], -2)), v),)


@final
@dataclass(frozen=True)
class Eigh(Host):
    """(A) -> (eigenvalues of each symmetric matrix from the smallest, its eigenvectors as columns, info); info is 1 where none are found.

    The derivative counts A as symmetric, also where one `triangle` is read alone.  The signs of vectors have no meaning.
    Shape: (..., n, n) -> (..., n), (..., n, n), (...).  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError where there are none, of NaN, where it is `asked` for by a name.
    """

    triangle: Triangle = "both"
    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        return x.with_shape(x.shape[:-1]), x, Type(x.shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        def factors(x: Array) -> tuple[Array, Array]:
            values, vectors = np.linalg.eigh(finite(x))
            return values, vectors

        made = lapack.each(factors, [symmetric(arrays[0], self.triangle)], self.infer(*types_of(arrays)), lambda _: 1)
        if self.asked:
            lapack.refuse(self.asked, made[-1], not_converged)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        values, vectors, _ = ys
        inner = of_diagonal(mul(values, 0) if cts[0] is None else cts[0])
        if cts[1] is not None:
            row, column = expand_dims(values, -2), expand_dims(values, -1)
            inner = add(inner, _over_differences(matmul(swapped(vectors), cts[1]), sub(row, column)))
        slope = matmul(matmul(vectors, inner), swapped(vectors))
        return (halves(slope),)


@final
@dataclass(frozen=True)
class EigenvaluesOfSymmetric(Host):
    """(A) -> (eigenvalues of each symmetric matrix from the smallest, info); see Eigh.

    Shape: (..., n, n) -> (..., n), (...).  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError where there are none, of NaN, where it is `asked` for by a name.
    """

    triangle: Triangle = "both"
    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        return x.with_shape(x.shape[:-1]), Type(x.shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        def values(x: Array) -> Array:
            return np.linalg.eigvalsh(finite(x))

        made = lapack.each(values, [symmetric(arrays[0], self.triangle)], self.infer(*types_of(arrays)), lambda _: 1)
        if self.asked:
            lapack.refuse(self.asked, made[-1], not_converged)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return (None,)
        vectors = Eigh(self.triangle)(xs[0])[1]
        return (matmul(mul(vectors, expand_dims(cts[0], -2)), swapped(vectors)),)


def not_converged(_: int) -> str:
    """What is said of a matrix of which no values were found."""
    return "The algorithm failed to converge because the input matrix contained non-finite values."


# ---- arrays


def finite(x: Array) -> Array:
    """The array.  Raises: np.linalg.LinAlgError for NaN and infinities, in which LAPACK may not come to an end."""
    if not np.isfinite(x).all():
        raise np.linalg.LinAlgError("non-finite")
    return x


def symmetric(x: Array, triangle: Triangle) -> Array:
    """Each matrix mirrored from one triangle, or the mean of it and its mirror image."""
    turned = np.swapaxes(x, -1, -2)
    if triangle == "both":
        return np.asarray((x + turned) * x.dtype.type(0.5))
    rows, columns = np.ogrid[: x.shape[-2], : x.shape[-1]]
    return np.where(rows >= columns if triangle == "lower" else rows <= columns, x, turned)


def halves(x: Operand) -> Operand:
    """The mean of each matrix and its mirror image."""
    return mul(add(x, swapped(x)), 0.5)
