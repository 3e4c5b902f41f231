"""The pool: stress, several callers, programs that go away, fork, the end of the process."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys
import threading
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import link
from gradwerk.ir.plan import MOST_SCRATCH, ArrayAt, HostCall, Launch, Loop, Plan, Pointer
from gradwerk.ir.words import EPOCH
from gradwerk.runtime import pool as pools
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from tests.runtime.kernels import FLOAT, INPUT, OUTPUT, arena, held, launch, plan_of

N = 64


def three_stages() -> Plan:
    launches = [launch("inc", Pointer(INPUT, 0), arena(0), 4, 16), launch("twice", arena(0), arena(512), N, 1)]
    launches += [launch("inc", arena(512), Pointer(OUTPUT, 0), 8, 8)]
    return plan_of(launches, [[[0]], [[1]], [[2]]], N)


def long_loop(seconds: float) -> Plan:
    """About `seconds` of work on one thread, many small chunks."""
    launches = [launch("inc", Pointer(INPUT, 0), Pointer(OUTPUT, 0), 8, 8, repeats=1000)]
    return plan_of(launches, [[[0]]], N, loops=(Loop(0, 1, int(seconds * 25_000)),))


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_many_runs_give_the_same_and_keep_no_memory(executor: Executor, threads: int) -> None:
    plan, x = three_stages(), held(np.arange(N, dtype=np.float32))
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        for _ in range(6000 if threads < 3 else 1000):
            (y,) = program.run([address(x)])
            assert y[5] == 13
        assert len(program.free) == 1
        np.testing.assert_array_equal(y, (x + 1) * 2 + 1)


def test_each_thread_has_scratch_memory_of_its_own(executor: Executor) -> None:
    waiting = Launch("where", (Pointer(OUTPUT, 0),), (200_000,), N // 2, scratch=64)
    plan, found = plan_of([waiting], [[[0]]], N), set[int]()
    with settings.scope(threads=4):
        program, x = Program(plan, link(plan.objects), executor), held(np.zeros(N))
        for _ in range(2000):  # on few cores it takes a while until a run finds all threads awake
            (out,) = program.run([address(x)])
            found |= set(out.view(np.int64).tolist())
            if len(found) == 4:
                break
    apart = np.diff(sorted(found))
    assert len(found) == 4
    assert apart.min() >= 64
    assert sum(apart >= MOST_SCRATCH) >= 2  # the caller's may lie anywhere


def test_several_threads_may_run_one_program_at_once(executor: Executor) -> None:
    plan, failures = three_stages(), []
    with settings.scope(threads=2):
        program = Program(plan, link(plan.objects), executor)

        def work(seed: int) -> None:
            x = held(np.full(N, seed, np.float32))
            for _ in range(300):
                (y,) = program.run([address(x)])
                if not (y == (seed + 1) * 2 + 1).all():
                    failures.append(seed)

        threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures
    assert len(program.free) <= 4


def test_programs_that_go_away_between_runs(executor: Executor) -> None:
    x = held(np.ones(N, np.float32))
    with settings.scope(threads=3):
        for _ in range(300):
            plan = three_stages()
            (y,) = Program(plan, link(plan.objects), executor).run([address(x)])
            assert y[0] == 5
        gc.collect()
        workers = pools.pool(executor)
        workers.settle()
        workers.retire(None)
        assert not workers._retired


def test_the_count_of_visits_never_overflows(executor: Executor) -> None:
    plan, x = three_stages(), held(np.ones(N, np.float32))
    with settings.scope(threads=2):
        program = Program(plan, link(plan.objects), executor)
        program.most_instances = 3
        for _ in range(20):
            (y,) = program.run([address(x)])
            assert y[0] == 5
            assert all(context.instances < 3 for context in program.free)


@pytest.mark.parametrize("threads", [1, 3])
def test_instances_are_counted_anew_in_the_middle_of_a_run(executor: Executor, threads: int) -> None:
    """Python drives a loop of more iterations than there are numbers left."""
    launches = [launch("copy", Pointer(INPUT, 0), arena(0), 8, N // 8), launch("inc", arena(0), arena(4 * N), 8, N // 8)]
    launches += [launch("inc", arena(4 * N), arena(0), 8, N // 8), launch("copy", arena(0), Pointer(OUTPUT, 0), 8, N // 8)]
    same = ArrayAt(arena(4 * N), (N,), FLOAT)
    plan = plan_of(launches, [[[0]], [[1]], [[2]], [[3]]], N, loops=(Loop(1, 2, 40),), calls=(HostCall(2, Same(), (same,), (same,)),))
    x = held(np.ones(N, np.float32))
    with settings.scope(threads=threads):
        program = Program(plan, link(plan.objects), executor)
        program.most_instances = 7
        for _ in range(5):
            (y,) = program.run([address(x)])
            assert (y == 81).all()


@dataclass(frozen=True)
class Same:
    """Stands for a host op."""

    def evaluate(self, x: np.ndarray) -> tuple[np.ndarray, ...]:
        return (x,)


def test_the_pool_follows_the_setting(executor: Executor) -> None:
    plan, x = three_stages(), held(np.ones(N, np.float32))
    program = Program(plan, link(plan.objects), executor)
    for threads in (2, 4, 1, 3, 0):
        with settings.scope(threads=threads):
            assert program.run([address(x)])[0][0] == 5
            assert pools.pool(executor).size == (threads or pools.usable_cores())
            assert sum(thread.name.startswith("gradwerk-") for thread in threading.enumerate()) == pools.pool(executor).size - 1
    pools.stop()
    assert not any(thread.name.startswith("gradwerk-") for thread in threading.enumerate())


def test_too_many_threads_are_refused(executor: Executor) -> None:
    with pytest.raises(ArgumentError, match="10000"), settings.scope(threads=10_000):
        pools.pool(executor)


def test_serial_plans_wake_nobody(executor: Executor) -> None:
    from dataclasses import replace

    plan, x = replace(three_stages(), serial=True), held(np.ones(N, np.float32))
    with settings.scope(threads=2):
        before = int(pools.pool(executor).control[EPOCH])
        program = Program(plan, link(plan.objects), executor)
        assert program.run([address(x)])[0][0] == 5
        assert int(pools.pool(executor).control[EPOCH]) == before


def test_signal_handlers_run_during_a_long_run(executor: Executor) -> None:
    plan, x, calls = long_loop(0.5), held(np.ones(N, np.float32)), []
    before = signal.signal(signal.SIGUSR1, lambda *_: calls.append(1))
    try:
        timer = threading.Timer(0.05, os.kill, (os.getpid(), signal.SIGUSR1))
        timer.start()
        with settings.scope(threads=2):
            Program(plan, link(plan.objects), executor).run([address(x)])
        timer.join()
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert calls


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_child_has_a_pool_of_its_own(executor: Executor) -> None:
    plan, x = three_stages(), held(np.ones(N, np.float32))
    with settings.scope(threads=2), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # "this process is multi-threaded": it is, and that is the test
        program = Program(plan, link(plan.objects), executor)
        program.run([address(x)])
        child = os.fork()
        if child == 0:
            good = program.run([address(x)])[0][0] == 5 and pools.pool(executor).size == 2
            os._exit(0 if good else 1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert program.run([address(x)])[0][0] == 5


SCRIPT = """
import threading, time, numpy as np
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.executor import NAMES, executor_object
from gradwerk.compiler.llvm.link import host_target, link, link_many
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from tests.runtime.kernels import held
from tests.runtime.test_threads import long_loop
settings.threads = 3
plan = long_loop(0.3)
program = Program(plan, link(plan.objects), Executor.at(link_many(executor_object(host_target()), NAMES)))
x = held(np.ones(64, np.float32))
threading.Thread(target=program.run, args=([address(x)],), daemon=True).start()
time.sleep(0.05)
print("end")
"""


def test_the_process_ends_while_a_daemon_thread_is_inside_a_run() -> None:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), str(root / "src")])
    command = [sys.executable, "-c", SCRIPT]
    done = subprocess.run(command, cwd=root, env=os.environ | {"PYTHONPATH": paths}, capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, "end\n", "")
