"""Single images turned, shifted, sheared, zoomed and in other light: as Keras' image preprocessing does it, in NumPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.data.affine import affine
from gradwerk.data.pillow import checked_size
from gradwerk.keras.options import is_number
from gradwerk.keras.utils.images import array_to_img, img_to_array
from gradwerk.nn.resizing import cropped_to_ratio, resize

Array = np.ndarray[Any, np.dtype[Any]]


def apply_affine_transform(
    x: Array, theta: float = 0, tx: float = 0, ty: float = 0, shear: float = 0, zx: float = 1, zy: float = 1, row_axis: int = 1,
    col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0, order: int = 1,
) -> Array:  # fmt: skip
    """An image turned, shifted, sheared and zoomed about its centre.

    Args:
        x: one image.
        theta: degrees that it is turned by.
        tx: rows that it is shifted by.
        ty: columns that it is shifted by.
        shear: degrees.
        zx: rows of the image for one of the result.
        zy: columns of the image for one of the result.
        row_axis: where the rows stand.
        col_axis: where the columns stand.
        channel_axis: where the channels stand, first or last.
        fill_mode: what stands outside: "nearest", "reflect", "wrap" or "constant".
        cval: what that is for "constant".
        order: 0 for the nearest pixel, 1 for linear between four.

    Shape: that of x.  Dtype: that of x.
    Raises: ArgumentError for axes that are none or not apart, another fill_mode or order; ShapeError for what is no image of three axes.
    """
    if {row_axis, col_axis, channel_axis} != {0, 1, 2} or channel_axis == 1:
        raise ArgumentError(
            "row_axis, col_axis and channel_axis are 0, 1 and 2 in some order, channels first or last",
            facts=(f"row_axis={row_axis}, col_axis={col_axis}, channel_axis={channel_axis}",),
        )
    if np.ndim(x) != 3:
        raise ShapeError(f"one image has 3 axes, with channels; this is {np.shape(x)}")
    steps = []
    if theta != 0:
        cosine, sine = math.cos(math.radians(theta)), math.sin(math.radians(theta))
        steps.append([[cosine, -sine, 0], [sine, cosine, 0], [0, 0, 1]])
    if tx != 0 or ty != 0:
        steps.append([[1, 0, tx], [0, 1, ty], [0, 0, 1]])
    if shear != 0:
        steps.append([[1, -math.sin(math.radians(shear)), 0], [0, math.cos(math.radians(shear)), 0], [0, 0, 1]])
    if zx != 1 or zy != 1:
        steps.append([[zx, 0, 0], [0, zy, 0], [0, 0, 1]])
    if not steps:
        return x
    matrix = np.asarray(steps[0], np.float64)
    for step in steps[1:]:
        matrix = matrix @ np.asarray(step, np.float64)
    matrix = _about_centre(matrix, x.shape[row_axis], x.shape[col_axis])
    if col_axis > row_axis:
        matrix = matrix[[1, 0, 2]][:, [1, 0, 2]]
    planes = np.moveaxis(np.asarray(x), channel_axis, 0)
    return np.moveaxis(affine(planes, matrix[:2, :2], matrix[:2, 2], fill_mode, cval, order), 0, channel_axis)


def _about_centre(matrix: Array, height: int, width: int) -> Array:
    y, x = height / 2 - 0.5, width / 2 - 0.5
    return np.asarray([[1, 0, y], [0, 1, x], [0, 0, 1]] @ matrix @ [[1, 0, -y], [0, 1, -x], [0, 0, 1]])


def apply_channel_shift(x: Array, intensity: float, channel_axis: int = 0) -> Array:
    """An image with a number added, kept between its own least and greatest.  Shape: that of x."""
    return np.clip(x + intensity, np.min(x), np.max(x))


def apply_brightness_shift(x: Array, brightness: float, scale: bool = True) -> Array:  # noqa: FBT001, FBT002
    """An image so many times as bright, by Pillow.

    Args:
        x: one image, channels last.
        brightness: 0 for black, 1 for as it is.
        scale: whether its numbers are brought to 0..255 first.

    Shape: that of x.  Dtype: float32.  Raises: ShapeError for what is no image.
    """
    from PIL import ImageEnhance  # noqa: PLC0415  loaded where pictures are

    least, most = np.min(x), np.max(x)
    outside = bool(least < 0 or most > 255)
    made = img_to_array(ImageEnhance.Brightness(array_to_img(x, scale=outside or bool(scale))).enhance(brightness))
    return made / 255 * (most - least) + least if outside and not scale else made


def random_rotation(
    x: Array, rg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """An image turned by up to `rg` degrees, drawn from NumPy's global generator as in Keras.  Shape: that of x."""
    theta = np.random.uniform(-rg, rg)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)


