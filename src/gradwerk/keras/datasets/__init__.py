"""keras.datasets: small public data sets, from Keras' own folder, else downloaded and compared with their digests."""

from __future__ import annotations

from gradwerk.keras.absent import ORIGINAL
from gradwerk.keras.datasets import (
    boston_housing,
    california_housing,
    cifar10,
    cifar100,
    fashion_mnist,
    imdb,
    mnist,
    reuters,
)

__all__ = ["boston_housing", "california_housing", "cifar10", "cifar100", "fashion_mnist", "imdb", "mnist", "reuters"]

__getattr__ = ORIGINAL.module("keras.datasets", __name__)
