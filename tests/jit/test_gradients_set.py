"""`.grad` set inside a compiled function: at each call, whatever hung there when it was traced.

The law runs the same calls plainly and compiled, with a gradient hung before some of them and taken away before others.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.jit.compile import compile as compile_
from gradwerk.tensor.tensor import Parameter, Tensor

KEPT = Tensor(np.full(3, 7, np.float32))


def clear(w: Any) -> None:
    w.grad = None


def replace(w: Any) -> None:
    w.grad = w.detach() * 2


def keep(w: Any) -> None:
    w.grad = KEPT


def clear_and_add(w: Any) -> None:
    w.grad = None
    (w * w).sum().backward()


def add_and_clear(w: Any) -> None:
    (w * w).sum().backward()
    w.grad = None


def clear_if_there(w: Any) -> None:
    if w.grad is not None:
        w.grad = None


def set_again(w: Any) -> None:
    w.grad = w.grad


def nothing(w: Any) -> None:
    """Only looked at."""
    assert w.grad is None or w.grad.shape == w.shape


SETS = [clear, replace, keep, clear_and_add, add_and_clear, clear_if_there, set_again, nothing]
HUNG = {"none": None, "ones": 1.0, "fives": 5.0}
ORDERS = [("none", "ones", "fives"), ("fives", "none", "ones")]


@pytest.mark.parametrize("order", ORDERS, ids=" ".join)
@pytest.mark.parametrize("given", [False, True], ids=["held", "argument"])
@pytest.mark.parametrize("change", SETS)
def test_it_is_set_at_each_call(change: Any, given: bool, order: tuple[str, ...]) -> None:
    results = []
    for wrap in (lambda fn: fn, compile_):
        w, seen = Parameter(np.arange(3.0, dtype=np.float32)), []
        fn = wrap(change) if given else wrap(lambda w=w: change(w))
        for name in (*order, *order):
            number = HUNG[name]
            w.grad = None if number is None else Tensor(np.full(3, number, np.float32))
            for _ in range(2):
                fn(w) if given else fn()
                seen.append(None if w.grad is None else w.grad.numpy().tolist())
        results.append(seen)
    assert results[0] == results[1]


@pytest.mark.parametrize("to_none", [False, True])
@pytest.mark.parametrize("of", ["optimizer", "module"])
def test_gradients_are_forgotten_by_a_step_of_its_own(of: str, to_none: bool) -> None:
    model = torch.nn.Linear(3, 2)
    owner = torch.optim.SGD(model.parameters(), 0.1) if of == "optimizer" else model
    forget = torch.compile(lambda: owner.zero_grad(set_to_none=to_none))
    for _ in range(3):
        forget()
        model(torch.ones(1, 3)).sum().backward()
        np.testing.assert_array_equal(model.weight.grad.numpy(), np.ones((2, 3)))
