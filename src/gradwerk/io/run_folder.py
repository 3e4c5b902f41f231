"""A run folder: everything one training run leaves behind.

config.json      what was asked for
checkpoint.json, checkpoint-*.safetensors     where it stands: weights, optimizer, random state, position
history.csv      one row per epoch
summary.txt      the outcome, for people
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gradwerk.base.errors import FileError
from gradwerk.io.atomic import is_file, is_folder, read_bytes, remove_parts, write_within
from gradwerk.io.checkpoint import Checkpoint, has_checkpoint, load_checkpoint, save_checkpoint
from gradwerk.io.lock import FolderLock
from gradwerk.io.seal import digest_of

Row = Mapping[str, float]
_FORMAT, FORMAT = "gradwerk run", 1
"""The number of the folder's form, in config.json."""


@dataclass(frozen=True)
class RunFolder:
    """A run's folder.  Made by `create`, `resume` or `open`; the first two let nobody else write.

    Each write is atomic and stays in the folder: a link that lies in it is replaced.
    """

    path: Path
    lock: FolderLock | None = field(default=None, compare=False, repr=False)

    @classmethod
    def create(cls, path: str | Path, config: Mapping[str, Any]) -> RunFolder:
        """A new folder with its config, to write in until `close`.

        Raises: FileError where a run or anything else lies there already (nothing is ever overwritten), or the folder cannot be made.
        """
        path = Path(path)
        if is_file(path / "config.json"):
            raise FileError(f"{path} already holds a run", likely="give another folder, or resume that run")
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = FolderLock(path)
            remove_parts(path)
            if found := sorted(entry.name for entry in path.iterdir()):
                raise FileError(f"{path} is not empty", facts=(f"it holds {', '.join(found[:6])}",), likely="give a new folder")
        except FileError:
            raise
        except (OSError, ValueError) as error:  # ValueError: a name that no folder can have
            raise FileError(f"cannot make the run folder {path}", facts=(getattr(error, "strerror", None) or str(error),)) from error
        made = cls(path, lock)
        made.write_config(config)
        return made

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run, to read.

        Raises: FileError where there is none.
        """
        path = Path(path)
        if not is_file(path / "config.json"):
            named = is_folder(path) or is_file(path)
            likely = "give the folder that `train --out` named" if named else "the folder does not exist; check the path"
            raise FileError(f"{path} is not a run folder: it has no config.json", likely=likely)
        return cls(path)

    @classmethod
    def resume(cls, path: str | Path) -> RunFolder:
        """An existing run, to write in until `close`.  What a writer that was killed left half-written is removed.

        Raises: FileError where there is none, or another process writes in it.
        """
        found = cls.open(path)
        try:
            lock = FolderLock(found.path)
        except FileError:  # an OSError too
            raise
        except OSError as error:
            raise FileError(f"cannot write in the run folder {path}", facts=(str(error.strerror or error),)) from error
        remove_parts(found.path)
        return cls(found.path, lock)

    def close(self) -> None:
        """Lets others write.  The end of the process does the same."""
        if self.lock is not None:
            self.lock.release()

    def write_config(self, config: Mapping[str, Any]) -> None:
        """config.json."""
        self._write("config.json", json.dumps({_FORMAT: FORMAT, **config}, indent=1, ensure_ascii=False).encode())

    def config(self) -> dict[str, Any]:
        """What was asked for.

        Raises: FileError where config.json is damaged, or of another format.
        """
        try:
            config = json.loads(read_bytes(self.path / "config.json", "the run's config"))
        except (ValueError, RecursionError) as error:
            raise FileError(f"{self.path / 'config.json'} is not whole JSON", facts=(str(error),)) from error
        if not isinstance(config, dict):
            raise FileError(f"{self.path / 'config.json'} does not hold an object")
        number = config.pop(_FORMAT, FORMAT)  # the first had none
        if number != FORMAT:
            what = f"{self.path} is a run of format {number!r}; this Gradwerk reads format {FORMAT}"
            raise FileError(what, likely="a newer Gradwerk wrote it, and goes on with it")
        return config

    def has_checkpoint(self) -> bool:
        """True once something was saved."""
        return self.is_in_place() and has_checkpoint(self.path)

    def save_checkpoint(self, checkpoint: Checkpoint) -> Path:
        """Replaces the checkpoint.  Raises: FileError where it cannot be written; the earlier one then still stands."""
        if not self.is_in_place():
            raise self._gone()
        self._check_place()
        return save_checkpoint(self.path, checkpoint)

    def load_checkpoint(self) -> Checkpoint:
        """The checkpoint, verified.  Raises FileError."""
        return load_checkpoint(self.path)

    def write_history(self, rows: Sequence[Row]) -> None:
        """history.csv: `epoch` (from 1) and one column per number, in the order they first appear."""
        columns = list(dict.fromkeys(key for row in rows for key in row))
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["epoch", *columns])
        writer.writerows([number, *(_cell(row.get(key)) for key in columns)] for number, row in enumerate(rows, 1))
        self._write("history.csv", text.getvalue().encode())

    def read_history(self) -> list[dict[str, float]]:
        """The rows of history.csv, without `epoch`; none where it was not written yet.

        Raises: FileError where a cell is no number.
        """
        if not is_file(path := self.path / "history.csv"):
            return []
        rows = csv.DictReader(io.StringIO(read_bytes(path, "the history").decode(errors="replace")))
        try:
            return [{key: float(cell) for key, cell in row.items() if key != "epoch" and cell} for row in rows]
        except (TypeError, ValueError, csv.Error) as error:
            raise FileError(f"{path} is damaged", facts=(str(error),)) from error

    def is_reported(self) -> bool:
        """Whether summary.txt, the last thing a run writes, speaks of the checkpoint as it is now."""
        return is_file(path := self.path / "summary.txt") and self.state().encode() in read_bytes(path, "the summary")

    def state(self) -> str:
        """What the present checkpoint is called: the start of its seal."""
        return digest_of(read_bytes(self.path / "checkpoint.json", "the checkpoint"))[:16]

    def write_picture(self, name: str, data: bytes) -> None:
        """A picture of the report."""
        self._write(name, data)

    def write_summary(self, text: str) -> None:
        """summary.txt."""
        self._write("summary.txt", text.encode(errors="backslashreplace"))

    def _write(self, name: str, data: bytes) -> None:
        self._check_place()
        write_within(self.path, name, data)

    def _check_place(self) -> None:
        """Raises: FileError where another folder now stands in the place of the one that is locked, and somebody else may write in it; in a
        forked child where another process writes.
        """
        if self.lock is None:
            return
        if not self.lock.is_of(self.path):
            raise self._gone()
        try:
            self.lock.check(self.path)
        except FileError:  # an OSError too
            raise
        except OSError as error:
            raise FileError(f"cannot write in the run folder {self.path}", facts=(str(error.strerror or error),)) from error

    def is_in_place(self) -> bool:
        """Whether the folder of that name still is the run's: it may have been moved or deleted."""
        return is_file(self.path / "config.json") and (self.lock is None or self.lock.is_of(self.path))

    def _gone(self) -> FileError:
        return FileError(f"the run folder {self.path} is gone: it was moved or deleted", likely="resume it where it is now, if it is")


def _cell(number: float | None) -> str:
    """Nine digits bring a float32 back exactly."""
    return "" if number is None else f"{number:.9g}"
