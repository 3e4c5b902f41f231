"""What differs from what is expected in one point, of the same shapes and dtypes, is not taken for it: each operand may come in many ways.

A random walk over the ways has each follow each, at the same operations.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.settings import Eager, settings
from gradwerk.tensor.deferred.here import Here
from gradwerk.tensor.deferred.recorder import recorder
from tests.eager.ways import alike, plain

nn = torch.nn
NUMBERS = np.random.default_rng(5).standard_normal((2, 8, 3)).astype(np.float32)


@pytest.fixture(autouse=True)
def _from_the_start() -> Iterator[None]:
    recorder.forget()
    yield
    recorder.forget()


def made(which: int, first: int = 0) -> Any:
    """Contents from outside, of 3 rows and 3 columns."""
    return torch.tensor(NUMBERS[which, first : first + 3])


def whole(which: int) -> Any:
    return torch.tensor(NUMBERS[which])


def in_order(x: Any) -> Any:
    """The same in memory that lies column by column, as that of weights does."""
    weight = nn.Linear(3, 3).weight.requires_grad_(requires_grad=False)
    assert weight._storage.order is not None
    weight.copy_(x)
    return weight


def of_numpy(which: int) -> Any:
    return torch.from_numpy(NUMBERS[which, :3].copy())


def leaf(x: Any) -> Any:
    return x.detach().clone().requires_grad_()


def hooked(x: Any) -> Any:
    """A leaf whose gradient a hook halves."""
    found = leaf(x)
    found.register_hook(lambda gradient: gradient * 0.5)
    return found


def with_gradient(x: Any) -> Any:
    """A leaf that has one already."""
    found = leaf(x)
    found.grad = torch.ones(3, 3)
    return found


Pair = tuple[Any, Any]
WAYS: dict[str, Callable[[], Pair]] = {
    "contents": lambda: (made(0), made(1)),
    "results": lambda: (made(0) * 2, made(1) * 2),
    "contents, transposed": lambda: (made(0).t(), made(1)),
    "results, transposed": lambda: ((made(0) * 2).t(), made(1) * 2),
    "results, both transposed": lambda: ((made(0) * 2).t(), (made(1) * 2).t()),
    "parts": lambda: (whole(0)[1:4], whole(1)[2:5]),
    "parts, lower": lambda: (whole(0)[4:7], whole(1)[2:5]),
    "parts of results": lambda: ((whole(0) * 2)[1:4], (whole(1) * 2)[2:5]),
    "lower parts of results": lambda: ((whole(0) * 2)[4:7], (whole(1) * 2)[2:5]),
    "one twice": lambda: (x := made(0), x)[:2],
    "one result twice": lambda: (x := made(0) * 2, x)[:2],
    "one and its transpose": lambda: (x := made(0), x.t())[:2],
    "two parts of one": lambda: (x := whole(0), (x[:3], x[4:7]))[1],
    "one part twice": lambda: (x := whole(0)[1:4], x)[:2],
    "a twin": lambda: (x := made(0), x.detach())[:2],
    "other memory": lambda: (in_order(made(0)), made(1)),
    "other memory, both": lambda: (in_order(made(0)), in_order(made(1))),
    "memory of others": lambda: (of_numpy(0), made(1)),
    "memory of others, twice": lambda: (x := of_numpy(0), x)[:2],
    "a leaf": lambda: (leaf(made(0)), made(1)),
    "leaves": lambda: (leaf(made(0)), leaf(made(1))),
    "one leaf twice": lambda: (x := leaf(made(0)), x)[:2],
    "a leaf and its twin": lambda: (x := leaf(made(0)), x.detach())[:2],
    "a leaf, transposed": lambda: (x := leaf(made(0)), (x.t(), x))[1],
    "a result with a history": lambda: (leaf(made(0)) * 2, made(1)),
    "a parameter": lambda: (nn.Parameter(made(0)), made(1)),
    "a leaf with a hook": lambda: (hooked(made(0)), made(1)),
    "a leaf with a gradient": lambda: (with_gradient(made(0)), made(1)),
}


def computed(way: str, chance: random.Random) -> Any:
    """Some operations on both, a look somewhere or nowhere, and the gradients of those that have one."""
    a, b = WAYS[way]()
    look, act = chance.randrange(4), chance.randrange(7)
    found = [a * chance.choice([2.0, 2.0, 2, -3.0]) + b]
    if look == 0:
        found[0].tolist()
    found.append((a @ b).tanh() * found[0])
    value = found[1].sum() + found[0].sum()
    if look == 1:
        value.item()
    if act == 0 and not a.requires_grad:
        a += 1  # what is computed has read what was there
    if act == 1 and not b.requires_grad:
        b[0] = 0.5
    if act == 3 and not value.requires_grad:
        a.numpy()[0] = 7.0  # by whoever has the memory: what is read now is that
        found.append(a + b)
    found += [attempted(value)] if value.requires_grad else []
    if act == 2 and value.requires_grad:
        found.append(attempted(value))
    return [*found, value, *[each._grad for each in (a, b) if each.is_leaf and each._grad is not None]]


def attempted(value: Any) -> str:
    try:
        value.backward()
    except Exception as error:
        return type(error).__name__
    return "done"


def walk(seed: int, steps: int) -> Any:
    chance = random.Random(seed)
    return [plain(computed(chance.choice(list(WAYS)), chance)) for _ in range(steps)]


@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 40))])
def test_each_way_may_follow_each(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Here, "ran", lambda *_: None)  # so much is looked at that it would be computed at once soon
    with settings.scope(eager=Eager.IMMEDIATE):
        wanted = walk(seed, 300)
    with settings.scope(eager=Eager.DEFERRED):
        found = walk(seed, 300)
    for step, (one, other) in enumerate(zip(found, wanted, strict=True)):
        alike(one, other, (seed, step))
