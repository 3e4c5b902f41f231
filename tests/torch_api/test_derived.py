"""torch.autograd.functional and gradcheck: held to PyTorch's numbers, written down, and to each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.base.errors import ArgumentTypeError, ShapeError, StateError
from gradwerk.torch.autograd import functional, gradcheck, gradgradcheck
from gradwerk.torch.autograd.checking import GradcheckError

X = torch.tensor([[0.5, -1.0], [2.0, 0.25]], dtype=torch.float64)
W = torch.tensor([0.3, -0.7], dtype=torch.float64)


def both(x: Any, w: Any) -> Any:
    return (x @ w).tanh()


def number(x: Any, w: Any) -> Any:
    return (both(x, w) ** 2).sum()


def test_jacobians_have_the_shapes_of_results_and_inputs() -> None:
    one = functional.jacobian(lambda x: (x**2).sum(0), X)
    assert one.shape == (2, 2, 2)
    assert np.allclose(one.numpy(), np.einsum("rc,kc->krc", 2 * X.numpy(), np.eye(2)))
    dx, dw = functional.jacobian(both, (X, W))
    slope = 1 - np.tanh(X.numpy() @ W.numpy()) ** 2
    assert np.allclose(dw.numpy(), slope[:, None] * X.numpy())
    assert np.allclose(dx.numpy(), np.einsum("k,kr,c->krc", slope, np.eye(2), W.numpy()))
    rows = functional.jacobian(lambda x: (x, x.sum()), W)
    assert isinstance(rows, tuple)
    assert [tuple(r.shape) for r in rows] == [(2, 2), (2,)]
    assert not one.requires_grad
    assert functional.jacobian(both, (X, W.clone().requires_grad_()), create_graph=True)[0].requires_grad


def test_products_are_those_of_the_whole_matrices() -> None:
    v, u = (X.sin(), W.cos()), torch.tensor([1.5, -2.0], dtype=torch.float64)
    jx, jw = (j.numpy() for j in functional.jacobian(both, (X, W)))
    value, (bx, bw) = functional.vjp(both, (X, W), u)
    assert np.allclose(value.numpy(), both(X, W).numpy())
    assert np.allclose(bx.numpy(), np.einsum("k,krc->rc", u.numpy(), jx))
    assert np.allclose(bw.numpy(), u.numpy() @ jw)
    _, forward = functional.jvp(both, (X, W), v)
    assert np.allclose(forward.numpy(), np.einsum("krc,rc->k", jx, v[0].numpy()) + jw @ v[1].numpy())
    hessian = functional.hessian(number, (X, W))
    wanted = [sum(np.tensordot(hessian[i][j].numpy(), v[j].numpy(), v[j].ndim) for j in range(2)) for i in range(2)]
    for product in (functional.hvp, functional.vhp):
        value, found = product(number, (X, W), v)
        assert np.allclose(value.item(), number(X, W).item())
        assert all(np.allclose(a, b.numpy()) for a, b in zip(wanted, found, strict=True))


def test_what_depends_on_nothing_is_0_or_an_error() -> None:
    assert functional.jacobian(lambda x: torch.ones(2), W).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert functional.hessian(lambda x: x.sum(), W).tolist() == [[0.0, 0.0], [0.0, 0.0]]
    with pytest.raises(StateError, match="independent of input 1"):
        functional.jacobian(lambda x, w: x, (X, W), strict=True)
    with pytest.raises(StateError, match="single element"):
        functional.hessian(lambda x: x, W)
    with pytest.raises(ShapeError, match="v is an argument of vjp"):
        functional.vjp(both, (X, W), W[:1])
    with pytest.raises(StateError, match="v can only be None"):
        functional.vjp(both, (X, W))
    with pytest.raises(ArgumentTypeError, match="must be either a Tensor or a tuple of Tensors"):
        functional.jacobian(both, [X, W])


def test_gradcheck_tells_right_from_wrong() -> None:
    given = (X.clone().requires_grad_(), W.clone().requires_grad_())
    assert gradcheck(both, given)
    assert gradgradcheck(both, given)
    assert gradcheck(lambda x: (x * 2, x**2), given[1])

    def wrong(x: Any) -> Any:
        return x * x.detach()

    with pytest.raises(GradcheckError, match=r"(?s)Jacobian mismatch for output 0 with respect to input 0.*largest gap"):
        gradcheck(wrong, given[:1])
    assert gradcheck(wrong, given[:1], raise_exception=False) is False
    with pytest.raises(ValueError, match="require gradient"):
        gradcheck(both, (X, W))


def test_of_a_function_of_ones_own() -> None:
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return grad * 3 * x**2

    x = W.clone().requires_grad_()
    assert gradcheck(Cube.apply, (x,))
    assert gradgradcheck(Cube.apply, (x,))