def random_shift(
    x: Array, wrg: float, hrg: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """An image shifted by up to a share of its width and of its height.  Shape: that of x."""
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)


def random_shear(
    x: Array, intensity: float, row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest", cval: float = 0.0,
    interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """An image sheared by up to so many degrees.  Shape: that of x."""
    shear = np.random.uniform(-intensity, intensity)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)


def random_zoom(
    x: Array, zoom_range: Sequence[float], row_axis: int = 1, col_axis: int = 2, channel_axis: int = 0, fill_mode: str = "nearest",
    cval: float = 0.0, interpolation_order: int = 1,
) -> Array:  # fmt: skip
    """An image with one to so many of its rows and columns for one of the result.

    Shape: that of x.  Raises: ArgumentError for a zoom_range that is not two numbers.
    """
    low, high = two_numbers("zoom_range", zoom_range)
    zx, zy = (1, 1) if low == high == 1 else np.random.uniform(low, high, 2)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)


def random_channel_shift(x: Array, intensity_range: float, channel_axis: int = 0) -> Array:
    """An image with up to so much added or taken.  Shape: that of x."""
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def random_brightness(x: Array, brightness_range: Sequence[float], scale: bool = True) -> Array:  # noqa: FBT001, FBT002
    """An image that is as bright as a number drawn says.

    Shape: that of x.  Raises: ArgumentError for a brightness_range that is not two numbers.
    """
    low, high = two_numbers("brightness_range", brightness_range)
    return apply_brightness_shift(x, np.random.uniform(low, high), scale)


def smart_resize(x: Any, size: Sequence[int], interpolation: str = "bilinear", data_format: str = "channels_last") -> Any:  # noqa: ANN401
    """Images in another size, cut to its ratio in the middle first: nothing is squeezed.

    Args:
        x: one image or several, an array or a Tensor.
        size: rows and columns.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        data_format: where the channels stand.

    Shape: (rows, columns, channels), or (n, rows, columns, channels).  Raises: ArgumentError for a size that is not two numbers, ShapeError
    for other axes.
    """
    size = checked_size(size)
    if len(x.shape) not in (3, 4):
        raise ShapeError(f"smart_resize: an image has 3 axes, several have 4; this is {tuple(x.shape)}")
    axes = (-3, -2) if data_format == "channels_last" else (-2, -1)
    held = [len(x.shape) + axis for axis in axes]
    floating = x.astype(np.float32) if isinstance(x, np.ndarray) and not np.issubdtype(x.dtype, np.floating) else x
    made = resize(cropped_to_ratio(floating, size, held), size, held, interpolation)
    return made.astype(x.dtype) if isinstance(x, np.ndarray) and made.dtype != x.dtype else made


def two_numbers(name: str, value: Any) -> tuple[float, float]:  # noqa: ANN401
    """Raises: ArgumentError for what are not two."""
    if not isinstance(value, (tuple, list, np.ndarray)) or len(value) != 2 or not all(map(is_number, value)):
        raise ArgumentError(f"{name} is two numbers, from and to, this is {value!r}")
    return float(value[0]), float(value[1])
