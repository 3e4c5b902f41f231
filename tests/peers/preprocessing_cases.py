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


WORDS = np.array([["cat", "dog"], ["emu", "cat"], ["", "ant"], ["dog", "[UNK]"], ["cat", "yak"]])
IDS = np.array([[3, 7], [-1, 3], [0, 12], [7, 99], [3, 3]])
LABELS = np.array([[0, 2], [1, 1], [3, 9]])
KNOWN = ["cat", "dog", "emu"]
TEXTS = [
    "The cat, the dog!", "a DOG & a cat's emu", "  ÄPFEL\tund Birnen (und Äpfel)  ", "", "dog dog dog; cat", "x-ray under_score [UNK] unk",
]  # fmt: skip
MODES = ("int", "one_hot", "multi_hot", "count")


def coloured() -> dict[str, Case]:
    """Images in other colours."""
    small = (IMAGES / 255).astype(np.float32)
    return {
        "contrast stretched": Case(lambda t: t.AutoContrast(), IMAGES), "contrast stretched, floats": Case(
            lambda t: t.AutoContrast(value_range=(0, 1)), small), "contrast of one level": Case(lambda t: t.AutoContrast(), IMAGES * 0 + 7),
        "solarized": Case(lambda t: t.Solarization(), IMAGES),
        "solarized floats": Case(lambda t: t.Solarization(value_range=(0, 1)), small),
        "inverted": Case(lambda t: t.RandomInvert((1.0, 1.0)), IMAGES), "inverted floats": Case(
            lambda t: t.RandomInvert((1.0, 1.0), value_range=(0, 1)), small[0]),
        "three bits": Case(lambda t: t.RandomPosterization((3, 3)), IMAGES), "grey": Case(lambda t: t.RandomGrayscale(1.0), IMAGES),
        "less colour": Case(lambda t: t.RandomSaturation((0.3, 0.3)), IMAGES),
        "more colour": Case(lambda t: t.RandomSaturation((0.6, 0.6), value_range=(0, 1)), small),
        "towards grey": Case(lambda t: t.RandomColorDegeneration((0.4, 0.4)), IMAGES),
        "sharper": Case(lambda t: t.RandomSharpness((0.9, 0.9)), IMAGES), "smoother": Case(lambda t: t.RandomSharpness((0.1, 0.1)), IMAGES),
        "blurred": Case(lambda t: t.RandomGaussianBlur((1.0, 1.0), 5, (0.7, 0.7)), IMAGES),
        "the same hue": Case(lambda t: t.RandomHue((0.0, 0.0)), IMAGES),
        "the opposite hue": Case(lambda t: t.RandomHue((1.0, 1.0)), IMAGES),
    }  # fmt: skip


def lookups() -> dict[str, Case]:
    """Vocabularies given and learned, in every mode."""
    found = {}
    for mode in MODES:
        found[f"words {mode}"] = Case(lambda t, m=mode: t.StringLookup(vocabulary=KNOWN, output_mode=m), WORDS)
        found[f"words learned {mode}"] = Case(lambda t, m=mode: t.StringLookup(output_mode=m, mask_token=""), WORDS, WORDS)
        found[f"words padded {mode}"] = Case(
            lambda t, m=mode: t.StringLookup(max_tokens=9, pad_to_max_tokens=True, output_mode=m, num_oov_indices=2), WORDS, WORDS.ravel())
        found[f"integers {mode}"] = Case(lambda t, m=mode: t.IntegerLookup(vocabulary=[3, 7], output_mode=m), IDS)
        found[f"integers learned {mode}"] = Case(lambda t, m=mode: t.IntegerLookup(max_tokens=4, output_mode=m, mask_token=0), IDS, IDS)
        found[f"text {mode}"] = Case(lambda t, m=mode: t.TextVectorization(output_mode=m), TEXTS, TEXTS)
        found[f"hashes {mode}"] = Case(lambda t, m=mode: t.Hashing(7, output_mode=m), WORDS)
        found[f"bins {mode}"] = Case(lambda t, m=mode: t.Discretization([-1.0, 0.5, 2.0], output_mode=m), ROWS)
        found[f"bins learned {mode}"] = Case(
            lambda t, m=mode: t.Discretization(num_bins=4, output_mode=m), ROWS[:, 0], np.sin(np.arange(900.0)))
        if mode != "int":
            found[f"classes {mode}"] = Case(lambda t, m=mode: t.CategoryEncoding(5, output_mode=m), LABELS % 5)
            found[f"classes of one column {mode}"] = Case(lambda t, m=mode: t.CategoryEncoding(5, output_mode=m), LABELS[:, :1])
            found[f"classes of one row {mode}"] = Case(lambda t, m=mode: t.CategoryEncoding(5, output_mode=m), LABELS[0])
    return found


