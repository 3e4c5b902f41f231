"""Where a training run stands, and who is told about it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Run:
    """The state that events read.  Epochs and batches count from 0; `epoch` and `batch` are the ones to be done next.

    `batches` is the number of those of an epoch, 0 as long as nobody knows.  Setting `stop` ends the run after the present step.
    """

    epochs: int
    batches: int
    epoch: int = 0
    batch: int = 0
    logs: dict[str, float] = field(default_factory=dict)
    """The running means of this epoch; at its end with `val_...` of the validation."""
    history: list[dict[str, float]] = field(default_factory=list)
    """The logs of every finished epoch."""
    examples: int = 0
    """Seen in this epoch."""
    seconds: float = 0.0
    """Spent on this epoch, validation left out."""
    stop: bool = False
    answer: Any = None
    """What the model answered to the last batch, where it is asked."""

    @property
    def speed(self) -> float:
        """Examples a second in this epoch."""
        return self.examples / self.seconds if self.seconds > 0 else 0.0

    @property
    def seconds_left(self) -> float:
        """An estimate for the rest of the run, validation left out."""
        done = self.batch or 1
        todo = (self.batches - self.batch) + self.batches * (self.epochs - self.epoch - 1)
        return self.seconds / done * max(todo, 0)


class Events:
    """What a loop tells; a listener overrides what it wants to hear.  Called in the order in which listeners were given."""

    def on_fit_begin(self, run: Run) -> None:
        """Before the first epoch, also of a resumed run."""

    def on_epoch_begin(self, run: Run) -> None:
        """Before the epoch's first batch."""

    def on_batch_begin(self, run: Run) -> None:
        """Before a step."""

    def on_batch_end(self, run: Run) -> None:
        """After a step; `run.logs` holds the running means, `run.batch` already counts it."""

    def on_validation_begin(self, run: Run) -> None:
        """Before the validation at an epoch's end."""

    def on_epoch_end(self, run: Run) -> None:
        """After the epoch and its validation; `run.logs` may be added to."""

    def on_checkpoint(self, run: Run) -> None:
        """After the epoch entered `run.history` and `run` points at the next: the moment to save."""

    def on_interrupt(self, run: Run) -> None:
        """Ctrl-C: the step in hand was finished, the loop is about to leave."""

    def on_fit_end(self, run: Run) -> None:
        """After the last epoch, also when `stop` was set."""

    def on_failure(self, run: Run) -> None:
        """An error, or a signal, is about to leave the loop, in the place of `on_fit_end`: what was changed for a while is put back."""


class Listeners(Events):
    """Tells several listeners, in order."""

    def __init__(self, listeners: Sequence[Events]) -> None:
        self.listeners = tuple(listeners)

    def on_fit_begin(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_fit_begin(run)

    def on_epoch_begin(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_epoch_begin(run)

    def on_batch_begin(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_batch_begin(run)

    def on_batch_end(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_batch_end(run)

    def on_validation_begin(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_validation_begin(run)

    def on_epoch_end(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_epoch_end(run)

    def on_checkpoint(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_checkpoint(run)

    def on_interrupt(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_interrupt(run)

    def on_fit_end(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_fit_end(run)

    def on_failure(self, run: Run) -> None:
        """Tells every listener."""
        for listener in self.listeners:
            listener.on_failure(run)
