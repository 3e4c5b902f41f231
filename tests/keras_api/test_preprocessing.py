"""Preprocessing layers: what is drawn, what is learned from data, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError, GradwerkError, ShapeError, StateError
from gradwerk.keras import layers
from gradwerk.tensor.tensor import Tensor
from tests.keras_api.preprocessing_layers import PREPROCESSING, RANDOM

RNG = np.random.default_rng(3)
IMAGES = RNG.normal(size=(64, 6, 7, 2)).astype(np.float32)
each_random = pytest.mark.parametrize("make", RANDOM, ids=lambda make: type(make()).__name__)


@each_random
def test_what_is_drawn(make: Any) -> None:
    """By the seed alone, another at each call, for each image; nothing in inference; channels first are the same."""
    one, twin, first = make(seed=4), make(seed=4), make(seed=4, data_format="channels_first")
    before = one(IMAGES, training=False).numpy()
    np.testing.assert_array_equal(before, IMAGES)
    drawn = one(IMAGES).numpy()
    assert twin(IMAGES).numpy().tobytes() == drawn.tobytes()
    assert twin(IMAGES).numpy().tobytes() != drawn.tobytes()
    assert drawn.shape == one.compute_output_shape(IMAGES.shape)
    moved = first(np.moveaxis(IMAGES, -1, 1)).numpy()
    np.testing.assert_allclose(np.moveaxis(moved, 1, -1), drawn, rtol=1e-5, atol=1e-5)
    same = make()(np.repeat(IMAGES[:1], 64, 0)).numpy()
    assert len({image.tobytes() for image in same}) > 1 or type(one) is layers.RandomCrop
    alone = make(seed=4)(IMAGES[0]).numpy()
    np.testing.assert_allclose(alone, make(seed=4)(IMAGES[:1]).numpy()[0], rtol=1e-5, atol=1e-5)


@each_random
def test_masks_go_with_their_images(make: Any) -> None:
    """Whole numbers as image and as mask: what stands where is equal, but for colours, and for what lies between two pixels."""
    pixels = np.broadcast_to(np.arange(42.0).reshape(1, 6, 7, 1), (8, 6, 7, 1)).astype(np.float32)
    layer = make(seed=2)
    if hasattr(layer, "interpolation"):
        layer.interpolation = "nearest"
    found = layer({"images": pixels, "segmentation_masks": pixels.astype(np.int32), "labels": np.arange(8)})
    assert found["labels"].numpy().tolist() == list(range(8))
    if "value_range" in layer.get_config():
        assert np.array_equal(found["segmentation_masks"].numpy(), pixels)
    else:
        assert np.array_equal(found["segmentation_masks"].numpy(), found["images"].numpy())
        assert not np.array_equal(found["images"].numpy(), pixels)
    with pytest.raises(ArgumentError, match="bounding boxes are not here yet"):
        layer({"images": pixels, "bounding_boxes": {}})
    with pytest.raises(ArgumentError, match="a dict with images, this has image"):
        layer({"image": pixels})


@each_random
def test_in_a_model_that_trains(make: Any) -> None:
    """The compiled step draws anew at each batch; prediction draws nothing."""
    model = keras.Sequential([keras.Input((6, 7, 2)), make(), layers.GlobalAveragePooling2D(), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(IMAGES, np.zeros(64), verbose=0, epochs=2).history["loss"]).all()
    assert np.array_equal(model.predict(IMAGES, verbose=0), model.predict(IMAGES, verbose=0))


def test_distributions() -> None:
    many = np.zeros((4000, 1, 1, 1), np.float32)
    lights = layers.RandomBrightness((-0.2, 0.4), value_range=(-1, 1), seed=1)(many).numpy().ravel()
    assert (lights.min(), lights.max(), lights.mean()) == pytest.approx((-0.4, 0.8, 0.2), abs=0.03)
    pair = np.tile(np.array([-1.0, 1.0], np.float32).reshape(1, 1, 2, 1), (4000, 1, 1, 1))
    spread = layers.RandomContrast(0.5, value_range=(-9, 9), seed=1)(pair).numpy()[:, 0, 1, 0]
    assert (spread.min(), spread.max(), spread.mean()) == pytest.approx((1.0, 1.5, 1.25), abs=0.02)
    flipped = layers.RandomFlip("horizontal", seed=1)(pair).numpy()[:, 0, 0, 0] > 0
    assert flipped.mean() == pytest.approx(0.5, abs=0.03)
    line = np.arange(9, dtype=np.float32).reshape(1, 9, 1, 1)
    crop = layers.RandomCrop(3, 1, seed=1)
    wide = np.concatenate([line, line], 2)
    assert {float(crop(wide).numpy()[0, 0, 0, 0]) for _ in range(60)} == set(map(float, range(7)))


def test_learning_from_data() -> None:
    x = RNG.normal(3, 2, (50, 4)).astype(np.float32)
    for data in (x, Tensor(x), [x[:20], x[20:]], ((part, 1) for part in (x[:7], x[7:]))):
        layer = layers.Normalization()
        layer.adapt(data)
        y = layer(x).numpy()
        np.testing.assert_allclose([y.mean(0), y.std(0)], [np.zeros(4), np.ones(4)], atol=1e-5)
    model = keras.Sequential([keras.Input((4,)), layer, layers.Dense(1)])
    before = model.predict(x, verbose=0)
    layer.adapt(x * 2)  # the compiled step follows
    assert not np.allclose(model.predict(x, verbose=0), before)


def test_files(tmp_path: Path) -> None:
    x = RNG.normal(3, 2, (50, 6, 6, 3)).astype(np.float32)
    norm = layers.Normalization()
    norm.adapt(x)
    kinds = [norm, layers.Resizing(4, 4), layers.CenterCrop(3, 3), *(make() for make in RANDOM if type(make()) is not layers.RandomCrop)]
    model = keras.Sequential([keras.Input((6, 6, 3)), *kinds, layers.Rescaling(2.0), layers.Flatten(), layers.Dense(2)])
    model.save(tmp_path / "m.keras")
    twin = keras.models.load_model(tmp_path / "m.keras")
    assert twin.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()
    assert [json.dumps(layer.get_config()) for layer in twin.layers] == [json.dumps(layer.get_config()) for layer in model.layers]


REFUSED: dict[str, tuple[Any, type[GradwerkError], str]] = {
    "mean alone": (lambda: layers.Normalization(mean=1.0), ArgumentError, "given together"),
    "two shapes": (lambda: layers.Normalization(mean=[1.0], variance=[1.0, 2.0]), ArgumentError, "one shape"),
    "more axes": (lambda: layers.Normalization(mean=[[1.0]], variance=[[1.0]]), ArgumentError, "mean has 2 axes"),
    "a text": (lambda: layers.Normalization(mean="a", variance="b"), ArgumentError, "mean is a number"),
    "no axis": (lambda: layers.Normalization(axis=5)(np.zeros((2, 3))), ShapeError, "axis=.5,. of an input of 2 axes"),
    "an axis of text": (lambda: layers.Normalization(axis="rows"), ArgumentError, "axis is an integer"),
    "no extent": (lambda: layers.Normalization()(keras.Input((None,))), ShapeError, "needs to know the extents"),
    "no batch": (lambda: layers.Normalization().adapt([]), DataError, "no batch to learn from"),
    "a number": (lambda: layers.Normalization().adapt(3), ArgumentTypeError, "takes an array"),
    "lists": (lambda: layers.Normalization().adapt([[1.0, 2.0]]), ArgumentTypeError, "batches that are arrays"),
    "given already": (lambda: layers.Normalization(mean=1.0, variance=1.0, axis=None).adapt(np.ones(3)), StateError, "nothing to learn"),
    "another width": (lambda: layers.Normalization().adapt([np.ones((2, 3)), np.ones((2, 4))]), ShapeError, "another shape"),
    "texts": (lambda: layers.Normalization().adapt(np.array(["a"])), ArgumentTypeError, "takes numbers"),
    "unbuilt": (lambda: layers.Normalization().mean, StateError, "knows nothing of its input"),
    "a scale of text": (lambda: layers.Rescaling("1"), ArgumentError, "scale is a number"),
    "a way": (lambda: layers.Resizing(2, 2, "area"), ArgumentError, "interpolation='area' is not known"),
    "a height": (lambda: layers.Resizing(0, 2), ArgumentError, "height must be a positive integer"),
    "both ratios": (lambda: layers.Resizing(2, 2, crop_to_aspect_ratio=True, pad_to_aspect_ratio=True), ArgumentError, "not both"),
    "no image": (lambda: layers.Resizing(2, 2)(np.zeros((2, 3, 3, 0, 1))), ShapeError, "images of 4 axes"),
    "an empty image": (lambda: layers.Resizing(2, 2)(np.zeros((2, 0, 3, 1))), ArgumentError, "no element to read"),
    "grey": (lambda: layers.CenterCrop(2, 2)(np.zeros((3, 3))), ShapeError, "lack the channels axis"),
    "a mode": (lambda: layers.RandomFlip("sideways"), ArgumentError, "mode='sideways' is not known"),
    "a factor": (lambda: layers.RandomRotation(2), ArgumentError, "factor is a number from -1 to 1"),
    "three": (lambda: layers.RandomZoom([0.1, 0.2, 0.3]), ArgumentError, "height_factor is a number"),
    "a zoom of -1": (lambda: layers.RandomZoom(-1.0), ArgumentError, "height_factor is a number"),
    "no width": (lambda: layers.RandomTranslation(0.1, None), ArgumentError, "width_factor is a number"),
    "a fill": (lambda: layers.RandomRotation(0.1, "mirror"), ArgumentError, "fill_mode='mirror' is not known"),
    "a range": (lambda: layers.RandomContrast(0.1, value_range=3), ArgumentError, "value_range is two numbers"),
    "a seed": (lambda: layers.RandomFlip(seed=-1), ArgumentError, "seed is an integer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words):
        call()


def test_the_cases_are_tried() -> None:
    assert {type(case.make()) for case in PREPROCESSING} == {
        layers.Normalization, layers.Rescaling, layers.Resizing, layers.CenterCrop
    }  # fmt: skip
