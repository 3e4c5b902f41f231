"""keras.applications.xception.

Source: Chollet, 2017, "Xception: deep learning with depthwise separable convolutions", arXiv:1610.02357, figure 5.
"""

from __future__ import annotations

from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import Files, Published, application, channels_axis
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Activation
from gradwerk.keras.layers.depthwise import SeparableConv2D
from gradwerk.keras.layers.merging import add
from gradwerk.keras.layers.normalization import BatchNormalization
from gradwerk.keras.layers.pooling import MaxPooling2D

__all__ = ["Xception", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401  symbolic values


def _normalized(x: Any, name: str | None = None) -> Any:
    return BatchNormalization(axis=channels_axis(), name=name)(x)


def _rectified(x: Any, name: str) -> Any:
    return Activation("relu", name=name)(x)


def _separable(x: Any, filters: int, name: str) -> Any:
    """A separable convolution, normalized."""
    return _normalized(SeparableConv2D(filters, 3, padding="same", use_bias=False, name=name)(x), f"{name}_bn")


def _around(x: Any, filters: int) -> Any:
    """The way around a block that halves the maps."""
    return _normalized(Conv2D(filters, 1, strides=2, padding="same", use_bias=False)(x))


def _halved(x: Any, first: int, filters: int, name: str, *, rectify: bool = True) -> Any:
    """Two separable convolutions and a pooling."""
    around = _around(x, filters)
    if rectify:
        x = _rectified(x, f"{name}_sepconv1_act")
    x = _rectified(_separable(x, first, f"{name}_sepconv1"), f"{name}_sepconv2_act")
    x = _separable(x, filters, f"{name}_sepconv2")
    x = MaxPooling2D(3, strides=2, padding="same", name=f"{name}_pool")(x)
    return add([x, around])


def _body(x: Any) -> Any:
    for at, filters, stride in ((1, 32, 2), (2, 64, 1)):
        name = f"block1_conv{at}"
        x = _rectified(_normalized(Conv2D(filters, 3, strides=stride, use_bias=False, name=name)(x), f"{name}_bn"), f"{name}_act")
    x = _halved(x, 128, 128, "block2", rectify=False)
    x = _halved(x, 256, 256, "block3")
    x = _halved(x, 728, 728, "block4")
    for block in range(5, 13):
        around = x
        for at in (1, 2, 3):
            name = f"block{block}_sepconv{at}"
            x = _separable(_rectified(x, f"{name}_act"), 728, name)
        x = add([x, around])
    x = _halved(x, 728, 1024, "block13")
    for at, filters in ((1, 1536), (2, 2048)):
        x = _rectified(_separable(x, filters, f"block14_sepconv{at}"), f"block14_sepconv{at}_act")
    return x


_FILES = Files(
    "xception", "xception_weights_tf_dim_ordering_tf_kernels", "0a58e3b7378bc2990ea3b43d5981f1f6", "b0042744bf5b25fce3cb969f33bebb97"
)
Xception = application(Published("xception", _FILES, extent=299, least=71), _body, "Xception (Chollet, 2017, arXiv:1610.02357).")


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as -1 to 1: the mode "tf".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__getattr__ = ORIGINAL.module("keras.applications.xception", __name__)
