"""The state of PyTorch's optimizers: one step count for each parameter, torch's names, live Tensors, state dicts; checked beside 2.13.0."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, MissingOptionError, ShapeError, TraceError
from gradwerk.torch import nn, optim

Made = tuple[list[Any], Any]
either = pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])


def made(rule: str, **options: Any) -> Made:
    """Two parameters and an optimizer of both."""
    parameters = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2, 2))]
    return parameters, getattr(optim, rule)(parameters, **options)


def step(made: Made, *given: int) -> None:
    """A step in which these parameters have a gradient."""
    parameters, optimizer = made
    for k, parameter in enumerate(parameters):
        parameter.grad = torch.full(tuple(parameter.shape), 0.5) if k in given else None
    optimizer.step()


@either
def test_each_parameter_counts_its_own_steps(compiled: bool) -> None:
    parameters, optimizer = made("Adam", lr=0.1)

    def train(used: int) -> None:
        optimizer.zero_grad()
        sum((p.sum() for p in parameters[:used]), start=torch.tensor(0.0)).backward()
        optimizer.step()

    run = torch.compile(train) if compiled else train
    for used in (1, 2, 2, 1, 2):
        run(used)
    counts = [held["step"].item() for held in optimizer.state_dict()["state"].values()]
    assert counts == [5.0, 3.0]
    np.testing.assert_allclose(parameters[0].detach().numpy(), 0.5, atol=1e-5)  # five steps of 0.1 each, however the other went
    np.testing.assert_allclose(parameters[1].detach().numpy(), 0.7, atol=1e-5)


def test_histories_that_part_and_rates_that_change_trace_no_more_than_they_must() -> None:
    parameters, optimizer = made("Adam", lr=0.1)

    @torch.compile
    def train(used: int) -> None:
        optimizer.zero_grad()
        sum((p.sum() for p in parameters[:used]), start=torch.tensor(0.0)).backward()
        optimizer.step()

    for used, rate in ((1, 0.1), (2, 0.2), (1, 0.3), (2, 0.4), (1, 0.5)):
        optimizer.param_groups[0]["lr"] = rate
        train(used)
    assert len(train.retraces) == 1


def test_state_has_torchs_names_and_is_live() -> None:
    (first, second), optimizer = parameters, _ = made("Adam", lr=0.1, amsgrad=True)
    assert len(optimizer.state) == 0
    assert not optimizer.state[first]
    step((parameters, optimizer), 0)
    assert list(optimizer.state) == [first]
    assert second not in optimizer.state
    held = optimizer.state[first]
    assert list(held) == ["step", "exp_avg", "exp_avg_sq", "max_exp_avg_sq"]
    assert (held["step"].shape, held["step"].dtype, held["step"].item()) == ((), torch.float32, 1.0)
    assert isinstance(held["exp_avg"], torch.Tensor)
    held["step"].fill_(4)
    held["exp_avg"].zero_()
    step((parameters, optimizer), 0)
    assert held["step"].item() == 5.0
    np.testing.assert_allclose(held["exp_avg"].numpy(), 0.05, rtol=1e-6)
    optimizer.state.clear()
    assert optimizer.state_dict()["state"] == {}
    optimizer.state = {second: {"step": 3, "exp_avg": np.ones((2, 2)), "exp_avg_sq": np.ones((2, 2))}}
    assert optimizer.state_dict()["state"].keys() == {1}
    with pytest.raises(KeyError, match="no such parameter"):
        optimizer.state[nn.Parameter(torch.ones(1))] = {}


def test_the_state_of_sgd_is_its_buffer_where_there_was_momentum() -> None:
    parameters, optimizer = made("SGD", lr=0.1)
    step((parameters, optimizer), 0, 1)
    assert optimizer.state_dict()["state"] == {}
    optimizer.param_groups[0]["momentum"] = 0.9
    optimizer.param_groups[0]["dampening"] = 0.5
    step((parameters, optimizer), 1)
    assert optimizer.state_dict()["state"].keys() == {1}
    np.testing.assert_array_equal(optimizer.state[parameters[1]]["momentum_buffer"].numpy(), 0.5)  # the gradient itself, not dampened
    step((parameters, optimizer), 0, 1)
    np.testing.assert_allclose(optimizer.state[parameters[1]]["momentum_buffer"].numpy(), 0.9 * 0.5 + 0.5 * 0.5)
    np.testing.assert_array_equal(optimizer.state[parameters[0]]["momentum_buffer"].numpy(), 0.5)


@pytest.mark.parametrize(("kind", "options"), [
    ("SGD", {}), ("SGD", {"momentum": 0.9}), ("Adam", {}), ("Adam", {"amsgrad": True}), ("AdamW", {"amsgrad": True}),
])  # fmt: skip
def test_the_state_is_all_the_state_there_is(kind: str, options: dict[str, Any]) -> None:
    """No slot of the rule is without a name of torch's."""
    parameters, optimizer = made(kind, lr=0.1, **options)
    step((parameters, optimizer), 0, 1)
    (rule,) = (group.optimizer for group in optimizer.followed())
    shown = {optimizer.names[name] for name in optimizer.state[parameters[0]]} - {"iterations"}
    assert shown == set(rule.slots)


