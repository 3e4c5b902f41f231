"""Models as files and as plain data: what is written is read again, by Keras too (tests/peers/test_saving.py), and never run."""

from __future__ import annotations

import functools
import io
import json
import operator
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, FileError, GradwerkError, ShapeError, StateError
from gradwerk.keras import layers, saving
from gradwerk.keras.layers.layer import KNOWN
from gradwerk.keras.saving import objects, operations, weights_h5
from tests.peers import drawn_models, saved_models

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def convolutional() -> Any:
    return keras.Sequential([
        keras.Input((6, 6, 1)), layers.Conv2D(3, 3, padding="same", kernel_regularizer="l2", activation="relu"),
        layers.BatchNormalization(), layers.MaxPooling2D(2), layers.Dropout(0.25), layers.Flatten(),
        layers.Dense(2, activation="softmax", kernel_constraint="max_norm"),
    ])  # fmt: skip


def recurrent() -> Any:
    return keras.Sequential([
        keras.Input((5,), dtype="int32"), layers.Embedding(9, 3), layers.LSTM(4, return_sequences=True), layers.LSTM(2, go_backwards=True),
    ])  # fmt: skip


def both_ways() -> Any:
    cells = [layers.LSTMCell(3), layers.GRUCell(2, reset_after=False)]
    return keras.Sequential([
        keras.Input((5,), dtype="int32"), layers.Embedding(9, 3, mask_zero=True),
        layers.Bidirectional(layers.GRU(2, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(3)), layers.RNN(cells, return_sequences=True), layers.SimpleRNN(2, "relu"),
    ])  # fmt: skip


MODELS = {"convolutional": (convolutional, (6, 6, 1)), "recurrent": (recurrent, (5,)), "both ways": (both_ways, (5,))}


def inputs_of(model: Any) -> Any:
    draw = np.random.default_rng(1)
    found = [
        (draw.integers(0, 9, (6, *t.shape[1:])) if t.dtype == "int32" else draw.normal(size=(6, *t.shape[1:])).astype(np.float32))
        for t in model.inputs
    ]
    return found if len(found) > 1 else found[0]


def flat(answers: Any) -> list[Any]:
    return answers if isinstance(answers, list) else [answers]


@pytest.mark.parametrize("name", [*MODELS, *range(4)])
def test_a_model_is_read_as_it_was_written_and_goes_on(name: str | int, tmp_path: Path) -> None:
    """Answers, layers, weights; and training goes on with the optimizer's state to the same losses."""
    model = MODELS[name][0]() if isinstance(name, str) else drawn_models.drawn(keras, name)
    x = inputs_of(model)
    y = [np.random.default_rng(2).normal(size=(6, *t.shape[1:])).astype(np.float32) for t in model.outputs]
    y = y if len(y) > 1 else y[0]
    model.compile("adam", "mse", metrics=None if isinstance(y, list) else ["mae"])
    model.fit(x, y, epochs=2, verbose=0, shuffle=False)
    model.save(tmp_path / "model.keras")
    twin = keras.models.load_model(tmp_path / "model.keras")
    assert [layer.name for layer in twin.layers] == [layer.name for layer in model.layers]
    for one, other in zip(flat(model.predict(x, verbose=0)), flat(twin.predict(x, verbose=0)), strict=True):
        np.testing.assert_array_equal(one, other)
    if name == "convolutional":  # whose dropout draws: both go on from the same weights, but not to the same
        model.fit(x, y, epochs=1, verbose=0)
        twin.set_weights(model.get_weights())
    else:
        losses = [one.fit(x, y, epochs=3, verbose=0, shuffle=False).history["loss"] for one in (model, twin)]
        np.testing.assert_allclose(losses[0], losses[1], rtol=1e-5)
    bare = keras.models.load_model(tmp_path / "model.keras", compile=False)
    assert not bare.compiled and twin.compiled
    np.testing.assert_allclose(twin.evaluate(x, y, verbose=0), model.evaluate(x, y, verbose=0), rtol=1e-4)


@pytest.mark.parametrize("name", [*MODELS, 5])
def test_a_config_makes_an_equal_model_of_other_weights(name: str | int) -> None:
    model = MODELS[name][0]() if isinstance(name, str) else drawn_models.drawn(keras, name)
    x = inputs_of(model)
    for twin in (
        type(model).from_config(json.loads(json.dumps(model.get_config()))), keras.models.clone_model(model),
        keras.models.model_from_json(model.to_json()),
    ):  # fmt: skip
        assert [w.shape for w in twin.weights] == [w.shape for w in model.weights]
        assert not {id(w) for w in twin.weights} & {id(w) for w in model.weights}
        twin.set_weights(model.get_weights())
        for one, other in zip(flat(model.predict(x, verbose=0)), flat(twin.predict(x, verbose=0)), strict=True):
            np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("name", saved_models.CASES)
def test_a_file_of_keras_is_read(name: str) -> None:
    """Frozen: written by Keras 3.15.1 after two steps of Adam; its answers, and the losses of two more steps."""
    answers, losses = saved_models.RECORDED[name]
    model = keras.models.load_model(saved_models.FOLDER / f"{name}.keras")
    x, y = saved_models.data_of(model)
    np.testing.assert_allclose(model.predict(x, verbose=0), answers, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(model.fit(x, y, epochs=2, verbose=0, shuffle=False).history["loss"], losses, rtol=1e-3)


@pytest.mark.parametrize("name", sorted(set(operations.NAMED) & set(layers.__all__)))
def test_a_layer_is_not_taken_for_the_operator_of_its_name(name: str) -> None:
    x = keras.Input((4,))
    model = keras.Model(x, getattr(layers, name)()([x, x * 2.0]) + 1.0)
    twin = keras.models.model_from_json(model.to_json())
    assert [type(layer) for layer in twin.layers] == [type(layer) for layer in model.layers]
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))


