"""keras.ops.image: pictures in other sizes, places and colours.  A batch (batch, height, width, channels), or one picture."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.keras.ops.calling import Family
from gradwerk.keras.ops.convolving import FIRST, layout
from gradwerk.keras.ops.operands import Operand, floating, tensor
from gradwerk.nn.padding import padded
from gradwerk.ops import functions, movement
from gradwerk.ops.arithmetic import cast, where
from gradwerk.ops.arrangement import move_axes
from gradwerk.ops.reduction import reduce_max, reduce_min
from gradwerk.ops.rounding import round_
from gradwerk.ops.unfold import unfold_all
from gradwerk.tensor.tensor import Tensor

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; Keras' signatures
op = Family("image")
Array = np.ndarray[Any, np.dtype[Any]]


def batched(name: str, images: Operand, data_format: str | None, compute: Callable[[Any], Any]) -> Any:
    """What is computed of a batch whose channels stand last; one picture is one again.  Raises: ShapeError for other axes."""
    x = tensor(images)
    if x.ndim not in (3, 4):
        raise ShapeError(f"ops.image.{name} takes pictures of 3 axes, or a batch of them", facts=(f"images {tuple(x.shape)}",))
    first = layout(f"image.{name}", data_format) == FIRST
    wide = movement.expand_dims(x, 0) if x.ndim == 3 else x
    found = compute(move_axes(wide, [1], [-1]) if first else wide)
    found = move_axes(found, [-1], [1]) if first else found
    return movement.squeeze(found, 0) if x.ndim == 3 else found


# ---- sizes


def _cubic(x: Array) -> Array:
    near, far = ((1.5 * x - 2.5) * x) * x + 1, ((-0.5 * x + 2.5) * x - 4) * x + 2
    return np.where(x >= 2, 0, np.where(x >= 1, far, near))


def _lanczos(radius: int) -> Callable[[Array], Array]:
    return lambda x: np.where(x > radius, 0, np.sinc(x) * np.sinc(x / radius))


KERNELS: dict[str, Callable[[Array], Array]] = {
    "bilinear": lambda x: np.maximum(0, 1 - x), "bicubic": _cubic, "lanczos3": _lanczos(3), "lanczos5": _lanczos(5),
}  # fmt: skip
"""Weights by the distance of an element; linear, cubic are other names of the first two."""
ALIASES = {"linear": "bilinear", "triangle": "bilinear", "cubic": "bicubic"}


def _weights(extent: int, count: int, scale: float, translation: float, kernel: str, antialias: bool) -> Array:
    """What each of `count` places takes of `extent` elements, by a kernel; with antialias it is as wide as the places lie apart."""
    step = 1 / scale
    wide = max(step, 1.0) if antialias else 1.0
    at = (np.arange(count) + 0.5) * step - translation * step - 0.5
    found = KERNELS[ALIASES.get(kernel, kernel)](np.abs(at[:, None] - np.arange(extent)) / wide)
    total = found.sum(1, keepdims=True)
    found = np.where(np.abs(total) > 1e-4, found / np.where(total == 0, 1, total), 0)
    return np.where(((at >= -0.5) & (at <= extent - 0.5))[:, None], found, 0)


def _area(extent: int, count: int) -> Array:
    """The share of each element in equal parts of an axis."""
    edges = np.arange(count + 1) * (extent / count)
    inside: Array = np.minimum(edges[1:, None], np.arange(extent) + 1) - np.maximum(edges[:-1, None], np.arange(extent))
    found: Array = np.maximum(inside, 0) * (count / extent)
    return found


def _along(x: Any, axis: int, weights: Array) -> Any:
    """The axis multiplied by a matrix of weights."""
    last = move_axes(x, [axis], [-1])
    return move_axes(functions.matmul(last, Tensor(weights.T.copy(), x.dtype)), [-1], [axis])


def _two(name: str, what: str, value: Any) -> tuple[int, int]:
    """Raises: ArgumentError for what is no pair of positive integers."""
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(isinstance(n, (int, np.integer)) and n > 0 for n in value):
        raise ArgumentError(f"ops.image.{name}: {what} is (height, width), this is {value!r:.80}")
    return int(value[0]), int(value[1])


def _resized(x: Any, size: tuple[int, int], interpolation: str, antialias: bool) -> Any:
    wide = x if dtypes.is_float(x.dtype) else cast(x, dtypes.float32)
    for axis, count in zip((1, 2), size, strict=True):
        n = x.shape[axis]
        if interpolation == "nearest":
            wide = _nearest(wide, axis, count)
        elif interpolation == "area":
            wide = _along(wide, axis, _area(n, count))
        elif n != count:
            wide = _along(wide, axis, _weights(n, count, count / n, 0.0, interpolation, antialias))
    return wide


def _nearest(x: Any, axis: int, count: int) -> Any:
    n = x.shape[axis]
    rows = np.minimum(np.floor((np.arange(count) + 0.5) * (n / count)).astype(np.int64), n - 1)
    return _along(x, axis, np.eye(n)[rows])


@op()
def resize(
    images: Operand, size: Any, interpolation: str = "bilinear", antialias: bool = False, crop_to_aspect_ratio: bool = False,
    pad_to_aspect_ratio: bool = False, fill_mode: str = "constant", fill_value: float = 0.0, data_format: str | None = None,
) -> Any:  # fmt: skip
    """Pictures in another size.  Shape: (..., height, width, channels) -> (..., *size, channels).  Dtype: kept.

    Raises: ArgumentError for another interpolation or border, or for both a crop and a border.

    Args:
        images: a batch of pictures, or one.
        size: (height, width).
        interpolation: `bilinear`, `nearest`, `bicubic`, `lanczos3`, `lanczos5` or `area`.
        antialias: whether kernels are as wide as the new elements lie apart.
        crop_to_aspect_ratio, pad_to_aspect_ratio: first cut off, or filled up with `fill_value`, to the proportions of the size.
        fill_mode: `constant`.
        fill_value: what fills up.
        data_format: where channels stand.
    """
    height, width = _two("resize", "size", size)
    if interpolation not in {"nearest", "area", *KERNELS}:
        facts = (f"known: nearest, area, {', '.join(KERNELS)}",)
        raise ArgumentError(f"ops.image.resize: {interpolation!r} is no interpolation", facts=facts)
    if fill_mode != "constant" or (crop_to_aspect_ratio and pad_to_aspect_ratio):
        raise ArgumentError("ops.image.resize: fill_mode is 'constant', and pictures are cropped or padded, not both")

    def compute(x: Any) -> Any:
        _, h, w, _ = x.shape
        if crop_to_aspect_ratio:
            rows, columns = max(min(h, int(w * height / width)), 1), max(min(w, int(h * width / height)), 1)
            top, left = (h - rows) // 2, (w - columns) // 2
            x = x[:, top : top + rows, left : left + columns]
        elif pad_to_aspect_ratio:
            top, left = ((max(n, int(m * a / b)) - n) // 2 for n, m, a, b in ((h, w, height, width), (w, h, width, height)))
            x = padded(x, ((0, 0), (top, top), (left, left), (0, 0)), "constant", fill_value)
        found = _resized(x, (height, width), interpolation, bool(antialias))
        if dtypes.is_integer(x.dtype):
            low, high = dtypes.extremes(x.dtype)
            found = functions.clip(round_(found), float(low), float(high))
        return cast(found, x.dtype)

    return batched("resize", images, data_format, compute)


@op()
def pad_images(
    images: Operand, top_padding: int | None = None, left_padding: int | None = None, bottom_padding: int | None = None,
    right_padding: int | None = None, target_height: int | None = None, target_width: int | None = None, data_format: str | None = None,
) -> Any:  # fmt: skip
    """Pictures with zeros around them: of four borders and two extents, those that say it.  Shape: larger.  Dtype: kept.

    Raises: ArgumentError where they say too little, too much, or a negative border.
    """

    def compute(x: Any) -> Any:
        rows = _border("pad_images", top_padding, bottom_padding, target_height, x.shape[1])
        columns = _border("pad_images", left_padding, right_padding, target_width, x.shape[2])
        return padded(x, ((0, 0), rows, columns, (0, 0)))

    return batched("pad_images", images, data_format, compute)


@op()
def crop_images(
    images: Operand, top_cropping: int | None = None, left_cropping: int | None = None, bottom_cropping: int | None = None,
    right_cropping: int | None = None, target_height: int | None = None, target_width: int | None = None, data_format: str | None = None,
) -> Any:  # fmt: skip
    """Pictures without borders: of four borders and two extents, those that say it.  Shape: smaller.  Dtype: kept.

    Raises: ArgumentError where they say too little, too much, or a negative border.
    """

    def compute(x: Any) -> Any:
        h, w = x.shape[1:3]
        rows = _border("crop_images", top_cropping, bottom_cropping, target_height, h, sign=-1)
        columns = _border("crop_images", left_cropping, right_cropping, target_width, w, sign=-1)
        return x[:, rows[0] : h - rows[1], columns[0] : w - columns[1]]

    return batched("crop_images", images, data_format, compute)


def _border(name: str, low: Any, high: Any, target: Any, extent: int, *, sign: int = 1) -> tuple[int, int]:
    """Both borders of an axis, by two of: the one, the other, the extent that is wanted.  Raises: ArgumentError."""
    if [low, high, target].count(None) != 1:
        raise ArgumentError(f"ops.image.{name}: two of both borders and the target extent are given for each axis")
    change = 0 if target is None else sign * (int(target) - extent)
    low, high = change - int(high) if low is None else int(low), change - int(low) if high is None else int(high)
    if low < 0 or high < 0:
        raise ArgumentError(f"ops.image.{name}: a border is negative", facts=(f"borders {low} and {high} of {extent}",))
    return low, high


@op(4)
def scale_and_translate(
    images: Operand, output_shape: Sequence[int], scale: Operand, translation: Operand, spatial_dims: Sequence[int], method: str,
    antialias: bool = True,
) -> Any:  # fmt: skip
    """Axes scaled and moved, by numbers that are known: element i goes to scale * i + translation.  Shape: `output_shape`.

    Dtype: floating.

    Raises: ArgumentError for another method.
    """
    x = floating(images)
    if ALIASES.get(method, method) not in KERNELS:
        raise ArgumentError(f"ops.image.scale_and_translate: {method!r} is no method", facts=(f"known: {', '.join((*KERNELS, *ALIASES))}",))
    scales, moves = (np.asarray(tensor(one).contents("ops.image.scale_and_translate"), np.float64) for one in (scale, translation))
    for number, axis in enumerate(spatial_dims):
        weights = _weights(x.shape[axis], output_shape[axis], float(scales[number]), float(moves[number]), method, bool(antialias))
        x = _along(x, axis, weights)
    return x


# ---- colours


@op(name="RGBToGrayscale")
def rgb_to_grayscale(images: Operand, data_format: str | None = None) -> Any:
    """The luminance, 0.2989 r + 0.587 g + 0.114 b; grey stays.  Shape: one channel.  Dtype: kept.  Raises: ShapeError."""

    def compute(x: Any) -> Any:
        if x.shape[-1] not in (1, 3):
            raise ShapeError("ops.image.rgb_to_grayscale takes 3 channels, or 1", facts=(f"images {tuple(x.shape)}",))
        if x.shape[-1] == 1:
            return movement.unchanged(x)
        wide = x if dtypes.is_float(x.dtype) else cast(x, dtypes.float32)
        return cast(functions.matmul(wide, Tensor(np.array([[0.2989], [0.5870], [0.1140]]), wide.dtype)), x.dtype)

    return batched("rgb_to_grayscale", images, data_format, compute)


def _colours(name: str, x: Any) -> list[Any]:
    """Three channels of floats.  Raises: ShapeError, ArgumentError."""
    if not dtypes.is_float(x.dtype):
        raise ArgumentError(f"ops.image.{name} takes floats, these are {dtypes.name(x.dtype)}")
    if x.shape[-1] != 3:
        raise ShapeError(f"ops.image.{name} takes 3 channels", facts=(f"images {tuple(x.shape)}",))
    return [x[..., k : k + 1] for k in range(3)]


@op(name="RGBToHSV")
def rgb_to_hsv(images: Operand, data_format: str | None = None) -> Any:
    """Hue, saturation and value, each from 0 to 1.  Shape, dtype: kept.  Raises: ShapeError, ArgumentError for whole numbers."""

    def compute(x: Any) -> Any:
        r, g, b = _colours("rgb_to_hsv", x)
        top = reduce_max(x, -1, keepdims=True)
        spread = top - reduce_min(x, -1, keepdims=True)
        some = spread > 0
        width = where(some, spread, 1) * 6
        by_green, by_blue = (b - r) / width + 1 / 3, (r - g) / width + 2 / 3
        hue = where(r == top, (g - b) / width, where(g == top, by_green, by_blue))
        hue = where(some, where(hue < 0, hue + 1, hue), 0)
        saturation = where(top > 0, spread / where(top > 0, top, 1), 0)
        return movement.concatenate([hue, saturation, top], -1)

    return batched("rgb_to_hsv", images, data_format, compute)


@op(name="HSVToRGB")
def hsv_to_rgb(images: Operand, data_format: str | None = None) -> Any:
    """The colours of hue, saturation and value.  Shape, dtype: kept.  Raises: ShapeError, ArgumentError for whole numbers."""

    def compute(x: Any) -> Any:
        hue, saturation, value = _colours("hsv_to_rgb", x)
        around = hue * 6
        parts = (abs(around - 3) - 1, 2 - abs(around - 2), 2 - abs(around - 4))
        held = [functions.clip(part, 0.0, 1.0) for part in parts]
        return movement.concatenate([((part - 1) * saturation + 1) * value for part in held], -1)

    return batched("hsv_to_rgb", images, data_format, compute)


# ---- windows


@op()
def extract_patches(
    images: Operand, size: Any, strides: Any = None, dilation_rate: Any = 1, padding: str = "valid", data_format: str | None = None,
) -> Any:  # fmt: skip
    """The windows of pictures as vectors.  Shape: (..., rows, columns, window * channels).  Dtype: kept.  Raises: ArgumentError."""
    window = (size, size) if isinstance(size, int) else _two("extract_patches", "size", size)
    steps = window if strides is None else (strides, strides) if isinstance(strides, int) else _two("extract_patches", "strides", strides)
    gaps = (dilation_rate,) * 2 if isinstance(dilation_rate, int) else _two("extract_patches", "dilation_rate", dilation_rate)
    if padding not in {"valid", "same"}:
        raise ArgumentError(f"ops.image.extract_patches: padding is 'valid' or 'same', this is {padding!r}")

    def compute(x: Any) -> Any:
        around = [(0, 0)] * 2
        if padding == "same":
            reach = [(k - 1) * d + 1 for k, d in zip(window, gaps, strict=True)]
            more = [max((-(-n // s) - 1) * s + r - n, 0) for n, s, r in zip(x.shape[1:3], steps, reach, strict=True)]
            around = [(m // 2, m - m // 2) for m in more]
        found = unfold_all(padded(x, ((0, 0), *around, (0, 0))), (1, 2), window, steps, gaps)
        n, rows, columns, channels = found.shape[:4]
        return movement.reshape(movement.transpose(found, (0, 1, 2, 4, 5, 3)), (n, rows, columns, math.prod(window) * channels))

    return batched("extract_patches", images, data_format, compute)


@op()
def gaussian_blur(images: Operand, kernel_size: Any = (3, 3), sigma: Any = (1.0, 1.0), data_format: str | None = None) -> Any:
    """Each element the mean of its neighbours by a normal distribution; zeros beyond the ends.  Shape, dtype: kept."""
    size = _two("gaussian_blur", "kernel_size", kernel_size)
    width = (float(sigma),) * 2 if isinstance(sigma, (int, float)) else (float(sigma[0]), float(sigma[1]))

    def compute(x: Any) -> Any:
        wide = x if dtypes.is_float(x.dtype) else cast(x, dtypes.float32)
        for axis, (count, deviation) in zip((2, 1), zip(size, width, strict=True), strict=True):
            places = np.arange(count) - (count - 1) / 2
            bell = np.exp(-0.5 * (places / deviation) ** 2)
            n, low = x.shape[axis], (count - 1) // 2
            weights = sum(np.eye(n, n, k - low) * share for k, share in enumerate(bell / bell.sum()))
            wide = _along(wide, axis, np.asarray(weights))
        return cast(wide, x.dtype)

    return batched("gaussian_blur", images, data_format, compute)


