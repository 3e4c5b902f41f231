"""The recorder: eager operations wait until somebody looks (`settings.eager`).

Types are inferred at once, so a wrong shape or dtype is an error at the user's line; histories, versions, views and hooks are Python's, as
ever.  What waits are the numbers.  An operation waits where it cannot fail (elementwise, movement, reduction, contraction, window, and
indices that were looked at); all others happen at once, and have what they read made before.  docs/decisions/0026-deferred-eager.md.

Each thread has one open stretch.  Recording takes no lock.  An operation is recorded by one `append`, and then it is seen whether another
thread has closed the stretch meanwhile without it: then it is recorded once more, in the next.  A signal handler or finalizer that comes
while an operation is recorded computes at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any
from weakref import ref

from gradwerk.base.settings import settings
from gradwerk.ir.op import Indexed, Op
from gradwerk.ops.control import Scan
from gradwerk.tensor.apply import check_fits, farther, layout_of, written_array
from gradwerk.tensor.deferred.endings import BUDGET, budget
from gradwerk.tensor.deferred.entries import Source
from gradwerk.tensor.deferred.expected import expected
from gradwerk.tensor.deferred.forking import Forking
from gradwerk.tensor.deferred.here import NOTHING, Here, Threads
from gradwerk.tensor.deferred.joining import alone, always, ends, followed, kept, lent, may_wait, moved, number, renew, sources_of, why
from gradwerk.tensor.deferred.learned import (
    KINDS_DEFERRED,
    OURS,
    Copy,
    Learned,
    Recorded,
    Write,
    indices_are_there,
    indices_fit,
    learn,
    only_computes,
    root,
)
from gradwerk.tensor.deferred.passages import Passing, Updating
from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.deferred.taped import taped
from gradwerk.tensor.devices import KINDS
from gradwerk.tensor.handle import LATER, Handle, make
from gradwerk.tensor.state import AtOnce, mode
from gradwerk.tensor.storage import ALIASING, Later, Storage
from gradwerk.tensor.tape import record

MOST_LEARNED = 40_000
"""Operations in the tree; then it is begun anew."""


class Recorder(AtOnce):
    """See above."""

    def __init__(self) -> None:
        self.threads = Threads()
        self.root = root()
        self.count = 0
        self.waits: dict[type, bool] = {}
        """Whether an op of a class may wait."""
        self.open: dict[int, ref[Stretch]] = {}
        """The stretches to which more may be added, of all threads."""

    @property
    def here(self) -> Here:
        """What this thread records."""
        return self.threads.here

    # ---- operations

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """A block in which this thread computes at once."""
        here = self.threads.here
        before, here.busy = here.busy, True
        try:
            yield
        finally:
            here.busy = before

    def apply(self, cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        """The results of an op, which wait; None where it is to be computed at once."""
        here = self.threads.here
        if here.pause and not here.writes:  # a step that was begun waits as a whole
            here.pause -= 1
            return None
        waits = self.waits.get(type(op))
        if here.busy:
            return None
        if not (self.can_wait(type(op)) if waits is None else waits) or KINDS or settings.check_nan or settings.interpret:
            self._make_written(here, args)
            return None
        here.busy = True
        try:
            stretch = here.stretch
            if stretch is None or stretch.closed:
                stretch = self.stretch(here)
            if isinstance(op, ALIASING) and isinstance(args[0], Handle) and (layout := layout_of(op, args[0])) is not None:
                results = None if here.writes and args[0]._storage.waiting is not stretch else moved(stretch, cls, op, args[0], layout)
            else:
                results = expected(here, stretch, cls, op, args)
                if results is None:
                    results = self._applied(here, cls, op, args)
        finally:
            here.busy = False
        if results is None:
            self._make_written(here, args)
        return results

    def _make_written(self, here: Here, args: tuple[Any, ...]) -> None:
        """What is computed at once in the midst of a step reads what that has written before."""
        if here.writes and here.stretch is not None and any(isinstance(a, Handle) and a._storage in here.writes for a in args):
            here.stretch.finish()

    def can_wait(self, kind: type[Op]) -> bool:
        """Whether ops of this class may wait: those of ours that cannot fail once their types are right."""
        found = self.waits[kind] = issubclass(kind, KINDS_DEFERRED) and kind.__module__.startswith(OURS)
        return found

    def _applied(self, here: Here, cls: type[Handle], op: Op, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
        stretch = self.stretch(here)
        requires_grad = False
        seen = False
        for a in args:
            if isinstance(a, Handle):
                if a._held is None:
                    return None
                storage = a._storage
                waiting = storage.waiting
                if waiting is not None and waiting is not stretch:
                    waiting.finish(storage)
                if storage.shown is not None or storage.owner is not None:
                    seen = True
                if a.result_class is not cls:
                    cls = farther(cls, a.result_class)
                requires_grad = requires_grad or a._requires_grad or a._node is not None or (a._view is not None and a.requires_grad)
        read = tuple([stretch.own(a) if isinstance(a, Handle) else a for a in args]) if seen else args
        made = self.record(here, cls, op, read)
        if made is None:
            return None
        entry, storages, sources = made
        results = tuple([make(cls, storage, LATER, storage.type) for storage in storages])
        if seen:
            args = tuple([followed(a, b) if isinstance(a, Handle) and a is not b else b for a, b in zip(args, read, strict=True)])
        if requires_grad and mode.grad:
            record(op, kept(here.stretch or stretch, entry, args, sources), results)
        return results

    def copy(self, cls: type[Handle], handle: Handle, order: tuple[int, ...] | None) -> Any:  # noqa: ANN401  a Tensor, or None
        """The contents of a Tensor that waits in memory of their own, laid in this order; None where they are copied at once."""
        here = self.threads.here
        if here.busy or handle._storage.waiting is not here.stretch:
            return None
        here.busy = True
        try:
            made = self.record(here, cls, Copy(order), (handle,))
        finally:
            here.busy = False
        return None if made is None else make(cls, made[1][0], LATER, handle._type)

    # ---- writes

    def write(self, target: Handle, value: Any) -> bool:  # noqa: ANN401  a Tensor, a number, an array
        """Whether the write waits for the end of what is written together; if not, what reads this memory has run."""
        here = self.threads.here
        storage = target._storage
        if storage not in here.writes or here.busy or target._view is not None or storage.shared or storage.waiting is not None:
            if isinstance(value, Handle) and self.renewed(here, target, value):
                return True
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
                waiting.finish(value._storage)
            if self.record(here, type(target), Write(), (target, value)) is None:
                self.before_write(storage)
                return False
        finally:
            here.busy = False
        storage.bump()
        return True

    def renewed(self, here: Here, target: Handle, value: Handle) -> bool:
        """Whether a write outside of a step waits: then the Storage has the contents of a result from here on, in other memory.

        So it is where all of a Tensor is written with what waits, and nobody sees its memory but by asking the Storage: running
        statistics, sums of metrics, gradients that are added up, updates written by hand.
        """
        stretch, storage = here.stretch, target._storage
        if stretch is None or here.busy or here.writes or target._view is not None or value._storage.waiting is not stretch:
            return False
        if value._type != storage.type or not (storage.waiting is stretch or (storage.waiting is None and alone(target, stretch))):
            return False
        here.busy = True
        try:
            return self.record(here, type(target), Copy(storage.order), (value,), target) is not None
        finally:
            here.busy = False

    def together(self, action: Callable[[], None], said: object, written: Sequence[Handle], read: Sequence[Handle]) -> None:
        """Does what writes, with writes that wait for its end: all of them are made then, or none.

        Args:
            action: what is done: it reads and writes nothing but these Tensors, and looks at nothing.
            said: what it follows from beside them; None where nobody knows.
            written: the Tensors that are written.
            read: those that are read alone.
        """
        here, operands = self.threads.here, [*written, *read]
        if here.writes or here.busy or KINDS or settings.check_nan or settings.interpret:
            action()
            return
        if not may_wait(self.stretch(here), written):
            with self.at_once():
                action()
            return
        paused, here.pause = here.pause, 0  # a step is alike whatever came before it
        try:
            here.writes = frozenset([operand._storage for operand in operands])
            updating = None
            if said is not None:
                with self.at_once():
                    updating = self.updating(here, said, operands)
                    known = updating.replayed(self._readers_elsewhere)
            if updating is None or not known:
                action()
                if updating is not None:
                    updating.learn()
        finally:
            here.writes = NOTHING  # no call before, in which a signal could be handled
            here.stepped(paused)
            stretch = here.stretch
            if stretch is not None:
                try:
                    stretch.finish()
                except BaseException:
                    stretch.give_up()
                    raise

    def updating(self, here: Here, said: object, operands: Sequence[Handle]) -> Updating:
        """A step that may be known."""
        stretch = self.stretch(here)
        for operand in operands:
            waiting = operand._storage.waiting
            if waiting is not None and waiting is not stretch:
                waiting.finish(operand._storage)
        return Updating(stretch, said, operands)

    def passing(self, output: Handle, *, retain: bool) -> tuple[Passing | None, bool]:
        """A backward pass from here that may be known, and whether it was, and is done; None where it is walked at once."""
        here = self.threads.here
        if here.busy or here.pause or KINDS or settings.check_nan or settings.interpret:
            return None, False
        with self.at_once():
            stretch = self.stretch(here)
            if output._storage.waiting is not None and output._storage.waiting is not stretch:
                return None, False
            tape = taped(stretch, output)
            passing = None if tape is None else Passing(stretch, tape)
            return passing, passing is not None and passing.replayed(retain=retain)

    def before_write(self, storage: Storage) -> None:
        """Runs the stretches that read this memory."""
        if self.open:
            for stretch in self.stretches():
                if stretch.reads(storage):
                    stretch.drain()

    def _readers_elsewhere(self, storage: Storage) -> None:
        if len(self.open) > 1:
            for stretch in self.stretches():
                if stretch is not self.threads.here.stretch and stretch.reads(storage):
                    stretch.drain()

    def show(self, storage: Storage) -> None:
        """The memory goes to somebody outside, who may write to it from now on."""
        self.before_write(storage)
        storage.shown = always

    def lend(self, handle: Handle) -> Any:  # noqa: ANN401  an array
        """The contents of a Tensor as an array on its memory, for somebody outside, who may write to it as long as they have it."""
        storage, array = handle._storage, handle._array
        self.before_write(storage)
        return lent(storage, array)

    def stretches(self) -> list[Stretch]:
        """Those that are open, or of which somebody has something, of all threads."""
        return [stretch for found in list(self.open.values()) if (stretch := found()) is not None]

    def finish(self) -> None:
        """Runs what waits in all threads."""
        for stretch in self.stretches():
            stretch.drain()

    def forget(self) -> None:
        """Runs what waits, and begins as if nothing had been recorded before."""
        self.finish()
        self.root, self.count, budget.left, budget.unproven = root(), 0, BUDGET, 0
        self.threads = Threads()

    # ---- the stretch

    def stretch(self, here: Here) -> Stretch:
        """The open one of this thread."""
        stretch = here.stretch
        if stretch is None or stretch.closed:
            if self.count > MOST_LEARNED:
                self.root, self.count = root(), 0
            here.ran(before := None if stretch is None else stretch.ended)
            stretch = here.stretch = Stretch(self.root, before)
            self.open[id(stretch)] = ref(stretch, partial(self.open.pop, id(stretch)))  # no code of Python's: a signal would be lost
        return stretch

    def known(self, stretch: Stretch, cls: type[Handle], op: Recorded, args: tuple[Any, ...]) -> tuple[Learned, list[Any]] | None:
        """The operation where it followed before, and what its arguments bring from outside."""
        for entry in stretch.last.children:
            if (entry.op is op or entry.op == op) and entry.cls is cls and (brought := entry.taken(stretch, args)) is not None:
                return entry, brought
        return None

    def learned(self, stretch: Stretch, cls: type[Handle], op: Recorded, args: tuple[Any, ...]) -> tuple[Learned, list[Any]] | None:
        """The same for one that has not followed here yet; None where it cannot wait."""
        if (isinstance(op, Indexed) and not indices_are_there(op, args)) or (isinstance(op, Scan) and not only_computes(op)):
            return None
        entry = learn(stretch, cls, op, args)
        brought = None if entry is None else entry.taken(stretch, args)
        if entry is None or brought is None:  # of numbers that are not equal to themselves: at once
            return None
        self.count += 1
        stretch.new += 1
        stretch.why = stretch.why or why(stretch, entry)
        return entry, brought

    def record(
        self, here: Here, cls: type[Handle], op: Recorded, args: tuple[Any, ...], onto: Handle | None = None
    ) -> tuple[Learned, Sequence[Storage], list[Source]] | None:
        """What was learned of an operation, the Storages of its results, and what it brings from outside; None where it cannot wait.

        Called while `busy`.

        Args:
            here: this thread.
            cls: the class of the result.
            op: the operation.
            args: its arguments.
            onto: the Tensor that is the result from now on; None for a new one.
        """
        while True:
            stretch = self.stretch(here)
            entries = stretch.entries
            if stretch.closed:  # by another thread: it may have nothing any more
                continue
            if not here.writes and ends(stretch, entries, op, args):
                stretch.finish()
                continue
            found = self.known(stretch, cls, op, args)
            if found is not None:
                here.expected()
            else:
                found = self.learned(stretch, cls, op, args)
                if found is None:
                    return None
                here.unexpected()
            entry, brought = found
            if entry.looked_at is not None and not indices_fit(entry, args):
                return None
            sources = sources_of(stretch, brought)
            if sources is None:
                continue
            if onto is not None:
                return renew(stretch, onto, entry, sources)
            order = op.order if isinstance(op, Copy) else None
            storages = [Later(type_, stretch, place, order) for place, type_ in enumerate(entry.types, entry.result)]
            if stretch.extend([(entry, [storage.claim for storage in storages], sources)], entry):
                number(stretch, brought, entry)
                return entry, storages, sources


recorder = Recorder()
forking = Forking(recorder.finish, recorder.stretches)
