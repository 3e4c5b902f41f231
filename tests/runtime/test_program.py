"""Plans made by hand with tiny kernels: order, barriers, chains, loops, outputs, host calls."""

from __future__ import annotations

import re
from contextlib import nullcontext
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from gradwerk.base.errors import StateError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.bounds import BoundsKernel
from gradwerk.compiler.llvm.link import compile_text, host_target, link
from gradwerk.ir.plan import FAULT_WORDS, FAULTS, ArrayAt, Buffer, Check, HostCall, Launch, Loop, Plan, Pointer, Turns
from gradwerk.runtime import tables
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import SLACK, Results, address, empty
from gradwerk.runtime.program import Program
from tests.runtime.kernels import FLOAT, INPUT, OBJECTS, OUTPUT, arena, held, launch, plan_of, run

INT = np.dtype(np.int64)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_stage_sees_all_of_the_stage_before(executor: Executor, threads: int) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16)]
    launches += [launch("twice", arena(0), arena(4 * n), n, 1), launch("inc", arena(4 * n), Pointer(OUTPUT, 0), 8, 8)]
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan_of(launches, [[[0]], [[1]], [[2]]], n), executor, x, times=200, threads=threads)
    np.testing.assert_array_equal(y, (x + 1) * 2 + 1)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_chain_runs_chunk_by_chunk_and_chains_stand_side_by_side(executor: Executor, threads: int) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 8), launch("twice", arena(0), Pointer(OUTPUT, 0), 4, 8)]
    launches += [launch("twice", Pointer(INPUT, 4 * 32), arena(512), 2, 16), launch("inc", arena(512), Pointer(OUTPUT, 4 * 32), 2, 16)]
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan_of(launches, [[[0, 1], [2, 3]]], n), executor, x, times=100, threads=threads)
    np.testing.assert_array_equal(y, np.concatenate([(x[:32] + 1) * 2, x[32:] * 2 + 1]))


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_loop_carries_from_iteration_to_iteration(executor: Executor, threads: int) -> None:
    n, trips = 32, 50
    step = 4 * n
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), 4, 8), launch("inc", arena(0, step), arena(step, step), 4, 8)]
    launches += [launch("copy", arena(step * trips), Pointer(OUTPUT, 0), n, 1)]
    plan = plan_of(launches, [[[0]], [[1]], [[2]]], n, loops=(Loop(1, 1, trips),))
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan, executor, x, times=30, threads=threads)
    np.testing.assert_array_equal(y, x + trips)


def test_a_loop_of_no_iterations(executor: Executor) -> None:
    launches = [launch("copy", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 4, 4), launch("inc", Pointer(OUTPUT, 0), Pointer(OUTPUT, 0), 4, 4)]
    plan = plan_of(launches, [[[0]], [[1]]], 16, loops=(Loop(1, 1, 0),))
    *_, y = run(plan, executor, np.ones(16, np.float32), times=3)
    np.testing.assert_array_equal(y, 1)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_loops_in_loops_and_a_flag(executor: Executor, threads: int) -> None:
    """Three times two times as many steps as there are bytes other than 0 in the input's first, or as are 0."""
    n, none = 32, np.arange(32, dtype=np.float32)
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), 4, 8), launch("inc", arena(0), arena(4 * n), 4, 8)]
    launches += [launch("copy", arena(4 * n), arena(0), 4, 8), launch("inc", arena(0), Pointer(OUTPUT, 0), 4, 8)]
    groups = [[[0]], [[1]], [[2]], [[3]]]
    for flag, when, turns in ((None, True, 4), (Pointer(INPUT, 3), True, 0), (Pointer(INPUT, 3), False, 4), (Pointer(INPUT, 7), True, 4)):
        loops = (Loop(1, 2, 3), Loop(1, 2, 2), Loop(1, 2, 4, flag, when))
        *_, y = run(plan_of(launches, groups, n, loops=loops), executor, none, times=50, threads=threads)
        np.testing.assert_array_equal(y, none + 1 + 3 * 2 * turns)


def test_a_loop_of_which_nobody_knows_the_end_has_one(executor: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "ENDLESS", 5)
    launches = [launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 4, 4)]
    for trips, order in ((4, ""), (5, ""), (5, "reverse")):
        plan = plan_of(launches, [[[0]]], 16, loops=(Loop(0, 1, trips, Pointer(INPUT, 3), True),))
        with settings.scope(chunk_order=order), pytest.raises(StateError, match="would go on") if trips == 5 else nullcontext():
            run(plan, executor, np.ones(16, np.float32))


def test_a_plan_of_nothing(executor: Executor) -> None:
    assert run(replace(plan_of([], [], 4), outputs=()), executor, np.ones(4, np.float32), times=3)[1:] == []


def test_an_output_in_place_is_written_over_its_input(executor: Executor) -> None:
    n = 16
    plan = plan_of([launch("inc", Pointer(INPUT, 0), Pointer(INPUT, 0), 4, 4)], [[[0]]], n)
    source, *rest = run(replace(plan, outputs=(Buffer((n,), FLOAT, 0),)), executor, np.zeros(n, np.float32), times=1000)
    assert not rest
    np.testing.assert_array_equal(source, 1000)


