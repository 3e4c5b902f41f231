"""fit, evaluate and predict: what is given to them as batches, and the one loop with Keras' callbacks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError, NumericError
from gradwerk.base.origin import module_path
from gradwerk.base.trees import leaves
from gradwerk.keras.callbacks.bar import ProgbarLogger
from gradwerk.keras.callbacks.bridge import PredictBridge, TestBridge, TrainingBridge
from gradwerk.keras.callbacks.callback import Callback, Callbacks, History
from gradwerk.keras.callbacks.lists import checked_callbacks
from gradwerk.keras.callbacks.simple import TerminateOnNaN
from gradwerk.keras.data import Data
from gradwerk.keras.options import whole
from gradwerk.keras.packing import unpack_x_y_sample_weight
from gradwerk.keras.progress import KerasProgress
from gradwerk.keras.rowed import as_answer, form_of, joined, shown_rows, steps_on_rows
from gradwerk.keras.streams import OfArrays, Stream, is_stream, source_of
from gradwerk.keras.training import Training, shown
from gradwerk.train import loop
from gradwerk.train.checks import check_finite
from gradwerk.train.loop import Batches
from gradwerk.train.run import Events, Run


@dataclass(frozen=True)
class Feed:
    """Batches, and the targets of the first of them, by whose form the steps are made."""

    batches: Batches
    y: Any


@dataclass(frozen=True)
class Fitting:
    """What `fit` is told beside the data."""

    batch_size: int | None
    epochs: int
    verbose: str | int
    callbacks: Callbacks
    shuffle: bool
    class_weight: Mapping[int, float] | None
    initial_epoch: int
    steps: int | None
    validation_steps: int | None
    validation_batch_size: int | None
    validation_freq: Any

    def __post_init__(self) -> None:
        epochs, first = whole("fit", "epochs", self.epochs), whole("fit", "initial_epoch", self.initial_epoch)
        if epochs < first:
            raise ArgumentError(f"epochs={self.epochs!r} with initial_epoch={first}: nothing to train")
        if isinstance(self.validation_freq, bool) or not isinstance(self.validation_freq, (int, np.integer, list, tuple)):
            raise ArgumentError(f"validation_freq is a number of epochs or a list of epochs, this is {self.validation_freq!r}")
        if isinstance(self.validation_freq, (int, np.integer)):
            whole("fit", "validation_freq", self.validation_freq, 1)

    def validated(self, epoch: int) -> bool:
        """Whether validation follows upon an epoch: each so many, or those that are listed, numbered from 1 on."""
        wanted = self.validation_freq
        return epoch + 1 in wanted if isinstance(wanted, (list, tuple)) else (epoch + 1) % wanted == 0


def steps_of(owner: str, name: str, steps: int | None) -> int | None:
    """How many batches are asked for; None for all.  Raises: ArgumentError."""
    return None if steps is None else whole(owner, name, steps, 1)


def streamed(
    state: Training, x: Any, class_weight: Mapping[int, float] | None, steps: int | None, seed: int | None, *, goes_on: bool = False  # noqa: ANN401
) -> Feed:
    """The batches of what gives some."""

    def take(item: Any) -> tuple[Any, ...]:  # noqa: ANN401  what a source gives
        parts = state.parts(*unpack_x_y_sample_weight(item), class_weight=class_weight)
        for name, part in zip(("x", "y", "sample_weight"), parts, strict=False):
            for path, array in leaves(part):
                if isinstance(array, np.ndarray):  # looked at before a step: weights that a NaN has reached are lost
                    check_finite(array, f"{name}{path} of a batch")
        return parts

    stream = Stream(source_of(x, seed), take, steps, goes_on=goes_on)
    first = stream.first()
    return Feed(stream, form_of(first))


def of_arrays(
    state: Training, data: Any, batch_size: int | None, steps: int | None, seed: int | None = None, *, goes_on: bool = False  # noqa: ANN401
) -> Feed:
    """The batches of arrays, or of rows of different lengths."""
    if isinstance(data, Data):
        batches: Any = data.batches(batch_size, state.dtypes(data), seed)
        y = data.y
    else:
        batches, y = data.batches(batch_size, seed), data.form
    return Feed(batches if steps is None else Stream(OfArrays(batches), tuple, steps, goes_on=goes_on), y)


def check_alone(x: Any, y: Any, sample_weight: Any) -> None:  # noqa: ANN401
    """Raises: ArgumentError where a source of batches is given targets beside it."""
    for given, name, what in ((y, "y", "the targets"), (sample_weight, "sample_weight", "the sample weights")):
        if given is not None:
            kind = type(x).__name__
            raise ArgumentError(
                f"When providing `x` as a {kind}, `{name}` should not be passed. Instead, {what} should be included as part of the {kind}."
            )


def feed(state: Training, x: Any, y: Any, sample_weight: Any, batch_size: int | None, steps: int | None) -> Feed:  # noqa: ANN401
    """The batches of `evaluate`, and of the validation of `fit`."""
    if is_stream(x):
        state.compiled()
        check_alone(x, y, sample_weight)
        return streamed(state, x, None, steps, None)
    return of_arrays(state, state.data(x, y, sample_weight), batch_size, steps)


def validation_feed(state: Training, given: Any, told: Fitting) -> Feed | None:  # noqa: ANN401
    """`validation_data`: (x, y), (x, y, sample_weight), or what gives batches.  Raises: ArgumentError."""
    if given is None:
        return None
    size = told.batch_size if told.validation_batch_size is None else told.validation_batch_size
    steps = steps_of("fit", "validation_steps", told.validation_steps)
    if is_stream(given):
        return feed(state, given, None, None, size, steps)
    if not isinstance(given, (tuple, list)) or len(given) not in {2, 3}:
        raise ArgumentError("validation_data is (x, y) or (x, y, sample_weight), or what gives batches of them")
    with module_path("validation_data"):
        return feed(state, given[0], given[1], given[2] if len(given) == 3 else None, size, steps)


def fit(state: Training, x: Any, y: Any, sample_weight: Any, validation: Any, split: float, told: Fitting) -> History:  # noqa: ANN401
    """Runs the loop with the callbacks, the progress line first and the history last."""
    steps = steps_of("fit", "steps_per_epoch", told.steps)
    checks = None
    if is_stream(x):
        state.compiled()
        check_alone(x, y, sample_weight)
        if split and validation is None:
            raise ArgumentError("validation_split is for arrays: what gives batches cannot be cut", likely="validation_data=...")
        given = streamed(state, x, told.class_weight, steps, state.shuffles.seed() if told.shuffle else None, goes_on=True)
    else:
        data = state.data(x, y, sample_weight)
        if split and validation is None:
            data, part = data.split(split)
            checks = of_arrays(state, part, told.batch_size if told.validation_batch_size is None else told.validation_batch_size, None)
        data = data.with_class_weights(told.class_weight)
        given = of_arrays(state, data, told.batch_size, steps, state.shuffles.seed() if told.shuffle else None, goes_on=True)
    if checks is None:
        checks = validation_feed(state, validation, told)
    return trained(state, given, checks, told)


def trained(state: Training, given: Feed, checks: Feed | None, told: Fitting) -> History:
    """The loop."""
    state.warn_of_frozen()
    batches = given.batches
    state.history, state.stop = History(), False
    params = {"verbose": told.verbose, "epochs": told.epochs, "steps": len(batches) or None}
    listeners = [*checked_callbacks(told.callbacks, state.model, params), *checked_callbacks(state.history, state.model, params)]
    events = [*progress(told.verbose, listeners), TrainingBridge(listeners, state.model, state.steps_per_execution)]
    run = Run(told.epochs, len(batches), epoch=told.initial_epoch)
    try:
        loop.fit(
            state.steps_for(given.y), batches, epochs=told.epochs, validation=None if checks is None else checks.batches, events=events,
            run=run, validation_events=[TestBridge(listeners)], validated=told.validated,
        )  # fmt: skip
    except NumericError:
        if not any(isinstance(callback, TerminateOnNaN) and not callback.raise_error for callback in listeners):
            raise
        print(f"Batch {run.batch - 1}: Invalid loss, terminating training")  # noqa: T201  as Keras says it
        for event in events:
            event.on_fit_end(run)
    if state.optimizer is not None:
        state.optimizer.finalize_variable_values()
    return state.history


def evaluate(state: Training, given: Feed, verbose: str | int, callbacks: Callbacks) -> dict[str, Any]:
    """The means over all examples."""
    listeners = checked_callbacks(callbacks, state.model, {"verbose": verbose, "epochs": 1, "steps": len(given.batches) or None})
    events = [*progress(verbose, listeners, epochs=False), TestBridge(listeners)]
    return loop.evaluate(state.steps_for(given.y, training=False), given.batches, events)


def predict(
    state: Training, x: Any, batch_size: int | None, verbose: str | int, steps: int | None, callbacks: Callbacks  # noqa: ANN401
) -> Any:  # noqa: ANN401  arrays as the model gives Tensors
    """The answers to all examples."""
    if is_stream(x):
        batches: Batches = Stream(source_of(x, None), lambda item: (state.taken(unpack_x_y_sample_weight(item)[0]),), steps)
    else:
        data = steps_on_rows().ragged_asked(state, x) if state.takes_rows(x) else Data(state.fitting(state.arrays(x)), None, None)
        batches = of_arrays(state, data, batch_size, steps).batches
    listeners: Sequence[Callback] = ()
    if callbacks is not None:
        listeners = checked_callbacks(callbacks, state.model, {"verbose": verbose, "epochs": 1, "steps": len(batches) or None})
    events = [PredictBridge(listeners)] if listeners else ()
    return shown_rows(loop.predict(state, batches, events, taken=as_answer, joined=joined), shown)


def progress(verbose: str | int, listeners: Sequence[Callback] = (), *, epochs: bool = True) -> list[Events]:
    """The progress display of `verbose`: 0 none, 1 or "auto" a live line with a bar, 2 a line without one per epoch; or a callback's."""
    check_verbose(verbose)
    if verbose == 0 or any(isinstance(one, ProgbarLogger) for one in listeners):
        return []
    return [KerasProgress(plain=verbose == 2, epochs=epochs)]


def check_verbose(verbose: object) -> None:
    """Raises: ArgumentError."""
    if not isinstance(verbose, (str, int)) or verbose not in {"auto", 0, 1, 2}:
        raise ArgumentError(f"verbose is 0, 1, 2 or 'auto', not {verbose!r}")
