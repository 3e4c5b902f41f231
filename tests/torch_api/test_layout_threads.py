"""Memory that is laid row by row while another thread compiles or runs a step that writes it: no write is lost, no layout is mistaken."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.jit import binding, specialize
from gradwerk.tensor.handle import settle
from gradwerk.torch import nn


def stepping() -> tuple[Any, Callable[[], None]]:
    """A square weight, which shows its layout by its values alone, and a step that doubles and shifts it."""
    layer = nn.Linear(24, 24)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor(np.arange(576, dtype=np.float32).reshape(24, 24)))

    def step() -> None:
        with torch.no_grad():
            layer.weight.copy_(layer.weight * 2.0 + 1.0)

    return layer.weight, torch.compile(step)


def after(steps: int) -> Any:
    return (np.arange(576).reshape(24, 24) + 1) * 2.0**steps - 1


@pytest.mark.parametrize("interpret", [False, True])
@pytest.mark.parametrize("when", ["before", "behind"])
def test_what_a_step_writes_is_there_when_memory_was_moved_meanwhile(when: str, interpret: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with gw.settings.scope(interpret=interpret):
        weight, step = stepping()
        step()
        shown: list[Any] = []

        def look() -> None:
            thread = threading.Thread(target=lambda: shown.append(weight.detach().numpy()))
            thread.start()
            thread.join()

        (program,) = {binding.entry.program for row in step.specializations.values() for binding in row}  # type: ignore[attr-defined]
        owner, name = (program.native, "run") if program.native is not None else (program, "run")
        run = getattr(owner, name)

        def running(*args: Any) -> Any:
            if when == "before":
                look()
            found = run(*args)
            if when == "behind":
                look()
            return found

        monkeypatch.setattr(owner, name, running)
        step()
        monkeypatch.undo()
        np.testing.assert_array_equal(shown[0], after(2))
        step()
        np.testing.assert_array_equal(shown[0], after(3))


def test_a_step_that_writes_while_memory_is_moved(monkeypatch: pytest.MonkeyPatch) -> None:
    weight, step = stepping()
    step()
    copy, stepped = gw.tensor.handle.aligned_copy, []

    def copying(array: Any) -> Any:
        made = copy(array)
        if not stepped:
            stepped.append(True)
            thread = threading.Thread(target=step)
            thread.start()
            thread.join()
        return made

    monkeypatch.setattr("gradwerk.tensor.handle.aligned_copy", copying)
    shown = weight.detach().numpy()
    monkeypatch.undo()
    np.testing.assert_array_equal(shown, after(2))
    step()
    np.testing.assert_array_equal(shown, after(3))


@pytest.mark.parametrize("moment", ["while it is traced", "while it is compiled", "behind", "while it is bound"])
def test_memory_that_is_moved_while_a_step_is_made(moment: str, monkeypatch: pytest.MonkeyPatch) -> None:
    weight, step = stepping()
    moved: list[Any] = []

    def look() -> None:
        if not moved:
            thread = threading.Thread(target=lambda: (moved.append(True), settle(weight._storage)))
            thread.start()
            thread.join()

    owner, name = {
        "while it is traced": (specialize.Tracer, "note_gradients"), "while it is compiled": (specialize, "executable"),
        "behind": (specialize, "Specialization"), "while it is bound": (binding, "captured_memory"),
    }[moment]  # fmt: skip
    real = getattr(owner, name)
    monkeypatch.setattr(owner, name, lambda *args: (look(), real(*args))[1])
    for count in (1, 2, 3):
        step()
        np.testing.assert_array_equal(weight.detach().numpy(), after(count))
    assert moved


@pytest.mark.parametrize("trial", range(10))
def test_threads_that_look_at_once_share_with_the_weight(trial: int) -> None:
    weight, step = stepping()
    step()
    shown: list[Any] = []
    threads = [threading.Thread(target=lambda: shown.append(weight.detach().numpy())) for _ in range(2 + trial % 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    step()
    for array in shown:
        np.testing.assert_array_equal(array, after(2))
