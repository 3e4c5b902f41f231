"""Where the files of the data sets are: in Keras' folder, else at their address."""

from __future__ import annotations

import json
import os
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, FileError
from gradwerk.data.fetching import digest_of, kind_of, unpack
from gradwerk.data.files import read_idx, read_npz
from gradwerk.data.object_streams import read_objects
from gradwerk.data.reading import reading
from gradwerk.keras.configured import SETTINGS
from gradwerk.keras.utils.files import brought, home

Array = np.ndarray[Any, np.dtype[Any]]
Parts = tuple[tuple[Array, Array], tuple[Array, Array]]
"""(x, y) to train on, and to test on."""
ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
IDX = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def folder(*inside: str) -> Path:
    """~/.keras/datasets, or that of `KERAS_HOME`."""
    return home().joinpath("datasets", *inside)


def located(name: Any, origin: str, digest: str | None, *, at: Path | None = None) -> Path:  # noqa: ANN401  a text or a path
    """The file of a name in Keras' folder, else downloaded.  A path to a file that is there is that file.

    A file of another digest than the original's is downloaded anew; where that cannot be had it is taken as it is, and said.
    Raises: FileError where it is neither there nor to be had, which says where it is wanted.
    """
    if not isinstance(name, (str, os.PathLike)) or not os.fspath(name):
        raise ArgumentTypeError(f"the file of a data set is a name or a path, this is {name!r}")
    path = (at or folder()) / name  # an absolute path stays
    if path.is_file() and (digest is None or digest_of(path, kind_of(digest)) == digest):
        return path
    there = path.is_file()
    try:
        return brought(origin, path, digest, anew=True)
    except FileError as error:
        if there:
            warnings.warn(f"{path} is not the original file, which cannot be had now: it is taken as it is", stacklevel=4)
            return path
        raise FileError(
            f"{path.name} is not in {path.parent}, and cannot be downloaded", facts=(origin, *error.facts[:1]),
            likely=f"put the file there: {path}",
        ) from None  # fmt: skip


def npz(name: Any, origin_name: str, digest: str, wanted: Sequence[str]) -> dict[str, Array]:  # noqa: ANN401
    """The arrays of an archive.  Raises: FileError for one without them; as `located`."""
    path = located(name, ORIGIN + origin_name, digest)
    arrays = read_npz(path)
    if missing := [one for one in wanted if one not in arrays]:
        raise FileError(f"{path} has no array {missing[0]!r}", facts=(f"it has {', '.join(arrays) or 'none'}",))
    return arrays


def idx_parts(paths: Sequence[Path]) -> Parts:
    """Images and labels of four files in MNIST's own format.  Raises: FileError where they do not belong together."""
    x_train, y_train, x_test, y_test = map(read_idx, paths)
    for images, labels, path in ((x_train, y_train, paths[0]), (x_test, y_test, paths[2])):
        if images.ndim != 3 or labels.ndim != 1 or len(images) != len(labels):
            raise FileError(f"{path} does not fit its labels", facts=(f"images {images.shape}", f"labels {labels.shape}"))
    return (x_train, y_train), (x_test, y_test)


def idx_files(*places: Path) -> list[Path] | None:
    """The four files of MNIST in one of the folders, plain or gzip; None where they are in none."""
    for place in places:
        found = [next((path for path in (place / f"{name}.gz", place / name) if path.is_file()), None) for name in IDX]
        paths = [path for path in found if path is not None]
        if len(paths) == len(IDX):
            return paths
    return None


def batches(names: Sequence[str], archive: str, origin: str, digest: str) -> Path:
    """The folder of CIFAR's batches: in Keras' folder as Keras 3 or 2 unpacked it, else out of its archive there, else downloaded.

    `names`: the folder that Keras 3 makes, and the one in the archive.
    """
    outer, inner = names
    for place in (folder(outer, inner), folder(inner)):
        if place.is_dir():
            return place
    kept = [path for path in (folder(archive), folder(f"{outer}_archive")) if path.is_file()]
    path = kept[0] if kept else located(f"{outer}_archive", origin, digest)
    if not unpack(path, folder(outer), ("tar",)) or not folder(outer, inner).is_dir():
        raise FileError(f"{path} is no archive with a folder {inner}")
    return folder(outer, inner)


def pictures(path: Path, labels: str) -> tuple[Array, Array]:
    """Images (n, 32, 32, 3), or channels first, and labels (n, 1) of a batch of CIFAR's.  Raises: FileError."""
    with reading(path):
        found = read_objects(path.read_bytes(), path)
        kept = {key.decode("latin-1") if isinstance(key, bytes) else key: value for key, value in found.items()}
        x, y = np.asarray(kept["data"], np.uint8), np.asarray(kept[labels])
        planes = x.reshape(len(y), 3, 32, 32)
        return planes.transpose(0, 2, 3, 1) if SETTINGS.image_data_format == "channels_last" else planes, y.reshape(-1, 1)


def words(name: Any, origin_name: str, digest: str) -> dict[str, int]:  # noqa: ANN401
    """The number of each word.  Raises: FileError; as `located`."""
    path = located(name, ORIGIN + origin_name, digest)
    with reading(path):
        found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise FileError(f"{path} has no numbers of words")
    return found


def shuffled(seed: int, *arrays: Array) -> list[Array]:
    """Arrays in one order, which follows from the seed as it does in Keras."""
    order = np.arange(len(arrays[0]))
    np.random.RandomState(seed).shuffle(order)
    return [array[order] for array in arrays]


def in_two(test_split: float, x: Array, y: Array) -> Parts:
    """To train on and to test on."""
    at = int(len(x) * (1 - test_split))
    return (np.array(x[:at]), np.array(y[:at])), (np.array(x[at:]), np.array(y[at:]))


def check_share(test_split: float) -> None:
    """Raises: ArgumentError for no share below 1."""
    if isinstance(test_split, bool) or not isinstance(test_split, (int, float)) or not 0 <= test_split < 1:
        raise ArgumentError(f"test_split is a share, from 0 on and below 1, this is {test_split!r}")
