"""copy and deepcopy of Tensors share and separate as PyTorch 2.13.0's do."""

from __future__ import annotations

import copy

import pytest

from gradwerk import torch
from gradwerk.base.errors import StateError
from gradwerk.torch import nn


@pytest.mark.parametrize("made", [lambda: torch.zeros(4), lambda: torch.zeros(2, 4)[1], lambda: nn.Parameter(torch.zeros(4))])
def test_a_shallow_copy_is_on_the_same_memory(made) -> None:
    original = made()
    twin = copy.copy(original)
    assert twin is not original
    assert type(twin) is type(original)
    assert twin.requires_grad == original.requires_grad
    twin.detach().fill_(9.0)
    assert original.detach().numpy().tolist() == [9.0] * 4


def test_views_copied_together_share_memory() -> None:
    whole = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    parts = [whole, whole[1], whole.t(), whole.view(-1)[::2]]
    twins = copy.deepcopy(parts)
    twins[0].mul_(10.0)
    found = [twin.numpy().tolist() for twin in twins[1:]]
    assert found == [[40.0, 50.0, 60.0], [[10.0, 40.0], [20.0, 50.0], [30.0, 60.0]], [10.0, 30.0, 50.0]]
    twins[3].fill_(0.0)
    assert twins[0].numpy().tolist() == [[0.0, 20.0, 0.0], [40.0, 0.0, 60.0]]
    assert parts[0].numpy().tolist() == [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


def test_a_leaf_takes_its_gradient_along_and_a_parameter_does_not() -> None:
    leaf, weight = torch.ones(3, requires_grad=True), nn.Parameter(torch.ones(3))
    (leaf * leaf * weight).sum().backward()
    twin = copy.deepcopy(leaf)
    assert twin.requires_grad
    assert twin.grad.numpy().tolist() == [2.0, 2.0, 2.0]
    twin.grad.fill_(0.0)
    assert leaf.grad.numpy().tolist() == [2.0, 2.0, 2.0]
    assert copy.deepcopy(weight).grad is None
    assert copy.copy(leaf).grad is None


def test_what_was_computed_is_not_copied_without_its_history() -> None:
    with pytest.raises(StateError, match="graph leaves"):
        copy.deepcopy(nn.Parameter(torch.ones(3)) * 2.0)
