"""Clipping of gradients: PyTorch 2.13.0's numbers where gradients are missing, zero, infinite, NaN, too large to square; any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, StateError, TraceError
from gradwerk.torch import nn

INF, NAN = math.inf, math.nan
either = pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
Gradients = list[list[float] | None]

CASES: dict[str, tuple[Gradients, Any, Any, float, Gradients]] = {
    "below": ([[3, 4], None], 100.0, 2, 5, [[3, 4], None]),
    "above": ([[3, 0], [0, 4]], 1.0, 2.0, 5, [[0.6, 0], [0, 0.8]]),
    "a text": ([[3, 4]], "2", "2", 5, [[1.2, 1.6]]),
    "a limit of 0": ([[3, 4]], 0, 2, 5, [[0, 0]]),
    "a limit below 0": ([[3, 4]], -1, 2, 5, [[-0.6, -0.8]]),
    "no limit": ([[3, 4]], INF, 2, 5, [[3, 4]]),
    "a limit that is NaN": ([[3, 4]], NAN, 2, 5, [[NAN, NAN]]),
    "zeros": ([[0, 0]], 1.0, 2, 0, [[0, 0]]),
    "next to nothing": ([[1e-6, 0]], 1e-6, 2, 1e-6, [[0.5e-6, 0]]),  # the offset of 1e-6 is as large as the norm
    "infinity": ([[INF, 1], [2]], 1.0, 2, INF, [[NAN, 0], [0]]),
    "infinity of no limit": ([[INF, 1], [2]], INF, 2, INF, [[NAN, NAN], [NAN]]),
    "NaN": ([[NAN, 1], [2]], 1.0, 2, NAN, [[NAN, NAN], [NAN]]),
    "too large to square": ([[1e20, 1e20]], 1.0, 2, INF, [[0, 0]]),
    "nothing in one": ([[], [3]], 1.0, 2, 3, [[], [1]]),
    "order 1": ([[3, 0], [0, 4]], 1.0, 1, 7, [[3 / 7, 0], [0, 4 / 7]]),
    "order 3": ([[3, 4]], 1.0, 3, 4.49794, [[0.66697, 0.8893]]),
    "order 1/2": ([[3, 4]], 1.0, 0.5, 13.9282, [[0.21539, 0.28719]]),
    "order -1": ([[3, 4]], 1.0, -1, 12 / 7, [[1.75, 7 / 3]]),
    "order 0": ([[3, 4], [0, 0], [1, 0]], 1.0, 0, 2, [[1.5, 2], [0, 0], [0.5, 0]]),
    "order infinity": ([[3, 0], [0, -4]], 1.0, INF, 4, [[0.75, 0], [0, -1]]),
    "order -infinity": ([[3, 4], None], 1.0, "-inf", 3, [[1, 4 / 3], None]),
    "order infinity of NaN": ([[NAN, 1], [2]], 1.0, INF, NAN, [[NAN, NAN], [NAN]]),
}


def parameters_of(gradients: Gradients, dtype: Any = np.float32) -> list[Any]:
    made = []
    for gradient in gradients:
        held = nn.Parameter(torch.tensor(np.zeros(len(gradient or ()), dtype)))
        held.grad = None if gradient is None else torch.tensor(np.asarray(gradient, dtype))
        made.append(held)
    return made


@either
@pytest.mark.parametrize("name", CASES)
def test_pytorchs_numbers(name: str, compiled: bool) -> None:
    gradients, limit, order, norm, wanted = CASES[name]
    parameters = parameters_of(gradients)

    def clip() -> Any:
        return nn.utils.clip_grad_norm_(parameters, limit, order)

    found = (torch.compile(clip) if compiled else clip)()
    np.testing.assert_allclose(found.item(), norm, rtol=1e-5)
    for parameter, expected in zip(parameters, wanted, strict=True):
        assert (parameter.grad is None) is (expected is None)
        if expected is not None:
            np.testing.assert_allclose(parameter.grad.numpy(), expected, rtol=2e-5)


@either
@pytest.mark.parametrize("order", [1, 2, 3, 0.5, -2, INF, -INF])
def test_the_norm_is_that_of_one_vector(order: float, compiled: bool) -> None:
    rng = np.random.default_rng(4)
    parts = [rng.standard_normal(shape) for shape in ((3, 4), (), (7,))]
    whole = np.concatenate([part.ravel() for part in parts])
    norm = torch.compile(nn.utils.get_total_norm) if compiled else nn.utils.get_total_norm
    np.testing.assert_allclose(norm([torch.tensor(part) for part in parts], order).item(), np.linalg.norm(whole, order), rtol=1e-10)


@either
def test_by_value(compiled: bool) -> None:
    parameters = parameters_of([[3, -0.25, NAN], None, [INF, -INF]])

    def clip() -> None:
        nn.utils.clip_grad_value_(parameters, 0.5)

    (torch.compile(clip) if compiled else clip)()
    np.testing.assert_array_equal(parameters[0].grad.numpy(), np.float32([0.5, -0.25, NAN]))
    assert parameters[1].grad is None
    assert parameters[2].grad.tolist() == [0.5, -0.5]


@pytest.mark.parametrize("bad", [INF, NAN])
def test_a_norm_that_is_not_finite_is_an_error_where_asked(bad: float) -> None:
    parameters = parameters_of([[bad, 1], [2]])
    with pytest.raises(StateError, match=r"total norm of order 2\.0 for gradients from `parameters` is non-finite"):
        nn.utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True)
    assert parameters[1].grad.tolist() == [2.0]
    assert nn.utils.clip_grad_norm_(parameters_of([[3, 4]]), 1.0, error_if_nonfinite=True).item() == 5.0
    with pytest.raises(TraceError):
        torch.compile(lambda: nn.utils.clip_grad_norm_(parameters, 1.0, error_if_nonfinite=True))()


def test_what_is_clipped_stays_where_it_is() -> None:
    (parameter,) = parameters_of([[3, 4]])
    gradient = parameter.grad
    nn.utils.clip_grad_norm_([parameter, parameter], 1.0)  # that stands there twice is scaled twice
    assert parameter.grad is gradient
    np.testing.assert_allclose(gradient.numpy(), np.float32([3, 4]) / np.float32(50), rtol=1e-5)
    narrow, wide = parameters_of([[3, 4]]) + parameters_of([[5]], np.float64)
    norm = nn.utils.clip_grad_norm_([narrow, wide], 1.0)
    assert (norm.dtype, narrow.grad.dtype, wide.grad.dtype) == (torch.float64, torch.float32, torch.float64)
    norm = nn.utils.get_total_norm([narrow.grad, wide.grad])
    nn.utils.clip_grads_with_norm_(narrow, 0.5, norm)
    np.testing.assert_allclose(nn.utils.get_total_norm(narrow.grad).item(), 0.5 * 0.5**0.5, rtol=1e-5)


def test_nothing_to_clip() -> None:
    assert nn.utils.clip_grad_norm_([], 1.0).item() == 0.0
    assert nn.utils.clip_grad_norm_(parameters_of([None]), 1.0).item() == 0.0
    for order in (INF, -1):
        with pytest.raises(ArgumentError, match="norm on an empty tensor"):
            nn.utils.clip_grad_norm_(parameters_of([[], [3]]), 1.0, order)
    for limit, order in ((None, 2), (1.0, None)):
        with pytest.raises(TypeError):
            nn.utils.clip_grad_norm_(parameters_of([[3, 4]]), limit, order)
