"""Layers, losses, optimizers and nets give what PyTorch 2.13.0 gave in float64, eager and compiled: results, gradients, buffers, weights;
and optimizers through random histories.

The bound is PyTorch's own error in float32: at most three times that, and never tighter than a few roundings.
"""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import torch as api
from tests.peers import layer_cases, optimizer_histories
from tests.peers.freeze import load
from tests.peers.layer_cases import error

GROUPS = layer_cases.GROUPS | optimizer_histories.GROUPS
RECORDED = {group: load(group) for group in GROUPS}
FLOOR = 1e-6
"""Eight roundings of float32, in units of an array's largest number."""


@pytest.mark.filterwarnings("ignore:.*is traced again at each call")  # histories of optimizers change an option at each step
@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize(("group", "name"), [(group, name) for group, (_, cases) in GROUPS.items() for name in cases])
def test_pytorchs_numbers(group: str, name: str, *, compiled: bool) -> None:
    exact = dict(RECORDED[group][name])
    theirs = float(exact.pop("error"))
    run, _ = GROUPS[group]
    got = run(api, name, "float32", api.compile if compiled else lambda function: function)
    assert {key: array.shape for key, array in got.items()} == {key: array.shape for key, array in exact.items()}
    assert all(array.dtype == np.float32 for array in got.values())
    assert error(got, exact) <= 3 * theirs + FLOOR
