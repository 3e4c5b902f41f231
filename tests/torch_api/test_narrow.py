"""float16 and bfloat16 as PyTorch 2.13 has them on a CPU: what they meet in, print, refuse, and keep.  The numbers are PyTorch's."""

from __future__ import annotations

import copy
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base import dtypes
from gradwerk.base.errors import ArgumentError
from gradwerk.torch import nn
from gradwerk.torch.nn import functional as F  # noqa: N812

NARROW = [pytest.param(torch.bfloat16, id="bfloat16"), pytest.param(torch.float16, id="float16")]


def numbers(*shape: int, seed: int = 0) -> Any:
    return torch.tensor(np.random.default_rng(seed).normal(size=shape).astype(np.float32))


@pytest.mark.parametrize("dtype", NARROW)
def test_what_narrow_tensors_meet_in(dtype: Any) -> None:
    x = torch.ones(2, dtype=dtype)
    for other in (torch.bool, torch.uint8, torch.int32, torch.int64, dtype):
        assert (x + torch.ones(2).to(other)).dtype == dtype
    for other in (torch.float32, torch.float64):
        assert (torch.ones(2).to(other) * x).dtype == other
        assert (x * torch.tensor(1.0).to(other)).dtype == dtype
    assert (torch.ones(2).half() + torch.ones(2).bfloat16()).dtype == torch.float32
    assert (torch.ones(2, dtype=torch.int64) + torch.tensor(1.0).to(dtype)).dtype == dtype
    assert (x + 1).dtype == (2.5 * x).dtype == dtype
    assert (x > 0.5).dtype == torch.bool


def test_numpy_has_no_bfloat16() -> None:
    x = torch.tensor([1.5, 2.0]).bfloat16()
    with pytest.raises(TypeError, match="Got unsupported ScalarType BFloat16"):
        x.numpy()
    with pytest.raises(TypeError, match="BFloat16"):
        np.asarray(x)
    np.testing.assert_array_equal(x.float().numpy(), [1.5, 2.0])
    assert x.half().numpy().dtype == np.float16


def test_printing_and_python_numbers() -> None:
    x = torch.tensor([1.5, -0.0, 3.14159, 1e-3]).bfloat16()
    assert repr(x) == "tensor([1.5000e+00, -0.0000e+00, 3.1406e+00, 9.9945e-04], dtype=torch.bfloat16)"
    assert repr(torch.tensor([[1.5, 65504.0]]).half()) == "tensor([[1.5000e+00, 6.5504e+04]], dtype=torch.float16)"
    assert repr(torch.tensor(float("nan")).bfloat16()) == "tensor(nan, dtype=torch.bfloat16)"
    assert x.tolist() == [1.5, -0.0, 3.140625, 0.00099945068359375]
    assert x[2].item() == float(x[2]) == 3.140625
    assert f"{x[2]:.2f}" == "3.14"
    assert x.nonzero().tolist() == [[0], [2], [3]]


def test_finfo() -> None:
    assert repr(torch.finfo(torch.bfloat16)) == (
        "finfo(resolution=0.01, min=-3.38953e+38, max=3.38953e+38, eps=0.0078125, smallest_normal=1.17549e-38, tiny=1.17549e-38, "
        "dtype=bfloat16)"
    )
    assert torch.finfo(torch.half).max == 65504
    assert torch.finfo(torch.half).bits == 16
    with pytest.raises(TypeError, match="floating"):
        torch.finfo(torch.int64)


@pytest.mark.parametrize("dtype", NARROW)
def test_functions_of_several_operations_round_once(dtype: Any) -> None:
    x = numbers(3, 4097).to(dtype)
    wide = x.float()
    for function in (
        lambda x: x.sum(1), lambda x: x.mean(1), lambda x: x.var(1), lambda x: x.std(1), lambda x: x.norm(), lambda x: torch.softmax(x, -1),
        lambda x: torch.log_softmax(x, -1), lambda x: F.avg_pool2d(x.reshape(1, 3, 17, 241), 2), lambda x: x @ x.T, lambda x: x.exp(),
    ):  # fmt: skip
        np.testing.assert_array_equal(function(x).float().numpy(), function(wide).to(dtype).float().numpy())
    assert torch.ones(70_000).half().mean().item() == 1.0
    assert torch.ones(5000).to(dtype).sum().item() == dtypes.number_of(dtypes.of_value(5000, dtype))


@pytest.mark.parametrize("dtype", NARROW)
def test_a_model_trains_eager_and_compiled(dtype: Any) -> None:
    def losses(*, compiled: bool) -> list[float]:
        torch.manual_seed(0)
        model: Any = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(36, 3))
        model = model.to(dtype)
        assert {p.dtype for p in model.parameters()} == {dtype}
        optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
        x, y = numbers(16, 1, 8, 8).to(dtype), torch.tensor(np.arange(16) % 3)

        def step() -> Any:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            return loss

        run: Any = torch.compile(step) if compiled else step
        return [float(run()) for _ in range(6)]

    eager, compiled = losses(compiled=False), losses(compiled=True)
    assert eager[-1] < eager[0] - 0.1
    np.testing.assert_allclose(eager, compiled, rtol=16 * torch.finfo(dtype).eps)


