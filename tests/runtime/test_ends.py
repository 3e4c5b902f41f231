"""Forks while other threads compile and run, and the end of the process: nobody waits for what does not come."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from pathlib import Path

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.forks import Renewed, one_at_a_time
from gradwerk.base.settings import settings

ROOT = Path(__file__).parents[2]
BEGIN = """
import atexit, sys, threading, time, numpy as np
import gradwerk as gw
from gradwerk.base.settings import settings
settings.threads = 2
x = np.full((512, 512), 0.01, np.float32)
step = gw.compile(lambda x: gw.tanh(x @ x))
"""
LAST = """
class Last:
    def __del__(self):
        try:
            print("del", step(x).shape, flush=True)
        except BaseException as error:
            print("del", type(error).__name__, flush=True)
last = Last()
"""
ENDS = {
    "at exit, registered late": "step(x); atexit.register(lambda: print(step(x).shape))",
    "at exit, registered before anything ran": "atexit.register(lambda: print(step(x).shape)); step(x)",
    "by a finalizer": "step(x)" + LAST,
    "by a finalizer in a cycle": "step(x)" + LAST + "last.me = last",
    "by a finalizer, never before": LAST,
    "by a daemon thread, again and again": """
def work():
    while True: step(x)
step(x); threading.Thread(target=work, daemon=True).start(); time.sleep(0.05); print("end")
""",
    "by a daemon thread that compiles": """
def work():
    for k in range(10**6): gw.compile(lambda x: x * float(k))(x)
threading.Thread(target=work, daemon=True).start(); time.sleep(0.3); print("end")
""" + LAST,
    "by a daemon thread, one for ever": """
def work():
    gw.compile(lambda x: gw.scan(lambda c, _: (gw.tanh(c @ c), None), x, None, length=10**6)[0])(x)
step(x); threading.Thread(target=work, daemon=True).start(); time.sleep(1.0); print("end")
""",
}  # fmt: skip
CANNOT = ("del ImportError", "end\\ndel ImportError", "end\\ndel StateError")
"""What Python, or we, say where the compiler was never loaded or another thread was stopped in it."""


def ended(script: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "GRADWERK_CACHE": settings.cache}
    command = [sys.executable, "-c", BEGIN + script]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=100)


@pytest.mark.parametrize("how", ENDS)
def test_a_program_called_while_the_process_ends(how: str) -> None:
    done = ended(ENDS[how])
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() in ("(512, 512)", "del (512, 512)", "end", "end\ndel (512, 512)", *CANNOT), done.stdout
    assert not done.stderr


def forked(work: object) -> int | None:
    """The exit code of a child that does this; None where it hangs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # "this process is multi-threaded": it is, and that is the test
        child = os.fork()
    if child == 0:
        code = 3
        try:
            work()
            code = 0
        finally:
            os._exit(code)
    for _ in range(3000):
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return None


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_forks_while_another_thread_compiles_and_runs() -> None:
    x, over = np.full((60, 60), 0.01, np.float32), threading.Event()

    def fresh(number: int) -> None:
        gw.compile(lambda x: gw.tanh(x @ x) * float(number) + gw.reduce_sum(x, number % 2))(x)

    def work() -> None:
        number = 0
        while not over.is_set():
            number += 1
            with settings.scope(cache="off"):  # LLVM all the time
                fresh(number)

    with settings.scope(threads=2):
        thread = threading.Thread(target=work)
        thread.start()
        try:
            codes = [forked(lambda k=k: fresh(10_000 + k)) for k in range(12)]
        finally:
            over.set()
            thread.join()
    assert codes == [0] * 12


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_lock_that_another_thread_holds_is_new_in_the_child() -> None:
    renewed, inside, over = Renewed(), threading.Event(), threading.Event()

    def hold() -> None:
        with renewed.lock:
            inside.set()
            over.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()

    def use() -> None:
        with renewed.lock, one_at_a_time():
            pass

    try:
        assert forked(use) == 0
    finally:
        over.set()
        thread.join()
