"""What rules of arithmetic need of complex numbers: conjugates, real parts, and real numbers as complex ones.  See complexes.py."""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.dtypes import DType
from gradwerk.base.errors import DTypeError
from gradwerk.ir.op import Array, Example, Grads, Host, Operand, typed
from gradwerk.ir.type import Type


@final
@dataclass(frozen=True)
class Conj(Host):
    """The conjugate of complex numbers.

    Shape: that of x.  Dtype: complex, kept.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, dtype=dtypes.complex64),)), (cls(), (typed(dtype=dtypes.complex128),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        if not dtypes.is_complex(types[0].dtype):
            raise DTypeError(f"expected complex numbers, not {dtypes.name(types[0].dtype)}", facts=(str(types[0]),))
        return types

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (np.conjugate(arrays[0]),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (conj(ct),)


@final
@dataclass(frozen=True)
class Real(Host):
    """The real part of complex numbers.

    Shape: that of x.  Dtype: that of the parts.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, dtype=dtypes.complex64),)), (cls(), (typed(dtype=dtypes.complex128),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = Conj().infer(*types)
        return (x.with_dtype(dtypes.part(x.dtype)),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (np.array(arrays[0].real),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (AsComplex()(ct),)


@final
@dataclass(frozen=True)
class AsComplex(Host):
    """Real numbers as complex ones.

    Shape: that of x.  Dtype: complex64 of float32, complex128 of float64.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3),)), (cls(), (typed(dtype=dtypes.float64),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if x.dtype not in (dtypes.float32, dtypes.float64):
            raise DTypeError(f"as_complex takes float32 and float64, not {dtypes.name(x.dtype)}", facts=(str(x),))
        return (x.with_dtype(dtypes.promoted(dtypes.complex64, x.dtype)),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (arrays[0].astype(dtypes.promoted(dtypes.complex64, arrays[0].dtype)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (real(ct),)


def real(x: Operand) -> Operand:
    """The real part of complex numbers; others are their own.  Shape: kept.  Dtype: that of the parts."""
    dtype = getattr(x, "dtype", None)
    return Real()(x) if dtype is not None and dtypes.is_complex(dtype) else x


def conj(x: Operand) -> Operand:
    """The conjugate of complex numbers; others are their own.  Shape, dtype: kept."""
    dtype = getattr(x, "dtype", None)
    return Conj()(x) if dtype is not None and dtypes.is_complex(dtype) else x


def part_of(ct: Operand, dtype: DType) -> Operand:
    """A gradient, of which what reaches real numbers is the real part."""
    return ct if dtypes.is_complex(dtype) else real(ct)


def holding(given: DType, wanted: DType) -> DType:
    """The dtype that is wanted.  Raises: DTypeError where it cannot hold the complex numbers that are given."""
    if dtypes.is_complex(given) and not dtypes.is_complex(wanted):
        likely = "take the real part or the magnitude"
        raise DTypeError(f"cast: {dtypes.name(wanted)} cannot hold complex numbers", facts=(f"given {dtypes.name(given)}",), likely=likely)
    return wanted
