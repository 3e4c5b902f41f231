"""Eigenvalues of matrices that need not be symmetric: complex numbers, without a derivative."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.ir.op import Array, Example, Host, typed, undefined
from gradwerk.ir.type import Type
from gradwerk.ops import lapack
from gradwerk.ops.factorizations import finite, not_converged
from gradwerk.ops.linalg import matrices, types_of


@final
@dataclass(frozen=True)
class Eig(Host):
    """(A) -> (eigenvalues of each matrix, its eigenvectors as columns, info), in no order; info is 1 where none are found, of NaN.

    Shape: (..., n, n) -> (..., n), (..., n, n), (...).  Dtype: complex64 of float32, complex128 of float64; info int32.
    Raises: LinAlgError where there are none, where it is `asked` for by a name.
    """

    vjp = undefined("eigenvalues of symmetric matrices have one (eigh)")
    asked: str = ""

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, 3),)), (cls(), (typed(0, 0),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        x = matrices(self.name, *types, square=True)
        dtype = dtypes.promoted(dtypes.complex64, x.dtype)
        return Type(x.shape[:-1], dtype), Type(x.shape, dtype), Type(x.shape[:-2], dtypes.int32)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        def factors(x: Array) -> tuple[Array, Array]:
            values, vectors = np.linalg.eig(finite(x))
            return values, vectors

        made = lapack.each(factors, arrays, self.infer(*types_of(arrays)), lambda _: 1)
        if self.asked:
            lapack.refuse(self.asked, made[-1], not_converged)
        return made
