"""Update rules against numbers worked out by hand, step by step, and the forms in which the common implementations differ."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError
from gradwerk.nn import adagrad, directions, moments, online
from gradwerk.nn.adagrad import Adadelta, Adagrad, RMSprop
from gradwerk.nn.moments import RAdam
from gradwerk.nn.optimizer import SGD, Adam
from gradwerk.tensor.tensor import Parameter, Tensor


def trained(rule: Any, gradients: list[float], weight: float = 1.0, **options: Any) -> list[float]:
    """The parameter after each step."""
    w = Parameter(np.array([weight]))
    optimizer, found = rule([w], **options), []
    optimizer.rate = Tensor(np.asarray(options.get("learning_rate", 0.0)))  # float64 as all else: nothing is rounded to float32
    for g in gradients:
        optimizer.apply([Tensor(np.array([g]))])
        found.append(float(w.numpy()[0]))
    return found


def test_gradient_descent() -> None:
    """w = 1 - 0.1 * 4 = 0.6, then 0.6 - 0.1 * (-2) = 0.8."""
    assert trained(SGD, [4.0, -2.0], learning_rate=0.1) == pytest.approx([0.6, 0.8], rel=1e-12)


def test_momentum() -> None:
    """v = -0.4, w = 0.6;  v = 0.5 * -0.4 - 0.1 * 2 = -0.4, w = 0.2;  v = -0.2 - 0.1 * -1 = -0.1, w = 0.1.  With Nesterov the first step is
    0.5 * -0.4 - 0.4 = -0.6.
    """
    assert trained(SGD, [4.0, 2.0, -1.0], learning_rate=0.1, momentum=0.5) == pytest.approx([0.6, 0.2, 0.1], rel=1e-12)
    assert trained(SGD, [4.0], learning_rate=0.1, momentum=0.5, nesterov=True) == pytest.approx([0.4], rel=1e-12)


def test_the_learning_rate_inside_and_outside_of_the_velocity() -> None:
    """Of one rate both are one; where the rate falls from 0.1 to 0.05 the velocity of steps keeps what was made of the old one.

    v = -0.4;  -0.2 - 0.05 * 2 = -0.3 and w = 0.3.   v = 4;  0.5 * 4 + 2 = 4 and w = 0.6 - 0.05 * 4 = 0.4.
    """
    for of_steps, wanted in ((True, 0.3), (False, 0.4)):
        w = Parameter(np.array([1.0]))
        optimizer = SGD([w], 0.1, momentum=0.5, velocity_of_steps=of_steps)
        optimizer.apply([Tensor(np.array([4.0]))])
        optimizer.learning_rate = 0.05
        optimizer.apply([Tensor(np.array([2.0]))])
        assert float(w.numpy()[0]) == pytest.approx(wanted, rel=1e-6)


def test_rmsprop() -> None:
    """v = 0.25 * 4^2 = 4, w = 1 - 0.1 * 4 / 2 = 0.8;  v = 0.75 * 4 + 0.25 * 1 = 3.25, w = 0.8 - 0.1 * 1 / sqrt(3.25)."""
    exact = [0.8, 0.8 - 0.1 / math.sqrt(3.25)]
    assert trained(RMSprop, [4.0, 1.0], learning_rate=0.1, rho=0.75, epsilon=0.0) == pytest.approx(exact, rel=1e-12)


def test_the_epsilon_inside_and_outside_of_the_root() -> None:
    """v = 4: 0.1 * 4 / sqrt(4 + 5) = 0.4 / 3, and 0.1 * 4 / (2 + 5) = 0.4 / 7."""
    for inside, below in ((True, 3.0), (False, 7.0)):
        found = trained(RMSprop, [4.0], learning_rate=0.1, rho=0.75, epsilon=5.0, epsilon_inside=inside)
        assert found == pytest.approx([1 - 0.4 / below], rel=1e-12)


def test_adam() -> None:
    """m = 0.5 * 4 = 2, v = 0.25 * 16 = 4; corrected 2 / (1 - 0.5) = 4 and 4 / (1 - 0.75) = 16: a step of 0.1 * 4 / 4.

    m = 0.5 * 2 + 0.5 * 2 = 2, v = 0.75 * 4 + 0.25 * 4 = 4; corrected 2 / 0.75 and 4 / 0.4375: a step of 0.1 * (8/3) / sqrt(64/7).
    """
    exact = [0.9, 0.9 - 0.1 * (8 / 3) / math.sqrt(64 / 7)]
    for hat in (True, False):
        found = trained(Adam, [4.0, 2.0], learning_rate=0.1, beta_1=0.5, beta_2=0.75, epsilon=0.0, epsilon_hat=hat)
        assert found == pytest.approx(exact, rel=1e-12)
    exact_hat = 1 - 0.1 * (math.sqrt(0.25) / 0.5) * 2 / (2 + 1)  # the epsilon beside sqrt(v) as it is
    assert trained(Adam, [4.0], learning_rate=0.1, beta_1=0.5, beta_2=0.75, epsilon=1.0) == pytest.approx([exact_hat], rel=1e-12)
    exact_plain = 1 - 0.1 * 4 / (4 + 1)
    found = trained(Adam, [4.0], learning_rate=0.1, beta_1=0.5, beta_2=0.75, epsilon=1.0, epsilon_hat=False)
    assert found == pytest.approx([exact_plain], rel=1e-12)


def test_adagrad() -> None:
    """s = 9 + 16 = 25, w = 1 - 0.1 * 4 / 5;  s = 25 + 144 = 169, w = 0.92 - 0.1 * 12 / 13."""
    found = trained(Adagrad, [4.0, 12.0], learning_rate=0.1, start=9.0, epsilon=0.0)
    assert found == pytest.approx([0.92, 0.92 - 1.2 / 13], rel=1e-12)


def test_adadelta() -> None:
    """v = 0.5 * 16 = 8; the first step is 4 * sqrt(1) / sqrt(8 + 1) = 4/3."""
    assert trained(Adadelta, [4.0], learning_rate=0.3, rho=0.5, epsilon=1.0) == pytest.approx([0.6], rel=1e-12)


def test_radam_goes_by_the_mean_alone_at_first() -> None:
    """Of beta_2 = 0.5 the length is at most 3, never above 5: momentum, corrected, 0.1 * 4 and 0.1 * (0.5 * 2 + 0.5 * 2) / 0.75."""
    found = trained(RAdam, [4.0, 2.0], learning_rate=0.1, beta_1=0.5, beta_2=0.5)
    assert found == pytest.approx([0.6, 0.6 - 0.2 / 0.75], rel=1e-12)


def test_adamax() -> None:
    """m = 0.5 * 4 = 2, u = 4; corrected 2 / 0.5 over 4: a step of 0.1.

    m = 0.5 * 2 + 0.5 * 1 = 1.5, u = 0.75 * 4: 0.1 * (1.5 / 0.75) / 3.
    """
    found = trained(moments.Adamax, [4.0, 1.0], learning_rate=0.1, beta_1=0.5, beta_2=0.75, epsilon=0.0)
    assert found == pytest.approx([0.9, 0.9 - 0.2 / 3], rel=1e-12)


def test_nadam() -> None:
    """Of no momentum decay each momentum is 0.5 * (1 - 0.5) = 0.25: products 0.25 and 0.0625, ahead of them 0.0625 and 0.015625.

    m = 2, v = 4, corrected 16: 0.1 * (0.75 / 0.75 * 4 + 0.25 / 0.9375 * 2) / 4;  m = 2, v = 4, corrected 4 / 0.4375 = 64 / 7.
    """
    found = trained(moments.Nadam, [4.0, 2.0], learning_rate=0.1, momentum_decay=0.0, beta_1=0.5, beta_2=0.75, epsilon=0.0)
    first = 1 - 0.1 * (4 + 0.25 / 0.9375 * 2) / 4
    second = first - 0.1 * (0.75 / 0.9375 * 2 + 0.25 / 0.984375 * 2) / math.sqrt(64 / 7)
    assert found == pytest.approx([first, second], rel=1e-12)


def test_a_first_size_and_a_first_rate_of_nothing_are_kept() -> None:
    """A warm-up from 0: Rprop's smallest size, grown by half; and averaged descent follows the rate of the step before."""
    for rule, options, exact in (
        (directions.Rprop, {"sizes": (0.25, 50.0), "factors": (0.5, 1.5)}, [0.75, 0.375, -0.1875]), (online.ASGD, {}, [1.0, 1.0, 0.5]),
    ):  # fmt: skip
        w = Parameter(np.array([1.0]))
        optimizer, found = rule([w], 0.0, **options), []
        for _ in exact:
            optimizer.apply([Tensor(np.array([1.0]))])
            found.append(float(w.numpy()[0]))
            optimizer.learning_rate = 0.5
        assert found == exact, rule


