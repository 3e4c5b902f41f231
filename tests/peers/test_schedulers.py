"""torch.optim.lr_scheduler gives PyTorch 2.13.0's rates and momenta, epoch by epoch, also by number and from a state."""

from __future__ import annotations

import json
import warnings
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from tests.peers.schedule_cases import CASES, RECORD, histories, history

RECORDED = json.loads(RECORD.read_text(encoding="utf-8"))
OURS = histories(torch)
lr_scheduler = torch.optim.lr_scheduler


def test_every_history_is_recorded() -> None:
    assert RECORDED.keys() == OURS.keys()


@pytest.mark.parametrize("name", RECORDED)
def test_histories(name: str) -> None:
    np.testing.assert_allclose(OURS[name]["rows"], RECORDED[name]["rows"], rtol=1e-9, atol=1e-12)
    assert OURS[name]["state"] == RECORDED[name]["state"]


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("epoch", [1, 6])
def test_they_go_on_from_their_state(name: str, epoch: int) -> None:
    assert history(torch, name, resumed=epoch)["rows"] == OURS[name]["rows"]


@pytest.mark.parametrize("name", [name for name in CASES if "Cycl" not in name or name.endswith(("rates", "halving", "function"))])
def test_a_compiled_step_takes_each_rate_and_is_traced_once(name: str) -> None:
    results = []
    for wrap in (lambda function: function, torch.compile):
        parameters = [torch.nn.Parameter(torch.ones(2)) for _ in range(2)]
        groups = [{"params": [parameter], "lr": rate} for parameter, rate in zip(parameters, (0.1, 0.4), strict=True)]
        optimizer = torch.optim.SGD(groups, lr=0.1, momentum=0.9)
        scheduler = CASES[name](lr_scheduler, optimizer)

        def step(parameters: Any = parameters, optimizer: Any = optimizer) -> None:
            optimizer.zero_grad()
            sum((p * p).sum() for p in parameters).backward()
            optimizer.step()

        run = wrap(step)
        run()
        for epoch in range(6):
            scheduler.step(1.0 - epoch * 0.0) if "Plateau" in name else scheduler.step()
            run()
        results.append([p.detach().numpy() for p in parameters])
        if run is not step:
            assert len(run.retraces) <= 1  # .grad is there from the second call on
    np.testing.assert_allclose(results[1], results[0], rtol=1e-6)


def test_a_rate_that_is_a_tensor_stays_one() -> None:
    rate = torch.tensor(0.5)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=rate)
    scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
    optimizer.step()
    scheduler.step()
    assert optimizer.param_groups[0]["lr"] is rate
    assert rate.item() == 0.25
    assert scheduler.get_last_lr()[0].item() == 0.25
    assert scheduler.base_lrs[0].item() == 0.5


class Own(lr_scheduler.LRScheduler):
    """One of the user's own."""

    def get_lr(self) -> list[float]:
        return [base / (self.last_epoch + 1) for base in self.base_lrs]


def test_a_scheduler_of_ones_own() -> None:
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=1.0)
    scheduler, found = Own(optimizer), []
    for _ in range(3):
        optimizer.step()
        scheduler.step()
        found += scheduler.get_last_lr()
    assert found == [1 / 2, 1 / 3, 1 / 4]


