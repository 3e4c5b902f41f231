"""torch.optim.LBFGS beside PyTorch's recorded steps; its state, schedulers, and what it refuses."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError
from tests.peers.freeze import APART, load
from tests.peers.lbfgs_cases import OPTIONS, answers

RECORDED = load("torch lbfgs", APART["lbfgs"])


@pytest.mark.parametrize("name", OPTIONS)
def test_each_call_ends_where_pytorchs_does(name: str) -> None:
    got = answers(torch, name)
    for problem, exact in RECORDED[name].items():
        np.testing.assert_allclose(got[problem], exact, rtol=1e-6, atol=1e-8, err_msg=problem)


def made(steps: int = 0, dtype: Any = torch.float32) -> tuple[Any, Any, Any]:
    w = torch.nn.Parameter(torch.tensor([3.0, -2.0], dtype=dtype))
    optimizer = torch.optim.LBFGS([w], max_iter=2, line_search_fn="strong_wolfe")

    def closure() -> Any:
        optimizer.zero_grad()
        loss = ((w - torch.tensor([1.0, 0.5], dtype=dtype)) ** 4).sum() + (w[0] * w[1] - 0.5) ** 2
        loss.backward()
        return loss

    for _ in range(steps):
        optimizer.step(closure)
    return w, optimizer, closure


def test_it_goes_on_from_a_state_dict() -> None:
    w, optimizer, closure = made(3)
    kept, other = copy.deepcopy(optimizer.state_dict()), made(0)
    assert sorted(kept["state"][0]) == [
        "H_diag", "d", "func_evals", "n_iter", "old_dirs", "old_stps", "prev_flat_grad", "prev_loss", "ro", "t",
    ]  # fmt: skip
    with torch.no_grad():
        other[0].copy_(w)
    other[1].load_state_dict(kept)
    for _ in range(3):
        assert optimizer.step(closure).item() == other[1].step(other[2]).item()
    np.testing.assert_array_equal(w.detach().numpy(), other[0].detach().numpy())


def test_parameters_without_a_gradient_and_a_scheduler() -> None:
    w, idle = torch.nn.Parameter(torch.tensor([2.0])), torch.nn.Parameter(torch.tensor([5.0]))
    optimizer = torch.optim.LBFGS([w, idle], lr=0.5, max_iter=1)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, gamma=0.5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (w**2).sum()
        loss.backward()
        return loss

    assert optimizer.step(closure).item() == 4.0
    scheduler.step()
    assert (w.item(), idle.item()) == (2.0 - 0.25 * 0.5 * 4.0, 5.0)
    optimizer.step(closure)
    assert optimizer.state[w]["t"] == 0.25


@pytest.mark.parametrize(("wrong", "expected"), [
    (lambda: made()[1].step(), "asks for the loss several times"),
    (lambda: torch.optim.LBFGS([{"params": [torch.nn.Parameter(torch.ones(1))]} for _ in range(2)]), "groups"),
    (lambda: torch.optim.LBFGS([torch.nn.Parameter(torch.ones(1))], lr=-1.0), "Invalid learning rate"),
    (lambda: torch.optim.LBFGS([made()[0]], line_search_fn="armijo").step(lambda: made()[2]()), "only 'strong_wolfe'"),
])  # fmt: skip
def test_what_is_refused(wrong: Any, expected: str) -> None:
    with pytest.raises((ArgumentError, TypeError), match=expected):
        wrong()
