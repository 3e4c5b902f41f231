"""Preprocessing layers: what is drawn, what is learned from data, and what is refused."""

from __future__ import annotations

import colorsys
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk import keras
from gradwerk.base.errors import (
    ArgumentError,
    ArgumentTypeError,
    DataError,
    DTypeError,
    FileError,
    GradwerkError,
    ShapeError,
    StateError,
    TraceError,
)
from gradwerk.keras import layers
from gradwerk.nn import colours
from gradwerk.tensor.tensor import Tensor
from tests.keras_api.preprocessing_layers import COLOURED, ON_HOST, PREPROCESSING, RANDOM

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


@pytest.mark.parametrize("make", COLOURED, ids=lambda make: type(make()).__name__)
def test_colours(make: Any) -> None:
    """Of three channels alone: drawn for each image by the seed, nothing in inference, channels first are the same."""
    images = RNG.uniform(size=(64, 4, 5, 3)).astype(np.float32)
    one, twin, first = make(seed=4), make(seed=4), make(seed=4, data_format="channels_first")
    np.testing.assert_array_equal(one(images, training=False).numpy(), images)
    drawn = one(images).numpy()
    assert twin(images).numpy().tobytes() == drawn.tobytes()
    np.testing.assert_allclose(np.moveaxis(first(np.moveaxis(images, -1, 1)).numpy(), 1, -1), drawn, rtol=1e-5, atol=1e-6)
    assert len({image.tobytes() for image in make()(np.repeat(images[:1], 64, 0)).numpy()}) > 1
    with pytest.raises(ShapeError, match="three channels"):
        one(images[..., :2])
    model = keras.Sequential([keras.Input((4, 5, 3)), make(), layers.GlobalAveragePooling2D(), layers.Dense(1)])
    model.compile("sgd", "mse")
    assert np.isfinite(model.fit(images, np.zeros(64), verbose=0).history["loss"]).all()


def test_hues_are_those_of_python() -> None:
    images = RNG.uniform(size=(2, 5, 6, 3)).astype(np.float32)
    images[0, 0] = 0.5  # grey has no hue
    expected = np.array([colorsys.rgb_to_hsv(*map(float, pixel)) for pixel in images.reshape(-1, 3)]).reshape(images.shape)
    found = colours.to_hsv(images)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    np.testing.assert_allclose(colours.from_hsv(found), images, atol=1e-6)
    turned = layers.RandomHue((0.4, 0.4), value_range=(0, 1), seed=3)(images).numpy()
    ways = [np.array([colorsys.hsv_to_rgb((h + by) % 1, s, v) for h, s, v in expected.reshape(-1, 3)]).reshape(images.shape)
            for by in (-0.2, 0.2)]  # fmt: skip
    for number in range(2):
        assert min(np.abs(turned[number] - way[number]).max() for way in ways) < 1e-5


def test_images_are_slanted() -> None:
    ramp = np.broadcast_to(np.arange(9.0, dtype=np.float32).reshape(1, 1, 9, 1), (40, 9, 9, 1))
    slanted = layers.RandomShear((0.5, 0.5), fill_mode="nearest", seed=2)(ramp).numpy()[:, 4, 4, 0]
    assert set(slanted.tolist()) == {2.0, 6.0}
    with pytest.raises(ArgumentError, match="y_factor is a number from 0 to 1"):
        layers.RandomShear(0.1, -0.2)


def test_images_and_labels_are_mixed_alike() -> None:
    labels = np.eye(32, dtype=np.float32)
    images = labels.reshape(32, 1, 32, 1)
    found = layers.MixUp(0.4, seed=3)({"images": images, "labels": labels})
    mixed = found["labels"].numpy()
    np.testing.assert_allclose(found["images"].numpy()[:, 0, :, 0], mixed, rtol=1e-6)
    np.testing.assert_allclose(mixed.sum(1), 1, rtol=1e-6)
    assert ((mixed > 0).sum(1) <= 2).all()
    assert ((mixed > 0).sum(1) == 2).mean() > 0.8
    assert sorted((mixed > 0).argmax(1).tolist()) != list(range(32)), "with others, in another order"
    assert np.array_equal(layers.MixUp()(images, training=False).numpy(), images)
    with pytest.raises(ArgumentError, match="alpha is above 0"):
        layers.MixUp(0)


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