def test_outputs_of_earlier_runs_stay_as_they_were(executor: Executor) -> None:
    n = 8
    plan = plan_of([launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), n, 1)], [[[0]]], n)
    program = Program(plan, link(plan.objects), executor)
    source = held(np.zeros(n, np.float32))
    kept = []
    for number in range(1000):
        source[:] = number
        kept += program.run([address(source)])
    assert all((array == number + 1).all() for number, array in enumerate(kept))
    assert all(address(array) % 64 == 0 for array in kept)


def test_results_have_readable_bytes_behind_them() -> None:
    make = Results((((3,), FLOAT), ((), np.dtype(np.int64)), ((200, 3), FLOAT), ((0, 4), FLOAT)))
    for _ in range(300):
        arrays, addresses = make()
        assert [array.shape for array in arrays] == [(3,), (), (200, 3), (0, 4)]
        for array, start in zip(arrays, addresses, strict=True):
            assert address(array) == start or not array.size
            block = np.frombuffer(array.base, np.uint8) if isinstance(array.base, bytearray) else array.base
            assert isinstance(block, np.ndarray)
            assert address(block) + block.nbytes >= start + array.nbytes + SLACK


def test_given_memory_for_outputs(executor: Executor) -> None:
    plan = plan_of([launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 4, 4)], [[[0]]], 16)
    x, y = held(np.zeros(16, np.float32)), held(np.zeros(16, np.float32))
    assert Program(plan, link(plan.objects), executor).run([address(x)], [address(y)]) == []
    np.testing.assert_array_equal(y, 1)


@dataclass(frozen=True)
class Negate:
    """Stands for a host op."""

    calls: list[int] = field(default_factory=list)

    def evaluate(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        self.calls.append(1)
        if self.calls == [1, 1, 1]:
            raise ValueError("the third call")
        return tuple(-a for a in arrays)


def host_plan(op: Negate, n: int):
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 4), launch("inc", arena(4 * n), Pointer(OUTPUT, 0), 4, 4)]
    call = HostCall(1, op, (ArrayAt(arena(0), (n,), FLOAT),), (ArrayAt(arena(4 * n), (n,), FLOAT),))
    return plan_of(launches, [[[0]], [[1]]], n, calls=(call,))


def test_a_host_call_stands_between_native_segments_and_may_raise(executor: Executor) -> None:
    n, op = 16, Negate()
    x = held(np.arange(n, dtype=np.float32))
    plan = host_plan(op, n)
    with settings.scope(threads=2):
        program = Program(plan, link(plan.objects), executor)
        for number in range(20):
            if number == 2:
                with pytest.raises(ValueError, match="the third call"):
                    program.run([address(x)])
            else:
                (y,) = program.run([address(x)])
                np.testing.assert_array_equal(y, -(x + 1) + 1)
    assert len(op.calls) == 20


@pytest.mark.parametrize("threads", [1, 2])
def test_a_loop_with_a_host_call_inside_is_driven_from_python(executor: Executor, threads: int) -> None:
    n, trips = 16, 5
    step, half = 4 * n, 4 * n * 50
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), 4, 4), launch("inc", arena(0, step), arena(half, step), 4, 4)]
    launches += [launch("inc", arena(half, step), arena(step, step), 4, 4), launch("copy", arena(step * trips), Pointer(OUTPUT, 0), 4, 4)]
    call = HostCall(2, Negate([0]), (ArrayAt(arena(half, step), (n,), FLOAT),), (ArrayAt(arena(half, step), (n,), FLOAT),))
    plan = plan_of(launches, [[[0]], [[1]], [[2]], [[3]]], n, loops=(Loop(1, 2, trips),), calls=(call,))
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan, executor, x, times=4, threads=threads)
    np.testing.assert_array_equal(y, -x)


def test_host_calls_before_all_and_behind_all(executor: Executor) -> None:
    n, order = 8, []

    @dataclass(frozen=True)
    class Note:
        name: str

        def evaluate(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
            order.append((self.name, float(x[0])))
            return ()

    launches = [launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 4, 2)]
    rows = (("a", 0, INPUT), ("b", 1, OUTPUT))
    calls = tuple(HostCall(where, Note(name), (ArrayAt(Pointer(slot, 0), (n,), FLOAT),), ()) for name, where, slot in rows)
    run(plan_of(launches, [[[0]]], n, calls=calls), executor, np.ones(n, np.float32), times=2)
    assert order == [("a", 1.0), ("b", 2.0)] * 2


