"""Hooks on modules and Tensors: small programs that write down which are called, in which order, and with what.

    PYTHONPATH=. python -m tests.peers.hook_cases

in an environment that has PyTorch 2.13 writes `recorded/hooks.json`.  The same functions run on ours in tests/torch_api/test_hooks.py.
"""

from __future__ import annotations

import copy
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

RECORD = Path(__file__).parent / "recorded" / "hooks.json"
CASES: dict[str, Callable[..., None]] = {}
Case = Callable[[Any, Any], None]


def case(function: Case) -> Case:
    """Lists a program by its name."""
    CASES[function.__name__] = function
    return function


def outcomes(torch: Any) -> dict[str, list[Any]]:
    """What every program writes down."""
    return {name: outcome(torch, function) for name, function in CASES.items()}


def outcome(torch: Any, function: Case) -> list[Any]:
    """What a program writes down; warnings behind it, by their first words."""
    log: list[Any] = []

    def say(*values: Any) -> None:
        log.append([plain(torch, value) for value in values])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            function(torch, say)
        except Exception as error:
            kinds = [kind.__name__ for kind in type(error).__mro__ if kind.__module__ == "builtins"]
            log.append(["raises", kinds, " ".join(str(error).split()[:40])])
    return [*log, *(["warns", str(one.message)[:40]] for one in caught)]


def plain(torch: Any, value: Any) -> Any:
    """Numbers and texts."""
    if isinstance(value, torch.Tensor):
        return [round(number, 5) for number in value.detach().reshape(-1).tolist()]
    if isinstance(value, (tuple, list)):
        return [plain(torch, one) for one in value]
    if isinstance(value, dict):
        return {key: plain(torch, one) for key, one in value.items()}
    if isinstance(value, torch.nn.Module):
        return type(value).__name__
    return value


def linear(torch: Any, scale: float = 1.0) -> Any:
    """A layer of two features with known numbers."""
    layer = torch.nn.Linear(2, 2)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[1.0, 2.0], [3.0, 4.0]]) * scale)
        layer.bias.copy_(torch.tensor([0.5, -0.5]))
    return layer


def given(torch: Any) -> Any:
    """An argument that takes gradients."""
    return torch.tensor([[1.0, -2.0]], requires_grad=True)