def masked_twice() -> Any:
    """As Keras writes masks: operators of their own, which layers are told of by name."""
    x = keras.Input((5, 2))
    masking = layers.Masking(0.5)
    mask = masking.compute_mask(x)
    return keras.Model(x, layers.GlobalAveragePooling1D()(layers.GRU(3, return_sequences=True)(masking(x), mask=mask), mask=mask))


def test_masks_are_operators_in_files() -> None:
    model = masked_twice()
    config = json.loads(model.to_json())
    written = {layer["class_name"]: layer["config"] for layer in config["config"]["layers"]}
    assert written["NotEqual"].keys() == {"name"} and written["Any"] == {"name": written["Any"]["name"], "axis": -1, "keepdims": False}
    x = np.where(np.arange(30).reshape(3, 5, 2) % 10 < 4, 0.5, np.random.default_rng(3).normal(size=(3, 5, 2))).astype(np.float32)
    twin = keras.models.model_from_json(model.to_json())
    assert json.loads(twin.to_json()) == config
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(x, verbose=0), model.predict(x, verbose=0))
    told = functools.reduce(lambda y, layer: layer(y), model.layers[1:], x)
    np.testing.assert_allclose(model.predict(x, verbose=0), told.numpy(), rtol=1e-6)


class Scaled(keras.Model):
    """A model of one's own, with a layer, layers in a list, and an argument."""

    def __init__(self, width: int = 3, name: str | None = None, trainable: bool = True) -> None:
        super().__init__(name=name, trainable=trainable)
        self.width, self.first = width, layers.Dense(width)
        self.rest = [layers.Dense(2, activation="tanh"), layers.Dense(2)]

    def call(self, x: Any) -> Any:
        x = self.first(x)
        for layer in self.rest:
            x = layer(x)
        return x


@pytest.mark.parametrize("ending", [".weights.h5", ".weights.safetensors"])
def test_weights_alone(ending: str, tmp_path: Path) -> None:
    for make in (convolutional, recurrent, Scaled):
        model, twin = make(), make()
        if make is Scaled:
            model(X), twin(X)
        model.save_weights(tmp_path / f"w{ending}")
        twin.load_weights(tmp_path / f"w{ending}")
        for one, other in zip(model.get_weights(), twin.get_weights(), strict=True):
            np.testing.assert_array_equal(one, other)
    other = Scaled(4)
    other(X)
    before = other.get_weights()
    with pytest.raises(ShapeError, match=r"weights of another model[\s\S]*skip_mismatch"):
        other.load_weights(tmp_path / f"w{ending}")
    for one, two in zip(before, other.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)
    with pytest.warns(UserWarning, match="do not fit"):
        other.load_weights(tmp_path / f"w{ending}", skip_mismatch=True)
    np.testing.assert_array_equal(other.get_weights()[-1], model.get_weights()[-1])


