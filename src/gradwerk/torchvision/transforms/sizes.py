"""Pictures of another size: resampled, cut, and with borders."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import numpy as np
from PIL import Image, ImageOps

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.torch.nn.functional import pad as with_borders
from gradwerk.torch.nn.vision import interpolate
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms.kinds import (
    IN_PILLOW,
    InterpolationMode,
    Picture,
    check,
    get_dimensions,
    is_picture,
    pair,
    way_of,
)

# ruff: noqa: FBT001, FBT002  torchvision's signatures
BILINEAR = InterpolationMode.BILINEAR
PADDING = {"constant": "constant", "edge": "replicate", "reflect": "reflect", "symmetric": "symmetric"}
"""torchvision's names of borders, and torch's."""


def in_floats(img: Tensor, do: Callable[[Tensor], Tensor]) -> Tensor:
    """What is done to floats (n, channels, height, width), done to any picture; whole numbers are rounded."""
    x = img if img.ndim >= 4 else img.reshape((1,) * (4 - img.ndim) + tuple(img.shape))
    lead = tuple(x.shape[:-3])
    x = x.reshape((math.prod(lead), *x.shape[-3:]))
    is_float = dtypes.is_float(img.dtype)
    y = do(x if is_float else x.float())
    y = y if is_float else _rounded(y, img.dtype)
    held = tuple(y.shape[-3:]) if img.ndim >= 3 else tuple(y.shape[-2:])
    return y.reshape((*lead, *held) if img.ndim >= 4 else held)


def _rounded(y: Tensor, dtype: Any) -> Tensor:  # noqa: ANN401
    """Rounded, and kept in the range that a byte has."""
    y = y.round()
    return (y.clamp(0, 255) if dtype == np.uint8 else y).to(dtype)


def _triangle(x: Any) -> Any:  # noqa: ANN401  arrays
    return np.maximum(0.0, 1 - np.abs(x))


def _cubic(x: Any) -> Any:  # noqa: ANN401
    """Keys' kernel with a = -1/2."""
    x = np.abs(x)
    return np.where(x < 1, (1.5 * x - 2.5) * x * x + 1, np.where(x < 2, ((-0.5 * x + 2.5) * x - 4) * x + 2, 0.0))


KERNELS: dict[str, tuple[Callable[[Any], Any], float]] = {"bilinear": (_triangle, 1.0), "bicubic": (_cubic, 2.0)}
"""The kernel, and how far it reaches."""


@cache
def weights(way: str, old: int, new: int) -> Any:  # noqa: ANN401  an array (new, old), float64
    """How much each of `old` elements counts for each of `new`: a kernel as wide as the step is where that is above 1."""
    kernel, reach = KERNELS[way]
    scale = old / new
    width = max(scale, 1.0)
    centre = scale * (np.arange(new) + 0.5)
    first = np.maximum((centre - reach * width + 0.5).astype(np.int64), 0)
    last = np.minimum((centre + reach * width + 0.5).astype(np.int64), old)
    place = np.arange(old)
    found = kernel((place - centre[:, None] + 0.5) / width) * ((place >= first[:, None]) & (place < last[:, None]))
    return found / found.sum(1, keepdims=True)


def _resampled(x: Tensor, size: tuple[int, int], way: InterpolationMode, antialias: bool) -> Tensor:
    if way.value not in ("nearest", "nearest-exact", "bilinear", "bicubic"):
        likely = "InterpolationMode.BILINEAR, or a PIL image"
        raise ArgumentError(f"Interpolation mode {way.value!r} is unsupported with Tensor input", likely=likely)
    if way.value in KERNELS and antialias:
        each = (weights(way.value, old, new) for old, new in zip(x.shape[-2:], size, strict=True))
        rows, columns = (from_numpy(dtypes.converted(one, x.dtype)) for one in each)
        return rows.matmul(x).matmul(columns.t())
    return interpolate(x, size, mode=way.value, align_corners=False if way.value in KERNELS else None)


