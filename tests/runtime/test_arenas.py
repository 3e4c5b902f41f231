"""Programs lend each other their arenas: never to two runs at a time, and the latest first."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import StateError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import link
from gradwerk.ir.plan import ArrayAt, HostCall, Plan, Pointer
from gradwerk.runtime import arenas
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from tests.runtime.kernels import FLOAT, INPUT, OUTPUT, arena, held, launch, plan_of

N = 64


@pytest.fixture(autouse=True)
def _own_arenas(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(arenas, "_free", [])
    with settings.scope(check=False, threads=1):  # under `check` each program has memory of its own
        yield


@dataclass
class Between:
    """A host op that hands its argument on, and calls what it is given."""

    name = "between"
    calls: list[Any] = field(default_factory=list)

    def evaluate(self, x: np.ndarray[Any, Any]) -> tuple[np.ndarray[Any, Any]]:
        for call in self.calls:
            call()
        return (x.copy(),)


def plan(room: int, op: Between | None = None) -> Plan:
    """(x + 1) * 2 by way of `room` bytes of arena; between the two a call of Python."""
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), N, 1), launch("twice", arena(0), Pointer(OUTPUT, 0), N, 1)]
    place = ArrayAt(arena(0), (N,), FLOAT)
    calls = (HostCall(1, op, (place,), (place,)),) if op is not None else ()
    return replace(plan_of(launches, [[[0]], [[1]]], N, calls=calls), arena_bytes=room)


def test_the_latest_arena_is_lent_and_grows(executor: Executor) -> None:
    small, large = (Program(made, link(made.objects), executor) for made in (plan(1 << 10), plan(1 << 14)))
    x = held(np.arange(N, dtype=np.float32))
    for program in (small, large, small, large):
        np.testing.assert_array_equal(program.run([address(x)])[0], (x + 1) * 2)
        assert all(not len(context.arena) for context in program.free)
    assert [len(memory) for memory, _ in arenas._free] == [1 << 14]
    small.release()  # which it was not made for
    assert len(arenas._free) == 1
    large.release()
    assert arenas._free == []


def test_a_run_inside_another_has_an_arena_of_its_own(executor: Executor) -> None:
    op = Between()
    made = plan(1 << 10, op)
    outer, inner = Program(made, link(made.objects), executor), Program(plan(1 << 10), link(made.objects), executor)
    x, y = held(np.arange(N, dtype=np.float32)), held(np.full(N, 99, np.float32))

    def elsewhere() -> None:
        thread = threading.Thread(target=lambda: inner.run([address(y)]))
        thread.start()
        thread.join()

    op.calls = [lambda: inner.run([address(y)]), elsewhere]
    for _ in range(3):
        np.testing.assert_array_equal(outer.run([address(x)])[0], (x + 1) * 2)
    assert len(arenas._free) == 2


def test_the_arena_of_a_run_that_failed_is_not_lent_again(executor: Executor) -> None:
    seen: list[int] = []

    def fail() -> None:
        raise StateError("not now")

    op = Between([fail])
    made = plan(1 << 10, op)
    failing, other = Program(made, link(made.objects), executor), Program(plan(1 << 10), link(made.objects), executor)
    x = held(np.arange(N, dtype=np.float32))
    with pytest.raises(StateError, match="not now"):
        failing.run([address(x)])
    assert arenas._free == []
    np.testing.assert_array_equal(other.run([address(x)])[0], (x + 1) * 2)
    op.calls = [lambda: seen.append(1)]
    np.testing.assert_array_equal(failing.run([address(x)])[0], (x + 1) * 2)
    assert seen == [1]