@pytest.mark.parametrize(("make", "x"), ON_HOST, ids=lambda one: type(one()).__name__ if callable(one) else "")
def test_on_the_host(make: Any, x: Any) -> None:
    layer = make()
    y = layer(x).numpy()
    twin = type(layer).from_config(layer.get_config())
    assert twin.get_config() == layer.get_config()
    assert twin(x).numpy().tobytes() == y.tobytes()
    assert layer.weights == []
    if isinstance(x[0], (str, list)):
        assert layer(np.array(x)).numpy().tobytes() == y.tobytes()
        expected = [one for one in layer.compute_output_shape(np.shape(x)) if one is not None]
        assert list(y.shape) == expected

    def step(number: Tensor) -> Tensor:
        return layer(x) + number

    with pytest.raises(TraceError, match="computes on the host"):
        gradwerk.compile(step)(Tensor(np.float32(1)))


def test_vocabularies_are_learned() -> None:
    words = layers.StringLookup()
    words.adapt(["b", "a", "b", "c", "c", "b"])
    assert words.get_vocabulary() == ["[UNK]", "b", "c", "a"]
    assert words.get_vocabulary(include_special_tokens=False) == ["b", "c", "a"]
    assert words.vocabulary_size() == 4
    words.adapt(batch for batch in (np.array(["x", "y"]), np.array(["y"])))
    assert words.get_vocabulary() == ["[UNK]", "y", "x"]
    back = layers.StringLookup(vocabulary=words.get_vocabulary(), invert=True)
    assert back([[1, 2], [0, 9]]).tolist() == [["y", "x"], ["[UNK]", "[UNK]"]]
    text = layers.TextVectorization(standardize=np.char.upper, split=np.char.split)
    text.adapt(["a b", "a"])
    assert text.get_vocabulary() == ["", "[UNK]", "A", "B"]
    assert text(np.array([b"a c"])).numpy().tolist() == [[2, 1]]
    found = [batch.numpy().tolist() for batch in map(text, ["b", "a a"])]
    assert found == [[3], [2, 2]]


def test_a_vocabulary_is_read_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "words.txt").write_text("b\na\n", encoding="utf-8")
    (tmp_path / "numbers.txt").write_text("7\n3\n", encoding="utf-8")
    assert layers.StringLookup(vocabulary=str(tmp_path / "words.txt")).get_vocabulary() == ["[UNK]", "b", "a"]
    assert layers.IntegerLookup(vocabulary=str(tmp_path / "numbers.txt"))([3, 7, 0]).numpy().tolist() == [2, 1, 0]
    with pytest.raises(FileError, match="no list of tokens, one a line"):
        layers.IntegerLookup(vocabulary=str(tmp_path / "words.txt"))


def test_models_that_take_texts(tmp_path: Path) -> None:
    texts = np.array(["a b c", "a b", "c c", "d"])
    for mode in ("int", "tf_idf", "multi_hot"):
        text = layers.TextVectorization(output_mode=mode, output_sequence_length=3 if mode == "int" else None)
        text.adapt(texts)
        behind = [layers.Embedding(9, 3), layers.GlobalAveragePooling1D()] if mode == "int" else [layers.Dense(3)]
        plain, kinds = keras.Sequential(behind), (keras.Input((1,), dtype="string"), keras.Input((2,), name="beside"))
        model = keras.Sequential([kinds[0], text, plain])
        y = model.predict(texts, verbose=0, batch_size=3)
        np.testing.assert_allclose(y, plain.predict(text(texts).numpy(), verbose=0), rtol=1e-6)
        assert keras.Sequential([text, plain]).predict(texts, verbose=0).tobytes() == y.tobytes()
        model.save(tmp_path / "m.keras")
        twin = keras.models.load_model(tmp_path / "m.keras")
        assert twin.predict(texts, verbose=0).tobytes() == y.tobytes()
        assert twin.layers[0].get_vocabulary() == text.get_vocabulary()
        twin.layers[0].adapt(["z"])  # what was learned may be learned anew
        both = keras.Model(list(kinds), layers.Concatenate()([plain(text(kinds[0])), kinds[1]]))
        assert both.predict([texts, np.ones((4, 2), np.float32)], verbose=0).shape == (4, 5)
        with pytest.raises(ShapeError, match="several lengths"):
            both.predict([texts, np.ones((3, 2), np.float32)], verbose=0)