def test_state_dicts_with_different_steps_go_through_a_file() -> None:
    one = made("AdamW", lr=0.1)
    for given in ((0,), (0, 1), (0,)):
        step(one, *given)
    file = io.BytesIO()
    torch.save(one[1].state_dict(), file)
    file.seek(0)
    other = made("AdamW", lr=0.5)
    for mine, its in zip(other[0], one[0], strict=True):
        mine.data.copy_(its.data)
    other[1].load_state_dict(torch.load(file))
    for pair in (one, other):
        step(pair, 0, 1)
    assert [held["step"].item() for held in other[1].state_dict()["state"].values()] == [4.0, 2.0]
    for mine, its in zip(other[0], one[0], strict=True):
        np.testing.assert_array_equal(mine.detach().numpy(), its.detach().numpy())


def test_a_state_dict_shows_the_optimizer_and_numbers_its_parameters() -> None:
    parameters, optimizer = made("Adam", lr=0.1)
    step((parameters, optimizer), 0, 1)
    state = optimizer.state_dict()
    assert state["param_groups"][0]["params"] == [0, 1]
    before = copy.deepcopy(state)
    step((parameters, optimizer), 0, 1)
    assert (state["state"][0]["step"].item(), before["state"][0]["step"].item()) == (2.0, 1.0)
    before["param_groups"][0]["params"], before["state"][7] = [7, 1], before["state"].pop(0)  # other numbers
    optimizer.load_state_dict(before)
    assert optimizer.state[parameters[0]]["step"].item() == 1.0


