"""save_weights and load_weights: by structure, in a new process, all or nothing; and copies of models by copy and pickle."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, FileError, ShapeError, StateError
from gradwerk.io.weights import load
from gradwerk.keras import layers
from tests.keras_api.nests import LAYERS, Subclassed, X, Y, in_a_model

each = pytest.mark.parametrize("name", LAYERS)


@each
def test_a_model_of_the_same_structure_takes_the_weights(name: str, tmp_path: Path) -> None:
    path = tmp_path / "some.weights.safetensors"
    model = in_a_model(name)
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    model.save_weights(path)
    other = in_a_model(name)  # its layers have other names: they are numbered through the whole program
    assert other.layers[-1].name != model.layers[-1].name
    other.load_weights(path)
    assert other.predict(X, verbose=0).tobytes() == model.predict(X, verbose=0).tobytes()
    stored = load(path)
    assert len(stored) == len(model.weights)
    assert "layers.dense.kernel" in stored


def test_places_say_where_a_weight_stands(tmp_path: Path) -> None:
    model = keras.Sequential([
        keras.Input((3,)), layers.Dense(2, name="mine"), layers.ReLU(), layers.Dense(3), layers.BatchNormalization(),
        keras.Sequential([layers.Dense(4)]), LAYERS["list"][0](), LAYERS["list of weights"][0](),
    ])  # fmt: skip
    model.save_weights(str(tmp_path / "a.weights.safetensors"))
    assert sorted(load(tmp_path / "a.weights.safetensors")) == sorted([
        "layers.dense.kernel", "layers.dense.bias", "layers.dense_1.kernel", "layers.dense_1.bias",
        *(f"layers.batch_normalization.{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")),
        "layers.sequential.layers.dense.kernel", "layers.sequential.layers.dense.bias",
        "layers.in_a_list.blocks.0.kernel", "layers.in_a_list.blocks.0.bias",
        *(f"layers.in_a_list.blocks.1.{name}" for name in ("gamma", "beta", "moving_mean", "moving_variance")),
        "layers.in_a_list.blocks.2.scale", "layers.in_a_list.blocks.2.steps",
        "layers.in_a_list.blocks.2.dense.kernel", "layers.in_a_list.blocks.2.dense.bias",
        "layers.weights_in_a_list.weight_0", "layers.weights_in_a_list.weight_1",
    ])  # fmt: skip


SCRIPT = """
import sys
import numpy as np
from tests.keras_api.nests import Subclassed, X

