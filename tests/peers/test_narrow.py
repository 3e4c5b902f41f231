"""float16 and bfloat16 beside numbers and 0-d Tensors of other floats, bit by bit as in PyTorch.  Skipped where it is not installed."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
import pytest

from gradwerk import torch as ours
from gradwerk.base import dtypes

theirs: Any = pytest.importorskip("torch", reason="PyTorch is not installed: make test-peers runs this")
X = (np.random.default_rng(0).normal(size=3200) * 3).astype(np.float32)
"""Whole vectors: in the rest of one PyTorch rounds alpha * other before it adds."""
FORMS: dict[str, Any] = {
    "add": operator.add, "sub": operator.sub, "mul": operator.mul, "div": operator.truediv, "floor_divide": operator.floordiv,
    "add_": operator.iadd, "sub_": operator.isub, "mul_": operator.imul, "div_": operator.itruediv, "less": operator.lt,
    "rounded": lambda x, n: x.div(n, rounding_mode="floor"),
}  # fmt: skip
SCALED: dict[str, Any] = {"add": lambda x, n: x.add(x, alpha=n), "sub": lambda x, n: x.sub(x, alpha=n)}


def given(t: Any, dtype: str, number: float, beside: str) -> tuple[Any, Any]:
    return t.tensor(X).to(getattr(t, dtype)), t.tensor(number, dtype=getattr(t, beside)) if beside else number


def same(one: Any, other: Any) -> None:
    assert dtypes.name(one.dtype) == str(other.dtype).removeprefix("torch.")
    np.testing.assert_array_equal(one.float().numpy(), other.float().numpy())


@pytest.mark.parametrize("beside", ["", "float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_and_factors_without_axes(dtype: str, form: str, beside: str) -> None:
    for number in (0.1, 1.003, 2.7, -7.3, 3.0, 1e-8, 1e5):
        same(*[FORMS[form](*given(t, dtype, number, beside)) for t in (ours, theirs)])


@pytest.mark.parametrize("form", SCALED)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_sums_by_a_factor_round_once(dtype: str, form: str) -> None:
    for number in (0.1, 1.003, 2.7, -7.3, 3):
        same(*[SCALED[form](*given(t, dtype, number, "")) for t in (ours, theirs)])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_in_front(dtype: str) -> None:
    for number in (0.1, 1.003, 2.7, -7.3, 3.0, 1e-8, 1e5):
        for form in (operator.mul, operator.add, operator.sub):
            same(*[form(number, given(t, dtype, number, "")[0]) for t in (ours, theirs)])
