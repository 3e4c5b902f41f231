"""The way of an operation that was expected: all that an eager operation costs where its loop has been seen before.

What is done here is what `Recorder` does of any operation, in one piece, for the case that makes up a loop: the operation that followed
here before, on what waits, was read before, or comes from outside as it did.  All else goes the long way, which gives the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gradwerk.ir.op import Movement, Op
from gradwerk.tensor.apply import farther
from gradwerk.tensor.deferred.entries import Source
from gradwerk.tensor.deferred.here import Here
from gradwerk.tensor.deferred.joining import MOST_BYTES, MOST_ENTRIES, ROUND, ends, kept, number, sources_of
from gradwerk.tensor.deferred.learned import CONSTANT, NEW, Learned, Place
from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.handle import LATER, Handle, make
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Later, Storage
from gradwerk.tensor.tape import record

NOTHING: tuple[Source, ...] = ()
NO_STEPS: tuple[Movement, ...] = ()
MOST_ARGUMENTS = 32
"""Of more, each is looked for among those before it in a way that pays for many (`Learned.taken`)."""


def expected(here: Here, stretch: Stretch, cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """The results of an operation that is the expected one, which wait; None where it is to go the long way.

    Called while `busy`, with no trace under way.

    Args:
        here: this thread.
        stretch: its open stretch.
        cls: the class of the results, so far.
        op: the operation.
        args: its arguments.
    """
    entry = following(here, stretch, op, args)
    if entry is None:
        return None
    brought: list[Storage] = []
    requires_grad = as_expected(stretch, cls, entry, args, brought)
    if requires_grad is None:
        return None
    sources: Sequence[Source] | None = sources_of(stretch, brought) if brought else NOTHING
    results = None if sources is None else joined(stretch, entry, brought, sources)
    if sources is None or results is None:
        return None
    here.expected()
    if requires_grad and mode.grad:
        record(op, kept(stretch, entry, args, sources) if entry.numbers else args, results)
    return results


def as_expected(stretch: Stretch, cls: type[Handle], entry: Learned, args: tuple[Any, ...], brought: list[Storage]) -> bool | None:
    """Whether one of the arguments has a gradient; None where they are others than those that were learned.

    Args:
        stretch: the open one of this thread.
        cls: the class of the results, so far.
        entry: what was learned of the operation.
        args: its arguments.
        brought: gets what it reads from outside for the first time.
    """
    requires_grad = False
    for a, place in zip(args, entry.places, strict=True):
        if not isinstance(a, Handle):
            if place.number != CONSTANT or not place.holds(a):
                return None
            continue
        if a._storage.waiting is stretch:
            if a._storage.number != place.number:
                return None
        elif not from_outside(stretch, a, place, brought):
            return None
        view = a._view
        if view is None:
            steps, tracked = NO_STEPS, a._node is not None or a._requires_grad
        else:
            steps, tracked = view.steps, a.requires_grad
        if steps is not place.steps and steps != place.steps:
            return None
        requires_grad = requires_grad or tracked
        cls = cls if a.result_class is cls else farther(cls, a.result_class)
    return requires_grad if entry.cls is cls else None


def following(here: Here, stretch: Stretch, op: Op, args: tuple[Any, ...]) -> Learned | None:
    """The operation that followed here before and may be this one."""
    entries = stretch.entries
    count = len(entries)
    may_end = type(op) is type(entries[0][0].op) or count >= MOST_ENTRIES or stretch.nbytes > MOST_BYTES if count >= ROUND else False
    if may_end and not here.writes and ends(stretch, entries, op, args):
        return None
    for entry in stretch.last.children:
        if entry.op is op or entry.op == op:
            return entry if entry.looked_at is None and len(args) == len(entry.places) <= MOST_ARGUMENTS else None
    return None


def from_outside(stretch: Stretch, a: Handle, place: Place, brought: list[Storage]) -> bool:
    """Whether an argument from outside is as expected; what is read for the first time is `brought`."""
    storage = a._storage
    if storage.waiting is not None or a._held is None or storage.shown is not None or storage.owner is not None:
        return False
    known = stretch.inputs.get(storage)
    if known is not None:
        return known == place.number
    if place.number != NEW or place.part or storage.type != place.type or storage.order != place.order:
        return False
    if storage in brought or (a._view is not None and stretch.parts):
        return False
    brought.append(storage)
    return True


def joined(stretch: Stretch, entry: Learned, brought: list[Storage], sources: Sequence[Source]) -> tuple[Any, ...] | None:
    """The results of an operation that is added to a stretch; None where another thread has closed it meanwhile.

    Args:
        stretch: the open one of this thread.
        entry: what was learned of the operation.
        brought: what it reads from outside for the first time.
        sources: the same with its memory.
    """
    types = entry.types
    storage = Later(types[0], stretch, entry.result)
    references: Sequence[Any] = (storage.claim,)
    results: tuple[Any, ...] = (make(entry.cls, storage, LATER, types[0]),)
    if len(types) > 1:
        storages = [Later(type_, stretch, number) for number, type_ in enumerate(types, entry.result)]
        references = [storage.claim for storage in storages]
        results = tuple([make(entry.cls, storage, LATER, storage.type) for storage in storages])
    entries = stretch.entries
    if stretch.closed:
        return None
    place, stretch.last = len(entries), entry
    entries.append((entry, references, sources))
    if stretch.closed:
        with stretch.lock:
            if place >= stretch.end:
                return None
    if brought:
        number(stretch, brought, entry)
    return results
