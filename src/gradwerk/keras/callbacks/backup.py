"""BackupAndRestore: a training that was broken off goes on where it was."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, FileError, StateError
from gradwerk.io.atomic import is_file, make_folder, read_bytes, write_atomically
from gradwerk.io.safetensors import parts_of, to_bytes
from gradwerk.keras.callbacks.callback import Callback, Logs
from gradwerk.keras.options import checked_except, whole
from gradwerk.nn.module import Module
from gradwerk.tensor.random import Generator, default_generator

LATEST, PREVIOUS = "latest.safetensors", "previous.safetensors"


class BackupAndRestore(Callback):
    """Saves weights and the optimizer's state while a model trains, and begins from there where an earlier `fit` was broken off.

    One file holds all of it, and is written whole or not at all.

    Args:
        backup_dir: the folder; a training has one of its own.
        save_freq: "epoch", or after how many batches.
        double_checkpoint: whether the file before the last one is kept, and taken where the last one cannot be read.
        delete_checkpoint: whether the files are deleted once training has ended.

    Raises: ArgumentError for an empty folder name; StateError for a model that is not built; FileError for a file that cannot be read, or
    is of another model.
    """

    @checked_except("save_freq", "backup_dir")
    def __init__(
        self, backup_dir: str | Path, save_freq: str | int = "epoch", double_checkpoint: bool = False,  # noqa: FBT001, FBT002
        delete_checkpoint: bool = True,  # noqa: FBT001, FBT002  Keras' signature
    ) -> None:  # fmt: skip
        super().__init__()
        if not isinstance(backup_dir, (str, Path)) or not str(backup_dir):
            raise ArgumentError(f"BackupAndRestore: backup_dir is the name of a folder, this is {backup_dir!r}")
        self.backup_dir = str(backup_dir)
        self.save_freq = save_freq if save_freq == "epoch" else whole("BackupAndRestore", "save_freq", save_freq, 1)
        self.double_checkpoint, self.delete_checkpoint = double_checkpoint, delete_checkpoint
        self._batches = 0
        self._epoch = 0

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Takes what an earlier training has left."""
        if not self.model.built:
            raise StateError(
                "BackupAndRestore: the model is not built, so that nothing can be put back",
                likely="call the model once before fit, or give it an Input",
            )
        folder = Path(self.backup_dir)
        self._epoch = self._batches = 0
        try:
            if is_file(folder / LATEST):
                self._restore(folder / LATEST)
        except FileError:
            if not is_file(folder / PREVIOUS):
                raise
            self._restore(folder / PREVIOUS)

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves where it is time."""
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % int(self.save_freq) == 0:
            self._save(batch)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves where it is time."""
        self._epoch = epoch + 1
        if self.save_freq == "epoch":
            self._save(0)

    def on_train_end(self, logs: Logs | None = None) -> None:
        """Deletes the files, and the folder where nothing else is in it."""
        if self.delete_checkpoint:
            folder = Path(self.backup_dir)
            for name in (LATEST, PREVIOUS):
                (folder / name).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()

    def _tensors(self) -> dict[str, Any]:
        """What is saved, by name: what layers draw from is of it, so that what is dropped after the restart is what would have been."""
        optimizer = self.model.optimizer
        self.model.training_state.built_optimizer()
        found = {f"weights.{number}": weight for number, weight in enumerate(self.model.weights)}
        found |= {f"optimizer.{number}": variable for number, variable in enumerate(optimizer.variables)}
        for number, generator in enumerate(_generators_in(self.model)):
            found |= {f"random.{number}.seed": generator.seed, f"random.{number}.counter": generator.counter}
        return found

    def _save(self, batch: int) -> None:
        folder = Path(self.backup_dir)
        make_folder(folder)
        if self.double_checkpoint and is_file(folder / LATEST):
            write_atomically(folder / PREVIOUS, read_bytes(folder / LATEST, "the backup"))
        place = json.dumps({"epoch": self._epoch, "batch": batch})
        arrays = {name: np.array(tensor.numpy()) for name, tensor in self._tensors().items()}
        write_atomically(folder / LATEST, to_bytes(arrays, {"place": place}))

    def _restore(self, path: Path) -> None:
        notes, arrays = parts_of(read_bytes(path, "the backup"), str(path))
        own = self._tensors()
        try:
            epoch = whole("BackupAndRestore", "epoch", json.loads(notes["place"])["epoch"])
        except (KeyError, TypeError, ValueError):
            raise FileError(f"{path} is no backup of a training") from None
        if {name: tuple(t.shape) for name, t in own.items()} != {name: array.shape for name, array in arrays.items()}:
            problem = f"{path} is a backup of another model, or of another optimizer"
            raise FileError(problem, likely="give each training a backup_dir of its own")
        for name, tensor in own.items():
            tensor.assign(arrays[name])
        self._epoch = self.model.training_state.first_epoch = epoch


def _generators_in(model: Module) -> list[Generator]:
    """The default generator, and those that layers hold, each once: all that decides what a model draws next."""
    from gradwerk.keras.random import SeedGenerator  # noqa: PLC0415  it brings keras.ops, of which who trains needs nothing

    held = [value for module in model.modules() for value in vars(module).values()]
    found = [one.generator if isinstance(one, SeedGenerator) else one for one in held if isinstance(one, (SeedGenerator, Generator))]
    return list({id(one): one for one in (default_generator(), *found)}.values())
