"""torchvision.io.image: picture files as Tensors of bytes (channels, height, width), and back; through Pillow."""

from __future__ import annotations

import enum
import io
import os
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError
from gradwerk.data.reading import reading
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms.conversion import pil_to_tensor, to_pil_image

# ruff: noqa: FBT001, FBT002, A002  torchvision's signatures
PathLike = str | os.PathLike[str]


class ImageReadMode(enum.Enum):
    """In which colours a picture is read."""

    UNCHANGED = 0
    GRAY = 1
    GRAY_ALPHA = 2
    RGB = 3
    RGB_ALPHA = 4
    RGBA = RGB_ALPHA


MODES = {ImageReadMode.GRAY: "L", ImageReadMode.GRAY_ALPHA: "LA", ImageReadMode.RGB: "RGB", ImageReadMode.RGB_ALPHA: "RGBA"}
"""As Pillow calls them."""


def read_file(path: PathLike) -> Tensor:
    """The bytes of a file.  Raises: FileError."""
    with reading(str(path)):
        return from_numpy(np.fromfile(path, np.uint8))


def write_file(filename: PathLike, data: Tensor) -> None:
    """Writes bytes as a file.  Raises: FileError."""
    try:
        Path(filename).write_bytes(data.numpy().tobytes())
    except OSError as error:
        raise FileError(f"{filename} cannot be written", facts=(error.strerror or str(error),)) from None


def decode_image(input: Any, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:  # noqa: ANN401
    """A picture, of a path or of the bytes of a file, as bytes.

    Shape: (channels, height, width).  Dtype: uint8.  Raises: FileError for no picture, ArgumentError for another mode.
    """
    wanted = _mode(mode)
    where: Any = io.BytesIO(input.numpy().tobytes()) if isinstance(input, Tensor) else input
    with reading(input if not isinstance(input, Tensor) else "these bytes"), Image.open(where) as file:
        held = ImageOps.exif_transpose(file) if apply_exif_orientation else file
        held = held.convert("RGBA" if "transparency" in held.info else "RGB") if held.mode == "P" else held
        return pil_to_tensor(held if wanted is ImageReadMode.UNCHANGED else held.convert(MODES[wanted]))


def _mode(value: Any) -> ImageReadMode:  # noqa: ANN401
    if isinstance(value, ImageReadMode):
        return value
    if isinstance(value, str) and value.upper() in ImageReadMode.__members__:
        return ImageReadMode[value.upper()]
    raise ArgumentError(f"Invalid value for mode: {value!r}", facts=(f"known: {', '.join(ImageReadMode.__members__)}",))


def read_image(path: PathLike, mode: Any = ImageReadMode.UNCHANGED, apply_exif_orientation: bool = False) -> Tensor:  # noqa: ANN401
    """A picture file as bytes.  Shape: (channels, height, width).  Dtype: uint8.  Raises: FileError, ArgumentError for another mode."""
    if not isinstance(path, str | os.PathLike):
        raise ArgumentTypeError(f"read_image takes a path, this is a {type(path).__name__}")
    return decode_image(path, mode, apply_exif_orientation)


decode_png = decode_jpeg = decode_image


def _encoded(input: Any, kind: str, **options: int) -> Tensor:  # noqa: ANN401
    if not isinstance(input, Tensor) or input.dtype != np.uint8 or input.ndim != 3 or input.shape[0] not in (1, 3):
        told = f"{tuple(input.shape)} {input.dtype}" if isinstance(input, Tensor) else f"a {type(input).__name__}"
        raise ArgumentError(f"encode_{kind} takes a Tensor (1 or 3, height, width) of bytes", facts=(told,))
    file = io.BytesIO()
    to_pil_image(input).save(file, kind, **options)
    return from_numpy(np.frombuffer(file.getvalue(), np.uint8).copy())


def encode_png(input: Tensor, compression_level: int = 6) -> Tensor:
    """The bytes of a PNG file.  Raises: ArgumentError for what is no picture, and for a level that is not from 0 to 9."""
    if not 0 <= compression_level <= 9:
        raise ArgumentError("Compression level should be between 0 and 9", facts=(f"compression_level {compression_level!r}",))
    return _encoded(input, "png", compress_level=compression_level)


def encode_jpeg(input: Tensor, quality: int = 75) -> Tensor:
    """The bytes of a JPEG file.  Raises: ArgumentError for what is no picture, and for a quality that is not from 1 to 100."""
    if not 1 <= quality <= 100:
        raise ArgumentError("Image quality should be a positive number between 1 and 100", facts=(f"quality {quality!r}",))
    return _encoded(input, "jpeg", quality=quality)


def write_png(input: Tensor, filename: PathLike, compression_level: int = 6) -> None:
    """Writes a PNG file.  Raises: ArgumentError, FileError."""
    write_file(filename, encode_png(input, compression_level))


def write_jpeg(input: Tensor, filename: PathLike, quality: int = 75) -> None:
    """Writes a JPEG file.  Raises: ArgumentError, FileError."""
    write_file(filename, encode_jpeg(input, quality))
