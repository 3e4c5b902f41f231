"""Numbers of Python's are inputs of a program: another number is no other program, and results are as without compile."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.events import listening
from gradwerk.jit.looking import alike
from gradwerk.ops.elementwise import erf

pytestmark = pytest.mark.filterwarnings("ignore:.*is traced again at each call")
X = np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4)
Step = Callable[[Any, Any], Any]
STEPS: dict[str, Step] = {
    "a factor": lambda x, k: x * k,
    "on the left": lambda x, k: k - x / (k + x * x),
    "twice, and its negative": lambda x, k: x * k + k * (-k - x),
    "a base": lambda x, k: k**x,
    "a choice": lambda x, k: torch.where(x > k, x, k),
    "bounds": lambda x, k: x.clamp(-k, k),
    "whole numbers": lambda x, k: torch.arange(4) + int(k * 1000),
    "beside doubles": lambda x, k: x.double() * k,
    "behind a product": lambda x, k: (x @ x.T) * k + k,
    "in a softmax": lambda x, k: torch.softmax(x / k, -1),
    "of NumPy's": lambda x, k: x * np.float32(k) + np.asarray(k, np.float32),
    "beside a Tensor of no axes": lambda x, k: (x.sum() - k) * k,
    "made a Tensor": lambda x, k: torch.tensor(k) + x.mean(),
    "in an activation": lambda x, k: torch.relu(x - k),
}
NUMBERS = [0.1 * 1.07**n + 0.013 for n in range(12)]


def compilations(run: Callable[[], object]) -> int:
    """How many graphs are compiled meanwhile."""
    found: list[str] = []
    with listening("compiled", lambda name, **facts: found.append(name)):
        run()
    return len(found)


@pytest.mark.parametrize("name", STEPS)
def test_another_number_compiles_nothing(name: str) -> None:
    step, compiled = STEPS[name], gw.compile(STEPS[name])
    x = torch.tensor(X)

    def run(numbers: list[float]) -> None:
        for k in numbers:
            np.testing.assert_allclose(compiled(x, k).numpy(), step(x, k).numpy(), rtol=3e-6, atol=1e-6)

    run(NUMBERS[:1])
    assert not compilations(lambda: run(NUMBERS[1:]))


def test_a_number_of_a_formula_stands_in_the_program() -> None:
    step = gw.compile(lambda x, k: x * k)
    x = torch.tensor(np.linspace(-3, 3, 51, dtype=np.float32).reshape(17, 3))
    assert compilations(lambda: [step(x, k) for k in (2.0, 0.5, 1.0)]) == 3
    for k in (2.0, 0.5, 1.0, 0.0, float("inf"), float("nan"), -0.0):
        np.testing.assert_array_equal(step(x, k).numpy(), (x * k).numpy())


@pytest.mark.parametrize("outside", [False, True], ids=["inside", "outside"])
def test_gradients_follow_the_number(outside: bool) -> None:  # noqa: FBT001  a parameter of a test
    w = torch.nn.Parameter(torch.tensor(X))

    def loss(k: float) -> Any:  # noqa: ANN401
        return ((w * k).tanh() ** 2 / k + erf(w)).sum()  # the slope of erf has a number of its own

    def step(k: float) -> Any:  # noqa: ANN401
        w.grad = None
        value = loss(k)
        value.backward()
        return value

    inside, forward = torch.compile(step), torch.compile(loss)

    def run(numbers: list[float]) -> None:
        for k in numbers:
            if outside:
                w.grad = None
                value = forward(k)
                value.backward()
            else:
                value = inside(k)
            found = w.grad.numpy().copy()
            np.testing.assert_allclose(value.item(), step(k).item(), rtol=1e-5)
            np.testing.assert_allclose(found, w.grad.numpy(), rtol=1e-5, atol=1e-6)

    run(NUMBERS[:1])
    assert not compilations(lambda: run(NUMBERS[1:]))


def test_a_number_that_an_object_holds() -> None:
    options = SimpleNamespace(temperature=0.9)
    step = gw.compile(lambda x: x / options.temperature)
    x = torch.tensor(X)
    step(x)

    def run() -> None:
        for n in range(10):
            options.temperature *= 0.97 + n / 1000
            np.testing.assert_array_equal(step(x).numpy(), (x / options.temperature).numpy())

    assert not compilations(run)


@pytest.mark.parametrize("make", [
    lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9),
    lambda parameters: torch.optim.SGD(parameters, lr=0.01, momentum=0.9, nesterov=True, weight_decay=1e-3),
    lambda parameters: torch.optim.Adam(parameters, lr=0.01),
], ids=["SGD", "Nesterov", "Adam"])  # fmt: skip
def test_momentum_that_is_scheduled_compiles_no_step_again(make: Callable[[Any], Any]) -> None:
    """`OneCycleLR` changes the momentum, or the first beta, at each step."""

    def trained(*, compiled: bool) -> tuple[list[float], int]:
        torch.manual_seed(3)
        model = torch.nn.Linear(4, 2)
        optimizer = make(model.parameters())
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=14)

        def step(x: Any) -> Any:  # noqa: ANN401
            optimizer.zero_grad()
            loss = (model(x) ** 2).mean()
            loss.backward()
            optimizer.step()
            return loss

        run = torch.compile(step) if compiled else step
        losses: list[float] = []

        def steps(count: int) -> None:
            for _ in range(count):
                losses.append(run(torch.tensor(X)).item())
                schedule.step()

        steps(2)
        return losses, compilations(lambda: steps(10))

    (eager, _), (found, again) = trained(compiled=False), trained(compiled=True)
    np.testing.assert_allclose(found, eager, rtol=1e-5)
    assert not again


# ---- how often a function is traced


@pytest.mark.filterwarnings("error")
def test_a_function_that_is_traced_again_and_again_says_why_once_and_fills_no_table() -> None:
    step = gw.compile(lambda x, k: x * k)
    x = torch.tensor(X)
    for k in NUMBERS[:9]:
        step(x, k)
    with pytest.warns(UserWarning, match="traced again at each call, 8 times in a row so far: an argument changed from .* to") as said:
        for n in range(100):
            np.testing.assert_array_equal(step(x, 0.3 + n / 7).numpy(), (x * (0.3 + n / 7)).numpy())
            if n == 50:
                step(x, 0.3 + n / 7)
    assert len(said) == 1 and sum(map(len, step.specializations.values())) == 9 + 8
    before = len(step.retraces)
    for _ in range(3):
        step(x, 0.3 + 99 / 7)
    assert len(step.retraces) == before  # the last one is kept
    for k in (0.31, 0.32):
        step(x, k), step(x, k)
    assert sum(map(len, step.specializations.values())) == 9 + 8 + 2  # what fits a second call is kept beside it


@pytest.mark.filterwarnings("error")
def test_numbers_that_come_back_and_any_sizes_say_nothing() -> None:
    step = gw.compile(lambda x, k: x * k)
    for _ in range(3):
        for n in range(1, 7):
            step(torch.tensor(X[:1]).expand(n, 4), 0.1 * n)
    assert len(step.specializations) == 6
    sizes, order = gw.compile(lambda x: x * 2), np.random.default_rng(0)
    for _ in range(3):
        for n in order.permutation(40):
            sizes(torch.ones(int(n) + 1))
    assert len(sizes.specializations) == 40 and len(sizes.retraces) == 39
    lists = gw.compile(lambda xs: sum(xs))
    for n in range(1, 20):
        lists([torch.ones(2)] * n)
    assert len(lists.specializations) == 19


def test_modules_as_arguments_are_told_without_numbers() -> None:
    step = gw.compile(lambda layer, x: layer(x))
    with pytest.warns(UserWarning, match="in a row so far: an argument is another object"):
        for _ in range(20):
            step(torch.nn.Linear(4, 2), torch.tensor(X))


class Many(int):
    """A number of a class of the user's."""


