"""How a stretch of eager operations is run: op by op when it is met for the first time, as a compiled program from the second time on.

The program is kept where the stretch ended in the tree of what was learned (learned.py), one for each choice of results that somebody
holds then.  A result that nobody holds is not computed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import Enum
from sys import getrefcount
from typing import Any
from weakref import ref

from gradwerk.base.origin import capture
from gradwerk.base.screen import say
from gradwerk.base.settings import settings
from gradwerk.ir.graph import Graph, Type, Value
from gradwerk.ir.op import Array, Op
from gradwerk.ops.movement import broadcast_to
from gradwerk.runtime.finish import Finished, to_the_end
from gradwerk.runtime.memory import address
from gradwerk.tensor.deferred.by_op import run_by_op
from gradwerk.tensor.deferred.entries import Entry, needed, numbers_of, orders_of, reads_any, written_by
from gradwerk.tensor.deferred.learned import CONSTANT, NEW, NUMBER, Learned, Write
from gradwerk.tensor.storage import Claim, Storage, inverse, logical, made, physical

FEWEST = 6
"""Operations: a shorter step of an optimizer is not worth a program."""
FEWEST_READ = 24
"""The same for a stretch that writes nothing: it goes op by op, so that what is asked for twice has the same bits."""
OFTEN = 24
"""How often it is met before it is compiled nevertheless: one character of a text that is made one by one."""
MOST_ENDINGS = 8
"""How many choices of results one operation may end a stretch with; of more, the one met longest ago is forgotten."""
PRICE = 100
"""Compiling an operation takes as long as running so many of them one by one, or more."""
BUDGET = 40_000 * PRICE
"""What may be spent on compiling before any stretch has run."""
MOST_UNPROVEN, MOST_NEW = 8, 2
"""How many programs of its size may be there that were compiled at first sight and never run again, where another one is to be; and where
most of its operations were never seen before.
"""
FORGIVEN = 16
"""So many runs of a program make up for one of them."""
Wanted = tuple[int, ...]
"""The numbers of the results that somebody holds."""


class Means(Enum):
    """What a stretch may be run by."""

    PROGRAM = "the program that there is"
    ANY = "that, one that is compiled now, or op by op"
    NUMPY = "NumPy, or a program that there is: somebody compiles, who may wait for this"


class Budget:
    """How much compiling is worth: each operation that runs earns 1, and one that is compiled costs `PRICE`.

    So stretches that differ each time (a tree for each example) cost a bounded share of what they take op by op, however many there are.
    A step is compiled at first sight because it will come again; where it turns out that steps do not, the next ones are not.
    It counts operations and no time: the same script compiles the same stretches each time that it runs.
    """

    def __init__(self) -> None:
        self.left = BUDGET
        self.unproven = 0.0
        """Operations of programs that were compiled at first sight and never run again."""

    def earn(self, operations: int) -> None:
        """So many operations run."""
        self.left = min(self.left + operations, BUDGET)

    def ran(self, ending: Ending, operations: int) -> None:
        """A program of so many was run again."""
        self.unproven = max(0, self.unproven - (operations if ending.unproven else operations / FORGIVEN))
        ending.unproven = False

    def affords(self, ending: Ending, operations: int, new: int) -> bool:
        """Whether so many may be compiled, of which some are `new`; then they are paid for."""
        first = ending.times == 1
        most = MOST_NEW if 2 * new > operations else MOST_UNPROVEN
        fits = self.left >= PRICE * operations and not (first and self.unproven >= most * operations)
        if fits:
            self.left -= PRICE * operations
            self.unproven += operations * first
            ending.unproven = first
        return fits


budget = Budget()


class Ending:
    """What becomes of stretches that end at one operation with the same results wanted."""

    def __init__(self, entries: Sequence[Learned], wanted: Wanted, *, writes: bool) -> None:
        self.wanted = wanted
        self.written = written_by(entries) if writes else {}
        self.needed = needed(entries, wanted, self.written)
        self.orders = orders_of(entries)
        self.times = 0
        self.ended_at = capture()
        """The user's line at which it ended for the first time."""
        self.why = ""
        """Why it was not what had come before."""
        self.program: Any = None
        """An Executable, once it was met again."""
        self.failed = self.unproven = False
        self.seen: list[tuple[Callable[[], Array | None], int]] = []
        """Each source of the last run that could be taken as it lies, and where that is: to ask NumPy takes longer than small kernels."""
        self.unread: frozenset[int] | None = None
        """The results that a tape has and its backward pass does not read; None where no pass is known (`never_read`)."""
        self.asked: set[int] = set()
        """Those of them that somebody asked for nevertheless."""
        self.made: list[tuple[int, ref[Storage]]] = []
        """The results of the last run, until that is known."""

    def is_worth_it(self, operations: int) -> bool:
        """Whether it is to be compiled.  A step surely comes again, and trains with the same bits each time: so the first one is, too."""
        if self.failed or operations < FEWEST:
            return False
        return bool(self.written) or self.times >= (OFTEN if operations < FEWEST_READ else 2)