@case
def forward_hooks_in_order(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_forward_hook(lambda m, a, r: say("second", m, a, r))
    layer.register_forward_hook(lambda m, a, r: say("first", m, a, r), prepend=True)
    layer.register_forward_pre_hook(lambda m, a: say("before 2", m, a))
    layer.register_forward_pre_hook(lambda m, a: say("before 1", m, a), prepend=True)
    say(layer(given(torch)))


@case
def what_they_return_replaces(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_forward_pre_hook(lambda m, a: a[0] * 2)
    layer.register_forward_pre_hook(lambda m, a: (a[0] + 1,))
    layer.register_forward_hook(lambda m, a, r: (r, a[0]))
    layer.register_forward_hook(lambda m, a, r: say(a, r))
    say(layer(given(torch)))


def scaled(torch: Any) -> Any:
    """A module that takes a keyword."""

    class Scaled(torch.nn.Module):
        def forward(self, x: Any, factor: float = 1.0) -> Any:
            if factor < 0:
                raise ValueError("a negative factor is no factor here")
            return x * factor

    return Scaled()


@case
def keywords(torch: Any, say: Any) -> None:
    module = scaled(torch)
    module.register_forward_pre_hook(lambda m, a, k: (a, {"factor": k["factor"] * 10}), with_kwargs=True)
    module.register_forward_pre_hook(lambda m, a, k: say("before", a, k), with_kwargs=True)
    module.register_forward_hook(lambda m, a, k, r: say("behind", a, k, r), with_kwargs=True)
    module.register_forward_hook(lambda m, a, r: say("plain", a, r))
    say(module(given(torch), factor=2.0))
    module.register_forward_pre_hook(lambda m, a, k: a, with_kwargs=True)
    module(given(torch), factor=2.0)


@case
def called_whatever_happens(torch: Any, say: Any) -> None:
    module = scaled(torch)
    module.register_forward_hook(lambda m, a, r: say("left out", r))
    module.register_forward_hook(lambda m, a, r: say("always", r), always_call=True)
    module.register_forward_hook(lambda m, a, k, r: say("always with", k, r), always_call=True, with_kwargs=True)
    module.register_forward_hook(lambda m, a, r: 1 // 0, always_call=True)
    module(given(torch), factor=-1.0)


@case
def an_exception_in_a_hook(torch: Any, say: Any) -> None:
    module = scaled(torch)
    module.register_forward_hook(lambda m, a, r: say("one", r), always_call=True)
    module.register_forward_hook(lambda m, a, r: 1 // 0)
    module.register_forward_hook(lambda m, a, r: say("three", r), always_call=True)
    module.register_forward_hook(lambda m, a, r: say("four", r))
    module(given(torch))


@case
def removal(torch: Any, say: Any) -> None:
    layer = linear(torch)
    handle = layer.register_forward_hook(lambda m, a, r: say("removed"))
    handle.remove()
    handle.remove()
    with layer.register_forward_hook(lambda m, a, r: say("inside")):
        layer(given(torch))
    layer(given(torch))


@case
def removal_and_registration_during_the_call(torch: Any, say: Any) -> None:
    layer = linear(torch)
    handles: dict[str, Any] = {}

    def before(m: Any, a: Any) -> None:
        say("before")
        handles["before"].remove()
        handles["later"].remove()
        m.register_forward_hook(lambda m, a, r: say("registered before"))

    def behind(m: Any, a: Any, r: Any) -> None:
        say("behind")
        handles["behind"].remove()
        handles["next"].remove()
        m.register_forward_hook(lambda m, a, r: say("registered behind"))

    handles["before"] = layer.register_forward_pre_hook(before)
    handles["later"] = layer.register_forward_pre_hook(lambda m, a: say("removed, and still called"))
    handles["behind"] = layer.register_forward_hook(behind)
    handles["next"] = layer.register_forward_hook(lambda m, a, r: say("removed too"))
    layer(given(torch))
    say("again")
    layer(given(torch))


@case
def hooks_of_all_modules(torch: Any, say: Any) -> None:
    from_all = torch.nn.modules.module
    net = torch.nn.Sequential(linear(torch), torch.nn.ReLU())
    net[0].register_forward_hook(lambda m, a, r: say("own", m))
    net[0].register_full_backward_hook(lambda m, i, o: say("own backward", m, i, o))
    handles = [
        from_all.register_module_forward_pre_hook(lambda m, a: say("before", m)),
        from_all.register_module_forward_hook(lambda m, a, r: say("behind", m, r)),
        from_all.register_module_forward_hook(lambda m, a, k, r: say("with", m, k), with_kwargs=True),
        from_all.register_module_full_backward_pre_hook(lambda m, o: say("backward pre", m, o)),
        from_all.register_module_full_backward_hook(lambda m, i, o: say("backward", m, i, o)),
    ]
    try:
        net(given(torch)).sum().backward()
    finally:
        for handle in handles:
            handle.remove()
    say("removed")
    net(given(torch))


@case
def backward_hooks(torch: Any, say: Any) -> None:
    layer, x = linear(torch), given(torch)
    layer.register_full_backward_hook(lambda m, i, o: say("second", m, i, o))
    layer.register_full_backward_hook(lambda m, i, o: say("first", m, i, o), prepend=True)
    layer.register_full_backward_pre_hook(lambda m, o: say("pre 2", m, o))
    layer.register_full_backward_pre_hook(lambda m, o: say("pre 1", m, o), prepend=True)
    (layer(x) * torch.tensor([[1.0, 3.0]])).sum().backward()
    say(x.grad, layer.weight.grad, layer.bias.grad)


@case
def backward_hooks_replace(torch: Any, say: Any) -> None:
    layer, x = linear(torch), given(torch)
    layer.register_full_backward_pre_hook(lambda m, o: (o[0] * 2,))
    layer.register_full_backward_hook(lambda m, i, o: (i[0] + 100,))
    layer.register_full_backward_hook(lambda m, i, o: say(i, o))
    layer(x).sum().backward()
    say(x.grad, layer.weight.grad)


@case
def a_backward_hook_returns_too_many(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_full_backward_hook(lambda m, i, o: (i[0], i[0]))
    layer(given(torch)).sum().backward()


@case
def a_backward_pre_hook_returns_too_many(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_full_backward_pre_hook(lambda m, o: (o[0], o[0]))
    layer(given(torch)).sum().backward()


def pair(torch: Any) -> Any:
    """Several arguments, some of them no Tensors, and several results."""

    class Pair(torch.nn.Module):
        def forward(self, x: Any, times: int, y: Any) -> Any:
            return x * times, "text", y + x

    return Pair()


@case
def several_arguments_and_results(torch: Any, say: Any) -> None:
    module, x, y = pair(torch), given(torch), torch.tensor([[5.0, 6.0]])
    module.register_full_backward_hook(lambda m, i, o: say(i, o))
    first, text, second = module(x, 3, y)
    say(text, first.requires_grad, second.requires_grad)
    (first.sum() + 2 * second.sum()).backward()
    say(x.grad)


@case
def one_result_is_not_used(torch: Any, say: Any) -> None:
    module, x, y = pair(torch), given(torch), torch.tensor([[5.0, 6.0]], requires_grad=True)
    module.register_full_backward_hook(lambda m, i, o: say(i, o))
    module(x, 3, y)[0].sum().backward()
    say(x.grad, y.grad)


@case
def no_argument_takes_gradients(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_full_backward_hook(lambda m, i, o: say(m, i, o))
    layer(torch.tensor([[1.0, -2.0]])).sum().backward()
    say(layer.weight.grad)


@case
def nothing_takes_gradients(torch: Any, say: Any) -> None:
    layer = linear(torch).requires_grad_(False)
    layer.register_full_backward_hook(lambda m, i, o: say("never", m, i, o))
    say(layer(torch.tensor([[1.0, -2.0]])).requires_grad)
    with torch.no_grad():
        say(layer(given(torch)).requires_grad)


@case
def a_result_that_is_a_dict(torch: Any, say: Any) -> None:
    class Named(torch.nn.Module):
        def forward(self, x: Any) -> Any:
            return {"twice": x * 2}

    module, x = Named(), given(torch)
    module.register_full_backward_hook(lambda m, i, o: say("never", i, o))
    module(x)["twice"].sum().backward()
    say(x.grad)


@case
def writing_to_what_passed_by(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_full_backward_hook(lambda m, i, o: None)
    result = layer(given(torch))
    result.mul_(2)


@case
def a_net_of_hooked_layers(torch: Any, say: Any) -> None:
    net = torch.nn.Sequential(linear(torch), torch.nn.ReLU(), linear(torch, 0.5))
    for name, module in net.named_modules():
        module.register_forward_pre_hook(lambda m, a, name=name: say("pre", name, a))
        module.register_forward_hook(lambda m, a, r, name=name: say("forward", name, r))
        module.register_full_backward_hook(lambda m, i, o, name=name: say("backward", name, i, o))
    x = given(torch)
    net(x).sum().backward()
    say(x.grad, net[0].weight.grad)
    net[1].register_full_backward_hook(lambda m, i, o: (i[0] * 0,))
    net(x).sum().backward()
    say(x.grad)


@case
def copies_have_the_hooks(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.register_forward_hook(lambda m, a, r: say("hook", m.bias))
    layer.handle = layer.register_forward_hook(lambda m, a, r: say("more"))
    other = copy.deepcopy(layer)
    with torch.no_grad():
        other.bias.zero_()
    other(given(torch))
    other.handle.remove()
    say("removed from the copy")
    other(given(torch))
    layer(given(torch))


@case
def hooks_on_tensors(torch: Any, say: Any) -> None:
    x = given(torch)
    y = x * 2
    y.register_hook(lambda g: say("y", g))
    x.register_hook(lambda g: say("x", g))
    handle = y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: say("y behind", g))
    z = y * 3 + y * y
    z.sum().backward(retain_graph=True)
    say(x.grad)
    handle.remove()
    x.register_hook(lambda g: g + 1)
    z.sum().backward()
    say(x.grad)


@case
def a_hook_on_a_leaf_sees_the_whole_gradient(torch: Any, say: Any) -> None:
    x = given(torch)
    x.register_hook(lambda g: say("x", g))
    y = x * 2
    y.register_hook(lambda g: say("y", g))
    w = torch.tensor([[1.0, 1.0]], requires_grad=True)
    w.register_hook(lambda g: say("w", g))
    ((y * w).exp() + x * 3 + w).sum().backward()
    say(x.grad, w.grad)


@case
def hooks_and_gradients_that_are_asked_for(torch: Any, say: Any) -> None:
    x = given(torch)
    y = x * 2
    y.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    w = torch.tensor([[1.0, 1.0]], requires_grad=True)
    w.register_hook(lambda g: say("never", g))
    z = (y * y * w).sum()
    say(torch.autograd.grad(z, [x, y], retain_graph=True))
    say(torch.autograd.grad(z, [y]))


@case
def second_derivatives(torch: Any, say: Any) -> None:
    x = given(torch)
    y = x * x * x
    y.register_hook(lambda g: g * 2)
    (first,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    say(first)
    (second,) = torch.autograd.grad(first.sum(), x)
    say(second)


@case
def hooks_stay_with_what_was_there(torch: Any, say: Any) -> None:
    x = given(torch)
    y = x * 2
    y.register_hook(lambda g: say("before the write", g))
    y.mul_(3)
    y.register_hook(lambda g: say("behind the write", g))
    (y * 5).sum().backward()
    say(x.grad)


@case
def a_copy_has_a_gradient_of_its_own(torch: Any, say: Any) -> None:
    x = given(torch)
    y = x * 2
    copied = y.clone()
    copied.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: say("y", g))
    (y + copied).sum().backward()
    say(x.grad)


@case
def retained_gradients(torch: Any, say: Any) -> None:
    x = given(torch)
    y = x * 2
    say(y.retains_grad)
    y.retain_grad()
    y.retain_grad()
    say(y.retains_grad, x.retains_grad)
    y.register_hook(lambda g: g * 10)
    z = (y * y).sum()
    z.backward(retain_graph=True)
    say(y.grad, x.grad)
    z.backward()
    say(y.grad, x.grad)
    x.retain_grad()


@case
def a_hook_that_returns_no_gradient(torch: Any, say: Any) -> None:
    x = given(torch)
    x.register_hook(lambda g: 3)
    (x * 2).sum().backward()


@case
def a_hook_that_returns_another_size(torch: Any, say: Any) -> None:
    y = given(torch) * 2
    y.register_hook(lambda g: g.sum())
    y.sum().backward()


@case
def a_hook_on_what_takes_no_gradient(torch: Any, say: Any) -> None:
    torch.zeros(2).register_hook(lambda g: None)


@case
def retaining_where_there_is_none(torch: Any, say: Any) -> None:
    torch.zeros(2).retain_grad()


@case
def a_run_once_hook(torch: Any, say: Any) -> None:
    layer = linear(torch)

    def once(m: Any, a: Any, r: Any) -> None:
        say("once")
        handle.remove()

    handle = layer.register_forward_hook(once)
    layer(given(torch))
    layer(given(torch))


@case
def a_gradient_is_clipped_on_its_way(torch: Any, say: Any) -> None:
    layer = linear(torch)
    layer.weight.register_hook(lambda g: g.clamp(-1, 1))
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.5)
    for _ in range(3):
        optimizer.zero_grad()
        (layer(given(torch)) ** 2).sum().backward()
        optimizer.step()
    say(layer.weight, layer.bias)


if __name__ == "__main__":
    import torch as original

    lines = [f"  {json.dumps(name)}: {json.dumps(found)}" for name, found in outcomes(original).items()]
    RECORD.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
