"""What Keras' legacy preprocessing says of what it is not given.  Its numbers: tests/peers/test_legacy_preprocessing.py."""

from __future__ import annotations

import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, FileError, GradwerkError
from gradwerk.keras.preprocessing import image, sequence, text
from tests.peers.utility_cases import folder_of

IMAGES = np.arange(4 * 5 * 5 * 3, dtype=np.float32).reshape(4, 5, 5, 3)
GENERATOR = image.ImageDataGenerator(validation_split=0.5)
WRONG: list[tuple[Any, type[Exception], str]] = [
    (lambda: text.text_to_word_sequence(3), ArgumentTypeError, "a text"),
    (lambda: text.text_to_word_sequence("a", split=""), ArgumentError, "split"),
    (lambda: text.hashing_trick("a", 1), ArgumentError, "at least 2"), (lambda: text.hashing_trick("a", 9, "sha1"), ArgumentError, "sha1"),
    (lambda: text.Tokenizer(words=3), ArgumentTypeError, "words"),
    (lambda: text.Tokenizer().fit_on_texts("a text"), ArgumentTypeError, "list of texts"),
    (lambda: text.Tokenizer().fit_on_texts([3]), ArgumentTypeError, "texts, or lists"),
    (lambda: text.Tokenizer().sequences_to_matrix([[1]]), DataError, "how many columns"),
    (lambda: text.Tokenizer(3).sequences_to_matrix([[1]], mode="tfidf"), DataError, "tfidf"),
    (lambda: text.Tokenizer(3).sequences_to_matrix([[1]], mode="tf"), ArgumentError, "tf"),
    (lambda: text.tokenizer_from_json("{}"), DataError, "no Tokenizer"),
    (lambda: text.tokenizer_from_json("no json"), DataError, "no Tokenizer"),
    (lambda: sequence.skipgrams([1, 2], 1), DataError, "no word to draw"), (lambda: sequence.make_sampling_table(0), ArgumentError, "size"),
    (lambda: sequence.TimeseriesGenerator(np.ones(5), np.ones(4), 2), ArgumentError, "lengths"),
    (lambda: sequence.TimeseriesGenerator(np.ones(5), np.ones(5), 5), ArgumentError, "no stretch"),
    (lambda: image.apply_affine_transform(IMAGES[0], 3, row_axis=2), ArgumentError, "row_axis"),
    (lambda: image.apply_affine_transform(IMAGES, 3, row_axis=0, col_axis=1, channel_axis=2), GradwerkError, "3 axes"),
    (lambda: image.apply_affine_transform(IMAGES[0], 3, order=3), ArgumentError, "interpolation_order"),
    (lambda: image.apply_affine_transform(IMAGES[0], 3, fill_mode="mirror"), ArgumentError, "mirror"),
    (lambda: image.random_zoom(IMAGES[0], 0.3), ArgumentError, "zoom_range"),
    (lambda: image.smart_resize(IMAGES, 3), ArgumentError, "rows and columns"),
    (lambda: image.ImageDataGenerator(zoom_range="x"), ArgumentError, "zoom_range"),
    (lambda: image.ImageDataGenerator(validation_split=1.5), ArgumentError, "validation_split"),
    (lambda: image.ImageDataGenerator(brightness_range=0.5), ArgumentError, "brightness_range"),
    (lambda: image.ImageDataGenerator(data_format="last"), ArgumentError, "last"),
    (lambda: GENERATOR.flow(IMAGES[0]), GradwerkError, "4 axes"),
    (lambda: GENERATOR.flow(IMAGES, np.ones(3)), ArgumentError, "different lengths"),
    (lambda: GENERATOR.fit(IMAGES[0]), GradwerkError, "4 axes"),
    (lambda: GENERATOR.flow(IMAGES, np.arange(4), subset="training"), ArgumentError, "different classes"),
    (lambda: GENERATOR.flow(IMAGES, subset="test"), ArgumentError, "test"), (lambda: GENERATOR.flow(IMAGES)[9], IndexError, "number 9"),
    (lambda: GENERATOR.flow_from_directory("/nowhere"), FileError, "no folder"),
    (lambda: GENERATOR.flow(IMAGES, batch_size=0), ArgumentError, "batch_size"),
    (lambda: GENERATOR.flow_from_directory(".", class_mode="raw"), ArgumentError, "raw"),
    (lambda: GENERATOR.flow_from_dataframe({"a": ["x.png"]}), ArgumentError, "no column"),
    (lambda: GENERATOR.flow_from_dataframe([1]), ArgumentTypeError, "named columns"),
    (lambda: GENERATOR.flow_from_dataframe({"filename": ["x.png"], "class": [3]}, validate_filenames=False), ArgumentTypeError, "texts"),
    (lambda: GENERATOR.flow_from_dataframe({"filename": [3], "class": ["a"]}), ArgumentTypeError, "file names"),
    (lambda: GENERATOR.flow_from_dataframe({}, colour=3), ArgumentTypeError, "colour"),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(WRONG)))
def test_what_does_not_fit_is_said(number: int) -> None:
    call, error, says = WRONG[number]
    with pytest.raises(error, match=says) as caught:
        call()
    assert isinstance(caught.value, GradwerkError)


@pytest.mark.parametrize("module", ["image", "sequence", "text"])
def test_names_are_where_keras_2_has_them(module: str) -> None:
    found = importlib.import_module(f"gradwerk.keras.preprocessing.{module}")
    assert getattr(keras.preprocessing, module) is found and all(hasattr(found, name) for name in found.__all__)
    with pytest.raises(AttributeError):
        keras.preprocessing.nonesuch  # noqa: B018


def test_changed_images_are_written(tmp_path: Path) -> None:
    made = GENERATOR.flow(IMAGES, batch_size=3, save_to_dir=tmp_path, save_prefix="changed", save_format="jpeg")
    next(made)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 3 and all(name.startswith("changed_") and name.endswith(".jpeg") for name in names)


def test_a_model_is_trained_on_them(tmp_path: Path) -> None:
    generator = image.ImageDataGenerator(rescale=1 / 255, rotation_range=5, validation_split=0.3)
    folder = folder_of(tmp_path, "png")
    train, test = (generator.flow_from_directory(folder, (6, 6), batch_size=4, subset=part, seed=1) for part in ("training", "validation"))
    model = keras.Sequential([keras.Input((6, 6, 3)), keras.layers.Flatten(), keras.layers.Dense(train.num_classes, "softmax")])
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train, validation_data=test, epochs=2, verbose=0)
    assert len(history.history["val_loss"]) == 2 and np.isfinite(history.history["loss"]).all()
    stretches = sequence.TimeseriesGenerator(np.arange(40.0)[:, None] / 40, np.arange(40.0) / 40, 4, batch_size=8)
    line = keras.Sequential([keras.Input((4, 1)), keras.layers.Flatten(), keras.layers.Dense(1)])
    line.compile("sgd", "mse")
    losses = line.fit(stretches, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
