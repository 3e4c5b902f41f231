"""What is written into a Tensor keeps its history: the gradient goes on to the value, whether the target had one or not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.tensor.inplace import copy_into

WRITES: dict[str, Callable[[Any, Any], object]] = {
    "all, by the core": copy_into,
    "all": lambda target, value: target.copy_(value),
    "a slice": lambda target, value: target.__setitem__(slice(1, 3), value[1:3]),
    "one": lambda target, value: target.__setitem__(0, value[0]),
}
REACHED = {"a slice": [0.0, 2.0, 3.0, 0.0], "one": [1.0, 0.0, 0.0, 0.0]}


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", WRITES)
def test_the_gradient_of_what_was_written_reaches_it(name: str, compiled: bool) -> None:  # noqa: FBT001  a case
    value = torch.tensor([5.0, 6.0, 7.0, 8.0], requires_grad=True)

    def step() -> Any:
        target = torch.zeros(4)
        WRITES[name](target, value)
        return (target * torch.tensor([1.0, 2.0, 3.0, 4.0])).sum()

    loss = (torch.compile(step) if compiled else step)()
    assert loss.requires_grad
    loss.backward()
    assert value.grad.numpy().tolist() == REACHED.get(name, [1.0, 2.0, 3.0, 4.0])
    assert float(loss.detach()) == float(np.dot(REACHED.get(name, [1.0, 2.0, 3.0, 4.0]), [5, 6, 7, 8]))
