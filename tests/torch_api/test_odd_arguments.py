"""Whatever stands for an argument of a function or method: torch takes it too, and the same comes of it, or the error is one of ours."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.errors import GradwerkError
from tests.peers import odd_torch

TORCH = json.loads(odd_torch.RECORD.read_text(encoding="utf-8"))
CASES = {case.path: case for case in odd_torch.cases(torch)}
VALUES = odd_torch.odd(torch)
EVERYWHERE = {"zeros(3)", "int64(1)", "float64(3)"}
"""Arrays stand beside Tensors, and NumPy's numbers are Python's."""
NEITHER = "TypeError: unsupported operand type"
"""Python's own error for an operator, which is torch's too."""
MORE: dict[str, str] = {
    **dict.fromkeys((f"{name} dim None" for name in ("max", "min", "squeeze", "Tensor.max#", "Tensor.min#", "Tensor.squeeze")), "no axis"),
    **dict.fromkeys((f"Tensor.{name} other {axis}" for name in ("max", "min") for axis in (None, -1, 0, 1)), "by place it is the axis"),
    **dict.fromkeys((f"Tensor.{name} dim torch.{of}" for name in ("max#", "min#") for of in ("ones(3)", "tensor(1.)", "tensor(1)")),
                    "a Tensor by place is the other one"),
    **dict.fromkeys((f"Tensor.{name} dim {value}" for name in ("std", "var") for value in (True, False)), "by place it says `unbiased`"),
    **dict.fromkeys((f"{name} {bound} torch.ones(3)" for name in ("clamp", "Tensor.clamp", "Tensor.clamp_") for bound in ("min", "max")),
                    "a number beside a Tensor as the bounds"),
    **dict.fromkeys((f"{name} input" for name in ("pow", "where")), "a number by name too"),
    **dict.fromkeys((f"allclose {name} {value}" for name in ("rtol", "atol") for value in (-1, "nan")), "as NumPy's"),
    **dict.fromkeys(("arange start None", "arange end None", "eye m None"), "is left out"),
    **dict.fromkeys(("Tensor.reshape shape -1", "Tensor.view size -1"), "one extent"),
    "as_tensor data [torch.ones(3)]": "Tensors of one element each are numbers in torch: here Tensors of any shape are rows",
    "nn.functional.avg_pool2d ceil_mode None": "like False", "nn.functional.avg_pool2d ceil_mode 0": "like False",
    **dict.fromkeys((f"Tensor.{name} alpha {value}" for name in ("add", "add_", "sub") for value in (True, False)), "1 or 0"),
    "linspace start nan": "NumPy's last number is the end itself",
}  # fmt: skip
"""What we take and torch does not, or takes otherwise, and why: of a function's argument a value, or any."""


def test_every_call_is_recorded() -> None:
    assert list(CASES) == list(TORCH)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", CASES)
def test_odd_arguments_are_those_of_torch_or_refused(path: str) -> None:
    case, theirs, wrong = CASES[path], TORCH[path], {}
    case.call(**case.given())
    for asked, result in odd_torch.taken(case, VALUES, GradwerkError).items():
        name, label = asked.rpartition(", ")[0].split(", ", 1)
        if f"{path} {name}" in MORE or f"{path} {name} {label}" in MORE:
            continue
        if asked in theirs and result != theirs[asked]:
            wrong[asked] = f"{result}, torch {theirs[asked]}"
        elif asked not in theirs and label not in EVERYWHERE and NEITHER not in result:
            wrong[asked] = result
    assert wrong == {}


@pytest.mark.parametrize("name", ["max", "min"])
def test_an_axis_given_twice_is_refused(name: str) -> None:
    with pytest.raises(TypeError, match="multiple values for argument 'dim'"):
        getattr(torch.ones(2, 3), name)(0, dim=1)
    assert tuple(getattr(torch.ones(2, 3), name)(0)[0].shape) == (3,)
    assert tuple(getattr(torch.ones(2, 3), name)(dim=1)[0].shape) == (2,)


def test_every_stream_is_a_generator() -> None:
    assert isinstance(torch.manual_seed(0), torch.Generator)
    assert isinstance(torch.Generator(), torch.Generator)
    assert not isinstance(1, torch.Generator)


@pytest.mark.parametrize(("low", "high"), [(0, 2**70), (-(2**63), 2**63), (-(2**64), 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_whole_numbers_that_nobody_can_draw(low: int, high: int, dtype: Any) -> None:
    with pytest.raises(ValueError, match="does not hold all numbers"):
        torch.randint(low, high, (2,), dtype=dtype)
    assert torch.randint(-(2**63), 2**63 - 1, (3,)).shape == (3,)
