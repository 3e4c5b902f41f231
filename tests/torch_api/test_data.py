"""x.data = y: x is a Tensor on y's memory from then on, as in PyTorch, and compiled steps go on with that memory.

What is shared is tried by writes: to each Tensor in turn, and a look at the others.
"""

from __future__ import annotations

import copy
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import TraceError
from gradwerk.torch import nn

RNG = np.random.default_rng(0)


def tensor(*shape: int, **options: Any) -> Any:
    return torch.tensor(RNG.standard_normal(shape).astype(np.float32), **options)


def share(a: Any, b: Any) -> bool:
    """Whether a write to one is seen in the other, both ways."""
    found = []
    with torch.no_grad():
        for x, y in ((a, b), (b, a)):
            before = y.detach().clone()
            x.add_(1.0)
            found.append(not torch.equal(before, y.detach()))
    assert found[0] is found[1]
    return found[0]


OTHERS = {
    "alike": lambda: tensor(3),
    "longer": lambda: tensor(5),
    "of more axes": lambda: tensor(2, 3),
    "a part": lambda: tensor(4, 3)[1],
    "turned": lambda: tensor(2, 3).t(),
    "float64": lambda: tensor(3).double(),
    "requires a gradient": lambda: tensor(3, requires_grad=True),
    "computed": lambda: tensor(3, requires_grad=True) * 2,
    "a parameter": lambda: nn.Parameter(tensor(3)),
    "of NumPy's": lambda: torch.from_numpy(np.ones(3, np.float32)),
    "a weight nobody has seen": lambda: nn.Conv2d(2, 3, 3).weight,
}


@pytest.mark.parametrize("other", OTHERS)
@pytest.mark.parametrize("wants", [False, True])
def test_it_takes_the_memory_and_nothing_else(other: str, wants: bool) -> None:
    x, y = tensor(3, requires_grad=wants), OTHERS[other]()
    before = x.detach()
    kept, view = before.clone(), x.detach()[1:]
    x.data = y
    assert (x.requires_grad, x.is_leaf, x.grad_fn) == (wants, True, None)
    assert (x.shape, x.dtype, x.stride()) == (y.shape, y.dtype, y.stride())
    np.testing.assert_array_equal(x.detach().numpy(), y.detach().numpy())
    assert share(x.detach(), y.detach())
    np.testing.assert_array_equal(before.numpy(), kept.numpy())
    assert not share(view, x.detach())
    if wants:
        (x * 3).sum().backward()
        np.testing.assert_array_equal(x.grad.numpy(), np.full(x.shape, 3))


def test_two_swap_their_memory() -> None:
    a, b = torch.ones(3), torch.zeros(3)
    a.data, b.data = b.data, a.data
    assert (a.tolist(), b.tolist()) == ([0] * 3, [1] * 3)
    assert not share(a, b)


def test_what_it_may_not_take() -> None:
    x = tensor(3, requires_grad=True)
    for other in ([1.0, 2.0], 5.0, np.ones(3, np.float32), None):
        with pytest.raises(TypeError, match="Variable data has to be a tensor"):
            x.data = other
    with pytest.raises(RuntimeError, match="must be floating point"):
        x.data = torch.ones(3, dtype=torch.int64)


def test_copies_share_as_their_originals_do() -> None:
    a, b = torch.ones(3), torch.zeros(3)
    b.data = a
    c, d = copy.deepcopy([a, b])
    assert share(c, d)
    assert not share(a, c)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.first, self.norm, self.second = nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Linear(8, 3)

    def forward(self, x: Any) -> Any:
        return self.second(torch.tanh(self.norm(self.first(x))).flatten(1))


def by_hand(model: Any, before: Any) -> None:
    for p in model.parameters():
        p.data = p.data - 0.1 * p.grad.data
        p.grad = None


def average(model: Any, before: Any) -> None:
    for p, slow in zip(model.parameters(), before, strict=True):
        slow.data = slow.data * 0.9 + p.data * 0.1
        p.data = slow.data.clone()
        p.grad = None


def restore(model: Any, before: Any) -> None:
    kept = [p.data.clone() for p in model.parameters()]
    for p in model.parameters():
        p.data.add_(0.05 * p.grad)
        p.grad = None
    for p, was in zip(model.parameters(), kept, strict=True):
        p.data = was * 0.99


def swap(model: Any, before: Any) -> None:
    for p, slow in zip(model.parameters(), before, strict=True):
        p.data, slow.data = slow.data, p.data
        p.grad = None


