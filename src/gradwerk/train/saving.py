"""Saving while training: a checkpoint and the history after every epoch, and at Ctrl-C with a word on how to go on."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any, TextIO

from gradwerk.base.screen import Screen
from gradwerk.io.run_folder import RunFolder
from gradwerk.train.resume import capture
from gradwerk.train.run import Events, Run
from gradwerk.train.steps import Steps


class Saver(Events):
    """Keeps a run folder up to date.  `data` is what `resume.restore` compares; `hint` is the command that resumes the run."""

    def __init__(self, folder: RunFolder, steps: Steps, data: Mapping[str, Any], *, hint: str = "", stream: TextIO | None = None) -> None:
        self.folder, self.steps, self.data, self.hint = folder, steps, dict(data), hint
        self.stream = Screen(stream if stream is not None else sys.stderr)

    def on_fit_begin(self, run: Run) -> None:
        """Writes the history of a resumed run, which may have been killed between its checkpoint and its history."""
        if run.history:
            self.folder.write_history(run.history)

    def on_checkpoint(self, run: Run) -> None:
        """Saves."""
        self.save(run)

    def on_interrupt(self, run: Run) -> None:
        """Saves, and says how to go on."""
        self.save(run)
        place = f"in epoch {run.epoch + 1} of {run.epochs}, {run.batch} of {run.batches} batches done"
        place = place if run.epoch < run.epochs else "after the last epoch"
        self.stream.write(f"stopped {place}; everything is saved in {self.folder.path}\n")
        if self.hint:
            self.stream.write(f"go on with: {self.hint}\n")

    def save(self, run: Run) -> None:
        """Writes the checkpoint, then the history."""
        self.folder.save_checkpoint(capture(self.steps, run, self.data))
        self.folder.write_history(run.history)
