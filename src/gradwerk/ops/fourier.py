"""Discrete Fourier transforms, on NumPy's.

    Dft     X_k = sum_n x_n e**(-2 pi i k n / N) along axes, of complex x; with `inverse` of the opposite sign.  Nothing is divided
    Rdft    the first N // 2 + 1 of them of real x along one axis: the others are their conjugates
    Irdft   the real numbers of which, but for a factor N, these are the transform

Each is linear, and the derivative of each is another of them.
"""
# mypy: disable-error-code="override"
# A member of a kind takes as many arguments as its formula has; the kind is variadic.

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, final

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ir.op import Array, Example, Grads, Host, Operand, typed
from gradwerk.ir.type import Type
from gradwerk.ops.arithmetic import cast, mul
from gradwerk.ops.axes import normal_axis
from gradwerk.ops.conjugate import conj, real
from gradwerk.ops.movement import pad, slice_axis
from gradwerk.ops.source import full

Norm = Literal["backward", "ortho", "forward"] | None


@final
@dataclass(frozen=True)
class Dft(Host):
    """The transform along `axes`, with `inverse` of the opposite sign; nothing is divided.

    Shape: kept.  Dtype: complex, kept.  Raises: ShapeError for an axis that is not there, or is empty.
    """

    axes: tuple[int, ...]
    inverse: bool = False

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls((1,)), (typed(2, 5, dtype=dtypes.complex64),)), (cls((0, 1), inverse=True), (typed(4, 3, dtype=dtypes.complex128),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if not dtypes.is_complex(x.dtype):
            raise DTypeError(f"{self.name} takes complex numbers, not {dtypes.name(x.dtype)}", facts=(str(x),))
        _check_axes(self.name, x, self.axes)
        return types

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        way, norm = (np.fft.ifftn, "forward") if self.inverse else (np.fft.fftn, "backward")
        return (way(arrays[0], axes=self.axes, norm=norm).astype(arrays[0].dtype, copy=False),)  # type: ignore[arg-type]  # a literal

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        return (Dft(self.axes, not self.inverse)(ct),)


@final
@dataclass(frozen=True)
class Rdft(Host):
    """The first half of the transform of real numbers along an axis; nothing is divided.

    Shape: n along the axis becomes n // 2 + 1.  Dtype: complex64 of float32, complex128 of float64.  Raises: ShapeError, DTypeError.
    """

    axis: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(1), (typed(2, 5),)), (cls(0), (typed(4, 3),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if x.dtype not in (dtypes.float32, dtypes.float64):
            raise DTypeError(f"{self.name} takes float32 and float64, not {dtypes.name(x.dtype)}", facts=(str(x),))
        _check_axes(self.name, x, (self.axis,))
        shape = tuple(n // 2 + 1 if k == self.axis else n for k, n in enumerate(x.shape))
        return (Type(shape, dtypes.promoted(dtypes.complex64, x.dtype)),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        return (np.fft.rfft(arrays[0], axis=self.axis).astype(dtypes.promoted(dtypes.complex64, arrays[0].dtype), copy=False),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        low, high = [0] * x.ndim, [0] * x.ndim
        high[self.axis] = x.shape[self.axis] - ct.shape[self.axis]
        return (real(Dft((self.axis,), inverse=True)(pad(ct, low, high))),)


@final
@dataclass(frozen=True)
class Irdft(Host):
    """The `size` real numbers whose transform along an axis, but for a factor, begins with these; nothing is divided.

    Shape: size // 2 + 1 along the axis becomes size.  Dtype: that of the parts.  Raises: ShapeError, DTypeError.
    """

    axis: int
    size: int

    @classmethod
    def examples(cls) -> tuple[Example, ...]:
        return (cls(1, 5), (typed(2, 3, dtype=dtypes.complex64),)), (cls(0, 4), (typed(3, 2, dtype=dtypes.complex128),))

    def infer(self, *types: Type) -> tuple[Type, ...]:
        (x,) = types
        if not dtypes.is_complex(x.dtype):
            raise DTypeError(f"{self.name} takes complex numbers, not {dtypes.name(x.dtype)}", facts=(str(x),))
        _check_axes(self.name, x, (self.axis,))
        if self.size < 1 or x.shape[self.axis] != self.size // 2 + 1:
            raise ShapeError(f"{self.name}: {self.size} numbers have {self.size // 2 + 1} coefficients", facts=(str(x),))
        return (Type(tuple(self.size if k == self.axis else n for k, n in enumerate(x.shape)), dtypes.part(x.dtype)),)

    def evaluate(self, *arrays: Array) -> tuple[Array, ...]:
        made = np.fft.irfft(arrays[0], self.size, self.axis, norm="forward")
        return (made.astype(dtypes.part(arrays[0].dtype), copy=False),)

    def vjp(self, ct: Operand, y: Operand, x: Operand) -> Grads:
        count = x.shape[self.axis]
        twice = np.full(count, 2.0)
        twice[0] = 1.0
        if self.size % 2 == 0:
            twice[-1] = 1.0
        shape = [count if k == self.axis else 1 for k in range(x.ndim)]
        return (mul(Rdft(self.axis)(ct), twice.astype(x.dtype).reshape(shape)),)


def _check_axes(name: str, x: Type, axes: Sequence[int]) -> None:
    if any(not 0 <= axis < x.ndim or not x.shape[axis] for axis in axes):
        raise ShapeError(f"{name}: the axes {tuple(axes)} are not there, or are empty", facts=(str(x),))


# ---- with sizes, several axes and factors


def fftn(x: Operand, sizes: Sequence[int] | None, axes: Sequence[int], norm: Norm = None, *, inverse: bool = False) -> Operand:
    """The transform along axes, of real numbers too; each is cut, or filled up with zeros, to its size before.

    Shape: the sizes along the axes.  Dtype: complex.  Raises: ShapeError, ArgumentError for another norm.
    """
    x = _sized(cast(x, dtypes.promoted(dtypes.complex64, x.dtype)), sizes, axes)
    made = Dft(tuple(axes), inverse)(x) if axes else x
    return _scaled(made, math.prod(x.shape[axis] for axis in axes), norm, inverse=inverse)


def rfftn(x: Operand, sizes: Sequence[int] | None, axes: Sequence[int], norm: Norm = None, *, inverse: bool = False) -> Operand:
    """The transform of real numbers, of which along the last of the axes only the first half is there (with `inverse` its conjugate)."""
    x = _sized(x, sizes, axes)
    made = Rdft(axes[-1])(x)
    made = conj(made) if inverse else made
    made = Dft(tuple(axes[:-1]), inverse)(made) if axes[:-1] else made
    return _scaled(made, math.prod(x.shape[axis] for axis in axes), norm, inverse=inverse)


def irfftn(x: Operand, sizes: Sequence[int] | None, axes: Sequence[int], norm: Norm = None, *, inverse: bool = True) -> Operand:
    """The real numbers of which this is the transform, of which along the last of the axes only the first half is there.

    Without sizes the last axis has 2 (n - 1) of them.  Without `inverse` those of which it is the inverse transform.
    """
    last = 2 * (x.shape[axes[-1]] - 1) if sizes is None else sizes[-1]
    x = cast(x, dtypes.promoted(dtypes.complex64, x.dtype))
    wanted = [*([x.shape[axis] for axis in axes[:-1]] if sizes is None else sizes[:-1]), last // 2 + 1]
    if last < 1:
        raise ShapeError(f"Invalid number of data points ({last}) specified")
    x = _sized(x, wanted, axes)
    x = Dft(tuple(axes[:-1]), inverse)(x) if axes[:-1] else x
    made = Irdft(axes[-1], last)(x if inverse else conj(x))
    return _scaled(made, math.prod(made.shape[axis] for axis in axes), norm, inverse=inverse)


def _sized(x: Operand, sizes: Sequence[int] | None, axes: Sequence[int]) -> Operand:
    """Cut along each axis, or filled up with zeros behind, to its size; -1 leaves it.  Raises: ShapeError."""
    if sizes is None:
        return x
    for axis, size in zip(axes, sizes, strict=True):
        have = x.shape[axis]
        if size < 1 and size != -1:
            raise ShapeError(f"Invalid number of data points ({size}) specified")
        if size == -1 or size == have:
            continue
        if size < have:
            x = slice_axis(x, axis, 0, size)
        else:
            x = pad(x, [0] * x.ndim, [size - have if k == axis else 0 for k in range(x.ndim)])
    return x


def _scaled(x: Operand, count: int, norm: Norm, *, inverse: bool) -> Operand:
    """Divided as the norm says: the inverse by the count, both by its root ("ortho"), or the other one by it ("forward")."""
    if norm not in (None, "backward", "ortho", "forward"):
        raise ArgumentError(f"Invalid normalization mode: {norm!r}", facts=("known: 'backward', 'ortho', 'forward'",))
    if norm == "ortho":
        factor = 1 / math.sqrt(count)
    elif (norm == "forward") != inverse:
        factor = 1 / count
    else:
        return x
    return mul(x, full((), factor, x.dtype, like=(x,)))


def normal_dims(name: str, axes: Sequence[int], ndim: int) -> tuple[int, ...]:
    """Axes counted from the front, in their order.  Raises: OutOfRangeError, ShapeError for one named twice."""
    found = tuple(normal_axis(name, axis, ndim) for axis in axes)
    if len({*found}) != len(found):
        raise ShapeError(f"{name}: an axis is named twice in {tuple(axes)}")
    return found
