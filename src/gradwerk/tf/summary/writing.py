"""What writes summaries where: the writer of a thread, its step, and whether anything is recorded now."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.io.events import BUCKETS, EventFile
from gradwerk.tf.host_calls import host_op
from gradwerk.tf.values.hosted import array_of, path_of, whole
from gradwerk.tf.values.texts import tensor_of, texts_of

# ruff: noqa: ANN401  TensorFlow's signatures


class _Here(threading.local):
    """The writer of a thread, and what it is told."""

    def __init__(self) -> None:
        self.writer: SummaryWriter | None = None
        self.step: Any = None
        self.record: Any = True


here = _Here()


class SummaryWriter:
    """Writes summaries into an event file; one without a file writes nothing.

    Args:
        events: the file, or None.
    """

    def __init__(self, events: EventFile | None) -> None:
        self.events = events
        self._before: list[tuple[Any, Any]] = []

    @contextmanager
    def as_default(self, step: Any = None) -> Iterator[SummaryWriter]:
        """Inside the block summaries are written by this one, at this step unless they say another."""
        before = here.writer, here.step
        here.writer, here.step = self, before[1] if step is None else step
        try:
            yield self
        finally:
            here.writer, here.step = before
            self.flush()

    def set_as_default(self, step: Any = None) -> None:
        """Summaries are written by this one from now on."""
        here.writer = self
        if step is not None:
            here.step = step

    def init(self) -> None:
        """Nothing: the file is there."""

    def flush(self) -> None:
        """Puts what was written on the disk."""
        if self.events is not None:
            self.events.flush()

    def close(self) -> None:
        """Ends the file."""
        if self.events is not None:
            self.events.close()


def create_file_writer(
    logdir: Any, max_queue: int | None = None, flush_millis: int | None = None, filename_suffix: str | None = None,
    name: str | None = None, experimental_trackable: bool = False,  # noqa: FBT001, FBT002
) -> SummaryWriter:  # fmt: skip
    """A writer of a new event file in a folder.

    Raises: MissingExtraError without the package tensorboard, FileError where the file cannot be made, ArgumentError for no folder.
    """
    if logdir is None:
        raise ArgumentError("Argument `logdir` cannot be None")
    every = 120.0 if flush_millis is None else flush_millis / 1000
    return SummaryWriter(EventFile(path_of(logdir, "logdir"), suffix=filename_suffix or ".v2", every=every))


def create_noop_writer() -> SummaryWriter:
    """A writer that writes nothing."""
    return SummaryWriter(None)


@contextmanager
def record_if(condition: Any) -> Iterator[None]:
    """Inside the block summaries are written where this is so: a truth, or a function of none that gives one."""
    before, here.record = here.record, condition
    try:
        yield
    finally:
        here.record = before


def should_record_summaries() -> Any:
    """Whether summaries are written now.  Dtype: bool."""
    return tensor_of(np.array(here.writer is not None and _recorded()))


def _recorded() -> bool:
    return bool(here.record() if callable(here.record) else here.record)


def _target(step: Any) -> tuple[EventFile, int] | None:
    """Where a summary goes, and its step.  Raises: ArgumentError where nobody says which."""
    if here.writer is None or here.writer.events is None or not _recorded():
        return None
    said = here.step if step is None else step
    if said is None:
        likely = "step=..., or tf.summary.experimental.set_step(...)"
        raise ArgumentError("No step set. Please specify one through the `step` argument or through set_step()", likely=likely)
    return here.writer.events, whole(said, "step")


def _told(found: Any) -> Any:
    return tensor_of(np.array(found is not None))


@host_op("WriteScalarSummary", effects=True)
def scalar(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """A number.  Whether it was written.  Raises: ArgumentError for more than one, or without a step."""
    found = _target(step)
    if found is not None:
        array = array_of(data, "data")
        if array.ndim:
            raise ArgumentError("a scalar summary is of one number", facts=(f"data {array.shape}",))
        found[0].scalar(name, float(array), found[1])
    return _told(found)


@host_op("WriteHistogramSummary", effects=True)
def histogram(name: str, data: Any, step: Any = None, buckets: int | None = None, description: str | None = None) -> Any:
    """How often numbers are how large.  Whether it was written.  Raises: ArgumentError without a step."""
    found = _target(step)
    if found is not None:
        found[0].histogram(name, array_of(data, "data"), found[1], buckets=BUCKETS if buckets is None else buckets)
    return _told(found)


@host_op("WriteImageSummary", effects=True)
def image(name: str, data: Any, step: Any = None, max_outputs: int = 3, description: str | None = None) -> Any:
    """Pictures, (n, height, width, channels): bytes, or floats from 0 to 1.  Whether they were written.  Raises: ArgumentError."""
    found = _target(step)
    if found is not None:
        found[0].images(name, array_of(data, "data"), found[1], most=max_outputs)
    return _told(found)


@host_op("WriteTextSummary", effects=True)
def text(name: str, data: Any, step: Any = None, description: str | None = None) -> Any:
    """A text, shown as Markdown; of several a line each.  Whether it was written.  Raises: ArgumentError without a step."""
    found = _target(step)
    if found is not None:
        lines = np.asarray(texts_of(data, "data"), object).ravel().tolist()
        found[0].text(name, b"\n\n".join(lines).decode("utf-8", "replace"), found[1])
    return _told(found)


def flush(writer: SummaryWriter | None = None, name: str | None = None) -> None:
    """Puts what a writer (that of the thread) wrote on the disk."""
    target = here.writer if writer is None else writer
    if target is not None:
        target.flush()


def get_step() -> Any:
    """The step of the thread."""
    return here.step


def set_step(step: Any) -> None:
    """Summaries of the thread are of this step, unless they say another."""
    here.step = step


experimental = SimpleNamespace(get_step=get_step, set_step=set_step)
"""tf.summary.experimental."""
