"""Hooks on the gradient of a leaf: called once in a walk, with the sum of all that reaches it, and before the walk is over."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.tensor.hooks import register_hook

X = np.float32([1, 2, 3])


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("ways", [1, 3])
def test_a_hook_sees_the_sum_once_and_what_it_returns_is_the_gradient(ways: int, compiled: bool) -> None:  # noqa: FBT001  a case
    x, seen = gw.Tensor(X, requires_grad=True), list[Any]()

    def hook(gradient: Any) -> Any:
        seen.append(gradient.numpy().tolist())
        return gradient * 10.0

    handle = register_hook(x, hook)

    def step() -> Any:
        y = x * 1.0
        for _ in range(ways - 1):
            y = y + x
        return gw.reduce_sum(y * y)

    loss = (gw.compile(step) if compiled else step)()
    (gradient,) = gw.grad(loss, (x,))
    wanted = 2 * ways**2 * X
    assert seen == [wanted.tolist()]
    assert gradient.numpy().tolist() == (10 * wanted).tolist()
    handle.remove()
    (gradient,) = gw.grad((gw.compile(step) if compiled else step)(), (x,))
    assert (len(seen), gradient.numpy().tolist()) == (1, wanted.tolist())
