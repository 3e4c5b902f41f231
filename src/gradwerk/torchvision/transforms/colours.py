"""Colours of a picture: brighter, greyer, of another hue; blurred, normalised, erased."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageEnhance, ImageOps

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, ShapeError
from gradwerk.torch.functions import stack, where
from gradwerk.torch.nn.convolutions import conv2d
from gradwerk.torch.nn.functional import pad as with_borders
from gradwerk.torch.sharing import from_numpy
from gradwerk.torch.tensors import Tensor
from gradwerk.torchvision.transforms.conversion import convert_image_dtype, pil_to_tensor, to_pil_image
from gradwerk.torchvision.transforms.kinds import Picture, check, get_dimensions, is_picture
from gradwerk.torchvision.transforms.sizes import in_floats

# ruff: noqa: FBT001, FBT002  torchvision's signatures
LUMA = (0.2989, 0.587, 0.114)
"""What red, green and blue count for in grey.  Source: ITU-R BT.601."""
GREYS = ("L", "1", "I", "F")


def _bound(img: Tensor) -> float:
    return 1.0 if dtypes.is_float(img.dtype) else float(np.iinfo(img.dtype).max)


def _coloured(img: Tensor, *, least: int = 2) -> int:
    """One or three channels.  Raises: ArgumentTypeError."""
    if img.ndim < least:
        raise ArgumentTypeError(f"Input image tensor should have at least {least} dimensions, but found {img.ndim}")
    channels = get_dimensions(img)[0]
    if channels not in (1, 3):
        raise ArgumentTypeError(f"Input image tensor permitted channel values are [1, 3], but found {channels}")
    return channels


def _factor(name: str, value: Any) -> float:  # noqa: ANN401
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ArgumentTypeError(f"{name} is a number, this is {value!r}")
    if not value >= 0:
        raise ArgumentError(f"{name} ({value}) is not non-negative.")
    return float(value)


def _blend(img: Tensor, other: Any, ratio: float) -> Tensor:  # noqa: ANN401  a Tensor, or 0
    mixed = img.mul(ratio) if isinstance(other, int) else img.mul(ratio).add(other.mul(1.0 - ratio))
    return mixed.clamp(0, _bound(img)).to(img.dtype)


def rgb_to_grayscale(img: Picture, num_output_channels: int = 1) -> Any:  # noqa: ANN401
    """Grey of colours, in one channel or three alike.  Raises: ArgumentError, ArgumentTypeError."""
    check(img)
    if num_output_channels not in (1, 3):
        raise ArgumentError("num_output_channels should be either 1 or 3", facts=(f"num_output_channels {num_output_channels!r}",))
    if is_picture(img):
        grey = img.convert("L")
        return grey if num_output_channels == 1 else Image.merge("RGB", (grey, grey, grey))
    if _coloured(img, least=3) == 1:
        made = img.clone()
    else:
        red, green, blue = img.unbind(-3)
        made = red.mul(LUMA[0]).add(green.mul(LUMA[1])).add(blue.mul(LUMA[2])).to(img.dtype).unsqueeze(-3)
    return made.expand(*img.shape[:-3], 3, *img.shape[-2:]) if num_output_channels == 3 else made


def to_grayscale(img: Any, num_output_channels: int = 1) -> Image.Image:  # noqa: ANN401
    """`rgb_to_grayscale` of a picture of Pillow's.  Raises: ArgumentTypeError for anything else."""
    if not is_picture(img):
        raise ArgumentTypeError("Input should be PIL Image", likely="rgb_to_grayscale takes Tensors")
    made: Image.Image = rgb_to_grayscale(img, num_output_channels)
    return made


def adjust_brightness(img: Picture, brightness_factor: float) -> Any:  # noqa: ANN401
    """0 is black, 1 the picture, 2 twice as bright.  Raises: ArgumentError, ArgumentTypeError."""
    check(img)
    factor = _factor("brightness_factor", brightness_factor)
    if is_picture(img):
        return ImageEnhance.Brightness(img).enhance(factor)
    _coloured(img)
    return _blend(img, 0, factor)


def adjust_contrast(img: Picture, contrast_factor: float) -> Any:  # noqa: ANN401
    """0 is one grey, 1 the picture.  Raises: ArgumentError, ArgumentTypeError."""
    check(img)
    factor = _factor("contrast_factor", contrast_factor)
    if is_picture(img):
        return ImageEnhance.Contrast(img).enhance(factor)
    grey = rgb_to_grayscale(img) if _coloured(img) == 3 else img
    grey = grey if dtypes.is_float(img.dtype) else grey.float()
    return _blend(img, grey.mean(tuple(range(-min(3, img.ndim), 0)), keepdim=True), factor)


def adjust_saturation(img: Picture, saturation_factor: float) -> Any:  # noqa: ANN401
    """0 is grey, 1 the picture.  Raises: ArgumentError, ArgumentTypeError."""
    check(img)
    factor = _factor("saturation_factor", saturation_factor)
    if is_picture(img):
        return ImageEnhance.Color(img).enhance(factor)
    return img if _coloured(img) == 1 else _blend(img, rgb_to_grayscale(img), factor)


