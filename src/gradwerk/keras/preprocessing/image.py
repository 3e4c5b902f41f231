"""keras.preprocessing.image: pictures, and what changes them at random, as Keras 2 had it."""

from __future__ import annotations

from gradwerk.keras.preprocessing.generator import ImageDataGenerator
from gradwerk.keras.preprocessing.iterators import Iterator, NumpyArrayIterator
from gradwerk.keras.preprocessing.sources import DataFrameIterator, DirectoryIterator
from gradwerk.keras.preprocessing.transforms import (
    apply_affine_transform,
    apply_brightness_shift,
    apply_channel_shift,
    random_brightness,
    random_channel_shift,
    random_rotation,
    random_shear,
    random_shift,
    random_zoom,
    smart_resize,
)
from gradwerk.keras.utils.image_folders import image_dataset_from_directory
from gradwerk.keras.utils.images import array_to_img, img_to_array, load_img, save_img

__all__ = [
    "DataFrameIterator", "DirectoryIterator", "ImageDataGenerator", "Iterator", "NumpyArrayIterator", "apply_affine_transform",
    "apply_brightness_shift", "apply_channel_shift", "array_to_img", "image_dataset_from_directory", "img_to_array", "load_img",
    "random_brightness", "random_channel_shift", "random_rotation", "random_shear", "random_shift", "random_zoom", "save_img",
    "smart_resize",
]  # fmt: skip
