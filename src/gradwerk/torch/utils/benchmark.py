"""torch.utils.benchmark: how long a statement takes."""

from __future__ import annotations

import timeit
from collections.abc import Callable, Mapping
from typing import Any, Self

import numpy as np

from gradwerk.base.errors import ArgumentError
from gradwerk.runtime.pool import thread_count
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.torch.absent import ORIGINAL
from gradwerk.torch.states import set_num_threads

# ruff: noqa: ANN401  what users time
UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


class Measurement:
    """Seconds that runs of a statement took: so many runs a time.

    Args:
        number_per_run: runs that one time is of.
        raw_times: seconds.
        task_spec: what was timed, for the text.
    """

    def __init__(self, number_per_run: int, raw_times: list[float], task_spec: Mapping[str, Any]) -> None:
        self.number_per_run, self.raw_times, self.task_spec = number_per_run, raw_times, dict(task_spec)

    @property
    def times(self) -> list[float]:
        """Seconds of one run, as often as it was timed."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def median(self) -> float:
        """Their median."""
        return float(np.median(self.times))

    @property
    def mean(self) -> float:
        """Their mean."""
        return float(np.mean(self.times))

    @property
    def iqr(self) -> float:
        """The range of their middle half."""
        low, high = np.quantile(self.times, (0.25, 0.75))
        return float(high - low)

    @property
    def title(self) -> str:
        """What was timed."""
        spec = self.task_spec
        return " ".join(filter(None, (spec.get("label") or spec["stmt"], spec.get("sub_label")))) + (
            f": {spec['description']}" if spec.get("description") else ""
        )

    def __repr__(self) -> str:
        threads = self.task_spec["num_threads"]
        head = f"<{type(self).__module__}.{type(self).__name__}>\n{self.title}\n"
        if len(self.times) == 1:
            return f"{head}  {_text(self.median)}\n  1 measurement, {self.number_per_run} runs , {threads} thread{'s' * (threads > 1)}"
        runs = f"{len(self.times)} measurements, {self.number_per_run} runs per measurement, {threads} thread{'s' * (threads > 1)}"
        return f"{head}  Median: {_text(self.median)}\n  IQR:    {_text(self.iqr)}\n  {runs}"


def _text(seconds: float) -> str:
    scale, unit = next((one for one in UNITS if seconds >= one[0]), UNITS[-1])
    return f"{seconds / scale:.2f} {unit}"


class Timer:
    """Times a statement.

    Args:
        stmt: Python, as text.
        setup: what runs before, once.
        global_setup: of C++, taken empty.
        timer: the clock.
        globals: the names that they know.
        label: what was timed, for the text; `sub_label` and `description` more of it.
        sub_label: see `label`.
        description: see `label`.
        env: taken, for the text.
        num_threads: how many threads compute meanwhile.
        language: Python.

    Raises: ArgumentError for a statement in C++.
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "", timer: Callable[[], float] = timeit.default_timer,
        globals: Mapping[str, Any] | None = None, label: str | None = None, sub_label: str | None = None,  # noqa: A002  torch's name
        description: str | None = None, env: str | None = None, num_threads: int = 1, language: Any = None,
    ) -> None:  # fmt: skip
        if global_setup or str(language).rpartition(".")[2].lower() in ("c++", "cpp"):
            raise ArgumentError("statements in C++ are not compiled here", likely="write it in Python")
        self._timer = timeit.Timer(stmt, setup, timer, dict(globals or {}))
        self._threads = num_threads
        self._spec = {"stmt": stmt, "setup": setup, "label": label, "sub_label": sub_label, "description": description, "env": env,
                      "num_threads": num_threads}  # fmt: skip

    def _seconds(self, number: int) -> float:
        """What that many runs take, deferred work among them."""
        before = thread_count()
        set_num_threads(self._threads)
        try:
            recorder.finish()
            return self._timer.timeit(number)
        finally:
            set_num_threads(before)

    def timeit(self, number: int = 1000000) -> Measurement:
        """Runs it so often, after a hundredth of that (twice at least) to warm up."""
        self._seconds(max(number // 100, 2))
        return Measurement(number, [self._seconds(number)], self._spec)

    def blocked_autorange(self, callback: Callable[[int, float], object] | None = None, min_run_time: float = 0.2) -> Measurement:
        """Runs it in blocks until `min_run_time` seconds are over: a time for each block."""
        number = self._block(min_run_time)
        times: list[float] = []
        while sum(times) < min_run_time:
            times.append(self._seconds(number))
            if callback is not None:
                callback(number, times[-1])
        return Measurement(number, times, self._spec)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0,
        callback: Callable[[int, float], object] | None = None,
    ) -> Measurement:  # fmt: skip
        """Runs it in blocks until the middle half of the times is within `threshold` of their median, `max_run_time` seconds at most."""
        number, times = self._block(0.05), []
        while True:
            times.append(self._seconds(number))
            if callback is not None:
                callback(number, times[-1])
            made = Measurement(number, times, self._spec)
            steady = len(times) > 3 and sum(times) >= min_run_time and made.iqr / made.median < threshold
            if steady or sum(times) >= max_run_time:
                return made

    def _block(self, wanted: float) -> int:
        """So many runs that looking at the clock costs next to nothing: a thousandth of the time wanted, at least."""
        number = 1
        while True:
            seconds = self._seconds(number)
            if seconds >= max(wanted / 1000, 1e-4):
                return number
            number *= 10


class Compare:
    """A table of measurements: a row for each `sub_label` or statement, a column for each `description`."""

    def __init__(self, results: list[Measurement]) -> None:
        self._results = [*results]

    def extend_results(self, results: list[Measurement]) -> None:
        """More of them."""
        self._results += results

    def trim_significant_figures(self) -> Self:
        """Taken: two digits behind the point are shown."""
        return self

    def colorize(self, rowwise: bool = False) -> Self:  # noqa: FBT001, FBT002  torch's signature
        """Taken: the table has no colours."""
        del rowwise
        return self

    def __str__(self) -> str:
        rows: dict[tuple[str, int], dict[str, float]] = {}
        for one in self._results:
            spec = one.task_spec
            row = (spec.get("sub_label") or spec["stmt"], spec["num_threads"])
            rows.setdefault(row, {})[spec.get("description") or spec.get("label") or ""] = one.median
        columns = list(dict.fromkeys(column for row in rows.values() for column in row))
        lines = [["", *columns], *([f"{name} ({threads} threads)", *(_text(held[c]) if c in held else "" for c in columns)]
                                   for (name, threads), held in rows.items())]  # fmt: skip
        widths = [max(len(line[k]) for line in lines) for k in range(len(columns) + 1)]
        return "\n".join("  |  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)) for line in lines)

    def print(self) -> None:
        """Prints the table."""
        print(self)  # noqa: T201  what it is for


__getattr__ = ORIGINAL.module("torch.utils.benchmark", __name__)
