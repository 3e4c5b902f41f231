"""How work is cut into chunks: by extents only, never by the number of threads, so that bits do not depend on it.

Kernels of one batch cut their leading axis alike, so that chunk c of one needs only chunk c of the other and they form a chain.
"""

from __future__ import annotations

MOST_CHUNKS = 16
"""Enough for the cores of ordinary machines; fewer claims per launch than that would gain."""
SMALLEST = 256
"""Bytes of one chunk below which cutting costs more than it shares."""


def step_of(extent: int, work: int) -> int:
    """How many of the leading axis' `extent` entries make a chunk, when each touches `work` bytes (or does as many operations)."""
    wanted = min(MOST_CHUNKS, extent, extent * work // SMALLEST)
    return -(-extent // max(wanted, 1)) if extent else 1


def count_of(extent: int, step: int) -> int:
    """The number of chunks; at least one, so that a launch exists."""
    return max(-(-extent // step), 1)
