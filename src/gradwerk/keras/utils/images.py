"""Pictures as files, as Pillow has them, and as arrays."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError, FileError, ShapeError
from gradwerk.data.pillow import CONVERTED, opened, resized
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.options import checked, choice
from gradwerk.tensor.tensor import Tensor

if TYPE_CHECKING:
    from PIL import Image

Array = np.ndarray[Any, np.dtype[Any]]
FORMATS = ("channels_last", "channels_first")


@checked
def load_img(
    path: Any, color_mode: str = "rgb", target_size: Sequence[int] | None = None, interpolation: str = "nearest",  # noqa: ANN401
    *, keep_aspect_ratio: bool = False,
) -> Image.Image:  # fmt: skip
    """A picture file as a picture of Pillow's.

    Args:
        path: a path, or the file's contents as a BytesIO.
        color_mode: "rgb", "rgba" or "grayscale" (which keeps grey of 16 bits).
        target_size: rows and columns that it is brought to.
        interpolation: "nearest", "bilinear", "bicubic", "lanczos", "hamming" or "box".
        keep_aspect_ratio: whether what sticks out of the target's shape is cut off first, the same on both sides.

    Raises: FileError for what cannot be read, ArgumentError for an option that is none, ArgumentTypeError for what is no path.
    """
    choice("load_img", "color_mode", color_mode, tuple(CONVERTED))
    if isinstance(path, bytes):
        path = os.fsdecode(path)
    if not isinstance(path, (str, os.PathLike, io.BytesIO)):
        raise ArgumentTypeError(f"load_img: a path, or a BytesIO; this is a {type(path).__name__}")
    image = opened(path, color_mode)
    return image if target_size is None else resized(image, target_size, interpolation, cut=keep_aspect_ratio)


@checked
def img_to_array(img: Any, data_format: str | None = None, dtype: Any = None) -> Array:  # noqa: ANN401  a picture, or an array
    """A picture of Pillow's as an array.

    Shape: (height, width, channels), of grey 1; for `data_format="channels_first"` (channels, height, width).
    Dtype: that of `keras.config.floatx`, or `dtype`.
    Raises: ShapeError for what has not two or three axes.
    """
    x = _numbers(img, dtype)
    first = _is_first(data_format)
    if x.ndim not in (2, 3):
        raise ShapeError(f"img_to_array: a picture has 2 axes, or 3 with channels; this is {x.shape}")
    if x.ndim == 2:
        return x[None] if first else x[..., None]
    return x.transpose(2, 0, 1) if first else x


@checked
def array_to_img(x: Any, data_format: str | None = None, *, scale: bool = True, dtype: Any = None) -> Image.Image:  # noqa: ANN401
    """An array as a picture of Pillow's.

    Args:
        x: one picture of 1, 3 or 4 channels.
        data_format: where the channels stand.
        scale: whether its numbers are brought from their own least and greatest to 0..255.
        dtype: what is computed in: that of `keras.config.floatx` unless given.

    Raises: ShapeError for another number of axes or channels.
    """
    from PIL import Image  # noqa: PLC0415  loaded where pictures are

    held = _numbers(x, dtype)
    if held.ndim != 3:
        raise ShapeError(f"array_to_img: one picture has 3 axes, this is {held.shape}", likely=_one_of(held))
    if _is_first(data_format):
        held = held.transpose(1, 2, 0)
    channels = held.shape[2]
    if channels not in (1, 3, 4):
        raise ShapeError(f"array_to_img: a picture has 1, 3 or 4 channels, this has {channels}", facts=(f"x {np.shape(x)}",))
    if scale and held.size:
        held = held - held.min()
        held = held / held.max() * 255 if held.max() != 0 else held
    if channels == 1 and held.size and held.max() > 255:
        return Image.fromarray(held[..., 0].astype(np.int32))
    levels = _levels(held)
    return Image.fromarray(levels[..., 0] if channels == 1 else levels)


@checked
def save_img(
    path: Any, x: Any, data_format: str | None = None, file_format: str | None = None, *, scale: bool = True, **kwargs: Any,  # noqa: ANN401
) -> None:  # fmt: skip
    """Writes an array as a picture file, of the kind that `file_format` or the path's ending names; `kwargs` are Pillow's.

    Raises: FileError where it cannot be written, ArgumentError for a kind that Pillow does not know; as `array_to_img`.
    """
    from PIL import Image  # noqa: PLC0415

    if file_format is None and isinstance(path, (str, os.PathLike)):
        file_format = Path(path).suffix[1:]
    kind = "JPEG" if (file_format or "").lower() == "jpg" else (file_format or "").upper()
    image = array_to_img(x, data_format, scale=scale)
    if kind == "JPEG" and image.mode == "RGBA":
        image = image.convert("RGB")  # JPEG has no transparency
    Image.init()
    if kind not in Image.SAVE:
        raise ArgumentError(f"save_img: no kind of picture file is called {file_format!r}", likely='file_format="png"')
    try:
        image.save(path, format=kind, **kwargs)
    except OSError as error:
        raise FileError(f"cannot write {path}", facts=(error.strerror or str(error),)) from None


def _numbers(x: Any, dtype: Any) -> Array:  # noqa: ANN401
    held = x.numpy() if isinstance(x, Tensor) else x
    try:
        return np.asarray(held, np.dtype(SETTINGS.floatx if dtype is None else dtype))
    except (TypeError, ValueError):
        raise DTypeError(f"a picture is an array of numbers, this is a {type(x).__name__}") from None


def _levels(held: Array) -> Array:
    """0..255, as the conversion of Keras' takes them: what is outside wraps around."""
    with np.errstate(invalid="ignore"):
        return np.ascontiguousarray(held.astype(np.int64).astype(np.uint8))


def _is_first(data_format: str | None) -> bool:
    return choice("the picture", "data_format", data_format or SETTINGS.image_data_format, FORMATS) == FORMATS[1]


def _one_of(held: Array) -> str:
    return "give one of them: x[0]" if held.ndim == 4 else "x[..., None]" if held.ndim == 2 else ""
