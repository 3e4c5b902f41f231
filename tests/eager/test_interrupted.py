"""What signal handlers and finalizers compute while a loop is recorded spoils neither the loop nor what is learned of it."""

from __future__ import annotations

import random
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.errors import StateError
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor.deferred import passages, stretch
from gradwerk.tensor.deferred import recorder as recording
from gradwerk.tensor.deferred.recorder import recorder
from tests.eager.loops import net, sgd, trained, weights, x, y
from tests.eager.ways import alike, plain

FILES = {str(Path(module.__file__ or "")) for module in (recording, passages, stretch)}
FEWEST_LINES = 2_000
CRITICAL = {"learn", "update_of", "backward_of", "renew"}
"""Where something is kept for ever, or changes hands."""


@contextmanager
def disturbed(at: int, disturb: Callable[[], None]) -> Iterator[list[tuple[str, int]]]:
    """Calls a function at one line of the recorder, as a signal handler or finalizer may come; gives the lines that there were."""
    lines: list[tuple[str, int]] = []

    def line(frame: FrameType, event: str, arg: object) -> Any:
        if event == "line":
            lines.append((frame.f_code.co_name, frame.f_lineno))
            if len(lines) == at:
                disturb()
        return line

    def call(frame: FrameType, event: str, arg: object) -> Any:
        return line if frame.f_code.co_filename in FILES else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        yield lines
    finally:
        sys.settrace(before)


beside: list[Any] = []
"""What the training computes beside its steps: in the same stretches."""


def training(steps: int = 6) -> Any:
    beside.clear()
    model = net()
    step = trained(model, sgd(model))
    losses = []
    for t in range(steps):
        beside.append(torch.ones(3) * t + 1)
        losses.append(step(x(t), y(t)))
    return plain([*losses, *weights(model), *beside])


def wanted() -> Any:
    with settings.scope(eager=Eager.IMMEDIATE):
        torch.manual_seed(3)
        return training()


def lines_of_a_training() -> list[tuple[str, int]]:
    recorder.forget()
    with settings.scope(eager=Eager.DEFERRED), disturbed(0, lambda: None) as lines:
        training()
    return lines


def check(at: int, *, looks: bool) -> None:
    recorder.forget()
    held, seen = [torch.ones(2)], list[bool]()

    def disturb() -> None:
        held[0] = held[0] * 2 - held[0]
        if looks and beside:
            try:
                seen.append(beside[-1].tolist() == [float(len(beside))] * 3)
            except StateError:  # it belongs to a step that overwrites right now
                seen.append(True)

    right = wanted()
    with settings.scope(eager=Eager.DEFERRED):
        for times in range(4):
            torch.manual_seed(3)
            with disturbed(at if times == 0 else 0, disturb):
                alike(training(), right, (at, looks, times))
        assert held[0].tolist() == [1.0, 1.0]
        assert all(seen)
        recorder.finish()


@pytest.mark.parametrize("looks", [False, True])
def test_a_handler_computes_at_any_line(looks: bool) -> None:
    lines = lines_of_a_training()
    assert len(lines) > FEWEST_LINES
    first = {line: at for at, line in reversed(list(enumerate(lines, 1)))}
    critical = [at for (name, _), at in first.items() if name in CRITICAL]
    assert len(critical) > len(CRITICAL)
    for at in [*critical, *random.Random(7).sample(range(1, len(lines)), 6)]:
        check(at, looks=looks)


@pytest.mark.long
@pytest.mark.parametrize("looks", [False, True])
def test_a_handler_computes_at_many_lines(looks: bool) -> None:
    for at in range(1, len(lines_of_a_training()), 23):
        check(at, looks=looks)


def test_a_handler_looks_while_a_stretch_is_closed() -> None:
    with settings.scope(eager=Eager.DEFERRED):
        a = (torch.ones(3) * 2 + 1) * 3
        waiting: Any = a._storage.waiting
        seen = []

        def line(frame: FrameType, event: str, arg: object) -> Any:
            if event == "line" and frame.f_locals["self"].closed and not seen:
                seen.append(a.tolist())
            return line

        before = sys.gettrace()
        sys.settrace(lambda frame, event, arg: line if frame.f_code is stretch.Stretch.close.__code__ else None)
        try:
            waiting.give_up()
        finally:
            sys.settrace(before)
        assert seen == [[9.0] * 3]
        assert a.tolist() == [9.0] * 3