ORDERS: dict[str, tuple[Any, Any, int]] = {
    "never": (lambda o: lr_scheduler.StepLR(o, 1), lambda o, s: (s.step(), s.step()), 1),
    "behind": (lambda o: lr_scheduler.StepLR(o, 1), lambda o, s: (o.step(), s.step(), s.step()), 0),
    "before it was made": (lambda o: o.step() or lr_scheduler.StepLR(o, 1), lambda o, s: s.step(), 1),
    "compiled": (lambda o: lr_scheduler.StepLR(o, 1), lambda o, s: (torch.compile(o.step)(), s.step()), 0),
    "a second one": (lambda o: (lr_scheduler.StepLR(o, 1), o.step(), lr_scheduler.StepLR(o, 1))[-1], lambda o, s: s.step(), 0),
    "with an epoch": (lambda o: lr_scheduler.LambdaLR(o, float), lambda o, s: s.step(), 1),
    "one after the other": (
        lambda o: lr_scheduler.SequentialLR(o, [lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.9)], [2]),
        lambda o, s: [s.step() for _ in range(4)], 2,
    ),
    "at once": (
        lambda o: lr_scheduler.ChainedScheduler([lr_scheduler.ConstantLR(o), lr_scheduler.ExponentialLR(o, 0.9)]),
        lambda o, s: [s.step() for _ in range(4)], 2,
    ),
    "a cycle": (lambda o: lr_scheduler.OneCycleLR(o, 0.1, total_steps=5), lambda o, s: s.step(), 1),
    "restarts": (lambda o: lr_scheduler.CosineAnnealingWarmRestarts(o, 3), lambda o, s: s.step(), 0),
    "plateau": (lr_scheduler.ReduceLROnPlateau, lambda o, s: s.step(1.0), 0),
}  # fmt: skip
"""What makes the scheduler, what is called, and how often PyTorch 2.13 warns."""


@pytest.mark.parametrize("order", ORDERS)
def test_a_schedule_that_runs_ahead_of_the_optimizer_is_said(order: str) -> None:
    make, call, count = ORDERS[order]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=1.0)
    scheduler = make(optimizer)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(optimizer, scheduler)
    assert ["before `optimizer.step()`" in str(said.message) for said in caught] == [True] * count


SGD = torch.optim.SGD([torch.nn.Parameter(torch.ones(2))], lr=1.0)


@pytest.mark.parametrize(("make", "error", "problem"), [
    (lambda: lr_scheduler.StepLR(None, 3), ArgumentTypeError, "NoneType is not an Optimizer"),
    (lambda: lr_scheduler.LambdaLR(SGD, [lambda e: 1.0, lambda e: 1.0]), ArgumentError, "Expected 1 lr_lambdas, but got 2"),
    (lambda: lr_scheduler.MultiplicativeLR(SGD, 0.5), ArgumentTypeError, "should be a function, but got float"),
    (lambda: lr_scheduler.LinearLR(SGD, start_factor=0.0), ArgumentError, "greater than 0"),
    (lambda: lr_scheduler.ConstantLR(SGD, factor=2.0), ArgumentError, "between 0 and 1"),
    (lambda: lr_scheduler.OneCycleLR(SGD, 0.1), ArgumentError, "total_steps OR"),
    (lambda: lr_scheduler.OneCycleLR(SGD, [0.1, 0.2], total_steps=5), ArgumentError, "same length"),
    (lambda: lr_scheduler.CosineAnnealingWarmRestarts(SGD, 0), ArgumentError, "positive integer T_0"),
    (lambda: lr_scheduler.ReduceLROnPlateau(SGD, mode="best"), ArgumentError, "mode best is unknown"),
    (lambda: lr_scheduler.ReduceLROnPlateau(SGD, factor=1.0), ArgumentError, "Factor should be < 1.0"),
    (lambda: lr_scheduler.SequentialLR(SGD, [], []), ArgumentError, "at least one scheduler"),
    (lambda: lr_scheduler.SequentialLR(SGD, [lr_scheduler.StepLR(SGD, 3)], [3]), ArgumentError, "one scheduler more"),
    (lambda: lr_scheduler.ChainedScheduler([lr_scheduler.ReduceLROnPlateau(SGD)]), ArgumentError, "does not support"),
    (lambda: lr_scheduler.StepLR(SGD, 3, gama=0.5), TypeError, "gama"),
    (lambda: lr_scheduler.StepLR(torch.optim.SGD([torch.ones(2)], lr=1.0), 3, last_epoch=4), KeyError, "initial_lr"),
])  # fmt: skip
def test_bad_arguments_are_refused(make: Any, error: type[Exception], problem: str) -> None:
    with pytest.raises(error, match=problem):
        make()
