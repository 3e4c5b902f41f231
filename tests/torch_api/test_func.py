"""torch.func against what is known of derivatives."""

from __future__ import annotations

import numpy as np
import pytest

from gradwerk import torch
from gradwerk.torch import func


def test_gradients_of_gradients() -> None:
    x = torch.tensor(2.0)
    found = func.grad(func.grad(lambda x: x**4))(x)
    assert found.item() == 48 and not found.requires_grad
    by_second, value = func.grad_and_value(lambda x, y: (x * y).sum(), argnums=1)(torch.ones(3), torch.arange(3.0))
    assert by_second.tolist() == [1, 1, 1] and value.item() == 3
    by_both, aux = func.grad(lambda x, y: ((x * y).sum(), "more"), argnums=(0, 1), has_aux=True)(torch.ones(2), torch.full((2,), 3.0))
    assert [one.tolist() for one in by_both] == [[3, 3], [1, 1]] and aux == "more"
    assert func.grad(lambda p: (p["w"] ** 2).sum() + p["b"])({"w": torch.tensor([3.0]), "b": torch.tensor(1.0)})["w"].tolist() == [6]
    assert func.grad(lambda x: torch.ones(()))(x).item() == 0
    with pytest.raises(RuntimeError, match="to return a scalar"):
        func.grad(lambda x: x * 2)(torch.ones(3))


def test_jacobians_from_both_sides() -> None:
    a, x = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32), torch.tensor([1.0, -2.0, 0.5, 3.0])
    m = torch.from_numpy(a)

    def f(x):
        return torch.tanh(m @ x)

    slope = 1 - np.tanh(a @ x.numpy()) ** 2
    np.testing.assert_allclose(func.jacrev(f)(x).numpy(), slope[:, None] * a, rtol=1e-5, atol=1e-6)
    value, forward = func.jvp(f, (x,), (torch.ones(4),))
    np.testing.assert_allclose(forward.numpy(), slope * a.sum(1), rtol=1e-5, atol=1e-6)
    again, back = func.vjp(f, x)
    np.testing.assert_allclose(back(torch.ones(3))[0].numpy(), slope @ a, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(value.numpy(), again.numpy())
    np.testing.assert_allclose(func.hessian(lambda x: (x**3).sum())(x).numpy(), np.diag(6 * x.numpy()), rtol=1e-6)


def test_a_module_with_other_parameters() -> None:
    model = torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    x, before = torch.ones(4, 2), {name: p.detach().clone() for name, p in model.named_parameters()}
    doubled = {name: p * 2 for name, p in before.items()}
    found = func.functional_call(model, doubled, (x,))
    hidden = np.maximum(x.numpy() @ doubled["0.weight"].numpy().T + doubled["0.bias"].numpy(), 0)
    np.testing.assert_allclose(found.numpy(), hidden @ doubled["2.weight"].numpy().T + doubled["2.bias"].numpy(), rtol=1e-5)
    for name, p in model.named_parameters():
        assert isinstance(p, torch.nn.Parameter) and (p.detach().numpy() == before[name].numpy()).all()
    by_all = func.grad(lambda params: func.functional_call(model, params, x).sum())(before)
    model(x).sum().backward()
    for name, p in model.named_parameters():
        np.testing.assert_allclose(by_all[name].numpy(), p.grad.numpy(), rtol=1e-5)
    with pytest.raises(ValueError, match="has no parameter or buffer 'x'"):
        func.functional_call(model, {"x": x}, x)
    with pytest.raises(ValueError, match="is not given"):
        func.functional_call(model, {"0.bias": torch.zeros(3)}, x, strict=True)


def test_functions_over_batches() -> None:
    x, w = torch.arange(12.0).reshape(3, 4), torch.arange(8.0).reshape(4, 2)
    np.testing.assert_array_equal(func.vmap(torch.dot)(x, x).numpy(), (x.numpy() ** 2).sum(1))
    np.testing.assert_array_equal(func.vmap(lambda a, b: a @ b, in_dims=(0, None), out_dims=1)(x, w).numpy(), (x.numpy() @ w.numpy()).T)
    goes = {"sum": 0, "same": None}
    by_columns = func.vmap(lambda p: {"sum": p["x"].sum(), "same": p["k"]}, in_dims=({"x": 1, "k": None},), out_dims=goes)
    found = by_columns({"x": x, "k": torch.ones(2)})
    np.testing.assert_array_equal(found["sum"].numpy(), x.numpy().sum(0))
    assert found["same"].shape == (2,)
    first, second = func.vmap(lambda a: (a, a * 2), out_dims=(0, 1))(x)
    assert first.shape == (3, 4) and second.shape == (4, 3)
    slopes = func.vmap(func.grad(lambda a: (a**2).sum()))(x)
    np.testing.assert_array_equal(slopes.numpy(), 2 * x.numpy())
    nested = func.vmap(func.vmap(lambda a: a + 1))(x)
    np.testing.assert_array_equal(nested.numpy(), x.numpy() + 1)


def test_what_a_batch_draws() -> None:
    def noisy(a):
        return a + torch.rand(2)

    x = torch.zeros(4, 2)
    same, different = (func.vmap(noisy, randomness=way)(x).numpy() for way in ("same", "different"))
    assert (same == same[0]).all() and len({row.tobytes() for row in different}) == 4
    with pytest.raises(RuntimeError, match="randomness error mode"):
        func.vmap(noisy)(x)
    for wrong in (lambda: func.vmap(torch.dot)(x, torch.ones(3, 2)), lambda: func.vmap(torch.sum, in_dims=5)(x),
                  lambda: func.vmap(torch.sum, in_dims=(0, 0))(x), lambda: func.vmap(noisy, randomness="x")):  # fmt: skip
        with pytest.raises(ValueError, match="vmap|randomness"):
            wrong()
    with pytest.raises(TypeError, match="must only return Tensors"):
        func.vmap(lambda a: 3)(x)
