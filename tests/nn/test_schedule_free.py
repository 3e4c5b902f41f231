"""Schedule-free AdamW against the sequences that its paper names: the point z, the mean x, and y between them, in float64 of NumPy."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.schedule_free import ScheduleFreeAdamW
from gradwerk.nn.updates import Decay
from gradwerk.tensor.tensor import Parameter, Tensor

RNG = np.random.default_rng(4)
START, GRADIENTS = RNG.normal(size=(3, 2)), RNG.normal(size=(6, 3, 2))


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("options", "decay"), [({}, 0.0), ({"beta_1": 0.7, "beta_2": 0.9, "warm_up": 4, "epsilon": 1e-3}, 0.2)])
def test_steps_are_those_of_the_paper(options: Any, decay: float, *, compiled: bool) -> None:
    w = Parameter(START.copy())
    optimizer = ScheduleFreeAdamW([w], 0.1, decay=Decay(decay, decoupled=True), **options)
    apply = compile_(lambda g: optimizer.apply([g])) if compiled else lambda g: optimizer.apply([g])
    beta_1, beta_2 = options.get("beta_1", 0.9), options.get("beta_2", 0.999)
    z, x, y, v = START.copy(), START.copy(), START.copy(), np.zeros_like(START)
    for step, g in enumerate(GRADIENTS, 1):
        apply(Tensor(g))
        y = y - 0.1 * decay * y
        x = (y - (1 - beta_1) * z) / beta_1  # the decay of y moves the mean
        v = beta_2 * v + (1 - beta_2) * g * g
        rate = 0.1 * min(step / options["warm_up"], 1.0) if "warm_up" in options else 0.1
        z = z - rate * g / (np.sqrt(v / (1 - beta_2**step)) + options.get("epsilon", 1e-8))
        x = (1 - 1 / step) * x + z / step
        y = (1 - beta_1) * z + beta_1 * x
        np.testing.assert_allclose(w.numpy(), y, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(optimizer.slots["point"][0].numpy(), z, rtol=1e-5, atol=1e-6)


def test_numbers_out_of_range_are_refused() -> None:
    for wrong in ({"beta_1": 0.0}, {"beta_2": 1.0}, {"epsilon": 0.0}, {"warm_up": -1}):
        with pytest.raises(ArgumentError):
            ScheduleFreeAdamW([Parameter(START)], **wrong)
