"""Update rules against their recurrences in float64, both conventions; state, settings and the learning rate as Tensors."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk.base.errors import ArgumentError
from gradwerk.jit.compile import compile as compile_
from gradwerk.nn.adagrad import RMSprop
from gradwerk.nn.averaging import Average
from gradwerk.nn.clipping import ByNorm, ByValue
from gradwerk.nn.linear import Linear
from gradwerk.nn.optimizer import SGD, Adam, Optimizer
from gradwerk.nn.updates import Decay
from gradwerk.tensor.tensor import Parameter, Tensor

RNG = np.random.default_rng(11)
START = RNG.standard_normal((3, 2))
GRADIENTS = RNG.standard_normal((6, 3, 2))


def run(build: Any) -> Any:
    w = Parameter(START.copy())
    optimizer = build([w])
    for number, g in enumerate(GRADIENTS):
        optimizer.learning_rate = 0.1 / (number + 1)
        optimizer.apply([Tensor(g)])
    return w.numpy(), optimizer


@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("of_steps", [False, True])
def test_momentum(nesterov: bool, of_steps: bool) -> None:
    got, _ = run(lambda p: SGD(p, 0.1, momentum=0.9, nesterov=nesterov, velocity_of_steps=of_steps, decay=Decay(0.01)))
    w, v = START.copy(), np.zeros_like(START)
    for number, gradient in enumerate(GRADIENTS):
        rate, g = float(np.float32(0.1 / (number + 1))), gradient + 0.01 * w
        if of_steps:
            v = 0.9 * v - rate * g
            w = w + (0.9 * v - rate * g if nesterov else v)
        else:
            v = 0.9 * v + g
            w = w - rate * (g + 0.9 * v if nesterov else v)
    np.testing.assert_allclose(got, w, rtol=1e-12)


@pytest.mark.parametrize("epsilon_hat", [False, True])
@pytest.mark.parametrize("decoupled", [False, True])
def test_adam(epsilon_hat: bool, decoupled: bool) -> None:
    got, optimizer = run(lambda p: Adam(p, 0.1, epsilon=1e-3, epsilon_hat=epsilon_hat, decay=Decay(0.1, decoupled=decoupled)))
    w, m, v = START.copy(), np.zeros_like(START), np.zeros_like(START)
    for number, gradient in enumerate(GRADIENTS):
        t, rate = number + 1, float(np.float32(0.1 / (number + 1)))
        g = gradient if decoupled else gradient + 0.1 * w
        w = w - rate * 0.1 * w if decoupled else w
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        if epsilon_hat:
            w = w - rate * np.sqrt(1 - 0.999**t) / (1 - 0.9**t) * m / (np.sqrt(v) + 1e-3)
        else:
            w = w - rate * (m / (1 - 0.9**t)) / (np.sqrt(v / (1 - 0.999**t)) + 1e-3)
    np.testing.assert_allclose(got, w, rtol=1e-12)
    assert optimizer.iterations.item() == 6


def test_plain_descent_and_dampening() -> None:
    got, _ = run(lambda p: SGD(p, 0.1))
    rates = np.float32(0.1 / np.arange(1, 7)).astype(np.float64)
    np.testing.assert_allclose(got, START - np.einsum("t,tij->ij", rates, GRADIENTS), rtol=1e-12)


def test_state_is_named_by_path_and_resumes() -> None:
    layer = Linear(2, 2)
    optimizer = Adam(layer.named_parameters())
    assert {"rate", "iterations", "first_moment.kernel", "second_moment.bias"} <= set(optimizer.state())
    layer.kernel.grad, layer.bias.grad = Tensor(np.ones((2, 2), np.float32)), Tensor(np.ones(2, np.float32))
    optimizer.apply()
    saved = {path: tensor.numpy().copy() for path, tensor in optimizer.state().items()}
    weights = {path: tensor.numpy().copy() for path, tensor in layer.state().items()}
    optimizer.apply()
    twin = Linear(2, 2)
    twin.load_state(weights)
    resumed = Adam(twin.named_parameters())
    resumed.load_state(saved)
    resumed.apply([layer.kernel.grad, layer.bias.grad])
    assert (twin.kernel.numpy() == layer.kernel.numpy()).all()


def test_frozen_and_unused_parameters_stay() -> None:
    a, b, c = (Parameter(np.ones(2, np.float32)) for _ in range(3))
    b.requires_grad = False
    SGD([a, b, c], 1.0).apply([Tensor(np.ones(2, np.float32)), Tensor(np.ones(2, np.float32)), None])
    assert [p.numpy()[0] for p in (a, b, c)] == [0.0, 1.0, 1.0]


def test_settings_that_are_what_they_were_change_nothing() -> None:
    optimizer = Adam([Parameter(np.ones(2, np.float32))], decay=Decay(0.1), clip=ByNorm(1.0), average=Average(0.9, None))
    for settings, changes in (
        ({"decay": Decay(0.1), "clip": ByNorm(1.0), "average": Average(0.9, None)}, 0), ({"decay": Decay(0.2)}, 1),
        ({"decay": Decay(0.2, decoupled=True)}, 1), ({"clip": ByValue(1.0)}, 1), ({"clip": None}, 1), ({"beta_1": -0.0}, 1),
        ({"beta_1": 0.0}, 1),
    ):  # fmt: skip
        before = optimizer.__gradwerk_version__
        optimizer.configure(**settings)  # type: ignore[arg-type]
        assert optimizer.__gradwerk_version__ == before + changes, settings


def test_wrong_arguments() -> None:
    p = Parameter(np.ones(2, np.float32))
    with pytest.raises(ArgumentError, match="at least one parameter"):
        SGD([])
    with pytest.raises(ArgumentError, match="2 gradients for 1 parameters"):
        SGD([p]).apply([None, None])
    with pytest.raises(ArgumentError, match="Nesterov"):
        SGD([p], nesterov=True)
    with pytest.raises(ArgumentError, match=r"betas lie in \[0, 1\)"):
        Adam([p], beta_1=1.0)
    with pytest.raises(ArgumentError, match="no setting 'beta_3'"):
        Adam([p]).configure(beta_3=0.5)
    with pytest.raises(ArgumentError, match="defines no rule"):
        Optimizer([p], 0.1).apply([Tensor(np.ones(2, np.float32))])


SWITCHED = [
    (SGD, {"momentum": 0.9}), (Adam, {"amsgrad": True}), (RMSprop, {"momentum": 0.9}), (RMSprop, {"centered": True}),
    (RMSprop, {"momentum": 0.9, "centered": True}), (SGD, {"average": Average(0.9)}), (Adam, {"average": Average(0.9)}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "settings"), SWITCHED, ids=lambda x: x.__name__ if isinstance(x, type) else ",".join(x))
@pytest.mark.parametrize("compiled", [False, True])
def test_slots_follow_the_settings(kind: Any, settings: dict[str, Any], compiled: bool) -> None:
    """Settings that are assigned before the first step are those it might have been made with; slots set aside come back as they were."""
    weights = [Parameter(START.copy()) for _ in range(2)]
    made, told = kind([weights[0]], 0.1, **settings), kind([weights[1]], 0.1)
    plain = {name: getattr(told, name) for name in settings}
    for name, value in settings.items():
        setattr(told, name, value)
    assert list(told.slots) == list(made.slots)
    steps = [compile_(optimizer.apply) if compiled else optimizer.apply for optimizer in (made, told)]

    def step(gradient: Any) -> None:
        for run in steps:
            run([Tensor(gradient)])

    step(GRADIENTS[0])
    for number in (1, 2):
        for values in (plain, settings):
            for name, value in values.items():
                setattr(told, name, value)
            assert list(told.slots) == [slot for slot in made.slots if slot not in told.resting]
            assert bool(told.resting) is (values is plain)
        step(GRADIENTS[number])
    np.testing.assert_array_equal(weights[0].numpy(), weights[1].numpy())
