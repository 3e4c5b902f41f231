"""Finalizers and handlers of signals that run in the middle of a trace: they compute at once, and the trace is what it is without them."""

from __future__ import annotations

import signal
import weakref
from collections.abc import Callable, Iterator
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.tensor.tensor import Parameter, Tensor

TOTAL = Tensor(np.zeros((), np.float32))
WEIGHT = Parameter(np.ones(3, np.float32))


class Noisy:
    def __init__(self, work: Callable[[], None]) -> None:
        self.work = work

    def __del__(self) -> None:
        self.work()


def by_del(work: Callable[[], None]) -> None:
    Noisy(work)


def by_finalize(work: Callable[[], None]) -> None:
    thing = torch.nn.Module()
    weakref.finalize(thing, work)
    del thing


def by_signal(work: Callable[[], None]) -> None:
    WORK.put(work)
    signal.raise_signal(signal.SIGUSR1)


WORK: SimpleQueue[Callable[[], None]] = SimpleQueue()


@pytest.fixture(autouse=True)
def _handler() -> Iterator[None]:
    before = signal.signal(signal.SIGUSR1, lambda number, frame: WORK.get()())
    yield
    signal.signal(signal.SIGUSR1, before)


def read() -> Any:
    return WEIGHT.numpy().sum() + TOTAL.item()


def write() -> Any:
    TOTAL.assign(TOTAL + 1.0)
    return TOTAL.item()


def made() -> Any:
    return Tensor(np.arange(3.0)).sum().item()


def trained() -> Any:
    layer = torch.nn.Linear(2, 2)
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1, momentum=0.9)
    layer(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    return layer.bias.grad.numpy().sum()


def compiled() -> Any:
    return gw.compile(lambda x: (x * 2).sum())(np.ones(3, np.float32)).item()


def looped() -> Any:
    return gw.scan(lambda carry, row: (carry + row, carry), TOTAL * 0, Tensor(np.ones(4, np.float32)))[0].item()


def with_gradient() -> Any:
    """The gradient that was there before the step, which has stand-ins in its place."""
    return WEIGHT.grad.numpy().sum()


@pytest.mark.parametrize("interrupt", [by_del, by_finalize, by_signal])
@pytest.mark.parametrize("work", [read, write, made, trained, compiled, looped, with_gradient])
def test_what_interrupts_a_trace_is_no_part_of_it(interrupt: Any, work: Any) -> None:
    TOTAL.assign(0.0)
    WEIGHT.grad = Tensor(np.full(3, 5, np.float32))
    expected = work()
    TOTAL.assign(0.0)
    seen: SimpleQueue[Any] = SimpleQueue()
    once = iter([True])  # nobody can watch it: the Python of the step runs at each call

    def plain(x: Any) -> Any:
        loss = gw.reduce_sum(WEIGHT * x)
        loss.backward()
        return loss + gw.reduce_sum(WEIGHT)

    def step(x: Any) -> Any:
        loss = gw.reduce_sum(WEIGHT * x)
        loss.backward()
        if next(once, False):
            interrupt(lambda: seen.put(work()))
        return loss + gw.reduce_sum(WEIGHT)

    x, results = Tensor(np.arange(3, dtype=np.float32)), []
    for function in (plain, gw.compile(step)):
        WEIGHT.grad = Tensor(np.full(3, 5, np.float32))
        results.append([(function(x).item(), WEIGHT.grad.numpy().tolist()) for _ in range(2)])
        if function is not plain:
            assert seen.get_nowait() == expected
            assert seen.empty()  # nothing of it is in the program
    assert results[0] == results[1]
    assert TOTAL.item() == (work is write)
