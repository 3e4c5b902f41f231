"""A number that is given stands there with its sign, also that of zero: -0.0 is not 0.0, though they are equal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.torch.nn import functional

X = np.array([[1.0, -2.0, 3.0], [-4.0, 5.0, -6.0]], np.float32)
CHOSEN = X > 0


def set_where(x: torch.Tensor, place: Any, number: float) -> torch.Tensor:
    """A copy with a number written at some places."""
    y = x.clone()
    y[place] = number
    return y


FILLING: dict[str, Callable[[torch.Tensor, torch.Tensor, float], torch.Tensor]] = {
    "pad": lambda x, m, z: functional.pad(x, (1, 1), value=z), "pad rows": lambda x, m, z: functional.pad(x, (1, -1, 2, 0), value=z),
    "pad halves": lambda x, m, z: functional.pad(x.to(torch.bfloat16), (0, 1), value=z).to(torch.float32),
    "full": lambda x, m, z: torch.full((2, 3), z), "full of no axes": lambda x, m, z: torch.full((), z),
    "tensor": lambda x, m, z: torch.tensor(z), "tensor of a list": lambda x, m, z: torch.tensor([1.0, z]),
    "masked_fill": lambda x, m, z: x.masked_fill(m, z), "fill_": lambda x, m, z: x.clone().fill_(z),
    "where": lambda x, m, z: torch.where(m, x, z), "where first": lambda x, m, z: torch.where(m, z, x),
    "where of numbers": lambda x, m, z: torch.where(m, z, 1.0), "clamp from below": lambda x, m, z: x.clamp(min=z),
    "clamp from above": lambda x, m, z: x.clamp(max=z), "clamp by both": lambda x, m, z: x.clamp(-1.0, z),
    "clamp_": lambda x, m, z: x.clone().clamp_(min=z), "a row": lambda x, m, z: set_where(x, 0, z),
    "a column": lambda x, m, z: set_where(x, (slice(None), 1), z), "a mask": lambda x, m, z: set_where(x, m, z),
    "parameters": lambda x, m, z: torch.nn.init.constant_(torch.empty(2), z),
}  # fmt: skip
POSITIVE, NEGATIVE = 0.0, -0.0


@pytest.mark.parametrize("way", ["eager", "compiled", "both in one program"])
@pytest.mark.parametrize("name", FILLING)
def test_a_zero_stands_there_with_its_sign(name: str, way: str) -> None:
    fill, x, m = FILLING[name], torch.tensor(X), torch.tensor(CHOSEN)
    if way == "both in one program":
        made = list(torch.compile(lambda x, m: [fill(x, m, POSITIVE), fill(x, m, NEGATIVE)])(x, m))
    else:
        calls = [lambda x, m, z=z: fill(x, m, z) for z in (POSITIVE, NEGATIVE)]
        made = [(torch.compile(call) if way == "compiled" else call)(x, m) for call in calls]
    positive, negative = (np.atleast_1d(y.numpy()) for y in made)
    np.testing.assert_array_equal(positive, negative)
    assert (positive == 0).any() and not np.signbit(positive[positive == 0]).any()
    assert np.signbit(negative[positive == 0]).all()


@pytest.mark.parametrize("step", [1.0, -1.0])
def test_a_range_begins_with_the_sum_of_its_start_and_no_step(step: float) -> None:
    """PyTorch's: -0.0 + 0 * step."""
    first = torch.arange(-0.0, 3.0 * step, step).numpy()[0]
    assert first == 0 and np.signbit(first) == (step < 0)
