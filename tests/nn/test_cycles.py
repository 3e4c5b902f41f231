"""Rates that rise before they fall are those that PyTorch's schedulers give (tests/peers/test_schedulers.py), one step after the other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.cycles import Cyclic, MultiStep, OneCycle, WarmUp
from gradwerk.nn.optimizer import SGD
from gradwerk.nn.schedules import CosineDecay, ExponentialDecay, Schedule
from gradwerk.tensor.tensor import Parameter, Tensor

lr_scheduler = torch.optim.lr_scheduler
PAIRS: dict[str, tuple[Schedule, Any]] = {
    "milestones": (MultiStep(0.1, (2, 5, 9), 0.3), lambda o: lr_scheduler.MultiStepLR(o, [2, 5, 9], gamma=0.3)),
    "one cycle": (OneCycle(0.5, 12), lambda o: lr_scheduler.OneCycleLR(o, 0.5, total_steps=12)),
    "one straight cycle": (
        OneCycle(0.5, 12, 0.5, 10.0, 100.0, straight=True),
        lambda o: lr_scheduler.OneCycleLR(
            o, 0.5, total_steps=12, pct_start=0.5, div_factor=10.0, final_div_factor=100.0, anneal_strategy="linear"
        ),
    ),
    "cycles": (Cyclic(0.1, 0.5, 3, 2), lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.5, 3, 2)),
    "halving cycles": (Cyclic(0.1, 0.5, 2, shape="halving"), lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.5, 2, mode="triangular2")),
    "falling cycles": (
        Cyclic(0.1, 0.5, 3, shape="exponential", factor=0.9), lambda o: lr_scheduler.CyclicLR(o, 0.1, 0.5, 3, mode="exp_range", gamma=0.9)
    ),
    "warm-up": (
        WarmUp(0.1, 4, 0.25), lambda o: lr_scheduler.LinearLR(o, start_factor=0.25, total_iters=4)
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
def test_rates(name: str) -> None:
    schedule, made = PAIRS[name]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.1, momentum=0.9)
    scheduler, exact = made(optimizer), []
    for _ in range(12):
        exact.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        if len(exact) < 12:
            scheduler.step()
    found = [schedule(step) for step in range(12)]
    assert all(rate.dtype == np.float32 for rate in found)
    np.testing.assert_allclose(found, exact, rtol=2e-6, atol=1e-7)


def test_what_comes_behind_a_warm_up_begins_there() -> None:
    behind = CosineDecay(0.2, 5)
    schedule = WarmUp(behind, 3)
    np.testing.assert_allclose([schedule(k) for k in range(3)], [0.0, 0.2 / 3, 0.4 / 3], rtol=1e-6)
    np.testing.assert_allclose([schedule(k + 3) for k in range(6)], [behind(k) for k in range(6)], rtol=1e-6)


@pytest.mark.parametrize("schedule", [pair[0] for pair in PAIRS.values()] + [WarmUp(ExponentialDecay(0.1, 2.0, 0.5), 2)], ids=repr)
def test_a_compiled_step_follows_and_is_traced_once(schedule: Schedule) -> None:
    w = Parameter(np.zeros(1, np.float32))
    optimizer = SGD([w], 0.0, schedule=schedule)
    step = compile_(optimizer.apply)
    for _ in range(7):
        step([Tensor(np.ones(1, np.float32))])
    assert len(step.specializations) == 1
    np.testing.assert_allclose(w.numpy()[0], -sum(float(schedule(k)) for k in range(7)), rtol=1e-5, atol=1e-7)


BAD: dict[str, Any] = {
    "WarmUp: length is a whole number of at least 1, this is 0": lambda: WarmUp(0.1, 0),
    "MultiStep: the milestones stand in order": lambda: MultiStep(0.1, (3, 2)),
    "OneCycle: rise is between 0 and 1, this is 2": lambda: OneCycle(0.1, 10, 2),
    "Cyclic: up is a whole number of at least 1, this is 0": lambda: Cyclic(0.1, 0.2, 0),
    "Cyclic: factor is above 0, this is nan": lambda: Cyclic(0.1, 0.2, factor=float("nan")),
}


@pytest.mark.parametrize("said", BAD)
def test_numbers_out_of_range_are_refused(said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        BAD[said]()
