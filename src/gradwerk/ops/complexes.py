"""Complex numbers: their parts, and what is made of them.  No kernel computes with them: what does runs NumPy (record 0030).

A gradient of a complex x is that of real and imaginary part as one number, d/d re + i d/d im, as PyTorch has it.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ir.op import Array, Example, Grads, Host, Operand, typed
from gradwerk.ir.type import Type
from gradwerk.ops.arithmetic import div, mul, neg, where
from gradwerk.ops.compare import equal
from gradwerk.ops.conjugate import conj, real
from gradwerk.ops.functions import without
from gradwerk.ops.movement import broadcast_to, concatenate, expand_dims, slice_axis
from gradwerk.ops.norms import norm
from gradwerk.ops.transcendental import cos, sin

__all__ = ["angle", "conj", "from_parts", "imag", "magnitude", "polar", "real", "view_as_complex", "view_as_real"]


@final
@dataclass(frozen=True)
class ViewAsReal(Host):
    """Real and imaginary part of complex numbers along a new last axis.

    Shape: (...) -> (..., 2).  Dtype: that of the parts.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, dtype=dtypes.complex64),)), (cls(), (typed(dtype=dtypes.complex128),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if not dtypes.is_complex(x.dtype):
            raise DTypeError(f"view_as_real takes complex numbers, not {dtypes.name(x.dtype)}", facts=(str(x),))
        return (Type((*x.shape, 2), dtypes.part(x.dtype)),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (np.stack([arrays[0].real, arrays[0].imag], -1),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (view_as_complex(ct),)


@final
@dataclass(frozen=True)
class ViewAsComplex(Host):
    """Complex numbers of real and imaginary parts along the last axis, which has an extent of 2.

    Shape: (..., 2) -> (...).  Dtype: complex64 of float32, complex128 of float64.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(3, 2),)), (cls(), (typed(2, dtype=dtypes.float64),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if x.dtype not in (dtypes.float32, dtypes.float64):
            raise DTypeError(f"view_as_complex takes float32 and float64, not {dtypes.name(x.dtype)}", facts=(str(x),))
        if not x.ndim or x.shape[-1] != 2:
            raise ShapeError("view_as_complex: the last axis has real and imaginary part, an extent of 2", facts=(str(x),))
        return (Type(x.shape[:-1], dtypes.promoted(dtypes.complex64, x.dtype)),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        made = np.empty(arrays[0].shape[:-1], dtypes.promoted(dtypes.complex64, arrays[0].dtype))
        made.real, made.imag = arrays[0][..., 0], arrays[0][..., 1]
        return (made,)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (view_as_real(ct),)


@final
@dataclass(frozen=True)
class Angle(Host):
    """The angle of complex numbers, from -pi to pi; the derivative at 0 is 0.

    Shape: that of x.  Dtype: that of the parts.
    """

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(), (typed(2, 3, dtype=dtypes.complex64),)), (cls(), (typed(dtype=dtypes.complex128),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = ViewAsReal().infer(*types)
        return (x.with_shape(x.shape[:-1]),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (np.asarray(np.angle(arrays[0]), dtypes.part(arrays[0].dtype)),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        size = magnitude(x)
        nothing = equal(size, 0)
        over = where(nothing, 0, div(div(ct, where(nothing, 1, size)), where(nothing, 1, size)))
        return (from_parts(mul(neg(imag(x)), over), mul(real(x), over)),)


def view_as_real(x: Operand) -> Operand:
    """Real and imaginary part along a new last axis.  Shape: (...) -> (..., 2).  Raises: DTypeError for what is not complex."""
    return ViewAsReal()(x)


def view_as_complex(x: Operand) -> Operand:
    """Complex numbers of parts along the last axis.  Shape: (..., 2) -> (...).  Raises: DTypeError, ShapeError."""
    return ViewAsComplex()(x)


def from_parts(re: Operand, im: Operand) -> Operand:
    """re + i im.  Shape: broadcast.  Dtype: of float32 complex64, of float64 complex128.  Raises: DTypeError, ShapeError."""
    shape = np.broadcast_shapes(re.shape, im.shape)
    parts = [expand_dims(broadcast_to(part, shape), -1) for part in (re, im)]
    return view_as_complex(concatenate(parts, len(shape)))


def imag(x: Operand) -> Operand:
    """The imaginary part of complex numbers.  Shape: kept.  Raises: DTypeError."""
    parts = view_as_real(x)
    return without(slice_axis(parts, parts.ndim - 1, 1, 2), (parts.ndim - 1,))


def magnitude(x: Operand) -> Operand:
    """|x|, which does not overflow; the derivative at 0 is 0.  Shape: kept.  Dtype: that of the parts."""
    return norm(view_as_real(x), -1)


def angle(x: Operand) -> Operand:
    """The angle of complex numbers.  Shape: kept.  Dtype: that of the parts.  Raises: DTypeError."""
    return Angle()(x)


def polar(size: Operand, angle: Operand) -> Operand:
    """size * e**(i angle).  Shape: broadcast.  Dtype: complex64 of float32, complex128 of float64."""
    return from_parts(mul(size, cos(angle)), mul(size, sin(angle)))
