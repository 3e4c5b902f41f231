"""timeline(fn, *args): every chunk of every launch on every thread, as trace events for ui.perfetto.dev or chrome://tracing.

Source: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU, "Trace Event Format", complete events.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from gradwerk.inspect.launches import watched, where
from gradwerk.inspect.subject import Made, addresses, make, subject_of
from gradwerk.ir.graph import Graph


def timeline(fn: Callable[..., Any] | Graph, *args: Any, path: str | Path | None = None, **kwargs: Any) -> str:  # noqa: ANN401
    """The JSON text of one warm run on copies of the arguments; written to `path` where one is given."""
    text = json.dumps({"traceEvents": events(make(subject_of(fn, args, kwargs))), "displayTimeUnit": "ns"})
    if path is not None:
        Path(path).write_text(text, encoding="utf-8")
    return text


def events(made: Made) -> list[dict[str, Any]]:
    """One complete event per chunk of a launch, times in microseconds since the run's first."""
    program, arrays = made.program, made.subject.arrays()
    trace = watched(program, addresses(arrays))
    launches = program.plan.launches
    rows: list[dict[str, Any]] = [{"ph": "M", "pid": 1, "name": "process_name", "args": {"name": program.plan.name}}]
    threads = sorted({int(event[3]) for event in trace.events})
    rows += [{"ph": "M", "pid": 1, "tid": t, "name": "thread_name", "args": {"name": f"worker {t}" if t else "caller"}} for t in threads]
    start = min((int(event[4]) for event in trace.events), default=0)
    scale = trace.tick * 1e6
    for number, chunk, trip, thread, began, ended in trace.events.tolist():
        launch = launches[number]
        rows.append(
            {
                "ph": "X", "pid": 1, "tid": thread, "name": launch.kernel, "cat": launch.title,
                "ts": (began - start) * scale, "dur": (ended - began) * scale,
                "args": {"launch": number, "chunk": chunk, "of": launch.chunks, "iteration": trip, "what": launch.title,
                         "line": where(launch.origins)},
            }
        )  # fmt: skip
    return rows