def test_rprop() -> None:
    """0.1 down; the same sign: 0.12 down; the other sign: half of it, and no step; then the sign is forgotten: 0.06 up."""
    found = trained(directions.Rprop, [4.0, 1.0, -1.0, -2.0], learning_rate=0.1)
    assert found == pytest.approx([0.9, 0.78, 0.78, 0.84], rel=1e-12)


def test_lion_takes_signs() -> None:
    """sign(0.1 * 4) = 1; m = 0.04; sign(0.9 * 0.04 - 0.1 * 0.2) = 1, though the gradient is below 0."""
    assert trained(directions.Lion, [4.0, -0.2], learning_rate=0.1) == pytest.approx([0.9, 0.8], rel=1e-12)


def test_a_step_of_lamb_is_as_large_as_the_weight() -> None:
    """Whatever the gradient: |w| = 3, so 0.1 * 3."""
    assert trained(moments.Lamb, [0.001], weight=3.0, learning_rate=0.1, epsilon=0.0) == pytest.approx([2.7], rel=1e-12)


def test_ftrl_makes_small_weights_nothing() -> None:
    """linear = 0.3 - (sqrt(0.09 + 0.16) - 0.4) / 1 * 1 = 0.2, within l1: the weight is 0."""
    assert trained(online.Ftrl, [0.3], learning_rate=1.0, start=0.16, l1=0.25) == [0.0]


