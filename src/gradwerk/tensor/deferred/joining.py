"""One operation joins a stretch: what it brings from outside, where a stretch ends, and writes that put a Storage on another result."""

from __future__ import annotations

from collections.abc import Sequence
from sys import getrefcount
from typing import Any
from weakref import ref

import numpy as np

from gradwerk.base.origin import capture
from gradwerk.ir.op import Op
from gradwerk.tensor.apply import Layout, farther, laid, viewed
from gradwerk.tensor.deferred.entries import Entry, Source
from gradwerk.tensor.deferred.learned import CONSTANT, NEW, NUMBER, Learned, Recorded
from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.foreign import Lent
from gradwerk.tensor.handle import LATER, Handle, make, settling
from gradwerk.tensor.state import mode
from gradwerk.tensor.storage import Claim, Later, Storage
from gradwerk.tensor.tape import Identity, record

ROUND = 32
"""Operations: a longer stretch ends where its first operation comes again."""
BEGINNING = 8
"""Operations that say whether a round is over."""
MOST_ENTRIES = 10_000
"""Operations that wait; what is more begins another stretch."""
MOST_BYTES = 1 << 28
"""Bytes of memory from outside that a stretch holds."""


def sources_of(stretch: Stretch, brought: Sequence[Any]) -> list[Source] | None:
    """What an operation brings from outside, with its memory; None where another thread has some laid row by row meanwhile.

    From here on the stretch is known to read it, whatever is raised before the operation is added.
    """
    sources: list[Source] = []
    for found in brought:
        if isinstance(found, Storage):
            if found.order is None:
                array: Any = found.array
            else:
                with settling.lock:
                    array, order = found.array, found.order
                if order is None:
                    stretch.finish()
                    return None
            seen, read = found, array
        elif isinstance(found, Handle):
            array, seen, read = found._array, found._storage, None
        else:
            sources.append((None, found))
            continue
        stretch.reading.setdefault(seen, read)
        stretch.nbytes += array.nbytes
        sources.append((found if isinstance(found, Storage) else None, array))
    return sources


def may_wait(stretch: Stretch, written: Sequence[Handle]) -> bool:
    """Whether writes to these may wait: contents in memory that is ours alone, and no Tensor or stretch that sees a part of it.

    Where one may not, none does: what is written in pieces could be broken off between them.
    """
    viewed = stretch.viewed
    return not any(
        each._held is None or each._view is not None or not each._type.size or each._storage.shared or each._storage in viewed
        for each in written
    )


def always() -> bool:
    """What `shown` of a Storage is where nobody knows when it ends."""
    return True


def lent(storage: Storage, array: Any) -> Any:  # noqa: ANN401  an array
    """An array on the memory of a Storage, for somebody outside, that says how long it lives."""
    memory = storage.array
    if storage.owner is not None or storage.shown is always or memory is None or array.size == 0:
        return array.view()
    one = None if storage.shown is None else storage.shown()
    if not isinstance(one, Lent) or one.memory is not memory:
        one = Lent(memory)
        storage.shown = ref(one)
    return one.shown(array)


def _in_frames(one: object, two: object) -> int:
    """How many references to an object are seen where a function and its caller have it: not the same number in all Pythons."""
    return getrefcount(one) if two is not None else 0


def _measured() -> tuple[int, int]:
    """That of an object known by one name in both, and by two."""
    array, held = np.empty(1), LATER
    once = _in_frames(array, held)
    same = array
    return once, _in_frames(array, same)


IN_FRAMES, TWICE_IN_FRAMES = _measured()


def alone(target: Handle, stretch: Stretch) -> bool:
    """Whether nobody can see the memory of a Tensor but by asking its Storage: no view, twin or tape has an array of it.

    Memory that was ever shown outside stays where it is: somebody may have its address.
    """
    storage, held = target._storage, target._held
    array = storage.array
    if array is None or storage.owner is not None or storage.shown is not None:
        return False
    return _unseen(array, held, 2 * (stretch.reading.get(storage) is array) + 1, 1)


def _unseen(array: Any, held: Any, references: int, holders: int) -> bool:  # noqa: ANN401  arrays, or LATER
    """Whether so many refer to an array, and to the view of it that a Tensor has, beside the frames of this function and its caller.

    Args:
        array: the memory of a Storage.
        held: what its Tensor has: the array, a view of it, or LATER.
        references: to the array.
        holders: of what the Tensor has.
    """
    same, view = held is array, held is not array and held is not LATER
    if view and getrefcount(held) != holders + IN_FRAMES:
        return False
    known = references + (holders + TWICE_IN_FRAMES if same else IN_FRAMES)
    if isinstance(array.base, np.ndarray):  # views refer to that
        return getrefcount(array) == known and getrefcount(array.base) == 2 + view
    return getrefcount(array) == known + view


