"""What keras.utils reads goes into models; and objects as Keras 2 wrote them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError
from gradwerk.data.dataset import Dataset
from gradwerk.keras import layers
from gradwerk.keras.utils import legacy
from tests.peers.utility_cases import folder_of


def test_a_model_is_trained_on_a_folder_of_pictures(tmp_path: Path) -> None:
    keras.utils.set_random_seed(0)
    train, test = keras.utils.image_dataset_from_directory(
        folder_of(tmp_path, "png"), validation_split=0.3, subset="both", seed=1, image_size=(6, 6), batch_size=4, verbose=False
    )
    model = keras.Sequential([keras.Input((6, 6, 3)), layers.Rescaling(1 / 255), layers.Flatten(), layers.Dense(2, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(train, validation_data=test, epochs=3, verbose=0).history
    assert len(history["val_loss"]) == 3 and history["loss"][2] < history["loss"][0]
    assert model.predict(test, verbose=0).shape == (2, 2)


def test_texts_are_numbered_on_their_way(tmp_path: Path) -> None:
    texts = keras.utils.text_dataset_from_directory(folder_of(tmp_path, "txt"), seed=2, batch_size=3, verbose=False)
    numbers = layers.TextVectorization(max_tokens=20, output_sequence_length=4)
    numbers.adapt(texts.map(lambda text, label: text))
    data = texts.map(lambda text, label: (numbers(text), label))
    assert {int(word) for x, _ in data for word in x.numpy().ravel()} <= set(range(20))
    model = keras.Sequential([keras.Input((4,), dtype="int64"), layers.Embedding(20, 3), layers.Flatten(), layers.Dense(1, "sigmoid")])
    model.compile("adam", "binary_crossentropy")
    losses = model.fit(data, epochs=3, verbose=0).history["loss"]
    assert losses[2] < losses[0]


def test_a_chain_without_an_end_is_trained_on_by_steps() -> None:
    random = np.random.default_rng(0)
    x = random.normal(size=(20, 3)).astype(np.float32)
    data = Dataset.from_tensor_slices((x, x.sum(1))).shuffle(20, seed=1).batch(4).repeat().prefetch(2)
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    losses = model.fit(data, steps_per_epoch=5, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]


def test_channels_stand_where_the_settings_say(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, "png")
    given = {"image_size": (4, 5), "verbose": False}
    try:
        keras.config.set_image_data_format("channels_first")
        keras.config.set_floatx("float64")
        picture = keras.utils.img_to_array(keras.utils.load_img(folder / "a" / "0.png"))
        assert picture.shape[0] == 3 and picture.dtype == np.float64 and keras.utils.array_to_img(picture).size == picture.shape[:0:-1]
        assert keras.utils.image_dataset_from_directory(folder, **given).element_spec[0].shape == (None, 3, 4, 5)
        flow = keras.preprocessing.image.ImageDataGenerator(rotation_range=5).flow_from_directory(folder, (4, 5))
        assert flow.image_shape == (3, 4, 5) and next(flow)[0].dtype == np.float64
    finally:
        keras.config.set_image_data_format("channels_last")
        keras.config.set_floatx("float32")


def test_objects_as_keras_2_wrote_them() -> None:
    known = {"Dense": layers.Dense, "relu": keras.activations.relu}
    written = legacy.serialize_keras_object(layers.Dense(3, name="wide"))
    assert written["class_name"] == "Dense" and written["config"]["units"] == 3
    made = legacy.deserialize_keras_object(written, module_objects=known)
    assert isinstance(made, layers.Dense) and made.units == 3 and made.name == "wide"
    assert legacy.serialize_keras_object(None) is None and legacy.serialize_keras_object(keras.activations.relu) == "relu"
    assert legacy.deserialize_keras_object("relu", known) is keras.activations.relu
    assert legacy.deserialize_keras_object("mine", known, {"mine": 3.5}) == 3.5 and legacy.deserialize_keras_object(3) == 3
    for wrong in ("relo", {"class_name": "Dence", "config": {}}, {"config": {}}):
        with pytest.raises(ArgumentError):
            legacy.deserialize_keras_object(wrong, known)
    with pytest.raises(ArgumentError):
        legacy.serialize_keras_object(3)
