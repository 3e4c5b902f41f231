"""keras.applications.imagenet_utils: pixels as the trained weights expect them, and classes by their names."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ShapeError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.config import image_data_format
from gradwerk.keras.ops.operands import tensor
from gradwerk.keras.ops.promotion import floatx
from gradwerk.keras.options import choice
from gradwerk.keras.utils.files import get_file
from gradwerk.ops.arithmetic import cast
from gradwerk.ops.movement import flip

__all__ = ["decode_predictions", "preprocess_input"]

INDEX = "https://storage.googleapis.com/download.tensorflow.org/data/imagenet_class_index.json"
BGR_MEANS = (103.939, 116.779, 123.68)
RGB_MEANS, RGB_DEVIATIONS = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
MODES = ("caffe", "tf", "torch")


def preprocess_input(x: Any, data_format: str | None = None, mode: str = "caffe") -> Any:  # noqa: ANN401  an array or a Tensor
    """Pixels of 0 to 255 as the weights expect them; the caller's array stays as it is.

    Args:
        x: (batch, height, width, 3) or one image, or with channels first.
        data_format: "channels_last", "channels_first", or None for the configuration's.
        mode: "caffe": BGR instead of RGB, less the means of ImageNet; "tf": -1 to 1; "torch": 0 to 1, less the means of ImageNet, over its
            deviations.

    Raises: ArgumentError.
    """
    choice("preprocess_input", "mode", mode, MODES)
    if data_format is None:
        data_format = image_data_format()
    choice("preprocess_input", "data_format", data_format, ("channels_first", "channels_last"))
    if isinstance(x, np.ndarray):
        return _of_array(x, data_format, mode)
    return _of_tensor(tensor(x), data_format, mode)


def _of_array(x: np.ndarray[Any, Any], data_format: str, mode: str) -> np.ndarray[Any, Any]:
    x = x.copy() if np.issubdtype(x.dtype, np.floating) else dtypes.converted(x, floatx())
    if mode == "tf":
        x /= 127.5
        x -= 1.0
        return x
    axis = _channels(data_format, x.ndim)
    if mode == "torch":
        x /= 255.0
        x -= _along(RGB_MEANS, axis, x)
        x /= _along(RGB_DEVIATIONS, axis, x)
        return x
    x = np.flip(x, axis)
    x -= _along(BGR_MEANS, axis, x)
    return x


def _of_tensor(x: Any, data_format: str, mode: str) -> Any:  # noqa: ANN401
    if not dtypes.is_float(x.dtype):
        x = cast(x, floatx())
    if mode == "tf":
        return x / 127.5 - 1.0
    axis = _channels(data_format, len(x.shape))
    if mode == "torch":
        return (x / 255.0 - tensor(_along(RGB_MEANS, axis, x), x.dtype)) / tensor(_along(RGB_DEVIATIONS, axis, x), x.dtype)
    return flip(x, (axis,)) - tensor(_along(BGR_MEANS, axis, x), x.dtype)


def _channels(data_format: str, rank: int) -> int:
    """The axis of the channels.  Raises: ShapeError for what is no image and no batch of them."""
    if rank not in (3, 4):
        raise ShapeError(f"preprocess_input takes an image (3 axes) or a batch of them (4), not {rank} axes")
    return rank - 3 if data_format == "channels_first" else rank - 1


def _along(numbers: tuple[float, ...], axis: int, x: Any) -> np.ndarray[Any, Any]:  # noqa: ANN401
    """The numbers of three channels, such that they meet the others along their axis.  Raises: ShapeError."""
    if x.shape[axis] != len(numbers):
        raise ShapeError(f"preprocess_input: images of three channels are needed, these are {tuple(x.shape)}")
    shape = [1] * len(x.shape)
    shape[axis] = len(numbers)
    return np.array(numbers).reshape(shape)


def decode_predictions(preds: Any, top: int = 5) -> list[list[tuple[str, str, float]]]:  # noqa: ANN401  an array or a Tensor
    """The likeliest classes of each row: (WordNet's number, name, probability), the likeliest first.

    The names are in `models/imagenet_class_index.json` of Keras' folder, downloaded if it is not there.

    Raises: ShapeError for what is not (samples, 1000), FileError.
    """
    scores = np.asarray(preds)
    if scores.ndim != 2 or scores.shape[1] != 1000:
        raise ShapeError(f"decode_predictions takes (samples, 1000), this is {scores.shape}")
    names = _names()
    found = []
    for row in scores:
        best = row.argsort()[-top:][::-1]
        found.append(sorted(((*names[int(at)], row[at]) for at in best), key=lambda each: each[2], reverse=True))
    return found


@functools.cache
def _names() -> dict[int, tuple[str, str]]:
    """Number and name of each class.  Raises: FileError."""
    path = get_file("imagenet_class_index.json", INDEX, cache_subdir="models", file_hash="c2c37ea517e94d9795004a39431a14cb")
    return {int(at): (number, name) for at, (number, name) in json.loads(Path(path).read_text(encoding="utf-8")).items()}


__getattr__ = ORIGINAL.module("keras.applications.imagenet_utils", __name__)
