"""keras.applications.mobilenet: a depthwise convolution and a 1 x 1 one, thirteen times.

Source: Howard and others, 2017, "MobileNets: efficient convolutional neural networks for mobile vision applications", arXiv:1704.04861,
table 1.
"""

from __future__ import annotations

from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import CLASSES, IMAGENET, Asked, Files, Published, channels_axis, made
from gradwerk.keras.applications.scaled import known_alpha, square
from gradwerk.keras.layers.activation import ReLU
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Activation
from gradwerk.keras.layers.depthwise import DepthwiseConv2D
from gradwerk.keras.layers.normalization import BatchNormalization
from gradwerk.keras.layers.pooling import GlobalAveragePooling2D
from gradwerk.keras.layers.regularization import Dropout
from gradwerk.keras.layers.reshaping import Reshape, ZeroPadding2D
from gradwerk.keras.model import Model

__all__ = ["MobileNet", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401, FBT001, FBT002  symbolic values; Keras' signature

EXTENTS = (128, 160, 192, 224)
ALPHAS = {0.25: "2_5", 0.5: "5_0", 0.75: "7_5", 1.0: "1_0"}
"""The widths that there are trained weights of, as their files name them."""
BLOCKS = ((64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), *((512, 1),) * 5, (1024, 2), (1024, 1))
"""Channels and stride of each."""


def MobileNet(  # noqa: N802  Keras' name
    input_shape: Any = None, alpha: float = 1.0, depth_multiplier: int = 1, dropout: float = 1e-3, include_top: bool = True,
    weights: Any = IMAGENET, input_tensor: Any = None, pooling: str | None = None, classes: int = CLASSES,
    classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:  # fmt: skip
    """MobileNet (Howard and others, 2017, arXiv:1704.04861).

    Args:
        input_shape: (height, width, channels) of an image; without a classifier height and width may be None.
        alpha: how much wider each layer is than in the paper.
        depth_multiplier: of the depthwise convolutions.
        dropout: the rate before the classifier.
        include_top: whether the classifier is there.
        weights: "imagenet", the path of a file, or None for weights begun anew.
        input_tensor: a symbolic value that the images are.
        pooling: without a classifier: "avg", "max" or None.
        classes: the classifier's width.
        classifier_activation: the classifier's activation; None gives logits.
        name: of the model.

    Raises: ArgumentError, ShapeError, FileError where the weights cannot be had.
    """
    if weights == IMAGENET:
        known_alpha("MobileNet", alpha, tuple(ALPHAS))
        if depth_multiplier != 1:
            raise ArgumentError(f"the weights {IMAGENET!r} are of depth_multiplier 1, not {depth_multiplier}")
    extent, trained = square(input_shape, weights, EXTENTS, include_top=include_top)
    files = Files("mobilenet", f"mobilenet_{ALPHAS.get(alpha, alpha)}_{trained}_tf", None, None, without="_no_top")

    def body(x: Any) -> Any:
        x = Conv2D(int(32 * alpha), 3, padding="same", use_bias=False, strides=2, name="conv1")(x)
        x = _rectified(x, "conv1")
        for at, (filters, stride) in enumerate(BLOCKS, 1):
            if stride == 2:
                x = ZeroPadding2D(((0, 1), (0, 1)), name=f"conv_pad_{at}")(x)
            padding = "same" if stride == 1 else "valid"
            depthwise = DepthwiseConv2D(
                3, padding=padding, depth_multiplier=depth_multiplier, strides=stride, use_bias=False, name=f"conv_dw_{at}"
            )
            x = _rectified(depthwise(x), f"conv_dw_{at}")
            x = Conv2D(int(filters * alpha), 1, padding="same", use_bias=False, name=f"conv_pw_{at}")(x)
            x = _rectified(x, f"conv_pw_{at}")
        return x

    def head(x: Any, asked: Asked) -> Any:
        x = Dropout(dropout, name="dropout")(GlobalAveragePooling2D(keepdims=True)(x))
        x = Reshape((asked.classes,), name="reshape_2")(Conv2D(asked.classes, 1, padding="same", name="conv_preds")(x))
        return Activation(asked.classifier_activation, name="predictions")(x)

    called = name if name is not None else f"mobilenet_{alpha:0.2f}_{trained}"
    asked = Asked(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, called)
    return made(asked, Published(called, files, extent=extent), body, head)


def _rectified(x: Any, name: str) -> Any:
    return ReLU(6.0, name=f"{name}_relu")(BatchNormalization(axis=channels_axis(), name=f"{name}_bn")(x))


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as -1 to 1: the mode "tf".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__getattr__ = ORIGINAL.module("keras.applications.mobilenet", __name__)
