"""Keras' progress bar, for loops of one's own."""

from __future__ import annotations

import math
import os
import sys
import time
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.base.screen import Screen
from gradwerk.keras.options import checked_except, is_number
from gradwerk.keras.progress import left, number, pace

_BOLD, _GREEN, _WHITE, _END = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


class Progbar:
    """A line that shows how far a loop is: `35/67 ━━━━━━━━━━ 1s 12ms/step - loss: 0.2313`.

        bar = Progbar(100)
        for k in range(100):
            bar.update(k + 1, values=[("loss", loss)])

    Args:
        target: how many steps there are; None where nobody knows.
        width: signs of the bar.
        verbose: 0 for nothing, 1 for the line drawn over itself, 2 for one line at the end.
        interval: seconds between two drawings.
        stateful_metrics: values that are shown as they come; of the others the mean is.
        stateless_metrics: the other way round: values of which the mean is shown, all others as they come.
        unit_name: what is counted.

    Raises: ArgumentError for both kinds of lists of values.
    """

    @checked_except("target")
    def __init__(
        self, target: float | None, width: int = 20, verbose: int = 1, interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None, stateless_metrics: Iterable[str] | None = None, unit_name: str = "step",
    ) -> None:  # fmt: skip
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ArgumentError("Progbar takes stateful_metrics or stateless_metrics, not both")
        if target is not None and not is_number(target):
            raise ArgumentError(f"Progbar: target is a number of steps or None, this is {target!r}")
        self.target, self.width, self.verbose, self.interval, self.unit_name = target, width, verbose, interval, unit_name
        self.stateful = None if stateless_metrics is not None else set(stateful_metrics or ())
        self.stateless = set(stateless_metrics or ())
        self.stream = Screen(sys.stdout)
        self.seen: float = 0
        self.sums: dict[str, tuple[Any, float]] = {}
        self._start, self._drawn, self._first = time.time(), 0.0, 0.0
        self._width = 0

    def update(
        self, current: float, values: Iterable[tuple[str, Any]] | None = None, finalize: bool | None = None,  # noqa: FBT001
    ) -> None:  # fmt: skip
        """The step that the loop has come to, and what is to be shown beside it.

        Args:
            current: the number of the step.
            values: pairs of a name and a number.
            finalize: whether it is the last; where `current` has reached the target unless said.
        """
        last = bool(self.target is not None and current >= self.target) if finalize is None else finalize
        for name, value in (values.items() if isinstance(values, Mapping) else values or ()):
            self._take(name, value, max(current - self.seen, 1), last=last)
        self.seen = current
        now = time.time()
        each = self._each(current, now)
        if self.verbose == 1 and (last or now - self._drawn >= self.interval):
            self._draw(current, now, each, last=last)
            self._drawn = now
        elif self.verbose == 2 and last and self.target:
            head = f"{current:{self._digits()}.0f}/{self.target:.0f} - {now - self._start:.0f}s - {pace(each)}/{self.unit_name}"
            self.stream.write(head + self._said() + "\n")

    def add(self, n: float, values: Iterable[tuple[str, Any]] | None = None) -> None:
        """`n` steps more."""
        self.update(self.seen + n, values)

    def _take(self, name: str, value: Any, steps: float, *, last: bool) -> None:  # noqa: ANN401
        averaged = name in self.stateless if self.stateful is None else name not in self.stateful
        if not averaged or last:
            self.sums[name] = (value, 1)
        else:
            total, count = self.sums.get(name, (0, 0))
            self.sums[name] = (total + value * steps, count + steps)

    def _each(self, current: float, now: float) -> float:
        """Seconds a step; the first, which takes longest, is left out."""
        if not current:
            return 0.0
        each = (now - self._first) / (current - 1) if self._first and current > 1 else (now - self._start) / current
        self._first = now if current == 1 else self._first
        return each

    def _draw(self, current: float, now: float, each: float, *, last: bool) -> None:
        live = os.name == "posix" or self.stream.isatty()  # as Keras', which looks no further there
        time_said = left(each * (self.target - current)) if self.target and not last else f"{now - self._start:.0f}s"
        if self.target:
            done = max(0, min(self.width, int(self.width * current / self.target)))
            shown = f"{_GREEN}{'━' * done}{_END}" if done else ""
            head = f"{_BOLD}{current:{self._digits()}.0f}/{self.target:.0f}{_END} {shown}{_WHITE}{'━' * (self.width - done)}{_END}"
        else:
            head = f"{current:7.0f}/Unknown"
        tail = f" {pace(each)}/{self.unit_name}{self._said()}"
        line = f"{head} {_BOLD}{time_said}{_END}{tail}"
        plain = len(line) - sum(line.count(mark) * len(mark) for mark in (_BOLD, _GREEN, _WHITE, _END))
        begin = ("\b" * self._width + "\r") if live else "\n"
        self.stream.write(begin + line + " " * (self._width - plain) + ("\n" if last else ""))
        self._width = plain

    def _said(self) -> str:
        return "".join(f" - {name}: {number(np.mean(value) / max(1, count))}" for name, (value, count) in self.sums.items())

    def _digits(self) -> int:
        return int(math.log10(self.target or 1)) + 1 if (self.target or 1) >= 1 else 1
