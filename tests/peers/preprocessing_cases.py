"""Preprocessing layers of Keras, in either namespace, and what Keras 3.15.1 on TensorFlow computes with them.

Random layers have bounds of one number here: what they draw is that, in any Keras.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
RNG = np.random.default_rng(5)
IMAGES = RNG.uniform(0, 255, (2, 5, 7, 3)).round(1).astype(np.float32)
BYTES = RNG.integers(0, 256, (2, 6, 4, 1)).astype(np.uint8)
ROWS = RNG.normal(2, 3, (6, 4)).round(3).astype(np.float32)
CUBE = RNG.normal(2, 3, (3, 4, 2)).round(3).astype(np.float32)
FIRST = "channels_first"


class Case(NamedTuple):
    """How a layer is made of `keras.layers`, what it is called with while training, and what it learns from before."""

    make: Callable[[Any], Any]
    inputs: Any
    adapted: Any = None


def resizings() -> dict[str, Case]:
    """Every interpolation, larger and smaller, with and without antialiasing, in every way to a ratio."""
    found = {}
    for way, size, antialias in itertools.product(("bilinear", "nearest", "bicubic", "lanczos3", "lanczos5"), ((3, 2), (9, 4)), (0, 1)):
        if antialias and way == "nearest":
            continue
        found[f"resizing {way} {size} {'anti' * antialias}"] = Case(
            lambda t, way=way, size=size, anti=bool(antialias): t.Resizing(*size, interpolation=way, antialias=anti), IMAGES)  # fmt: skip
    found["resizing cropped"] = Case(lambda t: t.Resizing(4, 4, crop_to_aspect_ratio=True), IMAGES)
    found["resizing cropped to rows"] = Case(lambda t: t.Resizing(3, 9, crop_to_aspect_ratio=True), IMAGES)
    found["resizing padded"] = Case(lambda t: t.Resizing(4, 4, pad_to_aspect_ratio=True, fill_value=9.0), IMAGES)
    found["resizing padded to rows"] = Case(lambda t: t.Resizing(4, 12, pad_to_aspect_ratio=True), IMAGES)
    found["resizing of bytes"] = Case(lambda t: t.Resizing(4, 5), BYTES)
    found["resizing of bytes, cubic"] = Case(lambda t: t.Resizing(9, 5, "bicubic"), BYTES)
    found["resizing of one image"] = Case(lambda t: t.Resizing(4, 5), IMAGES[0])
    found["resizing, channels first"] = Case(lambda t: t.Resizing(4, 5, data_format=FIRST), np.moveaxis(IMAGES, -1, 1).copy())
    return found


def moved() -> dict[str, Case]:
    """Images read elsewhere: every fill, both interpolations."""
    found = {}
    for fill, way in itertools.product(("reflect", "wrap", "constant", "nearest"), ("bilinear", "nearest")):
        options = {"fill_mode": fill, "interpolation": way, "fill_value": 7.0}
        found[f"rotation {fill} {way}"] = Case(lambda t, o=options: t.RandomRotation((0.13, 0.13), **o), IMAGES)
        found[f"zoom {fill} {way}"] = Case(lambda t, o=options: t.RandomZoom((0.41, 0.41), (-0.3, -0.3), **o), IMAGES)
        found[f"shift {fill} {way}"] = Case(lambda t, o=options: t.RandomTranslation((0.31, 0.31), (-0.62, -0.62), **o), IMAGES)
    found["zoom of one factor"] = Case(lambda t: t.RandomZoom((0.5, 0.5)), IMAGES[0])
    found["rotation, channels first"] = Case(
        lambda t: t.RandomRotation((-0.2, -0.2), data_format=FIRST), np.moveaxis(IMAGES, -1, 1).copy()
    )
    return found


CASES: dict[str, Case] = {
    **resizings(), **moved(),
    "crop": Case(lambda t: t.CenterCrop(3, 4), IMAGES), "crop of bytes": Case(lambda t: t.CenterCrop(3, 3), BYTES),
    "crop larger than the image": Case(lambda t: t.CenterCrop(8, 6), IMAGES),
    "crop, channels first": Case(lambda t: t.CenterCrop(3, 4, data_format=FIRST), np.moveaxis(IMAGES, -1, 1).copy()),
    "random crop larger than the image": Case(lambda t: t.RandomCrop(8, 6), IMAGES),
    "random crop of rows": Case(lambda t: t.RandomCrop(5, 4), IMAGES),
    "contrast": Case(lambda t: t.RandomContrast((0.0, 0.0)), IMAGES),
    "brightness": Case(lambda t: t.RandomBrightness((0.2, 0.2)), IMAGES),
    "brightness down, another range": Case(lambda t: t.RandomBrightness((-0.4, -0.4), value_range=(0, 100)), IMAGES[0]),
    "rescaling": Case(lambda t: t.Rescaling(1 / 127.5, -1), BYTES), "rescaling of each channel": Case(
        lambda t: t.Rescaling([0.1, 0.2, 0.3], offset=[1.0, 2.0, 3.0]), IMAGES),
    "normalization": Case(lambda t: t.Normalization(), ROWS, ROWS[:5] * 2),
    "normalization of all": Case(lambda t: t.Normalization(axis=None), ROWS, ROWS),
    "normalization of one axis": Case(lambda t: t.Normalization(axis=None), ROWS[:, 0], ROWS[:, 0]),
    "normalization of two axes": Case(lambda t: t.Normalization(axis=(1, -1)), CUBE, CUBE),
    "normalization of the first axis": Case(lambda t: t.Normalization(axis=1), CUBE, CUBE),
    "normalization inverted": Case(lambda t: t.Normalization(invert=True), ROWS, ROWS),
    "normalization given": Case(lambda t: t.Normalization(mean=[1.0, 2, 3, 4], variance=[1.0, 4, 9, 0]), ROWS),
    "normalization given one": Case(lambda t: t.Normalization(axis=None, mean=2.0, variance=4.0), CUBE),
    "normalization of batches": Case(lambda t: t.Normalization(), ROWS, [ROWS[:2], ROWS[2:]]),
}  # fmt: skip


def made(layers: Any, case: Case) -> Any:
    """The layer, that has learned what it is to learn."""
    layer = case.make(layers)
    if case.adapted is not None:
        layer.adapt(case.adapted)
    return layer


def called(layer: Any, case: Case) -> Any:
    """What it gives while training, if that is another thing for it."""
    return layer(case.inputs, training=True) if type(layer).__name__.startswith("Random") else layer(case.inputs)


def recorded() -> dict[str, Any]:
    """What Keras gives."""
    import keras

    found = {}
    for name, case in CASES.items():
        given = called(made(keras.layers, case), case)
        found[f"preprocessing/{name}/result"] = keras.ops.convert_to_numpy(given)
    return found
