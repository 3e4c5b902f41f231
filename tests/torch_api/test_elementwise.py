"""What laws of ops and PyTorch's own samples do not ask of functions of one and two elements: numbers first, errors, operators."""

from __future__ import annotations

import math

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError


def test_a_number_may_come_first() -> None:
    x = torch.tensor([1, 2, 5])
    assert torch.remainder(7, x).tolist() == [0, 1, 2]
    assert torch.bitwise_left_shift(1, x).tolist() == [2, 4, 32]
    assert torch.bitwise_xor(6, x).tolist() == [7, 4, 3]
    assert torch.float_power(2, x).dtype == torch.float64
    np.testing.assert_allclose(torch.xlogy(2.0, x.float()).numpy(), [0, 2 * math.log(2), 2 * math.log(5)], rtol=1e-6)
    with pytest.raises(ArgumentTypeError, match="must be Tensor, not int"):
        torch.remainder(7, 2)


def test_shifts_are_operators() -> None:
    x = torch.tensor([1, -5, 1 << 40])
    assert (x << 2).tolist() == [4, -20, 1 << 42]
    assert (x >> 1).tolist() == [0, -3, 1 << 39]
    assert (1 << torch.tensor([0, 63, 64, -1])).tolist() == [1, -(2**63), 0, 0]
    x <<= 1
    assert x.tolist() == [2, -10, 1 << 41]
    with pytest.raises(DTypeError):
        _ = torch.ones(2) << 1


@pytest.mark.parametrize("compiled", [False, True])
def test_whole_divisors_of_zero_are_refused(*, compiled: bool) -> None:
    a, b = torch.tensor([7, -7]), torch.tensor([2, 0])
    for call in (torch.fmod, lambda a, b: torch.div(a, b, rounding_mode="trunc")):
        with pytest.raises(ArgumentError, match="0"):
            (torch.compile(call) if compiled else call)(a, b)
    assert torch.div(a, torch.tensor([2, 2]), rounding_mode="trunc").tolist() == [3, -3]
    assert torch.fmod(a, torch.tensor([2, -4])).tolist() == [1, -3]
    assert torch.fmod(torch.tensor([7.5, -7.5]), 2).tolist() == [1.5, -1.5]


def test_what_rounds_is_told_where_it_cannot() -> None:
    assert torch.round(torch.tensor([0.5, 1.5, -2.5, 2.345]), decimals=2).tolist() == pytest.approx([0.5, 1.5, -2.5, 2.34], abs=1e-6)
    assert torch.round(torch.tensor([0.5, 1.5, -2.5])).tolist() == [0, 2, -2]
    assert torch.tensor([1250.0]).round(decimals=-2).tolist() == [1200]
    for call in (lambda: torch.tensor([True]).ceil(), lambda: torch.tensor([1]).frac(), lambda: torch.tensor([1]).round(decimals=1)):
        with pytest.raises(DTypeError):
            call()
    with pytest.raises(DTypeError, match="requires dtype Double"):
        torch.ones(2).float_power_(2)
    with pytest.raises(ArgumentError, match="rounding_mode"):
        torch.ones(2).div(2, rounding_mode="up")
    with pytest.raises(ArgumentError, match="negative n"):
        torch.polygamma(-1, torch.ones(2))


def test_nan_is_close_to_nan_where_that_is_asked() -> None:
    a, b = torch.tensor([math.nan, math.inf, 1.0, -math.inf]), torch.tensor([math.nan, math.inf, 1.000001, math.inf])
    assert torch.isclose(a, b).tolist() == [False, True, True, False]
    assert torch.isclose(a, b, equal_nan=True).tolist() == [True, True, True, False]


def test_nextafter_goes_one_step() -> None:
    x = torch.tensor([1.0, 0.0, -0.0, math.inf, 1.0])
    to = torch.tensor([2.0, -1.0, 0.0, 0.0, 1.0])
    np.testing.assert_array_equal(torch.nextafter(x, to).numpy(), np.nextafter(x.numpy(), to.numpy()))
