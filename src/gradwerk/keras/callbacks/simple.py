"""Callbacks that follow from a function or write a line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradwerk.base.errors import ArgumentError
from gradwerk.io.atomic import is_file, read_bytes, write_atomically
from gradwerk.keras.callbacks.callback import Callback, Logs
from gradwerk.keras.options import checked, is_number


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch to `schedule(epoch, rate)`, epochs numbered from 0.

    Args:
        schedule: a function of the epoch and of the rate so far, or of the epoch alone.
        verbose: 1 says what is set.

    Raises: ArgumentError where the schedule gives no number.
    """

    @checked
    def __init__(self, schedule: Callable[..., float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise ArgumentError(f"LearningRateScheduler: schedule is a function of the epoch, this is {schedule!r}")
        self.schedule, self.verbose = schedule, verbose

    def on_epoch_begin(self, epoch: int, logs: Logs | None = None) -> None:
        """Sets the rate."""
        before = float(self.model.optimizer.learning_rate.item())
        try:
            rate = self.schedule(epoch, before)
        except TypeError:  # of the epoch alone, as older scripts have it
            rate = self.schedule(epoch)
        rate = float(rate.item()) if hasattr(rate, "item") else rate
        if not is_number(rate):
            raise ArgumentError(f"LearningRateScheduler: the schedule gives {rate!r} for epoch {epoch}, a number is needed")
        self.model.optimizer.learning_rate = float(rate)
        if self.verbose > 0:
            print(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")  # noqa: T201  that is what verbose asks for

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """The rate enters the logs."""
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate.item())


HOOKS = (
    "on_epoch_begin", "on_epoch_end", "on_train_begin", "on_train_end", "on_train_batch_begin", "on_train_batch_end", "on_test_begin",
    "on_test_end", "on_test_batch_begin", "on_test_batch_end", "on_predict_begin", "on_predict_end", "on_predict_batch_begin",
    "on_predict_batch_end",
)  # fmt: skip


class LambdaCallback(Callback):
    """Functions as hooks: `LambdaCallback(on_epoch_end=lambda epoch, logs: ...)`.

    Raises: ArgumentError for what is no hook, or no function.
    """

    def __init__(
        self, on_epoch_begin: Any = None, on_epoch_end: Any = None, on_train_begin: Any = None, on_train_end: Any = None,  # noqa: ANN401
        on_train_batch_begin: Any = None, on_train_batch_end: Any = None, **others: Any,  # noqa: ANN401
    ) -> None:  # fmt: skip
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin, "on_epoch_end": on_epoch_end, "on_train_begin": on_train_begin, "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin, "on_train_batch_end": on_train_batch_end, **others,
        }  # fmt: skip
        for name, hook in given.items():
            if name not in HOOKS:
                raise ArgumentError(f"LambdaCallback has no hook {name!r}", facts=(f"known: {', '.join(HOOKS)}",))
            if hook is not None and not callable(hook):
                raise ArgumentError(f"LambdaCallback: {name} is a function, this is {hook!r}")
            if hook is not None:
                setattr(self, name, hook)


class CSVLogger(Callback):
    """Writes the logs of each epoch as a row of a file, which is whole after each.

    Args:
        filename: where.
        separator: between the columns.
        append: whether rows are added to those that are there.
    """

    @checked
    def __init__(self, filename: str | Path, separator: str = ",", append: bool = False) -> None:  # noqa: FBT001, FBT002  Keras' signature
        super().__init__()
        self.path, self.separator, self.append = Path(filename), separator, append
        self._rows = ""
        self._keys: list[str] | None = None

    def on_train_begin(self, logs: Logs | None = None) -> None:
        """Begins the file, or goes on with it."""
        self._rows, self._keys = "", None
        if self.append and is_file(self.path):
            self._rows = read_bytes(self.path, "the log").decode()
            first = self._rows.partition("\n")[0].strip()
            self._keys = first.split(self.separator)[1:] if first else None

    def on_epoch_end(self, epoch: int, logs: Logs | None = None) -> None:
        """Adds a row."""
        logs = logs or {}
        text = io.StringIO()
        writer = csv.writer(text, delimiter=self.separator, lineterminator="\n")
        if self._keys is None:
            self._keys = sorted(logs)
            writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(logs.get(key, "NA") for key in self._keys)])
        self._rows += text.getvalue()
        write_atomically(self.path, self._rows.encode())


class TerminateOnNaN(Callback):
    """Ends training when the loss is no number: without an error, unless `raise_error` asks for one."""

    @checked
    def __init__(self, raise_error: bool = False) -> None:  # noqa: FBT001, FBT002  Keras' signature
        super().__init__()
        self.raise_error = raise_error
