"""A batch of nothing goes through whatever a full one goes through, eager and compiled; what has no answer is refused as PyTorch does."""

from __future__ import annotations

from typing import Any

import pytest

from gradwerk import torch
from gradwerk.torch import nn

X, IMAGES = (0, 3), (0, 2, 4, 4)
THROUGH: dict[str, tuple[Any, tuple[int, ...], tuple[int, ...]]] = {
    "argmax": (lambda x: x.argmax(1), X, (0,)),
    "argmin, kept": (lambda x: x.argmin(1, keepdim=True), X, (0, 1)),
    "accuracy": (lambda x: (x.argmax(1) == x[:, 0].long()).float().sum(), X, ()),
    "max": (lambda x: x.max(1)[1], X, (0,)),
    "amax": (lambda x: x.amax(1), X, (0,)),
    "softmax": (lambda x: x.softmax(1), X, X),
    "linear": (nn.Linear(3, 2), X, (0, 2)),
    "flatten": (nn.Flatten(), IMAGES, (0, 32)),
    "max pooling": (nn.MaxPool2d(2), IMAGES, (0, 2, 2, 2)),
    "average pooling": (nn.AvgPool2d(2), IMAGES, (0, 2, 2, 2)),
    "convolution": (nn.Conv2d(2, 4, 3), IMAGES, (0, 4, 2, 2)),
    "groups": (nn.Conv2d(2, 4, 3, groups=2), IMAGES, (0, 4, 2, 2)),
    "batch norm": (nn.BatchNorm2d(2).eval(), IMAGES, IMAGES),
    "of no columns": (lambda x: x.t().argmax(0), (3, 0)[::-1], (0,)),
}


@pytest.mark.parametrize("compiled", [False, True], ids=["eager", "compiled"])
@pytest.mark.parametrize("name", THROUGH)
def test_what_takes_an_empty_batch(name: str, compiled: bool) -> None:  # noqa: FBT001
    function, shape, wanted = THROUGH[name]
    x = torch.zeros(shape, requires_grad=True)
    y = (torch.compile(lambda x: function(x)) if compiled else function)(x)
    assert tuple(y.shape) == wanted
    if y.requires_grad:
        y.sum().backward()
        assert x.grad is not None and tuple(x.grad.shape) == shape


@pytest.mark.parametrize("name", ["argmax", "argmin", "max", "min", "amax", "amin"])
def test_what_has_no_largest(name: str) -> None:
    for shape, axis in (((0, 3), 0), ((3, 0), 1), ((3, 0), -1)):
        with pytest.raises(IndexError, match=rf"{name}\(\): Expected reduction dim {axis % 2} to have non-zero size"):
            getattr(torch.zeros(shape), name)(axis)
    with pytest.raises(RuntimeError, match=rf"{name}\(\): Expected reduction dim to be specified for input.numel\(\) == 0"):
        getattr(torch.zeros(0, 3), name)()
