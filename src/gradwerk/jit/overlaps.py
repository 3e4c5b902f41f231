"""Memory that two Tensors share behind our back: both made of one NumPy array, or one of the array that the other showed.

Views of one Tensor share a Storage, and a trace sees what a write to one does to the others.  Of memory that it has under two Storages a
trace knows nothing; where one of them is written, kernels would read what they have half written.  So that is refused.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import StateError
from gradwerk.ir.op import Array
from gradwerk.jit.recipes import Fixed, Specialization

MOST_WORK = 10_000
"""How long NumPy may look for an element that two strided arrays share, in its own measure."""


def bounds(array: Array) -> tuple[int, int]:
    """The addresses of the first byte of an array and of the first behind it."""
    begin = end = array.__array_interface__["data"][0]
    if array.flags.c_contiguous:
        return begin, begin + array.nbytes
    for extent, stride in zip(array.shape, array.strides, strict=True):
        step = (extent - 1) * stride
        begin, end = (begin + min(step, 0), end + max(step, 0))
    return begin, end + array.itemsize if array.size else begin


class CapturedMemory:
    """Where the memory lies that a program holds, and what of it is written.

    Raises: StateError where what is written is held a second time.
    """

    def __init__(self, arrays: Sequence[Array], written: Sequence[Array]) -> None:
        changed = placed(written)
        self.read, self.written = Places([*placed(arrays), *changed]), Places(changed)
        rows = self.read.rows
        mine = {id(array) for array in written}
        for number, (_, end, one) in enumerate(rows):
            for begin, _, other in rows[number + 1 :]:
                if begin >= end:
                    break
                if (id(one) in mine or id(other) in mine) and share(one, other):
                    raise shared(one, other)

    def refuse(self, array: Array, *, writes: bool, start: int = 0) -> None:
        """Looks at an argument, dense from `start` where that is given.

        Raises: StateError where it shares what is written, or, being written itself, anything that is held.
        """
        places = self.read if writes else self.written
        ends = places.ends
        if not ends:
            return
        begin, end = (start, start + array.nbytes) if start else bounds(array)
        number = bisect_right(ends, begin)
        if number < len(ends) and places.begins[number] < end:
            places.refuse(array, number, end)


def placed(arrays: Sequence[Array]) -> list[tuple[int, int, Array]]:
    """Where arrays begin and end; those without elements are nowhere."""
    return [(*bounds(array), array) for array in arrays if array.size]


class Places:
    """Arrays by where they lie."""

    def __init__(self, rows: Sequence[tuple[int, int, Array]]) -> None:
        self.rows = sorted(rows, key=itemgetter(0, 1))
        self.ends = list(accumulate((end for _, end, _ in self.rows), max))
        self.begins = [begin for begin, _, _ in self.rows]

    def refuse(self, array: Array, first: int, end: int) -> None:
        """Raises: StateError where the array, which ends here, shares memory with one of these from the first on."""
        for begin, _, other in self.rows[first:]:
            if begin >= end:
                return
            if share(array, other):
                raise shared(array, other)


def captured_memory(entry: Specialization) -> CapturedMemory:
    """The memory of the inputs that are always the same."""
    rows = [(number, source.handle._array) for number, source in enumerate(entry.inputs) if isinstance(source, Fixed)]
    known = [(number, array) for number, array in rows if array is not None]
    written = frozenset(entry.written)
    return CapturedMemory([a for number, a in known if number not in written], [a for number, a in known if number in written])


def share(one: Array, other: Array) -> bool:
    """Whether two arrays have an element in common; also where that takes too long to find out."""
    try:
        return bool(np.shares_memory(one, other, max_work=MOST_WORK))  # type: ignore[arg-type]  # any count, says NumPy
    except np.exceptions.TooHardError:
        return True


def shared(one: Array, other: Array) -> StateError:
    """The error for a write to memory that is held twice."""
    facts = tuple(f"{dtypes.name(array.dtype)}{list(array.shape)}" for array in (one, other))
    likely = "make one Tensor of the array and the other a view of that Tensor, or copy one"
    return StateError("a compiled function writes to memory that two of its Tensors share through NumPy", facts=facts, likely=likely)
