"""What walks the tables of a Plan, as Python sees it: the entry points.  compiler/llvm/executor.py says what each means."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property


@dataclass(frozen=True)
class Executor:
    """The entry points, as callables that release the interpreter lock (but for one)."""

    share: Callable[[int, int], int]
    walk: Callable[[int], int]
    halt: Callable[[int], int]
    dismiss: Callable[[int], int]
    """This one keeps the interpreter lock, so that the run it finds cannot be given up meanwhile."""
    settle: Callable[[int], None]
    serve: Callable[[int, int, int, int], None]
    poke: Callable[[int], None]
    ticks: Callable[[], int]

    @classmethod
    def at(cls, addresses: Mapping[str, int]) -> Executor:
        """From the addresses of its functions."""
        word = ctypes.c_int64
        return cls(
            ctypes.CFUNCTYPE(word, word, word)(addresses["share"]),
            ctypes.CFUNCTYPE(word, word)(addresses["walk"]),
            ctypes.CFUNCTYPE(word, word)(addresses["halt"]),
            ctypes.PYFUNCTYPE(word, word)(addresses["dismiss"]),
            ctypes.CFUNCTYPE(None, word)(addresses["settle"]),
            ctypes.CFUNCTYPE(None, word, word, word, word)(addresses["serve"]),
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
