"""Discrete Fourier transforms: of one, two and any number of axes."""
# mypy: disable-error-code="no-any-return"
# Functions of ops speak of any operand; what they give for a Tensor is a Tensor.

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes
from gradwerk.base.errors import DTypeError, ShapeError
from gradwerk.ops import fourier
from gradwerk.ops.arithmetic import cast
from gradwerk.tensor.tensor import Tensor
from gradwerk.torch import arguments
from gradwerk.torch.defaults import default_float
from gradwerk.torch.options import as_recorded

# ruff: noqa: A002, ANN401  torch's names, and its numbers


def _taken(name: str, x: Any, *, real: bool = False) -> Any:
    """A Tensor of floats or complex numbers; whole numbers become float32.  Raises: ArgumentTypeError, DTypeError."""
    arguments.tensor(name, x)
    if dtypes.is_narrow(x.dtype):
        raise DTypeError(f"Unsupported dtype {arguments.name_of(x.dtype)}", likely="use .float()")
    if real and dtypes.is_complex(x.dtype):
        raise DTypeError(f"{name} expects a real input tensor, but got {arguments.name_of(x.dtype)}")
    return x if dtypes.has_gradient(x.dtype) else cast(x, default_float())


def _along(name: str, x: Any, sizes: Any, dims: Any) -> tuple[tuple[int, ...] | None, tuple[int, ...]]:
    """Sizes and axes: without `dims` the last ones, as many as there are sizes, or all.  Raises: ShapeError, OutOfRangeError."""
    if not x.ndim:
        raise ShapeError(f"{name}: the Tensor has no axes", likely="x.reshape(1)")
    given = sizes if isinstance(sizes, (tuple, list)) else (sizes,)
    wanted = None if sizes is None else tuple(arguments.whole(name, "s", n) for n in given)
    if dims is None:
        count = x.ndim if wanted is None else len(wanted)
        if count > x.ndim:
            raise ShapeError(f"Got shape with {count} values but input tensor only has {x.ndim} dimensions.")
        return wanted, tuple(range(x.ndim - count, x.ndim))
    axes = tuple(arguments.axis(name, axis, x.ndim) for axis in (dims if isinstance(dims, (tuple, list)) else (dims,)))
    if len({*axes}) < len(axes):
        raise ShapeError("FFT dims must be unique", facts=(f"dim {dims}",))
    if wanted is not None and len(wanted) != len(axes):
        raise ShapeError("When given, dim and shape arguments must have the same length", facts=(f"s {wanted}, dim {axes}",))
    return wanted, axes


def _complex(name: str, input: Any, s: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    x = _taken(name, input)
    if dim is None and s is None and not x.ndim:
        return fourier.fftn(x, None, (), norm, inverse=inverse)
    return fourier.fftn(x, *_along(name, x, s, dim), norm, inverse=inverse)


def _of_real(name: str, input: Any, s: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    x = _taken(name, input, real=True)
    sizes, axes = _along(name, x, s, dim)
    if not axes:
        raise ShapeError(f"{name} must transform at least one axis")
    return fourier.rfftn(x, sizes, axes, norm, inverse=inverse)


def _to_real(name: str, input: Any, s: Any, dim: Any, norm: Any, *, inverse: bool) -> Any:
    x = _taken(name, input)
    sizes, axes = _along(name, x, s, dim)
    if not axes:
        raise ShapeError(f"{name} must transform at least one axis")
    if sizes is not None and sizes[-1] == -1:
        sizes = (*sizes[:-1], 2 * (x.shape[axes[-1]] - 1))
    return fourier.irfftn(x, sizes, axes, norm, inverse=inverse)


@as_recorded()
def fft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The transform along an axis, which is cut or filled up with zeros to n before."""
    return _complex("fft", input, n, dim, norm, inverse=False)


@as_recorded()
def ifft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of fft."""
    return _complex("ifft", input, n, dim, norm, inverse=True)


@as_recorded()
def fft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The transform along two axes."""
    return _complex("fft2", input, s, dim, norm, inverse=False)


@as_recorded()
def ifft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of fft2."""
    return _complex("ifft2", input, s, dim, norm, inverse=True)


@as_recorded()
def fftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The transform along axes, of all without `dim`."""
    return _complex("fftn", input, s, dim, norm, inverse=False)


@as_recorded()
def ifftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of fftn."""
    return _complex("ifftn", input, s, dim, norm, inverse=True)


@as_recorded()
def rfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The first half of the transform of real numbers."""
    return _of_real("rfft", input, n, dim, norm, inverse=False)


@as_recorded()
def rfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The first half of the transform of real numbers along two axes."""
    return _of_real("rfft2", input, s, dim, norm, inverse=False)


@as_recorded()
def rfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The first half of the transform of real numbers along axes."""
    return _of_real("rfftn", input, s, dim, norm, inverse=False)


@as_recorded()
def irfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of rfft: n real numbers, 2 (m - 1) of m without it."""
    return _to_real("irfft", input, n, dim, norm, inverse=True)


@as_recorded()
def irfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of rfft2."""
    return _to_real("irfft2", input, s, dim, norm, inverse=True)


@as_recorded()
def irfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of rfftn."""
    return _to_real("irfftn", input, s, dim, norm, inverse=True)


@as_recorded()
def hfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The real transform of numbers of which one half is there, the other its conjugate."""
    return _to_real("hfft", input, n, dim, norm, inverse=False)


@as_recorded()
def hfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """As hfft, along two axes."""
    return _to_real("hfft2", input, s, dim, norm, inverse=False)


@as_recorded()
def hfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """As hfft, along axes."""
    return _to_real("hfftn", input, s, dim, norm, inverse=False)


@as_recorded()
def ihfft(input: Tensor, n: int | None = None, dim: int = -1, norm: str | None = None) -> Tensor:
    """The inverse of hfft."""
    return _of_real("ihfft", input, n, dim, norm, inverse=True)


@as_recorded()
def ihfft2(input: Tensor, s: Any = None, dim: Any = (-2, -1), norm: str | None = None) -> Tensor:
    """The inverse of hfft2."""
    return _of_real("ihfft2", input, s, dim, norm, inverse=True)


@as_recorded()
def ihfftn(input: Tensor, s: Any = None, dim: Any = None, norm: str | None = None) -> Tensor:
    """The inverse of hfftn."""
    return _of_real("ihfftn", input, s, dim, norm, inverse=True)
