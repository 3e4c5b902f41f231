"""HDF5 files of Keras 1 to 3: whole models and weights, read and written; hostile ones."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, FileError, GradwerkError, ShapeError
from gradwerk.keras import layers
from gradwerk.keras.saving.legacy_config import compile_config, modern
from tests.peers import old_models
from tests.peers.old_models import FOLDER, RECORDED


@pytest.mark.parametrize("name", RECORDED)
def test_files_of_keras_2_and_3(name: str, tmp_path: Path) -> None:
    """Predictions and measures are those of the Keras that wrote it; written again and read they are equal."""
    answers, measures = RECORDED[name]
    case = name.partition("_")[2]
    model = keras.models.load_model(FOLDER / f"{name}.h5")
    x, y = old_models.data_of(case)
    for got, expected in zip(old_models.rounded(model.predict(x, verbose=0)), answers, strict=True):
        np.testing.assert_allclose(got, expected, atol=2e-6)
    np.testing.assert_allclose(np.ravel(model.evaluate(x, y, verbose=0))[0], measures[0], rtol=1e-4)
    assert int(model.optimizer.iterations.item()) == 2, "the optimizer's state is read"
    model.save(tmp_path / "again.hdf5")
    twin = keras.models.load_model(tmp_path / "again.hdf5")
    losses = [one.fit(x, y, epochs=3, verbose=0, shuffle=False).history["loss"] for one in (model, twin)]
    assert losses[0] == losses[1] or "sequence" in name, "training goes on from the same state"


def small() -> Any:
    return keras.Sequential([
        keras.Input((4,)), layers.Dense(3, activation="relu", name="first"), layers.BatchNormalization(name="second"),
        layers.Dense(2, name="third"),
    ])  # fmt: skip


@pytest.mark.parametrize("name", ["m.h5", "m.keras"])
def test_frozen_layers_and_weights_alone(name: str, tmp_path: Path) -> None:
    x = np.random.default_rng(1).normal(size=(5, 4)).astype(np.float32)
    model = small()
    model.layers[0].trainable = False
    model.save(tmp_path / name)
    twin, other = keras.models.load_model(tmp_path / name), small()
    assert not twin.layers[0].trainable
    assert not twin.compiled
    other.layers[0].trainable = False
    if name == "m.h5":
        other.load_weights(tmp_path / name)
    for one in (twin, other) if name == "m.h5" else (twin,):
        assert one.predict(x, verbose=0).tobytes() == model.predict(x, verbose=0).tobytes()


def test_weights_by_name_and_those_that_do_not_fit(tmp_path: Path) -> None:
    model = small()
    model.save(tmp_path / "m.h5")
    kinds = [layers.Dense(3, name="first"), layers.Dense(5, name="third"), layers.Dense(1, name="other")]
    part = keras.Sequential([keras.Input((4,)), *kinds])
    before = part.layers[2].get_weights()
    with pytest.raises(ArgumentError, match="3 layers with weights, the model has 3|third has|second has"):
        part.load_weights(tmp_path / "m.h5")
    with pytest.raises(ShapeError, match="another model"):
        part.load_weights(tmp_path / "m.h5", by_name=True)
    with pytest.warns(UserWarning, match="2 weights do not fit"):
        part.load_weights(tmp_path / "m.h5", by_name=True, skip_mismatch=True)
    assert np.array_equal(part.layers[0].get_weights()[0], model.layers[0].get_weights()[0])
    assert all(np.array_equal(a, b) for a, b in zip(part.layers[2].get_weights(), before, strict=True))
    with pytest.raises(ArgumentError, match="by_name=True is for files of Keras 2"):
        part.load_weights("m.weights.h5", by_name=True)
    with pytest.raises(ArgumentError, match="a file of weights is called"):
        part.save_weights(tmp_path / "w.h5")


def test_many_names_take_several_attributes(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((1,)), *(layers.Dense(1, name=f"{number:03}" + "x" * 300) for number in range(260))])
    model.save(tmp_path / "m.h5")
    with h5py.File(tmp_path / "m.h5") as file:
        assert "layer_names1" in file["model_weights"].attrs
    twin = keras.models.load_model(tmp_path / "m.h5")
    assert all(np.array_equal(a, b) for a, b in zip(twin.get_weights(), model.get_weights(), strict=True))


def test_old_forms_are_read_as_new_ones() -> None:
    drawn = {"scale": 1.0, "mode": "fan_avg", "distribution": "uniform", "seed": None, "dtype": "float32"}
    first = {"class_name": "Dense", "config": {"name": "d", "units": 2, "batch_input_shape": [None, 3], "kernel_initializer": {
        "class_name": "VarianceScaling", "config": drawn}}}  # fmt: skip
    of_keras_1 = keras.saving.deserialize_keras_object(modern({"class_name": "Sequential", "config": [first]}))
    assert of_keras_1.output_shape == (None, 2)
    attention = {"class_name": "Model", "config": {"name": "m", "layers": [
        {"class_name": "InputLayer", "config": {"batch_input_shape": [None, 3], "dtype": "float32", "sparse": False, "name": "i"},
         "name": "i", "inbound_nodes": []},
        {"class_name": "Add", "config": {"name": "add"}, "name": "add", "inbound_nodes": [[["i", 0, 0, {}], ["i", 0, 0, {}]]]},
        {"class_name": "CuDNNLSTM", "config": {"name": "l", "units": 2}, "name": "l", "inbound_nodes": [[["r", 0, 0, {}]]]},
        {"class_name": "Reshape", "config": {"name": "r", "target_shape": [3, 1]}, "name": "r", "inbound_nodes": [[["add", 0, 0, {}]]]},
    ], "input_layers": [["i", 0, 0]], "output_layers": [["l", 0, 0]]}}  # fmt: skip
    model = keras.saving.deserialize_keras_object(modern(attention))
    assert model.predict(np.ones((2, 3)), verbose=0).shape == (2, 2)
    assert modern({"class_name": "X", "config": {}, "registered_name": "Mine>X"})["module"] == ""
    training = {"optimizer_config": {"class_name": "Adam", "config": {"lr": 0.25, "decay": 0.0}}, "metrics": ["acc"], "loss": {"a": "mse"},
                "loss_weights": {}}  # fmt: skip
    said = compile_config(training)
    assert said["optimizer"]["config"] == {"learning_rate": 0.25}
    assert (said["loss"], said["loss_weights"]) == ({"a": "mse"}, None)


def attribute(name: str, value: Any) -> Callable[[h5py.File], None]:
    def change(file: h5py.File) -> None:
        file.attrs[name] = value

    return change


def external(file: h5py.File) -> None:
    del file["model_weights/first"]
    file["model_weights/first"] = h5py.ExternalLink("/etc/passwd", "/")


def kernel_of(file: h5py.File) -> tuple[h5py.Group, str]:
    """The group of the first kernel, and its name in it."""
    layer = file["model_weights/first"]
    group, _, name = layer.attrs["weight_names"][0].decode().rpartition("/")
    del layer[group][name]
    return layer[group], name


def elsewhere(file: h5py.File) -> None:
    group, name = kernel_of(file)
    group.create_dataset(name, (4, 3), "f4", external=[("/etc/passwd", 0, 48)])


def no_names(file: h5py.File) -> None:
    file["model_weights"].attrs["layer_names"] = np.arange(3)


def larger(file: h5py.File) -> None:
    group, name = kernel_of(file)
    group.create_dataset(name, (1 << 30, 1 << 10), "f4", chunks=(1, 1 << 10), compression="gzip")


HOSTILE: dict[str, tuple[Callable[[h5py.File], None], str]] = {
    "no JSON": (attribute("model_config", "{"), "no JSON"), "no dict": (attribute("model_config", "[1]"), "a dict is needed"),
    "a number": (attribute("model_config", 3), "no JSON"), "no model": (attribute("model_config", "{}"), "holds a dict, no model"),
    "an unknown layer": (attribute("model_config", json.dumps({"class_name": "Sequential", "config": {"layers": [
        {"class_name": "Evil", "config": {}}]}})), "names 'Evil'"),
    "code": (attribute("model_config", json.dumps({"class_name": "Sequential", "config": {"layers": [
        {"class_name": "Lambda", "config": {"function": ["4wEAAAA=", None, None], "function_type": "lambda"}}]}})), "code|function"),
    "an unknown optimizer": (attribute("training_config", json.dumps({"loss": "mse", "optimizer_config": {
        "class_name": "Evil", "config": {}}})), "Evil"),
    "another file": (external, "stands in another file"), "numbers of another file": (elsewhere, "stand in another file"),
    "no names": (no_names, "are no names"), "a larger array": (larger, "another model"),
    "circles": (attribute("model_config", json.dumps({"class_name": "Model", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"units": 2, "name": "a"}, "name": "a", "inbound_nodes": [[["a", 0, 0, {}]]]}],
        "input_layers": [["a", 0, 0]], "output_layers": [["a", 0, 0]]}})), "no inputs are given|can be made"),
}  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused(name: str, tmp_path: Path) -> None:
    keras.utils.clear_session()
    model = small()
    model.compile("sgd", "mse")
    model.save(tmp_path / "m.h5")
    change, words = HOSTILE[name]
    with h5py.File(tmp_path / "m.h5", "r+") as file:
        change(file)
    with pytest.raises(GradwerkError, match=words):
        keras.models.load_model(tmp_path / "m.h5")


def test_files_of_another_kind(tmp_path: Path) -> None:
    model = small()
    model.save_weights(tmp_path / "w.weights.h5")
    shutil.copy(tmp_path / "w.weights.h5", tmp_path / "w.h5")
    with pytest.raises(FileError, match="holds no model, perhaps weights alone"):
        keras.models.load_model(tmp_path / "w.h5")
    with pytest.raises(FileError, match="a name that ends in .weights.h5"):
        model.load_weights(tmp_path / "w.h5")
    (tmp_path / "b.h5").write_bytes(b"nothing")
    with pytest.raises(FileError, match="no HDF5 file"):
        keras.models.load_model(tmp_path / "b.h5")


@pytest.mark.parametrize("name", ["w.weights.h5", "w.h5"])
def test_a_damaged_head_of_weights_is_an_error_that_names_the_file(name: str, tmp_path: Path) -> None:
    """The structure of HDF5 stands in the first bytes; none of them may bring an error of h5py's."""
    model = small()
    model.save_weights(tmp_path / "w.weights.h5") if "weights" in name else model.save(tmp_path / name)
    data, before = (tmp_path / name).read_bytes(), model.get_weights()
    refused = 0
    for place in range(256):
        changed = bytearray(data)
        changed[place] ^= 0x15
        (tmp_path / name).write_bytes(changed)
        try:
            model.load_weights(tmp_path / name)
        except GradwerkError:
            refused += 1
    assert refused > 50
    for one, other in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)
