"""The pseudo-inverse and the exponential of stacks of matrices."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Array, Example, Grads, Host, Interval, Operand, typed
from gradwerk.ir.type import Type
from gradwerk.ops import lapack
from gradwerk.ops.arithmetic import add, mul, neg, sub
from gradwerk.ops.factorizations import finite, not_converged
from gradwerk.ops.functions import matmul
from gradwerk.ops.linalg import matrices, swapped, types_of
from gradwerk.ops.movement import concatenate, slice_axis


@final
@dataclass(frozen=True)
class PseudoInverse(Host):
    """(A, cut) -> (A+, info): singular values up to `cut` count as 0; info is 1 where there are none, of NaN.

    Shape: (..., m, n), (...) -> (..., n, m), (...).  Dtype: float32 or float64, kept; info int32.
    Raises: LinAlgError where there are none, where it is `asked` for by a name.
    Source: Golub, Pereyra, SIAM J. Numer. Anal. 10 (1973) 413, of matrices whose rank stays.
    """

    asked: str = ""
    domain = (Interval(-2.0, 2.0), Interval(0.0, 0.01))

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 2), typed(2))), (cls(), (typed(2, 3), typed()))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types)
        *lead, m, n = x.shape
        return x.with_shape((*lead, n, m)), Type(tuple(lead), dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        def inverse(x: Array, cut: Array) -> Array:
            u, s, v = np.linalg.svd(finite(x), full_matrices=False)
            kept = s > cut[..., 0]
            over = np.where(kept, 1 / np.where(kept, s, 1), 0).astype(x.dtype)
            return np.asarray(np.matmul(np.swapaxes(v, -1, -2) * over[..., None, :], np.swapaxes(u, -1, -2)))

        x, cut = arrays
        made = lapack.each(inverse, (x, np.asarray(cut)[..., None, None]), self.infer(*types_of(arrays)), lambda _: 1)
        if self.asked:
            lapack.refuse(self.asked, made[-1], not_converged)
        return made

    def pullback(self, cts: Sequence[Operand | None], ys: Sequence[Operand], xs: Sequence[Operand]) -> Grads:
        if cts[0] is None:
            return None, None
        x, y, turned = xs[0], ys[0], swapped(ys[0])
        of_turned = swapped(cts[0])
        slope = neg(matmul(matmul(turned, cts[0]), turned))
        left = matmul(matmul(of_turned, y), turned)
        right = matmul(turned, matmul(y, of_turned))
        slope = add(slope, sub(left, matmul(x, matmul(y, left))))
        return add(slope, sub(right, matmul(matmul(right, y), x))), mul(xs[1], 0)


@final
@dataclass(frozen=True)
class MatrixExp(Host):
    """The exponential of each matrix, sum of A^k / k!.

    Shape: (..., n, n), kept.  Dtype: float32 or float64, kept.
    Source: Higham, SIAM J. Matrix Anal. Appl. 26 (2005) 1179: scaled to a norm of at most 1/2, a Taylor sum, squared.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        return (matrices(self.name, *types, square=True),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        x = arrays[0].astype(np.float64)
        with np.errstate(all="ignore"):
            size = np.abs(x).sum(-2).max(-1, initial=0)
            halvings = np.where(np.isfinite(size) & (size > 0.5), np.ceil(np.log2(np.maximum(size, 0.5))) + 1, 0)
            x = x * (0.5**halvings)[..., None, None]
            term = made = np.broadcast_to(np.eye(x.shape[-1]), x.shape)
            for k in range(1, 19):  # 0.5**19 / 19! is far below the last digit
                term = np.matmul(term, x) / k
                made = made + term
            for k in range(int(halvings.max(initial=0))):
                made = np.where((halvings > k)[..., None, None], np.matmul(made, made), made)
        return (made.astype(arrays[0].dtype),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        size, last = x.shape[-1], x.ndim - 1
        turned = swapped(x)
        above, below = concatenate([turned, ct], last), concatenate([mul(turned, 0), turned], last)
        whole = MatrixExp()(concatenate([above, below], last - 1))
        return (slice_axis(slice_axis(whole, last - 1, 0, size), last, size, 2 * size),)
