"""Hooks: what PyTorch 2.13 does with them is recorded (tests/peers/hook_cases.py).  Here they do the same, eager and compiled."""

from __future__ import annotations

import copy
import gc
import json
import pickle
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk.torch as torch
from gradwerk.base.errors import ArgumentTypeError, TraceError
from gradwerk.base.hooks import RemovableHandle
from gradwerk.tensor import hooks as gradient_hooks
from tests.peers import hook_cases
from tests.peers.hook_cases import given, linear

RECORDED: dict[str, list[Any]] = json.loads(hook_cases.RECORD.read_text(encoding="utf-8"))


DIFFERENT = {
    "hooks_and_gradients_that_are_asked_for": "torch.autograd.grad(z, [x, y]) of PyTorch gives the gradient of y without the hooks "
    "on y, where x needs it too, and with them where y is asked for alone; here it is with them",
}
"""Where another result is the better one, and why."""
WORDS = 5
"""So many words of PyTorch's messages are ours too."""


@pytest.mark.parametrize("name", hook_cases.CASES)
def test_the_hooks_called_are_pytorchs(name: str) -> None:
    ours, theirs = hook_cases.outcome(torch, hook_cases.CASES[name]), RECORDED[name]
    assert (list(map(agreed, ours, theirs)) == theirs and len(ours) == len(theirs)) is (name not in DIFFERENT), ours


def agreed(ours: list[Any], theirs: list[Any]) -> list[Any]:
    """Our line; PyTorch's where both are the same kind of error and say the same."""
    if ours[0] == theirs[0] == "raises" and theirs[1][0] in ours[1] and " ".join(theirs[2].split()[:WORDS]) in ours[2]:
        return theirs
    return ours


def test_all_cases_are_recorded() -> None:
    assert RECORDED.keys() == hook_cases.CASES.keys()


HOOKS: dict[str, Callable[[Any], RemovableHandle]] = {
    "forward pre": lambda net: net[0].register_forward_pre_hook(lambda m, a: (a[0] * 3,)),
    "forward": lambda net: net[1].register_forward_hook(lambda m, a, r: r + a[0]),
    "backward pre": lambda net: net[0].register_full_backward_pre_hook(lambda m, o: (o[0] * 5,)),
    "backward": lambda net: net[2].register_full_backward_hook(lambda m, i, o: (i[0] * 7,)),
    "gradient": lambda net: net[0].weight.register_hook(lambda g: g * 10),
    "all modules": lambda net: torch.nn.modules.module.register_module_forward_hook(lambda m, a, r: r * 2),
}


def net_of(torch: Any) -> Any:
    return torch.nn.Sequential(linear(torch), torch.nn.Tanh(), linear(torch, 0.5))


def gradients(net: Any, step: Callable[[Any], Any]) -> list[Any]:
    net.zero_grad()
    x = torch.tensor([[0.3, -0.2]], requires_grad=True)
    loss = step(x)
    if loss.requires_grad:
        loss.backward()
    found = [loss.detach(), x.grad, *(p.grad for p in net.parameters())]
    return [np.array(one.detach().numpy()) for one in found if one is not None]


def whole(net: Any) -> Callable[[Any], Any]:
    """A step that takes its gradients itself."""

    def step(x: Any) -> Any:
        loss = (net(x) ** 2).sum()
        loss.backward()
        return loss.detach()

    return step


def forward_only(net: Any) -> Callable[[Any], Any]:
    return lambda x: (net(x) ** 2).sum()


@pytest.mark.parametrize("made", [whole, forward_only])
@pytest.mark.parametrize("kind", HOOKS)
def test_compiled_steps_call_them_and_see_them_come_and_go(kind: str, made: Callable[[Any], Any]) -> None:
    net = net_of(torch)
    step = torch.compile(made(net))

    def compare() -> list[Any]:
        compiled, eager = gradients(net, step), gradients(net, made(net))
        for one, other in zip(compiled, eager, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)
        return compiled

    bare = compare()
    handle = HOOKS[kind](net)
    try:
        hooked = compare()
        traces = len(step.retraces)
        compare()
        assert len(step.retraces) == traces == 1
    finally:
        handle.remove()
    assert any(not np.array_equal(one, other) for one, other in zip(bare, hooked, strict=True)), "the hook did nothing"
    for one, other in zip(compare(), bare, strict=True):
        np.testing.assert_array_equal(one, other)


def test_what_a_hook_reads_is_guarded() -> None:
    net, rate = net_of(torch), {"factor": 2.0}
    net[0].register_forward_hook(lambda m, a, r: r * rate["factor"])
    net[0].weight.register_hook(lambda g: g * rate["factor"])
    step = torch.compile(whole(net))
    for factor in (2.0, 5.0):
        rate["factor"] = factor
        for one, other in zip(gradients(net, step), gradients(net, whole(net)), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5)


