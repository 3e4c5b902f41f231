"""A step of an optimizer waits as a whole: it reads what it has written, whenever it comes; an interruption leaves all of it or none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.nn import schedules
from gradwerk.nn.adagrad import RMSprop
from gradwerk.nn.averaging import Average
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.tensor.deferred import stretch
from gradwerk.tensor.deferred.recorder import recorder
from gradwerk.tensor.tensor import Parameter, Tensor

optim = torch.optim
NO_RULES = ("Optimizer", "LBFGS")
"""The base of all, and one whose steps ask for the loss."""
RULES = [getattr(optim, name) for name in sorted(dir(optim)) if isinstance(getattr(optim, name), type) and name not in NO_RULES]
TORCHS: dict[str, Callable[[Any], Any]] = {
    **{rule.__name__.lower(): (lambda ps, rule=rule: rule(ps, lr=0.1)) for rule in RULES},
    "momentum": lambda ps: optim.SGD(ps, lr=0.1, momentum=0.9, nesterov=True),
    "amsgrad": lambda ps: optim.Adam(ps, lr=0.1, amsgrad=True),
    "two groups": lambda ps: optim.Adam([{"params": ps[::2]}, {"params": ps[1::2], "lr": 0.01}], lr=0.1),
}
OURS: dict[str, Callable[[Any], Any]] = {
    "adam": lambda ps: Adam(ps, 0.1),
    "rmsprop": lambda ps: RMSprop(ps, 0.1),
    "scheduled sgd": lambda ps: SGD(ps, 0.1, schedule=schedules.ExponentialDecay(0.1, 1, 0.5)),
    "scheduled adam": lambda ps: Adam(ps, 0.1, schedule=schedules.ExponentialDecay(0.1, 1, 0.5)),
    "averaged": lambda ps: SGD(ps, 0.1, average=Average(0.5, overwrite_every=2)),
}
PAUSES = (0, 3, 10, 25, 40, 60, 10_000)


@pytest.fixture(autouse=True)
def _from_the_start() -> Iterator[None]:
    recorder.forget()
    yield
    recorder.forget()


def of_torch(build: Callable[[Any], Any], pause: int, steps: int = 4) -> list[np.ndarray]:
    parameters = [torch.nn.Parameter(torch.ones(3, 2) * (k + 1)) for k in range(4)]
    optimizer = build(parameters)
    for _ in range(steps):
        optimizer.zero_grad()
        sum((p * p).sum() for p in parameters).backward()
        recorder.here.pause = pause
        optimizer.step()
        recorder.here.pause = 0
    return [p.detach().numpy().copy() for p in parameters]


def of_ours(build: Callable[[Any], Any], pause: int, steps: int = 4) -> list[np.ndarray]:
    parameters = [Parameter(np.full(3, k + 1.0, np.float32)) for k in range(4)]
    optimizer = build(parameters)
    for _ in range(steps):
        gradients = [Tensor(2 * p.numpy()) for p in parameters]
        recorder.here.pause = pause
        optimizer.apply(gradients)
        recorder.here.pause = 0
    return [p.numpy().copy() for p in parameters]


RUNS = [*((of_torch, build) for build in TORCHS.values()), *((of_ours, build) for build in OURS.values())]


@pytest.mark.parametrize("pause", PAUSES)
@pytest.mark.parametrize(("run", "build"), RUNS, ids=[*TORCHS, *OURS])
def test_a_step_that_comes_while_all_is_computed_at_once(run: Callable[..., Any], build: Callable[[Any], Any], pause: int) -> None:
    with settings.scope(eager=Eager.IMMEDIATE):
        expected = run(build, 0)
    with settings.scope(eager=Eager.DEFERRED):
        got = run(build, pause)
    for a, b in zip(got, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6)


def plain(parameters: list[Any], kept: list[Any]) -> None:
    """Nobody sees their memory."""


def shown(parameters: list[Any], kept: list[Any]) -> None:
    """NumPy sees that of one."""
    kept.append(parameters[3].detach().numpy())


def viewed(parameters: list[Any], kept: list[Any]) -> None:
    """One is a part of another Tensor."""
    whole = torch.ones(9, 4) * 4
    kept.append(whole)
    parameters[2].data = whole[2:6]


@pytest.mark.parametrize("prepare", [plain, shown, viewed], ids=lambda prepare: prepare.__name__)
@pytest.mark.parametrize("count", [6, 20, 40])
@pytest.mark.parametrize("build", TORCHS.values(), ids=TORCHS)
def test_an_interruption_leaves_all_or_none(
    build: Callable[[Any], Any], count: int, prepare: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever of the programs that a step runs is broken off."""
    with settings.scope(eager=Eager.DEFERRED):
        for broken in range(8):
            parameters, kept = [torch.nn.Parameter(torch.ones(4, 4) * (k + 1)) for k in range(count)], list[Any]()
            prepare(parameters, kept)
            optimizer = build(parameters)
            for last in (False, True):
                optimizer.zero_grad()
                loss = sum((p * p).sum() for p in parameters)
                loss.backward()
                loss.item()
                before = [(p.tolist(), p.grad.tolist())[0] for p in parameters]
                counts = [state["step"].item() for state in optimizer.state.values() if "step" in state]
                interrupted = step_broken_off(optimizer, broken, monkeypatch) if last else optimizer.step()
            changed = [p.tolist() != old for p, old in zip(parameters, before, strict=True)]
            counted = [state["step"].item() for state in optimizer.state.values() if "step" in state]
            assert all(changed) or not any(changed)
            assert all(changed) is not interrupted
            assert counted == [count + all(changed) for count in counts]
            if not interrupted:
                break


def step_broken_off(optimizer: Any, broken: int, monkeypatch: pytest.MonkeyPatch) -> bool:
    """A step in which the run of this number is interrupted; whether there were so many."""
    real, runs = stretch.run, iter(range(1000))

    def run(*args: Any, **kwargs: Any) -> Any:
        if next(runs) == broken:
            raise KeyboardInterrupt
        return real(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(stretch, "run", run)
        try:
            optimizer.step()
        except KeyboardInterrupt:
            return True
    return False
