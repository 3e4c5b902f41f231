"""keras.applications: layers, names, parameters, arguments and numbers of Keras 3.15.1; files of weights, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError, ShapeError
from tests.peers import application_cases as cases

RECORDED = json.loads(cases.RECORD.read_text(encoding="utf-8"))


def marked(names: tuple[str, ...], quick: tuple[str, ...]) -> list[Any]:
    """The names, those that are not quick as long tests."""
    return [name if name in quick else pytest.param(name, marks=pytest.mark.long) for name in names]


@pytest.mark.parametrize("name", marked(cases.NAMES, (*cases.HOMES, "VGG19")))
def test_layers_and_numbers_are_keras_own(name: str) -> None:
    assert cases.arguments(getattr(keras.applications, name)) == RECORDED[name]["arguments"]
    model = cases.base(keras, name)
    assert cases.structure(model) == RECORDED[name]["base"]
    if name in cases.HOMES:
        got, theirs = np.array(cases.numbers(keras, name, model)), np.array(RECORDED[name]["numbers"])
        assert np.abs(got - theirs).max() <= 1e-4 * np.abs(theirs).max()


@pytest.mark.parametrize("name", marked(tuple(cases.HOMES), ("MobileNet", "MobileNetV2", "ResNet50")))
def test_the_classifier_is_keras_own(name: str) -> None:
    assert cases.structure(cases.classifier(keras, name)) == RECORDED[name]["whole"]


def test_weights_come_from_a_file_and_features_from_the_middle(tmp_path: Path) -> None:
    model = cases.base(keras, "MobileNetV2", alpha=0.35)
    model.save_weights(tmp_path / "some.weights.h5")
    again = keras.applications.MobileNetV2(
        weights=tmp_path / "some.weights.h5", include_top=False, input_shape=(cases.EXTENT + 21, cases.EXTENT, 3), alpha=0.35
    )
    for one, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
    again.trainable = False
    features = keras.Model(again.input, again.get_layer("block_6_expand_relu").output)
    head = keras.Sequential([features, keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(2)])
    assert head(np.zeros((1, cases.EXTENT + 21, cases.EXTENT, 3), np.float32)).shape == (1, 2) and len(head.trainable_weights) == 2


def test_a_symbolic_value_is_the_input() -> None:
    given = keras.Input((96, 96, 1))
    model = keras.applications.MobileNet(
        weights=None, include_top=False, input_tensor=keras.layers.Concatenate()([given, given, given]), pooling="max", alpha=0.25
    )
    assert model.inputs == [given] and model.output_shape == (None, 256)


def test_what_is_refused(tmp_path: Path) -> None:
    make = keras.applications.ResNet50
    with pytest.raises(ArgumentError, match="there is no file"):
        make(weights="nowhere.h5")
    with pytest.raises(ArgumentError, match="1000 classes, not 10"):
        make(classes=10)
    with pytest.raises(ShapeError, match="is of images of"):
        make(input_shape=(96, 96, 3))
    with pytest.raises(ShapeError, match="32 x 32 at least"):
        make(weights=None, input_shape=(16, 96, 3), include_top=False)
    with pytest.raises(ShapeError, match="three numbers"):
        make(weights=None, input_shape=(1, 96, 96, 3), include_top=False)
    with pytest.raises(ArgumentError, match="one size of images"):
        make(weights=None, input_shape=(None, 96, 3))
    with pytest.raises(ArgumentError, match="'avg', 'max' or None"):
        make(weights=None, include_top=False, pooling="mean")
    with pytest.raises(ArgumentTypeError, match="symbolic value"):
        make(weights=None, include_top=False, input_tensor=np.zeros((1, 96, 96, 3)))
    with pytest.raises(ArgumentError, match="alpha"):
        keras.applications.MobileNetV2(alpha=0.4)
    with pytest.raises(ArgumentError, match="'softmax' or None"):
        make(classifier_activation="relu")


def test_trained_weights_that_cannot_be_had_are_told_of(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    monkeypatch.setattr("gradwerk.keras.applications.making.ADDRESS", (tmp_path / "nothing").as_uri())
    with pytest.raises(FileError, match="put the file there yourself"):
        keras.applications.MobileNetV2(include_top=False, input_shape=(96, 96, 3), alpha=0.35)


@pytest.mark.parametrize("mode", ["caffe", "tf", "torch"])
@pytest.mark.parametrize("data_format", ["channels_last", "channels_first"])
def test_pixels_are_prepared_alike_as_arrays_and_tensors(mode: str, data_format: str) -> None:
    random = np.random.default_rng(1)
    pixels = random.integers(0, 256, (2, 4, 5, 3) if data_format == "channels_last" else (2, 3, 4, 5))
    prepare = keras.applications.imagenet_utils.preprocess_input
    got = prepare(pixels.astype(np.uint8), data_format, mode)
    axis = 3 if data_format == "channels_last" else 1
    exact = np.moveaxis(pixels, axis, -1).astype(float)
    if mode == "caffe":
        exact = exact[..., ::-1] - [103.939, 116.779, 123.68]
    elif mode == "tf":
        exact = exact / 127.5 - 1
    else:
        exact = (exact / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(got, np.moveaxis(exact, -1, axis), rtol=1e-5, atol=1e-5)
    of_tensor = prepare(keras.ops.convert_to_tensor(pixels, "float32"), data_format, mode)
    np.testing.assert_allclose(of_tensor, got, rtol=1e-5, atol=1e-5)
    kept = pixels.astype(np.float32)
    prepare(kept, data_format, mode)
    np.testing.assert_array_equal(kept, pixels)
    with pytest.raises(ShapeError):
        prepare(np.zeros((3, 3)), data_format, "torch")


def test_classes_by_their_names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    index = {str(at): [f"n{at:08}", f"thing_{at}"] for at in range(1000)}
    file = tmp_path / "index.json"
    file.write_text(json.dumps(index), encoding="utf-8")
    module = keras.applications.imagenet_utils
    monkeypatch.setattr(module, "get_file", lambda *args, **named: str(file))
    module._names.cache_clear()
    scores = np.zeros((1, 1000), np.float32)
    scores[0, [3, 998]] = 0.7, 0.2
    assert [each[:2] for each in keras.applications.resnet50.decode_predictions(scores, top=2)[0]] == [
        ("n00000003", "thing_3"), ("n00000998", "thing_998"),
    ]  # fmt: skip
    module._names.cache_clear()
    with pytest.raises(ShapeError, match="samples, 1000"):
        module.decode_predictions(np.zeros((2, 10)))
