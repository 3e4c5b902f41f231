"""Gradients that come back through a transpose and another movement, to a Tensor that gets a second one."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk as gw


@pytest.mark.parametrize("axis", range(4))
def test_a_gradient_through_fewer_axes_adds_up(axis: int) -> None:
    x = gw.Parameter(np.arange(24.0, dtype=np.float32).reshape(2, 3, 4))
    moved = gw.transpose(gw.expand_dims(x, axis), (2, 3, 0, 1))
    weights = np.random.default_rng(axis).normal(size=moved.shape).astype(np.float32)
    loss = gw.reduce_sum(moved * gw.Tensor(weights)) + gw.reduce_sum(x * x)
    (got,) = gw.grad(loss, [x])
    expected = np.squeeze(np.transpose(weights, np.argsort((2, 3, 0, 1))), axis) + 2 * x.numpy()
    np.testing.assert_allclose(got.numpy(), expected, rtol=1e-6)
