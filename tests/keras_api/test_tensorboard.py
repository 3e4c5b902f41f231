"""TensorBoard's files, read back by its own reader: numbers, histograms, images, the graph in blocks."""

from __future__ import annotations

import builtins
import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.graph.keras_util import keras_model_to_graph_def
from tensorboard.util.tensor_util import make_ndarray

from gradwerk import keras
from gradwerk.base.errors import ArgumentError, MissingExtraError
from gradwerk.keras import layers
from gradwerk.keras.callbacks import TensorBoard
from gradwerk.keras.callbacks.tensorboard import as_image

X = np.random.default_rng(1).normal(size=(48, 4)).astype(np.float32)
Y = X[:, :2] * 0.5


def read(folder: Path) -> EventAccumulator:
    found = EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    return found


def series(found: EventAccumulator, tag: str) -> tuple[list[int], list[Any]]:
    events = found.Tensors(tag)
    return [event.step for event in events], [make_ndarray(event.tensor_proto) for event in events]


def graph_model() -> Any:
    keras.utils.clear_session()  # names of layers are numbered through the whole program
    rows = keras.Input((4,), name="rows")
    shared, inner = layers.Dense(4, name="shared"), keras.Sequential([layers.Dense(3), layers.Dense(2)], name="inner")
    return keras.Model(rows, inner(shared(shared(rows)) + rows), name="whole")


def fitted(model: Any, callback: TensorBoard, **options: Any) -> Any:
    model.compile(keras.optimizers.SGD(0.125), "mse", metrics=["mae"])
    return model.fit(X, Y, verbose=0, batch_size=16, epochs=3, callbacks=[callback], **options).history


def test_numbers_of_epochs_and_batches(tmp_path: Path) -> None:
    model = graph_model()
    history = fitted(model, TensorBoard(tmp_path, update_freq=2, write_steps_per_second=True), validation_data=(X, Y))
    train, checked = read(tmp_path / "train"), read(tmp_path / "validation")
    for found, prefix in ((train, ""), (checked, "val_")):
        for name in ("loss", "mae"):
            steps, values = series(found, f"epoch_{name}")
            assert steps == [0, 1, 2]
            np.testing.assert_allclose(values, history[prefix + name], rtol=1e-6)
    assert series(train, "epoch_learning_rate") == ([0, 1, 2], [0.125] * 3)
    assert series(train, "batch_loss")[0] == [2, 4, 6, 8]
    assert min(series(train, "epoch_steps_per_second")[1]) > 0
    assert series(checked, "evaluation_loss_vs_iterations")[0] == [3, 6, 9]
    metadata = train.summary_metadata["epoch_loss"]
    assert metadata.plugin_data.plugin_name == "scalars"


def test_weights_as_histograms_and_images(tmp_path: Path) -> None:
    model = graph_model()
    fitted(model, TensorBoard(tmp_path, histogram_freq=2, write_images=True))
    found = read(tmp_path / "train")
    steps, rows = series(found, "inner/dense_1/kernel/histogram")
    kernel = model.layers[-1].layers[1].kernel.numpy()
    assert (steps, rows[-1].shape, rows[-1][:, 2].sum()) == ([0, 2], (30, 3), kernel.size)
    assert (rows[-1][0, 0], rows[-1][-1, 1]) == pytest.approx((kernel.min(), kernel.max()))
    edges, counts = rows[-1][:, :2], rows[-1][:, 2]
    assert [int(counts[k]) for k in range(29)] == [int(((kernel >= edges[k, 0]) & (kernel < edges[k, 1])).sum()) for k in range(29)]
    width, height, picture = series(found, "inner/dense/kernel/image")[1][-1]
    with Image.open(io.BytesIO(picture)) as image:
        assert (image.size, image.mode) == ((int(width), int(height)), "L") == ((4, 3), "L")
        levels = np.clip(model.layers[-1].layers[0].kernel.numpy().T, 0, 1) * 255
        assert np.abs(np.asarray(image) - levels).max() <= 1