def test_the_average_begins_where_it_was_said() -> None:
    """Behind step 1 the share of step t is 1 / (t - 2): that of step 3 is 1, of step 4 a half."""
    w = Parameter(np.array([1.0]))
    optimizer = online.ASGD([w], 0.1, begin=1.0)
    seen = []
    for _ in range(4):
        optimizer.apply([Tensor(np.array([1.0]))])
        seen.append(float(w.numpy()[0]))
    assert float(optimizer.slots["averaged"][0].numpy()[0]) == pytest.approx(np.mean(seen[2:]), rel=1e-12)


def test_muon_steps_are_nearly_orthogonal() -> None:
    rng = np.random.default_rng(3)
    for shape in ((4, 6), (6, 4)):
        w = Parameter(np.zeros(shape))
        directions.Muon([w], 1.0).apply([Tensor(rng.standard_normal(shape))])
        scale = math.sqrt(max(1.0, shape[0] / shape[1]))
        singular = np.linalg.svd(w.numpy() / scale, compute_uv=False)
        assert ((singular > 0.6) & (singular < 1.3)).all()


BAD: dict[str, Any] = {
    r"RMSprop: epsilon is not below 0, this is -1": lambda w: adagrad.RMSprop(w, epsilon=-1),
    r"Adagrad: rate_decay is not below 0, this is -0.1": lambda w: adagrad.Adagrad(w, rate_decay=-0.1),
    r"Adadelta: rho lies in \[0, 1\), this is 1.5": lambda w: adagrad.Adadelta(w, rho=1.5),
    r"Nadam: beta_1 lies in \[0, 1\), this is 1.0": lambda w: moments.Nadam(w, beta_1=1.0),
    r"RAdam: beta_2 lies in \[0, 1\), this is nan": lambda w: moments.RAdam(w, beta_2=float("nan")),
    r"Lion: beta_2 is between 0 and 1, this is 2": lambda w: directions.Lion(w, beta_2=2),
    r"Rprop: the factors are between 0 and 1, and above 1": lambda w: directions.Rprop(w, factors=(1.2, 0.5)),
    r"Rprop: the sizes are above 0, the smaller one first": lambda w: directions.Rprop(w, sizes=(1.0, 0.5)),
    r"Ftrl: -exponent is not below 0, this is -0.5": lambda w: online.Ftrl(w, exponent=0.5),
    r"Muon: steps is a whole number of at least 1, this is 0": lambda w: directions.Muon(w, steps=0),
    r"ASGD: strength is not below 0, this is -1": lambda w: online.ASGD(w, strength=-1),
}


@pytest.mark.parametrize("said", BAD)
def test_numbers_out_of_range_are_refused(said: str) -> None:
    with pytest.raises(ArgumentError, match=said):
        BAD[said]([Parameter(np.zeros(2, np.float32))])
