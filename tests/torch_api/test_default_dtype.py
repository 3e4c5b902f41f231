"""set_default_dtype: what Python's floats, drawn numbers, whole numbers in functions and layers become; layers in other dtypes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentTypeError
from gradwerk.torch import nn

MADE = {
    "tensor": lambda: torch.tensor([1.5]),
    "number": lambda: torch.tensor(1.5),
    "full": lambda: torch.full((2,), 0.5),
    "zeros": lambda: torch.zeros(2),
    "ones": lambda: torch.ones(2),
    "empty": lambda: torch.empty(2),
    "eye": lambda: torch.eye(2),
    "rand": lambda: torch.rand(2),
    "randn": lambda: torch.randn(2),
    "normal": lambda: torch.normal(0.0, 1.0, (2,)),
    "linspace": lambda: torch.linspace(0, 1, 3),
    "logspace": lambda: torch.logspace(0, 1, 3),
    "arange": lambda: torch.arange(3.0),
    "Tensor": lambda: torch.Tensor([1]),
    "Tensor of a size": lambda: torch.Tensor(2),
    "quotient": lambda: torch.tensor([1]) / 2,
    "quotient of a number": lambda: 1 / torch.tensor([2]),
    "product": lambda: torch.tensor([1]) * 0.5,
    "exp": lambda: torch.tensor([1]).exp(),
    "sigmoid": lambda: torch.sigmoid(torch.tensor([1])),
    "Linear": lambda: nn.Linear(2, 2).weight,
    "BatchNorm": lambda: nn.BatchNorm1d(2).running_mean,
    "LSTM": lambda: nn.LSTM(2, 2).bias_hh_l0,
    "Embedding": lambda: nn.Embedding(2, 2).weight,
    "attention": lambda: nn.MultiheadAttention(2, 1).out_proj.bias,
}


@pytest.fixture
def doubles() -> Iterator[None]:
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


@pytest.mark.parametrize("name", MADE)
def test_floats_are_of_the_default(name: str, doubles: None) -> None:
    made = MADE[name]()
    assert made.dtype == torch.float64
    if not made.requires_grad:
        assert "dtype" not in repr(made)
    torch.set_default_dtype(torch.float32)
    assert MADE[name]().dtype == torch.float32
    assert "dtype=torch.float64" in repr(made.detach())


def test_what_has_a_dtype_keeps_it(doubles: None) -> None:
    single = torch.ones(2, dtype=torch.float32)
    assert {(single * 0.5).dtype, (single / 2).dtype, torch.tensor(single).dtype, nn.Linear(2, 2).float().weight.dtype} == {torch.float32}
    assert torch.tensor([1]).dtype == torch.int64
    assert torch.tensor(1 + 2j).dtype == torch.complex128
    assert torch.finfo().bits == 64
    assert torch.get_default_dtype() == torch.float64


@pytest.mark.parametrize("wrong", [torch.int64, torch.bool, "float64", None, int])
def test_other_dtypes_are_refused(wrong: Any) -> None:
    with pytest.raises(ArgumentTypeError):
        torch.set_default_dtype(wrong)
    assert torch.get_default_dtype() == torch.float32


LAYERS = {
    "Linear": (lambda **o: nn.Linear(3, 4, **o), (2, 3)),
    "Conv2d": (lambda **o: nn.Conv2d(3, 4, 3, **o), (2, 3, 5, 5)),
    "ConvTranspose2d": (lambda **o: nn.ConvTranspose2d(3, 4, 3, **o), (2, 3, 5, 5)),
    "LSTM": (lambda **o: nn.LSTM(3, 4, **o), (5, 2, 3)),
    "GRUCell": (lambda **o: nn.GRUCell(3, 4, **o), (2, 3)),
    "BatchNorm2d": (lambda **o: nn.BatchNorm2d(3, **o), (2, 3, 4, 4)),
    "LayerNorm": (lambda **o: nn.LayerNorm(3, **o), (2, 3)),
    "PReLU": (lambda **o: nn.PReLU(**o), (2, 3)),
    "TransformerEncoderLayer": (lambda **o: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, **o), (5, 2, 4)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_are_made_in_a_dtype_and_converted_to_it(name: str) -> None:
    make, shape = LAYERS[name]
    for layer in (make(dtype=torch.float64), make().double(), make().to(torch.float64), make().type("torch.DoubleTensor")):
        x = torch.linspace(-1.0, 2.0, math.prod(shape), dtype=torch.float64).reshape(shape).requires_grad_()  # on both sides of 0
        y = layer(x)
        (y[0] if isinstance(y, tuple) else y).sum().backward()
        assert {p.dtype for p in layer.parameters()} | {p.grad.dtype for p in layer.parameters()} | {x.grad.dtype} == {torch.float64}
        before = [p.detach().clone() for p in layer.parameters()]
        torch.optim.Adam(layer.parameters(), 0.1).step()
        assert any(not torch.equal(a, b) for a, b in zip(before, layer.parameters(), strict=True))
    assert {p.dtype for p in make(dtype=torch.bfloat16).parameters()} == {torch.bfloat16}


def test_a_dtype_that_is_not_floating_is_none_of_layers() -> None:
    with pytest.raises(ArgumentTypeError, match="only accepts floating point"):
        nn.Linear(2, 2).to(torch.int64)
    with pytest.raises(ValueError, match="dtype"):
        nn.Linear(2, 2, dtype=torch.int64)
