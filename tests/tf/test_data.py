"""tf.data: the recorded chains of TensorFlow's, files, tables, folders; handed to Keras."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import gradwerk.tf as tf
from gradwerk import keras
from gradwerk.base.errors import ArgumentError, GradwerkError
from tests.peers.chain_cases import COUNT, RECORD, answer

RECORDED = json.loads(RECORD.read_text(encoding="utf-8"))


@pytest.mark.parametrize("number", range(0, COUNT, 3))
def test_recorded_chains(number: int) -> None:
    exact, found = RECORDED[number], answer(tf.data.Dataset, number, (GradwerkError,))
    if "refused" in exact or "refused" in found:
        assert exact.keys() == found.keys(), (exact, found)
        return
    assert found["elements"] == exact["elements"], exact["said"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.csv").write_text('x,y,z\n1,2.5,u\n3,,"v,w"\n5,1e50,\n', encoding="utf-8")
    (tmp_path / "t.txt").write_bytes(b"one\r\ntwo\n\nthree")
    (tmp_path / "f.bin").write_bytes(b"HHabcdefT")
    with tf.io.TFRecordWriter(str(tmp_path / "r"), "GZIP") as file:
        file.write(b"x")
        file.write(b"yy")
    return tmp_path


def values(dataset: tf.data.Dataset) -> list[object]:
    return [tuple(part.numpy() for part in one) if isinstance(one, tuple) else one.numpy() for one in dataset]


def test_files(folder: Path) -> None:
    texts, records = str(folder / "t.txt"), str(folder / "r")
    assert values(tf.data.TextLineDataset([texts, texts])) == [b"one", b"two", b"", b"three"] * 2
    assert values(tf.data.FixedLengthRecordDataset(str(folder / "f.bin"), 3, 2, 1)) == [b"abc", b"def"]
    assert values(tf.data.TFRecordDataset(records, "GZIP")) == [b"x", b"yy"]
    assert values(tf.data.TFRecordDataset(tf.data.Dataset.list_files(records), "GZIP")) == [b"x", b"yy"]
    with pytest.raises(tf.errors.InvalidArgumentError):
        values(tf.data.FixedLengthRecordDataset(str(folder / "f.bin"), 4))
    with pytest.raises(tf.errors.DataLossError, match="GZIP"):
        values(tf.data.TFRecordDataset(records))
    with pytest.raises(tf.errors.NotFoundError):
        values(tf.data.TextLineDataset(str(folder / "none")))


def test_tables(folder: Path) -> None:
    table, some = tf.data.experimental.CsvDataset, tf.data.experimental.make_csv_dataset
    path = str(folder / "a.csv")
    whole = values(table(path, [0, tf.constant([9.0]), "q"], header=True))
    assert whole == [(1, 2.5, b"u"), (3, 9.0, b"v,w"), (5, np.inf, b"q")]
    chosen = values(table(path, [tf.int32, "q"], header=True, select_cols=[0, 2]))
    assert chosen == values(table(path, [tf.int32, "q"], header=True, exclude_cols=[1])) == [(1, b"u"), (3, b"v,w"), (5, b"q")]
    for defaults in ([0, 1.5], [tf.int32, tf.float32, tf.string]):
        with pytest.raises(tf.errors.InvalidArgumentError):
            values(table(path, defaults, header=True))
    (first, label), (second, _) = some(path, 2, label_name="x", num_epochs=1, shuffle=False)
    assert {name: (one.dtype.name, one.numpy().tolist()) for name, one in first.items()} == {
        "y": ("float64", [2.5, 0.0]), "z": ("string", [b"u", b"v,w"]),
    }  # fmt: skip
    assert label.numpy().tolist() == [1, 3]
    assert second["y"].numpy().tolist() == [1e50]
    assert [list(one) for one in some(path, 2, select_columns=["z", "x"], num_epochs=1, shuffle=False)] == [["x", "z"]] * 2
    with pytest.raises(ArgumentError, match="label_name"):
        some(path, 2, label_name="n")


def test_folders(tmp_path: Path) -> None:
    data = tf.data.Dataset.from_tensor_slices({"a": [1, 2], "b": ["x", "y"]})
    data.save(str(tmp_path / "kept"))
    loaded = tf.data.Dataset.load(str(tmp_path / "kept"))
    assert [{key: one.numpy() for key, one in each.items()} for each in loaded] == [{"a": 1, "b": b"x"}, {"a": 2, "b": b"y"}]
    assert loaded.element_spec == data.element_spec
    times = []
    kept = tf.data.Dataset.range(3).map(lambda x: times.append(0) or x).snapshot(str(tmp_path / "snap"))
    assert [int(x) for x in kept] == [int(x) for x in kept] == [0, 1, 2]
    again = len(times)
    assert [int(x) for x in kept] == [0, 1, 2]
    assert len(times) == again
    with pytest.raises(GradwerkError, match="saved"):
        tf.data.Dataset.load(str(tmp_path / "none"))


def test_a_data_set_of_examples_trains_a_model(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 3)).astype(np.float32)
    y = (x @ [1.0, -2.0, 0.5]).astype(np.float32)
    with tf.io.TFRecordWriter(str(tmp_path / "r")) as file:
        for row, target in zip(x, y, strict=True):
            feature = {"x": tf.train.Feature(float_list=tf.train.FloatList(value=row)),
                       "y": tf.train.Feature(float_list=tf.train.FloatList(value=[target]))}  # fmt: skip
            file.write(tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString())

    def read(text: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        found = tf.io.parse_single_example(text, {"x": tf.io.FixedLenFeature([3], tf.float32), "y": tf.io.FixedLenFeature([], tf.float32)})
        return found["x"], found["y"]

    data = tf.data.TFRecordDataset(str(tmp_path / "r")).map(read).shuffle(64, seed=0).batch(16).prefetch(tf.data.AUTOTUNE)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(0.1), "mse")
    losses = model.fit(data, epochs=8, verbose=0).history["loss"]
    assert losses[-1] < 0.05 * losses[0]


def test_data_sets_of_keras_count_as_such() -> None:
    made = keras.utils.timeseries_dataset_from_array(np.arange(6), None, 3, batch_size=2)
    assert isinstance(made, tf.data.Dataset)


def test_draws_follow_their_seed() -> None:
    parts = [tf.data.Dataset.from_tensors(number).repeat() for number in range(3)]
    first, second = (tf.data.Dataset.sample_from_datasets(parts, [0.6, 0.3, 0.1], seed=3).take(400) for _ in range(2))
    drawn = [int(one) for one in first]
    assert drawn == [int(one) for one in second]
    assert np.abs(np.bincount(drawn, minlength=3) / 400 - [0.6, 0.3, 0.1]).max() < 0.08
    data = tf.data.Dataset.range(4000).map(lambda x: x % 4 == 0)
    kept = data.rejection_resample(lambda x: tf.cast(x, tf.int32), [0.5, 0.5], seed=1)
    shares = [int(label) for label, _ in kept]
    assert abs(np.mean(shares) - 0.5) < 0.06


def test_a_seed_of_ones_own_draws_again() -> None:
    assert [int(x) for x in tf.data.Dataset.random(seed=4).take(3)] == [int(x) for x in tf.data.Dataset.random(seed=4).take(3)]
    anew = tf.data.Dataset.random(seed=4, rerandomize_each_iteration=True).take(3)
    assert [int(x) for x in anew] != [int(x) for x in anew]