def texts() -> dict[str, Case]:
    """Ways to standardise, cut and join."""
    options: list[dict[str, Any]] = [
        *({"standardize": way} for way in ("lower", "strip_punctuation", None)), {"split": "character"}, {"split": None}, {"ngrams": 2},
        {"ngrams": (1, 3), "output_mode": "count"}, {"output_sequence_length": 3}, {"output_sequence_length": 9}, {"max_tokens": 5},
        {"max_tokens": 40, "pad_to_max_tokens": True, "output_mode": "multi_hot"}, {"output_mode": "tf_idf"},
        {"output_mode": "tf_idf", "max_tokens": 30, "pad_to_max_tokens": True, "ngrams": 2},
    ]  # fmt: skip
    found = {f"text {number}: {' '.join(one)}": Case(lambda t, o=one: t.TextVectorization(**o), TEXTS, TEXTS)
             for number, one in enumerate(options)}  # fmt: skip
    found["text given"] = Case(lambda t: t.TextVectorization(vocabulary=["the", "cat"]), np.array(TEXTS)[:, None])
    found["text weighed"] = Case(
        lambda t: t.TextVectorization(vocabulary=["the", "cat", "dog"], idf_weights=[0.5, 1.0, 2.0], output_mode="tf_idf"), TEXTS)
    return found


CASES: dict[str, Case] = {
    **resizings(), **moved(), **coloured(), **lookups(), **texts(),
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
    "words masked": Case(lambda t: t.StringLookup(vocabulary=KNOWN, mask_token="", output_mode="multi_hot"), WORDS),
    "words without bins": Case(lambda t: t.StringLookup(vocabulary=KNOWN, num_oov_indices=0), WORDS[0]),
    "words in five bins": Case(lambda t: t.StringLookup(vocabulary=KNOWN[:1], num_oov_indices=5), WORDS),
    "words in five salted bins": Case(lambda t: t.StringLookup(vocabulary=KNOWN[:1], num_oov_indices=5, salt=[3, 4]), WORDS),
    "words, weighed": Case(lambda t: t.StringLookup(vocabulary=KNOWN, idf_weights=[1.0, 2.0, 0.5], output_mode="tf_idf"), WORDS),
    "words learned, weighed": Case(lambda t: t.StringLookup(output_mode="tf_idf", max_tokens=4), WORDS, WORDS),
    "words, front given": Case(lambda t: t.StringLookup(vocabulary=["[UNK]", *KNOWN]), WORDS),
    "one word": Case(lambda t: t.StringLookup(vocabulary=KNOWN), "dog"),
    "words of one row": Case(lambda t: t.StringLookup(vocabulary=KNOWN, output_mode="count"), WORDS[0]),
    "integers in three bins": Case(lambda t: t.IntegerLookup(vocabulary=[3], num_oov_indices=3), IDS),
    "integers in three hashed bins": Case(lambda t: t.IntegerLookup(vocabulary=[3], num_oov_indices=3, oov_method="farmhash"), IDS),
    "integers inverted": Case(lambda t: t.IntegerLookup(vocabulary=[3, 7], invert=True), np.array([0, 1, 2, 5])),
    "hashes of integers": Case(lambda t: t.Hashing(50), IDS), "hashes masked": Case(lambda t: t.Hashing(4, mask_value=""), WORDS),
    "hashes salted": Case(lambda t: t.Hashing(50, salt=133), WORDS), "hashes of two salts": Case(lambda t: t.Hashing(50, salt=(1, 2)), IDS),
    "crossed": Case(lambda t: t.HashedCrossing(99), [WORDS[:, 0], IDS[:, 1]]),
    "crossed columns": Case(lambda t: t.HashedCrossing(99), [WORDS[:, :1], IDS[:, :1], WORDS[:, 1:]]),
    "crossed, one-hot": Case(lambda t: t.HashedCrossing(5, output_mode="one_hot"), [WORDS[:, 0], IDS[:, 1]]),
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