def adjust_sharpness(img: Picture, sharpness_factor: float) -> Any:  # noqa: ANN401
    """0 is blurred, 1 the picture, 2 twice as sharp.  Raises: ArgumentError, ArgumentTypeError."""
    check(img)
    factor = _factor("sharpness_factor", sharpness_factor)
    if is_picture(img):
        return ImageEnhance.Sharpness(img).enhance(factor)
    _coloured(img)
    if min(img.shape[-2:]) <= 2:
        return img
    kernel = np.ones((3, 3)) / 13
    kernel[1, 1] = 5 / 13

    def blurred(x: Tensor) -> Tensor:
        made = x.clone()
        made[..., 1:-1, 1:-1] = _filtered(x, kernel)
        return made

    return _blend(img, in_floats(img, blurred), factor)


def _filtered(x: Tensor, kernel: Any) -> Tensor:  # noqa: ANN401  an array (height, width)
    """Each channel with the same kernel."""
    channels = int(x.shape[-3])
    weight = from_numpy(np.ascontiguousarray(np.broadcast_to(kernel, (channels, 1, *kernel.shape)), x.dtype))
    return conv2d(x, weight, groups=channels)


def adjust_hue(img: Picture, hue_factor: float) -> Any:  # noqa: ANN401
    """Hues turned by -1/2 to 1/2 of their circle.  Raises: ArgumentError, ArgumentTypeError."""
    if not -0.5 <= hue_factor <= 0.5:
        raise ArgumentError(f"hue_factor ({hue_factor}) is not in [-0.5, 0.5].")
    check(img)
    if is_picture(img):
        if img.mode in GREYS:
            return img
        bands = img.convert("HSV").split()
        turned = (np.asarray(bands[0]).astype(np.int32) + int(hue_factor * 255)) % 256
        return Image.merge("HSV", (Image.fromarray(turned.astype(np.uint8)), *bands[1:])).convert(img.mode)
    if _coloured(img) == 1:
        return img
    x = convert_image_dtype(img, np.dtype(np.float32))
    hue, saturation, value = _hsv(x)
    return convert_image_dtype(_rgb(hue.add(hue_factor).remainder(1.0), saturation, value), img.dtype)


