"""keras.ops.image: pictures in other sizes, places and colours."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.ops.pictures import (
    crop_images,
    extract_patches,
    gaussian_blur,
    hsv_to_rgb,
    pad_images,
    resize,
    rgb_to_grayscale,
    rgb_to_hsv,
    scale_and_translate,
)  # fmt: skip
from gradwerk.keras.ops.warping import (
    affine_transform,
    map_coordinates,
    perspective_transform,
)  # fmt: skip

__all__ = [
    "affine_transform", "crop_images", "extract_patches", "gaussian_blur", "hsv_to_rgb", "map_coordinates", "pad_images",
    "perspective_transform", "resize", "rgb_to_grayscale", "rgb_to_hsv", "scale_and_translate",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.ops.image", __name__)
