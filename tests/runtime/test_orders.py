"""Chunks in any order that the barriers allow."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError, VerifyError
from gradwerk.base.settings import settings
from gradwerk.ir.plan import ArrayAt, Buffer, HostCall, Loop, Pointer
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.orders import Task, order_of
from tests.conftest import CHUNK_ORDERS
from tests.runtime.kernels import FLOAT, INPUT, OUTPUT, arena, launch, plan_of, run

ORDERS = [*filter(None, CHUNK_ORDERS), "forward", "random:2", "late:3"]


@dataclass(frozen=True)
class Negate:
    """Stands for a host op."""

    def evaluate(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        return (-x,)


@pytest.mark.parametrize("text", ORDERS)
def test_an_order_runs_each_launch_of_each_chunk_once_and_in_turn(text: str) -> None:
    tasks = [Task(first, first + 3, chunk) for first in (0, 3) for chunk in range(4)]
    ran = []
    for task in order_of(text)(tasks, 0, 0):
        ran.append((task.next, task.chunk))
        task.next += 1
    assert sorted(ran) == [(launch, chunk) for launch in range(6) for chunk in range(4)]
    for first in (0, 3):
        for chunk in range(4):
            assert [number for number, c in ran if c == chunk and first <= number < first + 3] == [first, first + 1, first + 2]


def test_orders_differ() -> None:
    def walked(text: str) -> list[tuple[int, int]]:
        ran = []
        for task in order_of(text)([Task(0, 2, chunk) for chunk in range(4)], 0, 0):
            ran.append((task.next, task.chunk))
            task.next += 1
        return ran

    assert walked("forward") == [(launch, chunk) for chunk in range(4) for launch in range(2)]
    assert walked("reverse")[:2] == [(0, 3), (1, 3)]
    assert walked("late:2")[-2:] == [(0, 1), (1, 1)]
    assert walked("late:3")[0] == (0, 1) and walked("late:3")[-1] == (1, 1)
    assert walked("random:1") == walked("random:1") != walked("random:2")


@pytest.mark.parametrize("text", ["backwards", "random", "late:-1", "random:x", "late:1.5", 3])
def test_an_unknown_order_is_refused(text: object) -> None:
    with pytest.raises(ArgumentError, match="chunk_order"):
        settings.chunk_order = text


@pytest.mark.parametrize("text", ORDERS)
def test_loops_chains_barriers_and_host_calls_mean_the_same(executor: Executor, text: str) -> None:
    n, trips = 64, 5
    step, side = 4 * n, 4 * n * 100
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), 4, 16), launch("inc", arena(0), arena(side), 4, 16)]
    launches += [launch("twice", arena(0, step), arena(side, step), 8, 8), launch("inc", arena(side, step), arena(step, step), 8, 8)]
    launches += [launch("copy", arena(step * trips), Pointer(OUTPUT, 0), 2, 32)]
    inside = HostCall(2, Negate(), (ArrayAt(arena(side, step), (n,), FLOAT),), (ArrayAt(arena(side, step), (n,), FLOAT),))
    x = np.arange(n, dtype=np.float32)
    for calls in ((), (inside,)):
        plan = plan_of(launches, [[[0, 1]], [[2]], [[3]], [[4]]], n, loops=(Loop(1, 2, trips),), calls=calls)
        *_, expected = run(plan, executor, x)
        with settings.scope(chunk_order=text):
            *_, y = run(plan, executor, x)
        np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("text", ORDERS)
def test_a_plan_without_stages_runs(executor: Executor, text: str) -> None:
    """All its results are empty."""
    plan = replace(plan_of([], [], 4), outputs=(Buffer((0,), FLOAT),))
    with settings.scope(chunk_order=text):
        *_, y = run(plan, executor, np.zeros(4, np.float32))
    assert y.shape == (0,)


def test_a_missing_barrier_shows(executor: Executor) -> None:
    """The second launch reads in chunk c what chunk c + 1 wrote: chained as if it did not."""
    n = 64
    launches = [launch("copy", Pointer(INPUT, 4 * (n - 4)), arena(4 * (n - 4)), 4, 1)]
    launches += [launch("copy", Pointer(INPUT, 0), arena(0), 4, 15), launch("copy", arena(16), Pointer(OUTPUT, 0), 4, 15)]
    plan = replace(plan_of(launches, [[[0]], [[1, 2]]], n), outputs=(Buffer((n - 4,), FLOAT),))
    for text in ORDERS:
        with settings.scope(chunk_order=text), nullcontext() if text == "reverse" else pytest.raises(VerifyError, match="never written"):
            run(plan, executor, np.arange(n, dtype=np.float32))
