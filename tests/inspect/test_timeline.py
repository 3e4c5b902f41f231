"""timeline: trace events that a viewer accepts, one per chunk of every launch, inside the run."""

from __future__ import annotations

import json

import numpy as np

import gradwerk as gw


def test_every_chunk_of_every_launch_is_an_event(step, tmp_path) -> None:
    before = step.state()
    path = tmp_path / "run.json"
    trace = json.loads(gw.inspect.timeline(step.plain, step.x, step.y, path=path))
    assert json.loads(path.read_text()) == trace
    plan = gw.inspect.explain(step.plain, step.x, step.y).made.plan
    runs = [event for event in trace["traceEvents"] if event["ph"] == "X"]
    assert len(runs) == sum(launch.chunks for launch in plan.launches)
    assert {event["name"] for event in runs} == {launch.kernel for launch in plan.launches}
    assert all(event["ts"] >= 0 and event["dur"] >= 0 for event in runs)
    named = {event["tid"] for event in trace["traceEvents"] if event.get("name") == "thread_name"}
    assert {event["tid"] for event in runs} <= named
    for a, b in zip(before, step.state(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_loops_show_every_iteration() -> None:
    xs = gw.Tensor(np.ones((5, 8), np.float32))

    def run(xs):
        return gw.scan(lambda carry, x: (gw.tanh(carry + x), carry), gw.Tensor(np.zeros(8, np.float32)), xs)

    trace = json.loads(gw.inspect.timeline(run, xs))
    assert {event["args"]["iteration"] for event in trace["traceEvents"] if event["ph"] == "X"} >= set(range(5))
