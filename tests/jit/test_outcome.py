"""What a form makes of its outputs at once is what its recipes say, and is made so only where they say no more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import gradwerk as gw
from gradwerk.jit.compile import Compiled
from gradwerk.tensor.handle import Handle
from gradwerk.tensor.tensor import Parameter, Tensor

X = np.arange(6, dtype=np.float32).reshape(2, 3)
OUTSIDE = Tensor(X)


def shared(x: Tensor) -> Any:
    y = x * 2.0
    return y, gw.reshape(y, (3, 2))


def twice(x: Tensor) -> Any:
    y = x * 2.0
    return [y, (y, x + 1.0)]


def with_gradient(x: Tensor) -> Any:
    w.grad = None
    loss = gw.reduce_sum(w * x)
    loss.backward()
    return loss


def gives_its_gradient(x: Tensor) -> Any:
    loss = with_gradient(x)
    return loss, w.grad


w = Parameter(X)
WHOLE: dict[str, Callable[[Tensor], Any]] = {
    "one": lambda x: x + 1.0, "several": lambda x: {"a": x + 1.0, "b": (gw.reduce_sum(x), x * x)}, "twice": twice, "none": lambda x: None,
    "gradient": with_gradient,
}  # fmt: skip
OTHERWISE: dict[str, Callable[[Tensor], Any]] = {
    "view": lambda x: gw.transpose(x * 2.0, (1, 0)), "shared": shared, "argument": lambda x: (x, x + 1.0),
    "outside": lambda x: (OUTSIDE, x + 1.0), "view of outside": lambda x: (gw.reshape(OUTSIDE, (6,)), x + 1.0),
    "gradient given": gives_its_gradient,
}  # fmt: skip


def tensors(tree: Any) -> list[Handle]:
    if isinstance(tree, dict):
        tree = list(tree.values())
    if isinstance(tree, list | tuple):
        return [tensor for part in tree for tensor in tensors(part)]
    return [] if tree is None else [tree]


def described(tree: Any) -> list[Any]:
    """Of each Tensor all that tells it from another, and which of them share memory."""
    found = tensors(tree)
    storages = [tensor._storage for tensor in found]
    rows: list[Any] = [(type(t), t._type, t._view, t.requires_grad, t._array.tolist()) for t in found]
    rows += [(storage.type, storage.order, storage.version) for storage in storages]
    return [*rows, [storages.index(storage) for storage in storages], [[a is b for a in found] for b in found]]


@pytest.mark.parametrize("name", [*WHOLE, *OTHERWISE])
def test_results_made_at_once_are_those_of_the_recipes(name: str) -> None:
    step = gw.compile((WHOLE | OTHERWISE)[name])
    assert isinstance(step, Compiled)
    x = Tensor(X)
    step(x)
    ((binding,),) = step.specializations.values()
    assert (binding.outcome.whole is not None) == (name in WHOLE)
    made = described(step(x))
    assert made == described(step(x))
    binding.outcome.whole = None
    assert made == described(step(x))


def test_each_call_makes_results_of_its_own() -> None:
    step = gw.compile(WHOLE["several"])
    given = [tensors(step(Tensor(X * k))) for k in range(4)]
    assert len({id(tensor._storage) for row in given for tensor in row}) == 12
    for k, (one, total, square) in enumerate(given):
        assert one.tolist() == (X * k + 1).tolist() and total.item() == X.sum() * k and square.tolist() == (X * X * k * k).tolist()
