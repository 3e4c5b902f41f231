"""The native executor as Python sees it: its entry points, and the places of the words it shares with Python.

compiler/llvm/executor.py says what each entry and word means; this file must agree with it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

# a job: what stays
LAUNCHES, CHAINS, STAGES, SEGMENTS, SLOTS, CLAIMS, COMPLETIONS, CONTROL, CANCEL, WATCH, NOTED = range(11)
# a job: what the next call shall run
RUN, FIRST, END, TRIP = 16, 17, 18, 19
JOB_WORDS = 24
ALL_TRIPS = -1

# the control block, a cache line a word
LINE = 8
EPOCH, SLEEPERS, STOP, PAUSES, RING = 0, 8, 16, 24, 32
CONTROL_WORDS = RING + 8 * LINE

DONE, CANCELLED, AGAIN = 0, 1, 2
EVENT_WORDS = 6
"""Of an event: launch, chunk, trip, thread, begin, end (ticks)."""


@dataclass(frozen=True)
class Executor:
    """The entry points, as callables that release the interpreter lock."""

    share: Callable[[int, int], int]
    walk: Callable[[int], int]
    serve: Callable[[int, int, int], None]
    poke: Callable[[int], None]
    ticks: Callable[[], int]

    @classmethod
    def at(cls, addresses: dict[str, int]) -> Executor:
        """From the addresses of its functions."""
        word = ctypes.c_int64
        return cls(
            ctypes.CFUNCTYPE(word, word, word)(addresses["share"]),
            ctypes.CFUNCTYPE(word, word)(addresses["walk"]),
            ctypes.CFUNCTYPE(None, word, word, word)(addresses["serve"]),
            ctypes.CFUNCTYPE(None, word)(addresses["poke"]),
            ctypes.CFUNCTYPE(word)(addresses["ticks"]),
        )

    @cached_property
    def tick(self) -> float:
        """Seconds between two ticks of the clock of time stamps, measured over two milliseconds."""
        first, begin = self.ticks(), time.perf_counter()
        while time.perf_counter() - begin < 0.002:
            pass
        last, end = self.ticks(), time.perf_counter()
        return (end - begin) / max(1, last - first)
