"""Switches of gradients, states of the process, types by dtype, Tensors made after others: as PyTorch 2.13 has them."""

from __future__ import annotations

import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, StateError


def test_set_grad_enabled_is_a_call_a_block_and_a_decorator() -> None:
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)

    @torch.set_grad_enabled(False)
    def inside() -> bool:
        return torch.is_grad_enabled()

    assert not inside() and torch.is_grad_enabled()


def test_inference_mode_records_nothing() -> None:
    @torch.inference_mode
    def bare() -> bool:
        return torch.is_grad_enabled()

    @torch.inference_mode()
    def called() -> bool:
        return torch.is_grad_enabled()

    assert not bare() and not called() and torch.is_grad_enabled()
    with torch.inference_mode(False):
        assert torch.is_grad_enabled()
    with torch.inference_mode():
        assert not (torch.ones(1, requires_grad=True) * 2).requires_grad


def test_shapes_change_in_place_and_gradients_follow() -> None:
    x = torch.ones(2, 3, requires_grad=True)
    y = x * torch.arange(3.0)
    assert y.unsqueeze_(0) is y
    y.transpose_(0, 2)
    (y * y).sum().backward()
    assert tuple(y.shape) == (3, 2, 1) and x.grad.tolist() == [[0, 2, 8]] * 2
    assert tuple(torch.ones(2, 1, 3).squeeze_().shape) == (2, 3) and tuple(torch.ones(2, 3).t_().shape) == (3, 2)
    with pytest.raises(StateError, match="leaf Variable that requires grad"):
        x.unsqueeze_(0)
    with pytest.raises(StateError, match="inside a compiled function"):
        torch.compile(lambda a: (a * 2).unsqueeze_(0))(torch.ones(2))
    z = x * 2
    assert not z.detach_().requires_grad


def test_types_by_dtype() -> None:
    assert torch.FloatTensor([1, 2]).tolist() == [1.0, 2.0] and tuple(torch.LongTensor(2, 3).shape) == (2, 3)
    assert isinstance(torch.ones(2), torch.FloatTensor) and not isinstance(torch.ones(2), torch.LongTensor)
    assert torch.ByteTensor([3]).dtype == torch.uint8


def test_made_after_others() -> None:
    x = torch.ones(2, 3, dtype=torch.int64)
    assert torch.full_like(x, 7).tolist() == [[7] * 3] * 2 and torch.empty_like(x).dtype == torch.int64
    assert x.new_zeros(2).dtype == torch.int64 and x.new_tensor([1.5]).tolist() == [1] and x.new_full((1,), 4).tolist() == [4]
    drawn = torch.randint_like(x, 5)
    assert tuple(drawn.shape) == (2, 3) and int(drawn.max()) < 5
    assert torch.result_type(x, 2.5) == torch.float32 and torch.promote_types(torch.uint8, torch.int8) == torch.int16
    assert torch.can_cast(torch.int32, torch.float32) and not torch.can_cast(torch.float32, torch.int32)


def test_states() -> None:
    torch.manual_seed(3)
    assert torch.initial_seed() == 3
    state = torch.get_rng_state()
    first = torch.rand(3).tolist()
    torch.set_rng_state(state)
    assert torch.rand(3).tolist() == first
    with pytest.raises(ArgumentError, match="takes what get_rng_state gave"):
        torch.set_rng_state(torch.zeros(3, dtype=torch.uint8))
    with pytest.raises(ArgumentError, match="positive integer"):
        torch.set_num_threads(0)
    assert torch.get_num_threads() >= 1


def test_print_options() -> None:
    try:
        torch.set_printoptions(precision=2, sci_mode=False)
        assert repr(torch.tensor([1.23456, 2.0])) == "tensor([1.23, 2.00])"
        torch.set_printoptions(profile="default", threshold=5, edgeitems=1)
        assert repr(torch.arange(12.0)) == "tensor([ 0.,  ..., 11.])"
        with pytest.raises(ArgumentError, match="profile is one of"):
            torch.set_printoptions(profile="long")
    finally:
        torch.set_printoptions(profile="default")


def test_several_backward_at_once() -> None:
    z = torch.ones(2, requires_grad=True)
    torch.autograd.backward([(z * 2).sum(), (z * z).sum()])
    assert z.grad.tolist() == [4, 4]
    assert torch.autograd.Variable(torch.ones(2), requires_grad=True).requires_grad


def test_parts_of_tensor_do_not_hide_each_others_own_methods() -> None:
    parts = [base for base in torch.Tensor.__mro__ if base.__module__.startswith("gradwerk.torch")]
    own = [(name, part.__name__) for part in parts for name in vars(part) if name[0] == "_" and not name.startswith("__")]
    twice = {name: [part for other, part in own if other == name] for name, _ in own if sum(other == name for other, _ in own) > 1}
    assert not twice
