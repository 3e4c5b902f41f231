"""Layers and models that hold layers, in every way in which one can: as attributes, in lists, tuples, dicts, and below one another."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk import keras
from gradwerk.keras import layers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(12, 3)).astype(np.float32)
Y = RNG.normal(size=(12, 2)).astype(np.float32)


class Attribute(layers.Layer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.inner = layers.Dense(3, activation="tanh")

    def call(self, inputs):
        return inputs + self.inner(inputs)


class InAList(layers.Layer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.blocks = [layers.Dense(4), layers.BatchNormalization(), Attribute2()]

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return inputs


class Attribute2(layers.Layer):
    def build(self, input_shape):
        self.scale = self.add_weight((input_shape[-1],), "ones", name="a")
        self.steps = self.add_weight((), "zeros", trainable=False)
        self.dense = layers.Dense(3)

    def call(self, inputs):
        return self.dense(inputs * self.scale)


class InADict(layers.Layer):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.parts = {"first": layers.Dense(3), "rest": (layers.Dense(3), [layers.Dropout(0.25, seed=1), layers.Dense(3)])}

    def call(self, inputs):
        one, (more, last) = self.parts["rest"]
        return last(more(one(self.parts["first"](inputs))))


class WeightsInAList(layers.Layer):
    def build(self, input_shape):
        self.ws = [self.add_weight((input_shape[-1], input_shape[-1]), "random_normal") for _ in range(2)]

    def call(self, inputs):
        return inputs @ self.ws[0] @ self.ws[1]


class BuildsWithin(layers.Layer):
    def build(self, input_shape):
        self.inner = layers.Dense(3)
        self.inner.build(input_shape)

    def call(self, inputs):
        return self.inner(inputs)


class Wider(layers.Layer):
    """Changes the shape, and does not say so."""

    def __init__(self, units: int = 5, **options: Any) -> None:
        super().__init__(**options)
        self.units = units

    def build(self, input_shape):
        self.w = self.add_weight(shape=(input_shape[-1], self.units), initializer="random_normal", trainable=True)

    def call(self, inputs):
        return inputs @ self.w


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.stem = [layers.Dense(4, activation="relu"), Attribute3()]
        self.head = layers.Dense(2)

    def call(self, x, training=False):
        for layer in self.stem:
            x = layer(x)
        return self.head(x)


class Attribute3(layers.Layer):
    def __init__(self) -> None:
        super().__init__()
        self.norm = layers.BatchNormalization()

    def call(self, inputs):
        return self.norm(inputs)


LAYERS = {  # weights trained, others
    "attribute": (Attribute, 2, 0), "list": (InAList, 7, 3), "dict": (InADict, 6, 0), "list of weights": (WeightsInAList, 2, 0),
    "built in build": (BuildsWithin, 2, 0), "another width": (Wider, 1, 0),
    "model": (lambda: keras.Sequential([layers.Dense(3), layers.BatchNormalization()]), 4, 2), "subclassed": (Subclassed, 6, 2),
}  # fmt: skip


def in_a_model(name: str, *, known: bool = True) -> keras.Sequential:
    """The layer before a Dense; without `known` the shape is met at the first call."""
    first = [keras.Input((3,))] if known else []
    return keras.Sequential([*first, LAYERS[name][0](), layers.Dense(2)])
