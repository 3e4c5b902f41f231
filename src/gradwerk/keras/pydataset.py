"""keras.utils.PyDataset: batches by number, made by threads where that is asked for."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from gradwerk.base.errors import StateError
from gradwerk.keras.options import checked, whole


class PyDataset:
    """Batches by number: a subclass writes `__getitem__(index)`, which gives (x, y), (x, y, sample_weight) or x, and `__len__`.

    One without an end says so by a property `num_batches` that is None.  `on_epoch_begin` and `on_epoch_end` are called around each epoch
    of `fit`.

    Args:
        workers: so many threads make batches ahead; 0 and 1 are none.
        use_multiprocessing: threads are taken in any case.
        max_queue_size: how many batches are made ahead.
    """

    _workers = 1
    _use_multiprocessing = False
    _max_queue_size = 10

    @checked
    def __init__(self, workers: int = 1, use_multiprocessing: bool = False, max_queue_size: int = 10) -> None:  # noqa: FBT001, FBT002  Keras' signature
        self.workers, self.max_queue_size = workers, max_queue_size
        self.use_multiprocessing = use_multiprocessing

    @property
    def workers(self) -> int:
        """How many threads make batches."""
        return self._workers

    @workers.setter
    def workers(self, value: int) -> None:
        self._workers = whole(type(self).__name__, "workers", value)

    @property
    def use_multiprocessing(self) -> bool:
        """Whether processes were asked for."""
        return self._use_multiprocessing

    @use_multiprocessing.setter
    def use_multiprocessing(self, value: bool) -> None:
        self._use_multiprocessing = bool(value)

    @property
    def max_queue_size(self) -> int:
        """How many batches are made ahead."""
        return self._max_queue_size

    @max_queue_size.setter
    def max_queue_size(self, value: int) -> None:
        self._max_queue_size = whole(type(self).__name__, "max_queue_size", value, 1)

    def __getitem__(self, index: int) -> Any:  # noqa: ANN401  a tree of arrays
        """A whole batch.  A subclass writes it."""
        raise StateError(f"{type(self).__name__} gives no batches", likely="write `def __getitem__(self, index): ...`")

    def __iter__(self) -> Iterator[Any]:
        count = self.num_batches
        return (self[index] for index in (itertools.count() if count is None else range(count)))

    @property
    def num_batches(self) -> int | None:
        """How many there are, None without an end.  Raises: StateError where the subclass says neither this nor `__len__`."""
        length = getattr(self, "__len__", None)
        if length is None:
            raise StateError(f"{type(self).__name__} does not say how many batches it has", likely="write `def __len__(self): ...`")
        return int(length())

    def on_epoch_begin(self) -> None:
        """Before each epoch of `fit`."""

    def on_epoch_end(self) -> None:
        """After each epoch of `fit`."""


Sequence = PyDataset
