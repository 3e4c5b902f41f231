"""Where pixels of pictures (..., height, width, channels) are: flips, turns, sizes, cuts, borders."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import arrangement, movement
from gradwerk.ops.arithmetic import cast
from gradwerk.tf.calls import op, to
from gradwerk.tf.operations import generator
from gradwerk.tf.shapes import extents
from gradwerk.tf.tensors import settled

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; TensorFlow's signatures


class ResizeMethod:
    """How `resize` computes what stands between pixels."""

    BILINEAR, NEAREST_NEIGHBOR, BICUBIC, AREA = "bilinear", "nearest", "bicubic", "area"
    LANCZOS3, LANCZOS5, GAUSSIAN, MITCHELLCUBIC = "lanczos3", "lanczos5", "gaussian", "mitchellcubic"


KNOWN = ("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5")
"""The methods that are here."""


@op("Resize")
def resize(
    images: Any, size: Any, method: Any = ResizeMethod.BILINEAR, preserve_aspect_ratio: bool = False, antialias: bool = False,
    name: Any = None,
) -> Any:  # fmt: skip
    """Pictures of another height and width.

    Args:
        size: height and width.
        method: bilinear, nearest, bicubic, lanczos3, lanczos5.
        preserve_aspect_ratio: whether they stay as wide beside their height, inside of the size.
        antialias: whether pixels are brought together where there are fewer.

    Shape: (..., *size, channels).  Dtype: float32; kept by nearest.  Raises: ArgumentError for another method.
    """
    if method not in KNOWN:
        raise ArgumentError(f"resize: {method!r} is no method of this package", facts=(f"known: {', '.join(KNOWN)}",))
    x, (height, width) = settled(images), extents(size, "size")
    if preserve_aspect_ratio:
        scale = min(height / x.shape[-3], width / x.shape[-2])
        height, width = round(scale * x.shape[-3]), round(scale * x.shape[-2])
    if method == "nearest":
        return to(_nearest(x, height, width), x._type.dtype)
    x = x if core.is_float(x._type.dtype) else cast(x, core.float32)
    if (height, width) == tuple(x.shape[-3:-1]):
        return to(x, core.float32)
    found = ops.image.resize(x, (height, width), interpolation=method, antialias=bool(antialias), data_format="channels_last")
    return to(found, core.float32)


def _nearest(x: Any, height: int, width: int) -> Any:
    """The pixel in whose middle each lies."""
    for axis, (old, new) in ((-3, (x.shape[-3], height)), (-2, (x.shape[-2], width))):
        places = [min(int((k + 0.5) * old / new), old - 1) for k in range(new)]
        x = ops.take(x, places, axis=axis)
    return x


@op("FlipLeftRight")
def flip_left_right(image: Any) -> Any:
    """The columns from the last to the first.

    Shape: kept.
    """
    return movement.flip(settled(image), -2)


@op("FlipUpDown")
def flip_up_down(image: Any) -> Any:
    """The rows from the last to the first.

    Shape: kept.
    """
    return movement.flip(settled(image), -3)


def _some(image: Any, seed: Any, axis: int) -> Any:
    """About half of the pictures turned over."""
    x = settled(image)
    lead = tuple(x.shape[:-3])
    turned = movement.reshape(generator(seed).uniform(lead) < 0.5, (*lead, 1, 1, 1))
    return ops.where(movement.broadcast_to(turned, x.shape), movement.flip(x, axis), x)


@op("RandomFlipLeftRight", effects=True)
def random_flip_left_right(image: Any, seed: Any = None) -> Any:
    """About half of the pictures with the columns from the last to the first.

    Shape: kept.
    """
    return _some(image, seed, -2)


@op("RandomFlipUpDown", effects=True)
def random_flip_up_down(image: Any, seed: Any = None) -> Any:
    """About half of the pictures with the rows from the last to the first.

    Shape: kept.
    """
    return _some(image, seed, -3)


@op("Rot90")
def rot90(image: Any, k: Any = 1, name: Any = None) -> Any:
    """Turned by a quarter to the left, k times.

    Shape: height and width exchanged where k is odd.
    """
    x = settled(image)
    at = len(x.shape) - 3
    return arrangement.rot90(x, int(k), (at, at + 1))


@op("TransposeImage")
def transpose(image: Any, name: Any = None) -> Any:
    """Rows and columns exchanged.

    Shape: height and width exchanged.
    """
    x = settled(image)
    at = len(x.shape) - 3
    order = list(range(len(x.shape)))
    order[at], order[at + 1] = at + 1, at
    return movement.transpose(x, order)


@op("CropToBoundingBox")
def crop_to_bounding_box(image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any) -> Any:
    """The part of this size from this place on.

    Shape: (..., target_height, target_width, channels).  Raises: ArgumentError for a part that is not inside.
    """
    x = settled(image)
    top, left, height, width = (int(n) for n in (offset_height, offset_width, target_height, target_width))
    if top < 0 or left < 0 or top + height > x.shape[-3] or left + width > x.shape[-2]:
        facts = (f"picture {tuple(x.shape)}, from ({top}, {left}), of ({height}, {width})",)
        raise ArgumentError("the part is not inside of the picture", facts=facts)
    return x[..., top : top + height, left : left + width, :]


@op("PadToBoundingBox")
def pad_to_bounding_box(image: Any, offset_height: Any, offset_width: Any, target_height: Any, target_width: Any) -> Any:
    """The picture at this place of a black one of this size.

    Shape: (..., target_height, target_width, channels).  Raises: ArgumentError where it does not fit.
    """
    x = settled(image)
    top, left, height, width = (int(n) for n in (offset_height, offset_width, target_height, target_width))
    below, right = height - top - x.shape[-3], width - left - x.shape[-2]
    if min(top, left, below, right) < 0:
        raise ArgumentError("the picture does not fit", facts=(f"picture {tuple(x.shape)}, at ({top}, {left}) of ({height}, {width})",))
    lead = [0] * (len(x.shape) - 3)
    return movement.pad(x, [*lead, top, left, 0], [*lead, below, right, 0])


@op("CentralCrop")
def central_crop(image: Any, central_fraction: Any) -> Any:
    """The middle: this part of height and width.

    Shape: (..., part of the height, part of the width, channels).  Raises: ArgumentError for no part.
    """
    x, part = settled(image), float(central_fraction)
    if not 0 < part <= 1:
        raise ArgumentError("central_fraction must be within (0, 1]")
    top, left = (int((n - n * part) / 2) for n in x.shape[-3:-1])
    return x[..., top : x.shape[-3] - top, left : x.shape[-2] - left, :]


@op("ResizeWithCropOrPad")
def resize_with_crop_or_pad(image: Any, target_height: Any, target_width: Any) -> Any:
    """The middle of the picture, or the picture in the middle of black.

    Shape: (..., target_height, target_width, channels).
    """
    x, height, width = settled(image), int(target_height), int(target_width)
    above, left = max((x.shape[-3] - height) // 2, 0), max((x.shape[-2] - width) // 2, 0)
    x = x[..., above : above + height, left : left + width, :]
    lead = [0] * (len(x.shape) - 3)
    down, right = height - x.shape[-3], width - x.shape[-2]
    return movement.pad(x, [*lead, down // 2, right // 2, 0], [*lead, down - down // 2, right - right // 2, 0])


@op("ResizeWithPad")
def resize_with_pad(image: Any, target_height: Any, target_width: Any, method: Any = ResizeMethod.BILINEAR, antialias: bool = False) -> Any:
    """The whole picture as large as fits, in the middle of black.

    Shape: (..., target_height, target_width, channels).  Dtype: float32.
    """
    x, height, width = settled(image), int(target_height), int(target_width)
    ratio = max(x.shape[-2] / width, x.shape[-3] / height)
    inner = int(x.shape[-3] / ratio), int(x.shape[-2] / ratio)
    top, left = (int(max(0.0, (n - m / ratio) / 2)) for n, m in ((height, x.shape[-3]), (width, x.shape[-2])))
    return pad_to_bounding_box(resize(x, inner, method, antialias=antialias), top, left, height, width)


@op("RandomCrop", effects=True)
def random_crop(value: Any, size: Any, seed: Any = None, name: Any = None) -> Any:
    """A part of this size from anywhere.

    Shape: size.  Raises: ArgumentError for one that is larger.
    """
    x, wanted = settled(value), extents(size, "size")
    free = [n - s for n, s in zip(x.shape, wanted, strict=True)]
    if min(free) < 0:
        raise ArgumentError("Need value.shape >= size", facts=(f"{tuple(x.shape)}, {wanted}",))
    unit = generator(seed).uniform((len(free),)).numpy()
    starts = [min(int(u * (n + 1)), n) for u, n in zip(unit, free, strict=True)]
    return movement.slice_(x, starts, [a + s for a, s in zip(starts, wanted, strict=True)])


@op("ExtractImagePatches")
def extract_patches(images: Any, sizes: Any, strides: Any, rates: Any, padding: str, name: Any = None) -> Any:
    """Windows of pictures, the pixels of each in the last axis.

    Args:
        sizes: (1, height, width, 1); strides and rates as well.

    Shape: (batch, windows down, windows across, height * width * channels).
    """
    size, steps, apart = (extents(one, "sizes")[1:3] for one in (sizes, strides, rates))
    rate = apart[0] if apart[0] == apart[1] else apart
    return ops.image.extract_patches(
        settled(images), size, strides=steps, dilation_rate=rate, padding=padding.lower(), data_format="channels_last"
    )  # fmt: skip


__all__ = [
    "ResizeMethod", "central_crop", "crop_to_bounding_box", "extract_patches", "flip_left_right", "flip_up_down", "pad_to_bounding_box",
    "random_crop", "random_flip_left_right", "random_flip_up_down", "resize", "resize_with_crop_or_pad", "resize_with_pad", "rot90",
    "transpose",
]  # fmt: skip
