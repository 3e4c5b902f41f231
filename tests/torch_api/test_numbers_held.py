"""Numbers that fill Tensors: PyTorch's number, or its error; never what the processor makes of one that does not fit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch

NAN, INF = float("nan"), float("inf")
FLOATING = {number: number for number in (0.5, -0.0, 1, 2**40, INF, -INF, NAN)}
HELD: dict[Any, dict[float, float | None]] = {
    torch.int32: {-2.7: -2, 2**31 - 1: 2**31 - 1, 2**31: None, -(2**31): -(2**31), -(2**31) - 1: None, 3e9: None, NAN: None, -INF: None},
    torch.int64: {2.7: 2, 2**53 + 1: 2**53 + 1, 2**63: None, 2**70: None, 1e30: None, NAN: None, INF: None},
    torch.uint8: {2.7: 2, 255: 255, 256: None, -1: 255, -255: 1, -256: None, -1.5: None, 300.5: None, NAN: None, INF: None},
    torch.bool: {1: True, 0: False, 2.7: True, -1: True, 300: True, NAN: True, INF: True},
    torch.float32: FLOATING | {3e38: np.float32(3e38), 1e300: None, -1e39: None},
    torch.float64: FLOATING | {1e300: 1e300},
}  # fmt: skip
"""For each dtype: what a number becomes in it, None where PyTorch 2.13 raises RuntimeError."""


def written_at(number: float, dtype: Any) -> Any:
    x = torch.zeros(3, dtype=dtype)
    x[1] = number
    return x[1:2]


def written_by_mask(number: float, dtype: Any) -> Any:
    x = torch.zeros(3, dtype=dtype)
    x[torch.tensor([False, True, True])] = number
    return x[1:]


WAYS: dict[str, Callable[[float, Any], Any]] = {
    "full": lambda number, dtype: torch.full((2,), number, dtype=dtype),
    "fill_": lambda number, dtype: torch.zeros(2, dtype=dtype).fill_(number),
    "masked_fill": lambda number, dtype: torch.zeros(2, dtype=dtype).masked_fill(torch.ones(2, dtype=torch.bool), number),
    "masked_fill_": lambda number, dtype: torch.zeros(2, dtype=dtype).masked_fill_(torch.ones(2, dtype=torch.bool), number),
    "x[1] = number": written_at,
    "x[mask] = number": written_by_mask,
}


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("dtype", HELD, ids=str)
def test_a_number_that_fills_a_tensor(dtype: Any, way: str, *, compiled: bool) -> None:
    for number, wanted in HELD[dtype].items():
        call = (lambda f: torch.compile(f)) if compiled else (lambda f: f)
        fill = call(lambda number=number: WAYS[way](number, dtype))
        if wanted is None:
            with pytest.raises(RuntimeError, match="without overflow"):
                fill()
        else:
            got = fill().numpy()
            np.testing.assert_array_equal(got, np.full(got.shape, wanted, got.dtype), err_msg=f"{number}")
            assert (np.signbit(got) == np.signbit(float(wanted))).all() or got.dtype.kind != "f"


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64, torch.uint8], ids=str)
def test_whole_numbers_of_an_array_that_are_out_of_range_are_the_same_everywhere(dtype: Any) -> None:
    array = np.array([NAN, INF, -INF, 300, -1, 2.9, -2.9, 1e20, -1e20, 2.0**31], np.float32)
    limits = np.iinfo(dtype)
    wanted = [0 if n != n else limits.max if n >= limits.max else limits.min if n <= limits.min else int(n) for n in array.tolist()]
    x = torch.from_numpy(array)
    for made in (torch.tensor(array, dtype=dtype), torch.as_tensor(array, dtype=dtype), x.to(dtype), torch.zeros(10, dtype=dtype).copy_(x)):
        assert made.tolist() == wanted
    for numbers in ([NAN], [INF, 1.0], [limits.max + 1]):
        with pytest.raises(RuntimeError, match="cannot hold these numbers"):
            torch.tensor(numbers, dtype=dtype)


def test_the_ends_of_a_linspace_fit_its_dtype() -> None:
    assert torch.linspace(0, 255, 3, dtype=torch.uint8).tolist() == [0, 127, 255]
    for end in (256, -1):
        with pytest.raises(RuntimeError, match="without overflow"):
            torch.linspace(0, end, 3, dtype=torch.uint8)
