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


def in_another_thread(work: Any) -> Any:
    """What work() gives, done by a thread of its own while this one waits."""
    given: list[Any] = []

    def run() -> None:
        try:
            given.append(work())
        except BaseException as error:
            given.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(given[0], BaseException):
        raise given[0]
    return given[0]


def trained(weight: Parameter, meanwhile: Any = None) -> Any:
    """A step of training, written so that a trace of it reads the weight for the gradient, then writes it, and then reads it again."""

    def step(x: Any) -> Any:
        loss = ((x * weight) * weight).sum()
        if meanwhile is not None:
            meanwhile()
        loss.backward()
        if meanwhile is not None:
            meanwhile()
        with gw.no_grad():
            weight.assign(weight - 0.5 * weight.grad)
            weight.grad = None
        after = (weight * weight).sum()
        if meanwhile is not None:
            meanwhile()
        after.backward()
        return after

    return step


@pytest.mark.parametrize("compiled", [False, True])
def test_a_trace_does_not_see_that_other_threads_write_meanwhile(compiled: bool) -> None:
    """What a trace reads is an input, whatever it holds at the time: no write of others is one of its own."""
    weight = Parameter(np.ones(3, np.float32))
    writes: SimpleQueue[None] = SimpleQueue()

    def train() -> None:
        weight.assign(weight.detach() * 2.0)

    one = gw.compile(train) if compiled else train
    one()
    step = gw.compile(trained(weight, lambda: writes.put(in_another_thread(one))))
    result = step(np.full(3, 0.25, np.float32))
    held = np.full(3, 2.0 * 2.0 ** writes.qsize(), np.float32)
    held -= 0.25 * held
    np.testing.assert_array_equal(weight.numpy(), held)
    assert writes.qsize() == 3 and result.item() == (held * held).sum()
    np.testing.assert_array_equal(weight.grad.numpy(), 2.0 * held)


def test_other_threads_see_no_write_of_a_trace() -> None:
    """A gradient that another thread takes meanwhile is that of weights which nobody wrote."""
    weight, scale = (Parameter(np.ones(3, np.float32)) for _ in range(2))
    before = (weight * scale).sum()
    meanwhile: SimpleQueue[Any] = SimpleQueue()

    def look() -> None:
        before.backward()
        meanwhile.put((weight * scale).sum())

    gw.compile(trained(weight, lambda: in_another_thread(look)))(np.ones(3, np.float32))
    np.testing.assert_array_equal(scale.grad.numpy(), np.full(3, 3.0))
    for loss in [before, *(meanwhile.get() for _ in range(3))]:  # the step has run, and has written
        with pytest.raises(gw.StateError, match="modified by an inplace operation"):
            loss.backward()


def test_a_write_of_another_thread_counts_though_a_trace_writes_the_same() -> None:
    weight, scale = (Parameter(np.ones(3, np.float32)) for _ in range(2))
    before = (weight * scale).sum()

    def step() -> None:
        weight.assign(weight.detach() + 1.0)
        in_another_thread(lambda: weight.assign(weight.detach() * 2.0))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        gw.compile(step)()
    np.testing.assert_array_equal(weight.numpy(), np.full(3, 2.0))
    with pytest.raises(gw.StateError, match="modified by an inplace operation"):
        before.backward()


def test_a_trace_counts_its_own_writes() -> None:
    """A gradient that needs what the step itself has overwritten is refused."""
    weight, scale = (Parameter(np.ones(3, np.float32)) for _ in range(2))

    def step() -> None:
        loss = (weight * scale).sum()
        weight.assign(weight.detach() + 1.0)
        loss.backward()

    with pytest.raises(gw.StateError, match="modified by an inplace operation"):
        gw.compile(step)()
    (weight * scale).sum().backward()
