"""The one training loop.  Front ends and the command line say what to train and listen to its events."""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Protocol

import numpy as np

from gradwerk.base.errors import ArgumentError, NumericError
from gradwerk.base.trees import flatten, leaves, map_tree
from gradwerk.train.checks import check_finite
from gradwerk.train.interrupt import CTRL_C, Interruption
from gradwerk.train.run import Events, Listeners, Run
from gradwerk.train.steps import Stepping

Array = np.ndarray[Any, np.dtype[Any]]


class Batches(Protocol):
    """Where batches come from.  The order of an epoch depends on its number alone, so that a resumed run meets the same batches."""

    def __len__(self) -> int:
        """The batches of an epoch, of which the last may be smaller; 0 as long as nobody knows."""

    def epoch(self, number: int, first: int = 0) -> Iterator[tuple[Any, ...]]:
        """The batches of an epoch from the one numbered `first` on: (x, y) or (x, y, weights), each an array or a tree of arrays."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C, or another signal that was to end the run: the step in hand was finished, listeners have saved what they save."""

    def __init__(self, by: signal.Signals = signal.SIGINT) -> None:
        super().__init__()
        self.by = by


def always(epoch: int) -> bool:
    """After each epoch."""
    return True


def fit(
    steps: Stepping, batches: Batches, *, epochs: int, validation: Batches | None = None, events: Sequence[Events] = (),
    validation_events: Sequence[Events] = (), validated: Callable[[int], bool] = always, run: Run | None = None,
    ended_by: Sequence[signal.Signals] = CTRL_C,
) -> Run:  # fmt: skip
    """Trains until `epochs` are done, or there is nothing left to train on, from where `run` stands; the run, with its history.

    Raises: NumericError as soon as the loss is no number, DataError where the data are to blame; Interrupted after a signal of `ended_by`.

    Args:
        steps: model, loss, optimizer and metrics, as compiled steps.
        batches: the examples of an epoch, in its order.
        epochs: how many there are in the end, those before `run` included.
        validation: what the model is evaluated on after each epoch, or after those of whose number, from 0 on, `validated` says so.
        events, validation_events: listeners, told in this order.
        run: one that was broken off; a new one unless given.
        ended_by: the signals after which the step in hand is finished and listeners may save.
    """
    if run is None:
        run = Run(epochs, len(batches))
    run.epochs, run.batches, run.stop = epochs, len(batches), False
    listeners = Listeners(events)
    with _told_of_failure(listeners, run), Interruption(ended_by) as interruption:
        listeners.on_fit_begin(run)
        while run.epoch < run.epochs and not run.stop:
            _train_epoch(steps, batches, run, listeners, interruption)
            if run.batch == 0:
                if not run.history:
                    raise ArgumentError("there is nothing to train on: no batches")
                break
            if validation is not None and validated(run.epoch):
                listeners.on_validation_begin(run)
                run.logs |= {f"val_{name}": value for name, value in evaluate(steps, validation, validation_events).items()}
            listeners.on_epoch_end(run)
            run.history.append(dict(run.logs))
            run.epoch, run.batch = run.epoch + 1, 0
            listeners.on_checkpoint(run)
            _leave_if_asked(interruption, listeners, run)
        listeners.on_fit_end(run)
    return run


def evaluate(steps: Stepping, batches: Batches, events: Sequence[Events] = ()) -> dict[str, float]:
    """The means over all batches, without training."""
    run = Run(1, len(batches))
    listeners = Listeners(events)
    with _told_of_failure(listeners, run):
        steps.reset()
        listeners.on_fit_begin(run)
        began = time.perf_counter()
        for arrays in batches.epoch(0):
            listeners.on_batch_begin(run)
            steps.test(*arrays)
            began = _count(run, steps, arrays, began)
            listeners.on_batch_end(run)
            if run.stop:
                break
        run.batches = run.batch
        listeners.on_fit_end(run)
    return run.logs