EQUAL = [
    lambda: (2, (3.5, "a")), lambda: np.float32(2.5), lambda: np.float64("nan"), lambda: float("nan"), lambda: Fraction(1, 2),
    lambda: Decimal("1.50"), lambda: frozenset([1, "a", 2.5]), lambda: dt.date(2026, 1, 2), lambda: np.datetime64("2026-01-02"),
    lambda: complex(1, 2), lambda: np.str_("a"), lambda: "".join(["a", "b", "c"]),
]  # fmt: skip
OTHERS = [
    (1, 1.0), (1, True), (0.0, -0.0), (np.float32(0.0), np.float32(-0.0)), (np.float32(1), np.float64(1)),
    (Decimal("1.5"), Decimal("1.50")),
    (frozenset([1]), frozenset([1.0])), (np.datetime64("2026-01", "M"), np.datetime64("2026-01-01", "D")), ((1,), [1]), (Many(3), Many(3)),
    (Fraction(1, 2), Decimal("0.5")), (frozenset([0.0]), frozenset([-0.0])), (np.array([1.5, 2.5])[:1], np.array([1.5])),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(EQUAL)))
def test_an_equal_value_in_the_place_of_another_traces_nothing(number: int) -> None:
    make = EQUAL[number]
    options = SimpleNamespace(value=make())
    step = gw.compile(lambda x: x * float(len(str(options.value))))
    for _ in range(4):
        step(torch.tensor(X))
        options.value = make()
    assert not step.retraces


@pytest.mark.parametrize("number", range(len(OTHERS)))
def test_values_that_only_look_equal_are_others(number: int) -> None:
    one, other = OTHERS[number]
    assert not alike(one, other) and not alike(other, one) and not alike((one, 1), (other, 1))
