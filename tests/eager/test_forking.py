"""A fork while another thread computes: what that thread had asked for is there in the child."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor.deferred import endings, forking
from gradwerk.tensor.deferred.recorder import forking as forks
from gradwerk.tensor.deferred.recorder import recorder

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="nothing forks here")


@pytest.fixture(autouse=True)
def _from_the_start() -> Iterator[None]:
    recorder.forget()
    with settings.scope(eager=Eager.DEFERRED):
        yield
    recorder.forget()


def in_child(function: Callable[[], Any], seconds: float = 30) -> str:
    """What a function gives in a fork of this process, as text; "nothing" where it does not come back."""
    read, write = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.write(write, repr(function()).encode())
        except BaseException as error:
            os.write(write, repr(error).encode())
        finally:
            os._exit(0)
    os.close(write)
    end = time.monotonic() + seconds
    while time.monotonic() < end and not os.waitpid(child, os.WNOHANG)[0]:
        time.sleep(0.005)
    if time.monotonic() >= end:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return "nothing"
    with os.fdopen(read, "rb") as found:
        return found.read().decode()


@pytest.mark.parametrize("in_time", [True, False])
def test_what_another_thread_is_running(in_time: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """It began behind the last moment at which a fork could run it itself."""
    monkeypatch.setattr(forking, "PATIENCE", 60.0 if in_time else 0.0)
    monkeypatch.setattr(forks, "finish", lambda: None)
    real, inside, go = endings._run_program, threading.Event(), threading.Event()
    mine, made = threading.current_thread(), list[Any]()

    def run(*args: Any) -> None:
        if threading.current_thread() is not mine and len(made) == 3:
            inside.set()
            assert go.wait(60)
        real(*args)

    def other() -> None:
        with settings.scope(eager=Eager.DEFERRED):
            for _ in range(3):
                value = torch.ones(3)
                for _ in range(30):
                    value = value + 1
                made.append(value)
                value.tolist()

    monkeypatch.setattr(endings, "_run_program", run)
    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    assert inside.wait(60)
    if in_time:
        threading.Timer(0.1, go.set).start()
    assert in_child(lambda: (made[2].tolist(), (made[2] + torch.ones(3)).tolist())) == "([31.0, 31.0, 31.0], [32.0, 32.0, 32.0])"
    go.set()
    thread.join()
    assert made[2].tolist() == [31.0] * 3


def test_a_fork_within_what_it_waits_for() -> None:
    """Both sides go on."""
    value = torch.ones(3) * 2
    stretch: Any = value._storage.waiting
    with stretch.lock:
        assert in_child(value.tolist) == "[2.0, 2.0, 2.0]"
    assert (value + 1).tolist() == [3.0] * 3
