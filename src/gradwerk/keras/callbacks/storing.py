"""ModelCheckpoint: the model, or its weights, as a file while it trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.io.atomic import make_folder
from gradwerk.keras.callbacks.callback import Callback, Logs
from gradwerk.keras.callbacks.monitored import Watched
from gradwerk.keras.options import checked_except, whole
from gradwerk.keras.saving.archive import checked as checked_path
from gradwerk.keras.saving.weights_h5 import ENDING, h5
from gradwerk.keras.weights import ENDING as SAFE


class ModelCheckpoint(Callback):
    """Saves the model after epochs, or after a number of batches.

    Args:
        filepath: the file; `{epoch:02d}-{val_loss:.2f}` in it stands for numbers of the logs.  It ends in `.keras`, of weights alone in
            `.weights.h5` or `.weights.safetensors`.
        monitor: the name in the logs that says which is best.
        verbose: 1 says when it saves.
        save_best_only: whether only a better model than before is saved.
        save_weights_only: whether weights are saved without the model.
        mode: "min", "max", or "auto": as the metric of this name says.
        save_freq: "epoch", or after how many batches.
        initial_value_threshold: what the first value must be better than.

    Raises: ArgumentError for another ending, and for a name in the path that the logs do not have, before anything is trained where that
    can be known; MissingExtraError where h5py is needed and not there.
    """

    @checked_except("save_freq", "filepath")
    def __init__(
        self, filepath: str | Path, monitor: str = "val_loss", verbose: int = 0, save_best_only: bool = False,  # noqa: FBT001, FBT002
        save_weights_only: bool = False, mode: str = "auto", save_freq: str | int = "epoch",  # noqa: FBT001, FBT002  Keras' signature
        initial_value_threshold: float | None = None,
    ) -> None:  # fmt: skip
        super().__init__()
        self.filepath = str(filepath)
        if not save_weights_only:
            checked_path(self.filepath, ".keras", "a checkpoint of the whole model")
        elif not self.filepath.endswith((ENDING, SAFE)):
            raise ArgumentError(f"a checkpoint of weights is called *{ENDING}, or *{SAFE}, this is {self.filepath!r}")
        if not self.filepath.endswith(SAFE):
            h5()
        self.watched = Watched("ModelCheckpoint", monitor, mode)
        self.monitor, self.verbose, self.save_best_only, self.save_weights_only = monitor, verbose, save_best_only, save_weights_only
        self.save_freq = save_freq if save_freq == "epoch" else whole("ModelCheckpoint", "save_freq", save_freq, 1)
        self.best = initial_value_threshold
        self._batches = 0
        self._epoch = 0

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Which epoch it is."""
        self._epoch = epoch

    def on_train_batch_end(self, batch: int, logs: Logs | None = None) -> None:
        """Saves where it is time."""
        self._batches += 1
        if self.save_freq != "epoch" and self._batches % int(self.save_freq) == 0:
            self._save(self._epoch, batch, logs)

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Saves where it is time."""
        if self.save_freq == "epoch":
            self._save(epoch, None, logs)

    def _save(self, epoch: int, batch: int | None, logs: Logs | None) -> None:
        path = self._path(epoch, batch, logs)
        if self.save_best_only:
            current = self.watched.value(logs)
            if current is None or not self.watched.better(self.model)(current, self.best):
                return
            self._say(f"Epoch {epoch + 1}: {self.monitor} improved from {self.best} to {current:.5f}, saving model to {path}")
            self.best = current
        else:
            self._say(f"Epoch {epoch + 1}: saving model to {path}")
        make_folder(Path(path).parent)
        if self.save_weights_only:
            self.model.save_weights(path, overwrite=True)
        else:
            self.model.save(path, overwrite=True)

    def _say(self, text: str) -> None:
        if self.verbose > 0:
            print(f"\n{text}")  # noqa: T201  that is what verbose asks for

    def _path(self, epoch: int, batch: int | None, logs: Logs | None) -> str:
        """The file's name.  Raises: ArgumentError for a name in it that the logs do not have."""
        known: dict[str, Any] = {**(logs or {}), "epoch": epoch + 1, **({} if batch is None else {"batch": batch + 1})}
        try:
            return self.filepath.format(**known)
        except (KeyError, IndexError, ValueError) as error:
            name = error.args[0] if error.args else ""
            validation = "; validation_data or validation_split gives the val_ ones" if str(name).startswith("val_") else ""
            raise ArgumentError(
                f"ModelCheckpoint: the path {self.filepath!r} asks for {name!r}, which is not in the logs{validation}",
                facts=(f"there are: {', '.join(known)}",),
            ) from None
