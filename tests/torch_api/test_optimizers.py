"""What is changed in an optimizer takes effect at the next step, eager and compiled alike; numbers out of range are refused."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.torch import nn, optim

Optimizer = Any
Change = Callable[[Optimizer, Any], Any]


def sgd(**options: Any) -> Callable[[Any], Optimizer]:
    return lambda model: optim.SGD(model.parameters(), 0.1, **options)


def adam(model: Any) -> Optimizer:
    return optim.Adam(model.parameters(), 0.05)


def first_only(model: Any) -> Optimizer:
    return optim.SGD([model.weight], 0.1, momentum=0.5)


def set_item(key: str, value: Any) -> Change:
    return lambda optimizer, _: optimizer.param_groups[0].__setitem__(key, value)


CHANGES: dict[str, tuple[Callable[[Any], Optimizer], Change]] = {
    "lr": (sgd(), set_item("lr", 0.5)),
    "momentum": (sgd(momentum=0.9), set_item("momentum", 0.1)),
    "momentum from none": (sgd(), set_item("momentum", 0.9)),
    "momentum to none": (sgd(momentum=0.9), set_item("momentum", 0)),
    "weight_decay": (sgd(momentum=0.9), set_item("weight_decay", 0.5)),
    "nesterov": (sgd(momentum=0.9), set_item("nesterov", True)),
    "update": (sgd(momentum=0.9), lambda o, _: o.param_groups[0].update(momentum=0.1, lr=0.2)),
    "|=": (sgd(momentum=0.9), lambda o, _: o.param_groups[0].__ior__({"momentum": 0.1})),
    "betas": (adam, set_item("betas", (0.1, 0.2))),
    "eps": (adam, set_item("eps", 0.5)),
    "add_param_group": (first_only, lambda o, m: o.add_param_group({"params": [m.bias], "lr": 0.3})),
    "params.append": (first_only, lambda o, m: o.param_groups[0]["params"].append(m.bias)),
    "params +=": (first_only, lambda o, m: o.param_groups[0]["params"].__iadd__([m.bias])),
    "params.pop": (sgd(momentum=0.9), lambda o, _: o.param_groups[0]["params"].pop()),
    "params set": (sgd(momentum=0.9), lambda o, m: o.param_groups[0].__setitem__("params", [m.bias])),
    "group removed": (sgd(), lambda o, m: (o.param_groups.pop(), o.add_param_group({"params": [m.bias]}))),
    "load_state_dict": (adam, lambda o, _: o.load_state_dict(copy.deepcopy(o.state_dict()))),
}


def losses(change: str, *, compiled: bool) -> tuple[list[float], Any]:
    make, apply = CHANGES[change]
    torch.manual_seed(0)
    model = nn.Linear(3, 2)
    optimizer = make(model)
    x = torch.tensor(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))

    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = (model(x) ** 2).mean()
        loss.backward()
        optimizer.step()
        return loss.detach()

    run = torch.compile(step) if compiled else step
    found = [run(x).item() for _ in range(2)]
    apply(optimizer, model)
    return found + [run(x).item() for _ in range(3)], optimizer


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_takes_effect_at_the_next_step(change: str) -> None:
    eager, optimizer = losses(change, compiled=False)
    compiled, _ = losses(change, compiled=True)
    np.testing.assert_allclose(compiled, eager, rtol=1e-4)
    if change != "load_state_dict":
        make, _ = CHANGES[change]
        torch.manual_seed(0)
        untouched = nn.Linear(3, 2)
        other = make(untouched)
        x = torch.tensor(np.linspace(-1, 1, 12, dtype=np.float32).reshape(4, 3))
        for _ in range(5):
            other.zero_grad()
            loss = (untouched(x) ** 2).mean()
            loss.backward()
            other.step()
        assert abs(loss.item() - eager[-1]) > 1e-7
    assert len(optimizer.param_groups) >= 1


def test_a_learning_rate_traces_nothing_again() -> None:
    model = nn.Linear(2, 1)
    optimizer = optim.SGD(model.parameters(), 0.1)

    @torch.compile
    def step(x: Any) -> Any:
        optimizer.zero_grad()
        loss = model(x).sum()
        loss.backward()
        optimizer.step()
        return loss.detach()

    for rate in (0.1, 0.2, 0.3):
        optimizer.param_groups[0]["lr"] = rate
        step(torch.ones(2, 2))
    assert step.retraces == []


WRONG: dict[str, tuple[Callable[[Any], Any], type[Exception], str]] = {
    "lr": (lambda p: optim.SGD([p], lr=-1.0), ValueError, "Invalid learning rate: -1.0"),
    "momentum": (lambda p: optim.SGD([p], momentum=-0.1), ValueError, "Invalid momentum value: -0.1"),
    "decay": (lambda p: optim.SGD([p], weight_decay=-0.1), ValueError, "Invalid weight_decay value"),
    "nesterov": (lambda p: optim.SGD([p], nesterov=True), ValueError, "Nesterov momentum requires a momentum"),
    "adam lr": (lambda p: optim.Adam([p], lr=float("nan")), ValueError, "Invalid learning rate"),
    "eps": (lambda p: optim.Adam([p], eps=-1), ValueError, "Invalid epsilon value"),
    "beta": (lambda p: optim.Adam([p], betas=(0.9, 1.0)), ValueError, "Invalid beta parameter at index 1: 1.0"),
    "text": (lambda p: optim.SGD([p], lr="fast"), TypeError, "Invalid learning rate"),
    "a number as text": (lambda p: optim.SGD([p], lr="0.1"), TypeError, "Invalid learning rate: '0.1'"),
    "nothing for a rate": (lambda p: optim.AdamW([p], lr=None), TypeError, "Invalid learning rate: None"),
    "a list": (lambda p: optim.SGD([p], lr=[0.1]), TypeError, "Invalid learning rate"),
    "two rates": (lambda p: optim.SGD([p], lr=torch.ones(2)), ValueError, "Tensor lr must be 1-element"),
    "a negative Tensor": (lambda p: optim.SGD([p], lr=torch.tensor(-1.0)), ValueError, "Invalid learning rate"),
    "momentum as text": (lambda p: optim.SGD([p], momentum="0.9"), TypeError, "Invalid momentum value: '0.9'"),
    "whole betas": (lambda p: optim.Adam([p], betas=(0, 0.9)), ValueError, "both floats or both Tensors"),
    "one beta": (lambda p: optim.Adam([p], betas=(0.9,)), IndexError, "out of range"),
    "no betas": (lambda p: optim.Adam([p], betas=0.9), TypeError, "not subscriptable"),
    "three betas": (lambda p: optim.Adam([p], betas=(0.9, 0.9, 0.9)), ValueError, "too many values"),
    "eps, NaN": (lambda p: optim.Adam([p], eps=float("nan")), ValueError, "Invalid epsilon value: nan"),
    "both ways": (lambda p: optim.SGD([p], foreach=True, fused=True), RuntimeError, "cannot be `True` together"),
    "a Tensor for each": (lambda p: optim.Adam([p], lr=torch.tensor(0.1), foreach=True), ValueError, "not supported for capturable=False"),
    "names in one group": (lambda p: optim.SGD([{"params": [("a", p)]}, {"params": [p * 1]}]), ValueError, "non-leaf"),
    "names for some groups": (
        lambda p: optim.SGD([{"params": [("a", p)]}, {"params": [torch.ones(1)]}]), ValueError, "with/without names",
    ),
    "nothing": (lambda _: optim.SGD([], lr=0.1), ValueError, "optimizer got an empty parameter list"),
    "one Tensor": (lambda p: optim.SGD(p, lr=0.1), TypeError, "should be an iterable of Tensors"),
    "no Tensor": (lambda _: optim.SGD([1.0], lr=0.1), TypeError, "can only optimize Tensors"),
    "computed": (lambda p: optim.SGD([p * 2], lr=0.1), ValueError, "non-leaf"),
    "twice": (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}], lr=0.1), ValueError, "more than one parameter group"),
    "set": (lambda p: optim.SGD([{"params": {p}}], lr=0.1), TypeError, "ordered collections"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_optimizer_is_refused(name: str) -> None:
    make, kind, message = WRONG[name]
    with pytest.raises(kind, match=message):
        make(nn.Parameter(torch.ones(2)))


def test_what_torch_takes_is_taken_and_kept() -> None:
    weight = nn.Parameter(torch.ones(2))
    for lr in (True, np.float32(0.1), float("inf"), float("nan"), torch.tensor([0.1]), torch.tensor(1)):
        assert optim.SGD([weight], lr=lr).param_groups[0]["lr"] is lr
    group = optim.Adam([weight], 0.1, [0.5, 0.6], 1e-6, 0.1, True, foreach=True, maximize=True).param_groups[0]
    assert (group["betas"], group["foreach"], group["maximize"], group["amsgrad"]) == ((0.5, 0.6), True, True, True)
    optimizer = optim.SGD([{"params": [weight], "lr": -0.5, "nesterov": True, "of my own": 3}], lr=0.1, fused=True)
    weight.grad = torch.ones(2)
    optimizer.step()
    assert weight.tolist() == [1.5, 1.5]
    assert (optimizer.param_groups[0]["of my own"], optimizer.param_groups[0]["fused"]) == (3, True)


@pytest.mark.parametrize("key", ["lr", "betas", "fused", "params"])
def test_an_option_that_was_taken_away_is_missed_at_the_next_step(key: str) -> None:
    optimizer = optim.Adam([nn.Parameter(torch.ones(2))])
    value = optimizer.param_groups[0].pop(key)
    with pytest.raises(KeyError, match=f"no option '{key}'"):
        optimizer.step()
    optimizer.param_groups[0].setdefault(key, value)
    optimizer.step()


def test_a_parameter_that_stands_in_a_group_twice_makes_two_steps() -> None:
    weight = nn.Parameter(torch.ones(2))
    with pytest.warns(UserWarning, match="duplicate parameters"):
        optimizer = optim.Adam([weight, weight], 0.1)
    weight.grad = torch.ones(2)
    optimizer.step()
    np.testing.assert_allclose(weight.detach().numpy(), 0.8, rtol=1e-6)
    assert optimizer.state[weight]["step"].item() == 2.0


def test_names_copies_and_pickles() -> None:
    model = nn.Linear(3, 2)
    optimizer = optim.Adam(model.named_parameters(), 0.1)
    assert optimizer.param_groups[0]["param_names"] == ["weight", "bias"]
    model(torch.ones(2, 3)).sum().backward()
    optimizer.step()
    for made in (copy.deepcopy({"m": model, "o": optimizer}), pickle.loads(pickle.dumps({"m": model, "o": optimizer}))):  # noqa: S301
        other, its = made["m"], made["o"]
        assert its.param_groups[0]["params"][0] is other.weight
        model.zero_grad()
        for a, b in ((model, optimizer), (other, its)):
            a.zero_grad()
            a(torch.ones(2, 3)).sum().backward()
            if b is its:
                its.step()
        assert not torch.equal(other.weight, model.weight)
        its.param_groups[0]["params"].pop()
        assert len(optimizer.param_groups[0]["params"]) == 2


def test_an_optimizer_prints_its_groups_apart():
    groups = [{"params": [nn.Parameter(torch.zeros(2))]}, {"params": [nn.Parameter(torch.zeros(2))], "lr": 0.5}]
    options = "dampening: 0|differentiable: False|foreach: None|fused: None|lr: {}|maximize: False|momentum: 0|nesterov: False"
    rows = [(options.format(rate) + "|weight_decay: 0").replace("|", "\n    ") for rate in (0.1, 0.5)]
    wanted = [f"Parameter Group {k}\n    {row}" for k, row in enumerate(rows)]
    assert str(optim.SGD(groups, lr=0.1)) == "SGD (\n" + "\n\n".join(wanted) + "\n)"
