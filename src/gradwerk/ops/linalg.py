"""Inverses, determinants and systems of linear equations of stacks of matrices, on NumPy's LAPACK.

A matrix without a result gets NaN, and `info` says what is wrong with it; an op that has a name to speak by (`asked`) raises instead.
Matrices are the last two axes, those before are the stack.  Derivatives are written with ops, so they have derivatives.
Source: Giles, Collected matrix derivative results for forward and reverse mode AD (2008).
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.meeting import broadcast_shapes, same_dtype
from gradwerk.ir.op import Array, Example, Grads, Host, Operand, typed
from gradwerk.ir.type import Type
from gradwerk.ops import lapack
from gradwerk.ops.arithmetic import mul, neg, sub
from gradwerk.ops.functions import matmul
from gradwerk.ops.movement import reshape, transpose
from gradwerk.ops.reduction import reduce_sum
from gradwerk.ops.source import full
from gradwerk.ops.triangles import eye, lower, upper


@final
@dataclass(frozen=True)
class Inverse(Host):
    """(A) -> (the inverse of each matrix, info): info is 0, or the number of the pivot that is 0.

    Shape: (..., n, n), kept; info (...).  Dtype: float32 or float64, kept; info int32.  Error: LAPACK's.
    Raises: LinAlgError for a singular matrix, where it is `asked` for by a name.
    """

    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        return x, Type(x.shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        made = lapack.each(np.linalg.inv, arrays, self.infer(*types_of(arrays)), lapack.zero_pivot)
        if self.asked:
            lapack.refuse(self.asked, made[1], no_inverse)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return (None,)
        turned = swapped(ys[0])
        return (neg(matmul(matmul(turned, cts[0]), turned)),)


@final
@dataclass(frozen=True)
class Determinant(Host):
    """The determinant of each matrix; its derivative is that of singular ones too, the second is none there (NaN).

    Shape: (..., n, n) -> (...).  Dtype: float32 or float64, kept.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),)), (cls(), (typed(1, 1),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        return (x.with_shape(x.shape[:-2]),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        with np.errstate(all="ignore"):
            return (np.asarray(np.linalg.det(arrays[0]), arrays[0].dtype),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (mul(beside_matrices(ct), Cofactors()(x)),)


@final
@dataclass(frozen=True)
class Cofactors(Host):
    """The matrix of cofactors of each matrix: the derivative of its determinant, also where that is 0.

    By singular values: U S V' has the cofactors det(U) det(V) U C V', where C has, for each singular value, the product of the others.
    Shape: (..., n, n), kept.  Dtype: float32 or float64, kept.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(1, 1),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (matrices(self.name, *types, square=True),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        (type_,) = self.infer(*types_of(arrays))
        return lapack.each(_cofactors, arrays, (type_, Type(type_.shape[:-2], dtypes.int32)), lambda _: 1)[:1]

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        turned = swapped(Inverse()(x)[0])
        along = beside_matrices(reduce_sum(mul(ct, turned), (-2, -1)))
        slope = sub(mul(along, turned), matmul(matmul(turned, swapped(ct)), turned))
        return (mul(beside_matrices(Determinant()(x)), slope),)


def _cofactors(x: Array) -> Array:
    u, s, v = np.linalg.svd(x)
    size = s.shape[-1]
    others = np.where(np.eye(size, dtype=bool), 1, s[..., None, :]).prod(-1)
    turn = np.linalg.det(u) * np.linalg.det(v)
    return np.asarray(np.matmul(u * (others * turn[..., None])[..., None, :], v))


@final
@dataclass(frozen=True)
class SlogDet(Host):
    """(A) -> (sign, logarithm of the magnitude) of each determinant: 0 and -inf of a singular matrix, which has no derivative (NaN).

    Shape: (..., n, n) -> (...), twice.  Dtype: float32 or float64, kept.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        return (x.with_shape(x.shape[:-2]),) * 2

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        with np.errstate(all="ignore"):
            sign, logarithm = np.linalg.slogdet(arrays[0])
        return np.asarray(sign, arrays[0].dtype), np.asarray(logarithm, arrays[0].dtype)

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[1] is None:
            return (mul(xs[0], 0),)
        return (mul(beside_matrices(cts[1]), swapped(Inverse()(xs[0])[0])),)


@final
@dataclass(frozen=True)
class Solve(Host):
    """(A, B) -> (X with A X = B, info): info is 0, or the number of the pivot that is 0.

    Shape: (..., n, n), (..., n, k) -> (..., n, k), leading axes broadcast; info (...) of A.  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError for a singular matrix, where it is `asked` for by a name.
    """

    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(3, 3), typed(3, 2))), (cls(), (typed(2, 2, 2), typed(2, 1))), (cls(), (typed(2, 2), typed(2, 0)))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = _system(self.name, *types)
        return x, Type(types[0].shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        x, info = self.infer(*types_of(arrays))
        *made, failed = lapack.each(np.linalg.solve, arrays, (x, Type(x.shape[:-2], dtypes.int32)), lapack.zero_pivot)
        if failed.any() or failed.shape != info.shape:
            failed = np.asarray(lapack.reduced_to(failed, info.shape))
        if self.asked:
            lapack.refuse(self.asked, failed, no_solution)
        return made[0], failed

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return None, None
        back = Solve()(swapped(xs[0]), cts[0])[0]
        return neg(matmul(back, swapped(ys[0]))), back


@final
@dataclass(frozen=True)
class SolveTriangular(Host):
    """(A, B) -> X with A X = B, where of A only one triangle is read; `unit` takes its diagonal for ones.  Division by 0 is not refused.

    Shape: (..., n, n), (..., n, k) -> (..., n, k), leading axes broadcast.  Dtype: float32 or float64, kept.
    """

    upper: bool
    unit: bool = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (
            (cls(upper=True), (typed(3, 3), typed(3, 2))),
            (cls(upper=False, unit=True), (typed(2, 2, 2), typed(2, 1))),
            (cls(upper=False), (typed(2, 2), typed(2, 0))),
        )

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (_system(self.name, *types),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (lapack.substituted(*arrays, upper=self.upper, unit=self.unit),)

    def vjp(self, ct: Operand, y: Operand, a: Operand, b: Operand) -> Grads:
        back = SolveTriangular(upper=not self.upper, unit=self.unit)(swapped(a), ct)
        slope = neg(matmul(back, swapped(y)))
        return (upper if self.upper else lower)(slope, strictly=self.unit), back


def _system(name: str, *types: Type) -> Type:
    """The type of X in A X = B."""
    a, b = types
    matrices(name, *types, square=True)
    if b.ndim < 2 or a.shape[-1] != b.shape[-2]:
        raise ShapeError(f"{name}: the right side has other rows than the matrix", facts=(f"matrix {a}, right side {b}",))
    lead = broadcast_shapes(name, a.with_shape(a.shape[:-2]), a.with_shape(b.shape[:-2]))
    return b.with_shape((*lead, *b.shape[-2:]))


def no_solution(pivot: int) -> str:
    """What is said of the matrix of a system that has a pivot of 0."""
    return f"The solver failed because the input matrix is singular.  Its pivot {pivot} is zero."


def no_inverse(pivot: int) -> str:
    """What is said of a matrix with a pivot of 0."""
    return f"The diagonal element {pivot} is zero, the inversion could not be completed because the input matrix is singular."


# ---- what the ops of matrices ask and write


def matrices(name: str, *types: Type, square: bool = False) -> Type:
    """The first type, of a stack of matrices.  Raises: ShapeError, DTypeError."""
    x, dtype = types[0], same_dtype(name, *types)
    if not dtypes.is_float(dtype) or dtypes.is_narrow(dtype):
        raise DTypeError(f"{name} takes float32 and float64, not {dtypes.name(dtype)}", facts=(f"given {x}",), likely="convert it first")
    if x.ndim < 2 or (square and x.shape[-1] != x.shape[-2]):
        raise ShapeError(f"{name}: expected {'square matrices' if square else 'matrices'} along the last two axes", facts=(f"given {x}",))
    return x


def types_of(arrays: Sequence[Array]) -> list[Type]:
    """The types of arrays."""
    return [Type(a.shape, a.dtype) for a in arrays]


def swapped(x: Operand) -> Operand:
    """Each matrix of a stack transposed."""
    return transpose(x, (*range(x.ndim - 2), x.ndim - 1, x.ndim - 2))


def unit(size: int, like: Operand) -> Operand:
    """The unit matrix of an extent, in the world and of the dtype of `like`.  Shape: (size, size)."""
    return eye(full((size, size), 0, like.dtype, like=(like,)))


def beside_matrices(x: Operand) -> Operand:
    """Numbers, one for each matrix of a stack, with two more axes of extent 1."""
    return reshape(x, (*x.shape, 1, 1))


def inv(x: Operand, asked: str = "inv") -> Operand:
    """The inverse of each matrix.  Shape: (..., n, n), kept.  Dtype: float32 or float64.  Raises: LinAlgError, ShapeError, DTypeError."""
    return Inverse(asked)(x)[0]


def solve(a: Operand, b: Operand, asked: str = "solve") -> Operand:
    """X of a X = b.  Shape: (..., n, n), (..., n, k) -> (..., n, k).  Raises: LinAlgError, ShapeError, DTypeError."""
    return Solve(asked)(a, b)[0]