@pytest.mark.parametrize("change", [by_hand, average, restore, swap])
@pytest.mark.parametrize("whole", [False, True], ids=["model", "step"])
def test_compiled_steps_go_on_with_the_memory_and_are_not_traced_again(change: Any, whole: bool) -> None:
    """Updates as users write them.  Where the compiler chose how a weight lies, what it takes may lie otherwise: that is one trace more."""
    results = []
    first = Net()
    x, y = tensor(4, 1, 4, 4), tensor(4, 3)
    for wrap in (lambda fn: fn, torch.compile):
        model = copy.deepcopy(first)
        before = [p.detach().clone() for p in model.parameters()]
        if whole:
            step = wrap(lambda model=model: ((model(x) - y) ** 2).mean().backward())
        else:
            forward = wrap(model)
            step = lambda forward=forward: ((forward(x) - y) ** 2).mean().backward()  # noqa: E731
        losses = []
        for _ in range(6):
            step()
            change(model, before)
            with torch.no_grad():
                losses.append(((model(x) - y) ** 2).mean().item())
        results.append([losses, *(p.detach().numpy().copy() for p in model.parameters())])
    for ours, plain in zip(results[1], results[0], strict=True):
        np.testing.assert_allclose(ours, plain, rtol=1e-4, atol=1e-6)
    compiled = step if whole else vars(forward)["_compiled"]
    assert len(compiled.retraces) <= 2, compiled.retraces


def test_a_compiled_step_sees_what_is_one_now_and_what_no_longer_is() -> None:
    a, b = torch.ones(3), torch.full((3,), 2.0)
    ones = lambda: torch.ones(3)  # noqa: E731

    def fn() -> Any:
        a.add_(1.0)
        return a * b

    runs = []
    for wrap in (lambda fn: fn, torch.compile):
        with torch.no_grad():
            a.data, b.data = torch.ones(3), torch.full((3,), 2.0)
        run, seen = wrap(fn), []
        spread = lambda: torch.arange(6.0)[::2]  # noqa: E731
        for taker, given in ((a, lambda: a), (b, lambda: a), (b, ones), (a, ones), (a, spread), (b, lambda: a[:1]), (b, ones)):
            taker.data = given()
            seen += [run().tolist(), a.tolist(), b.tolist()]
        runs.append(seen)
    assert runs[0] == runs[1]


def test_inside_a_compiled_function() -> None:
    """Contents that are made there are written; the memory of what is outside cannot be taken."""
    w = torch.ones(3, requires_grad=True)

    def step(x: Any) -> None:
        (w * x).sum().backward()
        w.data = w.data - 0.5 * w.grad.data
        w.grad = None

    compiled = torch.compile(step)
    for _ in range(2):
        compiled(torch.ones(3))
    assert w.tolist() == [0] * 3
    other = torch.ones(3)
    for take in (lambda: setattr(w, "data", other), lambda: setattr(w, "data", torch.ones(5)), lambda: setattr(w, "data", w.data[:])):
        with pytest.raises(TraceError, match="takes another's memory"):
            torch.compile(take)()
    assert w.tolist() == [0] * 3


def derived(w: Any, s: Any) -> Any:
    leaf = w.detach().requires_grad_(True)
    (leaf * leaf).sum().backward()
    return leaf.grad


def halved(w: Any, s: Any) -> Any:
    w.detach().mul_(0.5)
    return w.detach()


def put(w: Any, s: Any) -> Any:
    s[:] = w.detach()
    return s * 1


READS = {
    "computed with": lambda w, s: (w * 2).detach(),
    "detached": lambda w, s: w.detach(),
    "detached, and computed with": lambda w, s: w.detach() * 2 + w.data,
    "a part, detached": lambda w, s: (w[1:].detach(), w.detach()[::2]),
    "written to another": lambda w, s: s.copy_(w.detach()),
    "written to a part": put,
    "copied": lambda w, s: w.detach().clone(),
    "given back": lambda w, s: (w, w[1:], {"again": w}),
    "stacked": lambda w, s: torch.stack([w.detach(), w.data]),
    "a leaf made of it": derived,
    "a parameter made of it": lambda w, s: nn.Parameter(w.detach()).sum().detach(),
    "written": halved,
}


def read(result: Any) -> Any:
    if isinstance(result, (tuple, list)):
        return [read(item) for item in result]
    return [read(item) for item in result.values()] if isinstance(result, dict) else result.detach().numpy().tolist()


@pytest.mark.parametrize("name", READS)
def test_whatever_a_compiled_function_reads_is_where_the_tensor_is(name: str) -> None:
    runs = []
    for wrap in (lambda fn: fn, torch.compile):
        w, s = nn.Parameter(torch.arange(3.0)), torch.zeros(3)
        fn = wrap(lambda w=w, s=s: READS[name](w, s))
        seen = []
        for k in range(6):
            seen += [read(fn()), read((w, s))]
            (w if k % 2 else s).data = torch.arange(3.0) * (k + 2)
        runs.append(seen)
    assert runs[0] == runs[1]
    assert len(fn.retraces) <= 1


def test_what_is_detached_is_another_tensor_at_each_call() -> None:
    w = nn.Parameter(torch.ones(3))
    fn = torch.compile(lambda: w.detach())
    first = fn()
    first.requires_grad_(True)
    assert first is not fn()
    assert not fn().requires_grad
    assert share(first.detach(), w.detach())
