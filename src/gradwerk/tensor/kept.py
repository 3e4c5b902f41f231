"""Programs in use, shared by all whose graphs say the same, and the last ones that were: bounded in bytes.

A program lives as long as somebody holds it.  One that nobody holds any more is kept for a while, without its arenas, so that a model built
again is not compiled again; models of all kinds, built and dropped, take no more memory than `MOST_BYTES` for all of them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any
from weakref import WeakValueDictionary, finalize

from gradwerk.ir.graph import Graph
from gradwerk.runtime.program import Program

MOST_BYTES = 3 << 20
"""Bytes of programs that nobody may be using, arenas not counted."""
MOST_IDLE = 24 << 20
"""Bytes of arenas of single operations that wait for their next call."""
PER_NODE, PER_LAUNCH = 1500, 5000
"""Bytes that a node of a graph and a launch of a plan take in Python, as measured."""


class Made:
    """A program and the graph that it was made of; `users` hold it now."""

    def __init__(self, graph: Graph, program: Program) -> None:
        self.graph, self.program = graph, program
        self.users = 0
        plan = program.plan
        self.nbytes = len(plan.constants) + PER_NODE * len(graph.nodes) + PER_LAUNCH * (len(plan.launches) + 1)

    def used_by(self, user: object) -> None:
        """Counts a user; with the last one the arenas go."""
        self.users += 1
        finalize(user, self._left).atexit = False

    def _left(self) -> None:
        self.users -= 1
        if not self.users:
            self.program.release()


class Kept:
    """Programs by what they were made of."""

    def __init__(self) -> None:
        self.living: WeakValueDictionary[Any, Made] = WeakValueDictionary()
        self.recent: OrderedDict[Any, Made] = OrderedDict()
        self.nbytes = 0
        self.lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.living)

    def __iter__(self) -> Iterator[Any]:
        return iter(list(self.living))

    def clear(self) -> None:
        """Forgets all: what is in use goes on, and is made again for the next one who asks."""
        with self.lock:
            self.living.clear()
            self.recent.clear()
            self.nbytes = 0

    def get(self, key: Any, make: Callable[[], Made]) -> Made:  # noqa: ANN401  anything hashable
        """What is kept under the key, else what `make` makes."""
        found = self.living.get(key)
        if found is None:
            found = self.living[key] = make()
        dropped = []  # let go of behind the lock: what goes with them may ask for it
        with self.lock:
            before = self.recent.pop(key, None)
            self.recent[key] = found
            self.nbytes += found.nbytes - (before.nbytes if before is not None else 0)
            while self.nbytes > MOST_BYTES:
                _, oldest = self.recent.popitem(last=False)
                self.nbytes -= oldest.nbytes
                dropped.append(oldest)
        return found


class Idle:
    """Programs whose arenas wait for their next call: the last ones used keep theirs."""

    def __init__(self) -> None:
        self.recent: OrderedDict[Program, int] = OrderedDict()
        self.nbytes = 0
        self.lock = threading.Lock()

    def forget(self, program: Program) -> None:
        """Lets go of a program."""
        with self.lock:
            self.nbytes -= self.recent.pop(program, 0)

    def used(self, program: Program) -> None:
        """Notes that the program ran; those that ran longest ago give their arenas back."""
        recent, size, idle = self.recent, program.plan.context_bytes, []
        with self.lock:
            if recent.pop(program, None) is None:
                self.nbytes += size
            recent[program] = size
            while self.nbytes > MOST_IDLE:
                oldest, size = recent.popitem(last=False)
                self.nbytes -= size
                idle.append(oldest)
        for oldest in idle:
            oldest.release()
