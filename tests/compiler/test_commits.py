"""What overwrites inputs goes last, so that a run can be broken off during nearly all of its time."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import keras
from gradwerk.compiler import commits, memory, pipeline
from gradwerk.compiler.memory import Schedule
from gradwerk.compiler.work import Work
from gradwerk.tensor import engine
from gradwerk.tensor.kept import Kept

layers = keras.layers
ENTROPY = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


@pytest.fixture
def schedules(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Schedule]]:
    """Those of all programs that the test makes."""
    found: list[Schedule] = []
    tables = pipeline.tables

    def noting(plan: Schedule, *rest: object) -> object:
        found.append(plan)
        return tables(plan, *rest)

    monkeypatch.setattr(pipeline, "tables", noting)
    monkeypatch.setattr(engine, "_programs", Kept())
    yield found


def works(stage: list[memory.Link]) -> list[Work]:
    return [work for link in stage for work in link.work]


def first_commit(plan: Schedule) -> int:
    """The first stage that overwrites an input; the number of stages where none does."""
    return next((n for n, stage in enumerate(plan.stages) if any(map(plan.commits, works(stage)))), len(plan.stages))


def stray(plan: Schedule) -> list[str]:
    """The work behind or beside the first that overwrites an input, that overwrites none itself."""
    return [work.title for stage in plan.stages[first_commit(plan) :] for work in works(stage) if not plan.commits(work)]


def convolutional() -> tuple[keras.Model, tuple[int, ...]]:
    return keras.Sequential([
        layers.Input((12, 12, 2)), layers.Conv2D(4, 3, use_bias=False), layers.BatchNormalization(), layers.ReLU(), layers.MaxPooling2D(2),
        layers.Dropout(0.2), layers.Flatten(), layers.Dense(16, activation="relu"), layers.Dense(10),
    ]), (12, 12, 2)  # fmt: skip


def recurrent() -> tuple[keras.Model, tuple[int, ...]]:
    return keras.Sequential([layers.Input((7, 5)), layers.LSTM(8), layers.Dense(10)]), (7, 5)


def dense() -> tuple[keras.Model, tuple[int, ...]]:
    return keras.Sequential([layers.Input((20,)), *[layers.Dense(32, activation="tanh") for _ in range(3)], layers.Dense(10)]), (20,)


OPTIMIZERS = {
    "sgd": lambda: keras.optimizers.SGD(0.1),
    "momentum": lambda: keras.optimizers.SGD(0.1, momentum=0.9),
    "adam": lambda: keras.optimizers.Adam(0.01),
    "rmsprop": lambda: keras.optimizers.RMSprop(0.01),
}


@pytest.mark.parametrize("rule", OPTIMIZERS)
@pytest.mark.parametrize("build", [convolutional, recurrent, dense])
def test_a_training_step_overwrites_nothing_before_all_is_computed(
    build: Callable[[], tuple[keras.Model, tuple[int, ...]]], rule: str, schedules: list[Schedule]
) -> None:
    """Weights, moments, counters, running statistics and metrics: each is written when nothing else is left to do."""
    model, shape = build()
    model.compile(optimizer=OPTIMIZERS[rule](), loss=ENTROPY, metrics=["accuracy"])
    rng = np.random.default_rng(0)
    model.train_on_batch(rng.normal(size=(8, *shape)).astype(np.float32), np.arange(8) % 10)
    plan = max(schedules, key=lambda plan: len(plan.stages))
    assert first_commit(plan) > len(plan.stages) / 2
    assert not stray(plan)


def test_an_update_that_waits_for_all_gradients_and_an_average_of_weights(schedules: list[Schedule]) -> None:
    """What overwrites one input may wait for what overwrites another."""
    weights = [gw.Parameter(np.full((20, 20), 0.05, np.float32)) for _ in range(3)]
    averages = [gw.Tensor(np.zeros((20, 20), np.float32)) for _ in range(3)]

    def step(x: gw.Tensor) -> gw.Tensor:
        h = x
        for w in weights:
            h = gw.tanh(gw.matmul(h, w))
        loss = gw.reduce_sum(h)
        gradients = gw.grad(loss, weights)
        with gw.no_grad():
            scale = 1.0 / gw.sqrt(sum(gw.reduce_sum(g * g) for g in gradients) + 1.0)
            for w, average, g in zip(weights, averages, gradients, strict=True):
                w.assign(w - g * scale)
                average.assign(average * 0.5 + w * 0.5)
        return loss

    gw.compile(step)(np.full((20, 20), 0.01, np.float32))
    plan = max(schedules, key=lambda plan: len(plan.stages))
    assert not stray(plan)
    for w, average in zip(weights, averages, strict=True):
        assert (w.numpy() < 0.05).all()
        np.testing.assert_allclose(average.numpy(), 0.5 * w.numpy(), rtol=1e-6)


def test_a_counter_that_others_wait_for_is_copied_in_the_end(schedules: list[Schedule]) -> None:
    """Its new value is needed at once, its place is not."""
    count, x = gw.Tensor(np.zeros((), np.float32)), np.ones((30, 30), np.float32)

    def step(x: gw.Tensor) -> gw.Tensor:
        count.assign(count + 1.0)
        return gw.tanh(gw.matmul(x * count, x))

    compiled = gw.compile(step)
    for _ in range(2):
        result = compiled(x)
    assert not stray(max(schedules, key=lambda plan: len(plan.stages)))
    assert float(count.numpy()) == 2
    np.testing.assert_allclose(result.numpy(), np.tanh(60 * x), rtol=1e-6)


def test_what_is_large_and_waited_for_is_written_at_once(schedules: list[Schedule]) -> None:
    weight, x = gw.Tensor(np.ones((60, 60), np.float32)), np.ones((60, 60), np.float32)

    def step(x: gw.Tensor) -> gw.Tensor:
        weight.assign(weight + x)
        return gw.matmul(weight, x)

    result = gw.compile(step)(x)
    assert stray(max(schedules, key=lambda plan: len(plan.stages)))
    assert (weight.numpy() == 2).all()
    assert (result.numpy() == 120).all()


@pytest.mark.parametrize("least", [0, 1 << 20])
def test_no_more_waits_than_is_little_beside_the_inputs(least: int, schedules: list[Schedule], monkeypatch: pytest.MonkeyPatch) -> None:
    """Of eight updates, each of 64 KB, four may wait: with the fifth they are written, and the rest as it comes."""
    monkeypatch.setattr(commits, "LEAST_WAITING", least)
    weights = [gw.Tensor(np.ones((128, 128), np.float32)) for _ in range(8)]

    def step(x: gw.Tensor) -> gw.Tensor:
        h = x
        for w in weights:
            h = gw.tanh(gw.matmul(h, x))
            w.assign(w + gw.matmul(h, x))
        return gw.reduce_sum(h)

    gw.compile(step)(np.zeros((128, 128), np.float32))
    plan = max(schedules, key=lambda plan: len(plan.stages))
    before = sum("contract" in work.title for stage in plan.stages[: first_commit(plan)] for work in works(stage))
    assert before == (9 if least else 6)
    assert all((w.numpy() == 1).all() for w in weights)
