"""A movement that moves nothing gives another Tensor on the same memory, as PyTorch's; what converts or marks gives the Tensor itself.

Held against PyTorch 2.13.0: which of the two each expression gives was asked there.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.tensor.tensor import Tensor

VIEWS = (
    "x[:]", "x[...]", "x[()]", "x[0:9]", "x.view(x.shape)", "x.view(-1)", "x.view_as(x)", "x.view(x.dtype)", "x.reshape(3)",
    "x.reshape_as(x)", "x.permute(0)", "x.transpose(0, 0)", "x.t()", "x.T", "x.squeeze()", "x.squeeze(0)", "x.squeeze((0,))",
    "x.expand(3)", "x.expand_as(x)", "x.split(5)[0]", "x.chunk(1)[0]", "x.detach()", "x.data", "torch.reshape(x, (3,))",
    "torch.squeeze(x)", "torch.permute(x, (0,))", "torch.transpose(x, 0, 0)", "torch.nn.Parameter(x)",
    "torch.Tensor(x)",
)  # fmt: skip
ITSELF = (
    "x.contiguous()", "x.to(x.dtype)", "x.to('cpu')", "x.to(x)", "x.float()", "x.type(x.dtype)", "x.type_as(x)", "x.cpu()", "+x",
    "x.flatten()", "torch.flatten(x)", "x.requires_grad_(False)", "torch.as_tensor(x)", "x.add_(1)", "x.zero_()", "x.copy_(x)",
    "torch.nn.Identity()(x)", "torch.nn.Dropout(0.5).eval()(x)", "torch.nn.Flatten(0)(x)",
)  # fmt: skip
COPIES = ("x.clone()", "x[True]", "x * 1", "x.to(x.dtype, copy=True)", "torch.cat([x])", "x[[0, 1, 2]]", "x.abs()")


def start() -> Any:
    return torch.tensor([1.0, 2.0, 3.0])


def result(expression: str, x: Any) -> Any:
    return eval(expression, {"x": x, "torch": torch})


@pytest.mark.parametrize("expression", VIEWS)
def test_a_view_of_all_is_another_tensor(expression: str) -> None:
    x = start()
    y = result(expression, x)
    assert y is not x
    assert (y.data_ptr(), tuple(y.shape), y._version) == (x.data_ptr(), (3,), 0)
    y.detach().mul_(2)
    assert (x.tolist(), x._version, y._version) == ([2, 4, 6], 1, 1)
    y.requires_grad_()
    assert not x.requires_grad


@pytest.mark.parametrize("expression", ITSELF)
def test_what_moves_nothing_and_is_no_view_is_the_tensor_itself(expression: str) -> None:
    x = start()
    assert result(expression, x) is x


@pytest.mark.parametrize("expression", COPIES)
def test_a_copy_is_in_memory_of_its_own(expression: str) -> None:
    x = start()
    y = result(expression, x)
    y.zero_()
    assert x.tolist() == [1, 2, 3]


@pytest.mark.parametrize("compiled", [False, True])
@pytest.mark.parametrize("expression", [view for view in VIEWS if view not in ("x.detach()", "x.data", "torch.nn.Parameter(x)")])
def test_gradients_go_through_and_histories_are_followed(expression: str, compiled: bool) -> None:
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)

    def loss(factor: Any) -> Any:
        x = w * 1.0
        y = result(expression, x)
        assert y is not x
        y.mul_(factor)
        x.mul_(factor)
        return (y * x).sum()

    (torch.compile(loss) if compiled else loss)(torch.tensor(3.0)).backward()
    np.testing.assert_allclose(w.grad.numpy(), [162, 324, 486])
    with pytest.raises(RuntimeError, match="a view of a leaf Tensor that requires grad is being used in an in-place operation"):
        result(expression, w).add_(1)


def test_a_view_of_all_follows_a_write_to_its_base() -> None:
    x, w = start(), torch.tensor([2.0, 2.0, 2.0], requires_grad=True)
    y = x[:]
    x.mul_(w)
    assert y.requires_grad
    assert not y.is_leaf
    y.sum().backward()
    assert w.grad.tolist() == [1, 2, 3]
    with pytest.raises(RuntimeError, match="computed Tensor requires a gradient"):
        y.requires_grad_(False)


def test_a_compiled_function_gives_back_another_tensor() -> None:
    x, w = start(), torch.tensor([2.0, 2.0, 2.0], requires_grad=True)

    @torch.compile
    def views(a: Any) -> Any:
        return a[:], a.view(3), w[...]

    one, two, three = views(x)
    assert len({id(one), id(two), id(three), id(x), id(w)}) == 5
    one[0] = 7.0
    assert (x.tolist(), two.tolist()) == ([7, 2, 3], [7, 2, 3])
    (three * x).sum().backward()
    assert w.grad.tolist() == [7, 2, 3]


def test_a_written_part_is_written_to_itself() -> None:
    x, leaf = start(), torch.tensor([1.0, 2.0], requires_grad=True)
    x[:] += 1
    assert (x.tolist(), x._version) == ([2, 3, 4], 2)
    x[0] = x[0]
    assert x._version == 3
    with pytest.raises(RuntimeError, match="leaf"):
        leaf[0] = leaf[0]


def test_the_core_s_own_tensor_does_the_same() -> None:
    x = Tensor([1.0, 2.0])
    for y in (x[:], x.reshape(2), x.transpose(0), x.T):
        assert y is not x
        y += 1
    assert x.tolist() == [5, 6]
