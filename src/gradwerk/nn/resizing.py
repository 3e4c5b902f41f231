"""Images in another size: every interpolation that Keras has, as weights of neighbours along one axis after the other."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.nn.padding import padded
from gradwerk.ops.contraction import contract
from gradwerk.ops.elementwise import cast
from gradwerk.ops.interpolation import Taps, resampled
from gradwerk.ops.movement import slice_axis

Operand = Any
"""An array, a Value or a Tensor."""
Array = np.ndarray[Any, np.dtype[Any]]
_SMALL = 1000 * float(np.finfo(np.float32).eps)
_MOST_TAPS = 12
"""So many neighbours are gathered each by itself; more are one product with a matrix."""


def _triangle(x: Array) -> Array:
    return np.asarray(np.maximum(0, 1 - x))


def _cubic(x: Array) -> Array:
    """Keys' kernel with a = -1/2."""
    near = ((1.5 * x - 2.5) * x) * x + 1
    far = ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _lanczos(x: Array, radius: float) -> Array:
    y = radius * np.sin(np.pi * x) * np.sin(np.pi * x / radius)
    return np.where(x > radius, 0, np.where(x > 1e-3, y / np.where(x != 0, (np.pi * x) ** 2, 1), 1))


_KERNELS: Mapping[str, tuple[Callable[[Array], Array], int]] = MappingProxyType({
    "bilinear": (_triangle, 1), "bicubic": (_cubic, 2), "lanczos3": (lambda x: _lanczos(x, 3), 3),
    "lanczos5": (lambda x: _lanczos(x, 5), 5),
})  # fmt: skip
"""A kernel of the distance, and how far it reaches."""
INTERPOLATIONS = ("nearest", *_KERNELS)


@lru_cache(maxsize=256)
def taps_of(extent: int, count: int, interpolation: str, *, antialias: bool) -> Taps:
    """Which neighbours each result is made of, and their weights, whose sum is 1.  Shape: (count, neighbours) each."""
    step = extent / count
    if interpolation == "nearest":
        places = np.floor((np.arange(count, dtype=np.float32) + np.float32(0.5)) * np.float32(extent) / np.float32(count)).astype(np.int64)
        return np.minimum(places, extent - 1)[:, None], np.ones((count, 1))
    kernel, reach = _KERNELS[interpolation]
    stretch = max(step, 1.0) if antialias else 1.0
    middles = (np.arange(count) + 0.5) * step - 0.5
    first = np.floor(middles - reach * stretch).astype(np.int64)
    places = first[:, None] + np.arange(math.ceil(2 * reach * stretch) + 2)
    weights = np.where((places >= 0) & (places < extent), kernel(np.abs(middles[:, None] - places) / stretch), 0)
    total = weights.sum(1, keepdims=True)
    weights = np.where(np.abs(total) > _SMALL, weights / np.where(total != 0, total, 1), 0)
    held = (weights != 0).any(0)
    return np.clip(places, 0, extent - 1)[:, held], weights[:, held]


def _along(x: Operand, axis: int, count: int, interpolation: str, *, antialias: bool) -> Operand:
    extent = x.shape[axis]
    if extent == count:
        return x
    places, weights = taps_of(extent, count, interpolation, antialias=antialias)
    if places.shape[1] <= _MOST_TAPS:
        return resampled(x, axis, (places, weights))
    matrix = np.zeros((extent, count), np.float64)
    np.add.at(matrix, (places.ravel(), np.arange(count).repeat(places.shape[1])), weights.ravel())
    letters = "abcdefgh"[: x.ndim]
    return contract(x, dtypes.converted(matrix, x.dtype), f"{letters},{letters[axis]}z->{letters.replace(letters[axis], 'z')}")


def resize(
    x: Operand, size: Sequence[int], axes: Sequence[int], interpolation: str = "bilinear", *, antialias: bool = False
) -> Operand:  # fmt: skip
    """Some axes of x with so many elements: y[j] = sum of w[j, i] x[i], w by the distance of i from (j + 1/2) n / m - 1/2.

    Shape: the extents of `size` at `axes`.  Dtype: floating, kept.  Raises: ArgumentError for an interpolation that nobody knows, or an
    axis without elements.

    Args:
        interpolation: nearest, bilinear, bicubic (Keys, a = -1/2), lanczos3, lanczos5.
        antialias: whether the kernel grows with what is left out, where an axis shrinks.
    """
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(f"resize: interpolation={interpolation!r} is not known", facts=(f"allowed: {', '.join(INTERPOLATIONS)}",))
    if any(x.shape[axis] == 0 for axis in axes):
        raise ArgumentError("resize: there is no element to read", facts=(f"input {tuple(x.shape)}",))
    for axis, count in zip(axes, size, strict=True):
        x = _along(x, axis, count, interpolation, antialias=antialias)
    return x


def _ratio(extents: Sequence[int], size: Sequence[int]) -> tuple[int, int]:
    """The extents of the ratio of `size` with the other axis as it is: height by width, width by height."""
    (height, width), (tall, wide) = extents, size
    return int(float(width * tall) / wide), int(float(height * wide) / tall)


def cropped_to_ratio(x: Operand, size: Sequence[int], axes: Sequence[int]) -> Operand:
    """The largest window in the middle that has the ratio of `size`.  Shape: two axes cut."""
    extents = [x.shape[axis] for axis in axes]
    for axis, extent, wanted in zip(axes, extents, _ratio(extents, size), strict=True):
        kept = max(min(extent, wanted), 1)
        start = int(float(extent - kept) / 2)
        x = slice_axis(x, axis, start, start + kept)
    return x


def padded_to_ratio(x: Operand, size: Sequence[int], axes: Sequence[int], value: float) -> Operand:
    """x in the middle of a border of the ratio of `size`.  Shape: one axis longer, by an even number, as Keras has it."""
    extents = [x.shape[axis] for axis in axes]
    for axis, extent, wanted in zip(axes, extents, _ratio(extents, size), strict=True):
        border = int(float(max(extent, wanted) - extent) / 2)
        if border > 0:
            return padded(x, [(border, border) if k == axis else (0, 0) for k in range(x.ndim)], value=value)
    return x


def as_floats(x: Operand) -> Operand:
    """x in float32 where it holds whole numbers or truths."""
    return x if dtypes.is_float(x.dtype) else cast(x, dtypes.float32)