def _wanted(img: Picture, size: Any, max_size: int | None) -> tuple[int, int]:  # noqa: ANN401
    """The size to come to: of one number the shorter side's, and the longer in proportion.  Raises: ArgumentError, ArgumentTypeError."""
    both = pair("resize", size, "Size must be an int or a 1 or 2 element tuple/list") if size is not None else None
    one = None if both is None or (isinstance(size, Sequence) and len(size) == 2) else both[0]
    if one is None and both is not None:
        if max_size is not None:
            message = "max_size should only be passed if size specifies the length of the smaller edge, i.e. size should be an int"
            raise ArgumentError(message, facts=(f"size {size!r}  max_size {max_size!r}",))
        return both
    _, height, width = get_dimensions(img)
    if one is None:
        if max_size is None:
            raise ArgumentError("max_size must be an integer when size is None, but got None instead.")
        longer = max_size
        shorter = int(max_size * min(height, width) / max(height, width))
    else:
        shorter, longer = one, int(one * max(height, width) / min(height, width))
        if max_size is not None:
            if max_size <= one:
                message = "must be strictly greater than the requested size for the smaller edge"
                raise ArgumentError(f"max_size = {max_size} {message} size = {size}")
            if longer > max_size:
                shorter, longer = int(max_size * shorter / longer), max_size
    return (longer, shorter) if width <= height else (shorter, longer)


def resize(
    img: Picture, size: int | Sequence[int] | None, interpolation: Any = BILINEAR, max_size: int | None = None,  # noqa: ANN401
    antialias: bool | None = True,
) -> Any:  # fmt: skip  # noqa: ANN401
    """A picture of another size: (height, width), or of one number that of the shorter side, where `max_size` limits the longer.

    Antialias: a Tensor that becomes smaller is averaged, as Pillow does with pictures.  Raises: ArgumentError, ArgumentTypeError.
    """
    way = way_of(interpolation)
    check(img)
    wanted = _wanted(img, size, max_size)
    if min(wanted) < 1:
        raise ArgumentError(f"resize: Height and width must be > 0, this is {wanted}")
    if is_picture(img):
        return img.resize(wanted[::-1], IN_PILLOW[way])
    if tuple(img.shape[-2:]) == wanted:
        return img
    return in_floats(img, lambda x: _resampled(x, wanted, way, bool(antialias)))


