"""keras.ops: Fourier transforms of one and two axes, and of short times.  Complex numbers are pairs (real, imaginary)."""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.mathematics import padded_window
from gradwerk.keras.ops.operands import Operand, floating, tensors, whole
from gradwerk.nn.padding import padded
from gradwerk.ops import complexes, fourier, movement, unfold
from gradwerk.ops.arithmetic import div, mul, where
from gradwerk.ops.arrangement import tile
from gradwerk.ops.compare import greater
from gradwerk.ops.conjugate import real
from gradwerk.ops.functions import square
from gradwerk.ops.reduction import reduce_sum

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; Keras' signatures
op = Family("math")


def _complex(name: str, x: Any) -> Any:
    """Complex numbers of a pair.  Raises: ArgumentTypeError."""
    if not isinstance(x, (tuple, list)) or len(x) != 2:
        raise ArgumentTypeError(f"ops.{name} takes a pair (real, imaginary), this is {type(x).__name__}")
    parts = tensors(*x, beside=(float,))
    return complexes.from_parts(*parts)


def _parts(x: Any) -> tuple[Any, Any]:
    return real(x), complexes.imag(x)


@op(1, "FFT")
def fft(x: Any) -> tuple[Any, Any]:
    """The transform of complex numbers along the last axis.  Shape: kept, of both parts.  Dtype: floating."""
    z = _complex("fft", x)
    return _parts(fourier.fftn(z, None, (z.ndim - 1,)))


@op(1, "FFT2")
def fft2(x: Any) -> tuple[Any, Any]:
    """The transform of complex numbers along the last two axes.  Shape: kept, of both parts.  Dtype: floating."""
    z = _complex("fft2", x)
    return _parts(fourier.fftn(z, None, (z.ndim - 2, z.ndim - 1)))


@op(1, "IFFT2")
def ifft2(x: Any) -> tuple[Any, Any]:
    """The inverse of `fft2`.  Shape: kept, of both parts.  Dtype: floating."""
    z = _complex("ifft2", x)
    return _parts(fourier.fftn(z, None, (z.ndim - 2, z.ndim - 1), inverse=True))


@op(1, "RFFT")
def rfft(x: Operand, fft_length: int | None = None) -> tuple[Any, Any]:
    """The transform of real numbers along the last axis, of which the first half is there.  Shape: (..., n // 2 + 1), of both parts.

    Dtype: floating.
    """
    x = floating(x)
    return _parts(fourier.rfftn(x, None if fft_length is None else (whole("rfft", "fft_length", fft_length),), (x.ndim - 1,)))


@op(1, "IRFFT")
def irfft(x: Any, fft_length: int | None = None) -> Any:
    """The real numbers of which this is `rfft`.  Shape: (..., fft_length), by default 2 (n - 1).  Dtype: floating."""
    z = _complex("irfft", x)
    return fourier.irfftn(z, None if fft_length is None else (whole("irfft", "fft_length", fft_length),), (z.ndim - 1,))


def _lengths(name: str, length: Any, stride: Any, size: Any) -> tuple[int, int, int]:
    """Raises: ArgumentError for a transform that is shorter than its window."""
    found = tuple(whole(name, what, n) for what, n in (("sequence_length", length), ("sequence_stride", stride), ("fft_length", size)))
    if found[2] < found[0]:
        raise ArgumentError(f"ops.{name}: fft_length is at least sequence_length, they are {found[2]} and {found[0]}")
    return found[0], found[1], found[2]


@op(1, "STFT")
def stft(
    x: Operand, sequence_length: int, sequence_stride: int, fft_length: int, window: Any = "hann", center: bool = True,
) -> tuple[Any, Any]:  # fmt: skip
    """The transforms of windows of the last axis; with `center` of what is mirrored at its ends.

    Shape: (..., windows, fft_length // 2 + 1), of both parts.  Dtype: floating.  Raises: ArgumentError, ShapeError.
    """
    x = floating(x)
    length, stride, size = _lengths("stft", sequence_length, sequence_stride, fft_length)
    if center:
        x = padded(x, [(0, 0)] * (x.ndim - 1) + [(size // 2, size // 2)], "reflect")
    weights = padded_window(window, length, size, x.dtype)
    frames = unfold.unfold(x, x.ndim - 1, size, stride)
    frames = frames if weights is None else mul(frames, weights)
    return _parts(fourier.rfftn(frames, None, (frames.ndim - 1,)))


def _overlap(squares: Any, stride: int) -> Any:
    """What the squares of all windows that lie over a place add up to, where there are windows on both sides; 1 where it is 0."""
    size = squares.shape[0]
    times = -(-size // stride)
    wide = movement.pad(squares, (0,), (times * stride - size,))
    total = reduce_sum(movement.reshape(wide, (times, stride)), 0)
    total = movement.slice_axis(tile(total, (times,)), 0, 0, size)
    return where(greater(total, 0), total, 1)


@op(1, "ISTFT")
def istft(
    x: Any, sequence_length: int, sequence_stride: int, fft_length: int, length: int | None = None, window: Any = "hann",
    center: bool = True,
) -> Any:  # fmt: skip
    """The numbers of which these are the transforms of windows, added up by the window over the sum of its squares.

    Shape: (..., windows, bins), of both parts -> (..., length).  Dtype: floating.  Raises: ArgumentError, ShapeError.
    """
    z = _complex("istft", x)
    own, stride, size = _lengths("istft", sequence_length, sequence_stride, fft_length)
    frames = fourier.irfftn(z, (size,), (z.ndim - 1,))
    weights = padded_window(window, own, size, frames.dtype)
    count = frames.shape[-2]
    whole_ = size + stride * (count - 1)
    if weights is not None:
        frames = mul(frames, div(weights, _overlap(square(weights), stride)))
    found = unfold.fold(frames, frames.ndim - 2, whole_, stride)
    start = size // 2 if center else 0
    stop = start + length if length is not None else whole_ - size // 2 if center else whole_
    more = max(stop - whole_, 0)
    found = movement.slice_axis(found, found.ndim - 1, start, min(stop, whole_))
    return movement.pad(found, [0] * found.ndim, [*[0] * (found.ndim - 1), more]) if more else found

