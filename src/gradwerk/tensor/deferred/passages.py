"""Passages: what a whole backward pass, or a whole step of an optimizer, recorded, so that its Python need not run again.

A backward pass is known by the tape below what it begins at: which operations, on which numbers of the stretch, in which order.  A step is
known by what its optimizer says of itself and by the operands that it names.  Neither has anything of its own in it: the gradients, slots
and parameters are found at their owners at each run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from gradwerk.ops.elementwise import add
from gradwerk.tensor.apply import assign
from gradwerk.tensor.deferred.entries import Entry, Source, numbers_of, orders_of
from gradwerk.tensor.deferred.learned import Learned, Write, is_part, places_of
from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.deferred.taped import Taped
from gradwerk.tensor.handle import LATER, Handle, View, gradient_of, hang, make, settling
from gradwerk.tensor.storage import Later, Storage
from gradwerk.tensor.tape import free
from gradwerk.tensor.turns import adding

MOST_PASSAGES = 4
"""Of one kind behind one operation; of more, the one met longest ago is forgotten."""


class Hung:
    """A gradient at a leaf: of which leaf, and all that its Tensor is made of."""

    __slots__ = ("cls", "leaf", "number", "order", "type", "view", "whole")

    def __init__(self, leaf: int, gradient: Handle) -> None:
        storage = gradient._storage
        self.leaf, self.cls, self.number, self.order = leaf, type(gradient), storage.number, storage.order
        self.whole, self.type, self.view = storage.type, gradient._type, gradient._view

    def made(self, stretch: Stretch) -> tuple[Later, Handle]:
        """The Tensor of one run."""
        storage = Later(self.whole, stretch, self.number, self.order)
        return storage, make(self.cls, storage, LATER, self.type, self.view)


class Backward:
    """What a backward pass recorded; `brought` says which operand each source from outside is, and its number."""

    __slots__ = ("after", "brought", "entries", "hung", "orders", "rows")

    def __init__(self, rows: list[Any], entries: list[Learned], hung: list[Hung], brought: list[tuple[int, int]]) -> None:
        self.rows, self.entries, self.hung, self.brought = rows, entries, hung, brought
        self.after, self.orders = entries[-1], orders_of(entries)


def backward_of(stretch: Stretch, tape: Taped, recorded: Sequence[Entry]) -> Backward | None:
    """The pass that was recorded; None where it was more than operations of the stretch, on what the tape has."""
    entries = [entry for entry, *_ in recorded]
    hung = []
    for number, leaf in tape.leaves.values():
        gradient = leaf._grad
        if gradient is None:
            continue
        view: View | None = gradient._view
        if gradient._storage.waiting is not stretch or gradient._node is not None or (view is not None and view.root is not None):
            return None
        hung.append(Hung(number, gradient))
    keys = {number: key for key, number in [*stretch.inputs.items(), *stretch.parts.items()]}
    brought = []
    for entry, _, sources in recorded:
        for number in range(entry.number, entry.number + len(sources)):
            place = tape.found.get(keys.get(number))
            if place is None:
                return None
            brought.append((place, number))
    if not entries or len({row.number for row in hung}) != len(hung):
        return None
    return Backward(tape.rows, entries, hung, brought)


class Update:
    """What the step of an optimizer recorded.

    `probe` compares the operands with those of that step; `brought` says which operand each Storage from outside is, and its number;
    `written` which operands are written; `orders` are those in which what is brought lies.
    """

    __slots__ = ("after", "brought", "entries", "orders", "probe", "said", "written")

    def __init__(self, said: object, probe: Learned, entries: list[Learned], brought: list[tuple[int, int]], written: list[int]) -> None:
        self.said, self.probe, self.entries, self.brought, self.written = said, probe, entries, brought, written
        self.after, self.orders = entries[-1], orders_of(entries)


def probe_of(stretch: Stretch, operands: Sequence[Handle]) -> Learned:
    """The operands as they are before the step."""
    return Learned(stretch.last, Write(), places_of(stretch, Write(), tuple(operands)), None, None, ())


def update_of(
    stretch: Stretch, said: object, probe: Learned, operands: Sequence[Handle], recorded: Sequence[Entry]
) -> Update | None:  # fmt: skip
    """The step that was recorded; None where it read anything but its operands.

    Args:
        stretch: of which it is a part.
        said: what the optimizer said of itself.
        probe: its operands, as they were before.
        operands: the Tensors.
        recorded: its operations.
    """
    place = {operand._storage: k for k, operand in enumerate(operands)}
    rows, by_number = [], {number: storage for storage, number in list(stretch.inputs.items())}
    for storage, _ in [source for *_, found in recorded for source in found]:
        number = -1 if storage is None else stretch.inputs.get(storage, -1)
        if storage is None or storage not in place or number < 0:
            return None
        rows.append((place[storage], number))
    entries = [entry for entry, *_ in recorded]
    written = []
    for entry in entries:
        if isinstance(entry.op, Write):
            target = by_number.get(numbers_of(entry)[0])
            if target is None or target not in place:
                return None
            written.append(place[target])
    return Update(said, probe, entries, rows, written) if entries and _whole(operands, written) else None


def _whole(operands: Sequence[Handle], written: Sequence[int]) -> bool:
    """Whether what is written are whole Tensors."""
    return all(operands[k]._view is None for k in written)


def entries_of(entries: Sequence[Learned], results: dict[int, Any]) -> list[Entry]:
    """The entries of one run: with references to those results that somebody has."""
    if not results:
        return [(entry, (), ()) for entry in entries]
    return [(entry, [results.get(number) for number in range(entry.result, entry.last + 1)], ()) for entry in entries]


def taken(stretch: Stretch, known: Backward, operands: Sequence[Handle]) -> list[Source] | None:
    """The memory of the operands that a pass reads, which is known to be read from here on; None where one lies in another way by now."""
    sources: list[Source] = []
    for place, _ in known.brought:
        waiting = operands[place]._storage.waiting
        if waiting is not None:  # made before the lock is taken
            waiting.finish(operands[place]._storage)
    parts = {place: operands[place]._array for place, _ in known.brought if is_part(operands[place])}
    with settling.lock:
        for place, number in known.brought:
            storage, part = operands[place]._storage, place in parts
            array = parts[place] if part else storage.array
            if array is None or (not part and storage.order != known.orders[number]):
                return None
            stretch.reading.setdefault(storage, None if part else array)
            stretch.nbytes += array.nbytes
            sources.append((None if part else storage, array))
    return sources


def bring(stretch: Stretch, operand: Handle, number: int) -> None:
    """Notes the number of what was brought from outside."""
    view = operand._view
    if view is not None and is_part(operand):
        stretch.parts[operand._storage, view.strides] = number
        stretch.viewed.add(operand._storage)
    else:
        stretch.inputs[operand._storage] = number


class Passing:
    """One backward pass that may be known: made before it is walked.

    Args:
        stretch: the open one of this thread.
        tape: the tape below what it begins at.
    """

    def __init__(self, stretch: Stretch, tape: Taped) -> None:
        self.stretch, self.tape, self.before = stretch, tape, stretch.last
        self.first = len(stretch.entries)

    def replayed(self, *, retain: bool) -> bool:
        """Whether it was known: then its gradients hang at their leaves, and wait.  Called while nothing else is recorded."""
        stretch, tape = self.stretch, self.tape
        if len(stretch.entries) != self.first:  # a signal handler has recorded something
            return False
        for known in self.before.walks:
            if known.rows == tape.rows:
                break
        else:
            return False
        sources = taken(stretch, known, tape.operands)
        if sources is None:
            return False
        made = {row.number: (row.leaf, *row.made(stretch)) for row in known.hung}
        entries = entries_of(known.entries, {number: storage.claim for number, (_, storage, _) in made.items()})
        entries[0] = (*entries[0][:2], sources)
        if not stretch.extend(entries, known.after):
            return False
        for place, number in known.brought:
            bring(stretch, tape.operands[place], number)
        leaves = [leaf for _, leaf in tape.leaves.values()]
        pairs = [(leaves[place], gradient) for place, _, gradient in made.values()]

        def hang_all() -> None:
            for leaf, gradient in pairs:
                present: Any = gradient_of(leaf)
                if present is None:
                    hang(leaf, gradient)
                else:  # another thread was here since we looked
                    assign(present, add(present.detach(), gradient))

        adding([leaf for leaf, _ in pairs], hang_all)
        tape.unread(stretch, known.brought)
        if not retain:
            for node in reversed(tape.nodes):
                free(node)
        return True

    def learn(self) -> None:
        """Remembers what the walk has recorded, if it was no more than operations of this stretch."""
        stretch = self.stretch
        recorded = stretch.entries[self.first :]  # once: a signal handler or finalizer may record more meanwhile
        known = None if stretch.closed else backward_of(stretch, self.tape, recorded)
        if known is not None:
            self.tape.unread(stretch, known.brought)
        self.tape.forget()
        if known is not None:
            self.before.walks = [known, *self.before.walks][:MOST_PASSAGES]


class Updating:
    """One step of an optimizer that may be known: made before it is computed.

    Args:
        stretch: the open one of this thread.
        said: what the optimizer says of itself, which with the operands is all that the step follows from.
        operands: the Tensors that it reads and writes.
    """

    def __init__(self, stretch: Stretch, said: object, operands: Sequence[Handle]) -> None:
        self.stretch, self.said, self.operands, self.before = stretch, said, operands, stretch.last
        self.first = len(stretch.entries)
        self.probe: Learned | None = None

    def replayed(self, before_write: Callable[[Storage], None]) -> bool:
        """Whether it was known: then its writes wait.  `before_write` is told of them.  Called while nothing else is recorded."""
        stretch, operands = self.stretch, self.operands
        for known in self.before.updates:
            if known.said == self.said and known.probe.taken(stretch, operands) is not None:
                break
        else:
            self.probe = probe_of(stretch, operands)
            return False
        for place in known.written:
            before_write(operands[place]._storage)
        with settling.lock:
            brought = [(operands[place]._storage, operands[place]._storage.order, number) for place, number in known.brought]
            arrays = [storage.array for storage, *_ in brought]
        if any(order != known.orders[number] for _, order, number in brought):  # another thread has it laid row by row meanwhile
            return False
        entries = entries_of(known.entries, {})
        entries[0] = (*entries[0][:2], [(storage, array) for (storage, *_), array in zip(brought, arrays, strict=True)])
        stretch.reading.update([(storage, array) for (storage, *_), array in zip(brought, arrays, strict=True)])
        if not stretch.extend(entries, known.after):
            return False
        stretch.inputs.update([(storage, number) for storage, _, number in brought])
        for place in known.written:
            operands[place]._storage.bump()
        return True

    def learn(self) -> None:
        """Remembers what the step has recorded, if it was no more than operations of this stretch on the operands."""
        stretch = self.stretch
        if stretch.closed or self.probe is None:
            return
        known = update_of(stretch, self.said, self.probe, self.operands, stretch.entries[self.first :])
        if known is not None:
            self.before.updates = [known, *self.before.updates][:MOST_PASSAGES]
