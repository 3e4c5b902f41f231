"""Keras' progress line: `35/67 ━━━━━━━━━━────────── 1s 12ms/step - accuracy: 0.9312 - loss: 0.2313`."""

from __future__ import annotations

from gradwerk.train.progress import Progress, bar, clock, number
from gradwerk.train.run import Run


class KerasProgress(Progress):
    """The live line in Keras' words; `epochs` says whether each epoch gets a heading."""

    def __init__(self, *, live: bool | None = None, epochs: bool = True) -> None:
        super().__init__(live=live)
        self.epochs = epochs

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
        left = run.seconds / max(run.batch, 1) * (run.batches - run.batch)
        return self._text(run, clock(left))

    def closing_line(self, run: Run) -> str:
        """The line an epoch leaves behind: time spent."""
        return self._text(run, f"{run.seconds:.0f}s")

    def _text(self, run: Run, time: str) -> str:
        step = 1000 * run.seconds / max(run.batch, 1)
        pace = f"{step:.0f}ms" if step >= 1 else f"{1000 * step:.0f}us"
        logs = "".join(f" - {name}: {number(value)}" for name, value in sorted(run.logs.items()))
        return f"{run.batch}/{run.batches} {bar(run.batch, run.batches)} {time} {pace}/step{logs}"
