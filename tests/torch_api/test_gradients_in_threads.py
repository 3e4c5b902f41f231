"""Several threads add to one `.grad`: no contribution is lost, eagerly, compiled, and while one of them compiles."""

from __future__ import annotations

import sys
import threading
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

    assert one() not in turns._locks
