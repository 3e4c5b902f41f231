"""The recorder: eager operations wait until somebody looks (`settings.eager`).

Types are inferred at once, so a wrong shape or dtype is an error at the user's line; histories, versions, views and hooks are Python's, as
ever.  What waits are the numbers.  An operation waits where it cannot fail (elementwise, movement, reduction, contraction, window, and
indices that were looked at); all others happen at once, and have what they read made before.  docs/decisions/0026-deferred-eager.md.

Each thread has one open stretch.  Recording takes no lock.  An operation is recorded by one `append`, and then it is seen whether another
thread has closed the stretch meanwhile without it: then it is recorded once more, in the next.  A signal handler or finalizer that comes
while an operation is recorded computes at once.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import ref

from gradwerk.base.settings import settings
from gradwerk.ir.op import Indexed, Op
from gradwerk.tensor.apply import check_fits, constants_kept, farther, layout_of, viewed, written_array
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.endings import Entry, Source
from gradwerk.tensor.handle import LATER, Handle, make, settling
from gradwerk.tensor.learned import (
    CONSTANT,
    KINDS_DEFERRED,
    Copy,
    Learned,
    Recorded,
    Write,
    indices_are_there,
    indices_fit,
    learn,
    root,
    shared,
)
from gradwerk.tensor.passages import Passing, Updating, taped
from gradwerk.tensor.state import AtOnce, mode
from gradwerk.tensor.storage import ALIASING, Later, Storage, aligned_copy
from gradwerk.tensor.stretch import Stretch
from gradwerk.tensor.tape import record

MOST_ENTRIES = 512
"""Operations that wait; what is more begins another stretch."""
MOST_BYTES = 1 << 28
"""Bytes of memory from outside that a stretch holds."""
ROUND = 32
"""Operations: a longer stretch ends where its first operation comes again."""
MOST_LEARNED = 8192
"""Operations in the tree; then it is begun anew."""
NOTHING: frozenset[Storage] = frozenset()


class Here(threading.local):
    """What one thread records.

    `busy` while an operation is recorded; `writes` are the Storages whose writes wait.
    """

    def __init__(self) -> None:
        self.stretch: Stretch | None = None
        self.busy = False
        self.writes = NOTHING


class Recorder(AtOnce):
    """See above."""

    def __init__(self) -> None:
        self.here = Here()
        self.root = root()
        self.count = 0
        self.waits: dict[type, bool] = {}
        """Whether an op of a class may wait."""
        self.open: dict[int, ref[Stretch]] = {}
        """The stretches to which more may be added, of all threads."""

    # ---- operations

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block in which this thread computes at once."""
        here = self.here
        before, here.busy = here.busy, True
        try:
            yield
        finally:
            here.busy = before

    def apply(self, cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The results of an op, which wait; None where it is to be computed at once."""
        waits = self.waits.get(type(op))
        if not (self.can_wait(type(op)) if waits is None else waits) or KINDS or settings.check_nan or settings.interpret:
            return None
        here = self.here
        if here.busy:
            return None
        here.busy = True
        try:
            return self._applied(here, cls, op, args)
        finally:
            here.busy = False

    def can_wait(self, kind: type[Op]) -> bool:
        """Whether ops of this class may wait: those of ours that cannot fail once their types are right."""
        found = self.waits[kind] = issubclass(kind, KINDS_DEFERRED) and kind.__module__.startswith("gradwerk.ops.")
        return found

    def _applied(self, here: Here, cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        stretch = self.stretch(here)
        requires_grad = False
        for a in args:
            if isinstance(a, Handle):
                if a._held is None:
                    return None
                waiting = a._storage.waiting
                if waiting is not None and waiting is not stretch:
                    waiting.finish()
                if a.result_class is not cls:
                    cls = farther(cls, a.result_class)
                requires_grad = requires_grad or a._requires_grad or a._node is not None or (a._view is not None and a.requires_grad)
        if isinstance(op, ALIASING) and isinstance(args[0], Handle) and (layout := layout_of(op, args[0])) is not None:
            if args[0]._storage.waiting is None:
                return None
            results: tuple[Any, ...] = (viewed(cls, op, args[0], LATER, layout),)
            entry = None
        else:
            made = self.record(here, cls, op, args)
            if made is None:
                return None
            entry, storage = made
            results = (make(cls, storage, LATER, storage.type),)
        if requires_grad and mode.grad:
            record(op, args if entry is None else kept(entry, args), results)
        return results

    def copy(self, cls: type[Handle], handle: Handle, order: tuple[int, ...] | None) -> Any:  # noqa: ANN401  a Tensor, or None
        """The contents of a Tensor that waits in memory of their own, laid in this order; None where they are copied at once."""
        here = self.here
        if here.busy or handle._storage.waiting is not here.stretch:
            return None
        here.busy = True
        try:
            made = self.record(here, cls, Copy(order), (handle,))
        finally:
            here.busy = False
        return None if made is None else make(cls, made[1], LATER, handle._type)

    # ---- writes

    def write(self, target: Handle, value: Any) -> bool:  # noqa: ANN401  a Tensor, a number, an array
        """Whether the write waits for the end of what is written together; if not, what reads this memory has run."""
        here = self.here
        storage = target._storage
        if storage not in here.writes or here.busy or target._view is not None or shared(storage) or storage.waiting is not None:
            self.before_write(storage)
            return False
        if storage in self.stretch(here).viewed:
            self.before_write(storage)
            return False
        if target._held is None or storage.array is None:
            return False
        if isinstance(value, Handle):
            if value._held is None:
                return False
        else:
            value = written_array(target, value)
        check_fits(target._type, value)
        self._readers_elsewhere(storage)
        here.busy = True
        try:
            waiting = value._storage.waiting if isinstance(value, Handle) else None
            if waiting is not None and waiting is not self.stretch(here):
                waiting.finish()
            if self.record(here, type(target), Write(), (target, value)) is None:
                self.before_write(storage)
                return False
        finally:
            here.busy = False
        storage.bump()
        return True

    def together(self, action: Callable[[], None], said: object, operands: Sequence[Handle]) -> None:
        """Does what writes, with writes that wait for its end: all of them are made then, or none.

        Args:
            action: what is done: it reads and writes nothing but the operands, and looks at nothing.
            said: what it follows from beside the operands; None where nobody knows.
            operands: the Tensors.
        """
        here = self.here
        if here.writes or here.busy or KINDS or settings.check_nan or settings.interpret:
            action()
            return
        try:
            here.writes = frozenset([operand._storage for operand in operands])
            updating = None
            if said is not None:
                with self.at_once():
                    updating = self.updating(here, said, operands)
                    known = updating is not None and updating.replayed(self._readers_elsewhere)
            if updating is None or not known:
                action()
                if updating is not None:
                    updating.learn()
        finally:
            here.writes = NOTHING  # no call before, in which a signal could be handled
            stretch = here.stretch
            if stretch is not None:
                try:
                    stretch.finish()
                except BaseException:
                    stretch.give_up()
                    raise

    def updating(self, here: Here, said: object, operands: Sequence[Handle]) -> Updating | None:
        """A step that may be known; None where its operands are no Tensors whose memory is ours alone."""
        stretch = self.stretch(here)
        for operand in operands:
            storage = operand._storage
            if operand._held is None or shared(storage) or storage in stretch.viewed:
                return None
            waiting = storage.waiting
            if waiting is not None and waiting is not stretch:
                waiting.finish()
        return Updating(stretch, said, operands)

    def passing(self, output: Handle, *, retain: bool) -> tuple[Passing | None, bool]:
        """A backward pass from here that may be known, and whether it was, and is done; None where it is walked at once."""
        here = self.here
        stretch = here.stretch
        if stretch is None or stretch.closed or here.busy or KINDS or output._storage.waiting is not stretch:
            return None, False
        with self.at_once():
            tape = taped(stretch, output)
            passing = None if tape is None else Passing(stretch, tape)
            return passing, passing is not None and passing.replayed(retain=retain)

    def before_write(self, storage: Storage) -> None:
        """Runs the stretches that read this memory."""
        if self.open:
            for found in list(self.open.values()):
                stretch = found()
                if stretch is not None and stretch.reads(storage):
                    stretch.drain()

    def _readers_elsewhere(self, storage: Storage) -> None:
        if len(self.open) > 1:
            for found in list(self.open.values()):
                stretch = found()
                if stretch is not None and stretch is not self.here.stretch and stretch.reads(storage):
                    stretch.drain()

    def show(self, storage: Storage) -> None:
        """The memory goes to somebody outside, who may write to it from now on."""
        self.before_write(storage)
        storage.shown = True

    def finish(self) -> None:
        """Runs what waits in all threads."""
        for found in list(self.open.values()):
            stretch = found()
            if stretch is not None:
                stretch.drain()

    # ---- the stretch

    def stretch(self, here: Here) -> Stretch:
        """The open one of this thread."""
        stretch = here.stretch
        if stretch is None or stretch.closed:
            if self.count > MOST_LEARNED:
                self.root, self.count = root(), 0
            stretch = here.stretch = Stretch(self.root)
            key, opened = id(stretch), self.open
            opened[key] = ref(stretch, lambda _: opened.pop(key, None))
        return stretch

    def record(self, here: Here, cls: type[Handle], op: Recorded, args: tuple[Any, ...]) -> tuple[Learned, Any] | None:
        """What was learned of the operation, and the Storage of its result; None where it cannot wait.  Called while `busy`."""
        while True:
            stretch = self.stretch(here)
            entries = stretch.entries
            if stretch.closed:  # by another thread: it may have nothing any more
                continue
            if len(entries) >= ROUND and ends(stretch, entries, op, args):
                stretch.finish()
                continue
            for entry in stretch.last.children:
                if (entry.op is op or entry.op == op) and entry.cls is cls and (brought := entry.taken(stretch, args)) is not None:
                    break
            else:
                if isinstance(op, Indexed) and not indices_are_there(op, args):
                    return None
                learned = learn(stretch, cls, op, args)
                if learned is None:
                    return None
                entry = learned
                brought = entry.taken(stretch, args)
                if brought is None:  # of numbers that are not equal to themselves: at once
                    return None
                self.count += 1
                stretch.why = stretch.why or _why(stretch, entry)
            if entry.looked_at is not None and not indices_fit(entry, args):
                return None
            sources = sources_of(stretch, brought)
            if sources is None:
                continue
            storage = None if entry.type is None else Later(entry.type, stretch, entry.result, op.order if isinstance(op, Copy) else None)
            if stretch.extend([(entry, None if storage is None else ref(storage), sources)], entry):
                _number(stretch, brought, entry)
                return entry, storage


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
            seen = found
        elif isinstance(found, Handle):
            array, seen = found._array, found._storage
        else:
            sources.append((None, found))
            continue
        if shared(seen):
            array = aligned_copy(array)
        else:
            stretch.reading.add(seen)
        stretch.nbytes += array.nbytes
        sources.append((found if isinstance(found, Storage) else None, array))
    return sources


def _number(stretch: Stretch, brought: Sequence[Any], entry: Learned) -> None:
    """Notes the numbers of what an operation has brought, which others read too."""
    for number, found in enumerate(brought, entry.number):
        if isinstance(found, Storage) and not shared(found):
            stretch.inputs[found] = number
        elif isinstance(found, Handle) and not shared(found._storage):
            stretch.parts[id(found)] = found, number
            stretch.viewed.add(found._storage)


def ends(stretch: Stretch, entries: Sequence[Entry], op: Recorded, args: tuple[Any, ...]) -> bool:
    """Whether the stretch is long enough, or where its loop comes round: its first operation again, on nothing that waits."""
    first = entries[0][0]
    if len(entries) >= MOST_ENTRIES or stretch.nbytes > MOST_BYTES:
        return True
    if not (first.op is op or first.op == op) or len(args) != len(first.places):
        return False
    for a, place in zip(args, first.places, strict=True):
        if isinstance(a, Handle):
            steps = a._view.steps if a._view is not None else ()
            if a._storage.waiting is not None or (a._type if place.part else a._storage.type) != place.type:
                return False
            if not place.part and steps != place.steps:
                return False
    return any(isinstance(a, Handle) for a in args)


def kept(entry: Learned, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """The arguments as the tape keeps them."""
    if all(isinstance(a, Handle) for a in args):
        return args
    op: Any = entry.op
    arrays: list[Any] = [
        None if isinstance(a, Handle) else place.array if place.number == CONSTANT else op.as_array(position, args)
        for position, (a, place) in enumerate(zip(args, entry.places, strict=True))
    ]
    return constants_kept(args, arrays)


def _why(stretch: Stretch, entry: Learned) -> str:
    """Why what is recorded is not what was expected."""
    others = [child for child in stretch.last.children if child is not entry]
    if not others:
        return ""
    expected = others[0].op.name
    what = f"{expected} of other arguments" if expected == entry.op.name else f"{expected}, and {entry.op.name} came"
    return f"operation {len(stretch.entries)} was to be {what}"


recorder = Recorder()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=recorder.finish)