def run(stretch: Any, entries: Sequence[Entry], means: Means, *, writes: bool, wanted: int | None = None, whole: bool = True) -> bool:  # noqa: ANN401
    """Computes what somebody holds, and `writes` what is to be written; False where these means will not do.

    Where it is not to be the `whole`, what a tape has and nobody will read waits on, and the stretch is `partly` done.
    """
    learned = [entry for entry, *_ in entries]
    held = held_by_somebody(stretch, entries)
    stretch.sources = [source for *_, brought in entries for source in brought]
    if stretch.overwriting:  # from within: what follows from what is overwritten right now has to wait
        written = written_by(learned)
        held = [row for row in held if not reads_any(learned, row[0], written)]
    ending = _ending(learned, tuple([number for number, _ in held]), writes=writes)
    if not held and not ending.written:
        return True
    first, part = ending, held if whole else to_be_read(ending, held, wanted)
    if len(part) < len(held):
        held, ending = part, _ending(learned, tuple([number for number, _ in part]), writes=writes)
    if means is Means.PROGRAM and ending.program is None:
        return False
    ending.times += 1
    ending.why = ending.why or stretch.why
    compiled = before = ending.program
    budget.earn(len(learned))
    if compiled is None and means is Means.ANY and ending.is_worth_it(len(learned)):
        compiled = _program(ending, learned) if budget.affords(ending, len(learned), stretch.new) else None
    elif compiled is not None:
        budget.ran(ending, len(learned))
    if settings.debug:
        how = "op by op" if compiled is None else "replayed" if compiled is before else "compiled"
        why = f"; {stretch.why}" if stretch.why else ""
        say(f"gradwerk: a stretch of {len(learned)} operations, {len(held)} results, {len(ending.written)} written: {how}{why}")
    storages = [storage for _, storage in held]
    if compiled is None:
        run_by_op(stretch, learned, ending, storages, compiles=means is not Means.NUMPY)
    else:
        _run_program(stretch, compiled, ending, storages)
    note_run(stretch, first, held, wanted, part=first is not ending)
    return True


def held_by_somebody(stretch: Any, entries: Sequence[Entry]) -> list[tuple[int, Storage]]:  # noqa: ANN401  a Stretch
    """The results that somebody holds, with their numbers.

    The collector of garbage empties references before it calls finalizers, which may look at what these referred to, or keep it: the
    Storage still has its `claim` then, and what it waits for is made for a stand-in, from which it takes it.
    """
    held = []
    for entry, results, _ in entries:
        for place, found in enumerate(results):
            storage = None if found is None else found()
            if storage is None and found is not None and getrefcount(found) > UNCLAIMED:
                storage = stretch.stands_in(entry, place)
            if storage is not None and storage.waiting is stretch and storage.number == entry.result + place:
                held.append((entry.result + place, storage))
    return held


def _unclaimed() -> int:
    """How many references a reference is seen to have in such a loop where no Storage claims it: not the same number in all Pythons."""
    results = [ref(Budget())]
    for _, found in enumerate(results):
        if found() is None:
            return getrefcount(found)
    return 0


UNCLAIMED = _unclaimed()


def to_be_read(ending: Ending, held: list[tuple[int, Storage]], wanted: int | None) -> list[tuple[int, Storage]]:
    """What is computed first of what somebody holds: not what a tape has and its backward pass does not read."""
    if wanted is not None and ending.unread and wanted in ending.unread:
        ending.asked.add(wanted)
        ending.unread -= ending.asked
    unread = ending.unread
    return held if not unread or ending.written else [row for row in held if row[0] not in unread] or held


def note_run(stretch: Any, ending: Ending, held: list[tuple[int, Storage]], wanted: int | None, *, part: bool) -> None:  # noqa: ANN401
    """Notes what a stretch has come to, for the pass that may follow it."""
    if stretch.partly:  # somebody asked for the rest, or what it is computed of will be overwritten
        before = stretch.ended
        before.asked.update([number for number, _ in held] if wanted is None else [wanted])
        before.unread -= before.asked
        return
    stretch.ended, stretch.partly = ending, part
    ending.made = [(number, Claim(storage)) for number, storage in held] if ending.unread is None and not ending.written else []


def never_read(ending: Ending | None, kept: Sequence[Storage], read: set[Storage]) -> None:
    """Notes which results of a stretch its tape has kept for nothing: what is computed of it the next time.

    Args:
        ending: that of the stretch before the pass.
        kept: what the tape has.
        read: what the pass reads.
    """
    if ending is None or ending.unread is not None or not ending.made:
        return
    numbers = {id(storage): number for number, found in ending.made if (storage := found()) is not None}
    ending.unread = frozenset({numbers[id(storage)] for storage in kept if storage not in read and id(storage) in numbers} - ending.asked)
    ending.made = []


