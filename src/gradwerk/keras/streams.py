"""Batches that come one by one: from generators, data sets, loaders, or arrays of which an epoch is a part.

Each is looked at as it comes, and forgotten: memory does not grow with the data.
"""

from __future__ import annotations

import itertools
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Protocol

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.origin import warn
from gradwerk.data.order import permutation
from gradwerk.data.workers import Threads
from gradwerk.keras.pydataset import PyDataset
from gradwerk.tensor.tensor import Tensor
from gradwerk.train.arrays import ArrayBatches

Parts = tuple[Any, ...]
"""A batch: (x,), (x, y) or (x, y, weights)."""
NO_STREAMS = (np.ndarray, np.generic, Tensor, list, tuple, Mapping, str, bytes, bytearray, memoryview, range, set, frozenset, array)
ENDED = (
    "Your input ran out of data; interrupting training. Make sure that your dataset or generator can generate at least "
    "`steps_per_epoch * epochs` batches. You may need to use the `.repeat()` function when building your dataset."
)
_END = object()


def is_stream(x: Any) -> bool:  # noqa: ANN401  whatever `fit` is given
    """Whether this gives batches: what can be iterated and is no array, list of arrays or table."""
    if isinstance(x, NO_STREAMS) or hasattr(x, "__array__") or hasattr(x, "iloc"):
        return False
    return isinstance(x, PyDataset) or hasattr(x, "__iter__") or hasattr(x, "__next__")


class Source(Protocol):
    """Where batches come from, again and again where it can begin anew."""

    name: str
    begins_anew: bool

    @property
    def count(self) -> int | None:
        """How many batches there are from the beginning; None where nobody knows."""

    def begin(self) -> Iterator[Any]:
        """The batches from the first one on; of what cannot begin anew those that are left."""

    def epoch_begins(self) -> None:
        """Before an epoch."""

    def epoch_ends(self) -> None:
        """After an epoch that was not broken off."""


class Iterated:
    """What has `__iter__`.  An iterator goes on where it was; all else begins anew."""

    def __init__(self, data: Any) -> None:  # noqa: ANN401
        self.data, self.name = data, type(data).__name__
        self.begins_anew = not hasattr(data, "__next__")

    @property
    def count(self) -> int | None:
        """What `len` says."""
        length = getattr(self.data, "__len__", None)
        try:
            return None if length is None or not self.begins_anew else int(length())
        except TypeError:  # as loaders of endless data sets say it
            return None

    def begin(self) -> Iterator[Any]:
        """`iter`."""
        return iter(self.data)

    def epoch_begins(self) -> None:
        """Nothing is told."""

    def epoch_ends(self) -> None:
        """Nothing is told."""


class Numbered:
    """A PyDataset, its batches in an order that the seed decides; as they stand without one."""

    begins_anew = True

    def __init__(self, data: PyDataset, seed: int | None) -> None:
        self.data, self.seed, self.name, self.begun = data, seed, type(data).__name__, 0

    @property
    def count(self) -> int | None:
        """What it says."""
        return self.data.num_batches

    def begin(self) -> Iterator[Any]:
        """The batches, made ahead where threads are asked for."""
        count, data = self.count, self.data
        numbers = itertools.count() if count is None else iter(permutation(self.seed, self.begun, count).tolist())
        self.begun += 1
        if data.workers > 1 or (data.workers > 0 and data.use_multiprocessing):
            ahead = max(data.max_queue_size // data.workers, 1)
            return Threads(lambda number: data[number], data.workers, ahead=ahead).run(numbers)
        return (data[number] for number in numbers)

    def epoch_begins(self) -> None:
        """Tells it."""
        self.data.on_epoch_begin()

    def epoch_ends(self) -> None:
        """Tells it."""
        self.data.on_epoch_end()


class OfArrays:
    """Arrays of which an epoch is some steps: the next one goes on behind them."""

    name, begins_anew = "array", True

    def __init__(self, batches: ArrayBatches) -> None:
        self.batches, self.begun = batches, 0

    @property
    def count(self) -> int | None:
        """As many as the arrays have."""
        return len(self.batches)

    def begin(self) -> Iterator[Any]:
        """The batches in another order each time, where they are shuffled."""
        self.begun += 1
        return self.batches.epoch(self.begun - 1)

    def epoch_begins(self) -> None:
        """Nothing is told."""

    def epoch_ends(self) -> None:
        """Nothing is told."""


class Stream:
    """Batches for the loop.

    Args:
        source: where they come from.
        take: looks at one, and casts it.
        steps: how many are an epoch, which goes on where the last one ended; None for all there are.
        goes_on: whether it does; else each epoch begins with the first batch, where the source can begin anew.
    """

    def __init__(self, source: Source, take: Callable[[Any], Parts], steps: int | None = None, *, goes_on: bool = True) -> None:
        self.source, self.take, self.steps, self.goes_on = source, take, steps, goes_on
        self._counted = 0
        self._iterator: Iterator[Any] | None = None
        self._fresh = False
        """Whether the iterator is one that no epoch has begun with."""

    def __len__(self) -> int:
        """The batches of an epoch; 0 as long as nobody knows."""
        return self.steps or self.source.count or self._counted

    def first(self) -> Parts:
        """The first batch, which the first epoch will give again.  Raises: ArgumentError where there is none."""
        iterator = self.source.begin()
        item = next(iterator, _END)
        if item is _END:
            raise ArgumentError(f"the {self.source.name} gives no batch: there is nothing to train on")
        self._iterator, self._fresh = itertools.chain([item], iterator), True
        return self.take(item)

    def epoch(self, number: int, first: int = 0) -> Iterator[Parts]:
        """The batches of an epoch from the one numbered `first` on; warns where there are fewer than `steps`."""
        self.source.epoch_begins()
        if self._iterator is None or not (self._fresh or (self.steps is not None and (self.goes_on or not self.source.begins_anew))):
            self._iterator = self.source.begin()
        self._fresh = False
        wanted, given = len(self) if self.steps or self.source.count else 0, 0
        while not wanted or given < wanted:
            item = self._next(again=given == 0)
            if item is _END:
                break
            given += 1
            if given > first:
                yield self.take(item)
        self._counted = given
        if given < wanted or (not wanted and not self.source.begins_anew):
            warn(ENDED)
        self.source.epoch_ends()

    def _next(self, *, again: bool) -> Any:  # noqa: ANN401  a batch
        """The next batch; `_END` where there is none, and `again` does not make the source begin anew."""
        iterator = self._iterator
        item = _END if iterator is None else next(iterator, _END)
        if item is not _END:
            return item
        self._iterator = None
        if not (again and self.source.begins_anew):
            return _END
        self._iterator = self.source.begin()
        return next(self._iterator, _END)


def source_of(x: Any, seed: int | None) -> Source:  # noqa: ANN401
    """The source that this is; `seed` shuffles what can be."""
    return Numbered(x, seed) if isinstance(x, PyDataset) else Iterated(x)
