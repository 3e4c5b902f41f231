"""A stretch that is run op by op, as immediate operations are: by NumPy, and heavy ones by a program of one operation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from gradwerk.ir.op import Array
from gradwerk.runtime.finish import to_the_end
from gradwerk.tensor.apply import by_reference, evaluated
from gradwerk.tensor.deferred.entries import numbers_of
from gradwerk.tensor.deferred.learned import CONSTANT, Copy, Learned, Write
from gradwerk.tensor.storage import Storage, aligned_copy, logical, made, physical


def run_by_op(stretch: Any, learned: Sequence[Learned], ending: Any, storages: Sequence[Storage], *, compiles: bool) -> None:  # noqa: ANN401
    """Computes what is wanted, and writes what is to be written.

    Args:
        stretch: a Stretch, whose sources are there.
        learned: its operations.
        ending: the Ending that says what is wanted.
        storages: those of what is wanted.
        compiles: whether heavy operations may be compiled, as `apply` does; NumPy computes all of them otherwise.
    """
    values: dict[int, Array] = {}
    sources, orders = iter(stretch.sources), ending.orders
    last = _last_uses(learned, ending)
    for k, entry in enumerate(learned):
        for number in range(entry.number, entry.number + entry.brought):
            values[number] = logical(next(sources)[1], orders[number])
        if ending.needed[k]:
            _compute(entry, values, compiles=compiles)
        for number in last[k]:
            values.pop(number, None)
    contents = []
    for number, storage in zip(ending.wanted, storages, strict=True):
        out = physical(values[number], storage.order)
        contents.append(out if out.flags.c_contiguous else aligned_copy(out))
    written = [(stretch.sources[place][0], values[number]) for number, place in ending.written.items()]

    def commit() -> None:
        for storage, array in zip(storages, contents, strict=True):
            made(storage, array)
        for target, value in written:
            if target is not None and target.array is not None:
                logical(target.array, target.order)[...] = value

    error = to_the_end(commit)
    if error is not None:
        raise error


def _compute(entry: Learned, values: dict[int, Array], *, compiles: bool) -> None:
    numbers, arrays = numbers_of(entry), list[Array]()
    for number, place in zip(numbers, entry.places, strict=True):
        array: Any = place.array if number == CONSTANT else values[number]
        for step in place.steps:
            array = step.reference(array)
        arrays.append(np.asarray(array))
    if isinstance(entry.op, Write):
        values[numbers[0]] = np.broadcast_to(arrays[1], arrays[0].shape)
    elif isinstance(entry.op, Copy):
        values[entry.result] = arrays[0].copy()
    elif entry.rule is not None:
        key: list[Any] = [entry.op]
        for array in arrays:
            key += (array.shape, array.dtype)
        made = evaluated(entry.op, entry.rule, arrays, tuple(key)) if compiles else by_reference(entry.op, entry.rule, arrays)
        values.update(enumerate(made, entry.result))


def _last_uses(learned: Sequence[Learned], ending: Any) -> list[list[int]]:  # noqa: ANN401  an Ending
    """What is not needed any more behind each entry."""
    kept = {*ending.written, *ending.wanted}
    found: list[list[int]] = [[] for _ in learned]
    for k in range(len(learned) - 1, -1, -1):
        if ending.needed[k]:
            for number in [*numbers_of(learned[k]), *range(learned[k].result, learned[k].last + 1)]:
                if number >= 0 and number not in kept:
                    kept.add(number)
                    found[k].append(number)
    return found
