"""The i64 words by which a Plan's tables are walked: what stands where, for who fills them, who walks them, and who compiles the walk.

Rows are tuples with names; blocks that live longer are numbers of words.  What each word means: compiler/llvm/executor.py.
"""

from __future__ import annotations

from typing import NamedTuple

LINE = 8
"""Words of a cache line."""
HIGHEST = 2**63 - 1
"""Of the word `fate`: cancelled.  Of `stop`: the workers go home."""
CHUNK_BITS = 20
"""Of a claim or completion word, which count chunks; above them stands the visit."""
CHUNK_MASK = (1 << CHUNK_BITS) - 1

# ---- the rows of the tables


class Argument(NamedTuple):
    """One pointer among a launch's arguments; behind the pointers stand the extents."""

    slot: int
    offset: int
    step: int


class LaunchRow(NamedTuple):
    """Addresses of a kernel and of its arguments."""

    kernel: int
    arguments: int


class ChainRow(NamedTuple):
    """Launches [first, end), each of so many chunks."""

    first: int
    end: int
    chunks: int


class StageRow(NamedTuple):
    """Chains [first, end), the chunks of all of them, and whether it commits."""

    first: int
    end: int
    chunks: int
    commits: int


class ItemRow(NamedTuple):
    """Stages or items [first, end) by `kind`; of a loop its trips, where its flag is, and whether it is an error to come to the last."""

    kind: int
    first: int
    end: int
    trips: int = 0
    slot: int = 0
    offset: int = 0
    step: int = 0
    endless: int = 0


STAGES_ITEM, LOOP_ITEM, WHILE_ITEM, UNTIL_ITEM = range(4)
"""Kinds of items."""


class Event(NamedTuple):
    """One chunk of one launch of a watched run, with the ticks at which it began and ended."""

    launch: int
    chunk: int
    trip: int
    thread: int
    begin: int
    end: int


class Watch(NamedTuple):
    """Of a watched run: events so far, room for events, the addresses of these and of each launch's ticks."""

    events: int
    room: int
    first: int
    ticks: int


class Shared(NamedTuple):
    """A row of the ring in the control block: a job, and what of it is to be run."""

    job: int
    run: int
    first: int
    end: int
    instance: int
    trip: int


ROWS: dict[str, type[tuple[int, ...]]] = {
    "argument": Argument, "launch": LaunchRow, "chain": ChainRow, "stage": StageRow, "item": ItemRow, "event": Event, "watch": Watch,
    "shared": Shared,
}  # fmt: skip

# ---- a job: what stays, and what the next call shall run (from RUN to INSTANCE as in a row of the ring)

LAUNCHES, CHAINS, STAGES, ITEMS, SLOTS, CLAIMS, COMPLETIONS, CONTROL, FATE, WATCH, NOTED, DECISIONS, SCRATCH = range(13)
RUN, FIRST, END, INSTANCE, TRIP = range(16, 21)
JOB_WORDS = 24

# ---- the control block, a cache line a word

RING_ROWS = 8
RING_MASK = RING_ROWS - 1
EPOCH, SLEEPERS, STOP, PAUSES, RING = range(0, 5 * LINE, LINE)
OWNER, CREW = RING + RING_ROWS * LINE, RING + (RING_ROWS + 1) * LINE
CREW_SIZE = CREW + 1
CONTROL_WORDS = CREW + LINE

# ---- what a walk returns

DONE, CANCELLED, AGAIN, BUSY, FAULTY, WITHOUT_END = range(6)


def words_of(row: type[tuple[int, ...]]) -> int:
    """How many words a row has."""
    return len(fields_of(row))


def fields_of(row: type[tuple[int, ...]]) -> tuple[str, ...]:
    """The names of a row's words, in order."""
    names: tuple[str, ...] = getattr(row, "_fields", ())
    return names


def numbers() -> dict[str, int]:
    """All of these by name: constants, and of rows `stage.commits` the place of a word, `stage.words` how many there are."""
    found = {name: value for name, value in globals().items() if name.isupper() and isinstance(value, int)}
    for kind, row in ROWS.items():
        found |= {f"{kind}.{field}": place for place, field in enumerate(fields_of(row))}
        found[f"{kind}.words"] = words_of(row)
    return found
