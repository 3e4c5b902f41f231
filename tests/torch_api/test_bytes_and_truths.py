"""uint8 and bool through torch's functions of one element and its reductions: PyTorch 2.13's results, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import DTypeError

F = torch.nn.functional
NUMBERS = [0, 1, 3, 200]
REFUSED = "refused"
BOTH = {
    "abs": (lambda x: x.abs(), NUMBERS, REFUSED),
    "abs()": (abs, NUMBERS, REFUSED),
    "abs_": (lambda x: x.abs_(), NUMBERS, REFUSED),
    "-x": (lambda x: -x, [0, 255, 253, 56], REFUSED),
    "neg": (lambda x: x.neg(), [0, 255, 253, 56], REFUSED),
    "neg_": (lambda x: x.neg_(), [0, 255, 253, 56], REFUSED),
    "relu": (lambda x: x.relu(), NUMBERS, REFUSED),
    "F.relu": (F.relu, NUMBERS, REFUSED),
    "F.relu in place": (lambda x: F.relu(x, inplace=True), NUMBERS, REFUSED),
    "relu_": (lambda x: x.relu_(), NUMBERS, REFUSED),
    "sign": (lambda x: x.sign(), [0, 1, 1, 1], [False, True, True, True]),
    "sign_": (lambda x: x.sign_(), [0, 1, 1, 1], [False, True, True, True]),
    "square": (lambda x: x.square(), [0, 1, 9, 64], [0, 1, 1, 1]),
    "square_": (lambda x: x.square_(), [0, 1, 9, 64], REFUSED),
    "floor": (lambda x: x.floor(), NUMBERS, REFUSED),
    "clamp(-1, 1)": (lambda x: x.clamp(-1, 1), [1, 1, 1, 1], [0, 1, 1, 1]),
    "clamp(max=-1)": (lambda x: x.clamp(max=-1), NUMBERS, [-1, -1, -1, -1]),
    "clamp(2, 150)": (lambda x: x.clamp(2, 150), [2, 2, 3, 150], [2, 2, 2, 2]),
    "clamp(0, 300)": (lambda x: x.clamp(0, 300), REFUSED, [0, 1, 1, 1]),
    "clamp of floats": (lambda x: x.clamp(-1.5, 1.5), [0.0, 1.0, 1.5, 1.5], [0.0, 1.0, 1.0, 1.0]),
    "clamp_(-1, 1)": (lambda x: x.clamp_(-1, 1), [1, 1, 1, 1], REFUSED),
    "all": (lambda x: x.all(), 0, False),
    "any": (lambda x: x.any(), 1, True),
    "all(0)": (lambda x: x.reshape(2, 2).all(1), [0, 1], [False, True]),
    "any(0, True)": (lambda x: x.any(0, True), [1], [True]),
    "all of nothing": (lambda x: x[:0].all(), 1, True),
    "any of nothing": (lambda x: x[:0].any(0), 0, False),
    "x - 1": (lambda x: x - 1, [255, 0, 2, 199], REFUSED),
    "1 - x": (lambda x: 1 - x, [1, 0, 254, 57], REFUSED),
    "x - x": (lambda x: x - x, [0, 0, 0, 0], REFUSED),
    "x - True": (lambda x: x - True, REFUSED, REFUSED),
    "True - x": (lambda x: True - x, REFUSED, REFUSED),
    "x - a bool": (lambda x: x - torch.tensor(True), REFUSED, REFUSED),
    "sub_(True)": (lambda x: x.sub_(True), REFUSED, REFUSED),
    "argmax": (lambda x: x.argmax(), 3, REFUSED),
    "argmin": (lambda x: x.argmin(0), 0, REFUSED),
}
DTYPES = {bool: torch.bool, float: torch.float32}


def dtype_of(name: str, values: object, dtype: np.dtype) -> np.dtype:
    """uint8 stays; of the rest the kind of the numbers says it."""
    one = values[0] if isinstance(values, list) else values
    if isinstance(one, bool | float):
        return DTYPES[type(one)]
    return torch.uint8 if dtype == torch.uint8 and "arg" not in name else torch.int64


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("dtype", [torch.uint8, torch.bool])
@pytest.mark.parametrize("name", BOTH)
def test_bytes_and_truths(name, dtype, compiled):
    function, *results = BOTH[name]
    wanted, x = results[dtype == torch.bool], torch.tensor(NUMBERS).to(dtype)
    function = torch.compile(function) if compiled else function
    if wanted is REFUSED:
        with pytest.raises(DTypeError):
            function(x)
    else:
        got = function(x)
        assert (got.dtype, got.tolist()) == (dtype_of(name, wanted, dtype), wanted)


@pytest.mark.parametrize("method", ["abs", "relu", "sign"])
def test_what_changes_nothing_is_a_copy(method):
    x = torch.tensor(NUMBERS, dtype=torch.uint8)
    y = getattr(x, method)()
    y += 1
    assert x.tolist() == NUMBERS


def test_nothing_is_subtracted_from_numbers_but_numbers():
    for dtype in (torch.int32, torch.int64, torch.float16, torch.float32, torch.float64):
        x = torch.tensor(NUMBERS).to(dtype)
        for wrong in (lambda x: x - True, lambda x: x - torch.tensor(False), lambda x: x.sub(True), lambda x: torch.tensor(True) - x):
            with pytest.raises(DTypeError, match="with a bool tensor is not supported"):
                wrong(x)


def test_truths_of_python_stand_on_either_side() -> None:
    mask = torch.tensor([True, False])
    for one in (True + mask, mask + True, mask.__radd__(torch.tensor([True, True])), sum([mask, mask], True)):
        assert one.dtype == torch.bool and one.tolist() == [True, True]
    for one in (True * mask, mask * True, mask.__rmul__(mask), False + mask, sum([mask, mask], False)):
        assert one.dtype == torch.bool and one.tolist() == [True, False]
    for dtype in (torch.uint8, torch.int32, torch.int64):
        x = torch.tensor([0, 3]).to(dtype)
        for one, wanted in ((x // True, [0, 3]), (x % True, [0, 0]), (x.div(True, rounding_mode="floor"), [0, 3]), (True * x, [0, 3])):
            assert one.dtype == dtype and one.tolist() == wanted
