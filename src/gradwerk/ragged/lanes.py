"""Lanes: how a loop over steps goes through rows of different lengths without computing what is not there.

A lane holds rows, one behind the other.  Each step of the loop computes one element of every lane, and where a row begins, its state
begins anew.  Rows are given to lanes on the host, the longest first, each to the lane that holds least (Graham, 1969, "Bounds on
multiprocessing timing anomalies").  So nearly all cells hold an element, while a loop over padded rows, even sorted by length, computes
the padding or ends with few rows a step.
"""

from __future__ import annotations

import heapq

import numpy as np

from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, TraceError
from gradwerk.ops.compare import greater
from gradwerk.ops.elementwise import maximum, sub, where
from gradwerk.ops.indexing import gather
from gradwerk.ops.movement import concatenate, reshape, slice_axis
from gradwerk.ops.source import full
from gradwerk.ragged.build import rounded_up
from gradwerk.ragged.value import Array, Lanes, Ragged, first_of, without_tail
from gradwerk.tensor.state import mode
from gradwerk.tensor.tensor import Tensor

PARTS = 16
"""Numbers of steps in an octave: what a loop runs for nothing is at most a sixteenth."""
GROUP = 6
"""Lanes come in groups of so many: as many rows have the tiles of products, and a tile that is not full takes as long."""
STEP = 0.5
"""What a step costs besides, in groups."""
TRIED = 8
"""Batches that numbers of lanes are tried on."""


def in_lanes(x: Ragged, lanes: int | None = None, *, steps: int | None = None) -> Ragged:
    """The same value, prepared for loops over the elements of its rows (`scan`, `lstm`, `gru`, `simple_rnn`).

    A loop is compiled for a number of lanes and one of steps.  The number of steps is rounded up to one of sixteen an octave, so that few
    of them are enough for batches of all kinds.

    Args:
        x: with lengths that are known: outside of a trace.
        lanes: how many rows go side by side; what is quickest for these rows unless given, where `lanes_for` is so for all batches.
        steps: how many steps there are; as many as the rows need unless given.
    Raises: TraceError under trace, ArgumentError for no lane, or where the steps are too few.
    """
    lengths = np.diff(lengths_known(x))
    longest, total = int(lengths.max(initial=1)), int(lengths.sum())
    width = quickest(x.capacity, longest) if lanes is None else lanes
    if width < 1:
        raise ArgumentError(f"there is at least one lane, not {width}")
    starts, most = packed(lengths, width)
    count = rounded_up(max(most, 1), PARTS) if steps is None else steps
    if count < most:
        raise ArgumentError(f"{count} steps of {width} lanes do not hold these rows", facts=(
            f"the longest row {longest}", f"all rows {total}", f"steps that do {most}",
        ))  # fmt: skip
    return x._replace(lanes=_tables(lengths, starts, x.capacity, (count, width)))


def lanes_for(lengths: object, rows: int) -> int:
    """The number of lanes that is quickest for batches of so many rows, drawn of rows of these lengths: it is tried on a few.

    Args:
        lengths: of all rows there are, (n,).
        rows: in a batch.
    """
    every = np.asarray(lengths.numpy() if isinstance(lengths, Tensor) else lengths)
    if not every.size or rows < 1:
        return GROUP
    random = np.random.default_rng(0)
    tried = [random.choice(every, rows) for _ in range(TRIED)]
    most = quickest(int(max(batch.sum() for batch in tried)), int(every.max())) // GROUP + 2

    def cost(groups: int) -> float:
        return (groups + STEP) * sum(rounded_up(max(packed(batch, groups * GROUP)[1], 1), PARTS) for batch in tried)

    return GROUP * min(range(1, most + 1), key=cost)


