"""Writes to views that repeat elements, or that do not take part in their base's gradient, as PyTorch 2.13.0 has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch

ONE_PLACE = "more than one element of the written-to tensor refers to a single memory location"
REFUSED = ("v.add_(1)", "v.copy_(torch.ones(3))", "v.copy_(torch.tensor(4.0))", "v.relu_()", "v.__setitem__(0, 5.0)", "v.clamp_(0, 1)")
TAKEN = {
    "v.fill_(3.0)": [[3], [3]], "v.zero_()": [[0], [0]], "v.copy_(v)": [[1], [2]], "v.__setitem__((slice(None), 0), 9.0)": [[9], [9]],
    "v[:, 0].add_(1)": [[2], [3]], "v[:, 2:].mul_(2)": [[2], [4]], "v[:1, 1].fill_(7.0)": [[7], [2]], "v.t()[1].zero_()": [[0], [0]],
}  # fmt: skip


def start() -> tuple[Any, Any]:
    base = torch.tensor([[1.0], [2.0]])
    return base, base.expand(2, 3)


@pytest.mark.parametrize("write", REFUSED)
def test_elements_that_share_a_place_are_not_written(write: str) -> None:
    base, v = start()
    with pytest.raises(RuntimeError, match=ONE_PLACE):
        eval(write, {"v": v, "torch": torch})
    assert (base.tolist(), base._version) == ([[1], [2]], 0)


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("write", TAKEN)
def test_one_of_each_place_or_one_value_is_written(write: str, compiled: bool) -> None:
    base, _ = start()

    def step(x: Any) -> None:
        eval(write, {"v": x.expand(2, 3), "torch": torch})

    (torch.compile(step) if compiled else step)(base)
    assert base.tolist() == TAKEN[write]


@pytest.mark.parametrize("compiled", [False, True])
def test_gradients_through_one_copy_of_what_is_repeated(compiled: bool) -> None:
    w, u = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([5.0, 7.0], requires_grad=True)

    def loss() -> Any:
        b = w * 1.0
        rows = b.expand(3, 2)
        rows[1].mul_(u)
        rows[2, 1:].mul_(3.0)
        return (b * torch.tensor([1.0, 10.0])).sum()

    value = (torch.compile(loss) if compiled else loss)()
    value.backward()
    assert value.item() == 5 + 10 * 42
    np.testing.assert_array_equal(w.grad.numpy(), [5, 210])
    np.testing.assert_array_equal(u.grad.numpy(), [1, 60])


def test_a_view_made_under_no_grad_is_not_written_where_gradients_are_recorded() -> None:
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    b = leaf * 2
    with torch.no_grad():
        v, of_leaf = b[1:], leaf[1:]
        v.add_(1)
        of_leaf.add_(1)
    for view in (v, v[0], of_leaf):
        with pytest.raises(RuntimeError, match="A view was created in no_grad mode and is being modified inplace with grad mode enabled"):
            view.add_(1)
    assert (b.tolist(), leaf.tolist()) == ([2, 5], [1, 3])


def test_a_view_of_what_became_a_leaf_later_is_not_written() -> None:
    a = torch.tensor([1.0, 2.0])
    v = a[1:]
    v.add_(1)
    a.requires_grad_()
    with pytest.raises(RuntimeError, match="a view of a leaf Tensor that requires grad is being used in an in-place operation"):
        v.exp_()
    with torch.no_grad():
        v.add_(1)
    assert a.tolist() == [1, 4]


def test_a_tensor_written_over_its_detached_self_brings_its_history() -> None:
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    b = leaf * 3
    d = b.detach()
    d[:] = b
    assert d.requires_grad
    d.sum().backward()
    assert leaf.grad.tolist() == [3, 3]


def test_an_argument_that_would_get_a_history_is_refused() -> None:
    w, h = torch.tensor([1.0, 2.0], requires_grad=True), torch.zeros(2)

    @torch.compile
    def remember(state: Any) -> Any:
        state.add_(w)
        return state * 2

    with pytest.raises(RuntimeError, match="a Tensor from outside became part of a gradient's history"):
        remember(h)
    assert h.tolist() == [0, 0]
    assert not h.requires_grad


def test_gradients_may_be_written_with_what_requires_them() -> None:
    weight = torch.nn.Linear(3, 2).weight
    (weight * weight).sum().backward()
    weight.grad.mul_(torch.ones(3, requires_grad=True))
    assert weight.grad.requires_grad