def crop(img: Picture, top: int, left: int, height: int, width: int) -> Any:  # noqa: ANN401
    """A part of a picture; what lies outside of it is 0.  Raises: ArgumentTypeError."""
    check(img)
    if is_picture(img):
        return img.crop((left, top, left + width, top + height))
    rows, columns = img.shape[-2:]
    low, high = (max(-top, 0), max(-left, 0)), (max(top + height - rows, 0), max(left + width - columns, 0))
    held = img[..., max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    if not any((*low, *high)):
        return held
    rest = [min(n, height) for n in (low[0], high[0])], [min(n, width) for n in (low[1], high[1])]
    return with_borders(held, [*rest[1], *rest[0]])


def center_crop(img: Picture, output_size: int | Sequence[int]) -> Any:  # noqa: ANN401
    """The middle of a picture; a picture that is smaller gets a border of 0.  Raises: ArgumentError, ArgumentTypeError."""
    height, width = pair("center_crop", output_size)
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        wider, taller = max(width - columns, 0), max(height - rows, 0)
        img = pad(img, [wider // 2, taller // 2, (wider + 1) // 2, (taller + 1) // 2])
        _, rows, columns = get_dimensions(img)
        if (width, height) == (columns, rows):
            return img
    return crop(img, round((rows - height) / 2.0), round((columns - width) / 2.0), height, width)


def resized_crop(
    img: Picture, top: int, left: int, height: int, width: int, size: Sequence[int], interpolation: Any = BILINEAR,  # noqa: ANN401
    antialias: bool | None = True,
) -> Any:  # fmt: skip  # noqa: ANN401
    """`crop`, then `resize`."""
    return resize(crop(img, top, left, height, width), size, interpolation, antialias=antialias)


def five_crop(img: Picture, size: int | Sequence[int]) -> tuple[Any, ...]:
    """The four corners and the middle: top left, top right, bottom left, bottom right.  Raises: ArgumentError where they do not fit."""
    height, width = pair("five_crop", size, "Please provide only two dimensions (h, w) for size.")
    _, rows, columns = get_dimensions(img)
    if width > columns or height > rows:
        raise ArgumentError(f"Requested crop size {size} is bigger than input size {(rows, columns)}")
    corners = [(top, left) for top in (0, rows - height) for left in (0, columns - width)]
    return (*(crop(img, top, left, height, width) for top, left in corners), center_crop(img, [height, width]))


def ten_crop(img: Picture, size: int | Sequence[int], vertical_flip: bool = False) -> tuple[Any, ...]:
    """`five_crop` of a picture and of its mirror image.  Raises: ArgumentError."""
    return (*five_crop(img, size), *five_crop(vflip(img) if vertical_flip else hflip(img), size))


def hflip(img: Picture) -> Any:  # noqa: ANN401
    """Left and right exchanged.  Raises: ArgumentTypeError."""
    check(img)
    return img.transpose(Image.Transpose.FLIP_LEFT_RIGHT) if is_picture(img) else img.flip(-1)


def vflip(img: Picture) -> Any:  # noqa: ANN401
    """Top and bottom exchanged.  Raises: ArgumentTypeError."""
    check(img)
    return img.transpose(Image.Transpose.FLIP_TOP_BOTTOM) if is_picture(img) else img.flip(-2)


def borders(padding: Any) -> tuple[int, int, int, int]:  # noqa: ANN401
    """(left, top, right, bottom) of one number, two (sideways, upright) or four.  Raises: ArgumentError, ArgumentTypeError."""
    if isinstance(padding, int) and not isinstance(padding, bool):
        return padding, padding, padding, padding
    if not isinstance(padding, list | tuple) or not all(isinstance(one, int) for one in padding):
        raise ArgumentTypeError("Got inappropriate padding arg", facts=(f"padding {padding!r}",))
    if len(padding) not in (1, 2, 4):
        raise ArgumentError(f"Padding must be an int or a 1, 2, or 4 element tuple, not a {len(padding)} element tuple")
    left, top, right, bottom = (*padding, *padding, *padding, *padding)[:4] if len(padding) < 4 else padding
    return left, top, right, bottom


def filling(img: Image.Image, fill: Any) -> Any:  # noqa: ANN401
    """A colour for each channel of a picture.  Raises: ArgumentError where the channels are others."""
    count = len(img.getbands())
    fill = 0 if fill is None else fill
    given = tuple(fill) if isinstance(fill, list | tuple) else (fill,)
    if len(given) not in (1, count):
        raise ArgumentError("The number of elements in 'fill' does not match the number of channels of the image "
                            f"({len(given)} != {count})")  # fmt: skip
    whole = given * count if len(given) < count else given
    if img.mode != "F":
        whole = tuple(int(one) if isinstance(one, float) else one for one in whole)
    return whole if count > 1 else whole[0]


def pad(img: Picture, padding: int | Sequence[int], fill: Any = 0, padding_mode: str = "constant") -> Any:  # noqa: ANN401
    """A picture with borders (left, top, right, bottom): of a colour, of the edge, mirrored with it (symmetric) or without (reflect).

    Raises: ArgumentError, ArgumentTypeError; ShapeError for a mirror image that is larger than the picture.
    """
    check(img)
    left, top, right, bottom = borders(padding)
    if not isinstance(padding_mode, str):
        raise ArgumentTypeError("Got inappropriate padding_mode arg", facts=(f"padding_mode {padding_mode!r}",))
    if padding_mode not in PADDING:
        raise ArgumentError("Padding mode should be either constant, edge, reflect or symmetric", facts=(f"padding_mode {padding_mode!r}",))
    if padding_mode != "constant":
        return _mirrored(img, (left, top, right, bottom), padding_mode)
    if is_picture(img):
        return ImageOps.expand(img, (left, top, right, bottom), filling(img, fill))
    if not isinstance(fill, int | float | type(None)):
        if isinstance(fill, list | tuple) and len(fill) == 1:
            fill = fill[0]
        else:
            raise ArgumentTypeError("Got inappropriate fill arg", facts=(f"fill {fill!r}: of a Tensor one number",))
    return with_borders(img, [left, right, top, bottom], value=float(fill or 0))


def _places(extent: int, low: int, high: int, mode: str) -> Any:  # noqa: ANN401  an array
    """Where each element of a longer axis comes from.  Raises: ShapeError where the mirror image is larger than the picture."""
    limit = extent - 1 if mode == "reflect" else extent
    if mode != "edge" and max(low, high) > limit:
        message = f"Padding size should be less than the corresponding input dimension, but got: padding ({low}, {high}) at extent {extent}"
        raise ShapeError(message, likely="padding_mode='edge'")
    held = np.arange(max(-low, 0), extent - max(-high, 0))
    return np.pad(held, (max(low, 0), max(high, 0)), mode=mode)  # type: ignore[call-overload]  # the mode is one of these


def _mirrored(img: Picture, widths: tuple[int, int, int, int], mode: str) -> Any:  # noqa: ANN401
    left, top, right, bottom = widths
    _, height, width = get_dimensions(img)
    rows, columns = _places(height, top, bottom, mode), _places(width, left, right, mode)
    if is_picture(img):
        made = Image.fromarray(np.ascontiguousarray(np.asarray(img)[rows][:, columns]))
        if img.mode == "P":
            made.putpalette(img.getpalette())  # type: ignore[arg-type]  # one of its mode has it
        return made
    return img.index_select(-2, from_numpy(rows)).index_select(-1, from_numpy(columns))
