"""Colours, brightness and contrast of pictures (..., height, width, channels)."""

from __future__ import annotations

from typing import Any

from gradwerk.base import dtypes as core
from gradwerk.base.errors import ArgumentError
from gradwerk.keras import ops
from gradwerk.ops import functions, movement, reduction
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.movement import concatenate
from gradwerk.tf.calls import op
from gradwerk.tf.dtypes import plain
from gradwerk.tf.operations import generator
from gradwerk.tf.tensors import Tensor, as_tensor, settled

# ruff: noqa: ANN401, FBT001, FBT002  operands are Tensors, arrays, lists and numbers; TensorFlow's signatures


def converted_image(x: Any, wanted: Any, *, saturate: bool = False) -> Any:
    """Pictures in another dtype, whose numbers go as far there: 0 to 1 of floats, 0 to the largest of whole ones."""
    given = x._type.dtype
    if given == wanted:
        return x
    if core.is_integer(given) and core.is_integer(wanted):
        before, after = core.extremes(given)[1], core.extremes(wanted)[1]
        if before > after:
            return cast(ops.floor_divide(x, (before + 1) // (after + 1)), wanted)
        return cast(x, wanted) * ((after + 1) // (before + 1))
    if core.is_float(given) and core.is_float(wanted):
        return cast(x, wanted)
    if core.is_integer(given):
        return cast(x, wanted) * (1.0 / core.extremes(given)[1])
    found = x * (core.extremes(wanted)[1] + 0.5)
    return ops.saturate_cast(found, core.name(wanted)) if saturate else cast(found, wanted)


@op("ConvertImageDtype")
def convert_image_dtype(image: Any, dtype: Any, saturate: bool = False, name: Any = None) -> Any:
    """Pictures in another dtype, whose numbers go as far there: 0 to 1 of floats, 0 to the largest of whole ones.

    Args:
        saturate: whether numbers beyond the ends are cut.

    Shape: kept.
    """
    return converted_image(settled(image), plain(dtype), saturate=bool(saturate))


def in_floats(image: Any, change: Any) -> Any:
    """What a change of pictures of floats gives, in their own dtype."""
    x = settled(image)
    dtype = x._type.dtype
    return converted_image(change(x if core.is_float(dtype) else converted_image(x, core.float32)), dtype, saturate=True)


@op("AdjustBrightness")
def adjust_brightness(image: Any, delta: Any) -> Any:
    """A number added, in units of the largest.

    Shape and dtype: kept.
    """
    return in_floats(image, lambda x: x + cast(as_tensor(delta), x._type.dtype))


@op("AdjustContrastv2")
def adjust_contrast(images: Any, contrast_factor: Any) -> Any:
    """The distance from the mean of each channel of each picture, times a factor.

    Shape and dtype: kept.
    """

    def change(x: Any) -> Any:
        centre = functions.mean(x, (-3, -2), keepdims=True)
        return (x - centre) * contrast_factor + centre

    return in_floats(images, change)


@op("AdjustGamma")
def adjust_gamma(image: Any, gamma: Any = 1, gain: Any = 1) -> Any:
    """gain * x ** gamma.

    Shape and dtype: kept.  Raises: ArgumentError for a negative gamma.
    """
    if float(gamma) < 0:
        raise ArgumentError("Gamma should be a non-negative real number.")
    return in_floats(image, lambda x: functions.power(x, float(gamma)) * gain)


def _through_hsv(x: Any, change: Any) -> Any:
    held = ops.image.rgb_to_hsv(x, data_format="channels_last")
    parts = [held[..., k : k + 1] for k in range(3)]
    return ops.image.hsv_to_rgb(concatenate(change(*parts), -1), data_format="channels_last")


@op("AdjustHue")
def adjust_hue(image: Any, delta: Any, name: Any = None) -> Any:
    """The hue turned on by a part of its circle.

    Shape and dtype: kept.
    """
    return in_floats(image, lambda x: _through_hsv(x, lambda hue, s, v: [ops.mod(hue + delta, 1.0), s, v]))


@op("AdjustSaturation")
def adjust_saturation(image: Any, saturation_factor: Any, name: Any = None) -> Any:
    """The saturation times a factor, at most 1.

    Shape and dtype: kept.
    """
    return in_floats(image, lambda x: _through_hsv(x, lambda hue, s, v: [hue, ops.clip(s * saturation_factor, 0.0, 1.0), v]))


def _between(seed: Any, low: float, high: float) -> float:
    """A number drawn from low to before high."""
    if high <= low:
        raise ArgumentError("upper must be > lower", facts=(f"{low}, {high}",))
    return float(generator(seed).uniform((), low, high))


def _within(what: str, bound: float) -> float:
    if bound < 0:
        raise ArgumentError(f"{what} must be non-negative.")
    return float(bound)


@op("RandomBrightness", effects=True)
def random_brightness(image: Any, max_delta: float, seed: Any = None) -> Any:
    """`adjust_brightness` by a number drawn from -max_delta to max_delta.

    Shape and dtype: kept.
    """
    bound = _within("max_delta", max_delta)
    return adjust_brightness(image, _between(seed, -bound, bound)) if bound else as_tensor(image)


@op("RandomContrast", effects=True)
def random_contrast(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """`adjust_contrast` by a factor drawn from lower to upper.

    Shape and dtype: kept.
    """
    return adjust_contrast(image, _between(seed, _within("lower", lower), upper))


@op("RandomHue", effects=True)
def random_hue(image: Any, max_delta: float, seed: Any = None) -> Any:
    """`adjust_hue` by a number drawn from -max_delta to max_delta, at most 0.5.

    Shape and dtype: kept.
    """
    bound = _within("max_delta", max_delta)
    if bound > 0.5:
        raise ArgumentError("max_delta must be <= 0.5.")
    return adjust_hue(image, _between(seed, -bound, bound)) if bound else as_tensor(image)


@op("RandomSaturation", effects=True)
def random_saturation(image: Any, lower: float, upper: float, seed: Any = None) -> Any:
    """`adjust_saturation` by a factor drawn from lower to upper.

    Shape and dtype: kept.
    """
    return adjust_saturation(image, _between(seed, _within("lower", lower), upper))


@op("RGBToGrayscale")
def rgb_to_grayscale(images: Any, name: Any = None) -> Any:
    """0.2989 red + 0.587 green + 0.114 blue.

    Shape: one channel.  Dtype: kept.
    """
    weights = Tensor(core.of_value([0.2989, 0.587, 0.114], core.float32))

    def change(x: Any) -> Any:
        return reduction.reduce_sum(x * cast(weights, x._type.dtype), -1, keepdims=True)

    return in_floats(images, change)


@op("GrayscaleToRGB")
def grayscale_to_rgb(images: Any, name: Any = None) -> Any:
    """The one channel three times.

    Shape: three channels.
    """
    x = settled(images)
    return movement.broadcast_to(x, (*x.shape[:-1], 3))


@op("RGBToHSV")
def rgb_to_hsv(images: Any, name: Any = None) -> Any:
    """Hue, saturation and value of red, green and blue from 0 to 1.

    Shape and dtype: kept.
    """
    return ops.image.rgb_to_hsv(settled(images), data_format="channels_last")


@op("HSVToRGB")
def hsv_to_rgb(images: Any, name: Any = None) -> Any:
    """Red, green and blue of hue, saturation and value from 0 to 1.

    Shape and dtype: kept.
    """
    return ops.image.hsv_to_rgb(settled(images), data_format="channels_last")


@op("PerImageStandardization")
def per_image_standardization(image: Any) -> Any:
    """(x - mean) / max(deviation, 1 / sqrt(elements)) of each picture.

    Shape: kept.  Dtype: floating.
    """
    x = settled(image)
    x = x if core.is_float(x._type.dtype) else cast(x, core.float32)
    count = x.shape[-1] * x.shape[-2] * x.shape[-3]
    spread = ops.sqrt(functions.variance(x, (-3, -2, -1), keepdims=True))
    return (x - functions.mean(x, (-3, -2, -1), keepdims=True)) / ops.maximum(spread, count**-0.5)


@op("PSNR")
def psnr(a: Any, b: Any, max_val: Any, name: Any = None) -> Any:
    """20 log10(max_val) - 10 log10(mean square difference) of each picture.

    Shape: that of the batch.
    """
    pictures = [as_tensor(one) for one in (a, b)]
    largest = cast(as_tensor(max_val), pictures[0]._type.dtype)
    largest = converted_image(largest, core.float32)
    a, b = (converted_image(one, core.float32) for one in pictures)
    error = functions.mean(functions.square(a - b), (-3, -2, -1))
    return ops.log(largest) * (20 / 2.302585092994046) - ops.log(error) * (10 / 2.302585092994046)


@op("TotalVariation")
def total_variation(images: Any, name: Any = None) -> Any:
    """The sum of the differences of neighbours, down and across, of each picture.

    Shape: that of the batch.
    """
    x = settled(images)
    down = x[..., 1:, :, :] - x[..., :-1, :, :]
    across = x[..., :, 1:, :] - x[..., :, :-1, :]
    return reduction.reduce_sum(ops.abs(down), (-3, -2, -1)) + reduction.reduce_sum(ops.abs(across), (-3, -2, -1))


@op("ImageGradients")
def image_gradients(image: Any) -> Any:
    """The differences to the next row and to the next column, 0 at the end.

    Shape: two of that of the pictures.
    """
    x = settled(image)
    down, across = x[:, 1:] - x[:, :-1], x[:, :, 1:] - x[:, :, :-1]
    return movement.pad(down, [0] * 4, [0, 1, 0, 0]), movement.pad(across, [0] * 4, [0, 0, 1, 0])


__all__ = [
    "adjust_brightness", "adjust_contrast", "adjust_gamma", "adjust_hue", "adjust_saturation", "convert_image_dtype", "grayscale_to_rgb",
    "hsv_to_rgb", "image_gradients", "per_image_standardization", "psnr", "random_brightness", "random_contrast", "random_hue",
    "random_saturation", "rgb_to_grayscale", "rgb_to_hsv", "total_variation",
]  # fmt: skip
