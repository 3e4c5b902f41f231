"""What one thread records, and how far it trusts that what comes was seen before."""

from __future__ import annotations

import threading

from gradwerk.tensor.deferred.endings import Ending
from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.storage import Storage

TRUST = 48_000
"""What a thread may spend on operations that it has not seen: each costs `NEW_COSTS`, and one that was expected earns 1."""
NEW_COSTS = 4
AGAIN = 12_000
"""What may be spent after a pause."""
PAUSE, LONGEST_PAUSE = 50_000, 1_600_000
"""Operations that are computed at once when it is spent; each time that it is spent again, twice as many."""
SAVINGS = 4_000
"""What a thread may lose on stretches that somebody looks at so soon that they are run op by op: in operations, and `LOOK_COSTS` for each.
One that is run as a program earns its operations.
"""
LOOK_COSTS = 8
LENT = 1_000
"""What may be lost after a pause."""
REST, LONGEST_REST = 4_000, 256_000
"""As `PAUSE`, when that is lost."""
NOTHING: frozenset[Storage] = frozenset()


class Here:
    """What one thread records.

    `busy` while an operation is recorded; `writes` are the Storages whose writes wait.  `trust` is what may be spent on what was not seen
    before, `savings` what may be lost on looks, `pause` how many operations are computed at once since either was spent: structures that
    differ each time, and loops that look at every other operation, cost little more than that.  The pause is over where a step of an
    optimizer ends when `until` are left, so that what comes is met from its beginning, or, where there is none, as long again.
    """

    __slots__ = ("busy", "pause", "rest", "savings", "stretch", "trust", "until", "waited", "writes")

    def __init__(self) -> None:
        self.stretch: Stretch | None = None
        self.busy = False
        self.writes = NOTHING
        self.pause = self.until = 0
        self.trust, self.waited = TRUST, PAUSE
        self.savings, self.rest = SAVINGS, REST

    def unexpected(self) -> None:
        """An operation was not seen before."""
        self.trust -= NEW_COSTS
        if self.trust < 0:
            self.trust, self.pause, self.until = AGAIN, 2 * self.waited, self.waited
            self.waited = min(2 * self.waited, LONGEST_PAUSE)

    def expected(self) -> None:
        """One was."""
        if self.trust < TRUST:
            self.trust += 1
            if self.trust == TRUST:
                self.waited = PAUSE

    def stepped(self, paused: int) -> None:
        """A step of an optimizer has ended, before which so many operations were still to be computed at once."""
        if paused > self.until:
            self.pause = paused

    def ran(self, ending: Ending | None) -> None:
        """A stretch was run, as a program or op by op; None of one of which nobody wanted anything."""
        if ending is None:
            return
        operations = len(ending.needed)
        if ending.program is not None:
            self.savings += operations
            if self.savings >= SAVINGS:
                self.savings, self.rest = SAVINGS, REST
        else:
            self.savings -= operations + LOOK_COSTS
            if self.savings < 0:
                self.savings, self.pause, self.until = LENT, 2 * self.rest, self.rest
                self.rest = min(2 * self.rest, LONGEST_REST)


class Threads(threading.local):
    """What each thread records: `here` is of the one that asks.  To ask takes longer than all that is asked of it then."""

    def __init__(self) -> None:
        self.here = Here()
