"""& | ^ ~ of Tensors: bits of whole numbers, logic of bools, eager and compiled."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
import gradwerk.torch as torch
from gradwerk.base.errors import DTypeError
from gradwerk.tensor.tensor import Tensor

OPERATORS: dict[str, Callable[[Any, Any], Any]] = {"and": operator.and_, "or": operator.or_, "xor": operator.xor}
DTYPES = ("bool", "uint8", "uint32", "int32", "int64")


def drawn(dtype: str, seed: int) -> np.ndarray[Any, Any]:
    """Every bit both ways."""
    if dtype == "bool":
        return np.random.default_rng(seed).integers(0, 2, (3, 21)).astype(bool)
    limits = np.iinfo(dtype)
    return np.random.default_rng(seed).integers(limits.min, limits.max, (3, 21), dtype, endpoint=True)


@pytest.mark.parametrize("cls", [Tensor, torch.Tensor], ids=["core", "torch"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPERATORS)
def test_bits(name: str, dtype: str, cls: type[Tensor]) -> None:
    function, a, b = OPERATORS[name], drawn(dtype, 0), drawn(dtype, 1)[0]
    number = True if dtype == "bool" else 5
    for run in (function, gw.compile(function)):
        for made, right in (
            (run(cls(a), cls(b)), function(a, b)), (run(cls(a), number), function(a, number)), (run(number, cls(a)), function(number, a)),
        ):  # fmt: skip
            assert made.dtype == a.dtype
            np.testing.assert_array_equal(np.asarray(made), right)
    for run in (operator.invert, gw.compile(operator.invert)):
        np.testing.assert_array_equal(np.asarray(run(cls(a))), ~a)


def test_bools_beside_whole_numbers_and_writes_in_place() -> None:
    mask, x = torch.tensor([True, False, True]), torch.tensor([4, 5, 7])
    assert (mask ^ x).tolist() == [5, 5, 6] and (mask & 3).tolist() == [1, 0, 1] and (mask ^ True).tolist() == [False, True, False]
    x ^= 1
    assert x.tolist() == [5, 4, 6]
    mask ^= torch.tensor([True, True, True])
    assert mask.tolist() == [False, True, False]
    with pytest.raises(RuntimeError):
        mask ^= 2


@pytest.mark.parametrize("function", OPERATORS.values(), ids=OPERATORS)
def test_floats_have_no_bits(function: Callable[[Any, Any], Any]) -> None:
    for a, b in ((Tensor([1.0]), Tensor([2.0])), (Tensor([1.0]), 1), (Tensor(np.array([1])), 0.5)):
        with pytest.raises(DTypeError):
            function(a, b)
    with pytest.raises(DTypeError):
        ~Tensor([1.0])
