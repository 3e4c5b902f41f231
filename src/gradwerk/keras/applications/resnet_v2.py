"""keras.applications.resnet_v2: residual networks that normalize before they convolve.

Source: He, Zhang, Ren and Sun, 2016, "Identity mappings in deep residual networks", arXiv:1603.05027, figure 1 (b).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.applications import imagenet_utils
from gradwerk.keras.applications.imagenet_utils import decode_predictions
from gradwerk.keras.applications.making import application
from gradwerk.keras.applications.resnet import FILTERS, normalized, pooled, published, rectified, stem
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.merging import Add
from gradwerk.keras.layers.pooling import MaxPooling2D
from gradwerk.keras.layers.reshaping import ZeroPadding2D
from gradwerk.keras.model import Model

__all__ = ["ResNet101V2", "ResNet152V2", "ResNet50V2", "decode_predictions", "preprocess_input"]

# ruff: noqa: ANN401  symbolic values


def _block(x: Any, filters: int, stride: int, name: str, *, first: bool) -> Any:
    """As in the first version, but that each convolution has its normalization before it."""
    ready = rectified(normalized(x, f"{name}_preact_bn"), f"{name}_preact_relu")
    if first:
        around = Conv2D(4 * filters, 1, strides=stride, name=f"{name}_0_conv")(ready)
    else:
        around = MaxPooling2D(1, strides=stride)(x) if stride > 1 else x
    x = Conv2D(filters, 1, use_bias=False, name=f"{name}_1_conv")(ready)
    x = rectified(normalized(x, f"{name}_1_bn"), f"{name}_1_relu")
    x = ZeroPadding2D(1, name=f"{name}_2_pad")(x)
    x = Conv2D(filters, 3, strides=stride, use_bias=False, name=f"{name}_2_conv")(x)
    x = rectified(normalized(x, f"{name}_2_bn"), f"{name}_2_relu")
    x = Conv2D(4 * filters, 1, name=f"{name}_3_conv")(x)
    return Add(name=f"{name}_out")([around, x])


def _resnet(name: str, depths: Sequence[int], whole: str, base: str) -> Callable[..., Model]:
    """The function of one of them: how many blocks each stage has, and the digests of its trained weights."""

    def body(x: Any) -> Any:
        x = pooled(stem(x))
        for stage, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), 2):
            for at in range(1, depth + 1):
                stride = 2 if at == depth and stage < 5 else 1
                x = _block(x, filters, stride, f"conv{stage}_block{at}", first=at == 1)
        return rectified(normalized(x, "post_bn"), "post_relu")

    doc = f"""A residual network of {name[6:-2]} layers that normalizes before it convolves (He and others, 2016, arXiv:1603.05027)."""
    return application(published(name, whole, base), body, doc)


ResNet50V2 = _resnet("resnet50v2", (3, 4, 6, 3), "3ef43a0b657b3be2300d5770ece849e0", "fac2f116257151a9d068a22e544a4917")
ResNet101V2 = _resnet("resnet101v2", (3, 4, 23, 3), "6343647c601c52e1368623803854d971", "c0ed64b8031c3730f411d2eb4eea35b5")
ResNet152V2 = _resnet("resnet152v2", (3, 8, 36, 3), "a49b44d1979771252814e80f8ec446f9", "ed17cf2e0169df9d443503ef94b23b33")


def preprocess_input(x: Any, data_format: str | None = None) -> Any:
    """Pixels of 0 to 255 as -1 to 1: the mode "tf".  Raises: ArgumentError, ShapeError."""
    return imagenet_utils.preprocess_input(x, data_format, "tf")


__getattr__ = ORIGINAL.module("keras.applications.resnet_v2", __name__)
