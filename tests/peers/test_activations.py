"""Activations at kinks, infinities and NaN: PyTorch's values, derivatives and second derivatives."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
import pytest

import gradwerk
import gradwerk.torch as api
from gradwerk.torch.nn import functional

pytest.importorskip("torch", reason="PyTorch is not installed: make test-peers runs this")
peer: Any = importlib.import_module("torch")
POINTS = [0.0, -0.0, 0.5, -0.5, 1, -1, 3, -3, 6, -6, 2.5, -2.5, 20, -20, 21, 200, -200, 1e30, -1e30, np.inf, -np.inf, np.nan]
CASES: dict[str, dict[str, Any]] = {
    "elu": {"alpha": 2.0}, "celu": {"alpha": 0.5}, "selu": {}, "silu": {}, "mish": {}, "leaky_relu": {"negative_slope": 0.3},
    "hardtanh": {"min_val": -0.5, "max_val": 2.5}, "relu6": {}, "hardsigmoid": {}, "hardswish": {}, "hardshrink": {}, "softshrink": {},
    "tanhshrink": {}, "softsign": {}, "logsigmoid": {}, "softplus": {"beta": 2, "threshold": 5.5},
    "threshold": {"threshold": 0.5, "value": 7},
    "gelu": {"approximate": "tanh"},
}  # fmt: skip
AT_INFINITY = {"elu", "celu", "selu", "silu", "mish", "hardswish", "tanhshrink", "softsign", "gelu"}
"""Those whose derivative at an infinity is the limit here and NaN in PyTorch, or the other way round: compared where both are finite."""


NO_SECOND = {"hardsigmoid": "PyTorch has none", "elu": "0 at 0, where its first is that from below", "celu": "as elu", "selu": "as elu"}
"""Whose second derivative is not compared at 0, or at all, and why."""


def derivatives(side: Any, function: Any, options: dict[str, Any], count: int) -> list[np.ndarray[Any, Any]]:
    """The values, the derivatives, and with a count of 3 those of these."""
    x = side.tensor(np.array(POINTS)).requires_grad_()
    y = function(x, **options)
    results = [y.detach().numpy()]
    while len(results) < count:
        if y.requires_grad:
            gradient = gradwerk.grad if side is api else peer.autograd.grad
            (y,) = gradient(y.sum(), [x], create_graph=True)
        results.append(y.detach().numpy() if y.requires_grad or len(results) == 1 else np.zeros(len(POINTS)))
    return results


@pytest.mark.parametrize("name", CASES)
def test_kinks_and_ends(name: str) -> None:
    count = 2 if name == "hardsigmoid" else 3
    ours = derivatives(api, getattr(functional, name), CASES[name], count)
    theirs = derivatives(peer, getattr(peer.nn.functional, name), CASES[name], count)
    np.testing.assert_array_equal(np.signbit(ours[0][:-1]), np.signbit(theirs[0][:-1]))
    for degree, (got, wanted) in enumerate(zip(ours, theirs, strict=True)):
        chosen = np.isfinite(got) & np.isfinite(wanted) if degree and name in AT_INFINITY else np.ones(len(POINTS), bool)
        if degree == 2 or (degree and name == "hardsigmoid"):
            chosen[-1] = False  # at NaN
            chosen[:2] &= name not in NO_SECOND
        np.testing.assert_allclose(got[chosen], wanted[chosen], 1e-7, 1e-7, err_msg=f"{degree} of {name} at {np.array(POINTS)[chosen]}")
