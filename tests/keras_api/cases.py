"""One case per layer: how to make it, what goes in, what comes out, how many weights it has.  Tests draw from this table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from gradwerk.keras import layers

Extents = tuple[int, ...]


@dataclass(frozen=True)
class Case:
    """Shapes without the batch axis."""

    name: str
    make: Callable[[], layers.Layer]
    inside: Extents
    outside: Extents
    weights: tuple[Extents, ...] = ()
    integers: int = 0
    """Inputs are integers below this number."""


CASES = [
    Case("Dense", lambda: layers.Dense(5, activation="tanh"), (4,), (5,), ((4, 5), (5,))),
    Case("Dense of sequences", lambda: layers.Dense(5, use_bias=False, kernel_initializer="he_normal"), (3, 4), (3, 5), ((4, 5),)),
    Case("Conv2D", lambda: layers.Conv2D(6, 3, activation="relu"), (7, 8, 2), (5, 6, 6), ((3, 3, 2, 6), (6,))),
    Case("Conv2D same", lambda: layers.Conv2D(3, (3, 2), strides=2, padding="same"), (7, 8, 2), (4, 4, 3), ((3, 2, 2, 3), (3,))),
    Case("Conv2D dilated", lambda: layers.Conv2D(3, 2, dilation_rate=3, use_bias=False), (7, 8, 1), (4, 5, 3), ((2, 2, 1, 3),)),
    Case("Conv2D groups", lambda: layers.Conv2D(4, 2, groups=2), (4, 4, 6), (3, 3, 4), ((2, 2, 3, 4), (4,))),
    Case("MaxPooling2D", lambda: layers.MaxPooling2D(), (6, 7, 3), (3, 3, 3)),
    Case("MaxPooling2D same", lambda: layers.MaxPooling2D(3, strides=2, padding="same"), (6, 7, 3), (3, 4, 3)),
    Case("AveragePooling2D", lambda: layers.AveragePooling2D((2, 3)), (6, 7, 3), (3, 2, 3)),
    Case("AveragePooling2D same", lambda: layers.AveragePooling2D(2, strides=1, padding="same"), (4, 5, 1), (4, 5, 1)),
    Case("Flatten", lambda: layers.Flatten(), (3, 4, 2), (24,)),
    Case("Flatten of a vector", lambda: layers.Flatten(), (3,), (3,)),
    Case("Activation", lambda: layers.Activation("softmax"), (5,), (5,)),
    Case("ReLU", lambda: layers.ReLU(), (5,), (5,)),
    Case("Softmax", lambda: layers.Softmax(axis=1), (5, 2), (5, 2)),
    Case("Dropout", lambda: layers.Dropout(0.5, seed=3), (50,), (50,)),
    Case("BatchNormalization", lambda: layers.BatchNormalization(), (5,), (5,), ((5,),) * 4),
    Case("BatchNormalization of images", lambda: layers.BatchNormalization(center=False), (3, 4, 2), (3, 4, 2), ((2,),) * 3),
    Case("BatchNormalization axis 1", lambda: layers.BatchNormalization(axis=1, scale=False), (3, 4), (3, 4), ((3,),) * 3),
    Case("Embedding", lambda: layers.Embedding(9, 3), (4,), (4, 3), ((9, 3),), integers=9),
    Case("LSTM", lambda: layers.LSTM(5), (6, 3), (5,), ((3, 20), (5, 20), (20,))),
    Case("LSTM sequences", lambda: layers.LSTM(4, return_sequences=True, use_bias=False), (6, 3), (6, 4), ((3, 16), (4, 16))),
    Case("LSTM backwards", lambda: layers.LSTM(4, return_sequences=True, go_backwards=True, unit_forget_bias=False), (6, 3), (6, 4),
         ((3, 16), (4, 16), (16,))),
]  # fmt: skip
