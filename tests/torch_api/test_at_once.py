"""What is found in other ways where the numbers are there, and kept by what it follows from, is what it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.nn import recurrence
from gradwerk.ops import reduction
from gradwerk.torch import nn

ROWS = (
    np.float32([[1, 3, 3], [np.nan, 5, np.nan], [-0.0, 0.0, -1], [np.inf, -np.inf, np.inf]]), np.int64([[2, 2, 1], [0, -1, 0]]),
    np.uint8([[7], [255]]), np.float64([[1e-300, 0, 1]]),
)  # fmt: skip


@pytest.mark.parametrize("name", ["argmax", "argmin"])
@pytest.mark.parametrize("rows", ROWS, ids=str)
@pytest.mark.parametrize("keepdim", [False, True])
def test_places_are_those_of_the_composition(name: str, rows: Any, keepdim: bool) -> None:
    for x in (torch.from_numpy(rows), torch.from_numpy(rows).T, torch.from_numpy(rows).to(torch.bfloat16)):
        for axis in (0, 1, -1):
            found, wanted = getattr(x, name)(axis, keepdim), getattr(reduction, name)(x, axis, keepdims=keepdim)
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            np.testing.assert_array_equal(found.numpy(), wanted.numpy())


def test_places_of_what_is_read_later_are_refused_as_any_result() -> None:
    x = torch.ones(3, requires_grad=True)
    assert not (x * 2).argmax().requires_grad


@pytest.mark.parametrize(("first", "other"), [(1, True), (True, 1), (0, False), (np.int64(1), True)])
def test_keys_that_are_equal_and_mean_something_else(first: Any, other: Any) -> None:
    numbers = np.arange(6.0, dtype=np.float32).reshape(2, 3)
    x = torch.from_numpy(numbers)
    for key in (first, other, first):
        np.testing.assert_array_equal(x[key].numpy(), numbers[key])


def test_a_key_is_kept_with_the_shape_that_it_is_of() -> None:
    for shape in ((4, 5), (5, 4), (2, 3, 4)):
        numbers = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
        for key in ((slice(None), slice(1, 3)), (..., -1), (None, slice(None, None, 2)), (slice(3, 1), 0), (1,), (slice(-2, None),)):
            np.testing.assert_array_equal(torch.from_numpy(numbers)[key].numpy(), numbers[key])


def test_two_cells_of_the_same_types_have_their_own_weights() -> None:
    one, other = nn.LSTM(3, 5), nn.LSTM(3, 5)
    x = torch.from_numpy(np.random.default_rng(0).standard_normal((4, 2, 3), np.float32))
    traced = [torch.compile(lstm)(x)[0].detach().numpy() for lstm in (one, other)]
    for _ in range(2):
        for lstm, wanted in zip((one, other), traced, strict=True):
            np.testing.assert_allclose(lstm(x)[0].detach().numpy(), wanted, rtol=1e-5, atol=1e-6)
    with torch.no_grad():
        one.weight_hh_l0.zero_()
    changed, still = (lstm(x)[0].detach().numpy() for lstm in (one, other))
    assert not np.array_equal(changed[1:], traced[0][1:])
    np.testing.assert_allclose(still, traced[1], rtol=1e-5, atol=1e-6)


def test_scans_of_cells_are_bounded_and_found_again() -> None:
    recurrence._scans.clear()
    for batch in range(1, recurrence.MOST_SCANS + 3):
        nn.LSTM(2, 2)(torch.zeros(1, batch, 2))
    assert 0 < len(recurrence._scans) <= recurrence.MOST_SCANS
    recurrence._scans.clear()
    lstm = nn.LSTM(2, 2)
    for _ in range(3):
        lstm(torch.zeros(1, 2, 2))
    assert len(recurrence._scans) == 1


@pytest.mark.parametrize("bias", [True, False])
def test_a_weight_used_several_times_gets_the_sum_of_its_gradients(bias: bool) -> None:
    torch.manual_seed(0)
    layer, xs = nn.Linear(6, 4, bias=bias), [torch.randn(3, 6) for _ in range(3)]
    sum((layer(x) ** 2).sum() for x in xs).backward()
    found = layer.weight.grad.numpy().copy()
    layer.zero_grad()
    apart = np.zeros_like(found)
    for x in reversed(xs):  # as the walk comes to them
        (layer(x) ** 2).sum().backward()
        apart += layer.weight.grad.numpy()
        layer.zero_grad()
    np.testing.assert_array_equal(found, apart)


def test_a_second_backward_is_refused_and_rules_that_read_nothing_go_on() -> None:
    x = torch.ones(3, requires_grad=True)
    squared = x * x
    squared.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        squared.sum().backward()
    added = x + 1
    added.sum().backward()
    added.sum().backward()
    assert x.grad is not None
    assert x.grad.tolist() == [4.0, 4.0, 4.0]