def test_a_file_reads_no_other_file_and_names_what_is_damaged(tmp_path: Path) -> None:
    text = layers.StringLookup(output_mode="tf_idf")
    text.adapt([["a", "b"], ["b", "c"]])
    model = keras.Sequential([keras.Input((1,), dtype="string"), text])
    model.save(tmp_path / "m.keras")
    with zipfile.ZipFile(tmp_path / "m.keras") as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    (place,) = [name for name in held if name.endswith(".txt")]
    config = json.loads(held["config.json"])
    config["config"]["layers"][1]["config"]["vocabulary"] = "/etc/passwd"
    broken: list[tuple[dict[str, bytes], str]] = [
        ({"config.json": json.dumps(config).encode()}, "which is not read"), ({place: b"\xff\xfe"}, "no list of tokens"),
        ({place: b"a\na"}, "twice"), ({place: b"a\nb\nc\nd\ne"}, "5 tokens, and idf_weights"),
    ]  # fmt: skip
    for change, words in broken:
        with zipfile.ZipFile(tmp_path / "b.keras", "w") as archive:
            for name, data in (held | change).items():
                archive.writestr(name, data)
        with pytest.raises(GradwerkError, match=words):
            keras.models.load_model(tmp_path / "b.keras")


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
    "two ways to bins": (lambda: layers.Discretization([1.0], num_bins=2), ArgumentError, "one of them"),
    "no bins": (lambda: layers.Discretization(), ArgumentError, "one of them"),
    "boundaries of text": (lambda: layers.Discretization(["a"]), ArgumentError, "a list of numbers"),
    "a share": (lambda: layers.Discretization(num_bins=2, epsilon=2), ArgumentError, "epsilon is a share"),
    "bins given": (lambda: layers.Discretization([1.0]).adapt(np.ones(3)), StateError, "was given its boundaries"),
    "bins not learned": (lambda: layers.Discretization(num_bins=3)(np.ones(3)), StateError, "no boundaries yet"),
    "sparse": (lambda: layers.CategoryEncoding(3, sparse=True), ArgumentError, "sparse=True is not supported here yet"),
    "no classes": (lambda: layers.CategoryEncoding(), ArgumentError, "num_tokens must be a positive integer"),
    "weights of classes": (lambda: layers.CategoryEncoding(3)(np.ones((2, 2), int), count_weights=np.ones((2, 2))), ArgumentError,
                           "count_weights are not used"),
    "hashes of None": (lambda: layers.Hashing(3)([None]), DTypeError, "a text is expected"),
    "no hashes": (lambda: layers.Hashing(0), ArgumentError, "num_bins must be a positive integer"),
    "a salt": (lambda: layers.Hashing(3, salt=(1, 2, 3)), ArgumentError, "salt is a whole number or two"),
    "a dtype": (lambda: layers.Hashing(3, dtype="float32"), ArgumentError, "dtype is int32 or int64"),
    "one input": (lambda: layers.HashedCrossing(3)(["a"]), ArgumentError, "two or more inputs"),
    "two lengths": (lambda: layers.HashedCrossing(3)([["a"], ["b", "c"]]), ShapeError, "inputs of one shape"),
    "numbers as words": (lambda: layers.StringLookup()([1, 2]), DTypeError, "a text is expected"),
    "words as numbers": (lambda: layers.IntegerLookup()(["a"]), DTypeError, "whole numbers are expected"),
    "fractions": (lambda: layers.IntegerLookup()([0.5]), DTypeError, "whole numbers are expected"),
    "lists of several lengths": (lambda: layers.IntegerLookup()([[1], [2, 3]]), DTypeError, "no.* rectangular"),
    "one token at most": (lambda: layers.StringLookup(max_tokens=1), ArgumentError, "max_tokens is an integer of at least 2"),
    "padded to nothing": (lambda: layers.StringLookup(pad_to_max_tokens=True), ArgumentError, "needs max_tokens"),
    "a way of results": (lambda: layers.StringLookup(output_mode="sum"), ArgumentError, "output_mode='sum' is not known"),
    "inverted rows": (lambda: layers.StringLookup(invert=True, output_mode="count"), ArgumentError, "inverted, numbers become tokens"),
    "a word twice": (lambda: layers.StringLookup(vocabulary=["a", "a"]), ArgumentError, "'a' twice"),
    "no word": (lambda: layers.StringLookup(vocabulary=[]), ArgumentError, "an empty vocabulary"),
    "the mask inside": (lambda: layers.StringLookup(vocabulary=["a", "m"], mask_token="m"), ArgumentError, "stands at another place"),
    "too many": (lambda: layers.StringLookup(max_tokens=2, vocabulary=["a", "b"]), ArgumentError, "3 tokens, and max_tokens=2"),
    "weights missing": (lambda: layers.StringLookup(vocabulary=["a"], output_mode="tf_idf"), ArgumentError, "idf_weights are needed"),
    "weights too many": (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0]), ArgumentError, "idf_weights are not used"),
    "weights of others": (lambda: layers.StringLookup(vocabulary=["a"], idf_weights=[1.0, 2], output_mode="tf_idf"), ArgumentError,
                          "1 tokens, and idf_weights"),
    "an unknown word": (lambda: layers.StringLookup(vocabulary=["a"], num_oov_indices=0)(["b"]), DataError, "'b' is not in the vocabulary"),
    "rows of no width": (lambda: layers.StringLookup(output_mode="count")(["b"]), StateError, "no vocabulary yet"),
    "words given": (lambda: layers.StringLookup(vocabulary=["a"]).adapt(["b"]), StateError, "was given its vocabulary"),
    "nothing to learn": (lambda: layers.StringLookup().adapt([]), DataError, "no token to learn"),
    "a file that is missing": (lambda: layers.StringLookup(vocabulary="/nowhere/at/all"), FileError, "nowhere"),
    "salted remainders": (lambda: layers.IntegerLookup(salt=3), ArgumentError, "oov_method='farmhash' alone"),
    "a standard": (lambda: layers.TextVectorization(standardize="upper"), ArgumentError, "standardize='upper' is not known"),
    "neighbours": (lambda: layers.TextVectorization(ngrams=0), ArgumentError, "ngrams is an integer"),
    "a length of rows": (lambda: layers.TextVectorization(output_mode="count", output_sequence_length=3), ArgumentError, "is not used"),
    "two texts in a row": (lambda: layers.TextVectorization()([["a", "b"]]), ShapeError, r"texts \(batch,\) or \(batch, 1\)"),
    "ragged": (lambda: layers.TextVectorization(ragged=True), ArgumentError, "ragged=True is not supported"),
    "bytes in another encoding": (lambda: layers.StringLookup()([b"\xff"]), DTypeError, "bytes that are no text in utf-8"),
    "bits": (lambda: layers.RandomPosterization(9), ArgumentError, "factor is a number from 1 to 8"),
    "an even window": (lambda: layers.RandomGaussianBlur(kernel_size=4), ArgumentError, "kernel_size is odd"),
    "a probability": (lambda: layers.RandomGrayscale(2.0), ArgumentError, "factor is a number from 0 to 1"),
    "a seed": (lambda: layers.RandomFlip(seed=-1), ArgumentError, "seed is an integer"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    call, kind, words = REFUSED[name]
    with pytest.raises(kind, match=words):
        call()


def test_the_cases_are_tried() -> None:
    assert {type(case.make()) for case in PREPROCESSING} == {
        layers.Normalization, layers.Rescaling, layers.Resizing, layers.CenterCrop, layers.Discretization, layers.CategoryEncoding,
        layers.AutoContrast,
    }  # fmt: skip
