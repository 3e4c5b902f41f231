"""keras.applications.resnet: residual networks of 50, 101 and 152 layers.

Source: He, Zhang, Ren and Sun, 2016, "Deep residual learning for image recognition", arXiv:1512.03385, table 1 and figure 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import Files, Published, application, channels_axis
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Activation
from gradwerk.keras.layers.merging import Add
from gradwerk.keras.layers.normalization import BatchNormalization
from gradwerk.keras.layers.pooling import MaxPooling2D
from gradwerk.keras.layers.reshaping import ZeroPadding2D
from gradwerk.keras.model import Model

__all__ = ["ResNet101", "ResNet152", "ResNet50", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401  symbolic values

FILTERS = (64, 128, 256, 512)
"""Of the narrow convolutions of each stage; what leaves a block is four times as wide."""


def normalized(x: Any, name: str) -> Any:
    """Batch normalization with the constant of these networks."""
    return BatchNormalization(axis=channels_axis(), epsilon=1.001e-5, name=name)(x)


def rectified(x: Any, name: str) -> Any:
    """max(x, 0)."""
    return Activation("relu", name=name)(x)


def stem(x: Any) -> Any:
    """The first convolution, of 7 x 7 with stride 2."""
    x = ZeroPadding2D(3, name="conv1_pad")(x)
    return Conv2D(64, 7, strides=2, name="conv1_conv")(x)


def pooled(x: Any) -> Any:
    """The pooling behind it."""
    return MaxPooling2D(3, strides=2, name="pool1_pool")(ZeroPadding2D(1, name="pool1_pad")(x))


def published(name: str, whole: str, base: str) -> Published:
    """The facts of a network of this family."""
    return Published(name, Files("resnet", f"{name}_weights_tf_dim_ordering_tf_kernels", whole, base), pools=("avg_pool", "max_pool"))


def _block(x: Any, filters: int, stride: int, name: str, *, first: bool) -> Any:
    """1 x 1 to few channels, 3 x 3, 1 x 1 to many, beside the way around them."""
    around = x
    if first:
        around = normalized(Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(x), f"{name}_0_bn")
    x = rectified(normalized(Conv2D(filters, 1, strides=stride, name=f"{name}_1_conv")(x), f"{name}_1_bn"), f"{name}_1_relu")
    x = rectified(normalized(Conv2D(filters, 3, padding="same", name=f"{name}_2_conv")(x), f"{name}_2_bn"), f"{name}_2_relu")
    x = normalized(Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x), f"{name}_3_bn")
    return rectified(Add(name=f"{name}_add")([around, x]), f"{name}_out")


def _resnet(name: str, depths: Sequence[int], whole: str, base: str) -> Callable[..., Model]:
    """The function of one of them: how many blocks each stage has, and the digests of its trained weights."""

    def body(x: Any) -> Any:
        x = pooled(rectified(normalized(stem(x), "conv1_bn"), "conv1_relu"))
        for stage, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), 2):
            for at in range(1, depth + 1):
                stride = 2 if at == 1 and stage > 2 else 1
                x = _block(x, filters, stride, f"conv{stage}_block{at}", first=at == 1)
        return x

    doc = f"""A residual network of {name[6:]} layers (He and others, 2016, arXiv:1512.03385)."""
    return application(published(name, whole, base), body, doc)


ResNet50 = _resnet("resnet50", (3, 4, 6, 3), "2cb95161c43110f7111970584f804107", "4d473c1dd8becc155b73f8504c6f6626")
ResNet101 = _resnet("resnet101", (3, 4, 23, 3), "f1aeb4b969a6efcfb50fad2f0c20cfc5", "88cf7a10940856eca736dc7b7e228a21")
ResNet152 = _resnet("resnet152", (3, 8, 36, 3), "100835be76be38e30d865e96f2aaae62", "ee4c566cf9a93f14d82f913c2dc6dd0c")


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as BGR, less ImageNet's means: the mode "caffe".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "caffe")


__getattr__ = ORIGINAL.module("keras.applications.resnet", __name__)
