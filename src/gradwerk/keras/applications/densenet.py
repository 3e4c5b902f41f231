"""keras.applications.densenet: each layer reads all that came before it.

Source: Huang, Liu, van der Maaten and Weinberger, 2017, "Densely connected convolutional networks", arXiv:1608.06993, table 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import Files, Published, application, channels_axis
from gradwerk.keras.applications.resnet import normalized, rectified
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.merging import Concatenate
from gradwerk.keras.layers.pooling import AveragePooling2D, MaxPooling2D
from gradwerk.keras.layers.reshaping import ZeroPadding2D
from gradwerk.keras.model import Model

__all__ = ["DenseNet121", "DenseNet169", "DenseNet201", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401  symbolic values

GROWTH = 32
"""The channels that each layer adds."""


def _layer(x: Any, name: str) -> Any:
    """1 x 1, then 3 x 3, joined to what they read."""
    new = rectified(normalized(x, f"{name}_0_bn"), f"{name}_0_relu")
    new = Conv2D(4 * GROWTH, 1, use_bias=False, name=f"{name}_1_conv")(new)
    new = rectified(normalized(new, f"{name}_1_bn"), f"{name}_1_relu")
    new = Conv2D(GROWTH, 3, padding="same", use_bias=False, name=f"{name}_2_conv")(new)
    return Concatenate(axis=channels_axis(), name=f"{name}_concat")([x, new])


def _transition(x: Any, name: str) -> Any:
    """Half the channels, half the height and width."""
    x = rectified(normalized(x, f"{name}_bn"), f"{name}_relu")
    x = Conv2D(x.shape[channels_axis()] // 2, 1, use_bias=False, name=f"{name}_conv")(x)
    return AveragePooling2D(2, strides=2, name=f"{name}_pool")(x)


def _densenet(name: str, depths: Sequence[int], whole: str, base: str) -> Callable[..., Model]:
    """The function of one of them: how many layers each block has, and the digests of its trained weights."""

    def body(x: Any) -> Any:
        x = Conv2D(64, 7, strides=2, use_bias=False, name="conv1_conv")(ZeroPadding2D(3)(x))
        x = rectified(normalized(x, "conv1_bn"), "conv1_relu")
        x = MaxPooling2D(3, strides=2, name="pool1")(ZeroPadding2D(1)(x))
        for block, depth in enumerate(depths, 2):
            for at in range(1, depth + 1):
                x = _layer(x, f"conv{block}_block{at}")
            if block < 5:
                x = _transition(x, f"pool{block}")
        return rectified(normalized(x, "bn"), "relu")

    files = Files("densenet", f"{name}_weights_tf_dim_ordering_tf_kernels", whole, base)
    doc = f"""A densely connected network of {name[8:]} layers (Huang and others, 2017, arXiv:1608.06993)."""
    return application(Published(name, files, pools=("avg_pool", "max_pool")), body, doc)


DenseNet121 = _densenet("densenet121", (6, 12, 24, 16), "9d60b8095a5708f2dcce2bca79d332c7", "30ee3e1110167f948a6b9946edeeb738")
DenseNet169 = _densenet("densenet169", (6, 12, 32, 32), "d699b8f76981ab1b30698df4c175e90b", "b8c4d4c20dd625c148057b9ff1c1176b")
DenseNet201 = _densenet("densenet201", (6, 12, 48, 32), "1ceb130c1ea1b78c3bf6114dbdfd8807", "c13680b51ded0fb44dff2d8f86ac8bb1")


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as 0 to 1, less ImageNet's means and over its deviations: the mode "torch".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "torch")


__getattr__ = ORIGINAL.module("keras.applications.densenet", __name__)
