"""Values, gradients and second derivatives at special points are those recorded of PyTorch, eager and compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import gradwerk
from gradwerk.tensor.grad import grad
from gradwerk.tensor.tensor import Tensor
from tests.peers.freeze import load
from tests.peers.special_points import POINTS, weights

RECORDED = load("special")


def computed(name: str, arguments: list[Any]) -> dict[str, Any]:
    """The answers to what is recorded."""
    point = POINTS[name]
    xs = [x.detach() for x in arguments]
    for x in xs:
        x.requires_grad = True
    value = point.ours(*xs)
    first = grad((value * weights(value.shape)).sum(), xs, create_graph=True)
    answers = {"value": value.detach()} | {f"gradient {k}": g.detach() for k, g in enumerate(first)}
    if point.second:
        parts = [(g * weights(g.shape)).sum() for g in first if g.requires_grad]
        second = grad(parts, xs, allow_unused=True) if parts else [None] * len(xs)
        answers |= {f"second {k}": g for k, g in enumerate(second) if g is not None}
    return answers


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", POINTS)
def test_special_point(name: str, *, compiled: bool) -> None:
    arguments = [Tensor(np.array(x, np.float64)) for x in POINTS[name].arguments]
    answers = (gradwerk.compile(computed) if compiled else computed)(name, arguments)
    for key, wanted in RECORDED[name].items():
        got = answers[key].numpy() if key in answers else np.zeros_like(wanted)
        np.testing.assert_allclose(got, wanted, rtol=1e-8, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("scale", [1e30, 1e-30, 1.0])
def test_norm_and_deviation_keep_numbers_whose_squares_do_not_fit(scale: float) -> None:
    x = (np.array([[1.0, 2, 5], [3, 3, 3]]) * scale).astype(np.float32)
    for made in (lambda t: t, gradwerk.compile):
        norm = made(lambda t: gradwerk.norm(t, 1))(Tensor(x)).numpy()
        np.testing.assert_allclose(norm, np.linalg.norm(x.astype(np.float64), axis=1), rtol=1e-6)
        deviation = made(lambda t: gradwerk.ops.norms.deviation(t, 1, correction=1))(Tensor(x)).numpy()
        np.testing.assert_allclose(deviation[0], x.astype(np.float64).std(1, ddof=1)[0], rtol=1e-6)
