"""What `inspect.stretches` lists is what ran, and `synchronize` leaves nothing waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.inspect.waiting import stretches
from gradwerk.tensor.deferred import endings, stretch
from gradwerk.tensor.deferred.recorder import recorder

nn = torch.nn


@pytest.fixture(autouse=True)
def _deferred() -> Iterator[None]:
    recorder.forget()
    with settings.scope(eager=Eager.DEFERRED):
        yield
    recorder.forget()


def train(steps: int) -> None:
    model = nn.Linear(4, 2)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for t in range(steps):
        optimizer.zero_grad()
        loss = model(torch.ones(3, 4)).pow(2).mean()
        loss.backward()
        optimizer.step()
        if t == 2:
            loss.item()


def test_every_run_is_counted_with_its_size_and_means(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[tuple[int, str]] = []
    real = endings.run_by_op, endings._run_program  # what a run comes to, whoever asked for it

    def by_op(stretch: Any, learned: Any, *args: Any, **options: Any) -> None:
        ran.append((len(learned), "op by op"))
        real[0](stretch, learned, *args, **options)

    def program(stretch: Any, program: Any, ending: Any, *args: Any) -> None:
        ran.append((len(ending.needed), "as a program"))
        real[1](stretch, program, ending, *args)

    monkeypatch.setattr(endings, "run_by_op", by_op)
    monkeypatch.setattr(endings, "_run_program", program)
    train(6)
    for k in range(3):
        (torch.ones(k + 1) * 2 + 1).tolist()
    found = stretches()
    assert sorted((one.operations, one.how) for one in found for _ in range(one.runs)) == sorted(ran)
    assert len(found) == len(found.seen) > 3


def test_a_line_says_where_and_what() -> None:
    train(4)
    step = next(one for one in stretches() if one.written)
    assert step.ended_at.endswith("optimizer.step()")
    assert step.last == "write"
    assert step.written == 5  # two parameters, their velocities, the count of steps
    lines = str(stretches()).split("\n")
    assert lines[0].split()[0] == "runs" and "optimizer.step()" in lines[1]
    weight = torch.ones(3)
    (weight * 2 + 1).tolist()
    (weight * 2 + weight).tolist()
    assert "was to be" in " ".join(one.why for one in stretches())


def test_a_thread_that_computes_at_once_says_so() -> None:
    assert stretches().at_once == 0
    recorder.here.pause = 7
    assert str(stretches()).endswith("the next 7 operations of this thread are computed at once")


def test_nothing_is_listed_that_is_immediate() -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        train(2)
    assert len(stretches()) == 0


def test_synchronize_leaves_nothing_waiting_in_any_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[Any] = [torch.ones(3) * 2]
    ready, go = threading.Event(), threading.Event()

    def other() -> None:
        with settings.scope(eager=Eager.DEFERRED):
            found.append(torch.ones(3) * 3)
            ready.set()
            go.wait(60)

    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    assert ready.wait(60)
    assert all(one._storage.waiting is not None for one in found)
    assert gw.synchronize() is None  # type: ignore[func-returns-value]  # that is what is asked
    assert all(one._storage.waiting is None for one in found)
    go.set()
    thread.join()
    with monkeypatch.context() as patched:
        patched.setattr(stretch, "run", None)  # nothing is left to run
        assert [one.tolist() for one in found] == [[2.0] * 3, [3.0] * 3]


def test_synchronize_inside_a_compiled_function_is_no_part_of_it() -> None:
    def step(x: Any) -> Any:
        y = x * 2
        gw.synchronize()
        return y + 1

    assert gw.compile(step)(torch.ones(2)).tolist() == step(torch.ones(2)).tolist() == [3.0, 3.0]
