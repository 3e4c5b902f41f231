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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gradwerk.base.errors import FileError
from gradwerk.io.atomic import read_bytes, write_atomically
from gradwerk.io.checkpoint import Checkpoint, has_checkpoint, load_checkpoint, save_checkpoint

Row = Mapping[str, float]


@dataclass(frozen=True)
class RunFolder:
    """A run's folder.  Made by `create` or `open`; each write is atomic."""

    path: Path

    @classmethod
    def create(cls, path: str | Path, config: Mapping[str, Any]) -> RunFolder:
        """A new folder with its config.

        Raises: FileError where a run or anything else lies there already (nothing is ever overwritten), or the folder cannot be made.
        """
        path = Path(path)
        if (path / "config.json").exists():
            raise FileError(f"{path} already holds a run", likely="give another folder, or resume that run")
        try:
            path.mkdir(parents=True, exist_ok=True)
            if found := sorted(entry.name for entry in path.iterdir()):
                raise FileError(f"{path} is not empty", facts=(f"it holds {', '.join(found[:6])}",), likely="give a new folder")
        except FileError:
            raise
        except OSError as error:
            raise FileError(f"cannot make the run folder {path}", facts=(str(error.strerror or error),)) from error
        write_atomically(path / "config.json", json.dumps(dict(config), indent=1, ensure_ascii=False).encode())
        return cls(path)

    @classmethod
    def open(cls, path: str | Path) -> RunFolder:
        """An existing run.

        Raises: FileError where there is none.
        """
        path = Path(path)
        if not (path / "config.json").is_file():
            likely = "give the folder that `train --out` named" if path.is_dir() else "the folder does not exist; check the path"
            raise FileError(f"{path} is not a run folder: it has no config.json", likely=likely)
        return cls(path)

    def config(self) -> dict[str, Any]:
        """What was asked for.

        Raises: FileError where config.json is damaged.
        """
        try:
            config = json.loads(read_bytes(self.path / "config.json", "the run's config"))
        except ValueError as error:
            raise FileError(f"{self.path / 'config.json'} is not whole JSON", facts=(str(error),)) from error
        if not isinstance(config, dict):
            raise FileError(f"{self.path / 'config.json'} does not hold an object")
        return config

    def has_checkpoint(self) -> bool:
        """True once something was saved."""
        return has_checkpoint(self.path)

    def save_checkpoint(self, checkpoint: Checkpoint) -> Path:
        """Replaces the checkpoint."""
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
        write_atomically(self.path / "history.csv", text.getvalue().encode())

    def read_history(self) -> list[dict[str, float]]:
        """The rows of history.csv, without `epoch`; none where it was not written yet.

        Raises: FileError where a cell is no number.
        """
        if not (path := self.path / "history.csv").exists():
            return []
        rows = csv.DictReader(io.StringIO(read_bytes(path, "the history").decode(errors="replace")))
        try:
            return [{key: float(cell) for key, cell in row.items() if key != "epoch" and cell} for row in rows]
        except (TypeError, ValueError) as error:
            raise FileError(f"{path} is damaged", facts=(str(error),)) from error

    def has_summary(self) -> bool:
        """True once the run's outcome was written: the last thing a run does."""
        return (self.path / "summary.txt").is_file()

    def write_summary(self, text: str) -> None:
        """summary.txt."""
        write_atomically(self.path / "summary.txt", text.encode())


def _cell(number: float | None) -> str:
    """Nine digits bring a float32 back exactly."""
    return "" if number is None else f"{number:.9g}"
