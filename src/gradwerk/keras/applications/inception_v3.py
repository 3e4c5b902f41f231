"""keras.applications.inception_v3.

Source: Szegedy, Vanhoucke, Ioffe, Shlens and Wojna, 2016, "Rethinking the Inception architecture for computer vision", arXiv:1512.00567,
table 1 and figures 5 to 7.
"""

from __future__ import annotations

from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import Files, Published, application, channels_axis
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Activation
from gradwerk.keras.layers.merging import concatenate
from gradwerk.keras.layers.normalization import BatchNormalization
from gradwerk.keras.layers.pooling import AveragePooling2D, MaxPooling2D

__all__ = ["InceptionV3", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401  symbolic values


def _convolved(x: Any, filters: int, height: int, width: int, *, stride: int = 1, padding: str = "same") -> Any:
    """A convolution without bias, normalized without scale, rectified."""
    x = Conv2D(filters, (height, width), strides=stride, padding=padding, use_bias=False)(x)
    x = BatchNormalization(axis=channels_axis(), scale=False)(x)
    return Activation("relu")(x)


def _joined(branches: list[Any], name: str | None = None) -> Any:
    return concatenate(branches, axis=channels_axis(), name=name)


def _averaged(x: Any, filters: int) -> Any:
    """The branch of every block that pools before its 1 x 1 convolution."""
    return _convolved(AveragePooling2D(3, strides=1, padding="same")(x), filters, 1, 1)


def _squares(x: Any, pool: int, name: str) -> Any:
    """Figure 5: 5 x 5 beside two 3 x 3."""
    one = _convolved(x, 64, 1, 1)
    five = _convolved(_convolved(x, 48, 1, 1), 64, 5, 5)
    twice = _convolved(_convolved(_convolved(x, 64, 1, 1), 96, 3, 3), 96, 3, 3)
    return _joined([one, five, twice, _averaged(x, pool)], name)


def _first_reduction(x: Any, name: str) -> Any:
    """35 x 35 to 17 x 17."""
    three = _convolved(x, 384, 3, 3, stride=2, padding="valid")
    twice = _convolved(_convolved(x, 64, 1, 1), 96, 3, 3)
    twice = _convolved(twice, 96, 3, 3, stride=2, padding="valid")
    return _joined([three, twice, MaxPooling2D(3, strides=2)(x)], name)


def _strips(x: Any, few: int, name: str) -> Any:
    """Figure 6: 7 x 7 as 1 x 7 and 7 x 1."""
    one = _convolved(x, 192, 1, 1)
    once = _convolved(_convolved(_convolved(x, few, 1, 1), few, 1, 7), 192, 7, 1)
    twice = _convolved(_convolved(_convolved(x, few, 1, 1), few, 7, 1), few, 1, 7)
    twice = _convolved(_convolved(twice, few, 7, 1), 192, 1, 7)
    return _joined([one, once, twice, _averaged(x, 192)], name)


def _second_reduction(x: Any, name: str) -> Any:
    """17 x 17 to 8 x 8."""
    three = _convolved(_convolved(x, 192, 1, 1), 320, 3, 3, stride=2, padding="valid")
    seven = _convolved(_convolved(_convolved(x, 192, 1, 1), 192, 1, 7), 192, 7, 1)
    seven = _convolved(seven, 192, 3, 3, stride=2, padding="valid")
    return _joined([three, seven, MaxPooling2D(3, strides=2)(x)], name)


def _wide(x: Any, at: int) -> Any:
    """Figure 7: 3 x 3 as 1 x 3 beside 3 x 1."""
    one = _convolved(x, 320, 1, 1)
    three = _convolved(x, 384, 1, 1)
    three = _joined([_convolved(three, 384, 1, 3), _convolved(three, 384, 3, 1)], f"mixed9_{at}")
    twice = _convolved(_convolved(x, 448, 1, 1), 384, 3, 3)
    twice = _joined([_convolved(twice, 384, 1, 3), _convolved(twice, 384, 3, 1)])
    return _joined([one, three, twice, _averaged(x, 192)], f"mixed{9 + at}")


def _body(x: Any) -> Any:
    x = _convolved(x, 32, 3, 3, stride=2, padding="valid")
    x = _convolved(_convolved(x, 32, 3, 3, padding="valid"), 64, 3, 3)
    x = MaxPooling2D(3, strides=2)(x)
    x = _convolved(_convolved(x, 80, 1, 1, padding="valid"), 192, 3, 3, padding="valid")
    x = MaxPooling2D(3, strides=2)(x)
    for at, pool in enumerate((32, 64, 64)):
        x = _squares(x, pool, f"mixed{at}")
    x = _first_reduction(x, "mixed3")
    for at, few in enumerate((128, 160, 160, 192), 4):
        x = _strips(x, few, f"mixed{at}")
    x = _second_reduction(x, "mixed8")
    return _wide(_wide(x, 0), 1)


_FILES = Files(
    "inception_v3", "inception_v3_weights_tf_dim_ordering_tf_kernels",
    "9a0d58056eeedaa3f26cb7ebd46da564", "bcbd6486424b2319ff4ef7d526e38f63",
)  # fmt: skip
InceptionV3 = application(
    Published("inception_v3", _FILES, extent=299, least=75), _body, "Inception v3 (Szegedy and others, 2016, arXiv:1512.00567)."
)


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as -1 to 1: the mode "tf".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__getattr__ = ORIGINAL.module("keras.applications.inception_v3", __name__)
