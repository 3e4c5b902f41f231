"""The live line: epoch, batch, running means, examples a second, time left.

On a terminal one line is drawn over itself, at most ten times a second; elsewhere (a file, a pipe) each epoch leaves one plain line.
Training goes on where nobody can read it any more.
"""

from __future__ import annotations

import shutil
import sys
import time
from collections.abc import Mapping
from typing import TextIO

from gradwerk.base.screen import Screen
from gradwerk.train.run import Events, Run

_INTERVAL = 0.1
_WIDTH, _NARROWEST = 20, 5


class Progress(Events):
    """Writes the live line.  `unit` names what is counted: "images", "examples"."""

    def __init__(self, stream: TextIO | None = None, *, unit: str = "examples", live: bool | None = None) -> None:
        self.stream = Screen(stream if stream is not None else sys.stdout)
        self.unit = unit
        self.live = self.stream.isatty() if live is None else live
        self._drawn = 0.0
        self._width = 0

    def on_epoch_begin(self, run: Run) -> None:
        """The next batch is drawn at once."""
        self._drawn = 0.0

    def on_batch_end(self, run: Run) -> None:
        """Draws the line over itself."""
        if self.live and (now := time.perf_counter()) - self._drawn >= _INTERVAL:
            self._drawn = now
            self._write(self.line(run), end="")

    def on_epoch_end(self, run: Run) -> None:
        """Leaves the closing line."""
        self._write(self.closing_line(run), end="\n")

    def on_interrupt(self, run: Run) -> None:
        """Leaves the line as it stands."""
        self._write(self.line(run), end="\n")

    def line(self, run: Run) -> str:
        """The line inside an epoch.  On a terminal the bar takes what columns the numbers leave."""
        head, place = f"epoch {run.epoch + 1}/{run.epochs}", f"{run.batch}/{run.batches or '?'}"
        tail = f"{means(run.logs)}  {run.speed:,.0f} {self.unit}/s  {clock(run.seconds_left)} left"
        columns = shutil.get_terminal_size().columns - len(head) - len(place) - len(tail) - 6 if self.live else _WIDTH
        drawn = bar(run.batch, run.batches, min(columns, _WIDTH)) + " " if columns >= _NARROWEST else ""
        return f"{head}  {drawn}{place}  {tail}"

    def closing_line(self, run: Run) -> str:
        """The line an epoch leaves behind."""
        return f"epoch {run.epoch + 1}/{run.epochs}  {means(run.logs)}  {run.speed:,.0f} {self.unit}/s  {clock(run.seconds)}"

    def _write(self, text: str, end: str) -> None:
        if self.live:
            text = text if end else text[: shutil.get_terminal_size().columns - 1]
            blank = " " * max(self._width - len(text), 0)
            self._width = 0 if end else len(text)
            text = f"\r{text}{blank}"
        self.stream.write(text + end)


def bar(done: int, total: int, width: int = _WIDTH) -> str:
    """A bar of `width` characters."""
    full = width * done // total if total else 0
    return "━" * full + "─" * (width - full)


def means(logs: Mapping[str, float]) -> str:
    """`loss 0.2313  accuracy 0.9312`; tiny numbers in scientific notation."""
    return "  ".join(f"{name} {number(value)}" for name, value in logs.items())


def number(value: float) -> str:
    """Four decimals, or four in scientific notation below 1e-3."""
    return f"{value:.4f}" if abs(value) > 1e-3 or value == 0 else f"{value:.4e}"


def clock(seconds: float) -> str:
    """`0:07`, `12:30`, `1:02:03`."""
    whole = round(seconds)
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
