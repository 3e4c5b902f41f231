"""Layers that learn their sizes: optimizers made before, state of layers that were called, inputs of too few axes."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.errors import ShapeError

nn = torch.nn
SHAPES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "LazyLinear": ((2,), (4, 5)), "LazyConv1d": ((4, 3), (2, 2, 8)), "LazyConv2d": ((4, 3), (2, 2, 8, 8)),
    "LazyConv3d": ((4, 2), (2, 2, 5, 5, 5)), "LazyConvTranspose1d": ((4, 3), (2, 2, 8)), "LazyConvTranspose2d": ((4, 3), (2, 2, 8, 8)),
    "LazyConvTranspose3d": ((4, 2), (2, 2, 5, 5, 5)), "LazyBatchNorm1d": ((), (4, 3)), "LazyBatchNorm2d": ((), (4, 3, 2, 2)),
    "LazyBatchNorm3d": ((), (4, 3, 2, 2, 2)), "LazyInstanceNorm1d": ((), (4, 3, 5)), "LazyInstanceNorm2d": ((), (4, 3, 5, 5)),
    "LazyInstanceNorm3d": ((), (4, 3, 5, 5, 2)),
}  # fmt: skip
"""What each is made with, and an input."""


def _made(name: str) -> Any:
    options = {"groups": 2} if "Conv" in name else {"affine": True, "track_running_stats": True} if "Instance" in name else {}
    return nn.Sequential(getattr(nn, name)(*SHAPES[name][0], **options))


@pytest.mark.parametrize("name", SHAPES)
def test_state_of_a_layer_that_was_called(name: str) -> None:
    torch.manual_seed(0)
    first, second, third = _made(name), _made(name), _made(name)
    unknown, x = copy.deepcopy(third.state_dict()), torch.randn(*SHAPES[name][1])
    first(x)
    second.load_state_dict(first.state_dict())
    third.load_state_dict(unknown)
    assert type(third[0]).__name__ == name, "values of a layer that was not called say no size"
    assert torch.equal(first.eval()(x), second.eval()(x))
    for given in (torch.tensor(1.0), torch.ones(1)) if name != "LazyLinear" else (torch.tensor(1.0),):
        with pytest.raises(ShapeError):
            _made(name)(given)


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("kind", ["SGD", "Adam", "RMSprop"])
def test_an_optimizer_that_was_made_before(kind: str, name: str) -> None:
    """It trains what an optimizer made after the first call trains."""
    results = []
    for early in (True, False):
        torch.manual_seed(0)
        model = nn.Sequential(_made(name), nn.Tanh(), nn.Flatten(), nn.LazyLinear(1))
        x = torch.randn(*SHAPES[name][1])
        parameters = list(model.parameters())
        made = getattr(torch.optim, kind)
        optimizer = made(parameters, 0.05) if early else None
        model.eval()(x)
        optimizer = optimizer or made(model.parameters(), 0.05)
        assert all(map(lambda a, b: a is b, parameters, model.parameters())), "they stay the same objects"
        before = [p.detach().clone() for p in model.parameters()]
        for _ in range(3):
            optimizer.zero_grad()
            (model(x) ** 2).mean().backward()
            optimizer.step()
        assert all(not torch.equal(p, q) for p, q in zip(before[-2:], list(model.parameters())[-2:], strict=True))
        results.append([p.tolist() for p in model.parameters()])
    assert results[0] == results[1]
