"""What an immediate operation costs: calls of Python's functions, which are the same on every machine."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.torch import nn

Run = Callable[[], Any]


def calls(run: Run) -> int:
    """How many of Python's functions it calls, once all is known that follows from its types."""
    for _ in range(3):
        run()
    count = 0

    def note(frame: FrameType, event: str, arg: object) -> None:
        nonlocal count
        count += event == "call"

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        run()
    finally:
        sys.setprofile(before)
    return count - 1


def operations() -> dict[str, tuple[Run, int]]:
    """What is run, and the most calls that it may make."""
    x, y, wide = torch.ones(1, 64), torch.ones(1, 64), torch.ones(1, 320)
    leaf, scores, label = torch.ones(1, 64, requires_grad=True), torch.ones(1, 2), torch.tensor([1])
    linear, table, place = nn.Linear(64, 8), nn.Embedding(5, 6), torch.tensor([3])
    lstm, steps, state = nn.LSTM(4, 6), torch.ones(1, 1, 4), (torch.ones(1, 1, 6), torch.ones(1, 1, 6))
    return {
        "x + y": (lambda: x + y, 15), "x + y with the tape": (lambda: leaf + y, 21), "x * 2.0": (lambda: x * 2.0, 20),
        "tanh": (lambda: torch.tanh(x), 15), "a slice": (lambda: wide[:, 64:128], 20), "argmax": (lambda: x.argmax(-1), 27),
        "cat": (lambda: torch.cat([x, y], 1), 42), "Linear": (lambda: linear(x), 95), "Embedding": (lambda: table(place), 46),
        "LSTM": (lambda: lstm(steps, state), 850), "cross_entropy": (lambda: nn.functional.cross_entropy(scores, label), 370),
        "there and back": (lambda: torch.sigmoid(leaf).sum().backward(), 275),
    }  # fmt: skip


@pytest.mark.skipif(settings.eager is Eager.DEFERRED, reason="nothing is immediate")
@pytest.mark.parametrize("name", list(operations()))
def test_an_immediate_operation_makes_few_calls(name: str) -> None:
    run, most = operations()[name]
    assert calls(run) <= most
