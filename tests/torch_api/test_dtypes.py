"""Whatever takes a dtype reads it as torch does: its own, Python's types, None; a text, a number or another class is refused.

What torch 2.13 makes of each value was asked of it by hand; the names are those of the record.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError, ArgumentTypeError, DTypeError
from gradwerk.torch import nn
from gradwerk.torch.signatures import RECORD
from tests.peers import signatures

X = torch.tensor([[1.0, 2.0]])


def narrow(given: object) -> torch.Tensor:
    """X in a dtype that is not wider."""
    return X.bfloat16() if given is torch.bfloat16 else X.half()


TAKERS: dict[str, Callable[[Any], Any]] = {
    "zeros": lambda d: torch.zeros(2, dtype=d), "ones": lambda d: torch.ones(2, dtype=d), "empty": lambda d: torch.empty(2, dtype=d),
    "tensor": lambda d: torch.tensor([1, 0], dtype=d), "as_tensor": lambda d: torch.as_tensor([1, 0], dtype=d),
    "full": lambda d: torch.full((2,), 1, dtype=d), "arange": lambda d: torch.arange(2, dtype=d), "eye": lambda d: torch.eye(2, dtype=d),
    "linspace": lambda d: torch.linspace(0, 1, 2, dtype=d), "zeros_like": lambda d: torch.zeros_like(X, dtype=d),
    "ones_like": lambda d: torch.ones_like(X, dtype=d), "randint": lambda d: torch.randint(2, (3,), dtype=d),
    "randperm": lambda d: torch.randperm(2, dtype=d), "Tensor.to": lambda d: X.to(dtype=d),
    "Tensor.to, by place": lambda d: X.to(d), "Tensor.to, behind a device": lambda d: X.to("cpu", d), "Tensor.type": lambda d: X.type(d),
    "Tensor.sum": lambda d: X.sum(dtype=d), "sum": lambda d: torch.sum(X, dtype=d),
    "Tensor.cumsum": lambda d: X.cumsum(0, dtype=d), "cumsum": lambda d: torch.cumsum(X, 0, dtype=d),
    "Tensor.cumprod": lambda d: X.cumprod(0, dtype=d), "cumprod": lambda d: torch.cumprod(X, 0, dtype=d),
    "Tensor.prod": lambda d: X.prod(dtype=d), "prod": lambda d: torch.prod(X, dtype=d),
    "Tensor.nansum": lambda d: X.nansum(dtype=d), "nansum": lambda d: torch.nansum(X, dtype=d),
    "full_like": lambda d: torch.full_like(X, 1, dtype=d), "empty_like": lambda d: torch.empty_like(X, dtype=d),
    "randint_like": lambda d: torch.randint_like(X, 2, dtype=d), "scalar_tensor": lambda d: torch.scalar_tensor(1, dtype=d),
    "logspace": lambda d: torch.logspace(0, 1, 2, dtype=d), "Tensor.new_zeros": lambda d: X.new_zeros(2, dtype=d),
    "Tensor.new_ones": lambda d: X.new_ones(2, dtype=d), "Tensor.new_empty": lambda d: X.new_empty(2, dtype=d),
    "Tensor.new_full": lambda d: X.new_full((2,), 1, dtype=d), "Tensor.new_tensor": lambda d: X.new_tensor([1, 0], dtype=d),
    "asarray": lambda d: torch.asarray([1, 0], dtype=d),
    "fft.fftfreq": lambda d: torch.fft.fftfreq(3, dtype=d), "fft.rfftfreq": lambda d: torch.fft.rfftfreq(3, dtype=d),
}  # fmt: skip
FLOATING: dict[str, Callable[[Any], Any]] = {
    "rand": lambda d: torch.rand(2, dtype=d), "randn": lambda d: torch.randn(2, dtype=d),
    "rand_like": lambda d: torch.rand_like(X, dtype=d), "randn_like": lambda d: torch.randn_like(X, dtype=d),
    "Tensor.mean": lambda d: X.mean(dtype=d), "mean": lambda d: torch.mean(X, dtype=d),
    "Tensor.softmax": lambda d: X.softmax(1, d), "Tensor.log_softmax": lambda d: X.log_softmax(1, dtype=d),
    "softmax": lambda d: torch.softmax(X, 1, dtype=d), "log_softmax": lambda d: torch.log_softmax(X, 1, d),
    "nn.functional.softmax": lambda d: nn.functional.softmax(X, 1, dtype=d),
    "nn.functional.log_softmax": lambda d: nn.functional.log_softmax(X, 1, dtype=d), "Tensor.norm": lambda d: X.norm(dtype=d),
    "norm": lambda d: torch.norm(X, dtype=d),
    "normal": lambda d: torch.normal(0.0, 1.0, (2,), dtype=d),
    "Tensor.nanmean": lambda d: X.nanmean(dtype=d), "nanmean": lambda d: torch.nanmean(X, dtype=d),
    "linalg.norm": lambda d: torch.linalg.norm(narrow(d), dtype=d),
    "linalg.vector_norm": lambda d: torch.linalg.vector_norm(narrow(d), dtype=d),
    "linalg.matrix_norm": lambda d: torch.linalg.matrix_norm(narrow(d), dtype=d),
}  # fmt: skip
"""What computes or draws in the dtype, and so takes floating ones only."""
LAYERS: dict[str, Callable[[Any], Any]] = {
    "nn.Linear": lambda d: nn.Linear(2, 2, dtype=d), "nn.Conv1d": lambda d: nn.Conv1d(1, 2, 3, dtype=d),
    "nn.Conv2d": lambda d: nn.Conv2d(1, 2, 3, dtype=d), "nn.LSTM": lambda d: nn.LSTM(2, 2, dtype=d),
    "nn.Embedding": lambda d: nn.Embedding(2, 2, dtype=d), "nn.BatchNorm1d": lambda d: nn.BatchNorm1d(2, dtype=d),
    "nn.Conv3d": lambda d: nn.Conv3d(1, 2, 3, dtype=d), "nn.ConvTranspose1d": lambda d: nn.ConvTranspose1d(1, 2, 3, dtype=d),
    "nn.ConvTranspose2d": lambda d: nn.ConvTranspose2d(1, 2, 3, dtype=d), "nn.PReLU": lambda d: nn.PReLU(dtype=d),
    "nn.ConvTranspose3d": lambda d: nn.ConvTranspose3d(1, 2, 3, dtype=d), "nn.BatchNorm3d": lambda d: nn.BatchNorm3d(2, dtype=d),
    "nn.GroupNorm": lambda d: nn.GroupNorm(1, 2, dtype=d), "nn.LayerNorm": lambda d: nn.LayerNorm(2, dtype=d),
    "nn.RMSNorm": lambda d: nn.RMSNorm(2, dtype=d), "nn.BatchNorm2d": lambda d: nn.BatchNorm2d(2, dtype=d),
    "nn.GRU": lambda d: nn.GRU(2, 2, dtype=d), "nn.RNN": lambda d: nn.RNN(2, 2, dtype=d), "nn.GRUCell": lambda d: nn.GRUCell(2, 2, dtype=d),
    "nn.LSTMCell": lambda d: nn.LSTMCell(2, 2, dtype=d), "nn.RNNCell": lambda d: nn.RNNCell(2, 2, dtype=d),
    "nn.Bilinear": lambda d: nn.Bilinear(2, 2, 2, dtype=d), "nn.EmbeddingBag": lambda d: nn.EmbeddingBag(2, 2, dtype=d),
    "nn.InstanceNorm1d": lambda d: nn.InstanceNorm1d(2, dtype=d), "nn.InstanceNorm2d": lambda d: nn.InstanceNorm2d(2, dtype=d),
    "nn.InstanceNorm3d": lambda d: nn.InstanceNorm3d(2, dtype=d), "nn.SyncBatchNorm": lambda d: nn.SyncBatchNorm(2, dtype=d),
    "nn.MultiheadAttention": lambda d: nn.MultiheadAttention(2, 1, dtype=d),
    "nn.Transformer": lambda d: nn.Transformer(2, 1, 1, 1, 2, dtype=d),
    "nn.TransformerEncoderLayer": lambda d: nn.TransformerEncoderLayer(2, 1, 2, dtype=d),
    "nn.TransformerDecoderLayer": lambda d: nn.TransformerDecoderLayer(2, 1, 2, dtype=d),
    **{f"nn.Lazy{name}": lambda d, name=name: getattr(nn, f"Lazy{name}")(2, 3, dtype=d) for name in (
        "Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d")},
    **{f"nn.Lazy{name}": lambda d, name=name: getattr(nn, f"Lazy{name}")(dtype=d) for name in (
        "BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d")},
    "nn.LazyLinear": lambda d: nn.LazyLinear(2, dtype=d),
    "nn.Module.to": lambda d: nn.Linear(2, 2).to(dtype=d),
    "nn.Module.to, by place": lambda d: nn.Linear(2, 2).to(d), "nn.Module.to, behind a device": lambda d: nn.Linear(2, 2).to(None, d),
}  # fmt: skip
"""What is made in float32, or in a narrow one."""
READ: dict[Any, Any] = {
    float: torch.float64, int: torch.int64, bool: torch.bool, torch.bfloat16: torch.bfloat16, torch.half: torch.float16,
    np.float32: torch.float32, np.dtype("int32"): torch.int32,
}  # fmt: skip
FOLDS = {"sum", "nansum", "cumsum", "cumprod"}
"""Of which there are none in bool."""
NONE: tuple[Any, ...] = ("float32", "", 0, False, (), object, str, [torch.float32], 1.0)
"""What is no dtype."""


def test_whatever_torch_has_that_takes_a_dtype_is_here() -> None:
    known = {name.partition(",")[0] for name in (*TAKERS, *FLOATING, *LAYERS)}
    recorded = {path for path in signatures.public("torch") for way in RECORD.signatures(path) if "dtype" in way.parameters}
    others = {"Tensor.view": "reads the bits as another dtype", "tril_indices": "whole ones", "triu_indices": "whole ones"}
    others |= dict.fromkeys(("autocast", "amp.autocast", "cuda.amp.autocast"), "bfloat16 and float16 alone")
    in_place = {"Tensor.cumsum_", "Tensor.cumprod_"}  # in the dtype of the Tensor
    assert recorded - known == others.keys() | in_place


@pytest.mark.parametrize("given", READ, ids=str)
@pytest.mark.parametrize("name", [*TAKERS, *FLOATING])
def test_a_dtype_is_the_one_that_is_named(name: str, given: Any) -> None:
    take, meant = (TAKERS | FLOATING)[name], READ[given]
    if name == "Tensor.type" and isinstance(given, type):  # as in torch
        with pytest.raises(ArgumentError, match="invalid type"):
            take(given)
    elif (name in FLOATING and not dtypes.is_float(meant)) or (name.removeprefix("Tensor.") in FOLDS and meant == torch.bool):
        with pytest.raises(DTypeError):
            take(given)
    else:
        assert take(given).dtype == meant


@pytest.mark.parametrize("given", NONE, ids=str)
@pytest.mark.parametrize("name", [*TAKERS, *FLOATING, *LAYERS])
def test_what_is_no_dtype_is_refused(name: str, given: Any) -> None:
    with pytest.raises((ArgumentError, ArgumentTypeError)):
        (TAKERS | FLOATING | LAYERS)[name](given)


@pytest.mark.parametrize("name", [*TAKERS, *FLOATING, *LAYERS])
def test_dtypes_that_are_not_known_here(name: str) -> None:
    for given in (np.dtype("S3"), np.dtype(">i2")):
        with pytest.raises((DTypeError, ArgumentError)):
            (TAKERS | FLOATING | LAYERS)[name](given)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_made_in_floating_dtypes_and_in_no_others(name: str) -> None:
    LAYERS[name](None), LAYERS[name](torch.float32), LAYERS[name](np.float32)
    for given in (float, torch.float64, torch.half):
        made, wanted = LAYERS[name](given), torch.half if given is torch.half else torch.double
        assert {x.dtype for x in [*made.parameters(), *made.buffers()] if dtypes.is_float(x.dtype)} <= {wanted}
    for given in (int, bool):
        with pytest.raises((ArgumentError, ArgumentTypeError), match="int64|bool|int"):
            LAYERS[name](given)
    assert nn.Linear(2, 2).to(None, torch.half).weight.dtype == nn.Linear(2, 2).to(torch.ones(1).half()).weight.dtype == torch.half
    with pytest.raises(ArgumentTypeError, match="only accepts floating point dtypes, but got desired dtype=int64"):
        nn.Linear(2, 2).to(torch.arange(3))


@pytest.mark.parametrize("dtype", [d for d in dtypes.DATA if d != dtypes.uint32], ids=str)
def test_the_name_that_type_gives_is_one_that_it_takes(dtype: Any) -> None:
    x = torch.ones(2).to(dtype)
    assert torch.ones(2).type(x.type()).dtype == torch.ones(2).type(dtype).dtype == dtype
    with pytest.raises(ArgumentError, match="invalid type: 'FloatTensor'"):
        x.type("FloatTensor")


def test_places_and_switches_stand_around_a_dtype() -> None:
    device = torch.device("cpu")
    for moved in (X.to("cpu", float, False, True), X.to(device, float), X.to(None, float), X.to(X.double()), X.to(float, True)):
        assert moved.dtype == torch.float64
    assert X.to("cpu") is X and X.to(None) is X and X.to(X) is X and X.to(torch.float32, False, True) is not X
    for wrong in ((torch.float32, "cpu"), ("cpu", "cpu"), (1.5,), ([1],), ("cpu", 2), (np.ones(2),)):
        with pytest.raises(ArgumentTypeError):
            X.to(*wrong)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64], ids=str)
def test_what_is_drawn_like_a_tensor_is_of_its_dtype_and_below_1(dtype: Any) -> None:
    like = torch.zeros(50_000, dtype=dtype)
    uniform = (torch.rand_like(like), torch.rand(50_000, dtype=dtype), torch.zeros(50_000, dtype=dtype).uniform_())
    for drawn in uniform:
        held = drawn.double().numpy()
        assert drawn.dtype == dtype and 0 <= held.min() < 0.01 < 0.99 < held.max() < 1
        assert abs(held.mean() - 0.5) < 0.01 and abs(held.std() - 12**-0.5) < 0.01
    for drawn in (torch.randn_like(like), torch.randn(50_000, dtype=dtype), torch.zeros(50_000, dtype=dtype).normal_()):
        held = drawn.double().numpy()
        assert drawn.dtype == dtype and abs(held.mean()) < 0.02 and abs(held.std() - 1) < 0.02
    if dtype == torch.float64:
        assert not np.array_equal(uniform[0].numpy(), uniform[0].float().double().numpy())


def test_whole_numbers_are_not_drawn_from_a_continuum() -> None:
    for draw in (torch.rand_like, torch.randn_like, lambda x: x.uniform_(), lambda x: x.normal_()):
        with pytest.raises(DTypeError, match="not implemented for 'Long'"):
            draw(torch.arange(3))


def test_a_size_of_what_is_filled_or_drawn_is_a_tuple() -> None:
    """`randint(1, 7)` is a die to NumPy and Python, and five zeros were given for randint(1, 5)."""
    for draw, says in ((lambda: torch.randint(1, 5), r"torch\.randint\(1, 5, \(\)\)"), (lambda: torch.randint(0, 5, 2), "not int"),
                       (lambda: torch.full(3, 1.0), r"\(3,\) is the size of one axis")):  # fmt: skip
        with pytest.raises(ArgumentTypeError, match=rf"(?s)argument 'size' must be tuple of ints.*{says}"):
            draw()
    for wrong in ((1.5, (2,)), (0, 2.0, (2,)), (True, (2,)), (3,)):
        with pytest.raises(ArgumentTypeError):
            torch.randint(*wrong)
    assert 1 <= torch.randint(1, 5, ()).item() < 5 and torch.randint(torch.tensor(3), size=[2]).shape == (2,)


TOO_MANY = [(0, 257, torch.uint8), (-1, 3, torch.uint8), (0, 3, torch.bool), (0, 2**31 + 1, torch.int32)]


@pytest.mark.parametrize(("low", "high", "dtype"), TOO_MANY)
def test_what_a_dtype_does_not_hold_is_not_drawn_in_it(low: int, high: int, dtype: Any) -> None:
    with pytest.raises(ArgumentError, match="does not hold all numbers"):
        torch.randint(low, high, (2,), dtype=dtype)
    assert torch.randint(max(low, 0), high - 1, (2,), dtype=dtype).dtype == dtype
