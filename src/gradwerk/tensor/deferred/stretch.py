"""A stretch: eager operations that wait, in the order in which they were asked for.

A stretch is as far as anybody knows a graph: results that nobody holds any more are not computed, those that somebody holds are its
outputs, and what it writes are outputs that overwrite inputs.  How it is run stands in endings.py.

Whoever needs a result, in any thread, closes the stretch and runs it.  Recording appends to one list, and takes no lock: see `Recorder`.
"""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from gradwerk.base.forks import one_if_free
from gradwerk.ir.op import Array
from gradwerk.ir.strides import Strides
from gradwerk.tensor.deferred.endings import Ending, Means, run
from gradwerk.tensor.deferred.entries import Entry, Source
from gradwerk.tensor.deferred.learned import Copy, Learned
from gradwerk.tensor.handle import Handle, make
from gradwerk.tensor.storage import Copied, Later, Storage, aligned_copy, made

FEW_BYTES = 4096
"""Fewer are compared as Python's bytes."""


class Stretch:
    """Operations that wait.

    `entries` are operations (endings.py); `inputs` are the numbers of Storages from outside, `reading` all those whose memory is read;
    `sources` is what came from outside, once it is run.  `end` is how many entries belong to it, once that is known: behind `closed`.
    `running` while it is run, `overwriting` from when a program may write to what is outside.
    """

    __slots__ = (
        "__weakref__", "before", "closed", "constants", "copies", "done", "end", "ended", "entries", "hidden", "inputs", "last", "lock",
        "nbytes", "new", "numbers", "overwriting", "partly", "parts", "reading", "running", "sources", "viewed", "why", "writes",
    )  # fmt: skip

    def __init__(self, root: Learned, before: Ending | None = None) -> None:
        self.last, self.before = root, before
        self.ended: Ending | None = None
        """That of its first run; `before` is that of the stretch before it in its thread."""
        self.new = 0
        """How many of its operations had not been seen before."""
        self.partly = False
        """Whether it was run but for what nobody was expected to read."""
        self.entries: list[Entry] = []
        self.inputs: dict[Storage, int] = {}
        self.parts: dict[tuple[Storage, Strides], int] = {}
        """The number of each part of a Storage from outside that is taken for itself."""
        self.numbers: dict[int, int] = {}
        """The number of each array of a number from outside, by its id: `entries` keep them."""
        self.viewed: set[Storage] = set()
        """The Storages that they are parts of."""
        self.reading: dict[Storage, Array | None] = {}
        """The Storages whose memory is read, each with the array that was read; None where it was a part of it."""
        self.constants: set[int] = set()
        """The ids of arrays of what was learned that the tape has."""
        self.copies: dict[tuple[Any, ...], Handle] = {}
        """What memory that others see held when it was read, by Storage and view."""
        self.hidden: dict[int, Storage] = {}
        """What stands in for results that live and cannot be seen, by number (`held_by_somebody`)."""
        self.sources: list[Source] = []
        self.lock = threading.RLock()
        self.closed = self.done = self.running = self.overwriting = False
        self.writes = True
        """False once its writes were given up: a run that was to make them failed."""
        self.end = -1
        self.nbytes = 0
        self.why = ""

    def reads(self, storage: Storage) -> bool:
        """Whether what waits reads this memory."""
        return storage in self.reading

    def own(self, a: Handle) -> Handle:
        """The Tensor itself, or what it holds now in memory of ours, where its memory may be written by others at any time.

        Who reads it again before they have written to it reads the same copy, so the same operations are recorded.
        """
        if not a._storage.shared:
            return a
        key = a._storage, () if a._view is None else a._view.steps
        known, array = self.copies.get(key), a._array
        if known is None or known._type != a._type or not same_bits(known._array, array):
            copy = aligned_copy(array)
            known = self.copies[key] = make(a.result_class, Copied(copy, a._type, a._storage), copy, a._type)
        return known

    def extend(self, more: list[Entry], last: Learned) -> bool:
        """Adds entries at once; False where it was closed without them."""
        entries = self.entries
        if self.closed:
            return False
        place, self.last = len(entries), last
        entries.extend(more)
        if self.closed:
            with self.lock:
                return place < self.end
        return True

    def close(self) -> None:
        """Nothing more belongs to it.  Called with the lock."""
        self.closed = True
        if self.end < 0:  # also where a signal handler comes between the two
            self.end = len(self.entries)

    def give_up(self) -> None:
        """Its writes are not made, should they not be by now; all else waits on."""
        self.writes = False
        with self.lock:
            self.close()

    def drain(self) -> None:
        """The same where nobody needs a result: what this thread is running already, while it handles a signal, is left alone."""
        with self.lock:
            if self.running:
                return
        self.finish()
        if self.partly:
            self.finish()

    def finish(self, wanted: Storage | None = None) -> None:
        """Runs what waits, the first time but for what nobody is expected to read, if it is not what is wanted.

        Raises: MemoryError, and what a signal handler raises: all waits on then, but for writes, which are given up.
        """
        number = None if wanted is None else wanted.number
        with self.lock:
            ran = self.done or self._run(Means.PROGRAM, number)
        if not ran:
            with one_if_free() as free, self.lock:  # in this order: who compiles may need what waits in another thread
                if not self.done:
                    self._run(Means.ANY if free else Means.NUMPY, number)
        if wanted is not None and self.hidden:
            self._deliver(wanted)

    def stands_in(self, entry: Learned, place: int) -> Storage:
        """What is made in place of a result that nobody can be seen to hold."""
        number = entry.result + place
        order = entry.op.order if isinstance(entry.op, Copy) else None
        return self.hidden.setdefault(number, Later(entry.types[place], self, number, order))

    def _deliver(self, wanted: Storage) -> None:
        """Gives a Storage what was made for it in its absence."""
        with self.lock:
            stand_in = self.hidden.get(wanted.number) if wanted.waiting is self else None
            if stand_in is not None and stand_in.waiting is None and stand_in.array is not None:
                made(wanted, stand_in.array)

    def _run(self, means: Means, wanted: int | None) -> bool:
        """Runs it by these means; False where it cannot."""
        if self.running:  # a signal handler, or a finalizer, looks at what its own thread is computing
            self.close()
            return run(self, self.entries[: self.end], Means.NUMPY, writes=False)
        try:
            self.running = True
            if self.done:  # by one that came right before
                return True
            self.close()
            entries, partly = self.entries[: self.end], self.partly
            if entries and not run(self, entries, means, writes=self.writes, wanted=wanted, whole=partly):
                return False
            if self.partly and not partly:
                return True
            self.done = True
        except BaseException:
            self.writes = False
            raise
        finally:
            self.running = self.overwriting = False
        self.entries, self.inputs, self.sources, self.copies = [], {}, [], {}
        self.viewed, self.reading, self.parts, self.numbers, self.constants = set(), {}, {}, {}, set()
        return True


def same_bits(own: Array, other: Array) -> bool:
    """Whether two arrays of one type hold the same, to the bit."""
    if own.nbytes < FEW_BYTES or not other.flags.c_contiguous:
        return own.tobytes() == other.tobytes()
    one, two = (array.reshape(-1).view(np.uint8) for array in (own, other))
    return bool((one == two).all())
