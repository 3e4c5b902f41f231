"""keras.applications.vgg16.  Source: Simonyan and Zisserman, 2015, arXiv:1409.1556, table 1, column D."""

from __future__ import annotations

from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.vgg import vgg

__all__ = ["VGG16", "decode_predictions", "preprocess_input"]

VGG16 = vgg(
    "vgg16", (2, 2, 3, 3, 3), "64373286793e3c8b2b4e3219cbf3544b", "6d6bbae143d832006294945121d1f1fc"
)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:  # noqa: ANN401  an array or a Tensor
    """Pixels of 0 to 255 as BGR, less ImageNet's means: the mode "caffe".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


__getattr__ = ORIGINAL.module("keras.applications.vgg16", __name__)