model = Subclassed()
model(X)
model.load_weights(sys.argv[1])
np.save(sys.argv[2], model.predict(X, verbose=0))
"""


def test_a_new_process_reads_them(tmp_path: Path) -> None:
    model = Subclassed()
    model.compile("sgd", "mse")
    model.fit(X, Y, verbose=0)
    model.save_weights(tmp_path / "net.weights.safetensors")
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(root / "src"), str(root), os.environ.get("PYTHONPATH", "")])}
    arguments = [sys.executable, "-c", SCRIPT, str(tmp_path / "net.weights.safetensors"), str(tmp_path / "y.npy")]
    done = subprocess.run(arguments, capture_output=True, text=True, env=environment, timeout=100, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert np.load(tmp_path / "y.npy").tobytes() == model.predict(X, verbose=0).tobytes()


def test_what_does_not_fit_changes_nothing_and_says_what(tmp_path: Path) -> None:
    path = tmp_path / "a.weights.safetensors"
    keras.Sequential([keras.Input((3,)), layers.Dense(4), layers.Dense(2)]).save_weights(path)
    for stack, kind, says in (
        ([layers.Dense(5), layers.Dense(2)], ShapeError, r"layers.dense.kernel: file \(3, 4\), model \(3, 5\)"),
        ([layers.Dense(4)], ArgumentError, r"the model lacks      layers.dense_1.kernel \(4, 2\)"),
        ([layers.Dense(4), layers.Dense(2), layers.Dense(1)], ArgumentError, r"the file lacks       layers.dense_2.kernel \(2, 1\)"),
    ):
        model = keras.Sequential([keras.Input((3,)), *stack])
        before = model.get_weights()
        with pytest.raises(kind, match=says):
            model.load_weights(path)
        assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
        with pytest.warns(UserWarning, match="do not fit and are passed over"):
            model.load_weights(path, skip_mismatch=True)
        assert any(np.array_equal(load(path)["layers.dense.bias"], w) for w in model.get_weights()) or model.layers[0].units == 5


def test_names_of_files(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,)), layers.Dense(1)])
    for name, likely in (
        ("model.h5", "model.weights.h5"), ("m.keras", "m.weights.h5"),
        ("m.safetensors", "m.weights.safetensors"), ("m", "m.weights.safetensors"),
    ):  # fmt: skip
        for call in (model.save_weights, model.load_weights) if not name.endswith(".h5") else (model.save_weights,):
            with pytest.raises(ArgumentError, match=rf"called \*.weights.safetensors[\s\S]*likely: {likely}"):
                call(tmp_path / name)
    path = tmp_path / "m.weights.safetensors"
    with pytest.raises(FileError, match="does not exist"):
        model.load_weights(path)
    model.save_weights(path)
    with pytest.raises(FileError, match="exists"):
        model.save_weights(path, overwrite=False)
    with pytest.raises(FileError, match="cannot write"):
        model.save_weights(tmp_path / "nowhere" / "m.weights.safetensors")
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]
    path.write_bytes(path.read_bytes()[:-3])
    before = model.get_weights()
    with pytest.raises(FileError):
        model.load_weights(path)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    for call in (lambda: keras.Sequential([layers.Dense(1)]).save_weights(path), lambda: Subclassed().load_weights(path)):
        with pytest.raises(StateError, match="build the model first"):
            call()


def pickled(value: Any) -> Any:
    return pickle.loads(pickle.dumps(value))


@each
@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled])
@pytest.mark.parametrize("fitted", [False, True])
def test_a_copied_model_goes_on_by_itself(name: str, duplicate: Callable[[Any], Any], fitted: bool) -> None:
    keras.utils.set_random_seed(2)
    model = in_a_model(name)
    model.compile(keras.optimizers.Adam(0.01), "mse", metrics=["mae"])
    if fitted:
        model.fit(X, Y, epochs=2, batch_size=5, verbose=0)
    other = duplicate(model)
    wanted = model.predict(X, verbose=0)
    assert other.predict(X, verbose=0).tobytes() == wanted.tobytes()
    theirs = other.fit(X, Y, epochs=2, batch_size=5, verbose=0).history
    assert model.predict(X, verbose=0).tobytes() == wanted.tobytes(), "the original stays as it is"
    assert model.fit(X, Y, epochs=2, batch_size=5, verbose=0).history == theirs, "and goes on as the copy did"
    assert [w.tobytes() for w in model.get_weights()] == [w.tobytes() for w in other.get_weights()]
    other.layers[0].trainable = False
    assert model.layers[0].trainable


@pytest.mark.parametrize("duplicate", [copy.deepcopy, pickled])
def test_layers_losses_metrics_and_optimizers_copy(duplicate: Callable[[Any], Any]) -> None:
    for layer in (layers.Dense(3), layers.LSTM(2), layers.Dropout(0.5, seed=1), layers.BatchNormalization()):
        x = np.ones((2, 4, 3), np.float32)
        wanted = layer(x).numpy()
        other = duplicate(layer)
        assert other(x).numpy().tobytes() == wanted.tobytes()
        assert other(x, training=True).numpy().tobytes() == layer(x, training=True).numpy().tobytes()
    accuracy = keras.metrics.BinaryAccuracy(threshold=0.3)
    accuracy.update_state([1, 0], [0.4, 0.4])
    twin = duplicate(accuracy)
    twin.update_state([1, 1], [0.4, 0.4])
    assert (float(accuracy.result()), float(twin.result())) == (0.5, 0.75)
    loss = duplicate(keras.losses.BinaryCrossentropy(reduction="sum"))
    assert loss.reduction == "sum"
    optimizer = duplicate(keras.optimizers.SGD(0.3, momentum=0.5))
    assert (float(optimizer.learning_rate), optimizer.momentum) == (np.float32(0.3), 0.5)


def test_a_name_that_no_file_can_have_is_one_clear_error() -> None:
    model = in_a_model(LAYERS[0] if isinstance(LAYERS, list) else next(iter(LAYERS)))
    model(X)
    for overwrite in (True, False):
        with pytest.raises(FileError, match="cannot write"):
            model.save_weights(f"{'a' * 400}.weights.safetensors", overwrite=overwrite)
