"""torchvision.utils: many pictures as one, and as a file."""

from __future__ import annotations

import os
from typing import IO, Any

import numpy as np
from PIL import Image

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, ShapeError
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.absent import ORIGINAL

# ruff: noqa: FBT001, FBT002, A002  torchvision's signatures
LEAST = 1e-5


def _batch(tensor: Any) -> Any:  # noqa: ANN401  an array (pictures, channels, height, width) in memory of its own
    given = list(tensor) if isinstance(tensor, list | tuple) else [tensor]
    if not given or not all(isinstance(one, Tensor) for one in given):
        raise ArgumentTypeError(f"tensor or list of tensors expected, got {type(tensor)}")
    held = [dtypes.widened(np.asarray(one.detach().cpu().contents("make_grid()"))) for one in given]
    if len({one.shape for one in held}) > 1:
        raise ShapeError("make_grid: the pictures have different shapes", facts=tuple(str(one.shape) for one in held[:4]))
    x = np.stack(held) if isinstance(tensor, list | tuple) else held[0].copy()
    x = x.reshape((1,) * (4 - x.ndim) + x.shape) if x.ndim in (2, 3) else x
    if x.ndim != 4:
        raise ShapeError(f"make_grid takes pictures (n, channels, height, width), this has {x.ndim} axes", facts=(f"shape {x.shape}",))
    return np.repeat(x, 3, 1) if x.shape[1] == 1 else x


def _in_range(x: Any, value_range: Any) -> None:  # noqa: ANN401
    """Brings numbers to 0 to 1, in place."""
    low, high = (x.min(), x.max()) if value_range is None else value_range
    np.clip(x, low, high, out=x)
    x -= np.asarray(low, x.dtype)
    x /= np.asarray(max(high - low, LEAST), x.dtype)


def make_grid(
    tensor: Any, nrow: int = 8, padding: int = 2, normalize: bool = False, value_range: tuple[float, float] | None = None,  # noqa: ANN401
    scale_each: bool = False, pad_value: float = 0.0,
) -> Tensor:  # fmt: skip
    """Many pictures as one.

    Args:
        tensor: pictures (n, channels, height, width), or a list of them; grey ones become three channels.
        nrow: how many stand in a row.
        padding: elements between them.
        normalize: whether numbers are brought to 0 to 1: from the least to the largest, or from `value_range`.
        value_range: (least, largest).
        scale_each: whether each picture is normalised by itself.
        pad_value: what stands between them.

    Shape: (channels, rows, columns).  Raises: ArgumentTypeError for no Tensors, ShapeError for other axes, ArgumentError for no range.
    """
    x = _batch(tensor)
    if normalize:
        if value_range is not None and (not isinstance(value_range, tuple) or len(value_range) != 2):
            raise ArgumentError("value_range has to be a tuple (min, max) if specified", facts=(f"{value_range!r}",))
        x = x if dtypes.is_float(x.dtype) else x.astype(np.float32)
        for part in x if scale_each else [x]:
            _in_range(part, value_range)
    count, channels, height, width = x.shape
    if count == 1:
        return from_numpy(np.ascontiguousarray(x[0]))
    columns = min(nrow, count)
    rows = -(-count // columns)
    grid = np.full((channels, rows * (height + padding) + padding, columns * (width + padding) + padding), pad_value).astype(x.dtype)
    for number, picture in enumerate(x):
        top, left = (place * (extent + padding) + padding for place, extent in zip(divmod(number, columns), (height, width), strict=True))
        grid[:, top : top + height, left : left + width] = picture
    return from_numpy(grid)


def save_image(
    tensor: Any, fp: str | os.PathLike[str] | IO[bytes], format: str | None = None, nrow: int = 8, padding: int = 2,  # noqa: ANN401
    normalize: bool = False, value_range: tuple[float, float] | None = None, scale_each: bool = False, pad_value: float = 0.0,
) -> None:  # fmt: skip
    """Writes pictures with numbers from 0 to 1 as one file: `make_grid`, in bytes.

    Raises: FileError where it cannot be written, ArgumentError for a format that is none; as `make_grid`.
    """
    grid = make_grid(tensor, nrow, padding, normalize, value_range, scale_each, pad_value).numpy()
    held = np.clip(grid * 255 + 0.5, 0, 255).transpose(1, 2, 0).astype(np.uint8)
    made = Image.fromarray(np.ascontiguousarray(held))
    try:
        made.save(fp, format=format)
    except OSError as error:
        raise FileError(f"{fp} cannot be written", facts=(error.strerror or str(error),)) from None
    except (ValueError, KeyError) as error:
        raise ArgumentError(f"save_image: {error}", likely="a name that ends in .png") from None

__getattr__ = ORIGINAL.module("torchvision.utils", __name__)