def test_hooks_of_an_argument_are_called_and_guarded() -> None:
    @torch.compile
    def step(x: Any) -> Any:
        return torch.autograd.grad((x * x).sum(), x)[0]

    x = given(torch)
    assert step(x).tolist() == [[2.0, -4.0]]
    handle = x.register_hook(lambda g: g * 10)
    assert step(x).tolist() == [[20.0, -40.0]]
    assert step(given(torch)).tolist() == [[2.0, -4.0]]
    handle.remove()
    assert step(x).tolist() == [[2.0, -4.0]]


def test_a_hook_on_a_leaf_is_called_once_where_the_gradient_is_taken_outside() -> None:
    w = torch.tensor([2.0], requires_grad=True)
    w.register_hook(lambda g: g * 10)
    torch.compile(lambda x: (x * w).sum())(torch.ones(1)).backward()
    assert w.grad is not None
    assert w.grad.tolist() == [10.0]


def test_hooks_on_intermediate_results_inside_a_compiled_step() -> None:
    @torch.compile
    def step(x: Any) -> Any:
        y = x * 2
        y.register_hook(lambda g: g * 10)
        y.retain_grad()
        (y * y).sum().backward()
        return y.grad

    x = given(torch)
    assert step(x).tolist() == [[40.0, -80.0]]
    assert x.grad is not None
    assert x.grad.tolist() == [[80.0, -160.0]]


def test_registration_inside_a_compiled_step_is_refused() -> None:
    layer, w, handles = linear(torch), given(torch), []

    @torch.compile
    def module(x: Any) -> Any:
        handles.append(layer.register_forward_hook(lambda m, a, r: r))
        return layer(x)

    @torch.compile
    def leaf(x: Any) -> Any:
        w.register_hook(lambda g: g)
        return x * w

    for step in (module, leaf):
        with pytest.raises(TraceError, match="happens only while it is traced"):
            step(torch.ones(1, 2))
    assert layer._hooks is None
    assert gradient_hooks.hooks_of(w) is None


def pickled(module: Any, args: Any, result: Any) -> Any:
    """A hook that pickle finds by its name."""
    return result + 1


def test_a_module_is_pickled_with_its_hooks() -> None:
    layer = linear(torch)
    layer.kept = layer.register_forward_hook(pickled)
    other = pickle.loads(pickle.dumps(layer))
    x = torch.ones(1, 2)
    assert other(x).tolist() == layer(x).tolist() == [[4.5, 7.5]]
    other.kept.remove()
    assert other(x).tolist() == [[3.5, 6.5]]
    assert layer(x).tolist() == [[4.5, 7.5]]


def test_a_copy_of_a_leaf_has_no_hooks() -> None:
    w = given(torch)
    w.register_hook(lambda g: g * 10)
    other = copy.deepcopy(w)
    (other * 2).sum().backward()
    assert other.grad is not None
    assert other.grad.tolist() == [[2.0, 2.0]]


def test_a_handle_keeps_nothing_alive() -> None:
    layer, w = linear(torch), given(torch)

    def hook(*args: Any) -> None:
        """Nothing."""

    handles = [layer.register_forward_hook(hook), w.register_hook(hook), (w * 2).register_hook(hook)]
    gone = [weakref.ref(layer), weakref.ref(w), weakref.ref(hook)]
    del layer, w, hook
    gc.collect()
    assert [one() for one in gone] == [None] * 3
    for handle in handles:
        handle.remove()


def test_hooks_of_an_optimized_module_are_the_modules() -> None:
    layer = linear(torch)
    model = torch.compile(layer)
    handle = model.register_forward_hook(lambda m, a, r: r * 2)
    assert model(torch.ones(1, 2)).tolist() == layer(torch.ones(1, 2)).tolist() == [[7.0, 13.0]]
    handle.remove()
    assert model(torch.ones(1, 2)).tolist() == [[3.5, 6.5]]


def test_a_module_compiled_in_place_calls_its_hooks_outside() -> None:
    layer, seen = linear(torch), []
    layer.compile()
    layer.register_forward_hook(lambda m, a, r: seen.append(r.tolist()))
    layer(torch.ones(1, 2))
    assert seen == [[[3.5, 6.5]]]


def test_what_is_no_function_is_refused_at_once() -> None:
    with pytest.raises(ArgumentTypeError, match="a hook is a function, not int"):
        linear(torch).register_forward_hook(3)
