"""Plans made by hand with tiny kernels: order, barriers, chains, loops, host calls, threads."""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace

import numpy as np
import pytest

from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.executor import NAMES, executor_object
from gradwerk.compiler.llvm.link import compile_text, host_target, link, link_many
from gradwerk.ir.plan import ARENA, ArrayAt, Buffer, Chain, HostCall, Launch, Loop, Plan, Pointer, Stage
from gradwerk.runtime.memory import address, empty
from gradwerk.runtime.pool import Executor
from gradwerk.runtime.program import Program

FLOAT = np.dtype(np.float32)
INPUT, OUTPUT = 2, 3

KERNEL = """
define void @{name}(ptr %slots, ptr %args, i64 %chunk, i64 %iteration) nounwind {{
entry:
  %s0 = load i64, ptr %args
  %o0p = getelementptr i64, ptr %args, i64 1
  %o0 = load i64, ptr %o0p
  %t0p = getelementptr i64, ptr %args, i64 2
  %t0 = load i64, ptr %t0p
  %s1p = getelementptr i64, ptr %args, i64 3
  %s1 = load i64, ptr %s1p
  %o1p = getelementptr i64, ptr %args, i64 4
  %o1 = load i64, ptr %o1p
  %t1p = getelementptr i64, ptr %args, i64 5
  %t1 = load i64, ptr %t1p
  %np = getelementptr i64, ptr %args, i64 6
  %n = load i64, ptr %np
  %b0p = getelementptr ptr, ptr %slots, i64 %s0
  %b0 = load ptr, ptr %b0p
  %b1p = getelementptr ptr, ptr %slots, i64 %s1
  %b1 = load ptr, ptr %b1p
  %m0 = mul i64 %t0, %iteration
  %a0 = add i64 %o0, %m0
  %m1 = mul i64 %t1, %iteration
  %a1 = add i64 %o1, %m1
  %x = getelementptr i8, ptr %b0, i64 %a0
  %y = getelementptr i8, ptr %b1, i64 %a1
  %first = mul i64 %n, %chunk
  %end = add i64 %first, %n
  br label %loop
loop:
  %i = phi i64 [%first, %entry], [%i1, %loop]
  %xi = getelementptr float, ptr %x, i64 %i
  %yi = getelementptr float, ptr %y, i64 %i
  %v = load float, ptr %xi
  %w = {formula}
  store float %w, ptr %yi
  %i1 = add i64 %i, 1
  %more = icmp slt i64 %i1, %end
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""
FORMULAS = {"copy": "fadd float %v, 0.0", "inc": "fadd float %v, 1.0", "twice": "fmul float %v, 2.0", "sum_twice": "fmul float %v, 0.5"}


@pytest.fixture(scope="module")
def executor() -> Executor:
    return Executor.at(link_many(executor_object(host_target()), NAMES))


def objects() -> dict[str, bytes]:
    return {name: compile_text(KERNEL.format(name=name, formula=text), host_target()) for name, text in FORMULAS.items()}


OBJECTS = objects()


def launch(kernel: str, source: Pointer, target: Pointer, count: int, chunks: int) -> Launch:
    return Launch(kernel, (source, target), (count,), chunks)


def plan_of(launches: list[Launch], groups: list[list[list[int]]], n: int, *, loops: tuple[Loop, ...] = (), outputs: int = 1) -> Plan:
    """`groups`: stages of chains of launch numbers, consecutive."""
    chains, stages = [], []
    for group in groups:
        stages.append(Stage(len(chains), len(group)))
        chains += [Chain(links[0], len(links), launches[links[0]].chunks) for links in group]
    whole = Buffer((n,), FLOAT)
    return Plan("hand", (whole,), (whole,) * outputs, tuple(launches), tuple(chains), tuple(stages), loops, (), 4 * n * 200, b"", OBJECTS)


def run(plan: Plan, executor: Executor, x: np.ndarray, *, times: int = 1, threads: int = 2) -> list[np.ndarray]:
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        held = empty(x.shape, FLOAT)
        held[...] = x
        for _ in range(times):
            out = program.run([address(held)])
        return [held, *out]


def arena(offset: int) -> Pointer:
    return Pointer(ARENA, offset)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_stage_sees_all_of_the_stage_before(executor: Executor, threads: int) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16)]
    launches += [launch("twice", arena(0), arena(4 * n), n, 1), launch("inc", arena(4 * n), Pointer(OUTPUT, 0), 8, 8)]
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan_of(launches, [[[0]], [[1]], [[2]]], n), executor, x, times=200, threads=threads)
    np.testing.assert_array_equal(y, (x + 1) * 2 + 1)


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_chain_runs_chunk_by_chunk(executor: Executor, threads: int) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16), launch("twice", arena(0), Pointer(OUTPUT, 0), 4, 16)]
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan_of(launches, [[[0, 1]]], n), executor, x, times=100, threads=threads)
    np.testing.assert_array_equal(y, (x + 1) * 2)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_loop_carries_from_iteration_to_iteration(executor: Executor, threads: int) -> None:
    n, trips = 32, 50
    step = 4 * n
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), 4, 8)]
    launches += [launch("inc", Pointer(ARENA, 0, step), Pointer(ARENA, step, step), 4, 8)]
    launches += [launch("copy", arena(step * trips), Pointer(OUTPUT, 0), n, 1)]
    plan = plan_of(launches, [[[0]], [[1]], [[2]]], n, loops=(Loop(1, 1, trips),))
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan, executor, x, times=30, threads=threads)
    np.testing.assert_array_equal(y, x + trips)


def test_an_output_in_place_is_written_over_its_input(executor: Executor) -> None:
    n = 16
    plan = plan_of([launch("inc", Pointer(INPUT, 0), Pointer(INPUT, 0), 4, 4)], [[[0]]], n)
    held, *rest = run(replace(plan, outputs=(Buffer((n,), FLOAT, 0),)), executor, np.zeros(n, np.float32), times=1000)
    assert not rest
    np.testing.assert_array_equal(held, 1000)


@dataclass(frozen=True)
class Negate:
    """Stands for a host op."""

    def evaluate(self, *arrays: np.ndarray) -> tuple[np.ndarray, ...]:
        return tuple(-a for a in arrays)


def test_a_host_call_stands_between_native_segments(executor: Executor) -> None:
    n = 16
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 4), launch("inc", arena(4 * n), Pointer(OUTPUT, 0), 4, 4)]
    call = HostCall(1, Negate(), (ArrayAt(arena(0), (n,), FLOAT),), (ArrayAt(arena(4 * n), (n,), FLOAT),))
    plan = replace(plan_of(launches, [[[0]], [[1]]], n), host_calls=(call,))
    x = np.arange(n, dtype=np.float32)
    *_, y = run(plan, executor, x, times=20)
    np.testing.assert_array_equal(y, -(x + 1) + 1)


def test_two_threads_may_run_one_program_at_once(executor: Executor) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16), launch("twice", arena(0), Pointer(OUTPUT, 0), n, 1)]
    plan, failures = plan_of(launches, [[[0]], [[1]]], n), []
    with settings.scope(threads=2):
        program = Program(plan, link(plan.objects), executor)

        def work(seed: int) -> None:
            x = empty((n,), FLOAT)
            x[...] = seed
            for _ in range(500):
                (y,) = program.run([address(x)])
                if not (y == (seed + 1) * 2).all():
                    failures.append(seed)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def test_profile_counts_every_launch(executor: Executor) -> None:
    n = 64
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16), launch("twice", arena(0), Pointer(OUTPUT, 0), n, 1)]
    plan = plan_of(launches, [[[0]], [[1]]], n)
    program = Program(plan, link(plan.objects), executor)
    x, y = empty((n,), FLOAT), empty((n,), FLOAT)
    x[...] = 1
    ticks = program.profile([address(x)], [address(y)])
    assert len(ticks) == 2
    assert all(t > 0 for t in ticks)
    np.testing.assert_array_equal(y, 4)
