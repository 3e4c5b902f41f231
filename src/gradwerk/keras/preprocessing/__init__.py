"""keras.preprocessing: texts, sequences and pictures on their way to a model."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.preprocessing import image, sequence, text
from gradwerk.keras.utils.image_folders import image_dataset_from_directory
from gradwerk.keras.utils.series import timeseries_dataset_from_array
from gradwerk.keras.utils.text_folders import text_dataset_from_directory

__all__ = [
    "image", "image_dataset_from_directory", "sequence", "text", "text_dataset_from_directory", "timeseries_dataset_from_array",
]  # fmt: skip

__getattr__ = ORIGINAL.module("keras.preprocessing", __name__)
