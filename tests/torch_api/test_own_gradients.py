"""torch.autograd.Function, against derivatives written out."""

from __future__ import annotations

from typing import Any

import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentError, ShapeError, StateError


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Any, factor: float = 1.0) -> Any:
        ctx.save_for_backward(x)
        ctx.factor = factor
        return x**3 * factor

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return grad * 3 * x**2 * ctx.factor, None


class Parts(torch.autograd.Function):
    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x * y, x + y

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs)

    @staticmethod
    def backward(ctx: Any, product: Any, total: Any) -> Any:
        x, y = ctx.saved_tensors
        return product * y + total, product * x + 2 * total  # of the sum wrongly, to be seen


@pytest.mark.parametrize("compiled", [False, True])
def test_the_gradient_is_what_backward_says(compiled: bool) -> None:
    x = torch.tensor([1.0, 2.0], requires_grad=True)

    def step() -> Any:
        loss = Cube.apply(x, 2.0).sum()
        loss.backward()
        return loss

    loss = (torch.compile(step) if compiled else step)()
    assert loss.item() == 18 and x.grad.tolist() == [6, 24]


def test_several_results_and_arguments() -> None:
    x, y = torch.tensor([2.0], requires_grad=True), torch.tensor([5.0], requires_grad=True)
    product, total = Parts.apply(x, y)
    (product + 10 * total).sum().backward()
    assert x.grad.tolist() == [15] and y.grad.tolist() == [22]
    x.grad = y.grad = None
    Parts.apply(x, y)[0].sum().backward()  # the other result's gradient is zeros
    assert x.grad.tolist() == [5] and y.grad.tolist() == [2]


def test_second_derivatives_go_through_backward() -> None:
    x = torch.tensor(2.0, requires_grad=True)
    (slope,) = torch.autograd.grad(Cube.apply(x), x, create_graph=True)
    (bend,) = torch.autograd.grad(slope, x)
    assert (slope.item(), bend.item()) == (12, 12)


def test_what_is_refused() -> None:
    class Short(Cube):
        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return grad

    class Wide(Cube):
        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            return torch.ones(3), None

    x = torch.ones(2, requires_grad=True)
    with pytest.raises(ArgumentError, match=r"incorrect number of gradients \(expected 2, got 1\)"):
        Short.apply(x, 1.0).sum().backward()
    with pytest.raises(ShapeError, match="the gradient of argument 0 has another shape"):
        Wide.apply(x, 1.0).sum().backward()
    with pytest.raises(StateError, match="is not called") as error:
        Cube()(x)
    assert error.value.likely == "Cube.apply(...)"


class Exponential(torch.autograd.Function):
    """Saves its result, as the example of torch's documentation does."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (y,) = ctx.saved_tensors
        return grad * y


class Several(torch.autograd.Function):
    """Saves arguments, one of two results, and nothing."""

    @staticmethod
    def forward(x: Any, y: Any) -> Any:
        return x * y, x.exp()

    @staticmethod
    def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
        ctx.save_for_backward(*inputs, output[1], None)

    @staticmethod
    def backward(ctx: Any, product: Any, power: Any) -> Any:
        x, y, e, _ = ctx.saved_tensors
        return product * y + power * e, product * x


class Same(torch.autograd.Function):
    """Saves the argument that is the result too."""

    @staticmethod
    def forward(ctx: Any, x: Any) -> Any:
        ctx.save_for_backward(x)
        return x

    @staticmethod
    def backward(ctx: Any, grad: Any) -> Any:
        (x,) = ctx.saved_tensors
        return grad * x


def test_second_gradients_go_through_saved_results() -> None:
    def own(x: Any, y: Any) -> Any:
        product, power = Several.apply(x, y)
        return (product**2 * power).sum()

    def plain(x: Any, y: Any) -> Any:
        return ((x * y) ** 2 * x.exp()).sum()

    pairs = ((own, plain), (lambda x, y: (Exponential.apply(x * y) ** 2).sum(), lambda x, y: ((x * y).exp() ** 2).sum()))
    for pair in pairs:
        x, y = torch.tensor([1.0, 0.5], requires_grad=True), torch.tensor([0.5, 2.0], requires_grad=True)
        found = []
        for function in pair:
            first = torch.autograd.grad(function(x, y), (x, y), create_graph=True)
            found.append(torch.autograd.grad(sum((g**2).sum() for g in first), (x, y)))
        for mine, expected in zip(*found, strict=True):
            torch.testing.assert_close(mine, expected)
    x = torch.tensor([3.0], requires_grad=True)
    (first,) = torch.autograd.grad(Same.apply(x), x, create_graph=True)
    assert torch.autograd.grad(first, x)[0].item() == 1


def test_saved_tensors_that_were_written_are_refused() -> None:
    x = torch.ones(3, requires_grad=True)
    held = x * 1
    made = Cube.apply(held)
    held.add_(1)
    with pytest.raises(StateError, match="gradient of Cube has been modified by an inplace operation"):
        made.sum().backward()
    assert x.grad is None


def test_a_graph_that_was_freed_is_refused() -> None:
    x = torch.ones(3, requires_grad=True)
    made = Cube.apply(x).sum()
    made.backward(retain_graph=True)
    made.backward()
    with pytest.raises(StateError, match="second time"):
        made.backward()
    assert x.grad.tolist() == [6, 6, 6]
