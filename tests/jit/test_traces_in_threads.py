"""While one thread traces a step, others see nothing of it: neither its stand-ins in `.grad`, nor a trace of their own that meets them."""

from __future__ import annotations

import sys
import threading
from queue import SimpleQueue
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.tensor.tensor import Parameter


def together(work: Any, count: int = 4) -> list[BaseException]:
    """What was raised by threads that begin at once."""
    barrier, raised = threading.Barrier(count), []

    def run() -> None:
        barrier.wait()
        try:
            work()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


@pytest.mark.parametrize("one_function", [False, True])
def test_training_steps_of_one_model_first_called_by_several_threads(one_function: bool) -> None:
    weights = [Parameter(np.full(3, float(k + 1), np.float32)) for k in range(20)]

    def step() -> None:
        total = weights[0] * 0.0
        for weight in weights:
            total = total + weight * weight
        total.sum().backward()

    shared = gw.compile(step)
    assert together(lambda: (shared if one_function else gw.compile(lambda: step()))()) == []
    for k, weight in enumerate(weights):
        np.testing.assert_array_equal(weight.grad.numpy() % (2.0 * (k + 1)), np.zeros(3))  # whole steps
    shared()
    if one_function:
        assert len(shared.specializations) == 1  # type: ignore[attr-defined]


def test_gradients_are_what_they_were_for_other_threads() -> None:
    weight = Parameter(np.ones(3, np.float32))
    (weight * weight).sum().backward()
    seen: SimpleQueue[Any] = SimpleQueue()

    def look() -> None:
        thread = threading.Thread(target=lambda: seen.put(weight.grad.numpy()))
        thread.start()
        thread.join()

    def step() -> None:
        look()
        weight.grad = None
        look()
        (weight * 3.0).sum().backward()
        look()

    gw.compile(step)()
    assert [seen.get().tolist() for _ in range(3)] == [[2.0] * 3] * 3
    assert weight.grad.numpy().tolist() == [3.0] * 3


def test_each_thread_computes_with_what_it_gave() -> None:
    """Where an argument lies is remembered from call to call, for all threads in one place."""
    step = gw.compile(lambda x: x * 2.0)
    step(np.zeros(4, np.float32))
    names = iter(range(4))
    wrong: list[float] = []

    def work() -> None:
        name = float(next(names))
        arrays = [np.full(4, 10 * name + k, np.float32) for k in range(5)]
        for k in range(2000):
            array = arrays[k % 5]
            if step(array).numpy()[0] != 2 * array[0]:
                wrong.append(name)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        assert together(work) == []
    finally:
        sys.setswitchinterval(interval)
    assert wrong == []