def renew(
    stretch: Stretch, target: Handle, entry: Learned, sources: list[Source]
) -> tuple[Learned, Sequence[Storage], list[Source]] | None:  # fmt: skip
    """Has a Storage wait for an operation of the stretch, in place of the contents that it has; None where it is to be written at once."""
    storage = target._storage
    claim = Claim(storage)  # it may be in the stretch already
    with stretch.lock:  # no other thread looks at it before it is in the stretch
        if not stretch.extend([(entry, [claim], sources)], entry):
            return None
        storage.bump(capture())
        if storage.waiting is not None:
            if stretch.closed or storage.waiting is not stretch:  # a signal handler has run it, without this
                return None
            storage.number, storage.claim = entry.result, claim  # no call since, in which a signal could be handled
        elif not _exchanged(stretch, target, entry, claim):
            return None
    return entry, (storage,), sources


def _exchanged(stretch: Stretch, target: Handle, entry: Learned, claim: Claim) -> bool:
    """The same where it has contents.  Somebody may have seen them since `alone` was asked: they are taken away, then it is asked."""
    storage, array, held = target._storage, target._storage.array, target._held
    if stretch.closed or array is None:
        return False
    # no call until `held` is set, in which a signal could be handled
    storage.__class__ = Later
    storage.number, storage.waiting, storage.claim = entry.result, stretch, claim
    del storage.array
    target._held = LATER
    if _unseen(array, held, 2 * (stretch.reading.get(storage) is array), 0):
        return True
    if storage.waiting is None:  # a signal handler has looked: what was to be written is there
        array[...] = storage.array
        storage.array, target._held = array, held
        return True
    storage.array, target._held = array, held
    storage.waiting = storage.claim = None
    storage.__class__ = Storage
    return False


def number(stretch: Stretch, brought: Sequence[Any], entry: Learned) -> None:
    """Notes the numbers of what an operation has brought, which others read too."""
    for number, found in enumerate(brought, entry.number):
        if isinstance(found, Storage):
            stretch.inputs[found] = number
        elif isinstance(found, Handle):
            view: Any = found._view
            stretch.parts[found._storage, view.strides] = number
            stretch.viewed.add(found._storage)
        else:
            stretch.numbers[id(found)] = number  # an array


def ends(stretch: Stretch, entries: Sequence[Entry], op: Recorded, args: tuple[Any, ...]) -> bool:
    """Whether the stretch is long enough, or where its loop comes round.

    That is where its first operation comes again, on nothing that waits, and most of what it began with has gone: what a tape still has
    is no round that is over.
    """
    if len(entries) < ROUND:
        return False
    first = entries[0][0]
    if len(entries) >= MOST_ENTRIES or stretch.nbytes > MOST_BYTES:
        return True
    if not (first.op is op or (type(first.op) is type(op) and first.op == op)) or len(args) != len(first.places):
        return False
    for a, place in zip(args, first.places, strict=True):
        if isinstance(a, Handle):
            steps = a._view.steps if a._view is not None else ()
            if a._storage.waiting is not None or (a._type if place.part else a._storage.type) != place.type:
                return False
            if not place.part and steps != place.steps:
                return False
    held = [one is not None and one() is not None for _, results, _ in entries[:BEGINNING] for one in results]
    return 2 * sum(held) <= len(held) and any(isinstance(a, Handle) for a in args)


def moved(stretch: Stretch, cls: type[Handle], op: Op, x: Handle, layout: Layout) -> tuple[Any, ...] | None:
    """A view, which waits where what it looks at does; None of what has no contents.

    Args:
        stretch: the open one of this thread.
        cls: the class of the result, so far.
        op: the movement.
        x: what is looked at.
        layout: how the view lies in its memory.
    """
    cls = cls if x.result_class is cls else farther(cls, x.result_class)
    if x._storage.waiting is stretch:
        results = (viewed(cls, op, x, LATER, layout),)
    else:
        array = x._array
        if array is None:
            return None
        results = (laid(cls, op, x, array, layout),)
    if mode.grad and x.requires_grad:
        record(op, (x,), results)
    return results


def followed(a: Handle, own: Handle) -> Handle:
    """What a Tensor held when it was read, as a Tensor whose gradient goes to that."""
    if not (mode.grad and a.requires_grad):
        return own
    same = make(a.result_class, own._storage, own._held, own._type)
    record(Identity(), (a,), (same,))
    return same


def kept(stretch: Stretch, entry: Learned, args: tuple[Any, ...], sources: Sequence[Source]) -> tuple[Any, ...]:
    """The arguments as the tape keeps them: for numbers those arrays by which the stretch knows them."""
    if all(isinstance(a, Handle) for a in args):
        return args
    brought, rows = iter(sources), []
    for a, place in zip(args, entry.places, strict=True):
        array = next(brought)[1] if place.number in (NEW, NUMBER) else place.array
        if place.number == CONSTANT:
            stretch.constants.add(id(array))
        rows.append(a if isinstance(a, Handle) or place.number >= 0 else array)
    return tuple(rows)


def why(stretch: Stretch, entry: Learned) -> str:
    """Why what is recorded is not what was expected."""
    others = [child for child in stretch.last.children if child is not entry]
    if not others:
        return ""
    expected = others[0].op.name
    what = f"{expected} of other arguments" if expected == entry.op.name else f"{expected}, and {entry.op.name} came"
    return f"operation {len(stretch.entries)} was to be {what}"
