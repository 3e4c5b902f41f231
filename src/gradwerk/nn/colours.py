"""Colours of images: hue, saturation and brightness, grey, smoothing.  Images are (n, height, width, channels)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ShapeError
from gradwerk.nn.padding import padded
from gradwerk.ops.compare import equal, greater, less
from gradwerk.ops.elementwise import abs_, add, div, exp, floor, maximum, minimum, mul, sub, where
from gradwerk.ops.functions import clip
from gradwerk.ops.movement import concatenate, reshape, slice_axis
from gradwerk.ops.reduction import reduce_sum

Operand = Any
"""An array, a Value or a Tensor."""
_GREY = (0.2989, 0.587, 0.114)


def channels_of(x: Operand) -> list[Operand]:
    """Red, green and blue.  Shape: (n, height, width, 1) each.  Raises: ShapeError for another number of channels."""
    if x.shape[-1] != 3:
        raise ShapeError("colours are three channels: red, green, blue", facts=(f"images {tuple(x.shape)}",))
    return [slice_axis(x, -1, k, k + 1) for k in range(3)]


def grey_of(x: Operand) -> Operand:
    """How light each pixel looks.  Shape: (n, height, width, 1).  Source: Recommendation BT.601."""
    red, green, blue = (mul(one, share) for one, share in zip(channels_of(x), _GREY, strict=True))
    return add(add(red, green), blue)


def to_hsv(x: Operand) -> Operand:
    """Hue from 0 to 1, saturation and brightness of red, green and blue.  Shape: kept.  Raises: ShapeError for no three channels."""
    eps = float(np.finfo(np.dtype(x.dtype)).eps)
    x = where(less(abs_(x), eps), mul(x, 0), x)
    red, green, blue = channels_of(x)
    value = maximum(maximum(red, green), blue)
    span = sub(value, minimum(minimum(red, green), blue))
    is_light, is_coloured = greater(value, 0), greater(span, 0)
    saturation = where(is_light, div(span, where(is_light, value, 1.0)), 0.0)
    scale = div(1 / 6, where(is_coloured, span, 1.0))
    hue = where(equal(value, green), add(mul(scale, sub(blue, red)), 2 / 6), add(mul(scale, sub(red, green)), 4 / 6))
    hue = where(is_coloured, where(equal(value, red), mul(scale, sub(green, blue)), hue), 0.0)
    return concatenate([where(less(hue, 0), add(hue, 1), hue), saturation, value], -1)


def from_hsv(x: Operand) -> Operand:
    """The inverse of `to_hsv`.  Shape: kept.  Raises: ShapeError for no three channels."""
    hue, saturation, value = channels_of(x)
    sixth = mul(sub(hue, floor(hue)), 6)
    ramps = [sub(abs_(sub(sixth, 3)), 1), sub(2, abs_(sub(sixth, 2))), sub(2, abs_(sub(sixth, 4)))]
    rest = sub(1, saturation)
    return concatenate([mul(value, add(rest, mul(saturation, clip(ramp, 0, 1)))) for ramp in ramps], -1)


def ranged(x: Operand, before: Sequence[float], after: Sequence[float]) -> Operand:
    """Numbers of one range as those of another.  Shape: kept."""
    (low, high), (least, most) = before, after
    if (low, high) == (least, most):
        return x
    return add(mul(div(sub(x, float(low)), float(high - low)), float(most - least)), float(least))


def around(x: Operand, axis: int, weights: Sequence[Operand]) -> Operand:
    """Each pixel as the sum of its neighbours along an axis, times weights; 0 outside.  Shape: kept; an odd number of weights."""
    reach = len(weights) // 2
    wide = padded(x, [(reach, reach) if k == axis else (0, 0) for k in range(x.ndim)])
    total: Any = None
    for place, weight in enumerate(weights):
        part = mul(slice_axis(wide, axis, place, place + x.shape[axis]), weight)
        total = part if total is None else add(total, part)
    return total


def smoothed(x: Operand) -> Operand:
    """Each pixel by 5/13 of itself and 1/13 of each of its eight neighbours; 0 outside.  Shape: kept."""
    whole = around(around(x, 1, (1 / 13,) * 3), 2, (1.0,) * 3)
    return add(whole, mul(x, 4 / 13))


def blurred(x: Operand, sizes: Sequence[int], deviations: Sequence[Operand]) -> Operand:
    """Each pixel as the mean of a window of columns and rows, weighted by a normal distribution; 0 outside.  Shape: kept."""
    for axis, size, deviation in zip((1, 2), (sizes[1], sizes[0]), (deviations[1], deviations[0]), strict=True):
        places = np.arange(size, dtype=np.float32) - (size - 1) / 2
        unit = div(places.astype(np.float32), deviation)
        height = exp(mul(mul(unit, unit), -0.5))
        shares = div(height, reduce_sum(height))
        x = around(x, axis, [reshape(slice_axis(shares, 0, k, k + 1), (1,) * x.ndim) for k in range(size)])
    return x
