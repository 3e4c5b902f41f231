"""What follows from what was learned of the operations of a stretch: what each reads, which of them are needed, what is written."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from weakref import ref

from gradwerk.ir.op import Array
from gradwerk.tensor.deferred.learned import NEW, NUMBER, TWIN, Learned, Write
from gradwerk.tensor.storage import Storage

Source = tuple[Storage | None, Array]
Entry = tuple[Learned, Sequence[ref[Storage] | None], Sequence[Source]]
"""What was learned of an operation, its results (none where nobody can have them), and what it brought from outside: Storages, each with
its memory, and numbers.
"""


def written_by(entries: Sequence[Learned]) -> dict[int, int]:
    """The numbers of what is written, with the places of its memory among the sources."""
    taken: dict[int, int] = {}
    written = []
    for entry in entries:
        for number in range(entry.number, entry.number + entry.brought):
            taken[number] = len(taken)
        if isinstance(entry.op, Write):
            written.append(numbers_of(entry)[0])
    return {number: taken[number] for number in written}


def needed(entries: Sequence[Learned], results: Sequence[int], written: Iterable[int]) -> list[bool]:
    """Which entries the results, and what is written, are computed by."""
    wanted, found = {*results, *written}, [False] * len(entries)
    for k in range(len(entries) - 1, -1, -1):
        entry = entries[k]
        if isinstance(entry.op, Write):
            numbers = numbers_of(entry)
            if numbers[0] in wanted:
                found[k] = True
                wanted.add(numbers[1])
        elif entry.result in wanted or (entry.last > entry.result and not wanted.isdisjoint(range(entry.result, entry.last + 1))):
            found[k] = True
            wanted.update(numbers_of(entry))
    return found


def numbers_of(entry: Learned) -> list[int]:
    """The number of each argument; CONSTANT for a number that is part of the operation."""
    numbers: list[int] = []
    fresh = entry.number
    for place in entry.places:
        if place.number in (NEW, NUMBER):
            numbers.append(fresh)
            fresh += 1
        elif place.number <= TWIN:
            numbers.append(numbers[TWIN - place.number])
        else:
            numbers.append(place.number)
    return numbers


def reads_any(entries: Sequence[Learned], result: int, numbers: Iterable[int]) -> bool:
    """Whether a result follows from any of these."""
    read = {number for entry, wanted in zip(entries, needed(entries, [result], ()), strict=True) if wanted for number in numbers_of(entry)}
    return not read.isdisjoint(numbers)


def orders_of(entries: Iterable[Learned]) -> dict[int, tuple[int, ...] | None]:
    """How what comes from outside lies in memory, by its number."""
    found: dict[int, tuple[int, ...] | None] = {}
    for entry in entries:
        taken = [place.order for place in entry.places if place.number in (NEW, NUMBER)]
        found.update(enumerate(taken, entry.number))
    return found
