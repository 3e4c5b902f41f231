"""What every transform asks: whether this is a picture of Pillow's or a Tensor, how large it is, and by which way it is resampled."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Any, TypeGuard

from PIL import Image

from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.tensor.random import default_generator
from gradwerk.torch.tensors import Tensor

Picture = Any
"""A picture of Pillow's, or a Tensor (..., channels, height, width): what comes out is what went in."""


class InterpolationMode(enum.Enum):
    """How a picture is brought to another size or place."""

    NEAREST = "nearest"
    NEAREST_EXACT = "nearest-exact"
    BILINEAR = "bilinear"
    BICUBIC = "bicubic"
    BOX = "box"
    HAMMING = "hamming"
    LANCZOS = "lanczos"


BY_NUMBER = {
    0: InterpolationMode.NEAREST, 2: InterpolationMode.BILINEAR, 3: InterpolationMode.BICUBIC, 4: InterpolationMode.BOX,
    5: InterpolationMode.HAMMING, 1: InterpolationMode.LANCZOS,
}  # fmt: skip
"""As Pillow numbers them."""
IN_PILLOW = {
    **{way: Image.Resampling(number) for number, way in BY_NUMBER.items()},
    InterpolationMode.NEAREST_EXACT: Image.Resampling.NEAREST,
}


def way_of(value: Any) -> InterpolationMode:  # noqa: ANN401  an InterpolationMode, or Pillow's number
    """The way that an option names.  Raises: ArgumentTypeError for what names none."""
    if isinstance(value, InterpolationMode):
        return value
    if isinstance(value, int) and not isinstance(value, bool) and int(value) in BY_NUMBER:
        return BY_NUMBER[int(value)]
    raise ArgumentTypeError(
        f"Argument interpolation should be a InterpolationMode or a corresponding Pillow integer constant, this is {value!r}",
        likely="InterpolationMode.BILINEAR",
    )


def is_picture(img: Any) -> TypeGuard[Image.Image]:  # noqa: ANN401
    """Whether it is a picture of Pillow's."""
    return isinstance(img, Image.Image)


def check(img: Any) -> None:  # noqa: ANN401
    """Raises: ArgumentTypeError for what is neither a picture of Pillow's nor a Tensor of two axes or more."""
    if is_picture(img):
        return
    if not isinstance(img, Tensor):
        message = f"Unexpected type {type(img).__module__}.{type(img).__name__}: a transform takes a PIL image or a Tensor"
        raise ArgumentTypeError(message, likely="transforms.ToTensor() makes a Tensor of an array (height, width, channels)")
    if img.ndim < 2:
        raise ArgumentTypeError("Tensor is not a torch image.", facts=(f"shape {tuple(img.shape)}, wanted (..., height, width)",))


def get_dimensions(img: Picture) -> list[int]:
    """[channels, height, width].  Raises: ArgumentTypeError."""
    check(img)
    if is_picture(img):
        return [len(img.getbands()), img.height, img.width]
    return [1 if img.ndim == 2 else int(img.shape[-3]), int(img.shape[-2]), int(img.shape[-1])]


def get_image_size(img: Picture) -> list[int]:
    """[width, height].  Raises: ArgumentTypeError."""
    return get_dimensions(img)[:0:-1]


def get_image_num_channels(img: Picture) -> int:
    """How many channels.  Raises: ArgumentTypeError."""
    return get_dimensions(img)[0]


def pair(name: str, value: Any, message: str = "") -> tuple[int, int]:  # noqa: ANN401  a whole number, or one or two of them
    """(height, width) of one whole number, or of a list of one or two.  Raises: ArgumentError, ArgumentTypeError."""
    if isinstance(value, int):
        value = [value]
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ArgumentTypeError(f"{name}: a size is a whole number or a sequence of them, this is {value!r}")
    given = [*value, *value] if len(value) == 1 else [*value]
    if len(given) != 2:
        raise ArgumentError(message or f"{name}: please provide only two dimensions (h, w) for size.", facts=(f"size {value!r}",))
    if not all(isinstance(one, int) and not isinstance(one, bool) for one in given):
        raise ArgumentTypeError(f"{name}: a size is of whole numbers, this is {value!r}")
    return int(given[0]), int(given[1])


def interval(name: str, argument: str, value: Any) -> tuple[float, float]:  # noqa: ANN401  a number, or two
    """Two numbers: degrees as -d to d, or from the one to the other.  Raises: ArgumentError, ArgumentTypeError."""
    if isinstance(value, int | float):
        if value < 0:
            raise ArgumentError(f"{name}: If {argument} is a single number, it must be positive.", facts=(f"{argument} {value!r}",))
        return -float(value), float(value)
    return two(name, argument, value)


def two(name: str, argument: str, value: Any) -> tuple[float, float]:  # noqa: ANN401
    """Two numbers.  Raises: ArgumentError, ArgumentTypeError."""
    if not isinstance(value, Sequence) or isinstance(value, str):
        raise ArgumentTypeError(f"{name}: {argument} should be a sequence of length 2, this is {value!r}")
    if len(value) != 2:
        raise ArgumentError(f"{name}: {argument} should be a sequence of length 2.", facts=(f"{argument} {value!r}",))
    return float(value[0]), float(value[1])


def share(name: str, argument: str, value: Any) -> float:  # noqa: ANN401
    """A probability.  Raises: ArgumentError."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        message = f"{name}: {argument} should be a floating point value in the interval [0.0, 1.0]."
        raise ArgumentError(message, facts=(f"{argument}={value!r}",))
    return float(value)


def uniform(*intervals: tuple[float, float]) -> list[float]:
    """One number of each interval, from the generator of `torch.manual_seed`, in one draw."""
    drawn = default_generator().uniform_array((len(intervals),))
    return [low + (high - low) * float(one) for (low, high), one in zip(intervals, drawn, strict=True)]


def below(*limits: int) -> list[int]:
    """One whole number from 0 to each limit, without it, in one draw."""
    return [min(int(one), limit - 1) for one, limit in zip(uniform(*((0.0, float(limit)) for limit in limits)), limits, strict=True)]


def happens(p: float) -> bool:
    """True with a probability."""
    return uniform((0.0, 1.0))[0] < p
