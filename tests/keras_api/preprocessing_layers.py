"""Cases of preprocessing layers that draw nothing, as those in cases.py."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from gradwerk.keras import layers
from tests.keras_api.cases import FIRST, Case

PREPROCESSING = [
    Case("Normalization", layers.Normalization, (4,), (4,), ((4,), (4,), ())),
    Case("Normalization of two axes", lambda: layers.Normalization(axis=(1, 3)), (3, 2, 4), (3, 2, 4), ((3, 4), (3, 4), ())),
    Case("Normalization given", lambda: layers.Normalization(mean=[1.0, 2.0], variance=[4.0, 9.0], invert=True), (5, 2), (5, 2)),
    Case("Rescaling", lambda: layers.Rescaling(0.5, [1.0, 2.0]), (3, 2), (3, 2)),
    Case("Resizing", lambda: layers.Resizing(3, 8, "bicubic"), (5, 6, 2), (3, 8, 2)),
    Case("Resizing padded", lambda: layers.Resizing(4, 4, pad_to_aspect_ratio=True, data_format=FIRST), (1, 5, 9), (1, 4, 4)),
    Case("Resizing, antialiased, to few", lambda: layers.Resizing(2, 1, antialias=True), (40, 30, 1), (2, 1, 1)),
    Case("Discretization", lambda: layers.Discretization([-1.0, 0.0, 0.5], output_mode="multi_hot"), (5,), (4,)),
    Case("CategoryEncoding", lambda: layers.CategoryEncoding(4, output_mode="count"), (6,), (4,), integers=4),
    Case("CategoryEncoding one-hot", lambda: layers.CategoryEncoding(4, output_mode="one_hot"), (6, 2), (6, 2, 4), integers=4),
    Case("AutoContrast", lambda: layers.AutoContrast((-9, 9)), (4, 5, 2), (4, 5, 2)),
    Case("CenterCrop", lambda: layers.CenterCrop(2, 3), (4, 6, 2), (2, 3, 2)),
    Case("CenterCrop channels first", lambda: layers.CenterCrop(2, 3, data_format=FIRST), (2, 4, 6), (2, 2, 3)),
]
RANDOM = [
    layers.RandomFlip, lambda **o: layers.RandomRotation(0.2, **o), lambda **o: layers.RandomZoom(0.3, 0.2, **o),
    lambda **o: layers.RandomShear(0.3, (0.1, 0.4), **o),
    lambda **o: layers.RandomTranslation(0.3, (-0.1, 0.4), **o), lambda **o: layers.RandomCrop(4, 5, **o),
    lambda **o: layers.RandomContrast(0.4, value_range=(-9, 9), **o),
    lambda **o: layers.RandomBrightness(0.1, value_range=(-9, 9), **o),
    lambda **o: layers.Solarization(0.3, 0.6, value_range=(-9, 9), **o), lambda **o: layers.RandomInvert(0.5, value_range=(-9, 9), **o),
    lambda **o: layers.RandomPosterization((2, 7), value_range=(-9, 9), **o),
    lambda **o: layers.RandomSharpness(0.9, value_range=(-9, 9), **o),
    lambda **o: layers.RandomGaussianBlur(0.7, value_range=(-9, 9), **o),
]  # fmt: skip
"""How layers that draw are made, with options of all."""
COLOURED = [
    lambda **o: layers.RandomHue(0.5, value_range=(0, 1), **o), lambda **o: layers.RandomSaturation(0.9, value_range=(0, 1), **o),
    lambda **o: layers.RandomGrayscale(0.5, **o), lambda **o: layers.RandomColorDegeneration(0.5, value_range=(0, 1), **o),
]  # fmt: skip
"""Those of red, green and blue."""
ON_HOST: list[tuple[Callable[[], layers.Layer], Any]] = [
    (lambda: layers.StringLookup(vocabulary=["a", "b"]), [["a"], ["c"]]),
    (lambda: layers.IntegerLookup(vocabulary=[4, 2], output_mode="multi_hot"), [[4, 2], [9, 4]]),
    (lambda: layers.Hashing(5), [["a"], ["b"]]), (lambda: layers.HashedCrossing(5), [np.array([1, 2]), np.array(["a", "b"])]),
    (lambda: layers.TextVectorization(vocabulary=["b", "a"], output_sequence_length=3), ["a b", "c"]),
]  # fmt: skip
"""Layers that compute on the host, and what they are called with."""
