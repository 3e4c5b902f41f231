"""Ctrl-C finishes the step in hand: the first SIGINT sets a flag, the second breaks off at once.

A program that owns its process may ask the same for SIGTERM (a job that is ended) and SIGHUP (a terminal that is closed).  Those come in
numbers when they come, so only a second Ctrl-C breaks off.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Sequence
from types import FrameType, TracebackType
from typing import Any, Self

CTRL_C = (signal.SIGINT,)
ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))
"""Every signal by which a user or a system ends a program in good order."""


class Interruption:
    """A block in which the first of `signals` only makes `requested` true.  The earlier handlers are back afterwards.

    A signal on which nobody has acted, by raising, is raised again then.

    A handler that the program set itself, or a signal that it ignores (as under `nohup`), stays as it is.  Outside the main thread, where
    Python takes no signals, nothing happens.
    """

    def __init__(self, signals: Sequence[signal.Signals] = CTRL_C) -> None:
        self.signals = tuple(signals)
        self.requested: signal.Signals | None = None
        """The signal that came, or None."""
        self._earlier: dict[signal.Signals, Any] = {}

    def __enter__(self) -> Self:
        if threading.current_thread() is threading.main_thread():
            for number in self.signals:
                if (earlier := signal.getsignal(number)) in (signal.default_int_handler, signal.SIG_DFL):  # a tuple: one may have no hash
                    self._earlier[number] = earlier
                    signal.signal(number, self._request)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        while self._earlier:
            signal.signal(*self._earlier.popitem())
        if kind is None and self.requested is not None:  # it came when nobody looked any more
            signal.raise_signal(self.requested)

    def _request(self, number: int, frame: FrameType | None) -> None:
        if self.requested is not None and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.requested = self.requested or signal.Signals(number)
