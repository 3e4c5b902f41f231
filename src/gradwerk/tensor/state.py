"""What mode this thread is in: the trace under way, if any, and whether operations are recorded for gradients.

Also the epoch: one number for the whole process that rises whenever something a compiled step may have read was changed (an attribute of
a module, `requires_grad`, the memory behind a Tensor).  While it stands still, guards need no second look.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradwerk.tensor.trace import Trace


class Mode(threading.local):
    """The mode of one thread."""

    trace: Trace | None = None
    grad: bool = True


class Epoch:
    """The number of changes so far."""

    __slots__ = ("number",)

    def __init__(self) -> None:
        self.number = 0


mode = Mode()
epoch = Epoch()


def bump_epoch() -> None:
    """Says that something guarded has changed."""
    epoch.number += 1
