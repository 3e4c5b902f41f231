"""What a form of a compiled function has ready for its calls: where its inputs lie, what it writes, and whose turns it takes.

What is the same at each call is found out once, when the form is made; see outcome.py for what comes out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from weakref import ref

import numpy as np

from gradwerk.ir.op import Array
from gradwerk.jit.outcome import Outcome
from gradwerk.jit.overlaps import captured_memory
from gradwerk.jit.recipes import Argument, Fixed, GradientOf, Specialization
from gradwerk.jit.results import find, memory
from gradwerk.jit.signature import Call
from gradwerk.runtime.memory import SLACK, address, placed
from gradwerk.tensor.apply import unreadable
from gradwerk.tensor.engine import PAGE, readable
from gradwerk.tensor.handle import LATER, Handle, follow
from gradwerk.tensor.storage import Storage
from gradwerk.tensor.turns import Turn, turns_of, turns_of_gradients


class Binding:
    """How a specialization's inputs get their addresses: those of fixed Storages once, those of arguments at each call."""

    def __init__(self, entry: Specialization) -> None:
        self.entry, self.native, self.outcome = entry, entry.program.native, Outcome(entry)
        self.words = [0] * len(entry.inputs)
        self.moving: list[tuple[int, int, Any, Seen]] = []
        """Number of an input, which argument it is or -1, where it is found, and what was found there last."""
        for number, source in enumerate(entry.inputs):
            if isinstance(source, Fixed) and source.handle._array is not None and readable(source.handle._array):
                self.words[number] = address(source.handle._array)
            elif isinstance(source, np.ndarray) and readable(source):
                self.words[number] = address(source)
            elif isinstance(source, Argument | GradientOf):
                self.moving.append((number, source.place if isinstance(source, Argument) else -1, source, Seen()))
            else:
                self.native = None
        self.held, self.overwritten = captured_memory(entry), frozenset(entry.written)
        sources = [entry.inputs[number] for number in entry.written]
        self.written_moving: list[Any] = [source for source in sources if not isinstance(source, Fixed)]
        fixed = [source.handle for source in sources if isinstance(source, Fixed)]
        self.written = [handle._storage for handle in fixed]
        orders = dict(entry.guards.layouts)
        self.movable: list[tuple[Storage, Array | None, tuple[int, ...] | None]] = [
            (handle._storage, handle._array, orders.get(handle._storage)) for handle in fixed if may_move(handle)
        ]
        self.foreign = [storage for storage in self.written if storage.owner is not None]
        self.turns = turns_of(self.written)
        leaves = [handle for _, _, handle in entry.gradients_read if handle is not None]
        self.at_gradients = (*turns_of_gradients(leaves), *self.turns) if len(leaves) == len(entry.gradients_read) else None
        """All turns of a call, where they are the same for each."""

    def turns_with(self, call: Call) -> tuple[Turn, ...]:
        """What a call takes that also adds to gradients: the turns at those, and then those at what it writes."""
        if self.at_gradients is not None:
            return self.at_gradients
        owners = [find(owner, call.leaves) if handle is None else handle for owner, _, handle in self.entry.gradients_read]
        return *turns_of_gradients(owners), *self.turns

    def addresses(self, leaves: Sequence[Any], kept: list[Array]) -> list[int] | None:
        """One address per input; None when what is written cannot be taken as it is.

        What lies there is `kept` until the run is over: another thread may replace a gradient meanwhile.
        """
        words = self.words.copy()
        for number, place, source, seen in self.moving:
            x = leaves[place] if place >= 0 else memory(source, leaves)
            array = x._held if isinstance(x, Handle) else x
            if array is LATER:
                array = x._array
            last, start = seen.last  # at once: another thread may look meanwhile
            known = last()
            if known is None or known is not array or (array is x and not known.flags.c_contiguous):  # an array's strides may be set
                array, start = self.taken(number, x, seen)
                if array is None:
                    return None
            if not start:
                array, start = copied(array)
            kept.append(array)
            words[number] = start
        return words

    def taken(self, number: int, x: Any, seen: Seen) -> tuple[Array | None, int]:  # noqa: ANN401
        """The memory of an input that is another than in the last call, and where it lies: 0 where the program is to read a copy of it.

        None where the program cannot write there.
        """
        array: Array | None = x._array if isinstance(x, Handle) else np.asarray(x)
        if array is None:
            raise unreadable(x)
        writes = number in self.overwritten
        start = start_of(array)
        if writes and (not start or not (array is x or isinstance(x, Handle))):
            return None, 0
        self.held.refuse(array, writes=writes, start=start)
        seen.last = (ref(array) if array.flags.c_contiguous else _nothing), start  # last: what was refused is looked at again
        return array, start

    def count_writes(self, leaves: Sequence[Any]) -> None:
        """Says of every Storage that the run has written that it was."""
        for storage in self.written:
            storage.version += 1
        if self.movable:
            self.follow_moves()
        for source in self.written_moving:
            x = find(source, leaves)
            if isinstance(x, Handle):
                x._storage.version += 1

    def follow_moves(self) -> None:
        """Brings what was written, and counted, to where somebody has laid the memory meanwhile (`settle`)."""
        for storage, array, order in self.movable:
            if storage.array is not array:
                follow(storage, array, order)


def may_move(handle: Handle) -> bool:
    """Whether the memory of a Storage may be another one than this later: only what does not lie row by row yet is ever laid anew."""
    storage = handle._storage
    return storage.order is not None or storage.array is not handle._array


def copied(array: Array) -> tuple[Array, int]:
    """A copy that kernels can read, and where it lies."""
    copy, start = placed(array.shape, array.dtype)
    copy[...] = array
    return copy, start


class Seen:
    """The array that an argument was in the last call, and where it lies: to ask NumPy takes longer than a small step's kernels.

    0 says that it lies where kernels may not read it.
    """

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last: tuple[Callable[[], Array | None], int] = (_nothing, 0)


def start_of(array: Array) -> int:
    """Where an array lies; 0 where kernels may not read it as it is."""
    if not array.flags.c_contiguous:
        return 0
    start = address(array)
    if (start % array.itemsize or not 0 < (start + array.nbytes) % PAGE <= PAGE - SLACK) and not readable(array):
        return 0
    return start


def _nothing() -> None:
    """No array."""
