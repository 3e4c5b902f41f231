"""Batches of examples: cut, shuffled, changed, joined, ahead of time; each a function of (seed, epoch, example) alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from zlib import crc32

import numpy as np

from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DataError
from gradwerk.base.trees import map_tree
from gradwerk.data.joining import as_arrays, count_of, rows_of, stacked
from gradwerk.data.order import by_length, checked_seed, example_keys, example_random, in_batches, permutation

Array = np.ndarray[Any, np.dtype[Any]]
Tree = Any


class Loader:
    """Batches of a data set, epoch after epoch.

    What is in a batch follows from (seed, epoch, example) alone: however many workers make it, and also in a run that begins in the middle,
    `loader.epoch(3, first=120)`.

        loader = Loader((images, labels), 32, seed=0, each=lambda example, random: (example[0] + random.normal(), example[1]), workers=2)
        for x, y in loader: ...

    Raises: ArgumentTypeError for what is no data set, ArgumentError for threads and workers together, DataError for other lengths
    than examples.

    Args:
        data: a tree of arrays (an array, or a dict or tuple of such) with one row for each example; or examples, as a list or anything with
            `len(data)` and `data[number]`, each a tree of arrays, numbers and texts.
        batch_size: how many examples; the last batch may be smaller.
        seed: shuffles each epoch anew; without one examples come as they stand.
        each: `each(example, random)` gives the example that is taken in its place; `random` is a NumPy Generator of its own.
        join: makes a batch of examples: `stacked` or `padded` of `gradwerk.data.joining`, or a function of yours.
        lengths: of all examples: those of like length share a batch.
        drop_last: whether a smaller last batch is left out.
        keyed: whether a batch is a pair: the batch, and a word for each of its examples, (n,) uint32, that decides what compiled steps draw
            for it (`gradwerk.data.distort`).
        threads: that many make batches ahead; for what waits, or computes outside of Python.
        workers: that many processes make batches ahead; for what computes in Python.  Where the system cannot fork they are threads.
        ahead: how many batches are in hand for each thread or process.
    """

    def __init__(
        self, data: Tree, batch_size: int = 32, *, seed: int | None = None, each: Callable[[Tree, np.random.Generator], Tree] | None = None,
        join: Callable[[Sequence[Tree]], Tree] = stacked, lengths: Sequence[int] | Array | None = None, drop_last: bool = False,
        keyed: bool = False, threads: int = 0, workers: int = 0, ahead: int = 2,
    ) -> None:  # fmt: skip
        self.is_tree = isinstance(data, (dict, tuple, np.ndarray))
        if not self.is_tree and not (hasattr(data, "__len__") and hasattr(data, "__getitem__")):
            raise ArgumentTypeError(f"a data set has `len(data)` and `data[number]`, this is a {type(data).__name__}", likely="list(data)")
        self.data = as_arrays(data) if self.is_tree else data
        self.examples = count_of(self.data) if self.is_tree else len(data)
        self.batch_size, self.ahead = _whole("batch_size", batch_size, 1), _whole("ahead", ahead, 1)
        self.threads, self.workers = _whole("threads", threads, 0), _whole("workers", workers, 0)
        if threads and workers:
            raise ArgumentError(f"batches are made ahead by threads or by workers, not both: threads={threads}, workers={workers}")
        if lengths is not None and len(lengths) != self.examples:
            raise DataError(f"{len(lengths)} lengths for {self.examples} examples")
        self.seed, self.each, self.join, self.lengths = checked_seed(seed), each, join, lengths
        self.drop_last, self.keyed = drop_last, keyed
        self.next_epoch = 0
        """The number of the epoch that the next `iter` goes through; set it to go on elsewhere."""

    def __len__(self) -> int:
        """The batches of an epoch."""
        return self.examples // self.batch_size if self.drop_last else -(-self.examples // self.batch_size)

    def describe(self) -> dict[str, int | bool | None]:
        """What decides which examples are in a batch, for checkpoints; of lengths a checksum."""
        lengths = None if self.lengths is None else crc32(np.asarray(self.lengths, np.int64).tobytes())
        found = {"examples": self.examples, "batch_size": self.batch_size, "seed": self.seed, "drop_last": self.drop_last}
        return found | {"lengths": lengths}

    def __iter__(self) -> Iterator[Tree]:
        number, self.next_epoch = self.next_epoch, self.next_epoch + 1
        return self.epoch(number)

    def order(self, number: int) -> list[Array]:
        """The numbers of the examples of each batch of an epoch."""
        if self.lengths is not None:
            return by_length(self.lengths, self.batch_size, self.seed, number, drop_last=self.drop_last)
        return in_batches(permutation(self.seed, number, self.examples), self.batch_size, drop_last=self.drop_last)

    def epoch(self, number: int, first: int = 0) -> Iterator[Tree]:
        """The batches of an epoch, from the one numbered `first` on."""
        number, first = _whole("the number of an epoch", number, 0), _whole("first", first, 0)
        jobs = [(number, rows) for rows in self.order(number)[first:]]
        if not jobs or not (self.threads or self.workers):
            yield from map(self.batch, jobs)
            return
        from gradwerk.data.workers import Processes, Threads, can_fork  # noqa: PLC0415  loaded where they are asked for

        kind, count = (Processes, self.workers) if self.workers and can_fork() else (Threads, self.threads or self.workers)
        made = kind(self.batch, min(count, len(jobs)), ahead=self.ahead)
        try:
            yield from made.run(jobs)
        finally:
            made.close()

    def batch(self, job: tuple[int, Array]) -> Tree:
        """The batch of an epoch's number and numbers of examples."""
        epoch, rows = job
        if self.is_tree and self.each is None and self.join is stacked:
            made = rows_of(self.data, rows)
        else:
            made = self.join([self.example(epoch, int(row)) for row in rows])
        return (made, example_keys(self.seed, epoch, rows)) if self.keyed else made

    def example(self, epoch: int, number: int) -> Tree:
        """An example as it is in an epoch.  An error that it ends in names it."""
        try:
            example = rows_of(self.data, number) if self.is_tree else self.data[number]
            if self.each is None:
                return example
            own = map_tree(lambda leaf: np.array(leaf) if isinstance(leaf, np.ndarray) else leaf, example)  # `each` may write to it
            return self.each(own, example_random(self.seed, epoch, number))
        except Exception as error:
            error.add_note(f"while example {number} of epoch {epoch} was made")
            raise


def _whole(name: str, value: int, least: int) -> int:
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ArgumentError(f"{name} is a whole number of at least {least}, this is {value!r}")
    return int(value)
