"""Several threads add to one `.grad`: no contribution is lost, eagerly, compiled, and while one of them compiles."""

from __future__ import annotations

import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.tensor import turns

THREADS, TIMES = 5, 40


@pytest.fixture(autouse=True)
def often() -> Iterator[None]:
    """Threads change as often as Python lets them."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


def in_threads(*steps: Callable[[], Any]) -> None:
    errors: list[BaseException] = []
    gate = threading.Barrier(THREADS)

    def work(step: Callable[[], Any]) -> None:
        gate.wait()
        try:
            for _ in range(TIMES):
                step()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(steps[k % len(steps)],)) for k in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors


@pytest.mark.parametrize("extent", [4, 40_000])
@pytest.mark.parametrize("how", ["eager", "whole step compiled", "loss compiled", "both"])
def test_no_contribution_is_lost(how: str, extent: int) -> None:
    w, b = torch.ones(extent, requires_grad=True), torch.zeros(1, requires_grad=True)

    def loss() -> Any:
        return (w * 1.0 + b).sum()

    def step() -> None:
        loss().backward()

    compiled_loss = torch.compile(loss)
    steps = {
        "eager": [step], "whole step compiled": [torch.compile(step)], "loss compiled": [lambda: compiled_loss().backward()],
        "both": [step, torch.compile(step)],
    }[how]  # fmt: skip
    in_threads(*steps)
    assert (w.grad == THREADS * TIMES).all()
    assert b.grad.item() == THREADS * TIMES * extent


def test_gradients_that_are_there_already_are_added_to() -> None:
    w = torch.ones(4, requires_grad=True)
    step = torch.compile(lambda: (w * 1.0).sum().backward())
    for _ in range(3):
        step()
    in_threads(step)
    assert w.grad.tolist() == [THREADS * TIMES + 3] * 4


def test_a_leaf_takes_its_lock_along() -> None:
    def one() -> int:
        w = torch.ones(3, requires_grad=True)
        w.sum().backward()
        return id(w)

    assert one() not in turns._leaves


def test_a_step_takes_one_turn_at_all_its_gradients() -> None:
    """Leaves that were met together have one, those of two models two; whoever adds to both takes both, in one order."""
    one, two, three = ([torch.ones(2, requires_grad=True) for _ in range(4)] for _ in range(3))
    (first,), (second,) = turns.turns_of_gradients(one), turns.turns_of_gradients(two)
    assert first is not second
    assert turns.turns_of_gradients(one[:1]) == (first,)
    assert turns.turns_of_gradients([*two, *one]) == turns.turns_of_gradients([*one, *two]) == (first, second)
    together = turns.turns_of_gradients([*three, two[0]])
    assert together[0] is second and turns.turns_of_gradients(three) == together[1:]


@pytest.mark.parametrize("how", ["eager", "compiled"])
def test_who_looked_at_gradients_before_another_had_its_turn_is_told(how: str) -> None:
    w = torch.ones(2, requires_grad=True)
    step = {"eager": lambda: w.sum().backward(), "compiled": torch.compile(lambda: w.sum().backward())}[how]
    for _ in range(4):
        before = turns.past.latest
        step()
        assert turns.past.latest is not before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("how", ["eager", "compiled"])
def test_a_child_waits_for_no_turn_of_a_thread_that_is_not_there(how: str) -> None:
    w, taken, over = torch.ones(2, requires_grad=True), threading.Event(), threading.Event()
    step = {"eager": lambda: w.sum().backward(), "compiled": torch.compile(lambda: w.sum().backward())}[how]
    for _ in range(3):
        step()

    def hold() -> None:
        turns.adding([w], lambda: (taken.set(), over.wait()))

    thread = threading.Thread(target=hold)
    thread.start()
    taken.wait()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # "this process is multi-threaded": it is, and that is the test
        child = os.fork()
    if child == 0:
        signal.alarm(20)
        step()
        os._exit(0 if w.grad.tolist() == [4, 4] else 1)
    _, status = os.waitpid(child, 0)
    over.set()
    thread.join()
    assert os.waitstatus_to_exitcode(status) == 0


@pytest.mark.parametrize("count", [0, 1, 2, 3, 15, 16, 17, 33])
def test_all_turns_are_had_at_once(count: int) -> None:
    some = [turns.Turn() for _ in range(count)]

    def had() -> list[bool]:
        free: list[bool] = []
        other = threading.Thread(target=lambda: free.extend(turn.lock.acquire(blocking=False) for turn in some))
        other.start()
        other.join()
        return free

    assert turns.in_turns(some, had) == [False] * count
    assert had() == [True] * count
