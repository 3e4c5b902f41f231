"""What one thread records, and how far it trusts that what comes was seen before."""

from __future__ import annotations

import threading

from gradwerk.tensor.deferred.stretch import Stretch
from gradwerk.tensor.storage import Storage

TRUST = 20_000
"""What a thread may spend on operations that it has not seen: each costs `NEW_COSTS`, and one that was expected earns 1."""
NEW_COSTS = 4
PAUSE, AGAIN = 10_000, 2_000
"""Operations that are computed at once when that is spent, and what may be spent then."""
NOTHING: frozenset[Storage] = frozenset()


class Here(threading.local):
    """What one thread records.

    `busy` while an operation is recorded; `writes` are the Storages whose writes wait.  `trust` is what may be spent on what was not seen
    before, `pause` how many operations are computed at once since it was spent: structures that differ each time cost no more than that.
    """

    def __init__(self) -> None:
        self.stretch: Stretch | None = None
        self.busy = False
        self.writes = NOTHING
        self.trust, self.pause = TRUST, 0

    def expected(self) -> None:
        """An operation was seen before."""
        if self.trust < TRUST:
            self.trust += 1

    def unexpected(self) -> None:
        """One was not."""
        self.trust -= NEW_COSTS
        if self.trust < 0:
            self.trust, self.pause = AGAIN, PAUSE
