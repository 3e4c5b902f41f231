"""What a changed parameter group does to the numbers, as PyTorch 2.13.0 has them; and what is refused, and then changes nothing."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk import torch
from gradwerk.base.errors import ArgumentError, TraceError
from gradwerk.keras import optimizers
from gradwerk.tensor.tensor import Parameter
from gradwerk.torch import nn, optim
from gradwerk.torch.optim import groups
from tests.tensor.meanwhile import at_every_line

X = np.random.default_rng(1).normal(size=(5, 3)).astype(np.float32)
Change = Callable[[Any], object]


def setting(key: str, value: Any) -> Change:
    return lambda optimizer: optimizer.param_groups[0].__setitem__(key, value)


def test_the_count_of_changes_never_goes_back() -> None:
    """Another thread that follows takes as many for followed as it saw."""
    optimizer: Any = optim.SGD([nn.Parameter(torch.ones(2))], lr=0.5, momentum=0.5)
    group = optimizer.param_groups[0]
    for value in (0.1, 0.2):
        seen = [group.changes]
        lines = [*at_every_line(lambda value=value: group.__setitem__("lr", value), lambda seen=seen: seen.append(group.changes), groups)]
        assert len(lines) > 10
        assert seen == sorted(seen)


def edited(optimizer: Any) -> None:
    state = copy.deepcopy(optimizer.state_dict())
    state["param_groups"][0]["lr"] = 0.01
    optimizer.load_state_dict(state)


CASES: dict[str, tuple[Callable[[Any], Any], list[Change], list[float]]] = {
    "momentum to 0 and back": (
        lambda p: optim.SGD(p, lr=0.1, momentum=0.9), [setting("momentum", 0), setting("momentum", 0.9)],
        [-0.62556, -0.07395, 0.20954, -0.24075, 0.02131],
    ),
    "betas": (
        lambda p: optim.Adam(p, lr=0.1), [setting("betas", (0.5, 0.6)), setting("eps", 1e-2), setting("weight_decay", 0.1)],
        [-0.70978, 0.02728, 0.13801, -1.14976, -0.00162],
    ),
    "decoupled_weight_decay": (
        lambda p: optim.Adam(p, lr=0.1, weight_decay=0.1), [setting("decoupled_weight_decay", True)],
        [-0.44887, 0.38124, 0.0781, -1.68223, 0.20673],
    ),
    "an edited state dict": (lambda p: optim.Adam(p, lr=0.1), [edited], [-0.20153, 0.19786, 0.31896, -1.99664, 0.07476]),
    "a rate that is a Tensor, written": (
        lambda p: optim.SGD(p, lr=torch.tensor(0.1)), [lambda o: o.param_groups[0]["lr"].mul_(0.1)],
        [-0.03784, -0.12602, 0.55401, -1.90474, -0.17085],
    ),
    "a rate that becomes a Tensor": (
        lambda p: optim.Adam(p, lr=0.1), [setting("lr", torch.tensor(0.01))], [-0.20153, 0.19786, 0.31896, -1.99664, 0.07476],
    ),
}  # fmt: skip


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("name", CASES)
def test_torchs_numbers_after_a_change(name: str, compiled: bool) -> None:
    make, changes, wanted = CASES[name]
    rng = np.random.default_rng(0)
    a = nn.Parameter(torch.tensor(rng.normal(size=(3, 4)).astype(np.float32)))
    b = nn.Parameter(torch.tensor(rng.normal(size=(4,)).astype(np.float32)))
    optimizer = make([a, b])

    def step(x: Any) -> None:
        optimizer.zero_grad()
        ((x @ a + b) ** 2).mean().backward()
        optimizer.step()

    run = torch.compile(step) if compiled else step
    for change in [lambda _: None, *changes]:
        change(optimizer)
        for _ in range(3):
            run(torch.tensor(X))
    found = [*a.detach().numpy().ravel()[:3], *b.detach().numpy()[:2]]
    np.testing.assert_allclose(found, wanted, atol=2e-5)


@pytest.mark.parametrize("option", ["capturable", "differentiable"])
def test_options_that_are_not_here_are_refused_wherever_they_are_given(option: str) -> None:
    weight = nn.Parameter(torch.ones(3))
    rule = optim.Adam if option == "capturable" else optim.SGD
    with pytest.raises(ArgumentError, match=option):
        rule([{"params": [weight], option: True}], lr=0.1)
    optimizer = rule([weight], lr=0.1)
    with pytest.raises(ArgumentError, match=option):
        optimizer.param_groups[0][option] = True
    assert not optimizer.param_groups[0].get(option)


def test_what_is_refused_changes_nothing() -> None:
    optimizer = optim.Adam([nn.Parameter(torch.ones(3))], lr=0.1)
    group = optimizer.param_groups[0]
    for key, value in [("betas", 3), ("lr", "fast")]:
        with pytest.raises((TypeError, ValueError)):
            group[key] = value
    assert group["betas"] == (0.9, 0.999)
    assert group["lr"] == 0.1


@pytest.mark.parametrize("key", ["lr", "momentum", "params", "of my own"])
def test_a_group_is_not_changed_inside_a_compiled_function(key: str) -> None:
    weight = nn.Parameter(torch.ones(3))
    optimizer = optim.SGD([weight], lr=0.1)
    before = dict(optimizer.param_groups[0])

    @torch.compile
    def step() -> None:
        (weight * weight).sum().backward()
        optimizer.step()
        optimizer.param_groups[0][key] = 0.5

    with pytest.raises(TraceError, match=key):
        step()
    assert dict(optimizer.param_groups[0]) == before


def test_the_rate_read_inside_a_compiled_function_is_the_present_one() -> None:
    optimizer = optim.SGD([nn.Parameter(torch.ones(3))], lr=0.1)
    scaled = torch.compile(lambda x: x * optimizer.param_groups[0]["lr"])
    for rate in (0.1, 0.5, 0.25):
        optimizer.param_groups[0]["lr"] = rate
        np.testing.assert_allclose(scaled(torch.ones(1)).numpy(), rate, rtol=1e-6)


@pytest.mark.parametrize("compiled", [False, True])
def test_a_step_of_adam_follows_from_its_count_moments_and_settings(compiled: bool) -> None:
    """Keras computes beta ** step anew at each step: setting the variables of one optimizer to those of another makes them equal."""
    one, other = (Parameter(np.ones(3, np.float32)) for _ in range(2))
    first, second = optimizers.Adam(0.1, beta_1=0.5, beta_2=0.25), optimizers.Adam(0.1)
    rules = [optimizer.begin({"weight": weight}) for optimizer, weight in ((first, one), (second, other))]
    steps = [lambda rule=rule, weight=weight: rule.apply([weight * 2.0]) for rule, weight in zip(rules, (one, other), strict=True)]
    run, follow = (gw.compile(step) if compiled else step for step in steps)
    follow()
    for _ in range(50):
        run()
    for mine, value in zip([other, *second.variables], [one, *first.variables], strict=True):
        mine.assign(value)
    second.beta_1, second.beta_2 = 0.5, 0.25
    run()
    follow()
    np.testing.assert_array_equal(other.numpy(), one.numpy())
    assert rules[0].state().keys() == {"rate", "iterations", "first_moment.weight", "second_moment.weight"}


def test_a_shallow_copy_of_a_module_compiled_in_place_computes_with_its_own() -> None:
    module = nn.Linear(2, 2)
    module.compile()
    module(torch.ones(1, 2))
    twin = copy.copy(module)
    twin.weight, twin.bias = nn.Parameter(torch.zeros(2, 2)), nn.Parameter(torch.ones(2))
    np.testing.assert_array_equal(twin(torch.ones(1, 2)).detach().numpy(), np.ones((1, 2)))
    assert module(torch.ones(1, 2)).detach().numpy().tolist() != [[1.0, 1.0]]


OTHERS: dict[str, Callable[[dict[str, Any]], object]] = {
    "a rate": lambda group: group.update(lr=2.0),
    "an option": lambda group: group.update(weight_decay=0.5),
    "several": lambda group: group.update(lr=2.0, weight_decay=0.5, maximize=True),
    "the parameters": lambda group: group["params"].append(nn.Parameter(torch.zeros(1))),
}


@pytest.mark.parametrize("act", OTHERS.values(), ids=OTHERS)
def test_what_another_thread_sets_while_options_are_followed_is_followed_by_the_next_step(act: Callable[..., object]) -> None:
    weight, lines = nn.Parameter(torch.zeros(1)), 0
    optimizer = optim.SGD([weight], lr=1.0)
    group = optimizer.param_groups[0]

    def call() -> None:
        group.update(lr=1.0, weight_decay=0.0, maximize=False)
        group["params"][:] = [weight]
        optimizer.zero_grad()
        weight.grad = torch.ones(1)
        optimizer.step()

    for lines in at_every_line(call, lambda: act(group), groups):
        optimizer.step()
        core = group.optimizer
        assert (float(core.rate), core.maximize) == (group["lr"], group["maximize"]), lines
        assert getattr(core.decay, "rate", 0.0) == group["weight_decay"], lines
        assert [*core.targets.values()] == group["params"], lines
    assert lines > 50