def test_the_graph_has_blocks(tmp_path: Path) -> None:
    model = graph_model()
    fitted(model, TensorBoard(tmp_path))
    found = read(tmp_path / "train")
    nodes = {node.name: list(node.input) for node in found.Graph().node}
    assert nodes["shared/Dense"] == ["rows", "shared/kernel", "shared/bias"]
    assert nodes["shared/Dense_1"] == ["shared/Dense", "shared/kernel", "shared/bias"]
    assert {"inner/dense/kernel", "inner/dense_1/bias"} <= {*nodes["inner/Sequential"]} <= nodes.keys()
    shown = keras_model_to_graph_def(json.loads(found.Tensors("keras")[0].tensor_proto.string_val[0]))
    assert {node.name: list(node.input) for node in shown.node}["whole/inner/dense"] == ["whole/inner/input_layer"]


def test_models_that_are_built_later_and_those_without_a_graph(tmp_path: Path) -> None:
    fitted(keras.Sequential([layers.Dense(2, name="only")]), TensorBoard(tmp_path / "a"))
    assert "only/Dense" in {node.name for node in read(tmp_path / "a" / "train").Graph().node}

    class Own(keras.Model):  # type: ignore[misc, name-defined, unused-ignore]
        def __init__(self) -> None:
            super().__init__()
            self.only = layers.Dense(2)

        def call(self, inputs: Any) -> Any:
            return self.only(inputs)

    fitted(Own(), TensorBoard(tmp_path / "b"))
    assert "keras" not in read(tmp_path / "b" / "train").Tags()["tensors"]
    fitted(graph_model(), TensorBoard(tmp_path / "c", write_graph=False))
    assert not read(tmp_path / "c" / "train").Tags()["graph"]


def test_batches_are_timed(tmp_path: Path) -> None:
    fitted(graph_model(), TensorBoard(tmp_path, profile_batch="2,4"))
    steps, seconds = series(read(tmp_path / "train"), "batch_seconds")
    assert steps == [2, 3, 4]
    assert min(seconds) > 0


def test_vectors_for_the_projector(tmp_path: Path) -> None:
    model = keras.Sequential([keras.Input((3,), dtype="int32"), layers.Embedding(5, 2, name="words"), layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    board = TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"words": "labels.tsv"})
    model.fit(np.zeros((4, 3), int), np.zeros(4), verbose=0, callbacks=[board])
    assert 'tensor_path: "words.tsv"\n  metadata_path: "labels.tsv"' in (tmp_path / "projector_config.pbtxt").read_text()
    np.testing.assert_allclose(np.loadtxt(tmp_path / "words.tsv"), model.layers[0].embeddings.numpy(), rtol=1e-6)
    with pytest.raises(ArgumentError, match="names 'other', which is no Embedding"):
        model.fit(np.zeros((4, 3), int), np.zeros(4), verbose=0,
                  callbacks=[TensorBoard(tmp_path, embeddings_freq=1, embeddings_metadata={"other": "x"})])  # fmt: skip


def test_evaluate_writes_too(tmp_path: Path) -> None:
    model = graph_model()
    model.compile("sgd", "mse")
    loss = model.evaluate(X, Y, verbose=0, callbacks=[TensorBoard(tmp_path)])
    assert series(read(tmp_path / "validation"), "evaluation_loss_vs_iterations")[1] == pytest.approx([loss])


@pytest.mark.parametrize("shape", [(), (3,), (2, 5), (5, 2), (1, 5, 2), (3, 3, 2), (3, 3, 4, 1), (3, 2, 4, 5)])
def test_images_of_weights_keep_their_numbers(shape: tuple[int, ...]) -> None:
    weight = np.arange(np.prod(shape, dtype=int), dtype=np.float32).reshape(shape)
    image = as_image(weight)
    if image is None:
        assert len(shape) in (0, 4)
        return
    assert image.ndim == 4
    assert image.shape[-1] == 1
    assert sorted(image.ravel()) == sorted(weight.ravel())


@pytest.mark.parametrize(("options", "words"), [
    ({"log_dir": 3}, "log_dir is a folder"), ({"update_freq": "day"}, "update_freq is 'epoch'"),
    ({"update_freq": 0}, "update_freq is an int"),
    ({"histogram_freq": -1}, "histogram_freq is an integer"), ({"profile_batch": (4, 2)}, "profile_batch is a batch"),
    ({"profile_batch": "a"}, "profile_batch is a batch"), ({"histogram": 1}, "no option 'histogram'"),
])  # fmt: skip
def test_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(ArgumentError, match=words):
        TensorBoard(**options)


def test_the_extra_is_named_before_anything_is_trained(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("tensorboard"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingExtraError, match=r"pip install 'gradwerk\[tensorboard\]'"):
        TensorBoard()
