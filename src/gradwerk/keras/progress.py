"""Keras' progress: `35/67 ━━━━━━━━━━────────── 1s 12ms/step - accuracy: 0.9312 - loss: 0.2313`, or `67/67 - 1s - 12ms/step - ...`."""

from __future__ import annotations

from typing import Any

import numpy as np

from gradwerk.keras.configured import SETTINGS
from gradwerk.train.progress import Progress, bar
from gradwerk.train.run import Run


class KerasProgress(Progress):
    """The live line in Keras' words, or (`plain`, which is verbose=2) a line without a bar for each epoch.

    `epochs` says whether each epoch gets a heading.
    """

    def __init__(self, *, plain: bool = False, epochs: bool = True) -> None:
        super().__init__(live=False if plain or not SETTINGS.interactive_logging else None)
        self.plain, self.epochs = plain, epochs

    def on_epoch_begin(self, run: Run) -> None:
        """The heading of an epoch."""
        super().on_epoch_begin(run)
        if self.epochs and run.epochs > 1:
            self.stream.write(f"Epoch {run.epoch + 1}/{run.epochs}\n")

    def on_fit_end(self, run: Run) -> None:
        """The closing line of an evaluation."""
        if not self.epochs:
            self.on_epoch_end(run)

    def line(self, run: Run) -> str:
        """The line inside an epoch: time left."""
        if not run.batches:
            return self._text(run, f"{run.seconds:.0f}s")
        return self._text(run, left(run.seconds / max(run.batch, 1) * (run.batches - run.batch)))

    def closing_line(self, run: Run) -> str:
        """The line an epoch leaves behind: time spent."""
        return self._text(run, f"{run.seconds:.0f}s")

    def _text(self, run: Run, time: str) -> str:
        place = f"{run.batch:{len(str(run.batches))}d}/{run.batches}" if run.batches else f"{run.batch:7d}/Unknown"
        drawn = f" {bar(run.batch, run.batches)}" if run.batches else ""
        speed = f"{pace(run.seconds / max(run.batch, 1))}/step"
        head = f"{place} - {time} - {speed}" if self.plain else f"{place}{drawn} {time} {speed}"
        own, validated = [name for name in run.logs if name[4:] not in run.logs], [name for name in run.logs if name[4:] in run.logs]
        return head + "".join(f" - {name}: {number(run.logs[name])}" for name in (*sorted(own), *sorted(validated)))


def pace(seconds: float) -> str:
    """A duration in its largest unit: s, ms or us."""
    if seconds >= 1 or seconds == 0:
        return f"{seconds:.0f}s"
    return f"{1e3 * seconds:.0f}ms" if seconds >= 1e-3 else f"{1e6 * seconds:.0f}us"


def left(seconds: float) -> str:
    """`7s`, `12:30`, `1:02:03`; what has begun of a second is left out."""
    minutes, rest = divmod(int(seconds), 60)
    if seconds > 3600:
        return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"
    return f"{minutes}:{rest:02d}" if seconds > 60 else f"{int(seconds)}s"


def number(value: Any) -> str:  # noqa: ANN401  a number, or an array of several
    """Four decimals, or four in scientific notation up to 1e-3: a 0 is 0.0000e+00.  Of several the mean."""
    value = value if isinstance(value, float) else float(np.mean(value))
    return f"{value:.4f}" if abs(value) > 1e-3 else f"{value:.4e}"
