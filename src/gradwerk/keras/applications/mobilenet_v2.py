"""keras.applications.mobilenet_v2: blocks that widen, convolve by depth, and narrow again.

Source: Sandler, Howard, Zhu, Zhmoginov and Chen, 2018, "MobileNetV2: inverted residuals and linear bottlenecks", arXiv:1801.04381, table 2.
"""

from __future__ import annotations

from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import CLASSES, IMAGENET, Asked, Files, Published, channels_axis, classified, made
from gradwerk.keras.applications.scaled import known_alpha, square
from gradwerk.keras.config import image_data_format
from gradwerk.keras.layers.activation import ReLU
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.depthwise import DepthwiseConv2D
from gradwerk.keras.layers.merging import Add
from gradwerk.keras.layers.normalization import BatchNormalization
from gradwerk.keras.layers.pooling import GlobalAveragePooling2D
from gradwerk.keras.layers.reshaping import ZeroPadding2D
from gradwerk.keras.model import Model

__all__ = ["MobileNetV2", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401, FBT001, FBT002  symbolic values; Keras' signature

EXTENTS = (96, 128, 160, 192, 224)
ALPHAS = (0.35, 0.5, 0.75, 1.0, 1.3, 1.4)
STAGES = ((1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1))
"""Expansion, channels, number of blocks and stride of the first: the table's t, c, n, s."""


def MobileNetV2(  # noqa: N802  Keras' name
    input_shape: Any = None, alpha: float = 1.0, include_top: bool = True, weights: Any = IMAGENET, input_tensor: Any = None,
    pooling: str | None = None, classes: int = CLASSES, classifier_activation: Any = "softmax", name: str | None = None,
) -> Model:  # fmt: skip
    """MobileNet v2 (Sandler and others, 2018, arXiv:1801.04381).

    Args:
        input_shape: (height, width, channels) of an image; without a classifier height and width may be None.
        alpha: how much wider each layer is than in the paper.
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
        known_alpha("MobileNetV2", alpha, ALPHAS)
    extent, trained = square(input_shape, weights, EXTENTS, include_top=include_top)
    stem = f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(alpha)}_{trained}"
    files = Files("mobilenet_v2", stem, None, None, without="_no_top")

    def body(x: Any) -> Any:
        x = Conv2D(_eights(32 * alpha), 3, strides=2, padding="same", use_bias=False, name="Conv1")(x)
        x = ReLU(6.0, name="Conv1_relu")(_normalized(x, "bn_Conv1"))
        at = 0
        for expansion, filters, count, stride in STAGES:
            for number in range(count):
                x = _block(x, expansion, _eights(int(filters * alpha)), stride if number == 0 else 1, at)
                at += 1
        x = Conv2D(_eights(1280 * alpha) if alpha > 1.0 else 1280, 1, use_bias=False, name="Conv_1")(x)
        return ReLU(6.0, name="out_relu")(_normalized(x, "Conv_1_bn"))

    def head(x: Any, asked: Asked) -> Any:
        return classified(GlobalAveragePooling2D()(x), asked)

    called = name if name is not None else f"mobilenetv2_{alpha:0.2f}_{trained}"
    asked = Asked(include_top, weights, input_tensor, input_shape, pooling, classes, classifier_activation, called)
    return made(asked, Published(called, files, extent=extent), body, head)


def _block(x: Any, expansion: int, filters: int, stride: int, at: int) -> Any:
    """1 x 1 to many channels, 3 x 3 by depth, 1 x 1 to few without activation; around it where the shape stays."""
    name = f"block_{at}_" if at else "expanded_conv_"
    given, channels = x, x.shape[channels_axis()]
    if at:
        x = Conv2D(expansion * channels, 1, padding="same", use_bias=False, name=f"{name}expand")(x)
        x = ReLU(6.0, name=f"{name}expand_relu")(_normalized(x, f"{name}expand_BN"))
    if stride == 2:
        x = ZeroPadding2D(_margins(x), name=f"{name}pad")(x)
    padding = "same" if stride == 1 else "valid"
    x = DepthwiseConv2D(3, strides=stride, use_bias=False, padding=padding, name=f"{name}depthwise")(x)
    x = ReLU(6.0, name=f"{name}depthwise_relu")(_normalized(x, f"{name}depthwise_BN"))
    x = Conv2D(filters, 1, padding="same", use_bias=False, name=f"{name}project")(x)
    x = _normalized(x, f"{name}project_BN")
    return Add(name=f"{name}add")([given, x]) if channels == filters and stride == 1 else x


def _normalized(x: Any, name: str) -> Any:
    return BatchNormalization(axis=channels_axis(), epsilon=1e-3, momentum=0.999, name=name)(x)


def _margins(x: Any) -> tuple[tuple[int, int], tuple[int, int]]:
    """What is put around maps before a 3 x 3 window of stride 2: less above and on the left where the extent is even."""
    height, width = x.shape[2:4] if image_data_format() == "channels_first" else x.shape[1:3]
    if height is None:
        return ((0, 1), (0, 1))
    return ((height % 2, 1), (width % 2, 1))


def _eights(width: float) -> int:
    """The multiple of 8 that is nearest, and not below 0.9 of the width."""
    near = max(8, int(width + 4) // 8 * 8)
    return near + 8 if near < 0.9 * width else near


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as -1 to 1: the mode "tf".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__getattr__ = ORIGINAL.module("keras.applications.mobilenet_v2", __name__)
