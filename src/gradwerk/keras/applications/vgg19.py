"""keras.applications.vgg19.  Source: Simonyan and Zisserman, 2015, arXiv:1409.1556, table 1, column E."""

from __future__ import annotations

from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.vgg import vgg

__all__ = ["VGG19", "decode_predictions", "preprocess_input"]

VGG19 = vgg(
    "vgg19", (2, 2, 4, 4, 4), "cbe5617147190e668d6c5d5026f83318", "253f8cb515780f3b799900260a226db6"
)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:  # noqa: ANN401  an array or a Tensor
    """Pixels of 0 to 255 as BGR, less ImageNet's means: the mode "caffe".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


__getattr__ = ORIGINAL.module("keras.applications.vgg19", __name__)
