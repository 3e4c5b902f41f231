"""The first networks: threshold units, the perceptron, Hopfield's and Elman's nets, by what their papers prove of them."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.base.errors import ArgumentError, ShapeError
from gradwerk.data import datasets
from gradwerk.zoo.elman import Elman
from gradwerk.zoo.hopfield import Hopfield
from gradwerk.zoo.perceptron import Perceptron
from gradwerk.zoo.threshold import ThresholdUnit

CORNERS = np.array(list(product((0, 1), repeat=2)), np.float32)


@pytest.mark.parametrize("inputs", [1, 2, 3, 5])
def test_units_of_mcculloch_and_pitts_are_logic(inputs: int) -> None:
    rows = np.array(list(product((0, 1), repeat=inputs)), np.float32)
    assert np.array_equal(ThresholdUnit(1)(gw.Tensor(rows)).numpy(), rows.any(1))
    assert np.array_equal(ThresholdUnit(inputs)(gw.Tensor(rows)).numpy(), rows.all(1))
    never = np.zeros((len(rows), 1), np.float32)
    assert np.array_equal(ThresholdUnit(0)(gw.Tensor(never), gw.Tensor(rows)).numpy(), ~rows.any(1))


def test_one_inhibitory_input_outweighs_all_others() -> None:
    unit = gw.compile(ThresholdUnit(2))
    assert unit(gw.Tensor(np.ones((1, 9), np.float32)), gw.Tensor(np.array([[0.0, 1.0]], np.float32))).numpy() == 0
    with pytest.raises(ArgumentError, match="threshold is -1"):
        ThresholdUnit(-1)


def by_hand(x: np.ndarray, targets: np.ndarray, epochs: int) -> tuple[np.ndarray, float, list[int]]:
    """Rosenblatt's rule in plain Python."""
    weights, bias, mistakes = np.zeros(x.shape[1], np.float32), np.float32(0), []
    for _ in range(epochs):
        wrong = 0
        for row, target in zip(x, targets, strict=True):
            error = np.float32(target - (float((row * weights).sum() + bias) > 0))
            weights, bias, wrong = weights + error * row, bias + error, wrong + int(error != 0)
        mistakes.append(wrong)
        if not wrong:
            break
    return weights, float(bias), mistakes


TASKS = {"and": ([0, 0, 0, 1], True), "or": ([0, 1, 1, 1], True), "xor": ([0, 1, 1, 0], False)}


@pytest.mark.parametrize(("targets", "learns"), TASKS.values(), ids=TASKS)
def test_a_perceptron_learns_what_a_line_separates(targets: list[int], learns: bool) -> None:  # noqa: FBT001
    unit = Perceptron(2)
    mistakes = list(unit.epochs(CORNERS, np.array(targets, np.float32), most=50))
    assert (mistakes[-1] == 0) is learns
    assert (len(mistakes) == 50) is not learns
    assert np.array_equal(unit(gw.Tensor(CORNERS)).numpy(), targets) is learns
    weights, bias, expected = by_hand(CORNERS, np.array(targets, np.float32), 50)
    assert mistakes == expected
    assert np.array_equal(unit.weights.numpy(), weights)
    assert unit.bias.item() == bias


@pytest.mark.parametrize("seed", range(5))
def test_no_more_mistakes_than_novikoff_allows(seed: int) -> None:
    """At most (R / margin)^2 of them, all epochs together, where a plane through the origin of (x, 1) has a margin."""
    generator = np.random.default_rng(seed)
    direction = generator.normal(size=4)
    direction /= np.linalg.norm(direction)
    x = generator.normal(size=(200, 3)).astype(np.float32)
    heights = np.c_[x, np.ones(len(x))] @ direction
    kept = np.abs(heights) > 0.1
    x, heights = x[kept], heights[kept]
    longest = np.linalg.norm(np.c_[x, np.ones(len(x))], axis=1).max()
    mistakes = list(Perceptron(3).epochs(x, (heights > 0).astype(np.float32), most=10_000))
    assert mistakes[-1] == 0
    assert sum(mistakes) <= (longest / np.abs(heights).min()) ** 2


def test_a_perceptron_refuses_what_is_no_table() -> None:
    with pytest.raises(ShapeError, match="a target for each row"):
        next(Perceptron(2).epochs(CORNERS, np.zeros(3, np.float32)))
    with pytest.raises(ArgumentError, match="positive rate"):
        Perceptron(2, rate=0.0)


def digits_of_each_kind(count: int) -> np.ndarray:
    """The first image of each of some digits, as +1 and -1."""
    digits = datasets.digits().train
    images = np.stack([digits.x[np.flatnonzero(digits.y == digit)[0]] for digit in range(count)])
    return np.where(images.reshape(count, -1) > 127, 1, -1).astype(np.float32)


def test_a_hopfield_net_recalls_digits_that_were_damaged() -> None:
    patterns = digits_of_each_kind(10)
    net = Hopfield(patterns)
    generator = np.random.default_rng(0)
    for pattern in patterns:
        assert np.array_equal(net.recall(pattern)[0], pattern)
        damaged = np.where(generator.random(pattern.shape) < 0.15, -pattern, pattern)
        found, energies = net.recall(damaged)
        assert np.array_equal(found, pattern)
        assert energies == sorted(energies, reverse=True)


@pytest.mark.parametrize("projection", [True, False])
def test_no_step_of_a_hopfield_net_raises_its_energy(projection: bool) -> None:  # noqa: FBT001
    generator = np.random.default_rng(3)
    net = Hopfield(np.sign(generator.normal(size=(4, 40))), projection=projection)
    weights = net.weights.numpy().astype(np.float64)
    assert np.array_equal(weights, weights.T)
    assert not np.diag(weights).any()
    state = np.sign(generator.normal(size=40)).astype(np.float32)
    for unit in generator.permutation(40):
        after = net(gw.Tensor(state), gw.Tensor(np.array([unit]))).numpy()
        by_numpy = state.copy()
        by_numpy[unit] = 1 if weights[unit] @ state >= 0 else -1
        assert np.array_equal(after, by_numpy)
        assert after @ weights @ after >= state @ weights @ state - 1e-5
        state = after


def test_a_hopfield_net_stores_nothing_but_signs() -> None:
    with pytest.raises(ArgumentError, match=r"\+1 and -1"):
        Hopfield(np.zeros((2, 4)))
    with pytest.raises(ShapeError, match="a table of patterns"):
        Hopfield(np.ones(4))


def test_elman_is_his_formula() -> None:
    gw.seed(0)
    net = Elman(3, 5, 2)
    x = np.random.default_rng(0).normal(size=(6, 4, 3)).astype(np.float32)
    parameters = net.read.kernel, net.read.bias, net.remember.kernel, net.output.kernel, net.output.bias
    w, b, u, v, d = (p.numpy().astype(np.float64) for p in parameters)
    h, expected = np.zeros((4, 5)), []
    for row in x:
        h = np.tanh(row @ w + b + h @ u)
        expected.append(h @ v + d)
    np.testing.assert_allclose(net(gw.Tensor(x)).numpy(), expected, rtol=2e-5, atol=2e-6)
    np.testing.assert_allclose(gw.compile(net)(gw.Tensor(x)).numpy(), expected, rtol=2e-5, atol=2e-6)