def _ending(learned: Sequence[Learned], wanted: Wanted, *, writes: bool) -> Ending:
    endings = learned[-1].endings
    if endings is None:
        endings = learned[-1].endings = {}
    key = (wanted, writes)
    found: Ending | None = endings.get(key)
    if found is None:
        while len(endings) >= MOST_ENDINGS:
            endings.pop(next(iter(endings)), None)
        found = endings[key] = Ending(learned, wanted, writes=writes)
    return found


def _program(ending: Ending, learned: Sequence[Learned]) -> Any:  # noqa: ANN401  an Executable
    from gradwerk.tensor.engine import executable  # noqa: PLC0415  the engine loads where something is compiled

    try:
        ending.program = executable(*graph_of(ending, learned))
    except Exception:  # op by op it goes on as before
        ending.failed = True
        if settings.check:
            raise
    return ending.program


def graph_of(ending: Ending, learned: Sequence[Learned]) -> tuple[Graph, dict[int, int]]:
    """The stretch as a graph, and the numbers of its outputs that overwrite inputs, with those."""
    graph = Graph("stretch")
    values: dict[int, Value] = {}
    taken: dict[int, int] = {}
    orders: dict[int, tuple[int, ...] | None] = {}
    for k, entry in enumerate(learned):
        fresh = entry.number
        for place in entry.places:
            if place.number in (NEW, NUMBER):
                type_ = place.type if place.order is None else _in_memory(place.type, place.order)
                taken[fresh], orders[fresh] = len(graph.inputs), place.order
                values[fresh] = logical(graph.input(type_), place.order)
                fresh += 1
        if ending.needed[k]:
            _add(graph, entry, values, orders)
    outputs = [physical(values[number], orders.get(number)) for number in ending.wanted]
    in_place = {len(outputs) + k: taken[number] for k, number in enumerate(ending.written)}
    outputs += [physical(values[number], orders[number]) for number in ending.written]
    return graph.finish(outputs), in_place


def _in_memory(type_: Type, order: tuple[int, ...]) -> Type:
    return Type(tuple(type_.shape[k] for k in inverse(order)), type_.dtype)


def _add(graph: Graph, entry: Learned, values: dict[int, Value], orders: dict[int, tuple[int, ...] | None]) -> None:
    numbers, args = numbers_of(entry), list[Value]()
    for number, place in zip(numbers, entry.places, strict=True):
        value = graph.constant(place.array) if number == CONSTANT else values[number]
        for step in place.steps:
            (value,) = graph.apply(step, (value,))
        args.append(value)
    if isinstance(entry.op, Write):
        target, value = args
        values[numbers[0]] = value if value.shape == target.shape else broadcast_to(value, target.shape)
    elif isinstance(entry.op, Op):
        values.update(enumerate(graph.apply(entry.op, args), entry.result))
    else:
        values[entry.result], orders[entry.result] = args[0], entry.op.order


def _run_program(stretch: Any, program: Any, ending: Ending, storages: Sequence[Storage]) -> None:  # noqa: ANN401  a Stretch
    arrays, words = _addresses(stretch, ending)
    outputs: list[Array] | None = None
    error: BaseException | None = None
    try:
        stretch.overwriting = bool(ending.written)
        outputs = program.native.run(words) if program.native is not None else program.run(arrays)
    except Finished as finished:
        outputs, error = finished.outputs, finished.error
    except BaseException as raised:
        if outputs is None:
            raise
        error = raised
    done = outputs

    def commit() -> None:
        for storage, array in zip(storages, done, strict=True):
            made(storage, array)
        for number, place in ending.written.items():
            target = stretch.sources[place][0]
            if target is not None and target.array is not None and target.array is not arrays[place]:  # it could not be taken as it lies
                logical(target.array, target.order)[...] = logical(arrays[place], ending.orders[number])

    error = to_the_end(commit) or error
    stretch.overwriting = False
    if error is not None:
        raise error


def _addresses(stretch: Any, ending: Ending) -> tuple[list[Array], list[int]]:  # noqa: ANN401  a Stretch
    """The memory of all sources as a program can take it, and where it lies: copied where it cannot."""
    from gradwerk.tensor.engine import readable, usable  # noqa: PLC0415

    arrays, words, seen = [], [], ending.seen
    for k, (_, array) in enumerate(stretch.sources):
        if k == len(seen):
            seen.append((_nothing, 0))
        known, start = seen[k]
        if known() is not array:
            if readable(array):
                start = address(array)
                seen[k] = ref(array), start
            else:
                array = usable(array)
                start = address(array)
        arrays.append(array)
        words.append(start)
    return arrays, words


def _nothing() -> None:
    """No array."""
