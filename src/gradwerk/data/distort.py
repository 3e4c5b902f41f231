"""Whole batches of images distorted inside a compiled step: as functions of Tensors, each image by draws of its own.

What is drawn for an image follows from its key alone (see `Loader(keyed=True)`), so it is the same in any batch, at any place of it, eager
or compiled.  Functions of ops throughout: they take arrays too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, DTypeError, ShapeError
from gradwerk.ir.op import Array, Operand
from gradwerk.ops.arrangement import roll
from gradwerk.ops.bits import bit_xor
from gradwerk.ops.compare import less
from gradwerk.ops.elementwise import abs_, add, cast, cos, div, floor, mul, sin, sub, where
from gradwerk.ops.from_bits import normal, uniform
from gradwerk.ops.functions import clip, mean
from gradwerk.ops.indexing import gather
from gradwerk.ops.interpolation import linear_at
from gradwerk.ops.logic import all_of
from gradwerk.ops.movement import broadcast_to, flip, reshape, transpose
from gradwerk.ops.random import shift_right
from gradwerk.ops.source import arange
from gradwerk.ops.trigonometry import tan

_STEP = 0x9E3779B9
_AMOUNTS = ("shift", "rotation", "zoom", "shear", "brightness", "contrast", "noise", "cutout")
_TABLE = 1024
"""Entries of a table of quantiles."""


@dataclass(frozen=True)
class Distort:
    """How far images are distorted: mirrored, turned, slanted, changed in size, shifted and cropped; contrast, brightness, noise; cutout.

        distort = Distort(shift=2, rotation=10, flip_columns=True, noise=0.05)
        step = gw.compile(lambda x, y, keys: train(distort(x, keys), y))

    Args:
        shift: pixels, in both directions.
        rotation, shear: degrees.
        zoom: a share: 0.1 draws sizes from 0.9 to 1.1.
        flip_columns, flip_rows: whether half of the images are mirrored left to right, upside down.
        crop: rows and columns of a window of each image, anywhere in it.
        brightness: the most that is added to or taken from all pixels of an image.
        contrast: a share: 0.2 draws factors from 0.8 to 1.2, about the mean of each image.
        noise: the standard deviation of what is added to each number.
        cutout: the side of a square, in pixels, that is covered by `fill`, or the image's mean; parts of it may be outside.
        fill: what comes in from outside; the nearest pixel unless given.
        channels_first: whether images are (n, channels, height, width), as PyTorch has them.

    Raises: ArgumentError for an amount that is negative, or a zoom or contrast of 1 or more.
    """

    shift: float = 0.0
    rotation: float = 0.0
    zoom: float = 0.0
    shear: float = 0.0
    flip_columns: bool = False
    flip_rows: bool = False
    crop: tuple[int, int] | None = None
    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    cutout: int = 0
    fill: float | None = None
    channels_first: bool = False

    def __post_init__(self) -> None:
        wrong = [name for name in _AMOUNTS if not 0 <= getattr(self, name) < math.inf]
        wrong += [name for name in ("zoom", "contrast") if getattr(self, name) >= 1] + ["shear"] * (self.shear >= 90)
        if wrong:
            raise ArgumentError(f"Distort: {wrong[0]} is {getattr(self, wrong[0])}", facts=("0 or more; zoom and contrast below 1",))
        if self.crop is not None and (len(self.crop) != 2 or min(self.crop) < 1):
            raise ArgumentError(f"Distort: crop is {self.crop}", likely="rows and columns: crop=(24, 24)")

    def __call__(self, images: Operand, keys: Operand) -> Operand:
        """Distorted images.

        Shape: images (n, height, width) or (n, height, width, channels), keys (n,); the result as images, by `crop` of other extents.
        Dtype: float32 or float64, kept; integers become float32; keys are uint32.
        """
        images = self._checked(images, keys)
        planes = reshape(images, (*images.shape[:1], 1, *images.shape[1:])) if images.ndim == 3 else images
        if images.ndim == 4 and not self.channels_first:
            planes = transpose(planes, (0, 3, 1, 2))
        planes = self._colored(self._moved(planes, keys), keys)
        if images.ndim == 3:
            return reshape(planes, (planes.shape[0], *planes.shape[2:]))
        return planes if self.channels_first else transpose(planes, (0, 2, 3, 1))

    def _checked(self, images: Operand, keys: Operand) -> Operand:
        """The images, floating.  Raises: ShapeError, DTypeError, ArgumentError."""
        facts = (f"images {tuple(images.shape)} {dtypes.name(images.dtype)}", f"keys {tuple(keys.shape)} {dtypes.name(keys.dtype)}")
        if images.ndim not in (3, 4) or tuple(keys.shape) != tuple(images.shape[:1]):
            raise ShapeError("Distort takes images (n, height, width), or of 4 axes with channels, and a key for each", facts=facts)
        if keys.dtype != dtypes.uint32:
            raise DTypeError("Distort: keys are uint32", facts=facts, likely="the words that Loader(..., keyed=True) gives")
        height, width = images.shape[2:4] if self.channels_first and images.ndim == 4 else images.shape[1:3]
        if self.crop is not None and (self.crop[0] > height or self.crop[1] > width):
            raise ArgumentError(f"Distort: images of {height} x {width} have no window of {self.crop[0]} x {self.crop[1]}", facts=facts)
        return images if dtypes.is_float(images.dtype) else cast(images, dtypes.float32)

    def _moved(self, planes: Operand, keys: Operand) -> Operand:
        """Mirrored, and read elsewhere.  Shape: planes (n, channels, height, width)."""
        for number, (asked, axis) in enumerate(((self.flip_rows, 2), (self.flip_columns, 3))):
            if asked:
                planes = where(_per_image(less(_words(keys, number), 2**31), 4), flip(planes, axis), planes)
        if not (self.shift or self.rotation or self.zoom or self.shear or self.crop):
            return planes
        places = self._places(planes, keys)
        space = planes.shape[2:]
        if self.fill is None:
            return linear_at(planes, [clip(place, 0, extent - 1) for place, extent in zip(places, space, strict=True)])
        return add(linear_at(sub(planes, self.fill), places), self.fill)

    def _places(self, planes: Operand, keys: Operand) -> list[Operand]:
        """Where each pixel of the result is read, rows and columns.  Shape: (n, height, width) each, those of the result."""
        dtype = planes.dtype if planes.dtype == dtypes.float64 else dtypes.float32
        wanted = self.crop or tuple(planes.shape[2:])
        centres = [(extent - 1) / 2 for extent in planes.shape[2:]]
        grid = []
        for axis, (extent, window, centre) in enumerate(zip(planes.shape[2:], wanted, centres, strict=True)):
            line = reshape(arange(window, dtype, like=planes), (1, *((-1, 1) if axis == 0 else (1, -1))))
            if extent != window:
                unit = uniform(_words(keys, 2 + axis), dtype)
                line = add(line, _per_image(floor(mul(unit, extent - window + 1)), 3))
            grid.append(broadcast_to(sub(line, centre), (keys.shape[0], *wanted)))
        angle, lean, *rest = (mul(_signed(keys, 4 + k, dtype), amount) for k, amount in enumerate(
            (math.radians(self.rotation), math.radians(self.shear), self.zoom, self.zoom, self.shift, self.shift)))  # fmt: skip
        rows = div(grid[0], _per_image(add(rest[0], 1), 3)) if self.zoom else grid[0]
        columns = div(grid[1], _per_image(add(rest[1], 1), 3)) if self.zoom else grid[1]
        if self.shear:
            columns = add(columns, mul(rows, _per_image(tan(lean), 3)))
        if self.rotation:
            cosine, sine = _per_image(cos(angle), 3), _per_image(sin(angle), 3)
            rows, columns = sub(mul(rows, cosine), mul(columns, sine)), add(mul(rows, sine), mul(columns, cosine))
        places = [add(place, centre) for place, centre in zip((rows, columns), centres, strict=True)]
        return [add(place, _per_image(by, 3)) for place, by in zip(places, rest[2:], strict=True)] if self.shift else places

    def _colored(self, planes: Operand, keys: Operand) -> Operand:
        """In other light, with noise, and covered in part.  Shape: planes (n, channels, height, width)."""
        dtype = planes.dtype
        if self.contrast:
            middle = mean(planes, (1, 2, 3), keepdims=True)
            planes = add(mul(sub(planes, middle), _per_image(add(mul(_signed(keys, 10, dtype), self.contrast), 1), 4)), middle)
        if self.brightness:
            planes = add(planes, _per_image(mul(_signed(keys, 11, dtype), self.brightness), 4))
        if self.noise:
            first, second = (_words_of_pixels(keys, number, planes.shape) for number in (12, 13))
            planes = add(planes, mul(normal(first, second, dtype), self.noise))
        if self.cutout:
            planes = self._covered(planes, keys)
        return planes

    def _covered(self, planes: Operand, keys: Operand) -> Operand:
        inside: Any = None
        for axis, extent in enumerate(planes.shape[2:]):
            middle = mul(uniform(_words(keys, 14 + axis), dtypes.float32), extent)
            line = add(reshape(arange(extent, dtypes.float32, like=planes), (1, 1, *((-1, 1) if axis == 0 else (1, -1)))), 0.5)
            near = less(abs_(sub(line, _per_image(middle, 4))), self.cutout / 2)
            inside = near if inside is None else all_of(inside, near)
        cover = mean(planes, (1, 2, 3), keepdims=True) if self.fill is None else dtypes.of_value(self.fill, planes.dtype)
        return where(inside, cover, planes)


def mixup(x: Operand, y: Operand, keys: Operand, alpha: float = 0.2) -> tuple[Operand, Operand]:
    """Each example mixed with the next of the batch, x and y by the same share, which is drawn from a beta distribution of (alpha, alpha).

    Shape: x (n, ...), y (n, ...) of numbers or probabilities, keys (n,) uint32.
    Raises: ArgumentError for an alpha of 0 or less; DTypeError for targets that are numbers of classes.
    Source: Zhang, Cisse, Dauphin and Lopez-Paz, 2018, "mixup: beyond empirical risk minimization".
    """
    if not 0 < alpha < math.inf:
        raise ArgumentError(f"mixup: alpha is {alpha}", likely="0.1 to 1")
    if not (dtypes.is_float(x.dtype) and dtypes.is_float(y.dtype)):
        facts = (f"x {tuple(x.shape)} {dtypes.name(x.dtype)}", f"y {tuple(y.shape)} {dtypes.name(y.dtype)}")
        raise DTypeError("mixup: x and y are mixed, so both are floating", facts=facts, likely="one_hot of the classes, and floats as x")
    place = mul(uniform(_words(keys, 16), dtypes.float32), _TABLE)
    first, table = floor(place), beta_quantiles(alpha).astype(np.float32)
    low, high = (gather(table, cast(add(first, k), dtypes.int64)) for k in range(2))
    share = add(low, mul(sub(high, low), sub(place, first)))
    return _mixed(x, share), _mixed(y, share)


def _mixed(x: Operand, share: Operand) -> Operand:
    """share * x + (1 - share) * x of the next example."""
    share = _per_image(cast(share, x.dtype), x.ndim)
    return add(mul(x, share), mul(roll(x, -1, 0), sub(1, share)))


def beta_quantiles(alpha: float) -> Array:
    """The quantiles 0, 1/1024, ..., 1 of the beta distribution of (alpha, alpha).  Shape: (1025,) float64.

    Below 1/2, with s = t^alpha, its integral is that of (1 - s^(1/alpha))^(alpha - 1), which has no pole; above, it is the mirror image.
    """
    s = np.linspace(0, 0.5**alpha, 4097)
    height = (1 - s ** (1 / alpha)) ** (alpha - 1)
    below = np.concatenate([[0], np.cumsum((height[1:] + height[:-1]) / 2)])
    lower = np.interp(np.linspace(0, 1, _TABLE // 2 + 1), below / below[-1], s) ** (1 / alpha)
    return np.concatenate([lower, 1 - lower[-2::-1]])


def _per_image(values: Operand, rank: int) -> Operand:
    """(n,) beside (n, ...) of that rank."""
    return reshape(values, (-1, *(1,) * (rank - 1)))


def _words(keys: Operand, number: int) -> Operand:
    """A word for each key, another for each number.  Shape: (n,) uint32."""
    return _stirred(_stirred(bit_xor(keys, np.uint32(number * _STEP % 2**32))))


def _words_of_pixels(keys: Operand, number: int, shape: Sequence[int]) -> Operand:
    """A word for each element of the images of these keys.  Shape: that given, uint32."""
    places = arange(math.prod(shape[1:]), dtypes.uint32, like=keys)
    start = _per_image(_words(keys, number), 2)
    return reshape(_stirred(bit_xor(start, reshape(_stirred(mul(places, np.uint32(_STEP))), (1, -1)))), tuple(shape))


def _stirred(words: Operand) -> Operand:
    """Other words, one for one.  Source: C. Wellons, "Prospecting for hash functions", 2018 (lowbias32)."""
    words = mul(bit_xor(words, shift_right(words, 16)), np.uint32(0x7FEB352D))
    words = mul(bit_xor(words, shift_right(words, 15)), np.uint32(0x846CA68B))
    return bit_xor(words, shift_right(words, 16))


def _signed(keys: Operand, number: int, dtype: dtypes.DType) -> Operand:
    """Uniform numbers from -1 to 1, one for each key."""
    return sub(mul(uniform(_words(keys, number), dtype), 2), 1)