def arrays_of(answer: Any) -> Any:  # noqa: ANN401
    """A step's answer as a tree of arrays."""
    return map_tree(lambda y: np.array(y.numpy()), answer)


def concatenated(*parts: Any) -> Any:  # noqa: ANN401
    """Arrays joined along the first axis."""
    return np.concatenate(parts)


class Asked(Protocol):
    """What answers."""

    def predict(self, x: Any, /) -> Any:  # noqa: ANN401  a tree of arrays
        """The answer to x."""


def predict(
    steps: Asked, batches: Batches, events: Sequence[Events] = (), *, taken: Callable[[Any], Any] = arrays_of,
    joined: Callable[..., Any] = concatenated,
) -> Any:  # noqa: ANN401  an array, or a tree of them  # fmt: skip
    """The model's answers to all examples, each `taken` and at the end `joined`."""
    run, listeners, answers = Run(1, len(batches)), Listeners(events), []
    with _told_of_failure(listeners, run):
        listeners.on_fit_begin(run)
        began = time.perf_counter()
        for arrays in batches.epoch(0):
            listeners.on_batch_begin(run)
            answers.append(taken(steps.predict(arrays[0])))
            run.batch, run.answer = run.batch + 1, answers[-1]
            run.seconds = time.perf_counter() - began
            listeners.on_batch_end(run)
            if run.stop:
                break
        run.batches = run.batch
        listeners.on_fit_end(run)
    return map_tree(joined, *answers)


@contextmanager
def _told_of_failure(listeners: Listeners, run: Run) -> Iterator[None]:
    """Tells listeners where the loop is left by an error."""
    try:
        yield
    except BaseException:  # Ctrl-C too
        listeners.on_failure(run)
        raise


def _train_epoch(steps: Stepping, batches: Batches, run: Run, listeners: Listeners, interruption: Interruption) -> None:
    """The rest of an epoch, from `run.batch` on."""
    run.batches = len(batches)
    if run.batch == 0:
        steps.reset()
        run.logs, run.examples, run.seconds = {}, 0, 0.0
        listeners.on_epoch_begin(run)
    began = time.perf_counter()
    for arrays in batches.epoch(run.epoch, run.batch):
        listeners.on_batch_begin(run)
        steps.train(*arrays)
        began = _count(run, steps, arrays, began)
        if not math.isfinite(run.logs.get("loss", 0.0)):
            _blame(arrays, run)
        listeners.on_batch_end(run)
        if run.stop:
            return
        if run.batch != run.batches:
            _leave_if_asked(interruption, listeners, run)
    run.batches = run.batch or run.batches


def _count(run: Run, steps: Stepping, arrays: Sequence[Any], began: float) -> float:
    """Counts a step and its time, that of fetching the batch and of listening to it included; the time now."""
    run.logs = steps.logs()
    run.batch += 1
    run.examples += len(flatten(arrays[0])[0])
    now = time.perf_counter()
    run.seconds += now - began
    return now


def _blame(arrays: Sequence[Any], run: Run) -> None:
    """Raises for a loss that is no number: the data's fault where they hold one, else the step's."""
    place = f"epoch {run.epoch + 1}, batch {run.batch}" + (f" of {run.batches}" if run.batches else "")
    for name, tree in zip(("x", "y", "sample_weight"), arrays, strict=False):
        for path, array in leaves(tree):
            check_finite(array, f"{name}{path} of {place}")
    before = f"loss before: {run.history[-1].get('loss', math.nan):.4g} in epoch {len(run.history)}" if run.history else ""
    earlier = before or "it happened in the first epoch"
    raise NumericError(
        f"the loss became {run.logs['loss']} in {place}",
        facts=(earlier,),
        likely="a smaller learning rate (a tenth), scaled inputs, or a loss from logits; GRADWERK_CHECK_NAN=1 shows where it begins",
    )


def _leave_if_asked(interruption: Interruption, listeners: Listeners, run: Run) -> None:
    if interruption.requested is not None:
        listeners.on_interrupt(run)
        raise Interrupted(interruption.requested)
