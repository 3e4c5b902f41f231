"""torch.nn.init: what has no fans is refused, and the table of gains is PyTorch's."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import ArgumentError, ArgumentTypeError
from gradwerk.torch.nn import init

SCALED = (init.xavier_uniform_, init.xavier_normal_, init.kaiming_uniform_, init.kaiming_normal_)
GAINS = dict.fromkeys(["linear", "sigmoid", *(f"conv{t}{n}d" for t in ("", "_transpose") for n in (1, 2, 3))], 1.0) | {
    "tanh": 5 / 3, "relu": math.sqrt(2), "leaky_relu": math.sqrt(2 / (1 + 0.01**2)), "selu": 0.75,
}  # fmt: skip


@pytest.mark.parametrize("fill", SCALED)
@pytest.mark.parametrize("shape", [(), (3,)])
def test_what_has_no_fans_is_refused_and_stays(fill, shape):
    """As in `for p in model.parameters(): xavier_uniform_(p)`, at the first bias."""
    x = torch.ones(shape)
    with pytest.raises(ValueError, match="Fan in and fan out can not be computed for tensor with fewer than 2 dimensions"):
        fill(x)
    assert (x == 1).all()


@pytest.mark.parametrize("fill", SCALED[:2])
def test_nothing_is_filled_with_nothing(fill):
    assert fill(torch.zeros(0, 3)).shape == (0, 3)


@pytest.mark.parametrize("fill", SCALED[2:])
def test_he_says_that_there_is_nothing_to_fill(fill):
    with pytest.warns(UserWarning, match="zero-element"):
        fill(torch.zeros(0, 3))


@pytest.mark.parametrize("name", GAINS)
def test_gains(name):
    assert init.calculate_gain(name) == pytest.approx(GAINS[name], rel=1e-15)
    x = init.kaiming_uniform_(torch.zeros(64, 32, 3), nonlinearity=name)
    slope = 0.0 if name == "leaky_relu" else None
    bound = math.sqrt(3 / 96) * init.calculate_gain(name, slope)
    assert 0.99 * bound < float(np.abs(x.numpy()).max()) <= bound * (1 + 1e-6)


def test_slopes_and_unknown_names():
    assert init.calculate_gain("leaky_relu", 2) == pytest.approx(math.sqrt(2 / 5))
    assert init.calculate_gain("linear", 3) == 1
    for slope in (True, "steep"):
        with pytest.raises(ValueError, match="not a valid number"):
            init.calculate_gain("leaky_relu", slope)
    with pytest.raises(ValueError, match="gelu"):
        init.calculate_gain("gelu")
    with pytest.raises(ValueError, match="Mode fan_avg not supported"):
        init.kaiming_normal_(torch.zeros(2, 2), mode="fan_avg")


@pytest.mark.parametrize("draw", [init.uniform_, torch.Tensor.uniform_])
def test_ends_that_say_no_interval_are_refused(draw: Any) -> None:
    x = torch.zeros(3)
    for wrong in ((1, 0), (0, float("inf")), (float("nan"), 1)):
        with pytest.raises(ArgumentError, match=r"uniform_ expects to return a \[from, to\) range"):
            draw(x, *wrong)
    for wrong in ((None, 1), (0, "1"), ([0], 1)):
        with pytest.raises(ArgumentTypeError, match="must be Number"):
            draw(x, *wrong)
    assert draw(x, 2, 2).tolist() == [2, 2, 2] and 0 <= draw(x, 0, np.float64(0.5)).max().item() < 0.5


@pytest.mark.parametrize("draw", [init.normal_, torch.Tensor.normal_])
def test_a_deviation_that_is_none_is_refused(draw: Any) -> None:
    for wrong in ((0, -1), (0, float("nan"))):
        with pytest.raises(ArgumentError, match=r"normal_ expects std >= 0.0"):
            draw(torch.zeros(3), *wrong)
    for wrong in ((None, 1), (0, [1, 2])):
        with pytest.raises(ArgumentTypeError, match="must be Number"):
            draw(torch.zeros(3), *wrong)
    with pytest.raises(ArgumentTypeError, match="'val' must be Number, not NoneType"):
        init.constant_(torch.zeros(3), None)
    assert draw(torch.zeros(3), 2, 0).tolist() == [2, 2, 2]


def test_matrices_kernels_and_what_is_cut():
    """As torch.nn.init fills them."""
    assert (init.eye_(torch.ones(2, 3)) == torch.eye(2, 3)).all()
    kernel = init.dirac_(torch.ones(4, 2, 3), groups=2).numpy()
    np.testing.assert_array_equal(kernel[:, :, 1], np.tile(np.eye(2), (2, 1)))
    assert kernel.sum() == 4
    x = init.sparse_(torch.ones(10, 5), sparsity=0.25).numpy()
    assert ((x == 0).sum(0) == 3).all()
    cut = init.trunc_normal_(torch.ones(1000), mean=1.0, std=2.0, a=0.0, b=1.5).numpy()
    assert cut.min() >= 0
    assert cut.max() <= 1.5
    for wrong in (lambda: init.eye_(torch.ones(3)), lambda: init.dirac_(torch.ones(3, 3)), lambda: init.sparse_(torch.ones(3), 0.5)):
        with pytest.raises(ValueError, match="dimensions are supported"):
            wrong()
