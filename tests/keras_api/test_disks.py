"""Callbacks that write, where nothing can be written: one clear error that names the place."""

from __future__ import annotations

import resource
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gradwerk import keras
from gradwerk.base.errors import FileError
from gradwerk.keras import callbacks

X, Y = np.zeros((8, 3), np.float32), np.zeros((8, 1), np.float32)
WRITING: dict[str, Callable[[Path], Any]] = {
    "TensorBoard": callbacks.TensorBoard,
    "of embeddings": lambda folder: callbacks.TensorBoard(folder, write_graph=False, embeddings_freq=1),
    "CSVLogger": lambda folder: callbacks.CSVLogger(folder / "log.csv"), "BackupAndRestore": callbacks.BackupAndRestore,
    "ModelCheckpoint": lambda folder: callbacks.ModelCheckpoint(folder / "a.keras"),
    "of weights": lambda folder: callbacks.ModelCheckpoint(folder / "a.weights.h5", save_weights_only=True),
}  # fmt: skip


def _fit(callback: Any) -> None:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile("sgd", "mse")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[callback])


@pytest.mark.parametrize("place", ["file", "file/below", "n" * 300])
@pytest.mark.parametrize("kind", WRITING)
def test_a_folder_that_cannot_be_made(kind: str, place: str, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("a file")
    with pytest.raises(FileError, match=place):
        _fit(WRITING[kind](tmp_path / place))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.fixture
def full() -> Iterator[None]:
    """Files of more bytes than a few are refused, as on a full disk."""
    before, heard = resource.getrlimit(resource.RLIMIT_FSIZE), signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (60, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    signal.signal(signal.SIGXFSZ, heard)


@pytest.mark.usefixtures("full")
@pytest.mark.parametrize("kind", [kind for kind in WRITING if kind not in ("CSVLogger", "of embeddings")])
def test_a_full_disk(kind: str, tmp_path: Path) -> None:
    with pytest.raises(FileError, match=str(tmp_path)):
        _fit(WRITING[kind](tmp_path))
