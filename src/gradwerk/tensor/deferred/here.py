"""What one thread records, and how far it trusts that what comes was seen before."""

from __future__ import annotations

import threading

from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.storage import Storage

TRUST = 48_000
"""What a thread may spend on operations that it has not seen: each costs `NEW_COSTS`, and one that was expected earns 1."""
NEW_COSTS = 4
AGAIN = 12_000
"""What may be spent after a pause."""
PAUSE, LONGEST_PAUSE = 50_000, 1_600_000
"""Operations that are computed at once when it is spent; each time that it is spent again, twice as many."""
NOTHING: frozenset[Storage] = frozenset()


class Here:
    """What one thread records.

    `busy` while an operation is recorded; `writes` are the Storages whose writes wait.  `trust` is what may be spent on what was not seen
    before, `pause` how many operations are computed at once since it was spent: structures that differ each time cost little more than
    that.  The pause is over where a step of an optimizer ends, so that what comes is met from its beginning, or, where there is none, as
    long again.
    """

    __slots__ = ("busy", "pause", "stretch", "trust", "waited", "writes")

    def __init__(self) -> None:
        self.stretch: Stretch | None = None
        self.busy = False
        self.writes = NOTHING
        self.trust, self.pause, self.waited = TRUST, 0, PAUSE

    def unexpected(self) -> None:
        """An operation was not seen before."""
        self.trust -= NEW_COSTS
        if self.trust < 0:
            self.trust, self.pause = AGAIN, 2 * self.waited
            self.waited = min(2 * self.waited, LONGEST_PAUSE)

    def expected(self) -> None:
        """One was."""
        if self.trust < TRUST:
            self.trust += 1
            if self.trust == TRUST:
                self.waited = PAUSE

    def stepped(self, paused: int) -> None:
        """A step of an optimizer has ended, before which so many operations were still to be computed at once."""
        if paused > self.waited // 2:
            self.pause = paused


class Threads(threading.local):
    """What each thread records: `here` is of the one that asks.  To ask takes longer than all that is asked of it then."""

    def __init__(self) -> None:
        self.here = Here()