def test_a_class_of_ones_own_is_found_by_its_name(tmp_path: Path) -> None:
    class Shifted(layers.Layer):
        def __init__(self, by: float = 1.0, **options: Any) -> None:
            super().__init__(**options)
            self.by = by

        def call(self, x: Any) -> Any:
            return x + self.by

        def get_config(self) -> dict[str, Any]:
            return {**super().get_config(), "by": self.by}

    def squared(y_true: Any, y_pred: Any) -> Any:
        return (y_true - y_pred) ** 2

    x = keras.Input((4,))
    model = keras.Model(x, Shifted(2.5)(layers.Dense(2)(x)))
    model.compile("sgd", squared)
    model.save(tmp_path / "own.keras")
    with pytest.raises(ArgumentError, match=r"names 'Shifted'.*not known here[\s\S]*custom_objects=\{'Shifted': Shifted\}"):
        keras.models.load_model(tmp_path / "own.keras")
    known = {"Shifted": Shifted, "squared": squared}
    with saving.custom_object_scope(known):
        scoped = keras.models.load_model(tmp_path / "own.keras")
    for twin in (keras.models.load_model(tmp_path / "own.keras", custom_objects=known), scoped):
        np.testing.assert_array_equal(twin(X).numpy(), model(X).numpy())
        np.testing.assert_allclose(twin.evaluate(X, X[:, :2], verbose=0), model.evaluate(X, X[:, :2], verbose=0), rtol=1e-6)
    assert saving.get_registered_object("Shifted") is None
    saving.register_keras_serializable("mine")(Shifted)
    try:
        assert saving.get_registered_name(Shifted) == "mine>Shifted" and saving.get_registered_object("mine>Shifted") is Shifted
        model.compile("sgd", "mse")
        model.save(tmp_path / "own.keras")
        np.testing.assert_array_equal(keras.models.load_model(tmp_path / "own.keras")(X).numpy(), model(X).numpy())
    finally:
        saving.get_custom_objects().clear()
    own = Scaled(5)
    own(X)
    own.save(tmp_path / "scaled.keras")
    twin = keras.models.load_model(tmp_path / "scaled.keras", custom_objects={"Scaled": Scaled})
    np.testing.assert_array_equal(twin(X).numpy(), own(X).numpy())


@pytest.mark.parametrize("module", objects.MODULES)
def test_files_name_what_keras_has_and_nothing_else_that_a_module_holds(module: str) -> None:
    anywhere = {name for place in objects.MODULES for name, _ in objects.named_in(place)} | KNOWN.keys()
    held = vars(objects.MODULES[module])
    assert len(held.keys() & anywhere) > 3
    for name in held.keys() - anywhere:
        for config in ({"module": module, "class_name": name, "config": {}}, {"class_name": "function", "config": name}):
            with pytest.raises(ArgumentError, match=f"names '{name}'.*not known here"):
                saving.deserialize_keras_object(config)


def changed(path: Path, config: Any = None, weights: bytes | None = None) -> Path:
    """The archive with another structure, or other weights."""
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    if config is not None:
        held["config.json"] = config if isinstance(config, bytes) else json.dumps(config(json.loads(held["config.json"]))).encode()
    held["model.weights.h5"] = held["model.weights.h5"] if weights is None else weights
    other = path.with_name(f"changed{len(list(path.parent.iterdir()))}.keras")
    with zipfile.ZipFile(other, "w") as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    return other


def test_what_a_stranger_wrote_is_told_and_never_run(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    model.save(path)

    def code(config: Any) -> Any:
        config["config"]["layers"][1]["config"]["activation"] = {"class_name": "__lambda__", "config": {"value": "b64"}}
        return config

    def module(config: Any) -> Any:
        config["config"]["layers"][1].update(module="os", class_name="system", registered_name="system")
        return config

    deep = b'{"class_name": "Sequential", "config": {"layers": [' * 5000
    for other, words in (
        (changed(path, code), "holds code"), (changed(path, module), r"names 'system' of os"),
        (changed(path, b"{"), "is no JSON"), (changed(path, b"[]"), "a dict is needed"), (changed(path, deep), "is no JSON"),
        (changed(path, b'{"class_name": "Dense", "config": 3}'), "config of Dense"),
        (changed(path, lambda c: {**c, "config": {}}), "describes no model"), (changed(path, weights=b"no"), "no HDF5 file"),
    ):  # fmt: skip
        with pytest.raises(GradwerkError, match=words):
            keras.models.load_model(other)
    (tmp_path / "bomb.keras").write_bytes(bomb())
    for name, words in (("bomb.keras", "would take"), ("none.keras", "none.keras"), ("m.pkl", r"called \*\.keras")):
        with pytest.raises(GradwerkError, match=words):
            keras.models.load_model(tmp_path / name)
    with pytest.raises(ArgumentError, match="never run"):
        keras.models.load_model(path, safe_mode=False)


def bomb() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("config.json", b" " * 100_000_000)
        archive.writestr("model.weights.h5", b"")
    return buffer.getvalue()


def test_a_cut_or_changed_file_is_one_error_of_ours(tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(path)
    data = path.read_bytes()
    for cut in range(0, len(data), 997):
        (tmp_path / "cut.keras").write_bytes(data[:cut])
        with pytest.raises(FileError):
            keras.models.load_model(tmp_path / "cut.keras")
    draw = np.random.default_rng(5)
    for _ in range(60):
        bits = bytearray(data)
        bits[draw.integers(len(bits))] ^= 1 << int(draw.integers(8))
        (tmp_path / "bit.keras").write_bytes(bits)
        try:
            keras.models.load_model(tmp_path / "bit.keras")
        except GradwerkError:
            continue


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2])
def test_a_packed_file_with_other_bits_is_one_error_of_ours(method: int, tmp_path: Path) -> None:
    path = tmp_path / "m.keras"
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(path)
    with zipfile.ZipFile(path) as archive:
        held = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "packed.keras", "w", method) as archive:
        for name, data in held.items():
            archive.writestr(name, data)
    data, draw = (tmp_path / "packed.keras").read_bytes(), np.random.default_rng(6)
    for _ in range(30):
        bits = bytearray(data)
        bits[draw.integers(len(bits))] ^= 1 << int(draw.integers(8))
        (tmp_path / "bit.keras").write_bytes(bits)
        try:
            keras.models.load_model(tmp_path / "bit.keras")
        except GradwerkError:
            continue


