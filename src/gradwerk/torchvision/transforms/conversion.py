"""From pictures and arrays to Tensors, and back."""

from __future__ import annotations

from typing import Any

import numpy as np
from PIL import Image

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.torch.defaults import get_default_dtype
from gradwerk.torch.dtypes import asked
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms.kinds import is_picture

MODES = {1: ("L", "1", "I", "F", "I;16"), 2: ("LA",), 3: ("RGB", "YCbCr", "HSV"), 4: ("RGBA", "CMYK", "RGBX")}
"""Pillow's modes, by channels; the first is taken where none is given."""
GREY = {np.dtype(np.uint8): "L", np.dtype(np.int16): "I;16", np.dtype(np.uint16): "I;16", np.dtype(np.int32): "I",
        np.dtype(np.float32): "F"}  # fmt: skip


def _numbers(pic: Image.Image) -> Any:  # noqa: ANN401
    """A picture's numbers, (channels, height, width), in memory of their own."""
    held = np.asarray(pic.convert("L") if pic.mode == "1" else pic)
    held = held[:, :, None] if held.ndim == 2 else held
    return np.array(held.transpose(2, 0, 1), order="C")


def pil_to_tensor(pic: Any) -> Tensor:  # noqa: ANN401
    """A picture of Pillow's as a Tensor (channels, height, width) of its own dtype.  Raises: ArgumentTypeError for anything else."""
    if not is_picture(pic):
        raise ArgumentTypeError(f"pic should be PIL Image. Got {type(pic)}")
    return from_numpy(_numbers(pic))


def to_tensor(pic: Any) -> Tensor:  # noqa: ANN401
    """A picture of Pillow's, or an array (height, width[, channels]), as a Tensor (channels, height, width); bytes as 0 to 1.

    Dtype: float32 of bytes; of other numbers their own.  Raises: ArgumentTypeError for anything else, ShapeError for other axes.
    """
    if isinstance(pic, np.ndarray):
        if pic.ndim not in (2, 3):
            raise ShapeError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
        held = np.array((pic[:, :, None] if pic.ndim == 2 else pic).transpose(2, 0, 1), order="C")
    elif is_picture(pic):
        held = _numbers(pic)
    else:
        raise ArgumentTypeError(f"pic should be PIL Image or ndarray. Got {type(pic)}")
    if held.dtype == np.uint8:
        default = get_default_dtype()
        held = held.astype(default) / np.asarray(255, default)
    return from_numpy(held)


def to_pil_image(pic: Any, mode: str | None = None) -> Image.Image:  # noqa: ANN401
    """A Tensor (channels, height, width), or an array (height, width, channels), as a picture of Pillow's; 0 to 1 of floats as bytes.

    Raises: ArgumentTypeError for anything else; ShapeError for other axes; ArgumentError for a mode that does not fit the channels.
    """
    if not isinstance(pic, Tensor | np.ndarray):
        raise ArgumentTypeError(f"pic should be Tensor or ndarray. Got {type(pic)}.")
    if pic.ndim not in (2, 3):
        raise ShapeError(f"pic should be 2/3 dimensional. Got {pic.ndim} dimensions.")
    if isinstance(pic, Tensor):
        held = dtypes.widened(pic.detach().cpu().contents("to_pil_image()"))
        held = held[None] if held.ndim == 2 else held
        if dtypes.is_float(held.dtype) and mode != "F":
            held = (held * 255).astype(np.uint8)
        held = held.transpose(1, 2, 0)
    else:
        held = pic[:, :, None] if pic.ndim == 2 else pic
    channels = held.shape[2]
    if channels not in MODES:
        raise ArgumentError(f"pic should not have > 4 channels. Got {channels} channels.")
    held = np.ascontiguousarray(held)
    if channels == 1:
        return _grey(held[:, :, 0], mode)
    if mode is not None and mode not in MODES[channels]:
        raise ArgumentError(f"Only modes {list(MODES[channels])} are supported for {channels}D inputs")
    if held.dtype != np.uint8:
        raise ArgumentTypeError(f"Input type {held.dtype} is not supported", likely="bytes (uint8), or a Tensor of floats from 0 to 1")
    return _of(held, mode or MODES[channels][0])


def _grey(held: Any, mode: str | None) -> Image.Image:  # noqa: ANN401
    expected = GREY.get(held.dtype)
    if expected is None:
        raise ArgumentTypeError(f"Input type {held.dtype} is not supported")
    if mode is not None and mode != expected:
        raise ArgumentError(f"Incorrect mode ({mode}) supplied for input type {held.dtype}. Should be {expected}")
    return _of(held.astype(np.uint16) if expected == "I;16" else held, expected)


def _of(held: Any, mode: str) -> Image.Image:  # noqa: ANN401
    """A picture of a mode with these numbers; Pillow knows most from their shape, and of the others only the name differs."""
    made = Image.fromarray(np.ascontiguousarray(held))
    if made.mode == mode:
        return made
    return Image.frombytes(mode, made.size, made.tobytes())


def convert_image_dtype(image: Any, dtype: Any = dtypes.float32) -> Tensor:  # noqa: ANN401
    """A Tensor in another dtype, and in its range: floats go from 0 to 1, whole numbers to the largest of their kind.

    Raises: ArgumentTypeError for no Tensor, ArgumentError where the numbers do not fit safely.
    """
    if not isinstance(image, Tensor):
        raise ArgumentTypeError("Input img should be Tensor Image")
    wanted = asked("convert_image_dtype", dtype, dtypes.float32)
    if image.dtype == wanted:
        return image
    from_float, to_float = dtypes.is_float(image.dtype), dtypes.is_float(wanted)
    if from_float:
        if to_float:
            return image.to(wanted)
        if (image.dtype == np.float32 and wanted in (np.int32, np.int64)) or (image.dtype == np.float64 and wanted == np.int64):
            raise ArgumentError(f"The cast from {image.dtype} to {wanted} cannot be performed safely.")
        return image.mul(float(np.iinfo(wanted).max) + 1.0 - 1e-3).to(wanted)
    largest = np.iinfo(image.dtype).max
    if to_float:
        return image.to(wanted).div(float(largest))
    target = np.iinfo(wanted).max
    if largest > target:
        return image.div((largest + 1) // (target + 1), rounding_mode="floor").to(wanted)
    return image.to(wanted).mul((target + 1) // (largest + 1))
