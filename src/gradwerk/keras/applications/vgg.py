"""The VGG networks: 3 x 3 convolutions alone, in five blocks between poolings.

Source: Simonyan and Zisserman, 2015, "Very deep convolutional networks for large-scale image recognition", arXiv:1409.1556, table 1.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.keras.applications.making import Asked, Files, Published, application, classified
from gradwerk.keras.layers.convolution import Conv2D
from gradwerk.keras.layers.core import Dense
from gradwerk.keras.layers.pooling import MaxPooling2D
from gradwerk.keras.layers.reshaping import Flatten
from gradwerk.keras.model import Model

FILTERS = (64, 128, 256, 512, 512)
"""Of the convolutions of each block."""


def vgg(name: str, depths: Sequence[int], whole: str, base: str) -> Callable[..., Model]:
    """The function of one of them: how many convolutions each block has, and the digests of its trained weights."""

    def body(x: Any) -> Any:  # noqa: ANN401  symbolic values
        for block, (filters, depth) in enumerate(zip(FILTERS, depths, strict=True), 1):
            for at in range(1, depth + 1):
                x = Conv2D(filters, 3, activation="relu", padding="same", name=f"block{block}_conv{at}")(x)
            x = MaxPooling2D(2, strides=2, name=f"block{block}_pool")(x)
        return x

    files = Files(name, f"{name}_weights_tf_dim_ordering_tf_kernels", whole, base)
    doc = f"""VGG-{name[3:]}: 3 x 3 convolutions in five blocks, three full layers (Simonyan and Zisserman, 2015, arXiv:1409.1556)."""
    return application(Published(name, files), body, doc, head=_head)


def _head(x: Any, asked: Asked) -> Any:  # noqa: ANN401  symbolic values
    x = Flatten(name="flatten")(x)
    x = Dense(4096, activation="relu", name="fc1")(x)
    x = Dense(4096, activation="relu", name="fc2")(x)
    return classified(x, asked)