def _places(tree: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    for name, part in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list) else ():
        yield (*path, name)
        yield from _places(part, (*path, name))


ODD = [
    None, -1, 1e30, "x", [], {}, [None], ["dense", -1, 0], {"class_name": "Dense", "config": {}},
    {"class_name": "__tuple__", "config": {}}, {"class_name": [], "config": 1},
    {"class_name": "__slice__", "config": 3}, {"class_name": "DTypePolicy", "config": 0},
    {"class_name": "function", "config": [1], "module": "builtins"}, functools.reduce(lambda inner, _: [inner], range(400), []),
]  # fmt: skip


def test_an_odd_value_anywhere_in_the_structure_is_one_error_of_ours(tmp_path: Path) -> None:
    path, draw = tmp_path / "m.keras", np.random.default_rng(7)
    x = keras.Input((4,))
    model = keras.Model(x, layers.Dense(2)(x) * 2.0)
    model.compile("sgd", "mse", metrics=["mae"])
    model.save(path)
    with zipfile.ZipFile(path) as archive:
        places = list(_places(json.loads(archive.read("config.json"))))
    for number in draw.permutation(len(places) * len(ODD))[:120]:
        place, odd = places[number // len(ODD)], ODD[number % len(ODD)]

        def put(config: Any, place: Any = place, odd: Any = odd) -> Any:
            functools.reduce(operator.getitem, place[:-1], config)[place[-1]] = odd
            return config

        try:
            keras.models.load_model(changed(path, put))
        except GradwerkError:
            continue


def test_weights_of_another_size_are_not_read(tmp_path: Path) -> None:
    """An array of 4 TB in a file of 2 KB: what is said is its shape."""
    path, buffer = tmp_path / "m.keras", io.BytesIO()
    keras.Sequential([keras.Input((4,)), layers.Dense(2)]).save(path)
    with weights_h5.h5().File(buffer, "w") as file:
        group = file.create_group("layers/dense/vars")
        group.create_dataset("0", (1 << 20, 1 << 20), "f4", chunks=(1024, 1024))
        group.create_dataset("1", (2,), "f4")
    with pytest.raises(ShapeError, match="1048576, 1048576"):
        keras.models.load_model(changed(path, weights=buffer.getvalue()))
    other = io.BytesIO()
    with weights_h5.h5().File(other, "w") as file:
        file["layers/dense/vars/0"] = np.dtype("f4")
    with pytest.raises(FileError, match="something else than arrays"):
        keras.models.load_model(changed(path, weights=other.getvalue()))


def test_what_cannot_be_saved_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="no weights yet"):
        keras.Sequential([layers.Dense(2)]).save(tmp_path / "m.keras")
    model = keras.Sequential([keras.Input((4,)), layers.Dense(2, activation=lambda x: x)])
    with pytest.raises(ArgumentError, match="has no name to save"):
        model.save(tmp_path / "m.keras")
    assert not list(tmp_path.iterdir())
    plain = keras.Sequential([keras.Input((4,)), layers.Dense(2)])
    with pytest.raises(ArgumentError, match=r"called \*\.keras, this is 'm.pkl'"):
        plain.save(tmp_path / "m.pkl")
    plain.save(tmp_path / "m.keras")
    with pytest.raises(FileError, match="exists"):
        plain.save(tmp_path / "m.keras", overwrite=False)
