"""torch.autocast computes in the narrow dtype what PyTorch does, GradScaler passes over what is not finite, torch.cuda.amp says no."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.torch import nn
from gradwerk.torch.autocasting import FULL, LOWER
from gradwerk.torch.nn import functional
from gradwerk.torch.signatures import RECORD

X, B = torch.ones(2, 2), torch.ones(1, 2, 2)
NARROW = {
    "linear": lambda: nn.Linear(2, 2)(X), "matmul": lambda: torch.matmul(X, X), "@": lambda: X @ X, "mm": lambda: torch.mm(X, X),
    "Tensor.mm": lambda: X.mm(X), "bmm": lambda: torch.bmm(B, B),
    "addmm": lambda: torch.addmm(X, X, X), "einsum": lambda: torch.einsum("ij,kj->ik", X, X),
    "baddbmm": lambda: torch.baddbmm(B, B, B), "conv": lambda: nn.Conv2d(1, 1, 1)(torch.ones(1, 1, 2, 2)),
    "conv_transpose": lambda: nn.ConvTranspose1d(1, 1, 1)(torch.ones(1, 1, 2)),
    "attention": lambda: functional.scaled_dot_product_attention(B, B, B),
    "MultiheadAttention": lambda: nn.MultiheadAttention(2, 1)(B, B, B)[0], "softmax of one": lambda: torch.softmax(X @ X, 1),
    "relu of one": lambda: torch.relu(X @ X), "norm of one": lambda: nn.LayerNorm(2)(X @ X),
}  # fmt: skip
"""What PyTorch 2.13.0 gives in bfloat16 under autocast("cpu")."""
WIDE = {
    "mse_loss": lambda: functional.mse_loss(X @ X, X), "cross_entropy": lambda: functional.cross_entropy(X @ X, torch.tensor([0, 1])),
    "bce": lambda: functional.binary_cross_entropy_with_logits(X @ X, X), "cat": lambda: torch.cat([X @ X, X]), "sum": lambda: X @ X + X,
    "prod": lambda: torch.prod(X @ X), "softmax": lambda: torch.softmax(X, 1), "dot": lambda: torch.dot(X[0], X[0]), "exp": lambda: X.exp(),
    "mv": lambda: torch.mv(X, X[0]), "trace": lambda: torch.trace(X @ X),
}  # fmt: skip
"""And in float32."""


def test_the_table_names_what_there_is() -> None:
    assert sorted(name for name in LOWER | FULL if name not in RECORD) == ["nn.functional.scaled_dot_product_attention"]  # says nothing
    assert not LOWER & FULL


@pytest.mark.parametrize("name", [*NARROW, *WIDE])
def test_what_is_computed_in_which_dtype(name: str) -> None:
    call = (NARROW | WIDE)[name]
    with torch.autocast("cpu"):
        inside = call().dtype
    assert inside == (torch.bfloat16 if name in NARROW else torch.float32)
    assert call().dtype == torch.float32
    with torch.autocast("cpu", dtype=torch.float16):
        assert call().dtype == (torch.float16 if name in NARROW else torch.float32)
    with torch.autocast("cpu"), torch.autocast("cpu", enabled=False):
        assert (X @ X).dtype == torch.float32


def test_numbers_are_rounded_and_gradients_come_back_in_float32() -> None:
    torch.manual_seed(0)
    x, layer = torch.randn(4, 8), nn.Linear(8, 3)
    with torch.autocast("cpu"):
        y = layer(x)
    w, b = (p.detach().bfloat16().float().numpy() for p in (layer.weight, layer.bias))
    assert np.abs(y.float().detach().numpy() - (x.bfloat16().float().numpy() @ w.T + b)).max() < 0.02
    y.float().sum().backward()
    assert layer.weight.grad.dtype == torch.float32
    with torch.autocast("cpu"):
        assert (X.double() @ X.double()).dtype == torch.float64


def test_compiled_functions_heed_it() -> None:
    step = torch.compile(lambda x: x @ x)
    assert step(X).dtype == torch.float32
    with torch.autocast("cpu"):
        assert step(X).dtype == torch.bfloat16
    assert step(X).dtype == torch.float32


def test_it_decorates_and_tells() -> None:
    @torch.autocast("cpu")
    def product(x: Any) -> Any:
        return x @ x, torch.is_autocast_enabled("cpu"), torch.get_autocast_dtype("cpu")

    y, inside, dtype = product(X)
    assert (y.dtype, inside, dtype) == (torch.bfloat16, True, torch.bfloat16)
    assert not torch.is_autocast_enabled("cpu")
    torch.set_autocast_dtype("cpu", torch.float16)
    assert torch.get_autocast_dtype("cpu") == torch.float16
    torch.set_autocast_dtype("cpu", torch.bfloat16)
    assert (torch.amp.is_autocast_available("cpu"), torch.amp.is_autocast_available("cuda")) == (True, False)
    with pytest.warns(UserWarning, match="CUDA is not available"), torch.autocast("cuda"):
        assert (X @ X).dtype == torch.float32
    with pytest.warns(FutureWarning, match="torch.cuda.amp.autocast"), pytest.warns(UserWarning, match="CUDA is not available"):
        made = torch.cuda.amp.autocast()
    with made:
        assert (X @ X).dtype == torch.float32
    with pytest.warns(UserWarning, match="target dtype is not supported"), torch.autocast("cpu", dtype=torch.float32):
        assert (X @ X).dtype == torch.float32
    with pytest.raises(ArgumentError, match="device type at start of device string: foo"):
        torch.autocast("foo")


def test_the_scale_grows_shrinks_and_passes_over() -> None:
    p = nn.Parameter(torch.ones(2))
    optimizer, scaler = torch.optim.SGD([p], 0.1), torch.amp.GradScaler("cpu", growth_interval=2)
    with pytest.raises(StateError, match="Attempted step but _scale is None"):
        scaler.step(optimizer)
    scaler.scale((p**2).sum()).backward()
    assert p.grad.tolist() == [131072.0, 131072.0]
    scaler.unscale_(optimizer)
    assert p.grad.tolist() == [2.0, 2.0]
    with pytest.raises(StateError, match="already been called on this optimizer"):
        scaler.unscale_(optimizer)
    scaler.step(optimizer)
    assert np.allclose(p.detach().numpy(), 0.8)
    with pytest.raises(StateError, match=r"step\(\) has already been called"):
        scaler.step(optimizer)
    scaler.update()
    with pytest.raises(StateError, match="No inf checks were recorded"):
        scaler.update()
    before = p.detach().clone()
    optimizer.zero_grad()
    scaler.scale((p * float("inf")).sum()).backward()
    assert scaler.step(optimizer) is None
    scaler.update()
    assert scaler.get_scale() == 32768.0
    assert torch.equal(p, before)
    for _ in range(2):
        optimizer.zero_grad()
        scaler.scale(p.sum()).backward()
        scaler.step(optimizer)
        scaler.update()
    assert scaler.get_scale() == 65536.0
    other = torch.amp.GradScaler("cpu")
    other.load_state_dict(scaler.state_dict())
    assert other.state_dict() == scaler.state_dict()
    assert list(other.state_dict()) == ["scale", "growth_factor", "backoff_factor", "growth_interval", "_growth_tracker"]
    with pytest.raises(ArgumentError, match="growth factor must be > 1"):
        torch.amp.GradScaler("cpu", growth_factor=1.0)


def test_a_scaler_of_no_card_does_nothing() -> None:
    told = pytest.warns(UserWarning, match=r"torch.cuda.amp.GradScaler is enabled, but CUDA is not available")
    with pytest.warns(FutureWarning, match="deprecated"), told:
        scaler = torch.cuda.amp.GradScaler()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        torch.amp.GradScaler(enabled=False)
    p = nn.Parameter(torch.ones(2))
    optimizer = torch.optim.SGD([p], 0.5)
    loss = p.sum()
    assert scaler.scale(loss) is loss
    loss.backward()
    scaler.unscale_(optimizer)
    scaler.step(optimizer)
    scaler.update()
    assert p.tolist() == [0.5, 0.5]
    assert (scaler.is_enabled(), scaler.get_scale(), scaler.state_dict()) == (False, 1.0, {})


def test_functions_of_ones_own_choose_their_dtype() -> None:
    seen = []

    class Product(torch.autograd.Function):
        @staticmethod
        @torch.amp.custom_fwd(device_type="cpu", cast_inputs=torch.float32)
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            seen.append((x.dtype, torch.is_autocast_enabled("cpu")))
            return x @ x

        @staticmethod
        @torch.amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            seen.append((grad.dtype, torch.is_autocast_enabled("cpu")))
            return grad @ x.t() + x.t() @ grad

    x = torch.ones(2, 2, requires_grad=True)
    with torch.autocast("cpu"):
        y = Product.apply(x.bfloat16())
    y.sum().backward()
    assert seen == [(dtypes.float32, False), (dtypes.float32, False)]
    assert y.dtype == torch.float32