def _hsv(x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Hue, saturation and value, from 0 to 1.  Source: Smith, 1978, "Color gamut transform pairs"."""
    red, green, blue = x.unbind(-3)
    high, low = x.amax(-3), x.amin(-3)
    same, spread = high.eq(low), high.sub(low)
    saturation = spread.div(where(same, 1.0, high))
    divisor = where(same, 1.0, spread)
    r, g, b = (high.sub(one).div(divisor) for one in (red, green, blue))
    hue = where(high.eq(red), b.sub(g), where(high.eq(green), r.sub(b).add(2.0), g.sub(r).add(4.0)))
    return hue.div(6.0).add(1.0).fmod(1.0), saturation, high


def _rgb(hue: Tensor, saturation: Tensor, value: Tensor) -> Tensor:
    sector = hue.mul(6.0).floor()
    rest = hue.mul(6.0).sub(sector)
    p = value.mul(saturation.neg().add(1)).clamp(0, 1)
    q = value.mul(saturation.mul(rest).neg().add(1)).clamp(0, 1)
    t = value.mul(saturation.mul(rest.neg().add(1)).neg().add(1)).clamp(0, 1)
    sector = sector.remainder(6.0)
    of_sector = ((value, t, p), (q, value, p), (p, value, t), (p, q, value), (t, p, value), (value, p, q))
    found = list(of_sector[0])
    for number, colours in enumerate(of_sector[1:], 1):
        found = [where(sector.eq(number), colour, former) for colour, former in zip(colours, found, strict=True)]
    return stack(found, -3)


def adjust_gamma(img: Picture, gamma: float, gain: float = 1) -> Any:  # noqa: ANN401
    """gain x**gamma, of numbers from 0 to 1.  Raises: ArgumentError, ArgumentTypeError."""
    check(img)
    if not gamma >= 0:
        raise ArgumentError("Gamma should be a non-negative real number", facts=(f"gamma {gamma!r}",))
    if is_picture(img):
        table = [min(int((255 + 1 - 1e-3) * gain * (one / 255.0) ** gamma), 255) for one in range(256)]
        return img.convert("RGB").point(table * 3).convert(img.mode)
    _coloured(img)
    x = img if dtypes.is_float(img.dtype) else convert_image_dtype(img, np.dtype(np.float32))
    return convert_image_dtype(x.pow(gamma).mul(gain).clamp(0, 1), img.dtype)


def invert(img: Picture) -> Any:  # noqa: ANN401
    """Light for dark.  Raises: ArgumentTypeError."""
    check(img)
    if is_picture(img):
        return ImageOps.invert(img)
    _coloured(img, least=3)
    return img.neg().add(1) if dtypes.is_float(img.dtype) else img.mul(0).add(int(_bound(img))).sub(img)


def _kernel(size: int, sigma: float) -> Any:  # noqa: ANN401  an array
    x = np.linspace(-(size - 1) * 0.5, (size - 1) * 0.5, size)
    found = np.exp(-0.5 * (x / sigma) ** 2)
    return found / found.sum()


def gaussian_blur(img: Picture, kernel_size: int | Sequence[int], sigma: Any = None) -> Any:  # noqa: ANN401
    """Blurred by a normal kernel of (width, height) and of these deviations, 0.15 size + 0.35 where none is given.

    Raises: ArgumentError, ArgumentTypeError; ShapeError for a kernel that reaches out of the picture.
    """
    check(img)
    sizes = [kernel_size] * 2 if isinstance(kernel_size, int) else list(kernel_size)
    if len(sizes) != 2:
        raise ArgumentError(f"If kernel_size is a sequence its length should be 2. Got {len(sizes)}")
    if any(not isinstance(one, int) or one % 2 == 0 or one < 0 for one in sizes):
        raise ArgumentError(f"kernel_size should have odd and positive integers. Got {sizes}")
    given = [0.15 * one + 0.35 for one in sizes] if sigma is None else [sigma] * 2 if isinstance(sigma, int | float) else list(sigma)
    given = given * 2 if len(given) == 1 else given
    if len(given) != 2:
        raise ArgumentError(f"If sigma is a sequence, its length should be 2. Got {len(given)}")
    if min(given) <= 0:
        raise ArgumentError(f"sigma should have positive values. Got {given}")
    x = pil_to_tensor(img) if is_picture(img) else img
    half = [one // 2 for one in sizes]
    if half[0] >= x.shape[-1] or half[1] >= x.shape[-2]:
        raise ShapeError("gaussian_blur: the kernel reaches out of the picture", facts=(f"kernel {sizes}  picture {tuple(x.shape)}",))
    kernel = np.outer(_kernel(sizes[1], given[1]), _kernel(sizes[0], given[0]))

    def blurred(x: Tensor) -> Tensor:
        return _filtered(with_borders(x, [half[0], half[0], half[1], half[1]], mode="reflect"), kernel)

    made = in_floats(x, blurred)
    return to_pil_image(made, img.mode) if is_picture(img) else made


def normalize(tensor: Any, mean: Sequence[float], std: Sequence[float], inplace: bool = False) -> Tensor:  # noqa: ANN401
    """(x - mean) / std, channel by channel.

    Shape: tensor (..., channels, height, width).  Dtype: floating, kept.
    Raises: ArgumentTypeError for what is no Tensor of floats, ShapeError for other axes or channels, ArgumentError for a std of 0.
    """
    if not isinstance(tensor, Tensor):
        raise ArgumentTypeError(f"img should be Tensor Image. Got {type(tensor)}", likely="put transforms.ToTensor() before it")
    if not dtypes.is_float(tensor.dtype):
        likely = "convert_image_dtype(x, torch.float32)"
        raise ArgumentTypeError(f"Input tensor should be a float tensor. Got {tensor.dtype}.", likely=likely)
    if tensor.ndim < 3:
        raise ShapeError(f"Expected tensor to be a tensor image of size (..., C, H, W). Got tensor.size() = {tuple(tensor.shape)}")
    centre, spread = (dtypes.converted(np.atleast_1d(np.asarray(one, np.float64)), tensor.dtype).reshape(-1, 1, 1) for one in (mean, std))
    if (spread == 0).any():
        raise ArgumentError(f"std evaluated to zero after conversion to {tensor.dtype}, leading to division by zero.")
    for name, given in (("mean", centre), ("std", spread)):
        if given.shape[0] not in (1, tensor.shape[-3]) and tensor.shape[-3] != 1:
            raise ShapeError(f"normalize: {name} has {given.shape[0]} numbers, the picture has {tensor.shape[-3]} channels",
                             facts=(f"Tensor {tuple(tensor.shape)}",), likely="one number for each channel")  # fmt: skip
    made: Tensor = tensor if inplace else tensor.sub(from_numpy(centre))
    return made.sub_(from_numpy(centre)).div_(from_numpy(spread)) if inplace else made.div(from_numpy(spread))


def erase(img: Any, i: int, j: int, h: int, w: int, v: Any, inplace: bool = False) -> Any:  # noqa: ANN401
    """A rectangle of a Tensor from (i, j), h high and w wide, filled with v.  Raises: ArgumentTypeError for what is no Tensor."""
    if is_picture(img):
        img = pil_to_tensor(img)
        return to_pil_image(erase(img, i, j, h, w, v, inplace=True))
    if not isinstance(img, Tensor):
        raise ArgumentTypeError(f"img should be Tensor or PIL Image. Got {type(img)}")
    made = img if inplace else img.clone()
    made[..., i : i + h, j : j + w] = v
    return made
