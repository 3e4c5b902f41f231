"""Picture files, opened and brought to a size with Pillow, and no more memory taken for one than a picture of its kind may need."""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gradwerk.base.errors import ArgumentError, FileError
from gradwerk.data.reading import check_regular, reading

if TYPE_CHECKING:
    from PIL import Image

CONVERTED = {"grayscale": "L", "rgb": "RGB", "rgba": "RGBA"}
"""Pillow's names of the kinds of colour."""
INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")
_DEEP = ("L", "I;16", "I")
"""Grey that stays as it is."""
_LARGEST = 178_956_970
"""Pixels; Pillow refuses more by itself."""
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP", "PPM")


def opened(path: str | os.PathLike[str] | io.BytesIO, color_mode: str = "rgb") -> Image.Image:
    """A picture, all of it read, in the colours asked for.  Raises: FileError."""
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415  loaded where pictures are

    name = "the picture" if isinstance(path, io.BytesIO) else path
    with reading(name if isinstance(name, str) else os.fspath(name)):
        if not isinstance(path, io.BytesIO):
            check_regular(path)
        source = path if isinstance(path, io.BytesIO) else io.BytesIO(Path(path).read_bytes())
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of large pictures, which are refused below
                image = Image.open(source, formats=_FORMATS)
                if image.width * image.height > _LARGEST:
                    raise FileError(f"{name} is too large", facts=(f"{image.width:,} x {image.height:,} pixels",), likely="make it smaller")
                image.load()
        except UnidentifiedImageError:
            raise FileError(f"{name} is not a picture of a known kind", facts=(f"known: {', '.join(_FORMATS)}",)) from None
        mode = CONVERTED[color_mode]
        return image if image.mode == mode or (mode == "L" and image.mode in _DEEP) else image.convert(mode)


def resized(image: Image.Image, size: Sequence[int], interpolation: str = "nearest", *, cut: bool = False) -> Image.Image:
    """A picture of other rows and columns; `cut`: what sticks out of their shape is cut off first.  Raises: ArgumentError."""
    from PIL import Image  # noqa: PLC0415

    rows, columns = checked_size(size)
    if interpolation not in INTERPOLATIONS:
        raise ArgumentError(f"interpolation {interpolation!r} is not known", facts=(f"known: {', '.join(INTERPOLATIONS)}",))
    if image.size == (columns, rows):
        return image
    way = Image.Resampling[interpolation.upper()]
    if not cut:
        return image.resize((columns, rows), way)
    height, width = min(image.height, image.width * rows // columns), min(image.width, image.height * columns // rows)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.resize((columns, rows), way, box=(left, top, left + width, top + height))


MOST = 1 << 28
"""Pixels of a picture: in three channels of float32 that is 3 GB."""


def checked_size(size: Any) -> tuple[int, int]:  # noqa: ANN401
    """Rows and columns.  Raises: ArgumentError for what are no two whole numbers above 0."""
    whole = isinstance(size, Sequence) and len(size) == 2 and all(isinstance(one, int) and not isinstance(one, bool) for one in size)
    if not whole or min(size) < 1:
        raise ArgumentError(f"a size is two whole numbers, rows and columns, this is {size!r}", likely=_both(size))
    if size[0] * size[1] > MOST:
        raise ArgumentError(f"a size of {size[0]} x {size[1]} is of {size[0] * size[1]:.2g} pixels, at most {MOST:.2g} make a picture")
    return int(size[0]), int(size[1])


def _both(size: object) -> str:
    return f"({size}, {size})" if isinstance(size, int) and not isinstance(size, bool) and size > 0 else ""
