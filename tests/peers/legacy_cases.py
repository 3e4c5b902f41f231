"""Keras' legacy preprocessing, in either namespace; and what Keras 3.15.1 gave, recorded.

    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.legacy_cases
"""

from __future__ import annotations

import json
import random
import sys
import tempfile
import warnings
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from tests.peers.utility_cases import folder_of, picture

RECORD = Path(__file__).parent / "recorded" / "legacy.npz"
CASES: dict[str, Callable[[Any, Path], Any]] = {}
TEXTS = ["The cat sat on the mat.", "A dog, a CAT; and the mat!", "birds", "", "tab\tand line\nthe"]
FITTED: tuple[dict[str, Any], ...] = (
    {}, {"num_words": 4}, {"oov_token": "<?>"}, {"oov_token": "<?>", "num_words": 5}, {"char_level": True},
    {"lower": False, "filters": "."}, {"split": "t"}, {"analyzer": lambda text: text.split("a")},
)  # fmt: skip


def plain(value: Any) -> Any:
    """As a text, to be compared as it is."""
    return np.array(json.dumps(value))


for number, options in enumerate(FITTED):
    def tokens(keras: Any, folder: Path, options: Any = options) -> Any:
        made = keras.text.Tokenizer(**options)
        made.fit_on_texts(TEXTS)
        made.fit_on_texts([["Two", "words"], "the end"])
        sequences = made.texts_to_sequences([*TEXTS, "the unknown cat"])
        matrices = [made.sequences_to_matrix(sequences, mode=mode).round(6).tolist() for mode in ("binary", "count", "freq", "tfidf")]
        config = made.get_config()
        config["word_docs"], config["index_docs"] = (sorted(json.loads(config[name]).items()) for name in ("word_docs", "index_docs"))
        return plain([sequences, made.sequences_to_texts([*sequences, [1, 99, 2]]), matrices, config])

    CASES[f"Tokenizer {number}"] = tokens


def again(keras: Any, folder: Path) -> Any:
    made = keras.text.Tokenizer(oov_token="x")
    made.fit_on_texts(TEXTS)
    read = keras.text.tokenizer_from_json(made.to_json())
    matrix = read.texts_to_matrix(TEXTS, "tfidf").round(6).tolist()
    return plain([read.texts_to_sequences(TEXTS), read.sequences_to_texts([[1, 2, 3]]), matrix])


def counted(keras: Any, folder: Path) -> Any:
    made = keras.text.Tokenizer(num_words=6)
    made.fit_on_sequences([[1, 2, 2], [3], [2, 5]])
    return made.sequences_to_matrix([[1, 2, 9], [], [5, 5]], mode="tfidf")


CASES |= {
    "tokenizer_from_json": again, "fit_on_sequences": counted,
    "words": lambda keras, folder: plain([keras.text.text_to_word_sequence(text, lower=k % 2 == 0) for k, text in enumerate(TEXTS)]),
    "hashing": lambda keras, folder: plain([keras.text.hashing_trick(text, 20, hash_function="md5") for text in TEXTS]),
    "hashing by a function": lambda keras, folder: plain([keras.text.hashing_trick(text, 7, hash_function=len) for text in TEXTS]),
    "sampling table": lambda keras, folder: keras.sequence.make_sampling_table(30),
    "sampling table of a factor": lambda keras, folder: keras.sequence.make_sampling_table(9, sampling_factor=1e-2),
}  # fmt: skip
WORDS = [1, 5, 0, 2, 5, 3, 7, 1, 4]
for number, options in enumerate((
    {"negative_samples": 0}, {"negative_samples": 0, "shuffle": False}, {"window_size": 2, "seed": 3}, {"categorical": True, "seed": 1},
    {"sampling_table": np.linspace(0.2, 1, 8), "negative_samples": 0.5},
)):  # fmt: skip
    def pairs(keras: Any, folder: Path, options: Any = options) -> Any:
        random.seed(8)
        return plain(keras.sequence.skipgrams(WORDS, 8, **options))

    CASES[f"skipgrams {number}"] = pairs
SERIES = np.arange(60, dtype=np.float32).reshape(30, 2)
for number, options in enumerate((
    {"length": 4}, {"length": 5, "sampling_rate": 2, "batch_size": 3}, {"length": 3, "stride": 2, "start_index": 4, "end_index": 20},
    {"length": 4, "reverse": True, "batch_size": 8}, {"length": 6, "shuffle": True, "batch_size": 5},
)):  # fmt: skip
    def stretches(keras: Any, folder: Path, options: Any = options) -> Any:
        np.random.seed(5)
        made = keras.sequence.TimeseriesGenerator(SERIES, SERIES[:, 0], **options)
        batches = [made[k] for k in range(len(made))]
        return np.concatenate([np.concatenate([x.ravel(), y.ravel()]) for x, y in batches])

    CASES[f"TimeseriesGenerator {number}"] = stretches
