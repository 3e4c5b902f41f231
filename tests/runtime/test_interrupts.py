"""Whatever a signal handler raises during a run, the run is settled before it leaves: nothing half written, nobody writing any more."""

from __future__ import annotations

import os
import platform
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.settings import settings
from gradwerk.compiler.llvm.link import link
from gradwerk.ir.plan import ENDLESS, Buffer, Loop, Plan, Pointer
from gradwerk.ir.words import CONTROL, EPOCH, OWNER
from gradwerk.runtime import pool as pools
from gradwerk.runtime.executor import Executor
from gradwerk.runtime.finish import Finished, to_the_end
from gradwerk.runtime.memory import address
from gradwerk.runtime.program import Program
from tests.runtime.interrupted import Enough, strike
from tests.runtime.kernels import FLOAT, INPUT, arena, held, launch, plan_of

N = 64
pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals to this process are a POSIX thing")


def plan(*, before: int, between: int) -> Plan:
    """Long work, a first write over the input's first half, long work, a second write over its other half; trips of about 100 us."""
    half = N // 2
    busy = launch("copy", arena(4 * N), arena(8 * N), 8, 8, repeats=2000)
    first = launch("inc", Pointer(INPUT, 0), Pointer(INPUT, 0), half // 4, 4)
    second = launch("inc", Pointer(INPUT, 4 * half), Pointer(INPUT, 4 * half), half // 4, 4)
    ready = launch("copy", Pointer(INPUT, 0), arena(4 * N), N, 1)
    loops = (Loop(1, 1, before), Loop(3, 1, between))
    made = plan_of([ready, busy, first, busy, second], [[[0]], [[1]], [[2]], [[3]], [[4]]], N, loops=loops)
    stages = tuple(replace(stage, commits=number in (2, 4)) for number, stage in enumerate(made.stages))
    return replace(made, stages=stages, outputs=(Buffer((N,), FLOAT, 0),))


@contextmanager
def signals(when: Callable[[], bool], *, number: int = signal.SIGINT, times: int = 1) -> Iterator[None]:
    """Sends this process a signal as soon as `when` holds, and again a little later."""
    over = threading.Event()

    def send() -> None:
        while not when():
            time.sleep(0.0005)
        for _ in range(times):
            os.kill(os.getpid(), number)
            over.wait(0.02)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def running() -> bool:
    return pools._pool is not None and bool(pools._pool.control[OWNER])


def idle() -> bool:
    workers = pools._pool
    return workers is None or (not workers.control[OWNER] and workers.through() >= int(workers.control[EPOCH]))


def test_a_run_is_broken_off_before_it_commits(executor: Executor) -> None:
    made, x = plan(before=2_000_000, between=1), held(np.zeros(N, np.float32))
    with settings.scope(threads=2):
        program = Program(made, link(made.objects), executor)
        for _ in range(5):
            with signals(running), pytest.raises(KeyboardInterrupt):
                program.run([address(x)])
            assert idle()
            assert not x.any()
            assert not program.free


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_loop_without_end_is_broken_off(executor: Executor, threads: int) -> None:
    """Also one in another, and one whose iterations are so short that millions of them are done by then."""
    made, x = plan(before=1, between=1), held(np.ones(N, np.float32))
    short = launch("copy", arena(4 * N), arena(8 * N), N, 1)
    endless = Loop(1, 1, ENDLESS, Pointer(INPUT, 3))  # the highest byte of 1.0 is no 0
    for busy, loops in ((made.launches[1], (endless,)), (short, (endless,)), (short, (Loop(1, 1, 100), endless))):
        rows = (made.launches[0], busy, *made.launches[2:])
        chains = tuple(replace(chain, chunks=rows[chain.first].chunks) for chain in made.chains)
        without_end = replace(made, loops=loops, launches=rows, chains=chains)
        with settings.scope(threads=threads):
            program = Program(without_end, link(made.objects), executor)
            begin = time.monotonic()
            with signals(lambda begin=begin: time.monotonic() > begin + 0.5), pytest.raises(KeyboardInterrupt):
                program.run([address(x)])
        assert idle()
        assert (x == 1).all()


@pytest.mark.parametrize("times", [1, 3])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_a_run_that_has_begun_to_commit_goes_to_its_end(executor: Executor, threads: int, times: int) -> None:
    made, x = plan(before=1, between=3000), held(np.zeros(N, np.float32))
    with settings.scope(threads=threads):
        program = Program(made, link(made.objects), executor)
        with signals(lambda: bool(x[0])), pytest.raises(BaseException) as caught:  # noqa: PT011
            for _ in range(100):
                program.run([address(x)])
        assert idle()
        assert isinstance(caught.value, Finished | KeyboardInterrupt)
        if isinstance(caught.value, Finished):
            assert isinstance(caught.value.error, KeyboardInterrupt)
        assert x[0] >= 1
        assert (x == x[0]).all()


def test_what_is_raised_before_a_run_begins_is_not_taken_for_a_finished_run(executor: Executor) -> None:
    """The context has runs behind it that did commit; there is no memory for the results of this one, or Ctrl-C comes first."""
    made, x = plan(before=1, between=1), held(np.zeros(N, np.float32))
    program = Program(made, link(made.objects), executor)
    for error in (MemoryError, KeyboardInterrupt):
        program.run([address(x)])
        before = x.copy()

        def refuse(error: type[BaseException] = error) -> None:
            raise error

        (context,) = program.free
        context.results = refuse
        with pytest.raises(error):
            program.run([address(x)])
        assert not program.free
        np.testing.assert_array_equal(x, before)
    program.run([address(x)])
    assert (x == x[0]).all() and x[0] == before[0] + 1


def test_any_handler_that_raises(executor: Executor) -> None:
    def handler(number: int, frame: object) -> None:
        raise Enough

    before = signal.signal(signal.SIGUSR1, handler)
    made, x = plan(before=2_000_000, between=1), held(np.zeros(N, np.float32))
    try:
        with settings.scope(threads=2), signals(running, number=signal.SIGUSR1), pytest.raises(Enough):
            Program(made, link(made.objects), executor).run([address(x)])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert idle()
    assert not x.any()


def test_a_handler_that_does_not_raise_changes_nothing(executor: Executor) -> None:
    calls = []
    before = signal.signal(signal.SIGUSR1, lambda *_: calls.append(1))
    made, x = plan(before=5000, between=1), held(np.zeros(N, np.float32))
    try:
        with settings.scope(threads=2), signals(running, number=signal.SIGUSR1):
            Program(made, link(made.objects), executor).run([address(x)])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert calls
    assert (x == 1).all()


def test_the_pool_is_replaced_while_a_run_has_it(executor: Executor) -> None:
    """The run goes on with the workers that it has; later ones use the new block, and none keeps the old."""
    made, x = plan(before=4000, between=10), held(np.zeros(N, np.float32))
    program, y = Program(made, link(made.objects), executor), held(np.zeros(N, np.float32))
    with settings.scope(threads=3):
        thread = threading.Thread(target=program.run, args=([address(x)],))
        thread.start()
        while not running():
            time.sleep(0.0005)
        old = pools._pool
        settings.threads = 2
        program.run([address(y)])
        assert pools._pool is not old
        thread.join()
        program.run([address(y)])
        assert len(program.free) == 2
        for _ in range(2):  # both contexts in turn, which differ in what they ran on last
            context = program.free.pop()
            context.job[CONTROL] = 8  # whoever looks there falls
            program.free.append(context)
            program.run([address(y)])
            program.free.insert(0, program.free.pop())
        with settings.scope(threads=1):
            program.run([address(y)])
    assert (x == 1).all()
    assert (y == 5).all()


def test_what_may_be_done_twice_is_done_to_the_end() -> None:
    done = []

    def action() -> None:
        done.append(len(done))
        if len(done) < 3:
            raise Enough(str(len(done)))
        done.append("end")

    error = to_the_end(action)
    assert isinstance(error, Enough) and str(error) == "1"
    assert done == [0, 1, 2, "end"]
    assert to_the_end(lambda: None) is None
    assert isinstance(to_the_end(lambda: 1 / 0), ZeroDivisionError)


class Torn:
    """Standard output that is gone when the second line is written."""

    def __init__(self) -> None:
        self.lines = 0

    def write(self, text: str) -> None:
        self.lines += 1
        if self.lines == 2:
            raise BrokenPipeError(text)


@pytest.mark.parametrize("order", ["", "random:1"])
def test_a_host_call_that_raises_leaves_all_as_it_was(monkeypatch: pytest.MonkeyPatch, order: str) -> None:
    """Writes in place stand behind the last host call, however early their values are known."""
    w, v, grad_of = gw.Tensor(np.ones(50, np.float32)), gw.Tensor(np.ones(50, np.float32)), gw.Parameter(np.ones(50, np.float32))

    def step(x: np.ndarray) -> gw.Tensor:
        w.assign(w + x)
        gw.print_("{}", gw.reduce_sum(gw.exp(x)))
        v.assign(v * 2.0 + x)
        gw.print_("{}", gw.reduce_sum(gw.tanh(x)))
        gw.reduce_sum(grad_of * x).backward()
        return gw.sin(x)

    compiled, x = gw.compile(step), np.ones(50, np.float32)
    with settings.scope(chunk_order=order):
        monkeypatch.setattr(sys, "stdout", Torn())
        with pytest.raises(BrokenPipeError):
            compiled(x)
        versions = [t._storage.version for t in (w, v)]
        assert (w.numpy() == 1).all() and (v.numpy() == 1).all() and grad_of.grad is None
        compiled(x)
        assert (w.numpy() == 2).all() and (v.numpy() == 3).all() and (grad_of.grad.numpy() == 1).all()
        assert all(t._storage.version > before for t, before in zip((w, v), versions, strict=True))


@pytest.mark.parametrize("threads", [1, 2])
def test_interrupts_at_random_moments_of_compiled_loops(threads: int) -> None:
    """A few of what `python -m tests.runtime.interrupted 200` does."""
    strike(5, seed=threads, threads=threads)


@pytest.mark.parametrize("threads", [1, 2])
def test_a_handler_that_looks_finds_all_writes_or_none(executor: Executor, threads: int) -> None:
    made, found = plan(before=2500, between=2500), list[tuple[float, ...]]()
    with settings.scope(threads=threads):
        program, source = Program(made, link(made.objects), executor), held(np.zeros(N))
        earlier = signal.signal(signal.SIGALRM, lambda number, frame: found.append(tuple(sorted(set(source.tolist())))))
        try:
            signal.setitimer(signal.ITIMER_REAL, 0.01, 0.01)
            for _ in range(3):
                program.run([address(source)])
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, earlier)
    assert len(found) >= 3
    assert all(len(values) == 1 for values in found), found
    assert set(source.tolist()) == {3.0}


MODE = """
import ctypes, mmap, sys
import numpy as np
import gradwerk as gw
from gradwerk.base.settings import settings

page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("0fae17c3"))  # ldmxcsr [rdi]; ret
load = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(ctypes.addressof(ctypes.c_char.from_buffer(page)))

def mode(bits):
    word = ctypes.c_uint32(bits)
    load(ctypes.addressof(word))

settings.threads = int(sys.argv[1])
x, step = gw.Tensor(np.full((512, 512), 1e-38, np.float32)), gw.compile(lambda x: x * 0.01)
usual = step(x).numpy().tobytes()
for bits in (0x9FC0, 0x1F80 | 0x4000):  # small numbers are 0; rounded up
    mode(bits)
    found = [step(x) for _ in range(5)]
    mode(0x1F80)
    assert all(y.numpy().tobytes() == usual for y in found)
print("the same bits")
"""


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="the mode of x86's vector unit")
@pytest.mark.parametrize("threads", ["1", "2"])
def test_bits_do_not_depend_on_the_mode_that_another_library_left(threads: str) -> None:
    ran = subprocess.run([sys.executable, "-c", MODE, threads], capture_output=True, text=True, check=False)
    assert (ran.returncode, ran.stdout) == (0, "the same bits\n"), ran.stderr