def test_modules_are_converted_in_place() -> None:
    model: Any = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3))
    weight = model[0].weight
    model(torch.ones(4, 2)).sum().backward()
    assert model.half() is model
    assert model[0].weight is weight
    assert weight.dtype == weight.grad.dtype == model[1].running_mean.dtype == torch.float16
    assert model[1].num_batches_tracked.dtype == torch.int64
    assert model.bfloat16()[0].bias.dtype == torch.bfloat16
    assert model.float()[0].bias.dtype == torch.float32


@pytest.mark.parametrize("dtype", NARROW)
def test_what_is_written_filled_padded_and_made(dtype: Any) -> None:
    x = torch.tensor([[1.5, 2.0], [3.0, 4.0]]).to(dtype)
    x[0, 0], x[1] = 7, torch.tensor([0.5, 0.25]).to(dtype)
    x += 1
    assert x.tolist() == [[8, 3], [1.5, 1.25]]
    tenth = dtypes.number_of(dtypes.of_value(0.1, dtype))
    assert F.pad(x, (1, 0), value=0.1).tolist() == [[tenth, 8, 3], [tenth, 1.5, 1.25]]
    x[x > 2] = 0.1
    assert x.tolist() == [[tenth, tenth], [1.5, 1.25]]
    for made in (torch.full((2,), 0.1, dtype=dtype), torch.empty(2, dtype=dtype).fill_(0.1), torch.ones(2, dtype=dtype) * 0.1):
        assert made.tolist() == [tenth, tenth]
    assert torch.arange(3, dtype=dtype).tolist() == [0, 1, 2]
    assert torch.eye(2, dtype=dtype).tolist() == [[1, 0], [0, 1]]
    assert torch.ones_like(x).dtype == torch.zeros_like(x).dtype == dtype


@pytest.mark.parametrize("dtype", NARROW)
def test_copies_and_files(dtype: Any, tmp_path: Path) -> None:
    x = torch.tensor([[1.5, -0.0, float("inf"), float("nan"), 1e-7]]).to(dtype)
    torch.save({"x": x}, tmp_path / "x.safetensors")
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x)), torch.load(tmp_path / "x.safetensors")["x"], x.clone(), torch.cat([x])):
        assert other.dtype == dtype
        np.testing.assert_array_equal(other.float().numpy(), x.float().numpy())
        np.testing.assert_array_equal(np.signbit(other.float().numpy()), np.signbit(x.float().numpy()))


def test_errors_name_the_dtype() -> None:
    with pytest.raises(RuntimeError, match="BFloat16 != Float"):
        torch.ones(2, 2).bfloat16() @ torch.ones(2, 2)
    with pytest.raises(TypeError, match="bfloat16"):
        torch.ones(2).bfloat16() ^ torch.ones(2).bfloat16()


def test_numbers_that_tensors_hold() -> None:
    for dtype in (torch.bfloat16, torch.float16, torch.float64):
        three = torch.tensor(3.0).to(dtype)
        assert torch.full((2,), three).tolist() == [3.0, 3.0] and torch.full((2,), three).dtype == torch.float32
        assert torch.arange(three).tolist() == [0.0, 1.0, 2.0] and torch.arange(three).dtype == torch.float32
        assert nn.init.constant_(torch.zeros(2), three).tolist() == [3.0, 3.0]


def test_probabilities_are_looked_at_in_any_dtype() -> None:
    for dtype in (torch.bfloat16, torch.float16, torch.float32):
        half, one = torch.tensor([0.5]).to(dtype), torch.ones(1).to(dtype)
        assert F.binary_cross_entropy(half, one).item() == pytest.approx(0.6931, abs=2e-3)
        assert nn.BCELoss()(half, one).item() == torch.compile(nn.BCELoss())(half, one).item()
        for wrong in (1.5, -0.5, float("nan")):
            with pytest.raises(ArgumentError, match="should be between 0 and 1"):
                F.binary_cross_entropy(half * 0 + wrong, one)


def forms(dtype: Any) -> list[tuple[Any, ...]]:
    """Arguments of many functions."""
    x, y, row = (abs(numbers(*shape)).clamp(0, 1).to(dtype) for shape in ((3, 4), (4, 3), (4,)))
    image, kernel = abs(numbers(1, 2, 4, 4)).to(dtype), numbers(3, 2, 2, 2).to(dtype)
    places = torch.tensor([0, 1, 2])
    return [
        (x,), (x, x), (x, x, x), (x, 0), (x, 0.5), (x, 0, 1), (x, (4, 3)), (x, y), (row, row), (x, places), (x, 0, places[None]),
        (x, x > 0.5), (x > 0.5, x, x), (x, x > 0.5, 0.0), (image, 2), (image, kernel), (x, row, row), (x, row, row, None, None, True),
        (x, x, 1.0), (x[0, 0],), (x, 0, 0, 1),
    ]  # fmt: skip


