"""One measurement in a process of its own: the first step, then milliseconds a step.  Prints one line of JSON."""

from __future__ import annotations

import json
import math
import os
import statistics
import time
from collections.abc import Callable


def measure(make: Callable[[], tuple[Callable[[], object], Callable[[], float]]], seconds: float) -> None:
    """`make` builds the step and a function that waits for it and gives its loss.  Stretches of steps are timed; their median counts."""
    begin = time.perf_counter()
    step, finish = make()
    built = time.perf_counter()
    step()
    first_loss = finish()
    first = time.perf_counter() - built
    one = warm_up(step, finish, min(seconds / 2, 1.0))
    stretch = max(1, round(seconds / 10 / one))
    times: list[float] = []
    until = time.perf_counter() + seconds
    while time.perf_counter() < until or len(times) < 3:
        start = time.perf_counter()
        for _ in range(stretch):
            step()
        finish()
        times.append((time.perf_counter() - start) / stretch)
    result = {
        "ms": statistics.median(times) * 1e3, "first_s": first, "build_s": built - begin, "first_loss": first_loss, "last_loss": finish(),
    }  # fmt: skip
    if not math.isfinite(result["last_loss"]):
        raise SystemExit("the loss is no number")
    print("RESULT " + json.dumps(result), flush=True)
    os._exit(0)  # some frameworks hang in their threads at exit


def warm_up(step: Callable[[], object], finish: Callable[[], float], seconds: float) -> float:
    """Steps for a while; the seconds of one."""
    count, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds or count < 2:
        step()
        finish()
        count += 1
    return passed / count