IMAGE = picture(3, 8, 11).astype(np.float32)
for mode in ("nearest", "reflect", "wrap", "constant"):
    for number, options in enumerate((
        {"theta": 30}, {"tx": 2.5, "ty": -1.25}, {"shear": 20}, {"zx": 0.6, "zy": 1.7}, {"theta": -100, "tx": 7, "shear": 10, "zx": 1.4},
        {"ty": 40.5, "tx": -33}, {"theta": 15, "order": 0}, {"theta": 45, "zx": 2.5, "zy": 3.5, "cval": 9.0},
    )):  # fmt: skip
        CASES[f"affine {mode} {number}"] = lambda keras, folder, mode=mode, options=options: keras.image.apply_affine_transform(
            IMAGE, row_axis=0, col_axis=1, channel_axis=2, fill_mode=mode, **options
        )
CASES |= {
    "affine first": lambda keras, folder: keras.image.apply_affine_transform(
        IMAGE.transpose(2, 0, 1), theta=12, zx=0.9, fill_mode="reflect"),
    "affine swapped": lambda keras, folder: keras.image.apply_affine_transform(IMAGE, 25, 1, row_axis=1, col_axis=0, channel_axis=2),
    "affine of bytes": lambda keras, folder: keras.image.apply_affine_transform(
        picture(3), theta=33, row_axis=0, col_axis=1, channel_axis=2),
    "affine of one row": lambda keras, folder: keras.image.apply_affine_transform(
        IMAGE[:1], theta=10, tx=0.5, row_axis=0, col_axis=1, channel_axis=2, fill_mode="reflect"),
    "channel shift": lambda keras, folder: keras.image.apply_channel_shift(IMAGE, 31.5, channel_axis=2),
    "brightness": lambda keras, folder: keras.image.apply_brightness_shift(IMAGE, 0.7),
    "brightness unscaled": lambda keras, folder: keras.image.apply_brightness_shift(IMAGE, 1.6, scale=False),
    "brightness outside": lambda keras, folder: keras.image.apply_brightness_shift(IMAGE - 40, 1.3, scale=False),
    "smart_resize": lambda keras, folder: keras.image.smart_resize(IMAGE, (6, 5)),
    "smart_resize of several": lambda keras, folder: keras.image.smart_resize(
        np.stack([IMAGE, IMAGE / 2]), (9, 14), interpolation="nearest"),
}  # fmt: skip
RANDOM = {
    "random_rotation": (40,), "random_shift": (0.3, 0.2), "random_shear": (25,), "random_zoom": ((0.6, 1.3),),
    "random_channel_shift": (60,),
    "random_brightness": ((0.4, 1.5),),
}  # fmt: skip
for name, given in RANDOM.items():
    def drawn(keras: Any, folder: Path, name: str = name, given: Any = given) -> Any:
        np.random.seed(13)
        axes = {} if name == "random_brightness" else {"channel_axis": 2}
        axes |= {"row_axis": 0, "col_axis": 1} if name in ("random_rotation", "random_shift", "random_shear", "random_zoom") else {}
        return getattr(keras.image, name)(IMAGE, *given, **axes)

    CASES[name] = drawn
IMAGES = np.stack([picture(3, 8, 8).astype(np.float32) + k for k in range(7)])
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])
GENERATORS: tuple[dict[str, Any], ...] = (
    {}, {"rescale": 1 / 255}, {"samplewise_center": True, "samplewise_std_normalization": True},
    {"rotation_range": 30, "horizontal_flip": True},
    {"width_shift_range": 0.2, "height_shift_range": 3, "fill_mode": "reflect"},
    {"zoom_range": 0.3, "vertical_flip": True, "shear_range": 12},
    {"zoom_range": (0.5, 0.9), "channel_shift_range": 20.0, "fill_mode": "constant", "cval": 7},
    {"brightness_range": (0.5, 1.5), "rescale": 0.1}, {"preprocessing_function": lambda x: x[::-1] * 2, "width_shift_range": [-2, 1, 3]},
    {"featurewise_center": True, "featurewise_std_normalization": True}, {"zca_whitening": True, "featurewise_center": True},
    {"interpolation_order": 0, "rotation_range": 90, "dtype": "float64"},
)  # fmt: skip
FLOWS: tuple[dict[str, Any], ...] = (
    {"batch_size": 3, "shuffle": False}, {"batch_size": 2, "seed": 4}, {"batch_size": 4, "seed": 1, "sample_weight": np.arange(7.0)},
)  # fmt: skip


