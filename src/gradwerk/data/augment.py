"""Small shifts, turns and changes of size of images: the same digit, written a little differently."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ShapeError

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(frozen=True)
class Distortion:
    """How far an image may be distorted: turned, then slanted, then changed in size, and shifted, each amount drawn uniformly for each.

    `shift` in pixels, `rotation` and `shear` in degrees, `zoom` as a share: 0.1 draws sizes from 0.9 to 1.1.

    Raises: ArgumentError for an amount below 0, or a zoom of 1.
    """

    shift: float = 1.5
    rotation: float = 12.0
    zoom: float = 0.12
    shear: float = 8.0

    def __post_init__(self) -> None:
        if min(self.shift, self.rotation, self.zoom, self.shear) < 0 or self.zoom >= 1:
            raise ArgumentError("a distortion's amounts are not negative, and its zoom is below 1", facts=(repr(self),))

    def __call__(self, images: Array, random: np.random.Generator) -> Array:
        """Distorted copies; what enters from outside takes the value of each image's first pixel.

        Shape: (n, height, width) or (n, height, width, channels), kept.  Dtype: float32.
        """
        if images.ndim not in (3, 4):
            raise ShapeError("images have 3 axes, or 4 with channels last", facts=(f"images {images.shape} {dtypes.name(images.dtype)}",))
        maps, offsets = self._draw(len(images), random)
        return warp(images, maps, offsets)

    def _draw(self, count: int, random: np.random.Generator) -> tuple[Array, Array]:
        """One affine map (count, 2, 2) and offset (count, 2) an image, from result to source, about the centre."""
        angle, lean, size_y, size_x = random.uniform(-1, 1, (4, count))
        angle, lean = angle * math.radians(self.rotation), np.tan(lean * math.radians(self.shear))
        turn = np.stack([np.cos(angle), -np.sin(angle), np.sin(angle), np.cos(angle)], -1).reshape(count, 2, 2)
        slant = np.stack([np.ones(count), np.zeros(count), lean, np.ones(count)], -1).reshape(count, 2, 2)
        size = 1 / (1 + self.zoom * np.stack([size_y, size_x], -1))
        return turn @ slant * size[:, None, :], random.uniform(-self.shift, self.shift, (count, 2))


def warp(images: Array, maps: Array, offsets: Array) -> Array:
    """Images read at `map @ (position - centre) + centre + offset`, linear between pixels.

    Shape: images (n, height, width) or (n, height, width, channels), maps (n, 2, 2), offsets (n, 2), (y, x); result as images.
    Dtype: float32.
    """
    count, height, width = images.shape[:3]
    planes = images.reshape(count, height, width, -1).transpose(3, 0, 1, 2).astype(np.float32)
    source = np.pad(planes, ((0, 0), (0, 0), (1, 1), (1, 1)))
    for frame in (source[..., 0, :], source[..., -1, :], source[..., 0], source[..., -1]):
        frame[...] = planes[..., 0, :1]
    centre = np.array([(height - 1) / 2, (width - 1) / 2])
    grid = np.stack(np.meshgrid(np.arange(height), np.arange(width), indexing="ij"), -1).reshape(-1, 2) - centre
    place = (grid @ maps.transpose(0, 2, 1) + (centre + offsets + 1)[:, None, :]).astype(np.float32)
    y, x = np.clip(place[..., 0], 0, height + 0.999), np.clip(place[..., 1], 0, width + 0.999)
    top, left = y.astype(np.int32), x.astype(np.int32)
    down, right = y - top, x - left
    corner = (np.arange(count, dtype=np.int32)[:, None] * (height + 2) + top) * (width + 2) + left
    result = np.empty(planes.shape, np.float32)
    for plane, flat in zip(result, source.reshape(len(source), -1), strict=True):
        upper, lower = flat.take(corner), flat.take(corner + (width + 2))
        upper += (flat.take(corner + 1) - upper) * right
        lower += (flat.take(corner + (width + 3)) - lower) * right
        upper += (lower - upper) * down
        plane[...] = upper.reshape(plane.shape)
    return np.ascontiguousarray(result.transpose(1, 2, 3, 0)).reshape(images.shape)
