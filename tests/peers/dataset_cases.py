"""keras.datasets, in either namespace, of small files of the same forms; and what Keras 3.15.1 made of them, recorded.

    PYTHONPATH=src KERAS_BACKEND=tensorflow python -m tests.peers.dataset_cases
"""

from __future__ import annotations

import gzip
import importlib
import json
import pickle
import sys
import tarfile
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

RECORD = Path(__file__).parent / "recorded" / "datasets.npz"
OPTIONS: dict[str, tuple[dict[str, Any], ...]] = {
    "mnist": ({},), "fashion_mnist": ({},), "cifar10": ({},), "cifar100": ({}, {"label_mode": "coarse"}),
    "boston_housing": ({}, {"test_split": 0.5, "seed": 3}), "california_housing": ({}, {"version": "small", "test_split": 0.0}),
    "imdb": ({}, {"num_words": 30, "skip_top": 4}, {"maxlen": 8, "start_char": None, "seed": 5}, {"oov_char": None, "num_words": 20},
             {"start_char": None, "index_from": 0}),
    "reuters": ({}, {"num_words": 25}, {"maxlen": 7, "test_split": 0.4}, {"oov_char": None, "skip_top": 9, "index_from": 0}),
}  # fmt: skip
CASES = [(name, number) for name, several in OPTIONS.items() for number in range(len(several))]


def drawn(*shape: int, high: int = 256) -> Any:
    """Numbers from 0 on."""
    return np.random.default_rng(sum(shape) + high).integers(0, high, shape)


def texts(count: int) -> Any:
    """Lists of numbers of different lengths, in an array of objects."""
    made = np.empty(count, object)
    for place in range(count):
        made[place] = [int(one) for one in 1 + drawn(3 + place % 9, place + 1, high=700)[0]]
    return made


def idx(array: Any) -> bytes:
    """MNIST's own format."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(extent.to_bytes(4, "big") for extent in array.shape)
    return head + array.astype(np.uint8).tobytes()


def write(home: Path) -> None:
    """All files, as they lie in Keras' folder."""
    folder = home / "datasets"
    (folder / "fashion-mnist").mkdir(parents=True)
    parts = {"x_train": drawn(7, 28, 28), "y_train": drawn(7, high=10), "x_test": drawn(3, 28, 28), "y_test": drawn(3, high=10)}
    np.savez(folder / "mnist.npz", **{key: value.astype(np.uint8) for key, value in parts.items()})
    for name, key in (("train-images-idx3", "x_train"), ("train-labels-idx1", "y_train"), ("t10k-images-idx3", "x_test"),
                      ("t10k-labels-idx1", "y_test")):  # fmt: skip
        (folder / "fashion-mnist" / f"{name}-ubyte.gz").write_bytes(gzip.compress(idx(parts[key] // 2), mtime=0))
    np.savez(folder / "boston_housing.npz", x=drawn(11, 13) / 7, y=drawn(11) / 3)
    np.savez(folder / "california_housing.npz", x=(drawn(700, 8) / 7).astype(np.float32), y=(drawn(700) / 3).astype(np.float32))
    np.savez(folder / "imdb.npz", x_train=texts(9), y_train=drawn(9, high=2), x_test=texts(7), y_test=drawn(7, high=2))
    np.savez(folder / "reuters.npz", x=texts(13), y=drawn(13, high=46))
    for name in ("imdb", "reuters"):
        (folder / f"{name}_word_index.json").write_text(json.dumps({"the": 1, "and": 2, name: 3}))
    ten, hundred = folder / "cifar-10-batches-py-target" / "cifar-10-batches-py", folder / "cifar-100-python-target" / "cifar-100-python"
    ten.mkdir(parents=True)
    hundred.mkdir(parents=True)
    for number, name in enumerate([*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"]):
        held = {b"data": drawn(2, 3072, high=250 + number).astype(np.uint8), b"labels": [number, 9 - number], b"batch_label": b"some"}
        (ten / name).write_bytes(pickle.dumps(held, protocol=3))
    for number, name in enumerate(("train", "test")):
        held = {b"data": drawn(2, 3072, high=240 + number).astype(np.uint8), b"fine_labels": [number, 99], b"coarse_labels": [19, number]}
        (hundred / name).write_bytes(pickle.dumps(held, protocol=3))


def answer(keras: Any, name: str, number: int) -> dict[str, Any]:
    """The four arrays; of lists the numbers, and how many each has."""
    (x_train, y_train), (x_test, y_test) = getattr(keras.datasets, name).load_data(**OPTIONS[name][number])
    found = {}
    for part, array in (("x_train", x_train), ("y_train", y_train), ("x_test", x_test), ("y_test", y_test)):
        if array.dtype == object:
            found[f"{part} lengths"] = np.array([len(one) for one in array], np.int64)
            array = np.array([word for one in array for word in one], np.int64)
        found[part] = array
    return {f"{name}/{number}/{key}": value for key, value in found.items()}


def recorded() -> dict[str, Any]:
    """What the original makes of them, with its `get_file` looking in the folder alone."""
    import keras

    found = {}
    with tempfile.TemporaryDirectory() as home:
        write(Path(home))

        def local(fname: Any = None, origin: Any = None, cache_subdir: str = "datasets", **options: Any) -> str:
            return str(Path(home) / cache_subdir / fname)

        for name, number in CASES:
            module = importlib.import_module(f"keras.src.datasets.{name}")
            with mock.patch.object(module, "get_file", local):
                if name == "cifar10":
                    found |= _cifar10(module)  # Keras' load_data has room for 50,000
                else:
                    found |= answer(keras, name, number)
    return found


def _cifar10(module: Any) -> dict[str, Any]:
    """Keras' own batches, read by its own reader, and put together as its documentation says."""
    path = Path(module.get_file(fname="cifar-10-batches-py-target", extract=True)) / "cifar-10-batches-py"
    parts = [module.load_batch(str(path / f"data_batch_{number}")) for number in range(1, 6)]
    x, y = (np.concatenate([np.asarray(part[k]) for part in parts]) for k in (0, 1))
    x_test, y_test = module.load_batch(str(path / "test_batch"))
    found = {"x_train": x.transpose(0, 2, 3, 1), "y_train": y.reshape(-1, 1).astype(np.uint8)}
    found |= {"x_test": x_test.transpose(0, 2, 3, 1), "y_test": np.reshape(y_test, (-1, 1)).astype(np.uint8)}
    return {f"cifar10/0/{key}": value for key, value in found.items()}


def archive(folder: Path, into: Path) -> None:
    """A folder as the archive that it comes in."""
    with tarfile.open(into, "w:gz") as file:
        file.add(folder, folder.name)


if __name__ == "__main__":
    np.savez_compressed(RECORD, **recorded())
    sys.exit(0)
