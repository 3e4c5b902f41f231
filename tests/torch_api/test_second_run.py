"""torch.utils.checkpoint: the same numbers and gradients, whatever is drawn, and nothing kept in between."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, StateError
from gradwerk.torch import nn
from gradwerk.torch.utils.checkpoint import checkpoint, checkpoint_sequential, leaves_of


def model() -> Any:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 4), nn.Dropout(0.5), nn.Tanh(), nn.Linear(4, 2))


def gradients(net: Any, x: Any, y: Any) -> list[Any]:
    (y**2).sum().backward()
    found = [p.grad.numpy().copy() for p in [*net.parameters(), x]]
    net.zero_grad()
    x.grad = None
    return found


@pytest.mark.parametrize("use_reentrant", [True, False])
def test_it_computes_and_derives_the_same(use_reentrant: bool) -> None:
    net, x = model(), torch.randn(5, 3, requires_grad=True)
    torch.manual_seed(3)
    plain = net(x)
    after = torch.rand(2)
    wanted = gradients(net, x, plain)
    torch.manual_seed(3)
    again = checkpoint(net, x, use_reentrant=use_reentrant)
    assert torch.equal(after, torch.rand(2))
    assert np.array_equal(plain.detach().numpy(), again.detach().numpy())
    state = torch.get_rng_state()
    for a, b in zip(wanted, gradients(net, x, again), strict=True):
        assert np.array_equal(a, b)
    assert torch.equal(state, torch.get_rng_state())


def test_the_history_holds_arguments_and_weights_alone() -> None:
    net, x = model(), torch.randn(5, 3, requires_grad=True)
    y = checkpoint(net, x * 2, use_reentrant=False)
    node = y._node
    assert node.op.name == "checkpoint"
    assert len(node.args) == 5
    assert {id(leaf) for leaf in leaves_of([y])} == {id(x), *map(id, net.parameters())}


def test_what_is_closed_over_gets_its_gradient() -> None:
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    z = w * 3
    y = checkpoint(lambda x, k: (x * z * k, x), torch.ones(2), k=2.0, use_reentrant=False)
    assert isinstance(y, tuple)
    y[0].sum().backward()
    assert w.grad.tolist() == [6.0, 6.0]
    z.sum().backward()  # its own history was left alone
    assert w.grad.tolist() == [9.0, 9.0]


def test_gradients_of_gradients() -> None:
    x = torch.tensor([2.0], requires_grad=True)
    y = checkpoint(lambda x: x**3, x, use_reentrant=False)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (12.0, 12.0)


def test_in_parts() -> None:
    net, x = model().eval(), torch.randn(5, 3, requires_grad=True)
    wanted = gradients(net, x, net(x))
    for segments in (1, 2, 3, 4):
        for a, b in zip(wanted, gradients(net, x, checkpoint_sequential(net, segments, x, use_reentrant=False)), strict=True):
            assert np.allclose(a, b, 1e-6)


def test_another_result_the_second_time_is_an_error() -> None:
    sizes = iter([2, 3])
    y = checkpoint(lambda x: x.expand(next(sizes)), torch.ones(1, requires_grad=True), use_reentrant=False)
    with pytest.raises(StateError, match="other Tensors the second time"):
        y.sum().backward()
    with pytest.raises(ArgumentError, match="Unexpected keyword arguments: k"):
        checkpoint(lambda x, k: x, torch.ones(1), k=1, use_reentrant=True)