OWN = {"save", "load", "compile", "manual_seed", "seed", "use_deterministic_algorithms", "numpy", "of", "sharing"}
"""What writes files, changes the process, or gives NumPy arrays, which bfloat16 has not; and what is no function of torch."""


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("place", [torch, F, torch.Tensor], ids=["torch", "functional", "Tensor"])
def test_what_takes_float16_takes_bfloat16(place: Any) -> None:
    other = [name for name in dir(place) if name not in OWN and "backward" not in name and not name.startswith("set_")]
    names = [name for name in other if name[:1] != "_" or "item" in name]
    found = {name: getattr(place, name, None) for name in names}
    functions = {name: value for name, value in found.items() if callable(value) and not isinstance(value, type)}
    taken, refused = 0, []
    for name, function in functions.items():
        for number, (half, brain) in enumerate(zip(forms(torch.float16), forms(torch.bfloat16), strict=True)):
            answers = [answer_of(function, half), answer_of(function, brain)]
            taken += not isinstance(answers[0], Exception)
            if isinstance(answers[1], Exception) and (not isinstance(answers[0], Exception) or "ufunc" in str(answers[1])):
                refused.append((name, number, answers[1]))
    numbers_only = {("allclose", 2), ("arange", 2), ("full", 2), ("allclose", 16), ("allclose", 17)}  # arrays where torch takes numbers
    assert [one for one in refused if one[:2] not in numbers_only] == [] and taken > len(functions)


def answer_of(function: Any, arguments: tuple[Any, ...]) -> Any:
    try:
        return function(*arguments)
    except Exception as error:
        return error


@pytest.mark.parametrize("p", [0, 1, 2, 3, 2.5, 0.5, -1, float("inf")])
@pytest.mark.parametrize("dtype", NARROW)
def test_norms_round_once(dtype: Any, p: float) -> None:
    x = numbers(6, 5).to(dtype)
    assert torch.equal(x.norm(p, 1), x.float().norm(p, 1).to(dtype))


@pytest.mark.parametrize("name", ["softmax", "log_softmax"])
def test_softmax_of_a_whole_number_is_none(name: str) -> None:
    with pytest.raises(TypeError, match=rf"{name}\(\): not implemented for 'Long'"):
        getattr(torch.tensor(3), name)(0)


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
def test_numbers_are_not_rounded_before_they_multiply(compiled: bool) -> None:  # noqa: FBT001
    def run(function: Any, x: Any) -> Any:
        return (torch.compile(function) if compiled else function)(x).tolist()

    half, brain = torch.tensor([60000.0]).half(), torch.tensor([100.0]).bfloat16()
    assert run(lambda x: x * 100000, torch.tensor([0.001]).half()) == [100.0625]
    assert run(lambda x: x / 100000, half) == [0.60009765625]
    assert run(lambda x: 1e-8 * x, half) == run(lambda x: x.mul(1e-8), half) == [0.0005998611450195312]
    assert run(lambda x: x * torch.tensor(1e-8), half) == [0.0005998611450195312]
    assert run(lambda x: x * 1.003, brain) == run(lambda x: x * torch.tensor(1.003, dtype=torch.float64), brain) == [100.5]
    assert run(lambda x: x // 0.3, brain) == [332.0]
    assert run(lambda x: x.add(x, alpha=0.1), torch.tensor([3.28]).half()) == [3.607421875]
    x = torch.tensor([60000.0]).half()
    x *= 1e-8
    assert x.tolist() == [0.0005998611450195312]


def test_a_factor_without_axes_keeps_its_own_gradient() -> None:
    x, scale = torch.tensor([3.0, 4.0]).half().requires_grad_(), torch.tensor(1e-8, requires_grad=True)
    (x * scale).backward(torch.tensor([1.0, 2.0]).half())
    assert scale.grad is not None and scale.grad.dtype == torch.float32 and scale.grad.tolist() == 11.0
    assert x.grad is not None and x.grad.dtype == torch.float16 and x.grad.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_numbers_beside_narrow_tensors(dtype: str) -> None:
    """A place to look for, and a whole exponent: the number in the dtype of the Tensor, the result in it."""
    ordered = torch.tensor([1.0, 2.0, 3.5]).to(getattr(torch, dtype))
    assert torch.searchsorted(ordered, 2.5).item() == torch.bucketize(2.5, ordered).item() == 2
    for exponent in (torch.tensor([1, 2, -3]), torch.tensor([1, 2, -3], dtype=torch.int8)):
        scaled = torch.ldexp(ordered, exponent)
        assert scaled.dtype == ordered.dtype
        assert scaled.float().tolist() == [2.0, 8.0, 3.5 / 8]
    assert torch.ldexp(torch.tensor([3]), ordered[:1]).dtype == ordered.dtype