WRONG: dict[str, tuple[Callable[[Any], object], type[Exception], str]] = {
    "another shape": (lambda s: s["state"][0].update(exp_avg=torch.ones(5)), ShapeError, "exp_avg"),
    "no step": (lambda s: s["state"][0].pop("step"), MissingOptionError, "lacks 'step'"),
    "no moment": (lambda s: s["state"][1].pop("exp_avg_sq"), KeyError, "lacks 'exp_avg_sq'"),
    "no dict": (lambda s: s["state"].update({0: 3}), TypeError, "is a dict"),
    "no betas": (lambda s: s["param_groups"][0].pop("betas"), KeyError, "no option 'betas'"),
    "wrong betas": (lambda s: s["param_groups"][0].update(betas=3), TypeError, "cannot unpack"),
    "another group": (lambda s: s["param_groups"].append({"params": []}), ValueError, "different number of parameter groups"),
    "another parameter": (lambda s: s["param_groups"][0].update(params=[0]), ValueError, "doesn't match the size"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_cannot_be_loaded_changes_nothing(name: str) -> None:
    change, kind, message = WRONG[name]
    one = made("Adam", lr=0.1)
    step(one, 0, 1)
    state = copy.deepcopy(one[1].state_dict())
    state["param_groups"][0]["lr"] = 0.7
    change(state)
    with pytest.raises(kind, match=message):
        one[1].load_state_dict(state)
    assert one[1].param_groups[0]["lr"] == 0.1
    step(one, 0)
    assert [held["step"].item() for held in one[1].state_dict()["state"].values()] == [2.0, 1.0]


def test_a_group_that_was_loaded_over_is_followed_no_more() -> None:
    one = made("SGD", lr=0.1)
    stale = one[1].param_groups[0]
    stale["of my own"] = 1
    state = one[1].state_dict()
    state["param_groups"][0].pop("of my own")
    one[1].load_state_dict(state)
    stale["lr"] = 5.0
    assert one[1].param_groups[0].keys() == made("SGD")[1].param_groups[0].keys()  # what was saved, and no more
    step(one, 0)
    np.testing.assert_allclose(one[0][0].detach().numpy(), 1 - 0.1 * 0.5)


def test_state_follows_a_parameter_from_group_to_group() -> None:
    (a, b), optimizer = made("Adam", lr=0.1)
    optimizer.param_groups.append({**optimizer.param_groups[0], "params": []})  # a dict of one's own
    for given in ((0, 1), (0,)):
        step(([a, b], optimizer), *given)
    optimizer.param_groups[1]["params"].append(optimizer.param_groups[0]["params"].pop(0))
    step(([a, b], optimizer), 0, 1)
    assert [optimizer.state[p]["step"].item() for p in (a, b)] == [3.0, 2.0]
    group = optimizer.param_groups.pop()
    step(([a, b], optimizer), 0, 1)
    optimizer.param_groups.append(group)
    step(([a, b], optimizer), 0, 1)
    assert [optimizer.state[p]["step"].item() for p in (a, b)] == [4.0, 4.0]


def test_a_frozen_parameter_with_a_gradient_left_is_updated_as_in_torch() -> None:
    (a, b), optimizer = made("SGD", lr=0.1)
    (a.sum() + b.sum()).backward()
    a.requires_grad = False
    optimizer.step()
    np.testing.assert_allclose(a.numpy(), 0.9)


@either
def test_the_rate_is_read_in_every_way_of_a_dict(compiled: bool) -> None:
    _, optimizer = made("SGD", lr=0.1)
    group = optimizer.param_groups[0]

    def scaled(x: Any) -> Any:
        return x * group["lr"], x * group.get("lr"), x * dict(group.items())["lr"], x * list(group.values())[1]

    run = torch.compile(scaled) if compiled else scaled
    for rate in (0.1, 0.5, 0.25):
        group["lr"] = rate
        np.testing.assert_allclose([y.item() for y in run(torch.ones(1))], rate, rtol=1e-6)


def test_an_option_of_ones_own_is_read_anew_in_a_compiled_function() -> None:
    _, optimizer = made("SGD", lr=0.5)
    optimizer.param_groups[0]["scale"] = 2.0
    scaled = torch.compile(lambda x: x * optimizer.param_groups[0]["lr"] * optimizer.param_groups[0]["scale"])
    assert scaled(torch.ones(1)).item() == 1.0
    optimizer.param_groups[0]["scale"] = 4.0
    optimizer.param_groups[0]["lr"] = 0.25
    assert scaled(torch.ones(1)).item() == 1.0
    optimizer.param_groups[0]["scale"] = 8.0
    assert scaled(torch.ones(1)).item() == 2.0


@pytest.mark.parametrize("change", ["pop", "popitem", "clear", "del", "setdefault", "append"])
def test_no_way_of_a_dict_or_list_changes_a_group_inside_a_compiled_function(change: str) -> None:
    (a, _), optimizer = made("SGD", lr=0.1)
    group = optimizer.param_groups[0]
    before, members = dict(group), list(group["params"])
    changes: dict[str, Callable[[], object]] = {
        "pop": lambda: group.pop("momentum"), "popitem": group.popitem, "clear": group.clear, "del": lambda: group.__delitem__("lr"),
        "setdefault": lambda: group.setdefault("of my own", 3), "append": lambda: group["params"].append(nn.Parameter(torch.ones(1))),
    }  # fmt: skip

    @torch.compile
    def train() -> None:
        (a * a).sum().backward()
        changes[change]()
        optimizer.step()

    with pytest.raises(TraceError, match="inside a compiled function"):
        train()
    assert dict(group) == before or change == "append"
    assert all(one is other for one, other in zip(group["params"], members, strict=True))


class Signs(optim.Optimizer):
    """w <- w - lr sign(g), counting its steps: an optimizer as people write them."""

    def __init__(self, params: Any, lr: float = 0.1) -> None:
        super().__init__(params, {"lr": lr})

    def step(self, closure: Any = None) -> None:
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    self.state[p]["steps"] = self.state[p].get("steps", 0) + 1
                    p.data.add_(p.grad / p.grad.abs(), alpha=-group["lr"])


def test_an_optimizer_of_ones_own() -> None:
    parameters = [nn.Parameter(torch.ones(3)), nn.Parameter(torch.ones(2, 2))]
    optimizer = Signs(parameters)
    step((parameters, optimizer), 0, 1)
    optimizer.param_groups[0]["lr"] = 0.3
    step((parameters, optimizer), 1)
    np.testing.assert_allclose([p.detach().numpy().ravel()[0] for p in parameters], [0.9, 0.6], rtol=1e-6)
    state = copy.deepcopy(optimizer.state_dict())
    assert state == {"state": {0: {"steps": 1}, 1: {"steps": 2}}, "param_groups": [{"lr": 0.3, "params": [0, 1]}]}
    other = Signs(parameters)
    other.load_state_dict(state)
    assert (other.state[parameters[1]], other.param_groups[0]["lr"]) == ({"steps": 2}, 0.3)
    with pytest.raises(RuntimeError, match="defines no step"):
        optim.Optimizer(parameters, {}).step()
    with pytest.raises(ArgumentError, match="empty parameter list"):
        Signs([])


class Plain(optim.Optimizer):
    """w <- w - lr g."""

    def step(self, closure: Any = None) -> None:
        with torch.no_grad():
            for group in self.param_groups:
                for p in group["params"]:
                    p.sub_(p.grad * group["lr"])


@either
def test_an_optimizer_of_ones_own_in_a_compiled_step(compiled: bool) -> None:
    weight = nn.Parameter(torch.ones(3))
    optimizer = Plain([weight], {"lr": 0.5})

    def train() -> None:
        optimizer.zero_grad()
        weight.sum().backward()
        optimizer.step()

    run = torch.compile(train) if compiled else train
    for rate in (0.5, 0.5, 0.25, 0.125):
        optimizer.param_groups[0]["lr"] = rate
        run()
    np.testing.assert_allclose(weight.detach().numpy(), 1 - 1.375)


@either
def test_gradients_become_zeros_in_place(compiled: bool) -> None:
    (a, b), optimizer = made("SGD", lr=0.1)
    a.sum().backward()
    gradient = a.grad

    def forget() -> None:
        optimizer.zero_grad(set_to_none=False)

    (torch.compile(forget) if compiled else forget)()
    assert b.grad is None
    assert a.grad.tolist() == [0.0] * 3
    assert compiled or a.grad is gradient