def quickest(total: int, longest: int) -> int:
    """The number of lanes for so many elements in rows of at most so many: few steps, and few cells without an element."""

    def cost(groups: int) -> float:
        return max(longest, total / (groups * GROUP)) * (groups + STEP)

    most = max(1, -(-total // (max(longest, 1) * GROUP)))
    return GROUP * min(range(1, most + 1), key=cost)


def lengths_known(x: Ragged) -> Array:
    """The splits as an array.  Raises: TraceError under trace."""
    if mode.trace is not None:
        raise TraceError(
            "a loop over the rows of a ragged value has to know their lengths before the step is compiled",
            likely="prepare the batch outside of it: gradwerk.ragged.in_lanes(batch)",
        )
    return x.splits.numpy()


def packed(lengths: Array, lanes: int) -> tuple[Array, int]:
    """The cell (step * lanes + lane) at which each row begins, and how many steps the fullest lane takes."""
    loads = [(0, lane) for lane in range(lanes)]
    starts = np.zeros(len(lengths), np.int64)
    for row in np.argsort(-lengths, kind="stable").tolist():
        load, lane = loads[0]
        starts[row] = load * lanes + lane
        heapq.heapreplace(loads, (load + int(lengths[row]), lane))
    return starts, max(loads)[0]


def _tables(lengths: Array, starts: Array, capacity: int, shape: tuple[int, int]) -> Lanes:
    """The tables of rows that begin at these cells."""
    total, cells = int(lengths.sum()), shape[0] * shape[1]
    begins = np.cumsum(lengths) - lengths
    within = np.arange(total) - np.repeat(begins, lengths)
    where_ = np.repeat(starts, lengths) + within * shape[1]
    source, place, first = np.full(cells, -1, np.int64), np.full(capacity, -1, np.int64), np.ones(cells, np.bool_)
    source[where_], place[:total], first[where_] = np.arange(total), where_, within == 0
    return Lanes(*(Tensor.sharing(table) for table in (source.reshape(shape), place, first.reshape(shape))))


def to_lanes(x: Ragged, lanes: Lanes) -> Tensor:
    """(steps, lanes, ...): the elements in their cells.  Cells without one hold the first element, of which nobody reads what is made."""
    flat = without_tail(x, first_of(x))
    cells: Tensor = gather(flat, maximum(lanes.source, 0))
    return cells


def from_lanes(cells: Tensor, lanes: Lanes, like: Ragged) -> Ragged:
    """The ragged value of what was made in the cells, (steps, lanes, ...)."""
    flat = gather(reshape(cells, (-1, *cells.shape[2:])), maximum(lanes.place, 0))
    made = like.with_flat(flat)
    return made.with_flat(without_tail(made, 0))


def at_ends(cells: Tensor, initial: Tensor, lanes: Lanes, like: Ragged, *, reverse: bool) -> Tensor:
    """(rows, ...): what was made in the last cell of each row, with `reverse` in its first; of an empty row its `initial` value."""
    rows, axes = like.row_count, (1,) * (cells.ndim - 2)
    starts, ends = slice_axis(like.splits, 0, 0, rows), slice_axis(like.splits, 0, 1, rows + 1)
    filled = greater(ends, starts)
    cell = gather(lanes.place, where(filled, starts if reverse else sub(ends, 1), 0))
    found = gather(reshape(cells, (-1, *cells.shape[2:])), maximum(cell, 0))
    last: Tensor = where(reshape(filled, (rows, *axes)), found, initial)
    return last


def begins(lanes: Lanes, *, reverse: bool) -> Tensor:
    """(steps, lanes) bool: where a state begins anew."""
    if not reverse:
        return lanes.first
    steps, width = lanes.first.shape
    behind = full((1, width), 1, dtypes.bool_, like=(lanes.first,))
    flags: Tensor = concatenate([slice_axis(lanes.first, 0, 1, steps), behind])
    return flags


def row_of_cells(x: Ragged, lanes: Lanes, rows: Tensor) -> Tensor:
    """(steps, lanes): for each cell the row of its element, by the row of each element (`row_numbers`); 0 where there is none."""
    numbers = where(x.in_use, rows, 0)
    found: Tensor = gather(numbers, maximum(lanes.source, 0))
    return found
