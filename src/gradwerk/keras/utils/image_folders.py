"""Folders of pictures as a data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.data.pillow import checked_size, opened
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.options import checked, choice
from gradwerk.keras.utils.folders import Options, datasets_of
from gradwerk.nn.resizing import INTERPOLATIONS, cropped_to_ratio, resize

Array = np.ndarray[Any, np.dtype[Any]]
ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")
CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}
FORMATS = ("channels_last", "channels_first")


@checked
def image_dataset_from_directory(
    directory: Any, labels: Any = "inferred", label_mode: str | None = "int", class_names: Sequence[str] | None = None,  # noqa: ANN401
    color_mode: str = "rgb", batch_size: int | None = 32, image_size: Any = (256, 256), *, shuffle: bool = True,  # noqa: ANN401
    seed: int | None = None, validation_split: float | None = None, subset: str | None = None, interpolation: str = "bilinear",
    follow_links: bool = False, crop_to_aspect_ratio: bool = False, pad_to_aspect_ratio: bool = False, data_format: str | None = None,
    format: str = "tf", verbose: bool = True,  # noqa: A002  Keras' name
) -> Any:  # noqa: ANN401  a data set, or two  # fmt: skip
    """A chained data set of a folder with a folder of pictures for each class; its `class_names` and `file_paths` say what they are.

    Args:
        directory: the folder.
        labels: "inferred" from the folders in it, a list with one for each file, or None for none.
        label_mode: "int", "categorical" (one-hot rows), "binary" (0. or 1. of two classes), or None for no labels.
        class_names: which folders are classes, and in which order; all, by their names.
        color_mode: "rgb", "rgba" or "grayscale".
        batch_size: how many are a batch; None for one by one.
        image_size: rows and columns that each is brought to.
        shuffle: whether in another order each time; else by their names.
        seed: what the order follows from.
        validation_split: the share that is held back.
        subset: which part: "training", "validation", or "both" for a list of the two.
        interpolation: "bilinear", "nearest", "bicubic", "lanczos3" or "lanczos5".
        follow_links: whether folders are gone through that links lead to.
        crop_to_aspect_ratio: whether what sticks out of the ratio of image_size is cut off first.
        pad_to_aspect_ratio: whether a picture keeps its ratio, in a black border.
        data_format: where the channels stand.
        format: "tf": a chained data set.
        verbose: whether it is said how many files there are.

    Shape: pictures (batch, rows, columns, channels) float32 from 0 to 255, labels (batch,) int32, (batch, classes) or (batch, 1) float32.
    Raises: ArgumentError for an option that is none, or does not fit the others; FileError for no folder, and, while one goes through, for
    a picture that cannot be read; DataError for a folder without pictures.
    """
    owner = "image_dataset_from_directory"
    choice(owner, "color_mode", color_mode, tuple(CHANNELS))
    choice(owner, "interpolation", interpolation, INTERPOLATIONS)
    choice(owner, "format", format, ("tf",))
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ArgumentError(f"{owner}: a picture is cut to the ratio or padded to it, not both")
    size = checked_size((image_size, image_size) if isinstance(image_size, int) else image_size)
    first = choice(owner, "data_format", data_format or SETTINGS.image_data_format, FORMATS) == FORMATS[1]
    options = Options(
        owner, directory, labels, label_mode, class_names, batch_size, bool(shuffle), seed, validation_split, subset, bool(follow_links),
        bool(verbose),
    )  # fmt: skip

    def read(path: str) -> Array:
        picture = np.asarray(opened(path, color_mode), np.float32)
        picture = picture[..., None] if picture.ndim == 2 else picture
        if crop_to_aspect_ratio:
            picture = resize(cropped_to_ratio(picture, size, (0, 1)), size, (0, 1), interpolation)
        elif pad_to_aspect_ratio:
            picture = _in_border(picture, size, interpolation)
        else:
            picture = resize(picture, size, (0, 1), interpolation)
        return picture.transpose(2, 0, 1) if first else picture

    return datasets_of(options, ENDINGS, read)


def _in_border(picture: Array, size: tuple[int, int], interpolation: str) -> Array:
    """As large as it can be with its ratio, zeros around it."""
    ratio = max(picture.shape[0] / size[0], picture.shape[1] / size[1])
    inside = [max(1, math.floor(extent / ratio)) for extent in picture.shape[:2]]
    made = np.zeros((*size, picture.shape[2]), np.float32)
    top, left = (max(0, math.floor((wanted - extent / ratio) / 2)) for wanted, extent in zip(size, picture.shape[:2], strict=True))
    made[top : top + inside[0], left : left + inside[1]] = resize(picture, inside, (0, 1), interpolation)
    return made