@pytest.mark.parametrize("threads", [1, 2])
def test_a_watched_run_times_every_launch_and_notes_every_chunk(executor: Executor, threads: int) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16), launch("twice", arena(0), Pointer(OUTPUT, 0), n, 1)]
    plan = plan_of(launches, [[[0]], [[1]]], n, loops=(Loop(0, 1, 3),))
    x, y = held(np.ones(n, np.float32)), held(np.zeros(n, np.float32))
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        trace = program.watch([address(x)], [address(y)])
        assert len(program.profile([address(x)], [address(y)])) == 2
    assert all(t > 0 for t in trace.ticks)
    chunks = sorted((int(e[0]), int(e[2]), int(e[1])) for e in trace.events)
    assert chunks == [(0, trip, chunk) for trip in range(3) for chunk in range(16)] + [(1, 0, 0)]
    assert set(trace.events[:, 3]) <= set(range(threads))
    assert trace.tick > 0
    np.testing.assert_array_equal(y, 4)


def test_a_watched_run_notes_every_iteration_of_a_loop_that_a_flag_ends(executor: Executor) -> None:
    launches = [launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 16, 1)]
    plan = plan_of(launches, [[[0]]], 16, loops=(Loop(0, 1, 9, Pointer(INPUT, 3)),))  # the highest byte of 1.0 is no 0
    x, y = held(np.ones(16, np.float32)), held(np.zeros(16, np.float32))
    trace = Program(plan, link(plan.objects), executor).watch([address(x)], [address(y)], alone=True)
    assert trace.events[:, 2].tolist() == list(range(9))


@dataclass(frozen=True)
class Allowed:
    """Stands for the op that a check belongs to."""

    name: str

    def error(
        self, shape: tuple[int, ...], dtype: np.dtype, found: tuple[int, ...], *, steps: tuple[str, ...], origin: object
    ) -> Exception:
        return LookupError(f"{self.name}: {found} of {shape} {dtype} {' '.join(steps)}")


def checked_plan(n: int, rows: int, *, trips: int = 0, calls: tuple[HostCall, ...] = ()) -> Plan:
    """Looks at the input (i64) in `trips` iterations, makes one output of it, then overwrites it."""
    look = BoundsKernel(INT, ("u",), ignores=False)
    code = compile_text(look.build(host_target()), host_target())
    where = Pointer(INPUT, 0, 8 * n if trips else 0)
    launches = [Launch(look.name, (where, Pointer(FAULTS, 8 * FAULT_WORDS * (k + 1))), (n, rows - k, k), 1) for k in range(2)]
    old, new = Pointer(INPUT, 0), Pointer(OUTPUT, 0)
    launches += [launch("inc", old, new, n // 2, 4), launch("inc", new, old, n // 2, 4)]
    plan = plan_of(launches, [[[0], [1]], [[2]], [[3]]], n * max(trips, 1), loops=(Loop(0, 1, trips),) if trips else (), calls=calls)
    stages = (*plan.stages[:2], replace(plan.stages[2], commits=True))
    given = Buffer((n * max(trips, 1),), INT)
    checks = tuple(Check(Allowed(name), (n,), INT, (Turns(trips),) if trips else ()) for name in ("first", "second"))
    outputs, objects = (given, replace(given, in_place_of=0)), OBJECTS | {look.name: code}
    return replace(plan, inputs=(given,), outputs=outputs, stages=stages, checks=checks, objects=objects)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_fault_is_raised_and_no_stage_that_commits_is_begun(executor: Executor, threads: int) -> None:
    plan, x = checked_plan(32, 100), empty((32,), INT)
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        for number in range(300):
            x[:] = 5
            bad = number % 3
            x[[30, 7]] = (5, 5) if bad == 0 else (99, 5) if bad == 1 else (-1, 200)
            before = x.copy()
            if bad:
                says = "second: (30, 99, 5, 99)" if bad == 1 else "first: (7, 200, -1, 200)"
                with pytest.raises(LookupError, match=re.escape(f"{says} of (32,) int64")):
                    program.run([address(x)])
                np.testing.assert_array_equal(x, before)
            else:
                program.run([address(x)])
                assert (x != before).all()


def test_the_first_iteration_with_a_fault_is_named(executor: Executor) -> None:
    plan, x = checked_plan(8, 100, trips=6), empty((48,), INT)
    x[:] = 0
    x[[5 * 8, 3 * 8 + 2]] = -7, -3
    with pytest.raises(LookupError, match=re.escape("first: (2, -3, -3, 0) of (8,) int64 step 3 of a scan of 6")):
        Program(plan, link(plan.objects), executor).run([address(x)])
    assert x[5 * 8] == -7


def test_a_host_call_is_not_made_after_a_fault(executor: Executor) -> None:
    op = Negate([0])
    call = HostCall(1, op, (ArrayAt(Pointer(INPUT, 0), (8,), INT),), (ArrayAt(Pointer(INPUT, 0), (8,), INT),))
    plan, x = checked_plan(8, 4, calls=(call,)), empty((8,), INT)
    x[:] = 4
    with pytest.raises(LookupError):
        Program(plan, link(plan.objects), executor).run([address(x)])
    assert op.calls == [0]
    assert (x == 4).all()