def flat(batch: Any) -> Any:
    """All numbers of a batch."""
    parts = batch if isinstance(batch, (tuple, list)) else [batch]
    return np.concatenate([np.asarray(part, np.float64).ravel() if not isinstance(part, list) else flat(part) for part in parts])


def begun(made: Any) -> Any:
    """The first batches, by `next` and by number."""
    found = [flat(next(made)) for _ in range(3)] + [flat(made[k]) for k in range(len(made))]
    return np.concatenate([np.array([float(len(made)), float(made.n)]), *found])


for number, options in enumerate(GENERATORS):
    def changed(keras: Any, folder: Path, number: int = number, options: Any = options) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = keras.image.ImageDataGenerator(**options)
            made.fit(IMAGES, augment=number % 2 == 1, seed=2)
            np.random.seed(6)
            return begun(made.flow(IMAGES, LABELS, **FLOWS[number % 3]))

    CASES[f"flow {number}"] = changed


def parted(keras: Any, folder: Path) -> Any:
    made = keras.image.ImageDataGenerator(validation_split=0.45)
    parts = [made.flow(IMAGES, LABELS, batch_size=2, shuffle=False, subset=subset) for subset in ("training", "validation")]
    return np.concatenate([begun(part) for part in parts] + [begun(made.flow((IMAGES, LABELS * 2), batch_size=5, shuffle=False))])


CASES["flow in parts"] = parted
FOLDERS: tuple[dict[str, Any], ...] = (
    {}, {"class_mode": "sparse", "color_mode": "grayscale"}, {"class_mode": "binary", "classes": ["b", "a"]}, {"class_mode": "input"},
    {"class_mode": None, "color_mode": "rgba", "interpolation": "bilinear"}, {"subset": "training", "seed": 3, "shuffle": True},
    {"subset": "validation", "keep_aspect_ratio": True},
)  # fmt: skip
for number, options in enumerate(FOLDERS):
    def of_folder(keras: Any, folder: Path, options: Any = options) -> Any:
        generator = keras.image.ImageDataGenerator(rescale=1 / 255, horizontal_flip=True, validation_split=0.4)
        np.random.seed(9)
        given = {"target_size": (5, 6), "batch_size": 4, "shuffle": False, "classes": ["a", "b"]} | options
        made = generator.flow_from_directory(str(folder_of(folder, "png")), **given)
        return np.concatenate([begun(made), made.classes, [made.samples, made.num_classes, *made.image_shape]])

    CASES[f"flow_from_directory {number}"] = of_folder
TABLES: tuple[dict[str, Any], ...] = (
    {}, {"class_mode": "raw", "y_col": "value"}, {"class_mode": "raw", "y_col": ["value", "weight"]},
    {"class_mode": "multi_output", "y_col": ["value", "weight"]},
    {"class_mode": "sparse", "weight_col": "weight"}, {"class_mode": "categorical", "classes": ["dog"]}, {"class_mode": None},
    {"class_mode": "categorical", "y_col": "several"}, {"subset": "validation"},
)  # fmt: skip
for number, options in enumerate(TABLES):
    def of_table(keras: Any, folder: Path, options: Any = options) -> Any:
        folder = folder_of(folder, "png")
        names = [f"a/{k}.png" for k in range(3)] + ["b/0.png", "missing.png"]
        table = {"file": names, "class": ["cat", "dog", "cat", "dog", "cat"], "value": [1.5, 2, 3, 4, 5], "weight": [1.0, 0.5, 2, 1, 1],
                 "several": [["x"], ["x", "y"], "y", ["z", "x"], "x"]}  # fmt: skip
        if hasattr(keras, "DataFrame"):
            table = keras.DataFrame(table)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            generator = keras.image.ImageDataGenerator(validation_split=0.5)
            given = {"x_col": "file", "target_size": (5, 6), "batch_size": 2, "shuffle": False} | options
            made = generator.flow_from_dataframe(table, str(folder), **given)
        return np.concatenate([begun(made), [made.samples]])

    CASES[f"flow_from_dataframe {number}"] = of_table


def answers(keras: Any) -> dict[str, Any]:
    """All of them."""
    found = {}
    for name, made in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            value = np.asarray(made(keras, Path(folder)))
        found[name] = value.astype(np.float32) if value.dtype == np.float64 and value.size > 100 else value
    return found


if __name__ == "__main__":
    from keras.src.legacy.preprocessing import image, sequence, text
    from keras.src.utils.image_utils import smart_resize
    from pandas import DataFrame

    image.smart_resize = smart_resize
    np.savez_compressed(RECORD, **answers(SimpleNamespace(image=image, sequence=sequence, text=text, DataFrame=DataFrame)))
    sys.exit(0)
