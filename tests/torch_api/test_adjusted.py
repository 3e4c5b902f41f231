"""Optimizers and schedulers between the calls of a compiled function: what it reads of them is looked at again, and it sets nothing."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import TraceError
from gradwerk.torch import nn, optim
from gradwerk.torch.optim import lr_scheduler as schedulers

MADE: dict[str, Callable[[Any], Any]] = {
    "LambdaLR": lambda o: schedulers.LambdaLR(o, lambda epoch: 0.5**epoch),
    "MultiplicativeLR": lambda o: schedulers.MultiplicativeLR(o, lambda epoch: 0.5),
    "StepLR": lambda o: schedulers.StepLR(o, 1),
    "MultiStepLR": lambda o: schedulers.MultiStepLR(o, [1, 2]),
    "ConstantLR": lambda o: schedulers.ConstantLR(o, total_iters=1),
    "LinearLR": schedulers.LinearLR,
    "ExponentialLR": lambda o: schedulers.ExponentialLR(o, 0.5),
    "PolynomialLR": schedulers.PolynomialLR,
    "CosineAnnealingLR": lambda o: schedulers.CosineAnnealingLR(o, 3),
    "CosineAnnealingWarmRestarts": lambda o: schedulers.CosineAnnealingWarmRestarts(o, 3),
    "OneCycleLR": lambda o: schedulers.OneCycleLR(o, 0.1, 10),
    "SequentialLR": lambda o: schedulers.SequentialLR(o, [schedulers.LinearLR(o), schedulers.ExponentialLR(o, 0.5)], [2]),
    "ChainedScheduler": lambda o: schedulers.ChainedScheduler([schedulers.LinearLR(o), schedulers.ExponentialLR(o, 0.5)]),
    "ReduceLROnPlateau": lambda o: schedulers.ReduceLROnPlateau(o, patience=0),
}
ONE = torch.ones(())


def parameter_and_optimizer(rate: Any) -> tuple[Any, Any]:
    w = nn.Parameter(torch.zeros(()))
    return w, optim.SGD([w], lr=rate, momentum=0.5)


def shown(scheduler: Any) -> str:
    return repr(sorted(scheduler.state_dict().items(), key=lambda item: item[0]))


@pytest.mark.parametrize("rate", [1.0, torch.tensor(1.0)], ids=["number", "Tensor"])
@pytest.mark.parametrize("name", MADE)
def test_a_scheduler_is_not_stepped_inside_and_nothing_is_changed(name: str, rate: Any) -> None:
    w, optimizer = parameter_and_optimizer(rate.clone() if isinstance(rate, torch.Tensor) else rate)
    scheduler = MADE[name](optimizer)
    rate, before, options = float(optimizer.param_groups[0]["lr"]), shown(scheduler), repr(optimizer.param_groups)

    @torch.compile
    def step() -> Any:
        w.grad = torch.ones(())
        optimizer.step()
        scheduler.step(*([1.0] if name == "ReduceLROnPlateau" else []))
        return w.detach().clone()

    for _ in range(2):
        with pytest.raises(TraceError, match=f"{name} sets learning rates inside a compiled function"):
            step()
        assert (w.item(), w.grad, float(optimizer.param_groups[0]["lr"])) == (0.0, None, rate)
        assert (shown(scheduler), repr(optimizer.param_groups)) == (before, options)


def test_a_scheduler_is_not_made_inside() -> None:
    _, optimizer = parameter_and_optimizer(1.0)
    schedulers.StepLR(optimizer, 1)

    @torch.compile
    def step(x: Any) -> Any:
        return x * schedulers.ExponentialLR(optimizer, 0.5).gamma

    with pytest.raises(TraceError, match="sets learning rates inside"):
        step(ONE)


def test_what_is_read_of_a_scheduler_is_what_it_is_then() -> None:
    _, optimizer = parameter_and_optimizer(1.0)
    scheduler = schedulers.StepLR(optimizer, 1, gamma=0.5)
    optimizer.step()  # before the schedule's first, as it should be
    reads: list[Callable[[], float]] = [
        lambda: scheduler.last_epoch,
        lambda: getattr(scheduler, "gam" + "ma"),
        lambda: scheduler.get_last_lr()[0],
        lambda: scheduler.state_dict()["_last_lr"][0],
        lambda: getattr(scheduler, "patience", 7.0),
    ]
    steps = [torch.compile(lambda x, read=read: x * read()) for read in reads]
    for change in (scheduler.step, lambda: setattr(scheduler, "gamma", 0.25), scheduler.step, lambda: setattr(scheduler, "patience", 3.0)):
        assert [step(ONE).item() for step in steps] == [read() for read in reads]
        change()
    assert [step(ONE).item() for step in steps] == [read() for read in reads] == [2, 0.25, 0.125, 0.125, 3.0]


def test_a_scheduler_beside_a_compiled_step_does_not_trace_it_again() -> None:
    class Trainer:
        def __init__(self) -> None:
            self.w, self.optimizer = parameter_and_optimizer(1.0)
            self.scheduler = schedulers.StepLR(self.optimizer, 1, gamma=0.5)

        @torch.compile
        def step(self) -> Any:
            self.w.grad = torch.ones(())
            self.optimizer.step()
            return self.w.detach().clone()

        def fit(self) -> list[float]:
            found = []
            for _ in range(4):
                found.append(self.step().item())
                self.scheduler.step()
            return found

    trainer = Trainer()
    assert trainer.fit() == [-1.0, -1.75, -2.1875, -2.421875] and trainer.step.retraces == []


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize(("before", "after"), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (2, 2)])
def test_a_scheduler_is_stepped_behind_the_optimizer_whenever_it_was_made(before: int, after: int, compiled: bool) -> None:
    """It warns where the optimizer made no step since; a compiled step that was traced before the scheduler came is one too."""
    w, optimizer = parameter_and_optimizer(1.0)

    def step() -> Any:
        w.grad = torch.ones(())
        optimizer.step()
        return w.detach().clone()

    run = torch.compile(step) if compiled else step
    for _ in range(before):
        run()
    scheduler = schedulers.StepLR(optimizer, 1, gamma=0.5)
    for _ in range(after):
        run()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        scheduler.step()
    assert len(caught) == (after == 0) and optimizer.param_groups[0]["lr"] == 0.5
    scheduler.step()


@pytest.mark.parametrize("base", [optim.SGD, optim.Optimizer])
def test_attributes_of_an_optimizer(base: Any) -> None:
    class Own(base):  # type: ignore[misc]
        def scaled(self, x: Any) -> Any:
            return x * self.scale

    given = ({},) if base is optim.Optimizer else ()
    optimizer = Own([nn.Parameter(torch.zeros(()))], *given)
    for one in (optimizer, optim.SGD([nn.Parameter(torch.zeros(()))])):
        one.scale, one.table = 2.0, [1.0]
        step = torch.compile(lambda x, one=one: x * one.scale + one.table[0])
        assert step(ONE).item() == 3.0
        one.scale, one.table[0] = 3.0, 2.0
        assert step(ONE).item() == 5.0 and len(step.retraces) == 1

        @torch.compile
        def counts(x: Any, one: Any = one) -> Any:
            one.calls = getattr(one, "calls", 0) + 1
            return x * one.calls

        for _ in range(2):
            with pytest.raises(TraceError, match="calls is set inside"):
                counts(ONE)
        assert not hasattr(one, "calls")
    assert torch.compile(optimizer.scaled)(ONE).item() == 3.0


RATE = 1.0


def test_globals_of_an_optimizer_of_ones_own(monkeypatch: pytest.MonkeyPatch) -> None:
    class Own(optim.SGD):
        def step(self, closure: Any = None) -> Any:
            with torch.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        p.sub_(RATE * p.grad)

    w = nn.Parameter(torch.zeros(()))
    optimizer = Own([w])

    @torch.compile
    def step() -> Any:
        w.grad = torch.ones(())
        optimizer.step()
        return w.detach().clone()

    found = [step().item()]
    monkeypatch.setitem(globals(), "RATE", 0.5)
    np.testing.assert_array_equal([*found, step().item()], [-1.0, -1.5])
